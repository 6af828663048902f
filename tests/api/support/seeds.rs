//! What tests of matching and trials begin with: developers whom clients can find, job requests, offers, trials.

use chrono::{DateTime, Months, TimeDelta};
use diesel::prelude::*;
use guildhall::db::Conn;
use guildhall::db::schema::{commitments, outbox, trial_events, trials};
use guildhall::kernel::clock::{Clock as _, Instant};
use guildhall::kernel::error::Result;
use guildhall::kernel::ids::DeveloperId;
use guildhall::vetting::domain::SkillVerdict;
use guildhall::vetting::store_vetted;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;

/// What a refusal must leave as it was: the trial, its events, the job request, and how many rows there are.
type Footprint = (Value, Value, Value, [i64; 4]);

/// `whole` with the members of `change` in place of its own; null takes one away.
pub fn with(mut whole: Value, change: Value) -> Value {
    let (Some(members), Value::Object(change)) = (whole.as_object_mut(), change) else { panic!("two objects") };
    for (name, value) in change {
        match value {
            Value::Null => drop(members.shift_remove(&name)),
            value => drop(members.insert(name, value)),
        }
    }
    whole
}

/// A developer's profile that fits [`job_body`].
pub fn profile() -> Value {
    json!({
        "headline": "Go backend engineer", "summary": "Payments and streaming systems in Go.", "seniority": "senior",
        "hourly_rate": { "amount": 8000, "currency": "USD" }, "hours_per_week": 40, "available_from": "2026-01-01",
        "time_zone": "Europe/Berlin", "country": "DE", "languages": ["en"],
        "skills": [
            { "slug": "go", "level": 5, "years": 8 },
            { "slug": "postgresql", "level": 4, "years": 6 },
            { "slug": "kubernetes", "level": 3, "years": 3 },
        ],
    })
}

/// A developer with this profile whom nobody has vetted; with the id.
pub async fn unvetted(app: &TestApp, change: Value) -> (Person, String) {
    let person = app.developer().await;
    let id = person.put("/v1/developers/me", with(profile(), change)).await.expect(200).text_at("/id");
    (person, id)
}

/// A developer with this profile, vetted in Go and PostgreSQL; with the id.
pub async fn vetted(app: &TestApp, change: Value) -> (Person, String) {
    let (person, id) = unvetted(app, change).await;
    approve(app, &id).await;
    (person, id)
}

/// Lets a developer pass vetting, as the last step of an application does.
pub async fn approve(app: &TestApp, developer: &str) {
    let (id, now): (DeveloperId, Instant) = (developer.parse().expect("an id"), app.clock.now());
    app.house.db.write(move |conn| approve_at(conn, id, now)).await.expect("an approval");
}

