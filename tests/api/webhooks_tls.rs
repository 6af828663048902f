//! Webhooks over TLS: an event goes to whoever proves the name, and to nobody else; the log says why.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::endpoint::Endpoint;
use crate::support::person::Person;
use crate::support::seeds::draft;
use crate::support::tls::{AUTHORITY, ELSEWHERE, LOCALHOST, in_front_of};

/// A webhook to this host; its path.
async fn hook(client: &Person, host: &str) -> String {
    let made = client.post("/v1/webhooks", json!({ "url": format!("https://{host}/hooks") })).await.expect(201);
    format!("/v1/webhooks/{}", made.text_at("/id"))
}

/// The only delivery to a webhook.
async fn delivery(client: &Person, hook: &str) -> Value {
    let list = client.get(&format!("{hook}/deliveries")).await.expect(200);
    assert_eq!(list.json["data"].as_array().map(Vec::len), Some(1), "{}", list.text);
    list.json["data"][0].clone()
}

#[track_caller]
fn refused(delivery: &Value, why: &str) {
    let told = (&delivery["state"], &delivery["attempts"], &delivery["answered"]);
    assert_eq!(told, (&json!("pending"), &json!(1), &Value::Null), "{delivery}");
    let error = delivery["last_error"].as_str().expect("why");
    assert!(error.starts_with("no answer: ") && error.contains(why), "{error}");
}

#[actix_web::test]
async fn an_event_goes_over_tls_to_whoever_proves_the_name() {
    let app = TestApp::with(&[("webhooks.extra_ca", AUTHORITY)]).await;
    let client = app.client().await;
    let (ours, theirs) = (Endpoint::start(), Endpoint::start());
    let proven = hook(&client, &in_front_of(ours.address(), LOCALHOST).await).await;
    let other = hook(&client, &in_front_of(theirs.address(), ELSEWHERE).await).await;
    draft(&client, json!({})).await;
    app.settle().await;
    let delivered = delivery(&client, &proven).await;
    assert_eq!((&delivered["state"], &delivered["answered"]), (&json!("delivered"), &json!(204)), "{delivered}");
    assert_eq!(ours.kinds(), ["job_request.create"]);
    refused(&delivery(&client, &other).await, "not valid for name \"localhost\"");
    assert_eq!(theirs.hits().len(), 0, "nothing was sent before the name was proven");
}

#[actix_web::test]
async fn an_authority_that_nobody_has_named_is_not_trusted() {
    let app = TestApp::start().await;
    let (client, endpoint) = (app.client().await, Endpoint::start());
    let hook = hook(&client, &in_front_of(endpoint.address(), LOCALHOST).await).await;
    draft(&client, json!({})).await;
    app.settle().await;
    refused(&delivery(&client, &hook).await, "UnknownIssuer");
    assert_eq!(endpoint.hits().len(), 0);
}
