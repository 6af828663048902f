//! The skill catalogue: found by any spelling, changed by admins only.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::stories::{job_body, open_job, profile_body};

fn slugs(answer: &Answer) -> Vec<String> {
    let rows = answer.at("/data").as_array().expect("a list");
    rows.iter().map(|skill| skill["slug"].as_str().expect("a slug").to_owned()).collect()
}

async fn found(person: &Person, query: &str) -> Vec<String> {
    slugs(&person.get(&format!("/v1/skills?{query}")).await.expect(200))
}

fn skill(slug: &str) -> Value {
    json!({ "slug": slug, "name": slug.to_uppercase(), "category": "tooling", "aliases": [format!("{slug} of the guild")] })
}

fn weight_of(answer: &Answer, slug: &str) -> Option<f64> {
    let substitutes = answer.at("/substitutes").as_array().expect("a list");
    substitutes.iter().find(|each| each["slug"] == slug).and_then(|each| each["weight"].as_f64())
}

#[actix_web::test]
async fn every_spelling_finds_the_skill() {
    let app = TestApp::start().await;
    let anybody = app.anonymous();
    for (written, slug) in [
        ("golang", "go"),
        ("Go%20%20Lang", "go"),
        ("k8s", "kubernetes"),
        ("K8S", "kubernetes"),
        ("kuberntees", "kubernetes"),
        ("golnag", "go"),
        ("postgress", "postgresql"),
        ("kubern", "kubernetes"),
        ("c%2B%2B", "cpp"),
    ] {
        assert_eq!(found(&anybody, &format!("q={written}")).await.first().map(String::as_str), Some(slug), "{written}");
    }
    assert_eq!(found(&anybody, "q=go").await.first().map(String::as_str), Some("go"), "what is named exactly comes first");
    assert_eq!(found(&anybody, "q=qqqqqqqqqqqq").await, Vec::<String>::new());
    assert_eq!(found(&anybody, "q=%25").await, Vec::<String>::new(), "no pattern of SQL");
}

#[actix_web::test]
async fn pages_of_a_category_are_whole_and_stable() {
    let app = TestApp::start().await;
    let (admin, anybody) = (app.admin().await, app.anonymous());
    let all = found(&anybody, "category=database&limit=100").await;
    assert!(all.len() > 20 && all.contains(&"postgresql".to_owned()) && !all.contains(&"go".to_owned()));
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = anybody.get(&format!("/v1/skills?category=database&limit=7{cursor}")).await.expect(200);
        assert!(slugs(&page).len() <= 7);
        paged.extend(slugs(&page));
        // What is put in before the place where a reader is moves nothing.
        if paged.len() == 7 {
            let early = json!({ "slug": "0-early-store", "name": "Early Store", "category": "database" });
            admin.post("/v1/skills", early).await.expect(201);
        }
        let Some(next) = page.at("/next_cursor").as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    assert_eq!(found(&anybody, "category=no-such").await, Vec::<String>::new());
    for bad in ["cursor=nonsense", "limit=0", "limit=101", "limit=x", "unknown=1"] {
        let answer = anybody.get(&format!("/v1/skills?{bad}")).await;
        assert!([400, 422].contains(&answer.status), "{bad}: {}", answer.text);
    }
}

#[actix_web::test]
async fn a_skill_is_shown_with_what_it_relates_to() {
    let app = TestApp::start().await;
    let anybody = app.anonymous();
    let kafka = anybody.get("/v1/skills/apache-kafka").await.expect(200);
    assert_eq!((kafka.text_at("/slug"), kafka.text_at("/name")), ("kafka".to_owned(), "Apache Kafka".to_owned()));
    assert_eq!((weight_of(&kafka, "redpanda"), weight_of(&kafka, "nats")), (Some(0.95), Some(0.65)));
    let weights: Vec<f64> = kafka.at("/substitutes").as_array().into_iter().flatten().filter_map(|each| each["weight"].as_f64()).collect();
    assert!(weights.is_sorted_by(|left, right| left >= right), "{weights:?}");
    assert!(!kafka.header("etag").is_empty());
    let back = anybody.get("/v1/skills/redpanda").await.expect(200);
    assert_eq!(weight_of(&back, "kafka"), Some(0.95), "what stands in does so both ways");
    let go = anybody.get("/v1/skills/golang").await.expect(200);
    assert!(!go.at("/often_used_with").as_array().expect("a list").is_empty());
    anybody.get("/v1/skills/no-such-skill").await.problem(404, "not-found");
}

