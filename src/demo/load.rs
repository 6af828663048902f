//! Loads the sample into an empty database, in one transaction, so that a demo is either whole or not there.

use chrono::{Months, NaiveDate, TimeDelta};
use secrecy::SecretString;

use crate::accounts::domain::{AccountStatus, MemberRole, User};
use crate::accounts::store;
use crate::app::App;
use crate::db::Conn;
use crate::demo::requests;
use crate::demo::sample::{self, Respondent};
use crate::demo::sign_ins::{SIGN_INS, SignIn};
use crate::developers::profile::Profile;
use crate::developers::store as developer_store;
use crate::jobs::domain::JobRequest;
use crate::jobs::draft::{JobRequestDraft, Rules};
use crate::jobs::process::JobRequestState;
use crate::jobs::store as job_store;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{JobRequestId, OrganizationId, UserId};
use crate::kernel::principal::Role;
use crate::kernel::zone::TimeZone;
use crate::vetting::domain::SkillVerdict;
use crate::vetting::store_vetted;

/// One of so many developers is vetted.
const VETTED_EVERY: usize = 3;

/// What a demo shows.
#[derive(Debug, Clone)]
pub struct Demo {
    /// A request with matches to look at.
    pub job_request: JobRequestId,
}

/// Loads the sample unless it is there already, and says what to show.
///
/// # Errors
/// When the database cannot be written.
pub async fn load(app: &App, developers: usize, password: SecretString, now: Instant) -> Result<Demo> {
    let hash = app.accounts.hash_password(password).await?;
    let catalogue = app.skills.catalogue().await?;
    let rates = app.rates.clone();
    let months = app.settings.vetting.valid_months;
    app.db
        .write(move |conn| {
            let client = email_of(sign_in(Role::Client)?)?;
            let organization = match store::user_by_email(conn, &client)? {
                Some(user) => store::membership(conn, user.id)?.ok_or_else(Error::not_found)?.id,
                None => {
                    let (organization, author) = people(conn, &hash, now)?;
                    let sample = sample::profiles(developers, now.date()).map_err(Error::internal)?;
                    profiles(conn, sample, months, now)?;
                    let rules = Rules { rates: &rates, catalogue: &catalogue, now, current: None };
                    job_requests(conn, organization, author, &rules, now.date())?;
                    organization
                }
            };
            first_request(conn, organization)
        })
        .await
}

fn sign_in(role: Role) -> Result<&'static SignIn> {
    SIGN_INS.iter().find(|sign_in| sign_in.role == role).ok_or_else(Error::not_found)
}

fn email_of(sign_in: &SignIn) -> Result<Email> {
    sign_in.email.parse().map_err(Error::internal)
}

fn account(email: Email, name: &str, role: Role, hash: Option<&str>, now: Instant) -> User {
    let password_hash = hash.map(ToOwned::to_owned);
    let (id, status, time_zone) = (UserId::new(now), AccountStatus::Active, TimeZone::UTC);
    User { id, email, name: name.to_owned(), role, status, time_zone, password_hash, verified_at: Some(now), version: 1, created_at: now }
}

/// Admins and the client with an organisation; the developer comes with the first profile.
fn people(conn: &mut Conn, hash: &str, now: Instant) -> Result<(OrganizationId, UserId)> {
    let mut owner = None;
    for sign_in in SIGN_INS.iter().filter(|sign_in| sign_in.role != Role::Developer) {
        let user = account(email_of(sign_in)?, sign_in.name, sign_in.role, Some(hash), now);
        store::insert_user(conn, &user)?;
        owner = Some(user.id).filter(|_| sign_in.role == Role::Client).or(owner);
    }
    let (owner, organization) = (owner.ok_or_else(Error::not_found)?, OrganizationId::new(now));
    store::insert_organization(conn, organization, "Demo client", now)?;
    store::insert_member(conn, organization, owner, MemberRole::Owner, now)?;
    let developer = sign_in(Role::Developer)?;
    store::insert_user(conn, &account(email_of(developer)?, developer.name, developer.role, Some(hash), now))?;
    Ok((organization, owner))
}

/// Everybody of the sample under a number; every third is vetted, the first of them is the one to sign in as.
fn profiles(conn: &mut Conn, sample: Vec<(Respondent, Profile)>, months: u32, now: Instant) -> Result<()> {
    let mut sign_in = Some(sign_in(Role::Developer)?);
    for (place, (respondent, profile)) in sample.into_iter().enumerate() {
        let user = match sign_in.take() {
            Some(sign_in) => store::user_by_email(conn, &email_of(sign_in)?)?.ok_or_else(Error::not_found)?.id,
            None => {
                let email = format!("{}@survey.example", respondent.respondent).parse().map_err(Error::internal)?;
                let user = account(email, &format!("Respondent {}", respondent.respondent), Role::Developer, None, now);
                store::insert_user(conn, &user)?;
                user.id
            }
        };
        let shown = respondent.best(4);
        let verified: Vec<SkillVerdict> = profile
            .skills
            .iter()
            .filter(|claim| shown.contains(&claim.slug.as_str()))
            .map(|claim| SkillVerdict { slug: claim.slug.clone(), level: claim.level })
            .collect();
        let developer = developer_store::insert_seeded(conn, user, profile, now)?;
        if place % VETTED_EVERY == 0 {
            let days = i64::try_from(place % 300).unwrap_or_default();
            let at = now.minus(TimeDelta::days(days));
            let until = at.utc().checked_add_months(Months::new(months)).map_or(now, Instant::new);
            store_vetted::approve(conn, developer, None, &verified, at, until)?;
        }
    }
    Ok(())
}

fn job_requests(conn: &mut Conn, organization: OrganizationId, author: UserId, rules: &Rules<'_>, today: NaiveDate) -> Result<()> {
    for body in requests::bodies(today) {
        let fields = JobRequestDraft(body).check(rules)?;
        let draft = JobRequest::draft(organization, author, fields, rules.now);
        job_store::insert(conn, &JobRequest { state: JobRequestState::Open, ..draft })?;
    }
    Ok(())
}

/// The oldest request of the demo's organisation.
fn first_request(conn: &mut Conn, organization: OrganizationId) -> Result<Demo> {
    let filter = job_store::Filter { organization: Some(organization), state: None, before: None };
    let requests = job_store::list(conn, filter, 100)?;
    let first = requests.last().ok_or_else(Error::not_found)?;
    Ok(Demo { job_request: first.id })
}
