//! The audit log: what admins did and looked at, with the reason, and nobody else reads it.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::seeds::{Scene, act};
use crate::support::stories::{in_review, step};

const AUDIT: &str = "/v1/admin/audit";

#[actix_web::test]
async fn each_step_and_each_look_of_an_admin_is_written_down() {
    let scene = Scene::start().await;
    let (admin, other) = (scene.app.admin().await, scene.app.admin().await);
    let me = admin.get("/v1/me").await.text_at("/id");
    let someone = scene.app.profiled_developer().await;
    let application = in_review(&someone.person, &admin).await;
    let held = json!({ "reason_code": "other", "message": "Waits for a document." });
    step(&admin, &application, "hold", held.clone()).await.expect(200);
    step(&admin, &application, "hold", held).await.expect(409);
    admin.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    someone.person.get(&format!("/v1/vetting/applications/{application}")).await.expect(200);
    scene.app.clock.advance(TimeDelta::seconds(1));
    admin.get(&format!("/v1/developers/{}", someone.id)).await.expect(200);
    scene.client.get(&format!("/v1/developers/{}", scene.developer_id)).await.expect(200);
    admin.patch("/v1/skills/go", json!({ "name": "Go!" })).await.expect(200);
    let trial = scene.scheduled().await;
    act(&other, &trial, "cancel", json!({ "reason_code": "other", "message": "Both asked for it." })).await.expect(200);
    other.get(&format!("/v1/trials/{trial}")).await.expect(200);
    let all = admin.get(AUDIT).await.expect(200);
    let rows = all.at("/data").as_array().cloned().unwrap_or_default();
    let rows: Vec<_> = rows.into_iter().filter(|row| row["action"] != "auth.sign_in").collect();
    let told: Vec<_> = rows.iter().map(|row| (row["action"].as_str().unwrap_or_default(), row["reason"].as_str())).collect();
    assert_eq!(
        told,
        [
            ("trial.look", None),
            ("trial.cancel", Some("Both asked for it.")),
            ("skill.change", None),
            ("developer.look", None),
            ("vetting.look", None),
            ("vetting.hold", Some("Waits for a document.")),
            ("vetting.claim", None),
        ]
    );
    assert_eq!(rows[1]["details"], json!({ "reason_code": "other" }));
    assert!(rows[2..].iter().all(|row| row["actor"] == json!(me) && row["role"] == json!("admin")));
    let page = admin.get(&format!("{AUDIT}?actor={me}&limit=2")).await.expect(200);
    assert_eq!(page.at("/data"), &json!(rows[2..4]));
    let next = admin.get(&format!("{AUDIT}?actor={me}&limit=2&cursor={}", page.text_at("/next_cursor"))).await.expect(200);
    assert_eq!(next.at("/data"), &json!(rows[4..6]));
    let about = admin.get(&format!("{AUDIT}?subject={application}")).await.expect(200);
    assert_eq!(about.at("/data"), &json!(rows[4..]));
    let since = admin.get(&format!("{AUDIT}?since=2026-11-23T10:00:01Z")).await.expect(200);
    assert_eq!(since.at("/data"), &json!(rows[..4]));
    admin.get(&format!("{AUDIT}?actor=nobody")).await.expect(422);
}
