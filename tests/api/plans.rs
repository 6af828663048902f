//! How SQLite, which keeps no statistics for us, looks things up: by what few rows have, however many rows there are.

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

/// Words that few rows have: mails that were given up, admins, applications under way; and the tests' own look at what is pending.
const RARE: [&str; 5] = [
    "SELECT `outbox`.`id` FROM `outbox` WHERE (`outbox`.`state` = ?)",
    "`news`.`kind` = ?",
    "(`users`.`role` = ?)",
    "(`vetting_applications`.`changed_at` <= ?)",
    "`outbox`.`attempts` FROM `outbox` WHERE (`outbox`.`state` = ?) ORDER BY `outbox`.`id`",
];

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

/// What is wrong with a line of a plan. A page that is read in the order of a key ends when it is full.
fn fault(line: &str, is_page: bool) -> Option<&'static str> {
    let words: Vec<&str> = line.split(' ').collect();
    match (*words.first()?, *words.get(1)?) {
        ("SCAN", table) => (!is_page && !SMALL.contains(&table) && !table.starts_with('(')).then_some("reads everything"),
        ("SEARCH", _) if !is_page => {
            let by = line.split_once('(')?.1.trim_end_matches(" LEFT-JOIN");
            COMMON.iter().any(|word| by == format!("{word}=?)")).then_some("reads what most rows have in common")
        }
        _ => None,
    }
}

/// What people do from the first day to the last, and what they look at.
async fn life(app: &TestApp) {
    let (reviewer, approver, client, developer) = (app.admin().await, app.admin().await, app.client().await, app.developer().await);
    let id = developer.put("/v1/developers/me", profile_body()).await.expect(200).text_at("/id");
    submitted(&app.developer_with(profile_body()).await.person).await;
    vet(&developer, &reviewer, &approver, &[("go", 5), ("postgresql", 4)]).await;
    let job = open_job(&client, job_body()).await;
    client.get(&format!("/v1/job-requests/{job}/matches?include=gates,facets")).await.expect(200);
    let trial = client.post("/v1/trials", offer_body(&job, &id)).await.expect(201).text_at("/id");
    act(&developer, &trial, "accept", json!({})).await.expect(200);
    app.advance(TimeDelta::days(12)).await;
    look(&[&client, &developer, &reviewer], &[&format!("/v1/trials/{trial}"), &format!("/v1/job-requests/{job}")]).await;
    act(&client, &trial, "end", json!({ "reason_code": "scope_changed", "message": "The work is done." })).await;
    app.advance(TimeDelta::days(40)).await;
}

/// Every list, as everybody; that some may not see it is no matter here.
async fn look(people: &[&Person], things: &[&str]) {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).expect("a document");
    let paths = document["paths"].as_object().expect("paths").iter();
    let lists = paths.filter(|(path, what)| !path.contains('{') && what.get("get").is_some()).map(|(path, _)| path.as_str());
    for path in lists.chain(things.iter().copied()) {
        for person in people {
            // A stream would not end; what was missed is a list.
            let missed = person.with("last-event-id", "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz");
            let person = if *path == *"/v1/events" { &missed } else { *person };
            person.get(&path.replace("/v1/events", "/v1/events?wait=false")).await;
        }
    }
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
    let mut faults = Vec::new();
    for statement in statements {
        let plan: Vec<Line> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut conn).expect("a plan");
        let is_page = statement.contains(" LIMIT ") && !plan.iter().any(|line| line.detail.contains("TEMP B-TREE"));
        faults.extend(plan.iter().filter_map(|line| Some(format!("{}: {}\n    {statement}", fault(&line.detail, is_page)?, line.detail))));
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
