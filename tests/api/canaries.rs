//! Who reads what (reliability R34, R35): something unmistakable in every private column of the things of one client and one
//! developer, then everything that can be read, read by everybody; each is found where this table says, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, RunQueryDsl as _};
use reqwest::Method;
use serde_json::{Value, json};

use crate::schema;
use crate::support::app::TestApp;
use crate::support::operations::{openapi, operations, suspended, unverified, words};
use crate::support::person::Person;
use crate::support::seeds::{Scene, act, draft, offer_body, open_job, terms, vetted, with};
use crate::support::stories::{STAGES, pass, submitted};

/// How a canary comes into a column.
enum Plant {
    /// As all of it; `{}` is the canary.
    As(&'static str),
    /// Instead of a text that stands there.
    InsteadOf(&'static str),
    /// The story has written it: nobody changes what is there.
    Written(&'static str),
}

use Plant::{As, InsteadOf, Written};

/// A column, which of its rows, how the canary comes in, and who finds it: letters of [`EYES`], in their order.
type Row = (&'static str, &'static str, Plant, &'static str);

/// The columns of the matrix of rights: nobody, unverified, suspended, client, another client, developer, another developer, admin.
const EYES: [char; 8] = ['n', 'u', 's', 'C', 'c', 'D', 'd', 'A'];
/// What everybody may read.
const ALL: &str = "nusCcDdA";
/// Everything that belongs to the story.
const EACH: &str = "1 = 1";
const PLAIN: Plant = As("{}");
/// Why an application was put on hold.
const HELD: &str = "canary of a hold";
const HELD_CODE: &str = "canary_of_a_code";

const PRIVATE: &[Row] = &[
    ("users.name", "id = '{client}'", PLAIN, "CA"),
    ("users.name", "id = '{developer}'", PLAIN, "CDA"),
    ("users.name", "id = '{reviewer}'", PLAIN, "A"),
    ("users.email", "id = '{client}'", As("{}@example.com"), "CA"),
    ("users.email", "id = '{developer}'", As("{}@example.com"), "CDA"),
    ("users.email", "id = '{reviewer}'", As("{}@example.com"), "A"),
    ("users.email_key", "id = '{developer}'", As("{}@example.com"), "D"),
    ("users.password_hash", "id = '{developer}'", PLAIN, ""),
    ("organizations.name", "id = '{organization}'", PLAIN, "CDA"),
    ("sessions.client", "user_id = '{client}'", PLAIN, "C"),
    ("second_factors.sealed_secret", "user_id = '{client}'", PLAIN, ""),
    ("recovery_codes.code_hash", "user_id = '{client}'", PLAIN, ""),
    ("identities.subject", EACH, PLAIN, "C"),
    ("provider_sign_ins.email", EACH, As("{}@example.com"), ""),
    ("provider_sign_ins.subject", EACH, PLAIN, ""),
    ("calendar_feeds.secret_hash", "user_id = '{client}'", PLAIN, ""),
    ("mail_tokens.detail_json", EACH, As("{\"x\":\"{}\"}"), ""),
    ("idempotency_keys.idempotency_key", EACH, PLAIN, ""),
    ("idempotency_keys.answer_body", EACH, PLAIN, ""),
    ("audit_reasons.reason", EACH, Written(HELD), "A"),
    ("audit_entries.details_json", EACH, Written(HELD_CODE), "A"),
    ("outbox.recipient_email", "recipient_key = '{client}' AND state = 'sent'", As("{}@example.com"), "CA"),
    ("outbox.recipient_name", "recipient_key = '{client}' AND state = 'sent'", PLAIN, "C"),
    ("outbox.letter_json", "recipient_key = '{client}'", InsteadOf("A developer"), "C"),
    ("outbox.last_error", "recipient_key = '{client}' AND state = 'sent'", PLAIN, "A"),
    ("developers.headline", "id = '{profile}'", PLAIN, ALL),
    ("developers.summary", "id = '{profile}'", PLAIN, "CDA"),
    ("developers.country", "id = '{profile}'", As("BV"), "CDA"),
    ("developers.experience_json", "id = '{profile}'", InsteadOf("A former employer"), "CDA"),
    ("developers.links_json", "id = '{profile}'", InsteadOf("A page of mine"), "CDA"),
    ("developers.preferences_json", "id = '{profile}'", InsteadOf("cartography"), "D"),
    ("vetting_applications.questions", EACH, PLAIN, "DA"),
    ("vetting_applications.answers", EACH, PLAIN, "DA"),
    ("vetting_applications.reason_code", EACH, PLAIN, "DA"),
    ("vetting_applications.message", EACH, PLAIN, "DA"),
    ("scorecards.criteria_json", EACH, InsteadOf("Clear, correct, tested."), "A"),
    ("scorecards.feedback", EACH, PLAIN, "DA"),
    ("scorecards.private_notes", EACH, PLAIN, "A"),
    ("vetting_events.reason_code", EACH, PLAIN, "DA"),
    ("vetting_events.message", EACH, PLAIN, "A"),
    ("vetted_events.reason_code", EACH, PLAIN, "DA"),
    ("vetted_events.message", EACH, PLAIN, "A"),
    ("vetting_appeals.message", EACH, PLAIN, "DA"),
    ("vetting_appeals.answer", EACH, PLAIN, "DA"),
    ("job_requests.title", "id = '{draft}'", PLAIN, "CA"),
    ("job_requests.description", "id = '{draft}'", PLAIN, "CA"),
    ("job_requests.legal_country_limit_json", "id = '{draft}'", As("{\"countries\":[\"DE\"],\"reason\":\"{}\"}"), "CA"),
    ("job_requests.title", "id = '{open}'", PLAIN, "CDdA"),
    ("job_requests.description", "id = '{open}'", PLAIN, "CDdA"),
    ("shortlist_entries.notes", EACH, PLAIN, "C"),
    ("invitations.message", EACH, PLAIN, "CD"),
    ("invitations.reason_code", EACH, PLAIN, "CD"),
    ("invitation_messages.body", EACH, PLAIN, "CD"),
    ("reports.message", EACH, PLAIN, "CA"),
    ("reports.note", EACH, PLAIN, "A"),
    ("trials.reason_code", "id = '{converted}'", PLAIN, "CDA"),
    ("trials.message", "id = '{converted}'", PLAIN, "CDA"),
    ("trials.accept_blocked", "id = '{converted}'", PLAIN, "CDA"),
    ("trial_terms.document", "trial_id = '{trial}'", InsteadOf("Ledger core and its API."), "CDA"),
    ("trial_proposals.content_json", EACH, InsteadOf("Fewer hours."), "CDA"),
    ("trial_conversions.content_json", EACH, InsteadOf("Stay!"), "CDA"),
    ("trial_events.reason_code", "trial_id = '{trial}'", PLAIN, "CDA"),
    ("trial_events.message", "trial_id = '{trial}'", PLAIN, "CDA"),
    ("timesheets.days_json", EACH, InsteadOf("Wrote the ledger."), "CDA"),
    ("timesheet_events.message", EACH, PLAIN, "CDA"),
    ("reviews.message", "party = 'client'", PLAIN, "CDA"),
    ("reviews.message", "party = 'developer'", PLAIN, "CDA"),
    ("check_ins.message", "party = 'client'", PLAIN, "CA"),
    ("check_ins.message", "party = 'developer'", PLAIN, "DA"),
    ("api_keys.name", EACH, PLAIN, "C"),
    ("api_keys.key_hash", EACH, PLAIN, ""),
    ("webhooks.url", EACH, As("https://{}.example.com/"), "C"),
    ("webhooks.description", EACH, PLAIN, "C"),
    ("webhooks.sealed_secret", EACH, PLAIN, ""),
    ("webhooks.former_sealed_secret", EACH, PLAIN, ""),
    ("webhook_deliveries.body", EACH, As("{\"x\":\"{}\"}"), "C"),
    ("webhook_deliveries.last_error", EACH, PLAIN, "C"),
    ("hand_overs.items_json", EACH, InsteadOf("Give the laptop back"), "CDA"),
];

/// Columns that hold nothing private, or nothing that a person wrote: ids, words of the processes, what the catalogue and public
/// cards show to everybody, hashes and numbers. A table's name alone stands for all of its columns.
const NOT_PRIVATE: &[&str] = &[
    "audit_head",
    "blocks",
    "changes",
    "commitments",
    "developer_skills",
    "disclosures",
    "erasures",
    "events",
    "job_request_skills",
    "match_fits",
    "match_openings",
    "match_run_results",
    "match_runs",
    "members",
    "notification_preferences",
    "skill_aliases",
    "skill_neighbors",
    "skill_substitutes",
    "skills",
    "running_figures",
    "throttles",
    "timers",
    "trial_signatures",
    "vetted_developers",
    "verified_skills",
    "api_keys.scopes_json",
    "audit_entries.action",
    "audit_entries.hash",
    "audit_entries.reason_hash",
    "audit_entries.role",
    "audit_entries.subject",
    "audit_reasons.salt",
    "developers.domains_json",
    "developers.languages_json",
    "developers.rate_currency",
    "developers.seniority",
    "developers.time_zone",
    "idempotency_keys.fingerprint",
    "identities.issuer",
    "identities.provider",
    "idempotency_keys.route",
    "invitation_messages.call_times_json",
    "invitation_messages.party",
    "job_requests.domains_json",
    "job_requests.languages_json",
    "job_requests.rate_currency",
    "job_requests.seniority_json",
    "job_requests.time_zone",
    "mail_tokens.purpose",
    "outbox.anchor",
    "outbox.kind",
    "outbox.recipient_key",
    "outbox.recipient_time_zone",
    "outbox.subject",
    "provider_sign_ins.issuer",
    "provider_sign_ins.provider",
    "reports.category",
    "reports.subject",
    "scorecards.recommendation",
    "scorecards.verified_skills_json",
    "timesheets.iso_week",
    "timesheet_events.iso_week",
    "trial_terms.sha256",
    "trials.replaces",
    "users.role",
    "webhook_deliveries.kind",
    "webhooks.disabled_because",
    "webhooks.event_types_json",
    "users.time_zone",
    "vetting_applications.remembered_stage",
    "vetting_applications.skipped_stages_json",
    "vetting_appeals.outcome",
    "vetting_appeals.subject",
];
/// Names of columns that are ids or words of a process wherever they stand.
const NEVER_PRIVATE: [&str; 13] = [
    "id",
    "state",
    "status",
    "stage",
    "party",
    "action",
    "actor",
    "from_state",
    "to_state",
    "from_status",
    "to_status",
    "outcome",
    "paused_by",
];

/// An id, or a word that names who did something.
fn is_reference(column: &str) -> bool {
    column.ends_with("_id") || column.ends_with("_by") || NEVER_PRIVATE.contains(&column)
}

#[test]
fn every_column_says_who_may_read_it() {
    let private: BTreeSet<&str> = PRIVATE.iter().map(|row| row.0).collect();
    let (mut missing, mut twice) = (Vec::new(), Vec::new());
    let texts = schema::texts();
    for name in &texts {
        let (table, column) = name.split_once('.').expect("a table and a column");
        let plain = NOT_PRIVATE.contains(&table) || NOT_PRIVATE.contains(&name.as_str()) || is_reference(column);
        match (plain, private.contains(name.as_str())) {
            (false, false) => missing.push(name),
            (true, true) => twice.push(name),
            _ => {}
        }
    }
    let gone: Vec<_> = private.iter().filter(|name| !texts.iter().any(|each| each == *name)).collect();
    assert!(
        missing.is_empty() && twice.is_empty() && gone.is_empty(),
        "say who may read {missing:#?}; not both: {twice:#?}; gone: {gone:#?}"
    );
}

/// The story: whom and what the rows are about.
struct Story {
    scene: Scene,
    names: BTreeMap<&'static str, String>,
}

async fn id_of(person: &Person) -> String {
    person.get("/v1/me").await.expect(200).text_at("/id")
}

/// A developer whose application two admins have taken through everything that can be written about it; gives the profile's id.
async fn vetted_in_words(app: &TestApp, developer: &Person, reviewer: &Person, approver: &Person) -> String {
    let profile = json!({
        "experience": [{ "title": "Engineer", "employer": "A former employer", "from": "2012-05-01" }], "country": "DE",
        "links": [{ "label": "A page of mine", "url": "https://example.com/me" }], "preferences": { "domains": ["cartography"] },
    });
    let profile = developer.put("/v1/developers/me", with(crate::support::seeds::profile(), profile)).await.expect(200).text_at("/id");
    let application = submitted(developer).await;
    let path = |action: &str| format!("/v1/vetting/applications/{application}/{action}");
    reviewer.post(&path("claim"), json!({})).await.expect(200);
    reviewer.post(&path("ask"), json!({ "questions": "Which part?" })).await.expect(200);
    developer.post(&path("answer"), json!({ "answers": "The core." })).await.expect(200);
    reviewer.post(&path("hold"), json!({ "reason_code": HELD_CODE, "message": HELD })).await.expect(200);
    reviewer.post(&path("release"), json!({ "reason_code": "other", "message": "Goes on." })).await.expect(200);
    for stage in STAGES {
        pass(reviewer, &application, stage, &[("go", 5)]).await;
    }
    let levels = json!({ "skills": [{ "slug": "go", "level": 5 }, { "slug": "postgresql", "level": 4 }] });
    approver.post(&path("approve"), levels).await.expect(200);
    let standing = |action: &str| format!("/v1/developers/{profile}/{action}");
    reviewer.post(&standing("suspend"), json!({ "reason_code": "other", "message": "A complaint." })).await.expect(200);
    developer.post(&standing("appeal"), json!({ "message": "It is wrong." })).await.expect(200);
    approver.post(&standing("decide-appeal"), json!({ "outcome": "overturned", "message": "It was." })).await.expect(200);
    app.settle().await;
    profile
}

async fn story() -> Story {
    let app = TestApp::start().await;
    let (client, developer, reviewer, approver) = (app.client().await, app.developer().await, app.admin().await, app.admin().await);
    let profile = vetted_in_words(&app, &developer, &reviewer, &approver).await;
    client.post("/v1/organization/members", json!({ "email": "guest@example.com" })).await.expect(202);
    client.patch("/v1/organization", json!({ "name": "Acme" })).await.expect(200);
    client.post("/v1/me/totp", json!({})).await.expect(200);
    client.post("/v1/me/calendar-feed", json!({})).await.expect(201);
    app.sql(format!("INSERT INTO recovery_codes (user_id, code_hash) VALUES ('{}', 'a hash')", id_of(&client).await)).await;
    let sign_in = "('a sign-in', 'github', {at}, (SELECT valid_until FROM vetted_developers LIMIT 1), 'https://github.com', 'a subject', 'a@example.com')";
    for (table, row) in [
        ("provider_sign_ins (id, provider, created_at, expires_at, issuer, subject, email)", sign_in.to_owned()),
        (
            "identities (id, user_id, issuer, subject, provider, created_at)",
            format!(
                "('ident_00000000000000000000000000', '{}', 'https://github.com', 'a subject', 'github', {{at}})",
                id_of(&client).await
            ),
        ),
    ] {
        let copied = row.replace("{at}", "(SELECT created_at FROM organizations LIMIT 1)");
        app.sql(format!("INSERT INTO {table} VALUES {copied}")).await;
    }
    let resting = draft(&client, json!({})).await;
    let open = open_job(&client, json!({})).await;
    client.get(&format!("/v1/job-requests/{open}/matches")).await.expect(200);
    let notes = json!({ "notes": "Good." });
    client.put(&format!("/v1/job-requests/{open}/shortlist/{profile}"), notes).await.expect(200);
    let asked = json!({ "developer_id": profile, "message": "May we talk?" });
    let invitation = client.post(&format!("/v1/job-requests/{open}/invitations"), asked).await.expect(201).text_at("/id");
    developer.post(&format!("/v1/invitations/{invitation}/accept"), json!({ "message": "Gladly." })).await.expect(200);
    client.post(&format!("/v1/invitations/{invitation}/messages"), json!({ "message": "At ten?" })).await.expect(201);
    let abuse = json!({ "subject": profile, "category": "spam", "message": "Twice." });
    let report = client.post("/v1/reports", abuse).await.expect(201).text_at("/id");
    reviewer.post(&format!("/v1/admin/reports/{report}/handle"), json!({ "state": "dismissed", "note": "Nothing." })).await.expect(200);
    client.post("/v1/api-keys", json!({ "name": "Ours", "scopes": ["trials:read"] })).await.expect(201);
    let told = json!({ "url": "http://127.0.0.1:9/", "event_types": ["trial.terminate"] });
    let webhook = client.post("/v1/webhooks", told).await.expect(201).text_at("/id");
    client.post(&format!("/v1/webhooks/{webhook}/test"), json!({})).await.expect(202);
    let half = with(terms(), json!({ "hours_per_week": 20 }));
    let mut trials = Vec::new();
    for seats in [1, 2] {
        let job = open_job(&client, json!({ "seats": seats, "hours_per_week": 20 })).await;
        let body = with(offer_body(&job, &profile), json!({ "terms": half }));
        let trial = client.post("/v1/trials", body).await.expect(201).text_at("/id");
        act(&developer, &trial, "accept", json!({})).await.expect(200);
        trials.push(trial);
    }
    let names = [
        ("client", id_of(&client).await),
        ("developer", id_of(&developer).await),
        ("reviewer", id_of(&reviewer).await),
        ("organization", client.get("/v1/organization").await.expect(200).text_at("/id")),
        ("profile", profile.clone()),
        ("draft", resting),
        ("open", open),
        ("trial", trials[0].clone()),
        ("converted", trials[1].clone()),
    ];
    let scene = Scene { app, client, developer, admin: reviewer, developer_id: profile, job: names[6].1.clone() };
    let mut story = Story { scene, names: names.into_iter().collect() };
    story.lived().await;
    story
}

impl Story {
    /// Two trials are lived through: one runs, with a proposal on the table; one goes on for good.
    async fn lived(&mut self) {
        let (running, converted) = (self.names["trial"].clone(), self.names["converted"].clone());
        let scene = &mut self.scene;
        scene.until("2026-12-04T18:00:00Z").await;
        let (client, developer) = (&scene.client, &scene.developer);
        for (who, word) in [(client, "We like it."), (developer, "I like it.")] {
            let said = json!({ "going_well": true, "message": word });
            who.post(&format!("/v1/trials/{running}/check-ins/3"), said).await.expect(200);
        }
        let sheet = format!("/v1/trials/{running}/timesheets/2026-W49");
        let days = json!({ "days": [{ "date": "2026-12-01", "hours": 4.0, "note": "Wrote the ledger." }] });
        developer.put(&sheet, days).await.expect(200);
        developer.post(&format!("{sheet}/submit"), json!({})).await.expect(200);
        client.post(&format!("{sheet}/query"), json!({ "message": "Which part?" })).await.expect(200);
        let amended = json!({ "terms": { "hours_per_week": 10 }, "message": "Fewer hours." });
        act(client, &running, "amend", amended).await.expect(200);
        let stay = json!({ "starts_on": "2026-12-07", "message": "Stay!" });
        act(client, &converted, "offer-conversion", stay).await.expect(200);
        act(developer, &converted, "accept-conversion", json!({})).await.expect(200);
        scene.until("2026-12-08T10:00:00Z").await;
        for who in [&scene.client, &scene.developer] {
            let review = json!({ "rating": 5, "message": "Good." });
            // Answers for repeats are kept for a day: here is one of this day.
            who.with("idempotency-key", "once").post(&format!("/v1/trials/{converted}/reviews"), review).await.expect(200);
        }
        let list = json!({ "items": [{ "what": "Give the laptop back", "who": "developer", "done": false }] });
        scene.client.put(&format!("/v1/trials/{converted}/hand-over"), list).await.expect(200);
        scene.app.settle().await;
    }

    fn filled(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    /// Sets a column of some rows; gives how many.
    async fn set(&self, place: &str, value: &str, rows: &str) -> usize {
        let (table, column) = place.split_once('.').expect("a table and a column");
        self.scene.app.sql(format!("UPDATE {table} SET {column} = {value} WHERE {rows}")).await
    }

    /// Plants every canary; gives them in the order of [`PRIVATE`].
    async fn plant(&self) -> Vec<String> {
        let mut canaries = Vec::new();
        for (number, (place, rows, plant, _)) in PRIVATE.iter().enumerate() {
            let (table, column) = place.split_once('.').expect("a table and a column");
            let canary = format!("canary{number:03}");
            let (canary, touched) = match plant {
                As("BV") => ("\"BV\"".to_owned(), self.set(place, "'BV'", &self.filled(rows)).await),
                As(form) => {
                    let value = format!("'{}'", form.replace("{}", &canary));
                    (canary, self.set(place, &value, &self.filled(rows)).await)
                }
                InsteadOf(text) => {
                    let value = format!("replace({column}, '{text}', '{canary}')");
                    let rows = format!("{} AND {column} LIKE '%{text}%'", self.filled(rows));
                    (canary, self.set(place, &value, &rows).await)
                }
                Written(text) => {
                    let query = format!("SELECT {column} AS id FROM {table} WHERE {column} LIKE '%{text}%'");
                    let found: Vec<Id> = self.scene.app.read(move |conn| diesel::sql_query(query).load(conn)).await;
                    ((*text).to_owned(), found.len())
                }
            };
            assert!(touched > 0, "the story has no {place} where {rows}");
            canaries.push(canary);
        }
        canaries
    }
}

/// The tables whose ids stand in paths, by what the path begins with.
const PLACES: [(&str, &str); 9] = [
    ("/v1/job-requests/{id}", "job_requests"),
    ("/v1/developers/me/job-requests/{id}", "job_requests"),
    ("/v1/admin/match-runs/{id}", "match_runs"),
    ("/v1/invitations/{id}", "invitations"),
    ("/v1/webhooks/{id}", "webhooks"),
    ("/v1/trials/{id}", "trials"),
    ("/v1/vetting/applications/{id}", "vetting_applications"),
    ("/v1/developers/{id}", "developers"),
    ("/v1/skills/{slug}", "skills"),
];

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Text)]
    id: String,
}

/// What is asked for: a path with its query, and the form in which where it is not the usual one.
struct Ask {
    path: String,
    form: Option<&'static str>,
}

/// No more than the longest page, then with each word of what may be read along, and with all of them.
fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let limit = parameters.iter().find(|each| each["name"] == "limit").map(|each| format!("limit={}", each["schema"]["maximum"]));
    let mut along = BTreeSet::new();
    for name in ["expand", "include"] {
        for parameter in parameters.iter().filter(|each| each["name"] == name) {
            let words = words(&parameter["schema"]);
            assert!(!words.is_empty(), "which words does {parameter} take?");
            along.insert(format!("{name}={}", words.join(",")));
            along.extend(words.iter().map(|word| format!("{name}={word}")));
        }
    }
    let with_limit = |more: Option<String>| limit.iter().cloned().chain(more).collect::<Vec<_>>().join("&");
    [None].into_iter().chain(along.into_iter().map(Some)).map(with_limit).collect()
}

/// The usual form, and a file where there is one.
fn forms(operation: &Value) -> Vec<Option<&'static str>> {
    let offered = &operation["responses"]["200"]["content"];
    [None].into_iter().chain(["text/csv"].into_iter().filter(|kind| !offered[*kind].is_null()).map(Some)).collect()
}

