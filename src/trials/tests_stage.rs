//! What the tests of a trial's path stand on: a fresh SQLite file with an organisation, an admin, whoever the test adds, and a
//! clock that it moves.

use crate::config::load::load_from;
use crate::db::Conn;
use crate::db::migrate;
use crate::db::opener::Opener;
use crate::db::pool::Db;
use crate::db::schema::{members, organizations, outbox, users, vetted_developers};
use crate::db::url::DatabaseUrl;
use crate::developers::store as developers;
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Clock as _, Instant, ManualClock};
use crate::kernel::error::Error;
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, SessionId, TrialId, UserId};
use crate::kernel::money::{Currency, Rates};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::scheduler::{Nudge, Progress, Task as _};
use crate::trials::model::StepBody;
use crate::trials::offer::NewTrial;
use crate::trials::process::Action;
use crate::trials::service::Trials;
use crate::trials::tasks::TrialClock;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection as _;
use serde_json::{Value, json};
use std::sync::Arc;

pub const CLIENT: u128 = 1;
pub const ADMIN: u128 = 9;

/// A fresh database that goes with its folder: an organisation, an admin, and whoever the test adds.
pub struct Fresh {
    pub folder: std::path::PathBuf,
    pub conn: Conn,
    pub clock: Arc<ManualClock>,
    pub trials: Trials,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

pub fn at(text: &str) -> Instant {
    serde_json::from_value(json!(text)).unwrap()
}

pub fn principal(role: Role, number: u128) -> Principal {
    let organization = (role == Role::Client).then(|| OrganizationId::from_u128(number));
    Principal { user: UserId::from_u128(number), session: SessionId::from_u128(number), role, organization }
}

pub fn client() -> Call {
    Call::by(principal(Role::Client, CLIENT))
}

pub fn developer(number: u128) -> Call {
    Call::by(principal(Role::Developer, number))
}

pub fn body(json: &Answer) -> Value {
    serde_json::from_str(&json.body).unwrap()
}

pub fn reason() -> StepBody {
    StepBody { reason_code: Some("not_the_right_fit".to_owned()), message: Some("Sorry.".to_owned()), ..StepBody::default() }
}

impl Fresh {
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-trials-{}", uuid::Uuid::now_v7()));
        let url = DatabaseUrl::Sqlite(folder.join("test.db"));
        let db = Db::open(url.clone(), 4).unwrap();
        let mut conn = Opener(url).connect().unwrap();
        migrate::run(&mut conn).unwrap();
        let clock = Arc::new(ManualClock::new(at("2026-11-20T10:00:00Z")));
        let usd = (Currency::parse("USD").unwrap(), 1_000_000);
        let mut settings = load_from(None, std::collections::HashMap::default()).unwrap();
        settings.limits.offers_per_day = 4;
        let rates = Rates::new([usd]);
        let trials = Trials::new(db, clock.clone(), &settings.trials, rates, &settings.limits, Nudge::default(), Nudge::default());
        let mut fresh = Self { folder, conn, clock, trials };
        fresh.organization(CLIENT);
        fresh.user(ADMIN, "admin");
        fresh
    }

    pub fn user(&mut self, number: u128, role: &str) {
        let email = format!("{role}{number}@example.com");
        let row = (
            users::id.eq(UserId::from_u128(number)),
            users::email.eq(&email),
            users::email_key.eq(&email),
            users::name.eq(format!("The {role}")),
            users::role.eq(role),
            users::status.eq("active"),
            users::time_zone.eq("Europe/London"),
            users::created_at.eq(self.clock.now()),
        );
        diesel::insert_into(users::table).values(row).execute(&mut self.conn).unwrap();
    }

    pub fn organization(&mut self, number: u128) {
        self.user(number, "client");
        let id = OrganizationId::from_u128(number);
        let row = (organizations::id.eq(id), organizations::name.eq("Ledger Works"), organizations::created_at.eq(self.clock.now()));
        diesel::insert_into(organizations::table).values(row).execute(&mut self.conn).unwrap();
        let row = (
            members::user_id.eq(UserId::from_u128(number)),
            members::organization_id.eq(id),
            members::role.eq("owner"),
            members::joined_at.eq(self.clock.now()),
        );
        diesel::insert_into(members::table).values(row).execute(&mut self.conn).unwrap();
    }

