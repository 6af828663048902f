//! Mail through the whole house, with a mail server that misbehaves (reliability R78–R81; R48).

use std::collections::HashSet;

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::db::schema::outbox::dsl;

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::smtp::{Mode, Point};

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