#[actix_web::test]
async fn only_admins_change_the_catalogue() {
    let app = TestApp::start().await;
    for person in [app.client().await, app.developer().await, app.anonymous()] {
        let status = if person.access.is_empty() { 401 } else { 403 };
        let path = "/v1/skills/go";
        person.post("/v1/skills", skill("guildlang")).await.expect(status);
        person.patch(path, json!({ "name": "Gone" })).await.expect(status);
        person.delete(path).await.expect(status);
        person.put(&format!("{path}/substitutes"), json!({ "substitutes": [] })).await.expect(status);
        person.post(&format!("{path}/merge"), json!({ "into": "rust" })).await.expect(status);
    }
    let go = app.anonymous().get("/v1/skills/go").await.expect(200);
    assert_eq!(go.text_at("/name"), "Go");
}

#[actix_web::test]
async fn an_admin_adds_changes_and_removes_a_skill() {
    let app = TestApp::start().await;
    let (admin, anybody) = (app.admin().await, app.anonymous());
    let made = admin.post("/v1/skills", skill("guildlang")).await.expect(201);
    assert_eq!((made.header("etag"), made.header("location")), ("\"1\"", "/v1/skills/guildlang"));
    assert_eq!(made.at("/aliases"), &json!(["guildlang of the guild"]));
    assert_eq!(found(&anybody, "q=guildlang%20of%20the%20guild").await, ["guildlang"]);
    admin.post("/v1/skills", skill("guildlang")).await.problem(409, "conflict");

    let changed = admin.with("if-match", "\"1\"").patch("/v1/skills/guildlang", json!({ "aliases": ["GL  Next"] })).await.expect(200);
    assert_eq!((changed.header("etag"), changed.at("/aliases")), ("\"2\"", &json!(["gl next"])));
    assert_eq!((changed.text_at("/name"), changed.text_at("/category")), ("GUILDLANG".to_owned(), "tooling".to_owned()));
    admin.with("if-match", "\"1\"").patch("/v1/skills/guildlang", json!({ "name": "Late" })).await.problem(412, "stale-version");
    admin.patch("/v1/skills/guildlang", json!({ "slug": "other" })).await.faults(&["/slug"]);
    admin.patch("/v1/skills/no-such-skill", json!({ "name": "X" })).await.problem(404, "not-found");
    assert_eq!(anybody.get("/v1/skills/gl%20next").await.expect(200).text_at("/slug"), "guildlang");
    anybody.get("/v1/skills/guildlang%20of%20the%20guild").await.problem(404, "not-found");

    admin.with("if-match", "\"1\"").delete("/v1/skills/guildlang").await.problem(412, "stale-version");
    admin.delete("/v1/skills/guildlang").await.expect(204);
    admin.delete("/v1/skills/guildlang").await.problem(404, "not-found");
    anybody.get("/v1/skills/guildlang").await.problem(404, "not-found");
}

#[actix_web::test]
async fn a_spelling_names_one_skill_only() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let taken = json!({ "slug": "guildlang", "name": "PostgreSQL", "category": "language", "aliases": ["fine", "Golang", "K8S"] });
    admin.post("/v1/skills", taken).await.faults(&["/aliases/1", "/aliases/2", "/name"]);
    let alias = json!({ "slug": "golang", "name": "Another Go", "category": "language" });
    let answer = admin.post("/v1/skills", alias).await.faults(&["/slug"]);
    assert!(answer.text.contains("`go`"), "{}", answer.text);
    admin.patch("/v1/skills/rust", json!({ "aliases": ["golang"] })).await.faults(&["/aliases/0"]);
    let wrong = json!({ "slug": "No Slug", "name": "two\nlines", "category": "A B", "aliases": ["two\nlines"], "vip": true });
    admin.post("/v1/skills", wrong).await.faults(&["/aliases/0", "/category", "/name", "/slug", "/vip"]);
    admin.post("/v1/skills", json!({})).await.faults(&["/category", "/name", "/slug"]);
}

