//! Every operation with a body that is fine and the things that its path may name: what is tried as everybody, with bytes that nobody
//! sends by mistake, and by every way around.

use std::collections::BTreeSet;

use guildhall::rights::RIGHTS;
use guildhall::server::openapi_json;
use guildhall::web::rights::Rule;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{approve, draft, offer, open_job, unvetted, vetted};

/// An operation, a valid body, and what whoever the matrix allows it gets: one status each, in the order of the columns, or one for
/// all of them. The rows are tried in this order, each from left to right.
pub type Row = (&'static str, &'static str, &'static [u16]);

const HOURS: &str = r#"{"reason_code":"other","message":"Which hours?"}"#;
const REASON: &str = r#"{"reason_code":"other","message":"Because."}"#;
const APPEAL: &str = r#"{"outcome":"upheld","reason_code":"other","message":"Because."}"#;
const PASSWORDS: &str = r#"{"current_password":"not the password","new_password":"nine purple umbrellas"}"#;
const JOB: &str = r#"{"title":"T","description":"D","skills":[{"slug":"go","min_level":3,"must":true}],"max_hourly_rate":{"amount":9000,"currency":"USD"},"hours_per_week":20,"starts_on":"2026-12-01","time_zone":"Europe/London"}"#;
const CARD: &str = r#"{"criteria":[{"criterion":"overall","score":"yes","evidence":"Fine."}],"recommendation":"yes","verified_skills":[],"feedback":"Fine.","private_notes":"None."}"#;
const OFFER: &str = r#"{"job_request_id":"{job}","developer_id":"{other}","starts_on":"2026-12-01","terms":{"hourly_rate":{"amount":8000,"currency":"USD"},"hours_per_week":40,"time_zone":"Europe/London","overlap_hours":4,"scope":"The core.","notice_days":3,"billing":{"rule":"client_pays_all"}}}"#;
const INVITATION: &str = r#"{"developer_id":"{other}","message":"May we talk?"}"#;
const REPORT: &str = r#"{"subject":"{other}","category":"spam","message":"Twice."}"#;
const KEY: &str = r#"{"name":"Ours","scopes":["trials:read"]}"#;
const CAME_BACK: &str = r#"{"code":"nonsense","state":"nonsense","browser_token":"nonsense"}"#;
const RESUME: &str = r#"{"basics":{"label":"Go engineer"},"skills":[{"name":"Golang"}]}"#;
const WEBHOOK: &str = r#"{"url":"http://127.0.0.1:9/","event_types":["trial.terminate"]}"#;
const SKILL: &str = r#"{"slug":"guildscript","name":"Guildscript","category":"language","aliases":[]}"#;

/// Every operation.
pub const ROWS: &[Row] = &[
    ("GET /healthz", "", &[200]),
    ("GET /readyz", "", &[200]),
    ("GET /v1/meta/processes", "", &[200]),
    ("GET /v1/skills", "", &[200]),
    ("POST /v1/skills", SKILL, &[201]),
    ("GET /v1/skills/{slug}", "", &[200]),
    ("PATCH /v1/skills/{slug}", r#"{"name":"Guild Script"}"#, &[200]),
    ("PUT /v1/skills/{slug}/substitutes", r#"{"substitutes":[]}"#, &[200]),
    ("POST /v1/skills/{slug}/merge", r#"{"into":"go","reason_code":"other","message":"Because."}"#, &[200]),
    ("DELETE /v1/skills/{slug}", "", &[409]),
    ("GET /v1/me", "", &[200]),
    ("PATCH /v1/me", r#"{"time_zone":"Europe/London"}"#, &[200]),
    ("GET /v1/me/export", "", &[200]),
    ("DELETE /v1/me", r#"{"password":"not the password"}"#, &[422]),
    ("GET /v1/me/sessions", "", &[200]),
    ("GET /v1/me/totp", "", &[200]),
    ("POST /v1/me/totp", "{}", &[200]),
    ("POST /v1/me/totp/confirm", r#"{"totp":"12345 not a code"}"#, &[422]),
    ("POST /v1/me/totp/recovery-codes", "{}", &[409]),
    ("DELETE /v1/me/totp", "", &[409]),
    ("GET /v1/me/notifications", "", &[200]),
    ("GET /v1/me/notification-preferences", "", &[200]),
    ("PUT /v1/me/notification-preferences", r#"{"preferences":[]}"#, &[200]),
    ("POST /v1/me/calendar-feed", "", &[201]),
    ("GET /v1/me/calendar-feed", "", &[200]),
    ("DELETE /v1/me/calendar-feed", "", &[204]),
    // A secret that is nobody's.
    ("GET /v1/calendar/{secret}/trials.ics", "", &[404]),
    ("GET /v1/organization", "", &[200]),
    ("PATCH /v1/organization", r#"{"name":"Ours"}"#, &[200]),
    ("GET /v1/organization/members", "", &[200]),
    ("POST /v1/organization/members", r#"{"email":"guest@example.com"}"#, &[202]),
    ("DELETE /v1/organization/members/{id}", "", &[409]),
    ("GET /v1/developers/me", "", &[200]),
    ("PATCH /v1/developers/me", r#"{"headline":"Go engineer"}"#, &[200]),
    ("GET /v1/developers/me/public", "", &[200]),
    ("POST /v1/developers/me/import", RESUME, &[200]),
    ("GET /v1/developers", "", &[200]),
    ("GET /v1/developers/{id}", "", &[200]),
    // The trial of this client is offered: who the developer is is not told yet.
    ("GET /v1/developers/{id}/resume", "", &[404, 200, 200]),
    ("GET /v1/developers/me/vetting", "", &[200]),
    ("DELETE /v1/developers/me/commitments/{trial_id}", "", &[404]),
    ("GET /v1/job-requests", "", &[200]),
    ("POST /v1/job-requests", JOB, &[201]),
    ("GET /v1/job-requests/{id}", "", &[200]),
    // It is a draft, and nobody has published it.
    ("GET /v1/job-requests/{id}/job-posting", "", &[404]),
    ("PATCH /v1/job-requests/{id}", r#"{"title":"Other"}"#, &[200]),
    ("POST /v1/job-requests/{id}/open", "{}", &[200]),
    ("PUT /v1/job-requests/{id}/shortlist/{developer_id}", r#"{"notes":"Good."}"#, &[200]),
    ("GET /v1/job-requests/{id}/shortlist", "", &[200]),
    ("DELETE /v1/job-requests/{id}/shortlist/{developer_id}", "", &[204]),
    ("POST /v1/job-requests/{id}/invitations", INVITATION, &[201]),
    ("GET /v1/job-requests/{id}/invitations", "", &[200]),
    ("GET /v1/developers/me/invitations", "", &[200]),
    ("GET /v1/invitations/{id}", "", &[200]),
    ("POST /v1/invitations/{id}/messages", r#"{"message":"Hello."}"#, &[201]),
    ("GET /v1/invitations/{id}/messages", "", &[200]),
    ("POST /v1/invitations/{id}/accept", REASON, &[200]),
    ("POST /v1/invitations/{id}/decline", "{}", &[409]),
    ("GET /v1/job-requests/{id}/matches", "", &[200]),
    ("POST /v1/matches/search", JOB, &[200]),
    ("GET /v1/developers/me/job-requests", "", &[200]),
    ("GET /v1/developers/me/job-requests/{id}", "", &[200]),
    ("GET /v1/developers/me/match-runs", "", &[200]),
    ("GET /v1/admin/match-runs", "", &[200]),
    ("GET /v1/admin/match-runs/{id}", "", &[200]),
    ("GET /v1/admin/job-requests", "", &[200]),
    ("POST /v1/trials", OFFER, &[201]),
    ("GET /v1/trials", "", &[200]),
    ("GET /v1/trials/{id}", "", &[200]),
    ("GET /v1/trials/{id}/events", "", &[200]),
    ("GET /v1/trials/{id}/calendar.ics", "", &[409]),
    ("POST /v1/trials/{id}/revise", r#"{"terms":{"notice_days":4}}"#, &[409]),
    ("POST /v1/trials/{id}/counter", r#"{"terms":{"notice_days":5}}"#, &[200]),
    ("POST /v1/trials/{id}/withdraw", "{}", &[409, 200]),
    ("POST /v1/trials/{id}/decline", "{}", &[409]),
    ("POST /v1/trials/{id}/accept", "{}", &[409]),
    ("POST /v1/trials/{id}/cancel", REASON, &[409]),
    ("POST /v1/trials/{id}/end", REASON, &[409]),
    ("POST /v1/trials/{id}/end-together", REASON, &[409]),
    ("POST /v1/trials/{id}/agree", "{}", &[409]),
    ("POST /v1/trials/{id}/refuse", "{}", &[409]),
    ("POST /v1/trials/{id}/terminate", REASON, &[409]),
    ("GET /v1/admin/trials", "", &[200]),
    ("POST /v1/trials/{id}/check-ins/{day}", r#"{"going_well":true}"#, &[409]),
    ("GET /v1/trials/{id}/check-ins", "", &[200]),
    ("POST /v1/trials/{id}/reviews", r#"{"rating":5,"message":"Good."}"#, &[409]),
    ("GET /v1/trials/{id}/reviews", "", &[200]),
    ("PUT /v1/trials/{id}/hand-over", r#"{"items":[{"what":"Keys","who":"client","done":true}]}"#, &[409]),
    ("GET /v1/trials/{id}/hand-over", "", &[200]),
    ("GET /v1/trials/{id}/contract", "", &[200]),
    ("GET /v1/trials/{id}/billing", "", &[200]),
    ("GET /v1/trials/{id}/timesheets/{iso_week}", "", &[200]),
    ("PUT /v1/trials/{id}/timesheets/{iso_week}", r#"{"days":[]}"#, &[409]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/submit", "{}", &[409]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/approve", "{}", &[409]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/query", HOURS, &[409]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/answer", HOURS, &[409]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/decide", HOURS, &[409]),
    ("POST /v1/trials/{id}/pause", REASON, &[409]),
    ("POST /v1/trials/{id}/resume", REASON, &[409]),
    ("POST /v1/trials/{id}/amend", r#"{"terms":{"hours_per_week":20}}"#, &[409]),
    ("POST /v1/trials/{id}/extend", r#"{"days":3}"#, &[409]),
    ("POST /v1/trials/{id}/offer-conversion", "{}", &[409]),
    ("POST /v1/trials/{id}/accept-conversion", "{}", &[409]),
    ("POST /v1/trials/{id}/decline-conversion", "{}", &[409]),
    ("POST /v1/trials/{id}/appeal", REASON, &[409]),
    ("POST /v1/trials/{id}/decide-appeal", REASON, &[409]),
    (
        "POST /v1/trials/{id}/replace",
        r#"{"developer_id":"{other}","starts_on":"2026-12-01","reason_code":"other","message":"Because."}"#,
        &[201],
    ),
    ("POST /v1/job-requests/{id}/pause", "{}", &[200]),
    ("POST /v1/job-requests/{id}/close", "{}", &[200]),
    ("POST /v1/vetting/applications", "{}", &[409]),
    ("GET /v1/vetting/applications", "", &[200]),
    ("GET /v1/vetting/applications/{id}", "", &[200]),
    ("POST /v1/vetting/applications/{id}/submit", "{}", &[200]),
    ("POST /v1/vetting/applications/{id}/claim", "{}", &[200]),
    ("PUT /v1/vetting/applications/{id}/scorecards/{stage}", CARD, &[200]),
    ("POST /v1/vetting/applications/{id}/ask", r#"{"questions":"Which?"}"#, &[200]),
    ("POST /v1/vetting/applications/{id}/answer", r#"{"answers":"This."}"#, &[200]),
    ("POST /v1/vetting/applications/{id}/hold", REASON, &[200]),
    ("POST /v1/vetting/applications/{id}/release", REASON, &[200]),
    ("POST /v1/vetting/applications/{id}/advance", r#"{"from_stage":"profile_review"}"#, &[200]),
    ("POST /v1/vetting/applications/{id}/waive", REASON, &[409]),
    ("POST /v1/vetting/applications/{id}/approve", r#"{"skills":[{"slug":"go","level":5}]}"#, &[409]),
    ("POST /v1/vetting/applications/{id}/reject", REASON, &[200]),
    ("POST /v1/vetting/applications/{id}/withdraw", "{}", &[409]),
    ("POST /v1/vetting/applications/{id}/appeal", REASON, &[200]),
    ("POST /v1/vetting/applications/{id}/decide-appeal", APPEAL, &[403]),
    ("POST /v1/developers/{id}/suspend", REASON, &[200]),
    ("POST /v1/developers/{id}/reinstate", REASON, &[200]),
    ("POST /v1/developers/{id}/revoke", REASON, &[200]),
    ("POST /v1/developers/{id}/appeal", REASON, &[200]),
    ("POST /v1/developers/{id}/decide-appeal", APPEAL, &[403]),
    ("GET /v1/admin/audit", "", &[200]),
    ("GET /v1/admin/stats", "", &[200]),
    ("GET /v1/admin/users", "", &[200]),
    ("POST /v1/admin/users/{id}/suspend", REASON, &[200]),
    ("POST /v1/admin/users/{id}/reinstate", REASON, &[200]),
    ("POST /v1/admin/users/{id}/end-sessions", REASON, &[200]),
    ("POST /v1/admin/invitations", r#"{"email":"another@example.com"}"#, &[202]),
    ("POST /v1/api-keys", KEY, &[201]),
    ("GET /v1/api-keys", "", &[200]),
    ("DELETE /v1/api-keys/{id}", "", &[204]),
    ("GET /v1/events", "", &[200]),
    ("POST /v1/webhooks", WEBHOOK, &[201]),
    ("GET /v1/webhooks", "", &[200]),
    ("GET /v1/webhooks/{id}", "", &[200]),
    ("PATCH /v1/webhooks/{id}", r#"{"description":"Ours"}"#, &[200]),
    ("POST /v1/webhooks/{id}/rotate-secret", REASON, &[200]),
    ("POST /v1/webhooks/{id}/test", REASON, &[202]),
    ("GET /v1/webhooks/{id}/deliveries", "", &[200]),
    ("GET /v1/webhooks/{id}/deliveries/{delivery_id}", "", &[200]),
    ("POST /v1/webhooks/{id}/deliveries/{delivery_id}/redeliver", REASON, &[202]),
    ("DELETE /v1/webhooks/{id}", "", &[204]),
    ("POST /v1/reports", REPORT, &[201]),
    ("GET /v1/admin/reports", "", &[200]),
    ("POST /v1/admin/reports/{id}/handle", r#"{"state":"dismissed","note":"Nothing."}"#, &[200]),
    ("GET /v1/admin/outbox", "", &[200]),
    ("POST /v1/admin/outbox/{id}/retry", REASON, &[409]),
    ("POST /v1/admin/outbox/{id}/cancel", REASON, &[409]),
    ("PUT /v1/blocks/{organization_or_developer_id}", "", &[204, 204, 404, 404]),
    ("DELETE /v1/blocks/{organization_or_developer_id}", "", &[204, 204, 404, 404]),
    ("PUT /v1/developers/me", r#"{"headline":"Engineer"}"#, &[200]),
    (
        "POST /v1/auth/register",
        r#"{"email":"somebody@example.com","password":"seven green lanterns","role":"client","name":"A client"}"#,
        &[202],
    ),
    ("GET /v1/auth/providers", "", &[200]),
    // A provider that this house does not know.
    ("POST /v1/auth/providers/{name}/start", "{}", &[404]),
    ("POST /v1/auth/providers/{name}/finish", CAME_BACK, &[404]),
    ("POST /v1/auth/providers/{name}/link", CAME_BACK, &[404]),
    ("GET /v1/me/identities", "", &[200]),
    ("DELETE /v1/me/sessions/{id}", "", &[204]),
    ("DELETE /v1/me/identities/{id}", "", &[204]),
    ("POST /v1/auth/verify-email", r#"{"token":"nonsense"}"#, &[422]),
    ("POST /v1/auth/verify-email/resend", r#"{"email":"nobody@example.com"}"#, &[202]),
    ("POST /v1/auth/password/forgot", r#"{"email":"nobody@example.com"}"#, &[202]),
    ("POST /v1/auth/password/reset", r#"{"token":"nonsense","password":"nine purple umbrellas"}"#, &[422]),
    ("POST /v1/auth/redeem-invitation", r#"{"token":"nonsense","name":"A guest","password":"nine purple umbrellas"}"#, &[422]),
    ("POST /v1/auth/login", r#"{"email":"nobody@example.com","password":"seven green lanterns"}"#, &[401]),
    ("POST /v1/auth/refresh", r#"{"refresh_token":"nonsense"}"#, &[401]),
    ("POST /v1/auth/password/change", PASSWORDS, &[422]),
    ("POST /v1/auth/logout", "", &[204]),
];

/// Everybody, and what the paths' placeholders stand for: things of the client and the developer of the columns.
pub struct World {
    /// One for each column of the matrix.
    pub people: [Person; 8],
    pub job: String,
    pub trial: String,
    pub application: String,
    pub developer: String,
    pub other: String,
    pub session: String,
    pub member: String,
    pub mail: String,
    pub run: String,
    pub invitation: String,
    pub report: String,
    pub outsider: String,
    pub webhook: String,
    pub key: String,
    pub identity: String,
    pub delivery: String,
}

impl World {
    /// The house with all of it.
    pub async fn new(app: &TestApp) -> Self {
        let (client, stranger, admin) = (app.client().await, app.client().await, app.admin().await);
        let (person, developer) = unvetted(app, json!({})).await;
        let application = person.post("/v1/vetting/applications", json!({})).await.expect(201).text_at("/id");
        approve(app, &developer).await;
        let (another, other) = vetted(app, json!({})).await;
        let trial = offer(&client, &open_job(&client, json!({})).await, &developer).await;
        let invite = json!({ "developer_id": developer, "message": "May we talk?" });
        let asked = open_job(&client, json!({})).await;
        let invitation = client.post(&format!("/v1/job-requests/{asked}/invitations"), invite).await.expect(201).text_at("/id");
        let abuse = json!({ "subject": developer, "category": "spam", "message": "Twice." });
        let report = client.post("/v1/reports", abuse).await.expect(201).text_at("/id");
        let made = client.post("/v1/api-keys", serde_json::from_str(KEY).expect("JSON")).await.expect(201);
        let key = made.text_at("/id");
        let identity = "ident_01h455vb4pex5vsknk084sn02r".to_owned();
        app.sql(format!(
            "INSERT INTO identities (id, user_id, issuer, subject, provider, created_at) \
             SELECT '{identity}', id, 'https://id.example', '1', 'own', created_at FROM users WHERE email = '{}'",
            client.email
        ))
        .await;
        let told = serde_json::from_str(WEBHOOK).expect("JSON");
        let webhook = client.post("/v1/webhooks", told).await.expect(201).text_at("/id");
        let delivery = client.post(&format!("/v1/webhooks/{webhook}/test"), json!({})).await.expect(202).text_at("/id");
        let outsider = app.client().await.get("/v1/me").await.text_at("/id");
        let job = draft(&client, json!({})).await;
        client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
        client.login(&client.password).await.expect(200);
        let session = client.get("/v1/me/sessions").await.expect(200).text_at("/data/0/id");
        let member = client.get("/v1/me").await.text_at("/id");
        app.settle().await;
        let mail = admin.get("/v1/admin/outbox?state=sent").await.expect(200).text_at("/data/0/id");
        let run = admin.get("/v1/admin/match-runs").await.expect(200).text_at("/data/0/id");
        let people = [app.anonymous(), unverified(app).await, suspended(app).await, client, stranger, person, another, admin];
        Self {
            people,
            job,
            trial,
            application,
            developer,
            other,
            session,
            member,
            mail,
            run,
            invitation,
            report,
            outsider,
            webhook,
            key,
            identity,
            delivery,
        }
    }

    /// The path with what is there in place of its placeholders, and the same of something that is not there.
    pub fn paths(&self, template: &str) -> (String, Option<String>) {
        let things = [
            ("/v1/job-requests/{id}", "{id}", &self.job, "job"),
            ("/v1/developers/me/job-requests/{id}", "{id}", &self.job, "job"),
            ("/v1/admin/match-runs/{id}", "{id}", &self.run, "run"),
            ("/v1/admin/users/{id}", "{id}", &self.outsider, "user"),
            ("/v1/admin/reports/{id}", "{id}", &self.report, "report"),
            ("/v1/invitations/{id}", "{id}", &self.invitation, "inv"),
            ("/v1/webhooks/{id}", "{id}", &self.webhook, "hook"),
            ("/v1/api-keys/{id}", "{id}", &self.key, "key"),
            ("/v1/trials/{id}", "{id}", &self.trial, "trial"),
            ("/v1/vetting/applications/{id}", "{id}", &self.application, "app"),
            ("/v1/developers/{id}", "{id}", &self.developer, "dev"),
            ("/v1/me/identities/{id}", "{id}", &self.identity, "ident"),
            ("/v1/me/sessions/{id}", "{id}", &self.session, "session"),
            ("/v1/organization/members/{id}", "{id}", &self.member, "user"),
            ("/v1/admin/outbox/{id}", "{id}", &self.mail, "mail"),
            ("/v1/developers/me/commitments", "{trial_id}", &self.trial, "trial"),
            ("/v1/blocks", "{organization_or_developer_id}", &self.developer, "dev"),
        ];
        let fixed = template
            // Otherwise it would not end.
            .replace("/v1/events", "/v1/events?wait=false")
            .replace("{developer_id}", &self.other)
            .replace("{delivery_id}", &self.delivery)
            .replace("{stage}", "profile_review")
            .replace("{slug}", "guildscript")
            .replace("{name}", "unknown")
            .replace("{secret}", &"a".repeat(43))
            .replace("{day}", "3")
            .replace("{iso_week}", "2026-W49");
        let thing = things.into_iter().find(|(begin, ..)| template.starts_with(begin));
        thing.map_or((fixed.clone(), None), |(_, place, id, prefix)| {
            let prefix = id.split_once('_').map_or(prefix, |(prefix, _)| prefix);
            let missing = format!("{prefix}_01h455vb4pex5vsknk084sn02q");
            (fixed.replace(place, id), Some(fixed.replace(place, &missing)))
        })
    }

    /// The body of a row.
    pub fn body(&self, text: &str) -> Option<Value> {
        let text = text.replace("{job}", &self.job).replace("{other}", &self.other);
        if text.is_empty() { None } else { Some(serde_json::from_str(&text).expect("JSON")) }
    }
}

/// A client with a session whose address is not verified: no request leads there, so that not even a slip elsewhere opens a door.
pub async fn unverified(app: &TestApp) -> Person {
    let person = app.client().await;
    app.sql(format!("UPDATE users SET verified_at = NULL WHERE email = '{}'", person.email)).await;
    person
}

/// A client whom an admin has kept out, with the token of the session before.
pub async fn suspended(app: &TestApp) -> Person {
    let person = app.client().await;
    app.suspend(&person).await;
    person
}

/// Every operation of the document: its name, such as `GET /v1/me`, and what is said of it.
pub fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation.clone()))
    });
    all.collect()
}

/// The document.
pub fn openapi() -> Value {
    serde_json::from_str(&openapi_json().expect("a document")).expect("JSON")
}

/// The words of which a parameter takes one, or some with commas between them: those of its enum, or else of its pattern.
pub fn words(schema: &Value) -> Vec<String> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    }
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let named = pattern.split(|each: char| !each.is_ascii_lowercase() && each != '_').filter(|word| !word.is_empty());
    named.map(ToOwned::to_owned).collect::<BTreeSet<String>>().into_iter().collect()
}

/// Who may do an operation.
pub fn rule(operation: &str) -> &'static Rule {
    &RIGHTS.iter().find(|row| row.0 == operation).unwrap_or_else(|| panic!("{operation} is not in the matrix")).1
}