/// Every path that can be read, with every id that there is, in every form.
async fn everything(app: &TestApp) -> Vec<Ask> {
    let mut asks = Vec::new();
    let deliveries = ids(app, "webhook_deliveries").await;
    let delivery = deliveries.first().expect("a delivery");
    for (name, operation) in operations(&openapi()) {
        let Some(template) = name.strip_prefix("GET ") else { continue };
        let template = template.replace("{iso_week}", "2026-W49").replace("{day}", "3");
        let template = template.replace("{delivery_id}", delivery).replace("/v1/events", "/v1/events?wait=false");
        // Whoever has a feed's secret reads the feed: here nobody has one.
        let template = template.replace("{secret}", &"a".repeat(43));
        let ids = match PLACES.iter().find(|(begin, _)| template.starts_with(begin)) {
            Some((_, "skills")) => vec!["go".to_owned()],
            Some((_, table)) => ids(app, table).await,
            None => vec![String::new()],
        };
        for query in queries(&operation) {
            let template = if query.is_empty() { template.clone() } else { format!("{template}?{query}") };
            for path in ids.iter().map(|id| template.replace("{id}", id).replace("{slug}", id)) {
                asks.extend(forms(&operation).into_iter().map(|form| Ask { path: path.clone(), form }));
            }
        }
    }
    let open: Vec<_> = asks.iter().map(|ask| &ask.path).filter(|path| path.contains('{')).collect();
    assert!(open.is_empty(), "say what stands in {open:?}");
    for along in ["expand=", "include=", "limit="] {
        assert!(asks.iter().any(|ask| ask.path.contains(along)), "nothing is asked with {along}");
    }
    assert!(asks.iter().any(|ask| ask.form.is_some()), "nothing is asked for as a file");
    asks
}

