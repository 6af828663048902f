//! The catalogue for everybody, and its changes for admins.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant as Moment};

use serde_json::json;

use crate::audit::domain::{Entry, OptionalReason};
use crate::audit::store::record;
use crate::db::Conn;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::schema::Patch;
use crate::skills::catalogue::load_if_empty;
use crate::skills::domain::{Catalogue, Skill, Slug};
use crate::skills::edit::{MergeInto, NewSkill, SkillFields, SubstituteList};
use crate::skills::merge;
use crate::skills::search::Search;
use crate::skills::store;
use crate::skills::store::Marker;
use crate::skills::view::{SkillDetail, SkillView};

/// How old the catalogue in memory may be, compared with what other nodes have changed.
const FRESH: Duration = Duration::from_secs(1);

/// The skills room.
pub struct Skills {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    shelf: RwLock<Shelf>,
}

/// The catalogue in memory. Tickets keep a slow reader from putting back what a change has made old.
#[derive(Default)]
struct Shelf {
    issued: u64,
    valid_from: u64,
    loaded: Option<Loaded>,
}

#[derive(Clone)]
struct Loaded {
    catalogue: Arc<Catalogue>,
    marker: Marker,
    /// Process time, not the clock's: a cache ages while the clock of a test stands still.
    checked: Moment,
}

impl Skills {
    /// The room over `db`.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock, shelf: RwLock::default() }
    }

    /// Puts the shipped catalogue into an empty database; true when it did.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn install(&self) -> Result<bool> {
        let now = self.clock.now();
        let done = self.db.write(move |conn| load_if_empty(conn, now)).await;
        self.forget();
        done
    }

    /// The catalogue, at most a second behind what other nodes have changed and never behind this one.
    ///
    /// # Errors
    /// 503 when the database is down and nothing recent is in memory.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>> {
        let recent = self.loaded().filter(|loaded| loaded.checked.elapsed() < FRESH);
        match recent {
            Some(loaded) => Ok(loaded.catalogue),
            None => self.current().await,
        }
    }

    /// The catalogue as the database has it now; read anew only if it has changed.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn current(&self) -> Result<Arc<Catalogue>> {
        let ticket = self.ticket();
        let known = self.loaded();
        let checked = Moment::now();
        let loaded = self.db.read(move |conn| load(conn, known, checked)).await?;
        let mut shelf = self.shelf();
        if ticket > shelf.valid_from {
            shelf.valid_from = ticket;
            shelf.loaded = Some(loaded.clone());
        }
        Ok(loaded.catalogue)
    }

    /// The skills that fit `text` and `category`, best first.
    ///
    /// # Errors
    /// 400 for a foreign cursor, 503 when the database is down.
    pub async fn list(&self, text: &str, category: Option<&str>, page: &PageQuery) -> Result<Page<SkillView>> {
        let search = Search { text, category, after: page.after_as()? };
        let catalogue = self.catalogue().await?;
        let wanted = usize::try_from(page.rows_to_read()).unwrap_or_default();
        let found = catalogue.search(&search, wanted);
        Ok(Page::cut(found, page.limit, |(position, _)| position.to_string()).map(|(_, skill)| skill.into()))
    }

    /// The skill that `text` names, with its version.
    ///
    /// # Errors
    /// 404 when it names none.
    pub async fn show(&self, text: &str) -> Result<(i64, SkillDetail)> {
        let catalogue = self.current().await?;
        let skill = named(&catalogue, text)?;
        Ok((skill.version, SkillDetail::of(&catalogue, skill)))
    }

    /// Adds a skill.
    ///
    /// # Errors
    /// 403, 409 when the slug is taken, 422 when a spelling names another skill.
    pub async fn create(&self, call: Call, new: NewSkill) -> Result<Answer> {
        self.change(call, "skill.create", OptionalReason::default(), new.slug.to_string(), move |conn, catalogue, now| {
            let skill = new.skill(catalogue)?;
            store::insert(conn, &skill, now)?;
            shown(conn, &skill.slug)
        })
        .await
    }

    /// Changes name, category or aliases.
    ///
    /// # Errors
    /// 403, 404, 412, 422.
    pub async fn edit(&self, call: Call, text: String, patch: Patch<SkillFields>) -> Result<Answer> {
        let expected = call.expected;
        self.change(call, "skill.change", OptionalReason::default(), text.clone(), move |conn, catalogue, now| {
            let skill = named(catalogue, &text)?;
            expected.check(skill.version)?;
            let changed = patch.apply(&SkillFields::from(skill))?.change(catalogue, skill)?;
            store::update(conn, &changed, now)?;
            shown(conn, &changed.slug)
        })
        .await
    }

    /// Removes a skill that nobody uses.
    ///
    /// # Errors
    /// 403, 404, 412, 409 when a developer or a job request uses it.
    pub async fn remove(&self, call: Call, text: String) -> Result<Answer> {
        let expected = call.expected;
        self.change(call, "skill.delete", OptionalReason::default(), text.clone(), move |conn, catalogue, now| {
            let skill = named(catalogue, &text)?;
            expected.check(skill.version)?;
            if merge::in_use(conn, &skill.slug)? {
                return Err(Error::conflict("Developers or job requests use this skill: merge it into another one instead."));
            }
            store::count_up(conn, &relatives(catalogue, &skill.slug), now)?;
            store::delete(conn, &skill.slug, now)?;
            Answer::plain(&serde_json::Value::Null)
        })
        .await
    }

    /// Says what can stand in for a skill, and it for them.
    ///
    /// # Errors
    /// 403, 404, 412, 422.
    pub async fn set_substitutes(&self, call: Call, text: String, list: SubstituteList) -> Result<Answer> {
        let expected = call.expected;
        self.change(call, "skill.substitutes", OptionalReason::default(), text.clone(), move |conn, catalogue, now| {
            let skill = named(catalogue, &text)?;
            expected.check(skill.version)?;
            let substitutes = list.resolved(catalogue, &skill.slug)?;
            let partners = substitutes.iter().chain(catalogue.substitutes_of(&skill.slug)).map(|(slug, _)| slug.clone());
            store::count_up(conn, &partners.chain([skill.slug.clone()]).collect::<Vec<_>>(), now)?;
            store::replace_substitutes(conn, &skill.slug, &substitutes)?;
            shown(conn, &skill.slug)
        })
        .await
    }

    /// Merges a skill into another, which is answered.
    ///
    /// # Errors
    /// 403, 404, 412, 422 when `into` is no other skill.
    pub async fn merge(&self, call: Call, text: String, target: MergeInto) -> Result<Answer> {
        let expected = call.expected;
        let why = OptionalReason { reason_code: target.reason_code.clone(), message: target.message.clone() };
        self.change(call, "skill.merge", why, text.clone(), move |conn, catalogue, now| {
            let old = named(catalogue, &text)?;
            expected.check(old.version)?;
            let into = target.resolved(catalogue, &old.slug)?;
            let mut changed = relatives(catalogue, &old.slug);
            changed.push(into.clone());
            store::count_up(conn, &changed, now)?;
            merge::merge(conn, &old.slug, &into, now)?;
            shown(conn, &into)
        })
        .await
    }

    /// One change of the catalogue, by an admin, in one transaction; this node sees it at once.
    async fn change(
        &self,
        call: Call,
        action: &'static str,
        why: OptionalReason,
        subject: String,
        effect: impl Fn(&mut Conn, &Catalogue, Instant) -> Result<Answer> + Send + 'static,
    ) -> Result<Answer> {
        let (admin, now) = (call.principal.admin()?, self.clock.now());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                store::lock(conn)?;
                let catalogue = store::load_catalogue(conn)?;
                let entry = Entry::admin(admin, action, &subject, now).because(why.message.as_ref());
                record(conn, &entry.with(json!({ "reason_code": why.reason_code })))?;
                effect(conn, &catalogue, now)
            })
        };
        let done = self.db.write(work).await;
        self.forget();
        done
    }

    fn loaded(&self) -> Option<Loaded> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).loaded.clone()
    }

    fn shelf(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ticket(&self) -> u64 {
        let mut shelf = self.shelf();
        shelf.issued = shelf.issued.saturating_add(1);
        shelf.issued
    }

    /// Whoever began to read before this moment no longer fills the shelf.
    pub(super) fn forget(&self) {
        let ticket = self.ticket();
        let mut shelf = self.shelf();
        shelf.valid_from = ticket;
        shelf.loaded = None;
    }
}

