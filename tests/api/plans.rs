//! How SQLite, which keeps no statistics for us, looks things up: by what few rows have, however many rows there are; a page with a
//! filter as well, which may be one that hardly any row passes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;
use guildhall::db::Conn;
use guildhall::privacy::retention::RULES;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::operations::{openapi, operations, words};
use crate::support::person::Person;
use crate::support::seeds::{act, offer_body};
use crate::support::stories::{job_body, open_job, profile_body, submitted, vet};

/// Statements of every connection of this process, which is of this test alone.
static ASKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Words of which nearly every row can have the same.
const COMMON: [&str; 5] = ["status", "state", "role", "room", "kind"];
/// What is read whole: what is small for good, the newest changes, of which the place is known, and, of an export, the person and
/// the person's trials.
const SMALL: [&str; 15] = [
    "rooms",
    "skills",
    "skill_aliases",
    "skill_neighbors",
    "skill_substitutes",
    "sqlite_sequence",
    "changes_forgotten",
    "blocks",
    "__diesel_schema_migrations",
    "f",
    "c",
    "pragma_compile_options",
    "CONSTANT",
    "person",
    "trials_of",
];

/// Words that few rows have: mails that were given up, admins, applications under way; what is read once in a person's life; and the
/// tests' own look at what is pending.
const RARE: [&str; 10] = [
    "SELECT `outbox`.`id` FROM `outbox` WHERE (`outbox`.`state` = ?)",
    "`news`.`kind` = ?",
    "(`users`.`role` = ?)",
    "ORDER BY `vetting_applications`.`changed_at`",
    "(`vetting_applications`.`changed_at` <= ?) AND (`vetting_applications`.`state` IN",
    "(`vetting_applications`.`state` = ?) OR (`vetting_applications`.`remembered_stage` = ?)",
    // Mails that wait, were given up or called off.
    "`request_id` FROM `outbox` WHERE (`outbox`.`state` = ?)",
    "`request_id` FROM `outbox` WHERE ((`outbox`.`state` = ?)",
    // One row a trial, of which an export or an erasure looks for somebody's own words.
    "WHERE trial_id IN (SELECT id FROM trials_of) OR replace(",
    "`outbox`.`attempts` FROM `outbox` WHERE (`outbox`.`state` = ?) ORDER BY `outbox`.`id`",
];

/// Pages that may walk along a key past what does not fit.
const WALKED: [&str; 4] = [
    // Nearly every mail has been sent.
    "FROM `outbox` WHERE ((`outbox`.`state` || ?) = ?)",
    // Ids begin with their time: nothing is passed by.
    "(`audit_entries`.`at` >= ?)",
    // Whoever can be found, read into memory when a node starts.
    "ORDER BY `vetted_developers`.`developer_id`",
    // The changes of a day, of which the oldest are forgotten now and then.
    "FROM changes WHERE at < $1 ORDER BY id",
];
const PASSED_BY: &str = "walks along a key, past all that does not fit";

struct Notebook;

impl Instrumentation for Notebook {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or_default().to_owned();
            ASKED.lock().unwrap_or_else(PoisonError::into_inner).insert(statement);
        }
    }
}

fn notebook() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(Notebook))
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Whether a statement asks for more than for what comes after its cursor, and for more than `besides`.
fn is_filtered(statement: &str, besides: &str) -> bool {
    let condition = statement.split_once(" WHERE ").map_or("", |(_, rest)| rest);
    let ordered = condition.rsplit_once(" ORDER BY ").or_else(|| condition.rsplit_once(" LIMIT "));
    let (condition, order) = ordered.unwrap_or((condition, ""));
    let key = order.split([' ', ',']).next().unwrap_or_default();
    let cursors = ["<", "<=", ">", ">=", "<>", "!="].map(|sign| format!("{key} {sign} ?"));
    let known = cursors.iter().map(String::as_str).chain([besides]);
    let rest = known.fold(condition.to_owned(), |rest, part| rest.replace(part, ""));
    rest.split([' ', '(', ')']).any(|word| !word.is_empty() && word != "AND")
}

/// Whether a table is one that the statement makes for itself; how it makes it is in other lines of the plan.
fn is_made_in(statement: &str, table: &str) -> bool {
    ["AS (", "AS MATERIALIZED ("].iter().any(|made| statement.contains(&format!("{table} {made}")))
}

