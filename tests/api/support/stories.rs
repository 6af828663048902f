//! What people do with the house from beginning to end: the bodies they send, and how a developer comes to be vetted.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;

/// The stages of vetting, in order.
pub const STAGES: [&str; 4] = ["profile_review", "screening_call", "technical_assessment", "technical_interview"];
/// The first day of work in the bodies below; tests begin on 23 November 2026.
pub const FIRST_DAY: &str = "2026-12-01";

/// A developer with a profile.
#[derive(Debug, Clone)]
pub struct Developer {
    /// The person.
    pub person: Person,
    /// The developer's id.
    pub id: String,
}

impl TestApp {
    /// A developer, signed in, with a profile that is complete; not vetted.
    pub async fn profiled_developer(&self) -> Developer {
        self.developer_with(profile_body()).await
    }

    /// A developer with this profile; not vetted.
    pub async fn developer_with(&self, profile: Value) -> Developer {
        let person = self.developer().await;
        let id = person.put("/v1/developers/me", profile).await.expect(200).text_at("/id");
        Developer { person, id }
    }

    /// A developer whom vetting has approved with these levels, such as `[("go", 5)]`.
    pub async fn vetted_developer(&self, levels: &[(&str, u8)]) -> Developer {
        self.vetted_with(profile_body(), levels).await
    }

    /// The same with a profile of one's own.
    pub async fn vetted_with(&self, profile: Value, levels: &[(&str, u8)]) -> Developer {
        let developer = self.developer_with(profile).await;
        let (reviewer, approver) = (self.admin().await, self.admin().await);
        vet(&developer.person, &reviewer, &approver, levels).await;
        developer
    }

    /// A client, and an open job request of the client's: `(client, id of the request)`.
    pub async fn client_with_job(&self) -> (Person, String) {
        let client = self.client().await;
        let job = open_job(&client, job_body()).await;
        (client, job)
    }
}

/// Takes a developer with a complete profile through vetting; gives the application's id.
pub async fn vet(developer: &Person, reviewer: &Person, approver: &Person, levels: &[(&str, u8)]) -> String {
    let id = in_review(developer, reviewer).await;
    for stage in STAGES {
        pass(reviewer, &id, stage, levels).await;
    }
    step(approver, &id, "approve", json!({ "skills": levels_body(levels) })).await.expect(200);
    id
}

/// A new application, handed in; gives its id.
pub async fn submitted(developer: &Person) -> String {
    let id = developer.post("/v1/vetting/applications", json!({})).await.expect(201).text_at("/id");
    step(developer, &id, "submit", json!({})).await.expect(200);
    id
}

/// A new application that the reviewer has taken; gives its id.
pub async fn in_review(developer: &Person, reviewer: &Person) -> String {
    let id = submitted(developer).await;
    step(reviewer, &id, "claim", json!({})).await.expect(200);
    id
}

/// Scores the current stage and lets it pass.
pub async fn pass(reviewer: &Person, id: &str, stage: &str, levels: &[(&str, u8)]) {
    score(reviewer, id, stage, levels).await.expect(200);
    step(reviewer, id, "advance", json!({ "from_stage": stage })).await.expect(200);
}

/// Writes a good scorecard of a stage.
pub async fn score(reviewer: &Person, id: &str, stage: &str, levels: &[(&str, u8)]) -> Answer {
    reviewer.put(&format!("/v1/vetting/applications/{id}/scorecards/{stage}"), scorecard_body(levels)).await
}

/// Takes a step of an application.
pub async fn step(person: &Person, id: &str, action: &str, body: Value) -> Answer {
    person.post(&format!("/v1/vetting/applications/{id}/{action}"), body).await
}

/// A new job request, opened; gives its id.
pub async fn open_job(client: &Person, body: Value) -> String {
    let id = client.post("/v1/job-requests", body).await.expect(201).text_at("/id");
    client.post(&format!("/v1/job-requests/{id}/open"), json!({})).await.expect(200);
    id
}

/// A complete profile.
pub fn profile_body() -> Value {
    json!({
        "headline": "Go backend engineer", "summary": "Payments and streaming systems in Go.", "seniority": "senior",
        "hourly_rate": { "amount": 8000, "currency": "USD" }, "hours_per_week": 40, "available_from": "2026-01-01",
        "time_zone": "Europe/Berlin", "country": "DE", "languages": ["en"], "domains": ["payments"],
        "skills": [
            { "slug": "go", "level": 5, "years": 8 }, { "slug": "postgresql", "level": 4, "years": 6 },
            { "slug": "kubernetes", "level": 3, "years": 3 },
        ],
    })
}

/// A job request that the developer of [`profile_body`] fits.
pub fn job_body() -> Value {
    json!({
        "title": "Go engineer for a payments ledger", "description": "Build a double-entry ledger in Go on PostgreSQL.",
        "skills": [
            { "slug": "go", "min_level": 4, "must": true }, { "slug": "postgresql", "min_level": 3, "must": true },
            { "slug": "kafka", "min_level": 2, "must": false },
        ],
        "max_hourly_rate": { "amount": 10000, "currency": "USD" }, "hours_per_week": 40, "starts_on": FIRST_DAY,
        "time_zone": "Europe/London", "overlap_hours": 4, "languages": ["en"], "seats": 1,
    })
}

/// An offer of a trial.
pub fn offer_body(job: &str, developer: &str) -> Value {
    json!({ "job_request_id": job, "developer_id": developer, "starts_on": FIRST_DAY, "terms": terms_body() })
}

/// The terms of an offer.
pub fn terms_body() -> Value {
    json!({
        "hourly_rate": { "amount": 8000, "currency": "USD" }, "hours_per_week": 40, "time_zone": "Europe/London", "overlap_hours": 4,
        "scope": "Ledger core and its API.", "notice_days": 3, "billing": { "rule": "client_pays_all" },
    })
}

/// A good scorecard.
pub fn scorecard_body(levels: &[(&str, u8)]) -> Value {
    json!({
        "criteria": [{ "criterion": "overall", "score": "strong_yes", "evidence": "Clear, correct, tested." }],
        "recommendation": "strong_yes", "verified_skills": levels_body(levels), "feedback": "Well done.", "private_notes": "Nothing else.",
    })
}

/// Levels as bodies carry them.
pub fn levels_body(levels: &[(&str, u8)]) -> Value {
    levels.iter().map(|(slug, level)| json!({ "slug": slug, "level": level })).collect()
}