/// The marker comes first: what changes between the two reads is noticed at the next look.
fn load(conn: &mut Conn, known: Option<Loaded>, checked: Moment) -> Result<Loaded> {
    let marker = store::marker(conn)?;
    match known.filter(|known| known.marker == marker) {
        Some(known) => Ok(Loaded { checked, ..known }),
        None => Ok(Loaded { catalogue: Arc::new(store::load_catalogue(conn)?), marker, checked }),
    }
}

fn named<'a>(catalogue: &'a Catalogue, text: &str) -> Result<&'a Skill> {
    catalogue.resolve(text).and_then(|slug| catalogue.get(&slug)).ok_or_else(Error::not_found)
}

/// Those whose relations change when `slug` goes: all relations are kept in both directions.
fn relatives(catalogue: &Catalogue, slug: &Slug) -> Vec<Slug> {
    catalogue.substitutes_of(slug).iter().chain(catalogue.neighbors_of(slug)).map(|(other, _)| other.clone()).collect()
}

fn shown(conn: &mut Conn, slug: &Slug) -> Result<Answer> {
    let catalogue = store::load_catalogue(conn)?;
    let skill = catalogue.get(slug).ok_or_else(Error::not_found)?;
    Answer::versioned(skill.version, &SkillDetail::of(&catalogue, skill))
}