async fn ids(app: &TestApp, table: &str) -> Vec<String> {
    let query = format!("SELECT id FROM {table} ORDER BY id");
    let ids: Vec<Id> = app.read(move |conn| diesel::sql_query(query).load(conn)).await;
    ids.into_iter().map(|row| row.id).collect()
}

#[actix_web::test]
async fn each_secret_is_found_where_the_table_says_and_nowhere_else() {
    let story = story().await;
    let app = &story.scene.app;
    let stranger = app.client().await;
    // The stranger knows the developer from an offer, and so sees the card and no more.
    let start = json!({ "starts_on": "2027-02-01", "hours_per_week": 20 });
    let theirs = open_job(&stranger, start).await;
    let half = with(terms(), json!({ "hours_per_week": 20 }));
    let offer = with(offer_body(&theirs, &story.names["profile"]), json!({ "starts_on": "2027-02-01", "terms": half }));
    stranger.post("/v1/trials", offer).await.expect(201);
    let (another, _) = vetted(app, json!({})).await;
    let people = [app.anonymous(), unverified(app).await, suspended(app).await, story.scene.client.clone()];
    let people = people.into_iter().chain([stranger, story.scene.developer.clone(), another, story.scene.admin.clone()]);
    let people: Vec<Person> = people.collect();
    app.settle().await;
    let canaries = story.plant().await;
    // What is in memory was read before: another node reads it all anew.
    let node = app.another_node().await;
    let mut found: Vec<BTreeMap<char, String>> = vec![BTreeMap::new(); canaries.len()];
    for Ask { path, form } in everything(&node).await {
        for (eye, person) in EYES.iter().zip(&people) {
            let person = person.at(&node.base());
            let person = form.map_or(person.clone(), |form| person.with("accept", form));
            let answer = person.send(Method::GET, &path, None).await;
            assert!(!matches!(answer.status, 422 | 500..), "{eye} {path}: {}", answer.text);
            let kind = answer.header("content-type");
            assert!(answer.status != 200 || form.is_none_or(|form| kind.starts_with(form)), "{eye} {path} is {kind}");
            // Lines of a calendar are folded.
            let text = answer.text.replace("\r\n ", "");
            for (canary, found) in canaries.iter().zip(&mut found) {
                if text.contains(canary.as_str()) {
                    found.entry(*eye).or_insert_with(|| path.clone());
                }
            }
        }
    }
    let wrong: Vec<String> =
        PRIVATE.iter().zip(&found).filter_map(|((place, rows, _, may), found)| difference(place, rows, may, found)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with whom a canary was found by.
fn difference(place: &str, rows: &str, may: &str, found: &BTreeMap<char, String>) -> Option<String> {
    let by: String = EYES.iter().filter(|eye| found.contains_key(eye)).collect();
    let leaks: Vec<_> = found.iter().filter(|(eye, _)| !may.contains(**eye)).collect();
    (by != may).then(|| format!("{place} ({rows}) is read by `{by}`, not by `{may}`: {leaks:?}"))
}

/// A list is one's own whatever its cursor says: one of somebody else's list leads to nothing of theirs.
#[actix_web::test]
async fn a_cursor_of_somebody_else_opens_nothing() {
    let app = TestApp::start().await;
    let (client, stranger) = (app.client().await, app.client().await);
    for _ in 0..3 {
        draft(&client, json!({})).await;
        draft(&stranger, json!({})).await;
    }
    let first = client.get("/v1/job-requests?limit=1").await.expect(200);
    let cursor = first.text_at("/next_cursor");
    let own: Vec<Value> = all_ids(&stranger.get("/v1/job-requests").await.expect(200).json);
    let through = stranger.get(&format!("/v1/job-requests?cursor={cursor}")).await.expect(200);
    assert!(all_ids(&through.json).iter().all(|id| own.contains(id)), "{}", through.text);
    for broken in [format!("{cursor}A"), cursor[1..].to_owned(), cursor.to_uppercase(), "bm9uc2Vuc2U".to_owned()] {
        let answer = client.get(&format!("/v1/job-requests?cursor={broken}")).await;
        assert!(answer.status == 400 || (answer.status == 200 && broken.len() < 4), "{broken}: {}", answer.text);
    }
}

fn all_ids(page: &Value) -> Vec<Value> {
    page["data"].as_array().into_iter().flatten().map(|each| each["id"].clone()).collect()
}
