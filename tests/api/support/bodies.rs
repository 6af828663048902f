//! JSON made after the schema of a type: mostly as it should be, often at a limit, and now and then spoiled in one place or more.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::support::parsers::Published;

/// How deep a body nests: schemas that mention themselves end here.
const DEPTH: usize = 8;
/// One of so many values is spoiled.
const SPOILED: u32 = 40;

/// A member of an object, or none.
type Member = Option<(String, Value)>;

/// Makes bodies of one type.
#[derive(Clone)]
pub struct Bodies {
    schema: Arc<Value>,
    known: Arc<BTreeMap<String, Value>>,
}

impl Bodies {
    /// Of a type.
    pub fn of((schema, mentioned): Published) -> Self {
        let known = mentioned.into_iter().map(|(name, schema)| (format!("#/components/schemas/{name}"), json!(schema))).collect();
        Self { schema: Arc::new(json!(schema)), known: Arc::new(known) }
    }

    /// Of a schema that has its own definitions.
    pub fn of_schema(schema: Value) -> Self {
        let parts = schema["definitions"].as_object().cloned().unwrap_or_default();
        let known = parts.into_iter().map(|(name, part)| (format!("#/definitions/{name}"), part)).collect();
        Self { schema: Arc::new(schema), known: Arc::new(known) }
    }

    /// Bodies.
    pub fn values(&self) -> BoxedStrategy<Value> {
        self.value(&self.schema, DEPTH)
    }

    fn value(&self, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
        let good = if depth == 0 { Just(Value::Null).boxed() } else { self.good(schema, depth - 1) };
        prop_oneof![SPOILED => good, 1 => spoiled()].boxed()
    }

    fn good(&self, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
        if let Some(known) = schema["$ref"].as_str().and_then(|reference| self.known.get(reference)) {
            return self.value(known, depth);
        }
        if let Some(words) = schema["enum"].as_array() {
            return select(words.clone()).boxed();
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(schemas) = schema[choice].as_array().filter(|schemas| !schemas.is_empty()) {
                let schemas: Vec<BoxedStrategy<Value>> = schemas.iter().map(|schema| self.value(schema, depth)).collect();
                return prop::strategy::Union::new(schemas).boxed();
            }
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let kinds = kinds.into_iter().map(|kind| self.of_kind(kind, schema, depth)).collect::<Vec<_>>();
        if kinds.is_empty() { spoiled() } else { prop::strategy::Union::new(kinds).boxed() }
    }

    fn of_kind(&self, kind: &str, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
        match kind {
            "object" => self.object(schema, depth),
            "array" => {
                let most = schema["maxItems"].as_u64().unwrap_or(4).min(4);
                let least = schema["minItems"].as_u64().unwrap_or(0).min(most);
                let lengths = usize::try_from(least).unwrap_or(0)..=usize::try_from(most).unwrap_or(4);
                prop::collection::vec(self.value(&schema["items"], depth), lengths).prop_map(Value::Array).boxed()
            }
            "string" => text(schema),
            "integer" => whole(schema),
            "number" => prop_oneof![whole(schema), (0.0..100.0_f64).prop_map(|number| json!(number))].boxed(),
            "boolean" => any::<bool>().prop_map(Value::Bool).boxed(),
            _ => Just(Value::Null).boxed(),
        }
    }

    /// Members that are required are nearly always there, others half the time.
    fn object(&self, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
        let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|each| each == name));
        let members = schema["properties"].as_object().into_iter().flatten();
        let members: Vec<_> = members
            .map(|(name, schema)| {
                let there = prop::bool::weighted(if required(name) { 0.99 } else { 0.5 });
                (there, Just(name.clone()), self.value(schema, depth)).prop_map(|(there, name, value)| there.then_some((name, value)))
            })
            .collect();
        let foreign = prop::option::weighted(0.02, ("[a-z_]{1,12}", spoiled()));
        let together = |(members, foreign): (Vec<Member>, Member)| {
            Value::Object(members.into_iter().chain([foreign]).flatten().collect::<Map<_, _>>())
        };
        (members, foreign).prop_map(together).boxed()
    }
}

/// At a limit, beside it, or anywhere.
fn whole(schema: &Value) -> BoxedStrategy<Value> {
    let limit =
        |name: &str, otherwise: i64| schema[name].as_i64().or_else(|| schema[name].as_f64().map(|limit| limit as i64)).unwrap_or(otherwise);
    let (least, most) = (limit("minimum", 0), limit("maximum", 1000));
    let most = most.max(least);
    let limits = select(vec![least, most, least.saturating_sub(1), most.saturating_add(1)]);
    prop_oneof![6 => (least..=most).prop_map(|number| json!(number)), 1 => limits.prop_map(|number| json!(number))].boxed()
}

fn text(schema: &Value) -> BoxedStrategy<Value> {
    let good: BoxedStrategy<String> = match (schema["format"].as_str(), schema["pattern"].as_str()) {
        (_, Some(pattern)) => {
            proptest::string::string_regex(pattern.trim_matches(['^', '$'])).map_or_else(|_| any::<String>().boxed(), Strategy::boxed)
        }
        (Some("email"), _) => "[a-z]{1,8}@[a-z]{1,8}\\.(example|org)".boxed(),
        (Some("date" | "past-date"), _) => "(19[3-9][0-9]|20[0-9]{2}|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])".boxed(),
        (Some("date-time"), _) => {
            "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|\\+[01][0-9]:00)".boxed()
        }
        (Some("time-of-day"), _) => "[0-2][0-9]:[0-5][0-9]".boxed(),
        (Some("time-zone"), _) => {
            select(vec!["UTC", "Europe/London", "America/Santiago", "Pacific/Apia", "Asia/Kathmandu", "EST"]).prop_map(String::from).boxed()
        }
        (Some("country"), _) => select(vec!["DE", "BR", "US", "XX", "de"]).prop_map(String::from).boxed(),
        (Some("currency"), _) => select(vec!["USD", "EUR", "JPY", "XAU", "usd"]).prop_map(String::from).boxed(),
        (Some("language"), _) => select(vec!["en", "EN", "pt-BR", "zh-Hant-TW", "xx", "en-"]).prop_map(String::from).boxed(),
        (Some("web-link"), _) => "https?://[a-z]{1,8}\\.example/[a-z]{0,5}".boxed(),
        _ => prop_oneof!["[ -~]{0,40}", "\\PC{0,30}", select(vec!["go", "postgresql", "k8s", "golang"]).prop_map(String::from)].boxed(),
    };
    let longest = usize::try_from(schema["maxLength"].as_u64().unwrap_or(200)).unwrap_or(200);
    let long = (0..3_usize).prop_map(move |more| "\u{e4}".repeat((longest + more).saturating_sub(1)));
    prop_oneof![20 => good, 1 => long, 1 => any::<String>()].prop_map(Value::String).boxed()
}

/// Something that fits nowhere, or nearly nowhere.
fn spoiled() -> BoxedStrategy<Value> {
    let strange = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{202e}"),
        json!("a\u{0}b"),
        json!("9999-12-31"),
        json!("+262142-12-31"),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!({ "a": { "b": [] } }),
    ];
    prop_oneof![select(strange), any::<String>().prop_map(Value::String), any::<i64>().prop_map(|number| json!(number))].boxed()
}
