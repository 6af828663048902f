//! Many skills at once, from an operator's file.

use serde_json::Value;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::imported::Imported;
use crate::kernel::process::Actor;
use crate::kernel::schema;
use crate::skills::domain::{Catalogue, Skill};
use crate::skills::edit::{NewSkill, SkillFields};
use crate::skills::service::Skills;
use crate::skills::store;

impl Skills {
    /// Takes skills into the catalogue, all in one transaction: a new slug is a new skill, a known one has these fields from now on.
    /// What a row says wrong is an answer for that row, in the order of `rows`.
    ///
    /// # Errors
    /// 503 when the database is down; then none is taken.
    pub async fn import(&self, rows: Vec<Value>) -> Result<Vec<Imported>> {
        let now = self.clock.now();
        let work = move |conn: &mut Conn| {
            store::lock(conn)?;
            let mut catalogue = store::load_catalogue(conn)?;
            rows.iter().map(|row| take(conn, &mut catalogue, row, now)).collect()
        };
        let done = self.db.write(work).await;
        self.forget();
        done
    }
}

fn take(conn: &mut Conn, catalogue: &mut Catalogue, row: &Value, now: Instant) -> Result<Imported> {
    let (skill, known) = match schema::read::<NewSkill>(row.clone()).and_then(|row| wanted(catalogue, row)) {
        Ok(found) => found,
        Err(error) => return Imported::refused(error),
    };
    if known.as_ref().is_some_and(|known| same(known, &skill)) {
        return Ok(Imported::Known);
    }
    let (action, done) = match known {
        Some(_) => {
            store::update(conn, &skill, now)?;
            ("skill.change", Imported::Changed)
        }
        None => {
            store::insert(conn, &skill, now)?;
            ("skill.create", Imported::Added)
        }
    };
    record(conn, &Entry::of(None, Actor::System, action, &skill.slug, now))?;
    catalogue.put(skill);
    Ok(done)
}

/// The skill as it is to be, and as it is.
fn wanted(catalogue: &Catalogue, row: NewSkill) -> Result<(Skill, Option<Skill>)> {
    match catalogue.get(&row.slug).cloned() {
        None => Ok((row.skill(catalogue)?, None)),
        Some(known) => {
            let fields = SkillFields { name: row.name, category: row.category, aliases: row.aliases };
            Ok((fields.change(catalogue, &known)?, Some(known)))
        }
    }
}

fn same(known: &Skill, wanted: &Skill) -> bool {
    known.name == wanted.name && known.category == wanted.category && known.aliases == wanted.aliases
}
