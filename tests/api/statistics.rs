//! Figures for admins: rolled up by the week from what is committed.

use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::join_all;
use guildhall::db::schema::outbox;
use guildhall::kernel::clock::Instant;
use guildhall::kernel::week::Week;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::seeds::{act, draft, offer, open_job, unvetted, vetted};
use crate::support::stories::{pass, step, submitted};

const STATS: &str = "/v1/admin/stats";

/// The entry of a list whose member has this value.
fn entry<'a>(list: &'a Value, member: &str, value: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|each| each[member] == value);
    found.unwrap_or_else(|| panic!("no {member} {value} in {list}"))
}

fn instant(text: &str) -> Instant {
    serde_json::from_value(json!(text)).expect("an instant")
}

#[actix_web::test]
async fn the_figures_say_what_happened_by_week_and_by_skill() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    // In the week 48, from Monday 10:00: a request that waits five hours for both signatures, and one that is never opened.
    let job = open_job(&client, json!({})).await;
    draft(&client, json!({})).await;
    let (applicant, _) = unvetted(&app, json!({})).await;
    let application = submitted(&applicant).await;
    let ((first, one), (second, other)) = (vetted(&app, json!({})).await, vetted(&app, json!({})).await);
    app.advance(TimeDelta::hours(5)).await;
    let (admin_now, client, first, second) = (admin.sign_in().await, client.sign_in().await, first.sign_in().await, second.sign_in().await);
    step(&admin_now, &application, "claim", json!({})).await.expect(200);
    pass(&admin_now, &application, "profile_review", &[]).await;
    let declined = offer(&client, &job, &one).await;
    act(&first, &declined, "decline", json!({})).await.expect(200);
    let agreed = offer(&client, &job, &other).await;
    act(&second, &agreed, "accept", json!({})).await.expect(200);
    app.advance(TimeDelta::minutes(11)).await;

    let stats = admin.sign_in().await.get(STATS).await.expect(200);
    assert_eq!((stats.text_at("/from"), stats.text_at("/to")), ("2026-W37".into(), "2026-W48".into()));
    assert_eq!(stats.text_at("/rolled_up_at"), "2026-11-23T15:11:00Z");
    let matching = json!({ "requests": 1, "seats": 1, "agreed": 1, "fill_rate": 1.0, "average_hours_to_match": 5.0 });
    assert_eq!((stats.at("/matching"), stats.at("/median_hours_to_match")), (&matching, &json!(4.98)));
    let outcomes = json!([{ "outcome": "declined", "trials": 1 }]);
    assert_eq!(stats.at("/trials"), &json!({ "offered": 2, "agreed": 1, "outcomes": outcomes }));
    let none = Value::Null;
    let expected = [
        ("submitted", 1, 1, json!(5.0), json!(4.98)),
        ("profile_review", 1, 1, json!(0.0), json!(0.0)),
        ("screening_call", 1, 0, none.clone(), none),
    ];
    for (state, entered, left, average, median) in expected {
        let figures = json!({ "state": state, "entered": entered, "left": left, "average_hours": average, "median_hours": median });
        assert_eq!(entry(stats.at("/vetting"), "state", state), &figures);
    }
    let slugs: Vec<&str> = stats.at("/skills").as_array().expect("a list").iter().filter_map(|each| each["slug"].as_str()).collect();
    assert_eq!(slugs, ["go", "postgresql"], "what would be a plus is no must");
    assert_eq!(stats.at("/skills/0/average_hours_to_match"), &json!(5.0));
    let weeks = stats.at("/weeks").as_array().expect("a list");
    assert_eq!(
        (weeks.len(), &weeks[0]["week"], &weeks[0]["requests"], &weeks[0]["fill_rate"]),
        (12, &json!("2026-W37"), &json!(0), &Value::Null)
    );
    let this = &weeks[11];
    assert_eq!((&this["submitted"], &this["offered"], &this["agreed"], &this["approved"]), (&json!(1), &json!(2), &json!(1), &json!(0)));
    let (from, until) = (instant("2026-11-23T00:00:00Z"), instant("2026-11-30T00:00:00Z"));
    let sent = outbox::table.filter(outbox::state.eq("sent")).filter(outbox::due_at.ge(from)).filter(outbox::due_at.lt(until));
    let sent: i64 = app.read(move |conn| sent.count().get_result(conn)).await;
    assert_eq!(entry(stats.at("/mails"), "state", "sent"), &json!({ "state": "sent", "mails": sent, "retried": 0 }));

    // Nothing has happened since, and the figures say so.
    app.advance(TimeDelta::minutes(11)).await;
    let later = admin.sign_in().await.get(STATS).await.expect(200);
    assert_eq!(later.text_at("/rolled_up_at"), "2026-11-23T15:22:00Z");
    assert_eq!((later.at("/matching"), later.at("/trials")), (&matching, stats.at("/trials")));
}

