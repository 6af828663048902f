//! Mail through the whole house, with a mail server that misbehaves (reliability R78–R81; R48).

use std::collections::HashSet;
use std::time::{Duration, Instant as Moment};

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::Text;
use guildhall::db::Conn;
use guildhall::db::schema::outbox::dsl;
use guildhall::kernel::clock::Instant;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, cluster};
use crate::support::person::Person;
use crate::support::proxy::{Fault, Proxy, Target};
use crate::support::smtp::{Mode, Point, SmtpServer};

const VERIFY: &str = "Verify your e-mail";

/// State and attempts of the mails to somebody, oldest first.
async fn outbox(app: &TestApp, person: &Person) -> Vec<(String, i64)> {
    let email = person.email.clone();
    app.read(move |conn| dsl::outbox.filter(dsl::recipient_email.eq(email)).select((dsl::state, dsl::attempts)).order(dsl::id).load(conn))
        .await
}

fn row(state: &str, attempts: i64) -> (String, i64) {
    (state.to_owned(), attempts)
}

#[actix_web::test]
async fn a_passing_refusal_is_tried_again_later() {
    let app = TestApp::start().await;
    for mode in [Mode::RefuseRecipient(451), Mode::RefuseData(452), Mode::RefuseRecipient(421)] {
        let person = app.somebody("client");
        app.smtp.set_mode_for(&person.email, mode);
        person.register("client").await.expect(202);
        app.settle().await;
        assert_eq!(outbox(&app, &person).await, [row("pending", 1)], "{mode:?}");
        app.advance(TimeDelta::seconds(3)).await;
        assert_eq!(outbox(&app, &person).await, [row("pending", 1)], "{mode:?}");
        app.advance(TimeDelta::seconds(4)).await;
        assert_eq!(outbox(&app, &person).await, [row("pending", 2)], "{mode:?}");
        app.smtp.set_mode_for(&person.email, Mode::Accept);
        app.advance(TimeDelta::minutes(1)).await;
        assert_eq!(outbox(&app, &person).await, [row("sent", 3)], "{mode:?}");
        assert_eq!(app.smtp.received_by(&person.email).len(), 1, "{mode:?}");
    }
}

#[actix_web::test]
async fn a_final_refusal_is_final() {
    let app = TestApp::start().await;
    for mode in [Mode::RefuseRecipient(550), Mode::RefuseData(554)] {
        let person = app.somebody("client");
        app.smtp.set_mode_for(&person.email, mode);
        person.register("client").await.expect(202);
        app.settle().await;
        assert_eq!(outbox(&app, &person).await, [row("dead", 1)], "{mode:?}");
        app.smtp.set_mode_for(&person.email, Mode::Accept);
        app.advance(TimeDelta::days(3)).await;
        assert_eq!(outbox(&app, &person).await, [row("dead", 1)], "{mode:?}");
        assert!(app.smtp.received_by(&person.email).is_empty(), "{mode:?}");
    }
}

#[actix_web::test]
async fn a_mail_sent_twice_has_one_name() {
    let app = TestApp::start().await;
    let person = app.somebody("client");
    app.smtp.set_mode_for(&person.email, Mode::DropAfterData);
    person.register("client").await.expect(202);
    app.settle().await;
    app.smtp.set_mode_for(&person.email, Mode::Accept);
    app.advance(TimeDelta::minutes(1)).await;
    let mails = app.mails(&person, VERIFY).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].token(), mails[1].token());
    assert_eq!(outbox(&app, &person).await, [row("sent", 2)]);
}

#[actix_web::test]
async fn a_stalled_recipient_holds_up_nobody_else() {
    let app = TestApp::with(&[("mail.deadline", "2")]).await;
    for point in [Point::Recipient, Point::Data] {
        let stalled = app.somebody("stalled");
        app.smtp.set_mode_for(&stalled.email, Mode::Stall(point));
        stalled.register("client").await.expect(202);
        let other = app.registered("developer").await;
        app.mail(&other, VERIFY).await;
        assert!(app.smtp.received_by(&stalled.email).is_empty());
        app.settle().await;
        assert_eq!(outbox(&app, &stalled).await, [row("pending", 1)]);
    }
}

