//! Who may do what: every operation of the document, tried by everybody on real things of somebody else's.

use std::collections::BTreeSet;

use guildhall::server::openapi_json;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{approve, draft, offer, open_job, unvetted, vetted};

/// An operation, a valid body, and what it answers to: nobody, the client, another client, the developer, another
/// developer, an admin. The rows are tried in this order, each from left to right.
type Row = (&'static str, &'static str, [u16; 6]);

const HOURS: &str = r#"{"message":"Which hours?"}"#;
const REASON: &str = r#"{"reason_code":"other","message":"Because."}"#;
const APPEAL: &str = r#"{"outcome":"upheld","message":"Because."}"#;
const PASSWORDS: &str = r#"{"current_password":"not the password","new_password":"nine purple umbrellas"}"#;
const JOB: &str = r#"{"title":"T","description":"D","skills":[{"slug":"go","min_level":3,"must":true}],"max_hourly_rate":{"amount":9000,"currency":"USD"},"hours_per_week":20,"starts_on":"2026-12-01","time_zone":"Europe/London"}"#;
const CARD: &str = r#"{"criteria":[{"criterion":"overall","score":"yes","evidence":"Fine."}],"recommendation":"yes","verified_skills":[],"feedback":"Fine.","private_notes":"None."}"#;
const OFFER: &str = r#"{"job_request_id":"{job}","developer_id":"{other}","starts_on":"2026-12-01","terms":{"hourly_rate":{"amount":8000,"currency":"USD"},"hours_per_week":40,"time_zone":"Europe/London","overlap_hours":4,"scope":"The core.","notice_days":3,"billing":{"rule":"client_pays_all"}}}"#;
const INVITATION: &str = r#"{"developer_id":"{other}","message":"May we talk?"}"#;
const REPORT: &str = r#"{"subject":"{other}","category":"spam","message":"Twice."}"#;
const SKILL: &str = r#"{"slug":"guildscript","name":"Guildscript","category":"language","aliases":[]}"#;

