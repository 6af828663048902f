//! The OpenAPI document: the committed copy is current, and says everything that it should (reliability R58).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};

use guildhall::kernel::text::FORMATS;
use guildhall::server::openapi_json;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::support::schemas::resolve;

/// Formats that bound the length of a text by themselves.
const BOUNDED: [&str; 10] =
    ["email", "date", "past-date", "date-time", "time-of-day", "time-zone", "country", "currency", "language", "uuid"];

/// Actions that take no reason, each with why.
const WITHOUT_REASON: [(&str, &str); 3] = [
    ("/v1/auth/providers/{name}/finish", "whoever signs in does nothing to a provider, and nobody asks why"),
    ("/v1/auth/providers/{name}/link", "another way to sign in, for oneself"),
    ("/v1/auth/providers/{name}/start", "the first half of signing in"),
];

fn document() -> Value {
    serde_json::from_str(&openapi_json().expect("a document")).expect("JSON")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Every operation with its name, such as `GET /v1/me`.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = members(&document["paths"]);
    paths
        .flat_map(|(path, item)| members(item).map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation)))
        .collect()
}

#[test]
fn the_committed_document_is_current() {
    let committed = include_str!("../openapi.json");
    let current = openapi_json().expect("a document");
    assert!(committed.trim_end() == current.trim_end(), "tests/openapi.json is out of date: cargo run -- openapi > tests/openapi.json");
}

#[test]
fn every_operation_introduces_itself() {
    let document = document();
    let (mut ids, mut wrong) = (HashSet::new(), Vec::new());
    for (name, operation) in operations(&document) {
        let mut insist = |fine: bool, what: &str| {
            if !fine {
                wrong.push(format!("{name} {what}"));
            }
        };
        let text = |member: &str| operation[member].as_str().unwrap_or_default();
        insist(!text("summary").is_empty(), "has no summary");
        let words = format!("{} {}", text("summary"), text("description"));
        insist(words.contains("Role:") || words.contains("Roles:"), "does not say for whom it is (Role: …)");
        insist(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "has no tag, or several");
        insist(!text("operationId").is_empty() && ids.insert(text("operationId").to_owned()), "has no id of its own");
        for (status, response) in members(&operation["responses"]) {
            let response = resolve(&document, response);
            insist(response["description"].as_str().is_some_and(|words| !words.is_empty()), &format!("{status} is not described"));
            let problem = response["content"].get("application/problem+json").is_some();
            insist(problem == (status.as_str() >= "400"), &format!("{status} is a problem, or is none"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_body_and_every_answer_has_an_example_that_its_schema_takes() {
    let document = document();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (name, operation) in operations(&document) {
        let answers = members(&operation["responses"]).map(|(status, answer)| (status.as_str(), &resolve(&document, answer)["content"]));
        for (what, content) in answers.chain([("the body", &operation["requestBody"]["content"])]) {
            for (kind, content) in members(content) {
                seen += 1;
                let faults = faults(&document, &content["schema"], &content["example"]);
                wrong.extend(faults.into_iter().map(|fault| format!("{name}, {what}, {kind}: {fault}")));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 1500, "{wrong:#?}");
}

/// Something that is done to a thing: a POST whose path ends in a word after the thing. Where the word can be read, it is a list of what
/// belongs to the thing, and the POST adds to it.
fn is_action(path: &str, item: &Value) -> bool {
    let (thing, word) = path.rsplit_once('/').unwrap_or_default();
    item["post"].is_object() && thing.ends_with('}') && !word.starts_with('{') && !item["get"].is_object()
}

#[test]
fn every_action_takes_a_reason() {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).expect("JSON");
    let takes_a_reason = |action: &Value| {
        let schema = resolve(&document, &action["requestBody"]["content"]["application/json"]["schema"]);
        ["reason_code", "message"].iter().all(|name| schema["properties"][name].is_object())
    };
    let actions = members(&document["paths"]).filter(|(path, item)| is_action(path, item));
    let lacking: Vec<&str> = actions.filter(|(_, item)| !takes_a_reason(&item["post"])).map(|(path, _)| path.as_str()).collect();
    assert_eq!(lacking, WITHOUT_REASON.map(|(path, _)| path), "these lack `reason_code` or `message`");
}

/// What a schema has against a value, with the formats of our own.
fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().expect("nobody panicked");
    let validator = known.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": { "schemas": document["components"]["schemas"] } });
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let options = FORMATS.iter().fold(options, |options, format| options.with_format(format.name, format.fits));
        Arc::new(options.build(&whole).expect("a schema"))
    });
    validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
}

/// What is wrong with the schemas that a request can reach.
struct Walk<'a> {
    document: &'a Value,
    seen: HashSet<String>,
    wrong: Vec<String>,
}

impl Walk<'_> {
    fn visit(&mut self, place: &str, schema: &Value) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.document.pointer(reference.trim_start_matches('#'));
            match target.cloned() {
                Some(target) if self.seen.insert(reference.to_owned()) => self.visit(reference, &target),
                Some(_) => {}
                None => self.wrong.push(format!("{place}: {reference} leads nowhere")),
            }
            return;
        }
        for alternatives in ["oneOf", "anyOf", "allOf"] {
            for (number, each) in schema[alternatives].as_array().into_iter().flatten().enumerate() {
                self.visit(&format!("{place}/{alternatives}/{number}"), each);
            }
        }
        let Some(object) = schema.as_object() else { return };
        let is = |kind: &str| match &object.get("type") {
            Some(Value::String(only)) => only == kind,
            Some(Value::Array(several)) => several.iter().any(|each| each == kind),
            _ => false,
        };
        self.check(place, object, is);
        for (name, property) in object.get("properties").into_iter().flat_map(members) {
            self.visit(&format!("{place}/{name}"), property);
        }
        if let Some(items) = object.get("items") {
            self.visit(&format!("{place}/items"), items);
        }
    }

    fn check(&mut self, place: &str, object: &Map<String, Value>, is: impl Fn(&str) -> bool) {
        let has = |name: &str| object.contains_key(name);
        let bounded = object.get("format").and_then(Value::as_str).is_some_and(|format| BOUNDED.contains(&format));
        let mut insist = |fine: bool, what: &str| {
            if !fine {
                self.wrong.push(format!("{place} {what}"));
            }
        };
        if is("object") && has("properties") {
            insist(object.get("additionalProperties") == Some(&Value::Bool(false)), "takes members that it does not know");
        }
        if is("string") {
            insist(has("enum") || has("const") || has("maxLength") || bounded || has("pattern"), "has no longest text");
        }
        if is("array") {
            insist(has("maxItems"), "has no largest number of entries");
        }
        if is("integer") || is("number") {
            insist((has("minimum") || has("exclusiveMinimum")) && (has("maximum") || has("exclusiveMaximum")), "has no range");
        }
    }
}

#[test]
fn everything_that_a_request_carries_is_bounded() {
    let document = document();
    let mut walk = Walk { document: &document, seen: HashSet::new(), wrong: Vec::new() };
    for (name, operation) in operations(&document) {
        for (kind, content) in members(&operation["requestBody"]["content"]) {
            walk.visit(&format!("{name} {kind}"), &content["schema"]);
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            walk.visit(&format!("{name} {}", parameter["name"]), &parameter["schema"]);
        }
    }
    assert!(walk.wrong.is_empty(), "{:#?}", walk.wrong);
}