#[actix_web::test]
async fn a_mail_server_that_is_down_delays_mail_and_nothing_else() {
    let app = TestApp::with(&[("mail.url", "smtp://127.0.0.1:1")]).await;
    let person = app.registered("client").await;
    app.settle().await;
    assert_eq!(outbox(&app, &person).await, [row("pending", 1)]);
    let app = app.another_node_with(&[("mail.url", &app.smtp.url())]).await;
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(app.mails(&person, VERIFY).await.len(), 1);
}

#[actix_web::test]
async fn after_two_days_a_mail_is_given_up() {
    let app = TestApp::start().await;
    app.smtp.set_mode(Mode::RefuseRecipient(451));
    let person = app.registered("client").await;
    for _ in 0..60 {
        app.advance(TimeDelta::hours(1)).await;
    }
    let rows = outbox(&app, &person).await;
    assert!(rows.len() == 1 && rows[0].0 == "dead" && rows[0].1 > 24, "{rows:?}");
}

#[actix_web::test]
async fn two_nodes_send_each_mail_once() {
    let app = TestApp::start().await;
    let other = app.another_node().await;
    let people: Vec<Person> = (0..30).map(|_| app.somebody("client")).collect();
    let sign_ups = people.iter().enumerate().map(|(number, person)| {
        let person = if number % 2 == 0 { person.clone() } else { person.at(&other.base()) };
        async move { person.register("client").await.expect(202) }
    });
    futures_util::future::join_all(sign_ups).await;
    tokio::join!(app.settle(), other.settle());
    let received = app.smtp.received();
    let ids: HashSet<String> = received.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((received.len(), ids.len()), (30, 30));
}

#[actix_web::test]
async fn a_mail_that_cannot_be_written_fails_alone() {
    let app = TestApp::start().await;
    let (first, second) = (app.registered("client").await, app.registered("client").await);
    app.settle().await;
    app.sql(format!(
        "UPDATE outbox SET state = 'pending', letter_json = '{{\"kind\":\"nonsense\"}}' WHERE recipient_email = '{}'",
        first.email
    ))
    .await;
    let injected = "UPDATE outbox SET state = 'pending', recipient_name = 'a\r\nBcc: evil@example.com' WHERE recipient_email = ";
    app.sql(format!("{injected}'{}'", second.email)).await;
    let third = app.registered("client").await;
    app.mail(&third, VERIFY).await;
    app.settle().await;
    assert_eq!(outbox(&app, &first).await[0].0, "dead");
    for mail in app.mails(&second, VERIFY).await {
        assert_eq!(mail.header("Bcc"), "", "{}", String::from_utf8_lossy(&mail.raw));
        assert_eq!(mail.recipients, std::slice::from_ref(&second.email));
    }
}

#[actix_web::test]
async fn names_are_escaped_in_mails() {
    let app = TestApp::start().await;
    let person = app.somebody("client");
    let name = "<img src=x onerror=alert(1)> \"A\" & 'B'";
    let body = serde_json::json!({ "email": person.email, "password": person.password, "role": "client", "name": name });
    person.post("/v1/auth/register", body).await.expect(202);
    let mail = app.mail(&person, VERIFY).await;
    assert!(!mail.html().contains("<img"), "{}", mail.html());
    assert!(mail.text().contains("http://localhost:8080/verify-email?token="));
    assert!(mail.html().contains("http://localhost:8080/verify-email?token="));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Bcc"), "");
}

#[actix_web::test]
async fn a_mail_server_that_does_not_even_greet_slows_down_nobody() {
    let app = TestApp::with(&[("mail.deadline", "2")]).await;
    let person = app.client().await;
    let usual = median_of_reads(&person).await;
    app.smtp.set_mode(Mode::Stall(Point::Greeting));
    let waiting: Vec<Person> = (0..12).map(|_| app.somebody("client")).collect();
    for each in &waiting {
        each.register("client").await.expect(202);
    }
    let stalled = median_of_reads(&person).await;
    assert!(stalled < usual * 3 + Duration::from_millis(20), "{stalled:?} instead of {usual:?}");
    app.smtp.set_mode(Mode::Accept);
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(1)).await;
    }
    for each in &waiting {
        assert_eq!(app.smtp.received_by(&each.email).len(), 1);
    }
}