/// One that waits for long draws the average, and not the median; a week of an earlier release knows no median.
#[actix_web::test]
async fn the_median_is_the_middle_one_over_all_weeks() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(open_job(&client, json!({})).await);
    }
    let mut agree = async |hours: i64| {
        let (developer, id) = vetted(&app, json!({})).await;
        app.advance(TimeDelta::hours(hours)).await;
        let (client, developer) = (client.sign_in().await, developer.sign_in().await);
        let trial = offer(&client, &jobs.pop().expect("a request"), &id).await;
        act(&developer, &trial, "accept", json!({})).await.expect(200);
    };
    // After 1, 3, 10 and, in the next week, 168 hours.
    for hours in [1, 2, 7, 158] {
        agree(hours).await;
    }
    app.advance(TimeDelta::minutes(11)).await;
    let admin = admin.sign_in().await;
    let stats = admin.get(STATS).await.expect(200);
    let told = |stats: &crate::support::answer::Answer| {
        (stats.at("/matching/average_hours_to_match").clone(), stats.at("/median_hours_to_match").clone())
    };
    assert_eq!(told(&stats), (json!(45.5), json!(3.06)), "of 3 and 10 hours the shorter");
    let this = admin.get(&format!("{STATS}?from=2026-W48&to=2026-W48")).await.expect(200);
    assert_eq!(this.at("/matching/agreed"), &json!(3));
    app.sql("DELETE FROM running_figures WHERE measure = 'agreed_spans' AND name = ' 3584'").await;
    assert_eq!(told(&admin.get(STATS).await.expect(200)), (json!(45.5), Value::Null));
}

#[actix_web::test]
async fn what_is_committed_late_is_counted_in_its_week() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    let job = open_job(&client, json!({})).await;
    app.advance(TimeDelta::days(9)).await;
    let requests = async |week: &str| {
        let stats = admin.sign_in().await.get(&format!("{STATS}?from={week}&to={week}")).await.expect(200);
        (stats.at("/matching/requests").as_i64(), stats.at("/weeks").as_array().map(Vec::len))
    };
    assert_eq!((requests("2026-W48").await, requests("2026-W49").await), ((Some(1), Some(1)), (Some(0), Some(1))));
    // Somebody's transaction of that week ends only now.
    let last = job.chars().last().expect("a letter");
    let other = format!("{}{}", &job[..job.len() - 1], if last == '0' { '1' } else { '0' });
    let copied = "organization_id, created_by, state, title, description, seniority_json, domains_json, legal_country_limit_json, rate_amount, \
        rate_currency, hours_per_week, starts_on, duration_weeks, time_zone, works_from, works_to, overlap_hours, languages_json, seats, \
        seats_taken, version, created_at, updated_at, published";
    app.sql(format!("INSERT INTO job_requests (id, {copied}) SELECT '{other}', {copied} FROM job_requests WHERE id = '{job}'")).await;
    app.advance(TimeDelta::minutes(11)).await;
    assert_eq!((requests("2026-W48").await, requests("2026-W49").await), ((Some(2), Some(1)), (Some(0), Some(1))));
}

#[actix_web::test]
async fn several_nodes_that_roll_up_at_once_make_the_same_figures() {
    let app = TestApp::start().await;
    let (admin, client) = (app.admin().await, app.client().await);
    open_job(&client, json!({})).await;
    let (week, other): (Week, _) = ("2026-W48".parse().expect("a week"), app.another_node().await);
    let rolled = join_all(
        (0..8).map(|number| if number % 2 == 0 { app.house.statistics.roll_up(week) } else { other.house.statistics.roll_up(week) }),
    )
    .await;
    assert!(rolled.iter().all(Result::is_ok), "{rolled:?}");
    assert_eq!(admin.get(STATS).await.expect(200).at("/matching/requests"), &json!(1));
}

#[actix_web::test]
async fn only_admins_read_them_and_over_two_years_at_the_most() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for person in [app.client().await, app.developer().await] {
        person.get(STATS).await.problem(403, "not-allowed");
    }
    admin.get(&format!("{STATS}?from=2026-W48&to=2026-W47")).await.faults(&["?from"]);
    admin.get(&format!("{STATS}?from=2024-W46&to=2026-W48")).await.faults(&["?from"]);
    for no_week in ["from=2026-W54", "to=0000-W05", "to=1999-W52", "to=2101-W01"] {
        admin.get(&format!("{STATS}?{no_week}")).await.problem(422, "validation-failed");
    }
    let first = admin.get(&format!("{STATS}?to=2000-W01")).await.expect(200);
    assert_eq!((first.text_at("/from"), first.text_at("/to")), ("1999-W42".into(), "2000-W01".into()));
    let weeks = admin.get(&format!("{STATS}?from=2024-W47&to=2026-W48")).await.expect(200).at("/weeks").as_array().map(Vec::len);
    assert_eq!(weeks, Some(106));
}
