//! The server's own pages behind the links in mails (reliability R22, R23, R47).

use std::collections::BTreeSet;

use guildhall::kernel::words::Word as _;
use guildhall::notifications::domain::LetterKind;
use guildhall::notifications::previews::preview;
use guildhall::web::examples::ahead;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;

const SCRIPT: &str = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";

#[track_caller]
fn page(answer: Answer, status: u16) -> Answer {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.request);
    assert!(answer.header("content-security-policy").contains("form-action 'self'"), "{}", answer.request);
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(!answer.text.contains("<script"), "{}", answer.text);
    answer
}

#[actix_web::test]
async fn a_mail_link_is_opened_any_number_of_times_and_its_button_works_once() {
    let app = TestApp::start().await;
    let person = app.registered("client").await;
    let token = app.mail(&person, "Verify your e-mail").await.token();
    for _ in 0..3 {
        let opened = page(person.get(&format!("/verify-email?token={token}")).await, 200);
        assert!(opened.text.contains(&format!("value=\"{token}\"")), "{}", opened.text);
        person.login(&person.password).await.expect(401);
    }
    assert!(page(person.submit("/verify-email", &[("token", &token)]).await, 200).text.contains("verified"));
    person.login(&person.password).await.expect(200);
    assert!(page(person.submit("/verify-email", &[("token", &token)]).await, 422).text.contains("not good any more"));
}

#[actix_web::test]
async fn a_password_is_chosen_on_a_page() {
    let app = TestApp::start().await;
    let person = app.verified("client").await;
    person.post("/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let token = app.mail(&person, "Reset your password").await.token();
    page(person.get(&format!("/reset-password?token={token}")).await, 200);
    let refused = page(person.submit("/reset-password", &[("token", &token), ("password", "password")]).await, 422);
    assert!(refused.text.contains("too easy") && refused.text.contains(&token), "{}", refused.text);
    page(person.submit("/reset-password", &[("token", &token), ("password", "nine purple umbrellas")]).await, 200);
    person.login("nine purple umbrellas").await.expect(200);
}

#[actix_web::test]
async fn an_invitation_is_accepted_on_a_page() {
    let app = TestApp::start().await;
    let (owner, guest) = (app.client().await, app.somebody("guest"));
    owner.post("/v1/organization/members", json!({ "email": guest.email })).await.expect(202);
    let token = app.mail(&guest, "Invitation").await.token();
    page(guest.get(&format!("/invitation?token={token}")).await, 200);
    for name in ["", " ", "a\u{202e}b", &"x".repeat(121)] {
        page(guest.submit("/invitation", &[("token", &token), ("name", name), ("password", &guest.password)]).await, 422);
    }
    page(guest.submit("/invitation", &[("token", &token), ("name", "A guest"), ("password", &guest.password)]).await, 200);
    guest.sign_in().await;
}

#[actix_web::test]
async fn what_a_link_carries_is_escaped() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for path in ["/verify-email", "/reset-password", "/invitation"] {
        page(nobody.get(&format!("{path}?token={SCRIPT}")).await, 200);
        page(nobody.get(path).await, 200);
        page(
            nobody
                .submit(path, &[("token", "\"><script>alert(1)</script>"), ("name", "A guest"), ("password", "nine purple umbrellas")])
                .await,
            422,
        );
        nobody.get(&format!("{path}?token=%ff")).await;
        nobody.submit(path, &[("name", "x")]).await.problem(400, "malformed-request");
        nobody.submit(path, &[("token", &"x".repeat(5000))]).await.problem(400, "malformed-request");
    }
}

/// Where the links of all mails lead, below the house or a frontend.
fn links() -> BTreeSet<String> {
    let mut links = BTreeSet::new();
    for kind in LetterKind::ALL {
        for mail in preview(*kind, "house:").expect("a mail") {
            let found = mail.text.split_whitespace().filter_map(|word| word.strip_prefix("house:")).map(ToOwned::to_owned);
            links.extend(found);
        }
    }
    assert!(links.len() > 8, "{links:?}");
    links
}

#[actix_web::test]
async fn no_link_of_any_mail_is_dead() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for link in links() {
        let path = link.split('?').next().unwrap_or_default();
        page(nobody.get(path).await, 200);
        nobody.delete(path).await.expect(405);
    }
}

#[test]
fn a_frontend_is_told_of_every_page_to_which_mails_lead() {
    // An id is the part with an underscore.
    let pattern = |link: &str| {
        let (path, token) = link.split_once("?token=").map_or((link, ""), |(path, _)| (path, "?token=…"));
        let parts = path.split('/').map(|part| if part.contains('_') { "{id}" } else { part });
        format!("{}{token}", parts.collect::<Vec<_>>().join("/"))
    };
    let (_, list) = include_str!("../../docs/frontend.md").split_once("## Where mails lead\n").expect("the pages");
    let (list, _) = list.split_once("\n## ").expect("their end");
    let told = list.lines().filter_map(|row| row.strip_prefix("| `/")?.split('`').next()).map(|rest| format!("/{rest}"));
    let (told, needed): (BTreeSet<String>, BTreeSet<String>) = (told.collect(), links().iter().map(|link| pattern(link)).collect());
    assert_eq!(told, needed, "docs/frontend.md tells where mails lead");
}

#[actix_web::test]
async fn the_documentation_is_served_without_anything_from_elsewhere() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let docs = nobody.get("/docs").await.expect(200);
    assert!(!docs.text.contains("http"), "{}", docs.text);
    for asset in ["/docs/scalar.js", "/docs/start.js"] {
        assert!(docs.text.contains(asset));
        assert_eq!(nobody.get(asset).await.expect(200).header("content-type"), "text/javascript; charset=utf-8");
    }
    let served = nobody.get("/openapi.json").await.expect(200);
    let committed = guildhall::server::openapi_json().expect("a document");
    assert_eq!(served.text, ahead(&committed, app.house.clock.now().utc().date_naive()));
}