const ROWS: &[Row] = &[
    ("GET /healthz", "", [200, 200, 200, 200, 200, 200]),
    ("GET /readyz", "", [200, 200, 200, 200, 200, 200]),
    ("GET /v1/meta/processes", "", [200, 200, 200, 200, 200, 200]),
    ("GET /v1/skills", "", [200, 200, 200, 200, 200, 200]),
    ("POST /v1/skills", SKILL, [401, 403, 403, 403, 403, 201]),
    ("GET /v1/skills/{slug}", "", [200, 200, 200, 200, 200, 200]),
    ("PATCH /v1/skills/{slug}", r#"{"name":"Guild Script"}"#, [401, 403, 403, 403, 403, 200]),
    ("PUT /v1/skills/{slug}/substitutes", r#"{"substitutes":[]}"#, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/skills/{slug}/merge", r#"{"into":"go"}"#, [401, 403, 403, 403, 403, 200]),
    ("DELETE /v1/skills/{slug}", "", [401, 403, 403, 403, 403, 409]),
    ("GET /v1/me", "", [401, 200, 200, 200, 200, 200]),
    ("PATCH /v1/me", r#"{"time_zone":"Europe/London"}"#, [401, 200, 200, 200, 200, 200]),
    ("GET /v1/me/export", "", [401, 200, 200, 200, 200, 200]),
    ("DELETE /v1/me", r#"{"password":"not the password"}"#, [401, 422, 422, 422, 422, 422]),
    ("GET /v1/me/sessions", "", [401, 200, 200, 200, 200, 200]),
    ("GET /v1/me/notifications", "", [401, 200, 200, 200, 200, 200]),
    ("GET /v1/me/notification-preferences", "", [401, 200, 200, 200, 200, 200]),
    ("PUT /v1/me/notification-preferences", r#"{"preferences":[]}"#, [401, 200, 200, 200, 200, 200]),
    ("GET /v1/organization", "", [401, 200, 200, 403, 403, 403]),
    ("PATCH /v1/organization", r#"{"name":"Ours"}"#, [401, 200, 200, 403, 403, 403]),
    ("GET /v1/organization/members", "", [401, 200, 200, 403, 403, 403]),
    ("POST /v1/organization/members", r#"{"email":"guest@example.com"}"#, [401, 202, 202, 403, 403, 403]),
    ("DELETE /v1/organization/members/{id}", "", [401, 409, 404, 403, 403, 403]),
    ("GET /v1/developers/me", "", [401, 403, 403, 200, 200, 403]),
    ("PATCH /v1/developers/me", r#"{"headline":"Go engineer"}"#, [401, 403, 403, 200, 200, 403]),
    ("GET /v1/developers/me/public", "", [401, 403, 403, 200, 200, 403]),
    ("GET /v1/developers", "", [200, 200, 200, 200, 200, 200]),
    ("GET /v1/developers/{id}", "", [200, 200, 200, 200, 200, 200]),
    ("GET /v1/developers/me/vetting", "", [401, 403, 403, 200, 200, 403]),
    ("DELETE /v1/developers/me/commitments/{trial_id}", "", [401, 403, 403, 404, 404, 403]),
    ("GET /v1/job-requests", "", [401, 200, 200, 403, 403, 403]),
    ("POST /v1/job-requests", JOB, [401, 201, 201, 403, 403, 403]),
    ("GET /v1/job-requests/{id}", "", [401, 200, 404, 403, 403, 200]),
    ("PATCH /v1/job-requests/{id}", r#"{"title":"Other"}"#, [401, 200, 404, 403, 403, 403]),
    ("POST /v1/job-requests/{id}/open", "{}", [401, 200, 404, 403, 403, 403]),
    ("PUT /v1/job-requests/{id}/shortlist/{developer_id}", r#"{"notes":"Good."}"#, [401, 200, 404, 403, 403, 403]),
    ("GET /v1/job-requests/{id}/shortlist", "", [401, 200, 404, 403, 403, 403]),
    ("DELETE /v1/job-requests/{id}/shortlist/{developer_id}", "", [401, 204, 404, 403, 403, 403]),
    ("POST /v1/job-requests/{id}/invitations", INVITATION, [401, 201, 404, 403, 403, 403]),
    ("GET /v1/job-requests/{id}/invitations", "", [401, 200, 404, 403, 403, 403]),
    ("GET /v1/developers/me/invitations", "", [401, 403, 403, 200, 200, 403]),
    ("GET /v1/invitations/{id}", "", [401, 200, 404, 200, 404, 403]),
    ("POST /v1/invitations/{id}/messages", r#"{"message":"Hello."}"#, [401, 201, 404, 201, 404, 403]),
    ("GET /v1/invitations/{id}/messages", "", [401, 200, 404, 200, 404, 403]),
    ("POST /v1/invitations/{id}/accept", "{}", [401, 403, 403, 200, 404, 403]),
    ("POST /v1/invitations/{id}/decline", "{}", [401, 403, 403, 409, 404, 403]),
    ("GET /v1/job-requests/{id}/matches", "", [401, 200, 404, 403, 403, 403]),
    ("POST /v1/matches/search", JOB, [200, 200, 200, 200, 200, 200]),
    ("GET /v1/developers/me/job-requests", "", [401, 403, 403, 200, 200, 403]),
    ("GET /v1/developers/me/job-requests/{id}", "", [401, 403, 403, 200, 200, 403]),
    ("GET /v1/developers/me/match-runs", "", [401, 403, 403, 200, 200, 403]),
    ("GET /v1/admin/match-runs", "", [401, 403, 403, 403, 403, 200]),
    ("GET /v1/admin/match-runs/{id}", "", [401, 403, 403, 403, 403, 200]),
    ("GET /v1/admin/job-requests", "", [401, 403, 403, 403, 403, 200]),
    ("POST /v1/trials", OFFER, [401, 201, 404, 403, 403, 403]),
    ("GET /v1/trials", "", [401, 200, 200, 200, 200, 200]),
    ("GET /v1/trials/{id}", "", [401, 200, 404, 200, 404, 200]),
    ("GET /v1/trials/{id}/events", "", [401, 200, 404, 200, 404, 200]),
    ("GET /v1/trials/{id}/calendar.ics", "", [401, 409, 404, 409, 404, 409]),
    ("POST /v1/trials/{id}/revise", r#"{"terms":{"notice_days":4}}"#, [401, 409, 404, 403, 404, 403]),
    ("POST /v1/trials/{id}/counter", r#"{"terms":{"notice_days":5}}"#, [401, 403, 404, 200, 404, 403]),
    ("POST /v1/trials/{id}/withdraw", "{}", [401, 409, 404, 200, 404, 403]),
    ("POST /v1/trials/{id}/decline", "{}", [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/accept", "{}", [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/cancel", REASON, [401, 409, 404, 409, 404, 409]),
    ("POST /v1/trials/{id}/end", REASON, [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/end-together", REASON, [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/agree", "{}", [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/refuse", "{}", [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/terminate", REASON, [401, 403, 404, 403, 404, 409]),
    ("GET /v1/admin/trials", "", [401, 403, 403, 403, 403, 200]),
    ("POST /v1/trials/{id}/check-ins/{day}", r#"{"going_well":true}"#, [401, 409, 404, 409, 404, 403]),
    ("GET /v1/trials/{id}/check-ins", "", [401, 200, 404, 200, 404, 200]),
    ("POST /v1/trials/{id}/reviews", r#"{"rating":5,"message":"Good."}"#, [401, 409, 404, 409, 404, 403]),
    ("GET /v1/trials/{id}/reviews", "", [401, 200, 404, 200, 404, 200]),
    ("PUT /v1/trials/{id}/hand-over", r#"{"items":[{"what":"Keys","who":"client","done":true}]}"#, [401, 409, 404, 409, 404, 403]),
    ("GET /v1/trials/{id}/hand-over", "", [401, 200, 404, 200, 404, 200]),
    ("GET /v1/trials/{id}/contract", "", [401, 200, 404, 200, 404, 200]),
    ("GET /v1/trials/{id}/billing", "", [401, 200, 404, 200, 404, 200]),
    ("GET /v1/trials/{id}/timesheets/{iso_week}", "", [401, 200, 404, 200, 404, 200]),
    ("PUT /v1/trials/{id}/timesheets/{iso_week}", r#"{"days":[]}"#, [401, 403, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/submit", "{}", [401, 403, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/approve", "{}", [401, 409, 404, 403, 404, 403]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/query", HOURS, [401, 409, 404, 403, 404, 403]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/answer", HOURS, [401, 403, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/timesheets/{iso_week}/decide", HOURS, [401, 403, 404, 403, 404, 409]),
    ("POST /v1/trials/{id}/pause", REASON, [401, 409, 404, 409, 404, 409]),
    ("POST /v1/trials/{id}/resume", REASON, [401, 409, 404, 409, 404, 409]),
    ("POST /v1/trials/{id}/amend", r#"{"terms":{"hours_per_week":20}}"#, [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/extend", r#"{"days":3}"#, [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/offer-conversion", "{}", [401, 409, 404, 403, 404, 403]),
    ("POST /v1/trials/{id}/accept-conversion", "{}", [401, 403, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/decline-conversion", "{}", [401, 403, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/appeal", REASON, [401, 409, 404, 409, 404, 403]),
    ("POST /v1/trials/{id}/decide-appeal", REASON, [401, 403, 404, 403, 404, 409]),
    ("POST /v1/trials/{id}/replace", r#"{"developer_id":"{other}","starts_on":"2026-12-01"}"#, [401, 201, 404, 403, 403, 403]),
    ("POST /v1/job-requests/{id}/pause", "{}", [401, 200, 404, 403, 403, 403]),
    ("POST /v1/job-requests/{id}/close", "{}", [401, 200, 404, 403, 403, 403]),
    ("POST /v1/vetting/applications", "{}", [401, 403, 403, 409, 409, 403]),
    ("GET /v1/vetting/applications", "", [401, 403, 403, 403, 403, 200]),
    ("GET /v1/vetting/applications/{id}", "", [401, 403, 403, 200, 404, 200]),
    ("POST /v1/vetting/applications/{id}/submit", "{}", [401, 403, 403, 200, 404, 403]),
    ("POST /v1/vetting/applications/{id}/claim", "{}", [401, 403, 403, 403, 403, 200]),
    ("PUT /v1/vetting/applications/{id}/scorecards/{stage}", CARD, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/ask", r#"{"questions":"Which?"}"#, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/answer", r#"{"answers":"This."}"#, [401, 403, 403, 200, 404, 403]),
    ("POST /v1/vetting/applications/{id}/hold", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/release", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/advance", r#"{"from_stage":"profile_review"}"#, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/waive", REASON, [401, 403, 403, 409, 404, 409]),
    ("POST /v1/vetting/applications/{id}/approve", r#"{"skills":[{"slug":"go","level":5}]}"#, [401, 403, 403, 403, 403, 409]),
    ("POST /v1/vetting/applications/{id}/reject", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/vetting/applications/{id}/withdraw", "{}", [401, 403, 403, 409, 404, 403]),
    ("POST /v1/vetting/applications/{id}/appeal", REASON, [401, 403, 403, 200, 404, 403]),
    ("POST /v1/vetting/applications/{id}/decide-appeal", APPEAL, [401, 403, 403, 403, 403, 403]),
    ("POST /v1/developers/{id}/suspend", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/developers/{id}/reinstate", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/developers/{id}/revoke", REASON, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/developers/{id}/appeal", REASON, [401, 403, 403, 200, 404, 403]),
    ("POST /v1/developers/{id}/decide-appeal", APPEAL, [401, 403, 403, 403, 403, 403]),
    ("GET /v1/admin/audit", "", [401, 403, 403, 403, 403, 200]),
    ("GET /v1/admin/users", "", [401, 403, 403, 403, 403, 200]),
    ("POST /v1/admin/users/{id}/suspend", r#"{"message":"Because."}"#, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/admin/users/{id}/reinstate", r#"{"message":"Because."}"#, [401, 403, 403, 403, 403, 200]),
    ("POST /v1/admin/invitations", r#"{"email":"another@example.com"}"#, [401, 403, 403, 403, 403, 202]),
    ("POST /v1/reports", REPORT, [401, 201, 201, 201, 201, 403]),
    ("GET /v1/admin/reports", "", [401, 403, 403, 403, 403, 200]),
    ("POST /v1/admin/reports/{id}/handle", r#"{"state":"dismissed","note":"Nothing."}"#, [401, 403, 403, 403, 403, 200]),
    ("GET /v1/admin/outbox", "", [401, 403, 403, 403, 403, 200]),
    ("POST /v1/admin/outbox/{id}/retry", "{}", [401, 403, 403, 403, 403, 409]),
    ("POST /v1/admin/outbox/{id}/cancel", "{}", [401, 403, 403, 403, 403, 409]),
    ("PUT /v1/blocks/{organization_or_developer_id}", "", [401, 204, 204, 404, 404, 403]),
    ("DELETE /v1/blocks/{organization_or_developer_id}", "", [401, 204, 204, 404, 404, 403]),
    ("PUT /v1/developers/me", r#"{"headline":"Engineer"}"#, [401, 403, 403, 200, 200, 403]),
    (
        "POST /v1/auth/register",
        r#"{"email":"somebody@example.com","password":"seven green lanterns","role":"client","name":"A client"}"#,
        [202, 202, 202, 202, 202, 202],
    ),
    ("POST /v1/auth/verify-email", r#"{"token":"nonsense"}"#, [422, 422, 422, 422, 422, 422]),
    ("POST /v1/auth/verify-email/resend", r#"{"email":"nobody@example.com"}"#, [202, 202, 202, 202, 202, 202]),
    ("POST /v1/auth/password/forgot", r#"{"email":"nobody@example.com"}"#, [202, 202, 202, 202, 202, 202]),
    ("POST /v1/auth/password/reset", r#"{"token":"nonsense","password":"nine purple umbrellas"}"#, [422, 422, 422, 422, 422, 422]),
    (
        "POST /v1/auth/redeem-invitation",
        r#"{"token":"nonsense","name":"A guest","password":"nine purple umbrellas"}"#,
        [422, 422, 422, 422, 422, 422],
    ),
    ("POST /v1/auth/login", r#"{"email":"nobody@example.com","password":"seven green lanterns"}"#, [401, 401, 401, 401, 401, 401]),
    ("POST /v1/auth/refresh", r#"{"refresh_token":"nonsense"}"#, [401, 401, 401, 401, 401, 401]),
    ("POST /v1/auth/password/change", PASSWORDS, [401, 422, 422, 422, 422, 422]),
    ("DELETE /v1/me/sessions/{id}", "", [401, 204, 404, 404, 404, 404]),
    ("POST /v1/auth/logout", "", [401, 204, 204, 204, 204, 204]),
];

/// What the paths' placeholders stand for.
struct World {
    people: [Person; 6],
    job: String,
    trial: String,
    application: String,
    developer: String,
    other: String,
    session: String,
    member: String,
    mail: String,
    run: String,
    invitation: String,
    report: String,
    outsider: String,
}

impl World {
    async fn new(app: &TestApp) -> Self {
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
        let outsider = app.client().await.get("/v1/me").await.text_at("/id");
        let job = draft(&client, json!({})).await;
        client.get(&format!("/v1/job-requests/{job}/matches")).await.expect(200);
        client.login(&client.password).await.expect(200);
        let session = client.get("/v1/me/sessions").await.expect(200).text_at("/data/0/id");
        let member = client.get("/v1/me").await.text_at("/id");
        app.settle().await;
        let mail = admin.get("/v1/admin/outbox?state=sent").await.expect(200).text_at("/data/0/id");
        let run = admin.get("/v1/admin/match-runs").await.expect(200).text_at("/data/0/id");
        let people = [app.anonymous(), client, stranger, person, another, admin];
        Self { people, job, trial, application, developer, other, session, member, mail, run, invitation, report, outsider }
    }

    /// The path with what is there in place of its placeholders, and the same of something that is not there.
    fn paths(&self, template: &str) -> (String, Option<String>) {
        let things = [
            ("/v1/job-requests/{id}", "{id}", &self.job, "job"),
            ("/v1/developers/me/job-requests/{id}", "{id}", &self.job, "job"),
            ("/v1/admin/match-runs/{id}", "{id}", &self.run, "run"),
            ("/v1/admin/users/{id}", "{id}", &self.outsider, "user"),
            ("/v1/admin/reports/{id}", "{id}", &self.report, "report"),
            ("/v1/invitations/{id}", "{id}", &self.invitation, "inv"),
            ("/v1/trials/{id}", "{id}", &self.trial, "trial"),
            ("/v1/vetting/applications/{id}", "{id}", &self.application, "app"),
            ("/v1/developers/{id}", "{id}", &self.developer, "dev"),
            ("/v1/me/sessions/{id}", "{id}", &self.session, "session"),
            ("/v1/organization/members/{id}", "{id}", &self.member, "user"),
            ("/v1/admin/outbox/{id}", "{id}", &self.mail, "mail"),
            ("/v1/developers/me/commitments", "{trial_id}", &self.trial, "trial"),
            ("/v1/blocks", "{organization_or_developer_id}", &self.developer, "dev"),
        ];
        let fixed = template
            .replace("{developer_id}", &self.other)
            .replace("{stage}", "profile_review")
            .replace("{slug}", "guildscript")
            .replace("{day}", "3")
            .replace("{iso_week}", "2026-W49");
        let thing = things.into_iter().find(|(begin, ..)| template.starts_with(begin));
        thing.map_or((fixed.clone(), None), |(_, place, id, prefix)| {
            let prefix = id.split_once('_').map_or(prefix, |(prefix, _)| prefix);
            let missing = format!("{prefix}_01h455vb4pex5vsknk084sn02q");
            (fixed.replace(place, id), Some(fixed.replace(place, &missing)))
        })
    }

    fn body(&self, text: &str) -> Option<Value> {
        let text = text.replace("{job}", &self.job).replace("{other}", &self.other);
        if text.is_empty() { None } else { Some(serde_json::from_str(&text).expect("JSON")) }
    }
}

fn operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&openapi_json().expect("a document")).expect("JSON");
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    all.collect()
}

#[test]
fn every_operation_is_in_the_table() {
    let table: BTreeSet<String> = ROWS.iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    let document = operations();
    let missing: Vec<_> = document.difference(&table).collect();
    let gone: Vec<_> = table.difference(&document).collect();
    assert!(missing.is_empty() && gone.is_empty(), "say who may do {missing:#?}; {gone:#?} are gone");
}

#[actix_web::test]
async fn everybody_gets_what_the_table_says() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let mut wrong = Vec::new();
    for (operation, body, expected) in ROWS {
        let (method, template) = operation.split_once(' ').expect("a method and a path");
        let method: Method = method.parse().expect("a method");
        let (path, missing) = world.paths(template);
        let mut statuses = [0; 6];
        for (status, person) in statuses.iter_mut().zip(&world.people) {
            let answer = person.send(method.clone(), &path, world.body(body)).await;
            *status = answer.status;
            if let Some(missing) = missing.as_ref().filter(|_| answer.status == 404) {
                let nothing = person.send(method.clone(), missing, world.body(body)).await;
                assert_eq!(answer.lasting(), nothing.lasting(), "{operation} tells that there is something");
            }
        }
        if statuses != *expected {
            wrong.push(format!("{operation}: {statuses:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What nobody who is not signed in may do answers 401, whatever it is about.
#[test]
fn the_table_lets_nobody_in_where_the_document_does_not() {
    let document: Value = serde_json::from_str(&openapi_json().expect("a document")).expect("JSON");
    for (operation, _, [nobody, ..]) in ROWS {
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        let security = &document["paths"][path][method.to_lowercase()]["security"];
        let open = security.as_array().is_none_or(|all| all.iter().any(|each| each == &json!({})));
        assert!(open || *nobody == 401, "{operation}");
    }
}