async fn median_of_reads(person: &Person) -> Duration {
    let mut took = Vec::new();
    for _ in 0..31 {
        let begun = Moment::now();
        person.get("/v1/me").await.expect(200);
        took.push(begun.elapsed());
    }
    took.sort();
    took[15]
}

#[actix_web::test]
async fn the_mails_to_one_person_keep_their_order_and_hold_up_nobody_else() {
    let app = TestApp::start().await;
    let (person, other) = (app.somebody("client"), app.somebody("client"));
    app.smtp.set_mode_for(&person.email, Mode::RefuseRecipient(451));
    person.register("client").await.expect(202);
    app.settle().await;
    // The second mail is written while the first one waits for its next attempt.
    person.post("/v1/auth/verify-email/resend", json!({ "email": person.email })).await.expect(202);
    other.register("client").await.expect(202);
    app.settle().await;
    assert_eq!(outbox(&app, &person).await, [row("pending", 1), row("pending", 0)]);
    assert_eq!(outbox(&app, &other).await, [row("sent", 1)]);
    app.smtp.set_mode_for(&person.email, Mode::Accept);
    app.advance(TimeDelta::minutes(1)).await;
    let ids = app.smtp.received_by(&person.email).iter().map(|mail| mail.header("Message-ID")).collect::<Vec<_>>();
    assert!(ids.len() == 2 && ids.is_sorted(), "{ids:?}");
}

#[actix_web::test]
async fn a_backlog_drains_when_the_mail_server_is_back() {
    let database = TestDatabase::prepared().await;
    let server = SmtpServer::start().await;
    let proxy = Proxy::start(Target::Tcp(server.url().trim_start_matches("smtp://").to_owned()));
    let app = TestApp::on(database, &[("mail.url", &format!("smtp://{}", proxy.address))]).await;
    let people: Vec<Person> = (0..40).map(|_| app.somebody("client")).collect();
    for fault in [Fault::Down, Fault::CutReply(30)] {
        proxy.set(fault);
        let half = if fault == Fault::Down { &people[..20] } else { &people[20..] };
        for each in half {
            each.register("client").await.expect(202);
        }
        app.settle().await;
        assert!(server.received().is_empty());
    }
    proxy.set(Fault::None);
    for _ in 0..4 {
        app.advance(TimeDelta::minutes(2)).await;
    }
    for each in &people {
        assert_eq!(server.received_by(&each.email).len(), 1, "{}", each.email);
    }
}