    /// A vetted developer with 40 hours a week.
    pub fn developer(&mut self, number: u128) -> DeveloperId {
        self.user(number, "developer");
        let profile = serde_json::from_value(json!({"headline": "Go engineer", "hours_per_week": 40})).unwrap();
        let now = self.clock.now();
        let id = developers::insert(&mut self.conn, UserId::from_u128(number), profile, now).unwrap().id;
        let row = (
            vetted_developers::developer_id.eq(id),
            vetted_developers::status.eq("approved"),
            vetted_developers::approved_at.eq(now),
            vetted_developers::valid_until.eq(now.plus(TimeDelta::days(500))),
        );
        diesel::insert_into(vetted_developers::table).values(row).execute(&mut self.conn).unwrap();
        id
    }

    pub fn job_request(&mut self, seats: i64) -> JobRequestId {
        let fields = serde_json::from_value(json!({
            "title": "Go engineer", "description": "A ledger.", "skills": [], "max_hourly_rate": {"amount": 9000, "currency": "USD"},
            "hours_per_week": 40, "starts_on": "2026-12-01", "time_zone": "Europe/London", "seats": seats,
        }))
        .unwrap();
        let draft = JobRequest::draft(OrganizationId::from_u128(CLIENT), UserId::from_u128(CLIENT), fields, self.clock.now());
        let open = JobRequest { state: JobRequestState::Open, ..draft };
        jobs::insert(&mut self.conn, &open).unwrap();
        open.id
    }

    pub async fn offer(&self, job: JobRequestId, developer: DeveloperId, starts_on: &str) -> Result<TrialId, Error> {
        let offer: NewTrial = serde_json::from_value(json!({
            "job_request_id": job, "developer_id": developer, "starts_on": starts_on,
            "terms": {"hourly_rate": {"amount": 8000, "currency": "USD"}, "hours_per_week": 40, "time_zone": "Europe/London",
                "overlap_hours": 4, "scope": "Ledger core and its API.", "notice_days": 3, "billing": {"rule": "client_pays_all"}},
        }))
        .unwrap();
        let answer = self.trials.offer(client(), offer).await?;
        Ok(serde_json::from_value(body(&answer)["id"].clone()).unwrap())
    }

    pub async fn step(&self, call: Call, id: TrialId, action: Action, with: StepBody) -> Result<Value, Error> {
        self.trials.step(call, id, action, with).await.map(|answer| body(&answer))
    }

    pub async fn show(&self, call: Call, id: TrialId) -> Value {
        serde_json::to_value(self.trials.get(call.principal, id).await.unwrap()).unwrap()
    }

    /// Action, target and time of each step.
    pub async fn events(&self, id: TrialId) -> Vec<String> {
        let events = self.trials.events(client().principal, id, PageQuery::default()).await.unwrap();
        events.data.iter().map(|event| format!("{} {} {}", event.action, event.to, event.at)).collect()
    }

    /// Lets the clock's task do everything that is due.
    pub async fn work(&self) {
        let task = TrialClock(self.trials.clone());
        while task.run().await.unwrap() == Progress::More {}
    }

    /// Kind and state of the mails about a trial to one person, in the order of their making.
    pub fn mails(&mut self, id: TrialId, to: u128) -> Vec<String> {
        let rows: Vec<(String, String)> = outbox::table
            .filter(outbox::subject.eq(id.to_string()))
            .filter(outbox::recipient_key.eq(UserId::from_u128(to).to_string()))
            .filter(outbox::state.ne("cancelled"))
            .order(outbox::id)
            .select((outbox::kind, outbox::state))
            .load(&mut self.conn)
            .unwrap();
        rows.into_iter().map(|(kind, _)| kind).collect()
    }

    pub fn job_state(&mut self, id: JobRequestId) -> JobRequestState {
        jobs::get(&mut self.conn, id).unwrap().state
    }
}