/// What is wrong with a line of a plan. A page that is read in the order of a key ends when it is full: that is soon where all fit, or
/// where the key begins with what they must have.
fn fault(line: &str, statement: &str, is_page: bool, partial: &[Line]) -> Option<&'static str> {
    let words: Vec<&str> = line.split(' ').collect();
    let (verb, table) = (*words.first()?, *words.get(1)?);
    let is_reasoned = WALKED.iter().any(|walked| statement.contains(walked));
    let passes_by = |besides: &str| (is_page && !is_reasoned && is_filtered(statement, besides)).then_some(PASSED_BY);
    match verb {
        "SCAN" if SMALL.contains(&table) || table.starts_with('(') || is_made_in(statement, table) => None,
        "SCAN" if !is_page => Some("reads everything"),
        // An index of those rows alone that are asked for.
        "SCAN" if partial.iter().any(|index| words.contains(&index.detail.as_str())) => None,
        "SCAN" => passes_by(""),
        "SEARCH" => {
            let by = line.split_once('(')?.1.split_once(')')?.0;
            let (first, more) = by.split_once(" AND ").unwrap_or((by, ""));
            let common = first.strip_suffix("=?").filter(|word| COMMON.contains(word));
            match (common, more) {
                (Some(_), "") if !is_page => Some("reads what most rows have in common"),
                (Some(word), "" | "id<?" | "id>?") => passes_by(&format!("`{table}`.`{word}` = ?")),
                (None, "") if matches!(by, "id<?" | "id>?") => passes_by(""),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What people do from the first day to the last, and what they look at.
async fn life(app: &TestApp) {
    let (reviewer, approver, client, developer) = (app.admin().await, app.admin().await, app.client().await, app.developer().await);
    let id = developer.put("/v1/developers/me", profile_body()).await.expect(200).text_at("/id");
    submitted(&app.developer_with(profile_body()).await.person).await;
    let application = vet(&developer, &reviewer, &approver, &[("go", 5), ("postgresql", 4)]).await;
    let job = open_job(&client, job_body()).await;
    client.get(&format!("/v1/job-requests/{job}/matches?include=gates,facets")).await.expect(200);
    let told = json!({ "url": "http://127.0.0.1:9/", "event_types": ["trial.terminate"] });
    let webhook = client.post("/v1/webhooks", told).await.expect(201).text_at("/id");
    let trial = client.post("/v1/trials", offer_body(&job, &id)).await.expect(201).text_at("/id");
    act(&developer, &trial, "accept", json!({})).await.expect(200);
    app.advance(TimeDelta::days(12)).await;
    // Nobody's token lasts for so long.
    let (client, developer, reviewer) = (client.sign_in().await, developer.sign_in().await, reviewer.sign_in().await);
    let places: [(&str, &str); 5] = [
        ("/v1/trials/{id}", &trial),
        ("/v1/job-requests/{id}", &job),
        ("/v1/webhooks/{id}", &webhook),
        ("/v1/vetting/applications/{id}", &application),
        ("/v1/developers/{id}", &id),
    ];
    look(&[&client, &developer, &reviewer], &places).await;
    let over = json!({ "reason_code": "scope_changed", "message": "The work is done." });
    act(&client, &trial, "end", over).await.expect(200);
    app.advance(TimeDelta::days(40)).await;
}

/// Everything that can be read, as everybody, and each list with each of its filters; that some may not see it is no matter here.
async fn look(people: &[&Person], places: &[(&str, &str)]) {
    for (name, operation) in operations(&openapi()) {
        let Some(template) = name.strip_prefix("GET ") else { continue };
        let place = places.iter().find(|(begin, _)| template.starts_with(begin));
        let path = place.map_or(template.to_owned(), |(_, id)| template.replace("{id}", id));
        if path.contains('{') {
            continue;
        }
        for query in queries(&operation) {
            for person in people {
                ask(person, &path, &query).await;
            }
        }
    }
}

/// Asks for the first page, and for the next.
async fn ask(person: &Person, path: &str, query: &str) {
    // A stream would not end; what was missed is a list.
    let missed = person.with("last-event-id", "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    let person = if path == "/v1/events" { &missed } else { person };
    let answer = person.get(&format!("{path}?{query}")).await;
    assert!(!matches!(answer.status, 400 | 401 | 422 | 500..), "{} {}: {}", answer.request, answer.status, answer.text);
    if let Some(cursor) = answer.json["next_cursor"].as_str() {
        person.get(&format!("{path}?{query}&cursor={cursor}")).await.expect(200);
    }
}

/// No filter, then each by itself; pages of one, so that there is a next one.
fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let takes = |name: &str| parameters.iter().any(|each| each["name"] == name);
    let usual = if takes("wait") { Some("wait=false") } else { takes("limit").then_some("limit=1") };
    let is_filter = |each: &&Value| each["in"] == "query" && !["wait", "limit", "cursor"].iter().any(|name| each["name"] == *name);
    let filters = parameters.iter().filter(is_filter).map(plausible);
    let with_usual = |filter: Option<String>| usual.map(ToOwned::to_owned).into_iter().chain(filter).collect::<Vec<_>>().join("&");
    [None].into_iter().chain(filters.map(Some)).map(with_usual).collect()
}

/// A parameter with a value of those that the document names, or one that it takes.
fn plausible(parameter: &Value) -> String {
    let (name, schema) = (parameter["name"].as_str().expect("a name"), &parameter["schema"]);
    let own = match name {
        "expand" | "include" => Some(words(schema).join(",")),
        "subject" => Some("trial_01j8000000e008000000000001".to_owned()),
        "skill" => Some("go".to_owned()),
        "language" => Some("en".to_owned()),
        "domain" => Some("payments".to_owned()),
        "at_risk" => Some("true".to_owned()),
        // Hours that are shared with somebody there.
        "overlap_hours" => Some("4&time_zone=UTC".to_owned()),
        _ => None,
    };
    let listed = [&parameter["example"], &schema["examples"][0], &schema["enum"][0], &schema["items"]["enum"][0]];
    let given = listed.into_iter().chain([&schema["default"], &schema["minimum"]]).find(|value| !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let value = own.or_else(|| given.map(text)).unwrap_or_else(|| panic!("say what is plausible for {parameter}"));
    format!("{name}={value}")
}

#[actix_web::test]
async fn nothing_is_read_whole_nor_by_what_most_rows_have_in_common() {
    set_default_instrumentation(notebook).expect("instrumentation");
    let app = TestApp::start().await;
    life(&app).await;
    let mut conn = app.connect();
    if matches!(conn, Conn::Postgres(_)) {
        return;
    }
    let options: Vec<Line> =
        diesel::sql_query("SELECT compile_options AS detail FROM pragma_compile_options").load(&mut conn).expect("options");
    // Otherwise SQLite looks at what is bound, and prepares a statement anew with each new LIMIT.
    assert!(options.iter().any(|option| option.detail == "ENABLE_QPSG"), "built without .cargo/config.toml");
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // What is too old is looked for once an hour, with more patience.
    let hourly: BTreeSet<&str> = RULES.iter().flat_map(|rule| rule.statements).copied().collect();
    let reads = |text: &&String| ["SELECT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| text.starts_with(verb));
    // Where a list was empty nothing is read.
    let is_looked_at = |text: &&String| !hourly.contains(text.as_str()) && !["1=0", "1 = 0"].iter().any(|never| text.contains(never));
    let rare = |text: &&String| RARE.iter().any(|word| text.contains(word));
    let statements: Vec<&String> = asked.iter().filter(reads).filter(is_looked_at).filter(|text| !rare(text)).collect();
    assert!(statements.len() > 100, "{} statements were noted", statements.len());
    let partial = "SELECT name AS detail FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'";
    let partial: Vec<Line> = diesel::sql_query(partial).load(&mut conn).expect("indexes");
    let mut faults = Vec::new();
    for statement in statements {
        let plan: Vec<Line> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut conn).expect("a plan");
        let is_page = statement.contains(" LIMIT ") && !plan.iter().any(|line| line.detail.contains("TEMP B-TREE"));
        let wrong = |line: &Line| Some(format!("{}: {}\n    {statement}", fault(&line.detail, statement, is_page, &partial)?, line.detail));
        faults.extend(plan.iter().filter_map(wrong));
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
