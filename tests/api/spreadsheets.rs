//! The admins' lists as CSV, for spreadsheets.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::operations::openapi;
use crate::support::person::Person;
use crate::support::seeds::{Scene, draft, unvetted};
use crate::support::stories::submitted;

/// Every list that is given as a file, with the file's name.
const LISTS: [(&str, &str); 8] = [
    ("/v1/admin/users", "users"),
    ("/v1/admin/trials", "trials"),
    ("/v1/admin/job-requests", "job-requests"),
    ("/v1/admin/reports", "reports"),
    ("/v1/admin/audit", "audit"),
    ("/v1/admin/outbox", "outbox"),
    ("/v1/admin/match-runs", "match-runs"),
    ("/v1/vetting/applications", "applications"),
];

/// The headings and the rows of a file.
struct File {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl File {
    async fn of(admin: &Person, path: &str) -> Self {
        let answer = admin.with("accept", "text/csv, application/json;q=0.5").get(path).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
        answer.armoured();
        let mut reader = csv::ReaderBuilder::new().from_reader(answer.text.as_bytes());
        let headings = reader.headers().expect("headings").iter().map(ToOwned::to_owned).collect();
        let rows = reader.records().map(|row| row.expect("a row of as many cells").iter().map(ToOwned::to_owned).collect()).collect();
        assert_eq!(answer.text.matches('\n').count(), answer.text.matches("\r\n").count(), "no text here has a line break of its own");
        Self { headings, rows }
    }

    fn column(&self, heading: &str) -> Vec<&str> {
        let place = self.headings.iter().position(|each| each == heading).expect("a column");
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }
}

#[actix_web::test]
async fn every_list_of_admins_is_a_file_with_the_same_rows() {
    let scene = Scene::start().await;
    scene.client.get(&format!("/v1/job-requests/{}/matches", scene.job)).await.expect(200);
    scene.scheduled().await;
    let (applicant, applicant_id) = unvetted(&scene.app, json!({})).await;
    submitted(&applicant).await;
    let abuse = json!({ "subject": scene.developer_id, "category": "spam", "message": "Twice." });
    scene.client.post("/v1/reports", abuse).await.expect(201);
    scene.app.settle().await;
    let document = openapi();
    for (path, name) in LISTS {
        // The audit log grows with a look at people.
        let json = scene.admin.get(&format!("{path}?limit=100")).await.expect(200);
        let file = File::of(&scene.admin, path).await;
        let rows = json.at("/data").as_array().expect("rows");
        assert!(!rows.is_empty() && file.rows.len() == rows.len(), "{path}: {} and {}", file.rows.len(), rows.len());
        let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
        assert_eq!(file.column("id"), ids, "{path}");
        let shown = document["paths"][path]["get"]["responses"]["200"]["content"]["text/csv"]["example"].as_str().unwrap_or_default();
        assert_eq!(shown.lines().next(), Some(file.headings.join(",").as_str()), "{path} in the document");
        for heading in &file.headings {
            let pointer = format!("/{}", heading.replace('.', "/"));
            assert!(rows.iter().any(|row| row.pointer(&pointer).is_some()), "{path} has no {pointer}");
        }
        let attached = scene.admin.with("accept", "text/csv").get(path).await;
        assert_eq!(attached.header("content-disposition"), format!("attachment; filename=\"{name}.csv\""));
        scene.client.with("accept", "text/csv").get(path).await.problem(403, "not-allowed");
        scene.admin.with("accept", "text/csv").get(&format!("{path}?cursor=nonsense!")).await.problem(400, "malformed-request");
    }
    let trials = File::of(&scene.admin, "/v1/admin/trials").await;
    assert_eq!(trials.column("terms.hourly_rate.amount"), ["8000"]);
    assert_eq!(trials.column("outcome"), [""]);
    let filtered = File::of(&scene.admin, "/v1/admin/users?role=admin").await;
    assert_eq!(filtered.column("role"), ["admin"]);
    let runs = File::of(&scene.admin, &format!("/v1/admin/match-runs?developer_id={applicant_id}")).await;
    assert!(runs.rows.is_empty(), "{:?}", runs.rows);
    let applications = File::of(&scene.admin, "/v1/vetting/applications?state=submitted&expand=developer").await;
    assert_eq!(applications.column("developer_id"), [applicant_id]);
    assert!(File::of(&scene.admin, "/v1/vetting/applications?state=draft").await.rows.is_empty());
}

#[actix_web::test]
async fn what_somebody_wrote_is_no_formula_in_a_spreadsheet() {
    let app = TestApp::start().await;
    let (client, admin) = (app.client().await, app.admin().await);
    let formula = "=HYPERLINK(\"https://example.com\",\"x\")";
    draft(&client, json!({ "title": formula, "description": "+1, and \"more\"" })).await;
    let file = File::of(&admin, "/v1/admin/job-requests").await;
    assert_eq!(file.column("title"), [format!("'{formula}")]);
    assert_eq!(file.column("description"), ["'+1, and \"more\""]);
    assert_eq!((file.column("seniority"), file.column("languages"), file.column("published")), (vec![""], vec!["en"], vec!["false"]));
    let skills: Value = serde_json::from_str(file.column("skills")[0]).expect("JSON");
    assert_eq!(skills[0]["slug"], "go");
}

#[actix_web::test]
async fn a_file_goes_on_over_pages_to_the_end() {
    let app = TestApp::start().await;
    let (client, admin) = (app.client().await, app.admin().await);
    let id = draft(&client, json!({})).await;
    // More than two pages of a file: copies of one, with ids that sort after it.
    let suffix = "SUBSTR('0123456789', a + 1, 1) || SUBSTR('0123456789', b + 1, 1) || SUBSTR('0123456789', c + 1, 1)";
    let digits = |name: &str| {
        format!(
            "(SELECT {} AS {name})",
            (0..8).map(|digit| digit.to_string()).collect::<Vec<_>>().join(&format!(" AS {name} UNION ALL SELECT "))
        )
    };
    let copied = "organization_id, created_by, state, title, description, seniority_json, domains_json, legal_country_limit_json, rate_amount, \
        rate_currency, hours_per_week, starts_on, duration_weeks, time_zone, works_from, works_to, overlap_hours, languages_json, seats, \
        seats_taken, version, created_at, updated_at, published";
    let statement = format!(
        "INSERT INTO job_requests (id, {copied}) SELECT SUBSTR(id, 1, LENGTH(id) - 3) || {suffix}, {copied} FROM job_requests, \
         {} x, {} y, {} z WHERE id = '{id}' AND SUBSTR(id, 1, LENGTH(id) - 3) || {suffix} <> '{id}'",
        digits("a"),
        digits("b"),
        digits("c")
    );
    let copies = app.sql(statement).await;
    let file = File::of(&admin, "/v1/admin/job-requests?limit=1").await;
    assert!(copies >= 511, "{copies}");
    let ids = file.column("id");
    assert!(ids.len() == copies + 1 && ids.is_sorted_by(|left, right| left > right), "{} rows, newest first, each once", ids.len());
    assert_eq!(
        admin.with("accept", "application/json, text/csv").get("/v1/admin/job-requests?limit=1").await.at("/data").as_array().map(Vec::len),
        Some(1)
    );
}