/// Until when the mail to somebody is claimed, once that is not (or no longer) `before`.
async fn claimed(app: &TestApp, person: &Person, before: Option<Instant>) -> Instant {
    let claim = async {
        loop {
            let email = person.email.clone();
            let of_it = |conn: &mut Conn| dsl::outbox.filter(dsl::recipient_email.eq(email)).select(dsl::leased_until).first(conn);
            let until: Option<Instant> = app.read(of_it).await;
            if let Some(until) = until.filter(|_| until != before) {
                return until;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), claim).await.expect("a claim")
}

/// Sends no mail while the test looks: nothing is given up before its end.
const UNHURRIED: [(&str, &str); 1] = [("mail.deadline", "600")];

#[actix_web::test]
async fn what_a_dead_node_was_sending_is_taken_over_within_half_a_minute() {
    let mut app = TestApp::with(&UNHURRIED).await;
    let person = app.somebody("client");
    app.smtp.set_mode_for(&person.email, Mode::Stall(Point::Data));
    person.register("client").await.expect(202);
    claimed(&app, &person, None).await;
    app.die().await;
    app.smtp.set_mode_for(&person.email, Mode::Accept);
    let other = app.another_node().await;
    app.clock.advance(TimeDelta::seconds(10));
    assert!(other.house.notifications.claim(10).await.expect("claims").is_empty(), "it may still live");
    app.clock.advance(TimeDelta::seconds(20));
    other.settle().await;
    assert_eq!(outbox(&app, &person).await, [row("sent", 2)]);
    // What the dead node had said may have been enough for the mail server.
    let names: HashSet<String> = app.smtp.received_by(&person.email).iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(names.len(), 1);
}

#[actix_web::test]
async fn a_mail_server_that_takes_its_time_gets_each_mail_once() {
    let app = TestApp::with(&UNHURRIED).await;
    let other = app.another_node().await;
    let person = app.somebody("client");
    app.smtp.set_mode_for(&person.email, Mode::Hold);
    person.register("client").await.expect(202);
    let mut until = claimed(&app, &person, None).await;
    for _ in 0..2 {
        app.clock.advance(TimeDelta::seconds(14));
        until = claimed(&app, &person, Some(until)).await;
        assert!(other.house.notifications.claim(10).await.expect("claims").is_empty(), "whoever sends it is not done");
    }
    app.smtp.set_mode_for(&person.email, Mode::Accept);
    other.settle().await;
    assert_eq!(outbox(&app, &person).await, [row("sent", 1)]);
    assert_eq!(app.smtp.received_by(&person.email).len(), 1);
}

/// Mails that are called off, or that another node has taken over, are given up by whoever was at them, long before the deadline.
#[actix_web::test]
async fn an_attempt_whose_claim_is_lost_makes_room_for_others() {
    let app = TestApp::with(&UNHURRIED).await;
    // As many as are sent at once.
    let stalled: Vec<Person> = (0..8).map(|_| app.somebody("stalled")).collect();
    for person in &stalled {
        app.smtp.set_mode_for(&person.email, Mode::Stall(Point::Data));
        person.register("client").await.expect(202);
        claimed(&app, person, None).await;
    }
    assert_eq!(app.sql("UPDATE outbox SET state = 'cancelled' WHERE state = 'pending'").await, 8);
    let other = app.registered("developer").await;
    app.mail(&other, VERIFY).await;
    for person in &stalled {
        assert_eq!(outbox(&app, person).await, [row("cancelled", 1)]);
    }
}

#[actix_web::test]
async fn poisoned_rows_end_as_dead_letters_and_the_mailroom_lives() {
    let app = TestApp::start().await;
    let huge = "x".repeat(200_000);
    let poisons = [
        ("letter_json", "null"),
        ("letter_json", "{\"kind\":\"verify_email\"}"),
        ("letter_json", "{\"kind\":\"nonsense\"}"),
        ("letter_json", "not JSON"),
        ("recipient_email", "no address"),
        ("recipient_email", "two@example.com, three@example.com"),
        ("recipient_email", "a@example.com\r\nBcc: evil@example.com"),
        ("recipient_time_zone", "Nowhere/Land"),
        ("recipient_name", "a\r\nBcc: evil@example.com"),
        ("recipient_name", "\u{1}\u{7f}\u{202e}\u{0}"),
        ("recipient_name", huge.as_str()),
    ];
    let mut sent = 0;
    for (column, value) in poisons {
        let person = app.registered("client").await;
        app.settle().await;
        let before = app.smtp.received().len();
        // PostgreSQL holds no NUL, so that one comes without it.
        let value = if cluster().is_some() { value.replace('\0', "") } else { value.to_owned() };
        let email = person.email.clone();
        let poisoned = app.house.db.write(move |conn| {
            let statement = format!("UPDATE outbox SET state = 'pending', {column} = $1 WHERE recipient_email = $2");
            let update = diesel::sql_query(statement).bind::<Text, _>(value.as_str()).bind::<Text, _>(email.as_str());
            Ok(update.execute(conn)?)
        });
        assert_eq!(poisoned.await.expect("a poisoned row"), 1);
        app.settle().await;
        let state = app.read(|conn| dsl::outbox.order(dsl::id.desc()).select(dsl::state).first::<String>(conn)).await;
        let expected = if column == "recipient_name" { "sent" } else { "dead" };
        assert_eq!(state, expected, "{column}");
        sent += usize::from(expected == "sent");
        assert_eq!(app.smtp.received().len() - before, usize::from(expected == "sent"), "{column}");
    }
    assert_eq!(sent, 3);
    let headers = app.smtp.received().iter().map(|mail| mail.header("Bcc")).collect::<String>();
    assert_eq!(headers, "");
    let admin = app.admin().await;
    let dead = admin.get("/v1/admin/outbox?state=dead").await.expect(200);
    assert!(dead.at("/data").as_array().is_some_and(|dead| dead.len() == 8 && dead.iter().all(|mail| mail["last_error"].is_string())));
    app.registered("client").await;
}