/// The same in a transaction.
pub fn approve_at(conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<()> {
    let until = Instant::new(now.utc().checked_add_months(Months::new(18)).expect("a date"));
    let levels: Vec<SkillVerdict> =
        serde_json::from_value(json!([{ "slug": "go", "level": 5 }, { "slug": "postgresql", "level": 4 }])).expect("levels");
    store_vetted::approve(conn, developer, None, &levels, now, until)
}

/// A job request that [`profile`] fits, for one developer from 1 December 2026.
pub fn job_body() -> Value {
    json!({
        "title": "Go engineer for a payments ledger", "description": "Build a double-entry ledger in Go on PostgreSQL.",
        "skills": [
            { "slug": "go", "min_level": 4, "must": true },
            { "slug": "postgresql", "min_level": 3, "must": true },
            { "slug": "kafka", "min_level": 2, "must": false },
        ],
        "max_hourly_rate": { "amount": 10_000, "currency": "USD" }, "hours_per_week": 40, "starts_on": "2026-12-01",
        "time_zone": "Europe/London", "overlap_hours": 4, "languages": ["en"], "seats": 1,
    })
}

/// A draft of a job request; its id.
pub async fn draft(client: &Person, change: Value) -> String {
    client.post("/v1/job-requests", with(job_body(), change)).await.expect(201).text_at("/id")
}

/// An open job request; its id.
pub async fn open_job(client: &Person, change: Value) -> String {
    let id = draft(client, change).await;
    client.post(&format!("/v1/job-requests/{id}/open"), json!({})).await.expect(200);
    id
}

/// The terms of [`offer_body`].
pub fn terms() -> Value {
    json!({
        "hourly_rate": { "amount": 8000, "currency": "USD" }, "hours_per_week": 40, "time_zone": "Europe/London", "overlap_hours": 4,
        "scope": "Ledger core and its API.", "notice_days": 3, "billing": { "rule": "client_pays_all" },
    })
}

/// An offer of a full-time trial from 1 December 2026.
pub fn offer_body(job: &str, developer: &str) -> Value {
    json!({ "job_request_id": job, "developer_id": developer, "starts_on": "2026-12-01", "terms": terms() })
}

/// Offers a trial; its id.
pub async fn offer(client: &Person, job: &str, developer: &str) -> String {
    client.post("/v1/trials", offer_body(job, developer)).await.expect(201).text_at("/id")
}

/// Takes a step of a trial.
pub async fn act(who: &Person, trial: &str, action: &str, body: Value) -> Answer {
    who.post(&format!("/v1/trials/{trial}/{action}"), body).await
}

/// The subjects of the mails to somebody, oldest first, without those of the sign-up.
pub async fn subjects(app: &TestApp, person: &Person) -> Vec<String> {
    let mails = app.mails(person, "").await;
    mails.iter().map(|mail| mail.subject()).filter(|subject| subject != "Verify your e-mail").collect()
}

/// A client with an open job request, a vetted developer who fits it, an admin: the three who meet in a trial.
pub struct Scene {
    /// The house.
    pub app: TestApp,
    /// The owner of the organisation.
    pub client: Person,
    /// The developer.
    pub developer: Person,
    /// An admin.
    pub admin: Person,
    /// The developer's id.
    pub developer_id: String,
    /// The job request's id.
    pub job: String,
}

impl Scene {
    /// All of them, and no offer yet.
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let (client, admin) = (app.client().await, app.admin().await);
        let (developer, developer_id) = vetted(&app, json!({})).await;
        let job = open_job(&client, json!({})).await;
        Self { app, client, developer, admin, developer_id, job }
    }

    /// A trial that waits for the developer's answer.
    pub async fn offered(&self) -> String {
        offer(&self.client, &self.job, &self.developer_id).await
    }

    /// A trial that both have signed.
    pub async fn scheduled(&self) -> String {
        let trial = self.offered().await;
        act(&self.developer, &trial, "accept", json!({})).await.expect(200);
        trial
    }

    /// A trial at 10:00 of its first day.
    pub async fn active(&mut self) -> String {
        let trial = self.scheduled().await;
        self.until("2026-12-01T10:00:00Z").await;
        trial
    }

    /// Lets time pass, then everybody signs in again.
    pub async fn later(&mut self, delta: TimeDelta) {
        self.app.advance(delta).await;
        for person in [&mut self.client, &mut self.developer, &mut self.admin] {
            *person = person.at(&self.app.base()).sign_in().await;
        }
    }

    /// Lets time pass until a moment.
    pub async fn until(&mut self, moment: &str) {
        let moment = DateTime::parse_from_rfc3339(moment).expect("an instant").to_utc();
        self.later(moment - self.app.clock.now().utc()).await;
    }

    /// The trial as the client sees it.
    pub async fn trial(&self, id: &str) -> Answer {
        self.client.get(&format!("/v1/trials/{id}")).await.expect(200)
    }

    /// Where the trial stands and how it ended, such as `ended/converted`; `state` alone while it has not.
    pub async fn stand(&self, id: &str) -> String {
        let trial = self.trial(id).await;
        match trial.at("/outcome").as_str() {
            Some(outcome) => format!("{}/{outcome}", trial.text_at("/state")),
            None => trial.text_at("/state"),
        }
    }

    /// The trial's events, such as `accept developer scheduled 2026-11-23T10:00:00Z`.
    pub async fn events(&self, id: &str) -> Vec<String> {
        let page = self.client.get(&format!("/v1/trials/{id}/events?limit=100")).await.expect(200);
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let events = page.at("/data").as_array().expect("events");
        events.iter().map(|event| ["action", "actor", "to", "at"].map(|name| text(event, name)).join(" ")).collect()
    }

    /// The state of the job request.
    pub async fn job_state(&self) -> String {
        self.client.get(&format!("/v1/job-requests/{}", self.job)).await.expect(200).text_at("/state")
    }

    /// Whether the developer is found for full-time work that starts on a day.
    pub async fn is_free_on(&self, day: &str) -> bool {
        let request = with(job_body(), json!({ "starts_on": day }));
        self.client.post("/v1/matches/search", request).await.expect(200).at("/total") == 1
    }

    /// Everything that a refusal must leave as it was.
    pub async fn footprint(&self, id: &str) -> Footprint {
        let trial = self.trial(id).await;
        let events = self.client.get(&format!("/v1/trials/{id}/events")).await.expect(200);
        let job = self.client.get(&format!("/v1/job-requests/{}", self.job)).await.expect(200);
        (trial.json, events.json, job.json, rows(&self.app).await)
    }
}

/// How many trials, events of them, commitments and mails there are.
pub async fn rows(app: &TestApp) -> [i64; 4] {
    app.read(|conn| {
        Ok([
            trials::table.count().get_result(conn)?,
            trial_events::table.count().get_result(conn)?,
            commitments::table.count().get_result(conn)?,
            outbox::table.count().get_result(conn)?,
        ])
    })
    .await
}