#[actix_web::test]
async fn admins_say_what_stands_in_for_what() {
    let app = TestApp::start().await;
    let (admin, anybody) = (app.admin().await, app.anonymous());
    let path = "/v1/skills/go/substitutes";
    let list = json!({ "substitutes": [{ "slug": "rust", "weight": 0.7 }, { "slug": "k8s", "weight": 0.5 }] });
    let go = admin.put(path, list).await.expect(200);
    assert_eq!((weight_of(&go, "rust"), weight_of(&go, "kubernetes")), (Some(0.7), Some(0.5)));
    assert_eq!(weight_of(&anybody.get("/v1/skills/rust").await, "go"), Some(0.7));
    let go = admin.put(path, json!({ "substitutes": [{ "slug": "rust", "weight": 0.6 }] })).await.expect(200);
    assert_eq!((weight_of(&go, "rust"), weight_of(&go, "kubernetes")), (Some(0.6), None));
    assert_eq!(weight_of(&anybody.get("/v1/skills/kubernetes").await, "go"), None);
    let wrong = json!({ "substitutes": [
        { "slug": "golang", "weight": 0.6 }, { "slug": "rustt", "weight": 0.6 }, { "slug": "rust", "weight": 0.6 },
        { "slug": "rust", "weight": 0.6 },
    ] });
    let answer = admin.put(path, wrong).await.faults(&["/substitutes/0/slug", "/substitutes/1/slug", "/substitutes/3/slug"]);
    assert!(answer.text.contains("did you mean rust"), "{}", answer.text);
    let weights = json!({ "substitutes": [{ "slug": "rust", "weight": 0.4 }, { "slug": "rust", "weight": 1.0 }] });
    admin.put(path, weights).await.faults(&["/substitutes/0/weight", "/substitutes/1/weight"]);
}

#[actix_web::test]
async fn no_merge_gives_a_skill_more_spellings_than_it_may_have() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (slug, aliases) in [("guildlang", 150), ("guildtool", 50), ("guildkit", 49)] {
        let aliases: Vec<String> = (0..aliases).map(|index| format!("{slug} {index}")).collect();
        admin.post("/v1/skills", json!({ "slug": slug, "name": slug, "category": "tooling", "aliases": aliases })).await.expect(201);
    }
    let too_many = admin.post("/v1/skills/guildtool/merge", json!({ "into": "guildlang" })).await.problem(409, "conflict");
    assert_eq!(too_many.text_at("/detail"), "`guildlang` would have more than 200 other spellings: take some from one of the two first.");
    let stays = admin.post("/v1/skills/guildkit/merge", json!({ "into": "guildlang" })).await.expect(200);
    assert_eq!(stays.at("/aliases").as_array().map(Vec::len), Some(200));
    admin.patch("/v1/skills/guildlang", json!({ "name": "Guildlang" })).await.expect(200);
    admin.get("/v1/skills/guildtool").await.expect(200);
}

#[actix_web::test]
pub async fn a_merge_takes_along_whoever_uses_the_skill() {
    let app = TestApp::start().await;
    let (admin, client, anybody) = (app.admin().await, app.client().await, app.anonymous());
    for slug in ["guildlang", "guildtool"] {
        admin.post("/v1/skills", skill(slug)).await.expect(201);
    }
    let mut profile = profile_body();
    profile["skills"] = json!([{ "slug": "guildlang", "level": 5, "years": 2 }, { "slug": "guildtool", "level": 3, "years": 7 }]);
    let developer = app.developer_with(profile).await.person;
    let mut job = job_body();
    job["skills"] = json!([{ "slug": "guildlang", "min_level": 2, "must": true }]);
    let job = open_job(&client, job).await;
    admin.delete("/v1/skills/guildlang").await.problem(409, "conflict");
    admin.post("/v1/skills/guildlang/merge", json!({ "into": "guildlang" })).await.faults(&["/into"]);
    admin.post("/v1/skills/guildlang/merge", json!({ "into": "no-such-skill" })).await.faults(&["/into"]);
    admin.post("/v1/skills/no-such-skill/merge", json!({ "into": "go" })).await.problem(404, "not-found");

    let stays = admin.post("/v1/skills/guildlang/merge", json!({ "into": "guildtool" })).await.expect(200);
    assert_eq!(stays.at("/aliases"), &json!(["guildlang", "guildlang of the guild", "guildtool of the guild"]));
    let profile = developer.get("/v1/developers/me").await.expect(200);
    assert_eq!(profile.at("/skills"), &json!([{ "slug": "guildtool", "level": 5, "years": 7.0 }]));
    assert_eq!(profile.header("etag"), "\"2\"");
    let job = client.get(&format!("/v1/job-requests/{job}")).await.expect(200);
    assert_eq!(job.at("/skills/0/slug"), "guildtool");
    assert_eq!(anybody.get("/v1/skills/guildlang").await.expect(200).text_at("/slug"), "guildtool");
}

#[actix_web::test]
async fn of_many_who_add_the_same_skill_one_does() {
    let app = TestApp::start().await;
    let (admin, another_node) = (app.admin().await, app.another_node().await);
    let both = [admin.clone(), admin.at(&another_node.base())];
    let answers = join_all((0..8).map(|index| both[index % 2].post("/v1/skills", skill("guildlang")))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(409)), (1, 7), "{answers:#?}");
    let shown = both[1].get("/v1/skills/guildlang").await.expect(200);
    assert_eq!(shown.text_at("/slug"), "guildlang");
}
