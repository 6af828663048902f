//! Many developers at once, from an operator's file: people who were found elsewhere, and are invited with a profile to begin from.
//!
//! Each has an account without a password and a draft of a profile, and gets a mail with which to choose a password. Nobody is vetted by
//! a file, and nobody is shown to clients before they are. Whoever does not follow the mail is forgotten after
//! `privacy.unverified_days`, as everybody whose address nobody has verified.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use crate::accounts::domain::TokenPurpose;
use crate::accounts::members::new_user;
use crate::accounts::store as accounts;
use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::developers::draft::Draft;
use crate::developers::profile::Profile;
use crate::developers::service::{Developers, resolve};
use crate::developers::store;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Fault, Result};
use crate::kernel::imported::Imported;
use crate::kernel::money::Rates;
use crate::kernel::principal::Role;
use crate::kernel::process::Actor;
use crate::kernel::schema;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::skills::domain::Catalogue;

/// A row of the file, beside the `profile`, which is read as any other.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invited {
    /// Where the mail goes.
    pub email: Email,
    /// How the person is called.
    #[schema(format = "line", max_length = 120)]
    pub name: String,
}

/// What the rows are held against.
#[derive(Clone)]
struct Rules {
    catalogue: Arc<Catalogue>,
    rates: Arc<Rates>,
    good_for: TimeDelta,
    now: Instant,
}

impl Developers {
    /// Invites developers, all in one transaction; whoever has an account is left alone, and not written to again. The link of each mail
    /// is good for `days`. What a row says wrong is an answer for that row, in the order of `rows`.
    ///
    /// # Errors
    /// 503 when the database is down; then nobody is invited.
    pub async fn import(&self, rows: Vec<Value>, days: i64) -> Result<Vec<Imported>> {
        let (catalogue, rates) = (self.skills.catalogue().await?, self.rates.clone());
        let rules = Rules { catalogue, rates, good_for: TimeDelta::days(days), now: self.clock.now() };
        let read = |row| read(row, &rules).map_or_else(|error| Imported::refused(error).map(Err), |good| Ok(Ok(good)));
        let rows: Vec<std::result::Result<(Invited, Profile), Imported>> = rows.into_iter().map(read).collect::<Result<_>>()?;
        let work = move |conn: &mut Conn| {
            let mut one = |row: &std::result::Result<(Invited, Profile), Imported>| match row {
                Ok((invited, profile)) => invite(conn, invited, profile, &rules),
                Err(refused) => Ok(refused.clone()),
            };
            rows.iter().map(&mut one).collect()
        };
        self.db.write(work).await
    }
}

/// Everything that is wrong with a row, at once.
fn read(mut row: Value, rules: &Rules) -> Result<(Invited, Profile)> {
    let profile = row.as_object_mut().and_then(|row| row.remove("profile")).filter(|profile| !profile.is_null());
    let draft = Draft(profile.unwrap_or_else(|| serde_json::json!({})));
    let below = |error: Error| -> Result<Vec<Fault>> {
        if error.faults.is_empty() {
            return Err(error);
        }
        Ok(error.faults.into_iter().map(|fault| Fault::new(format!("/profile{}", fault.pointer), fault.detail)).collect())
    };
    let profile = draft.check(&rules.rates, |text| resolve(&rules.catalogue, text));
    match (schema::read::<Invited>(row), profile) {
        (Ok(invited), Ok(profile)) => Ok((invited, profile)),
        (Ok(_), Err(error)) => Err(Error::invalid(below(error)?)),
        (Err(error), Ok(_)) => Err(error),
        (Err(mut error), Err(in_profile)) => {
            error.faults.extend(below(in_profile)?);
            Err(Error::invalid(error.faults))
        }
    }
}

fn invite(conn: &mut Conn, invited: &Invited, profile: &Profile, rules: &Rules) -> Result<Imported> {
    match accounts::user_by_email(conn, &invited.email)? {
        Some(user) if user.role == Role::Developer => return Ok(Imported::Known),
        Some(_) => return Ok(Imported::Refused("/email is the address of an account that is no developer's".to_owned())),
        None => {}
    }
    let now = rules.now;
    let mut user = new_user(invited.email.clone(), &invited.name, Role::Developer, None, None, now);
    user.time_zone = profile.time_zone.unwrap_or(user.time_zone);
    accounts::insert_user(conn, &user)?;
    store::insert(conn, user.id, profile.clone(), now)?;
    let token_id = accounts::new_token(conn, user.id, TokenPurpose::ResetPassword, None, rules.good_for, now)?;
    let letter = Letter::SetPassword { token_id };
    enqueue(conn, now, &NewMail::now(letter, user.id.to_string(), token_id.to_string(), accounts::recipient_of(&user)))?;
    record(conn, &Entry::of(None, Actor::System, "developer.invite", user.id, now))?;
    Ok(Imported::Added)
}
