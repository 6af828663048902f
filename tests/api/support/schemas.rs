//! What the document says of bodies and parameters, and values that break it.

use serde_json::{Value, json};

/// A value somewhere in a body: where, and what the document says of it.
pub struct Leaf {
    /// The members and places that lead there.
    pub path: Vec<String>,
    /// Its schema.
    pub schema: Value,
}

/// Everything that a schema describes, without following what describes itself.
pub fn leaves(document: &Value, schema: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(document, schema, &mut Vec::new(), &mut Vec::new(), &mut found);
    found
}

fn walk(document: &Value, schema: &Value, path: &mut Vec<String>, seen: &mut Vec<String>, found: &mut Vec<Leaf>) {
    if let Some(reference) = schema["$ref"].as_str() {
        if !seen.iter().any(|each| each == reference) {
            seen.push(reference.to_owned());
            walk(document, resolve(document, schema), path, seen, found);
            seen.pop();
        }
        return;
    }
    for alternatives in ["oneOf", "anyOf", "allOf"] {
        for each in schema[alternatives].as_array().into_iter().flatten() {
            walk(document, each, path, seen, found);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        walk(document, property, path, seen, found);
        path.pop();
    }
    if schema["items"].is_object() {
        path.push("0".to_owned());
        walk(document, &schema["items"], path, seen, found);
        path.pop();
    }
    if !schema["type"].is_null() && schema["properties"].is_null() {
        found.push(Leaf { path: path.clone(), schema: schema.clone() });
    }
}

/// What a reference stands for.
pub fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolve(document, document.pointer(reference.trim_start_matches('#')).expect("a schema")),
        None => schema,
    }
}

/// `body` with something else at a place of it, as text; the place is made where it is not there.
pub fn with_at(body: &Value, path: &[String], raw: &str) -> String {
    const HOLE: &str = "a hole to be filled";
    let mut body = body.clone();
    let mut place = &mut body;
    for name in path {
        if let Ok(index) = name.parse::<usize>() {
            if !place.is_array() {
                *place = json!([]);
            }
            let list = place.as_array_mut().expect("a list");
            list.resize_with(list.len().max(index + 1), || Value::Null);
            place = &mut list[index];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = place.as_object_mut().expect("an object").entry(name.clone()).or_insert(Value::Null);
        }
    }
    *place = json!(HOLE);
    body.to_string().replace(&format!("\"{HOLE}\""), raw)
}

/// Texts in JSON that this schema does not take; none where it says nothing.
pub fn wrong(schema: &Value) -> Vec<String> {
    let is = |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.iter().any(|each| each == kind));
    let mut wrong: Vec<String> = Vec::new();
    if is("string") {
        wrong.extend(["7", "[]", "{}", "true", "1e400", r#""x\u0000y""#, r#""x\u0007y""#, r#""\u009f""#, r#""\ud800""#].map(str::to_owned));
        wrong.extend(unfit(schema).iter().map(|text| json!(text).to_string()));
        wrong.extend(
            schema["maxLength"].as_u64().filter(|most| *most <= 20_000).map(|most| json!("x".repeat(most as usize + 1)).to_string()),
        );
    }
    if is("integer") {
        let beyond = ["1e400", "-1e400", "18446744073709551616", "-9223372036854775809", "1.5", r#""7""#, "[]", "{}", "true", "NaN"];
        wrong.extend(beyond.map(str::to_owned));
    }
    if is("number") {
        wrong.extend(["1e400", "1e308", "-1e308", r#""7""#, "[]", "{}", "true", "Infinity"].map(str::to_owned));
    }
    if is("integer") || is("number") {
        wrong.extend(schema["minimum"].as_i64().map(|least| (least - 1).to_string()));
        wrong.extend(schema["maximum"].as_i64().map(|most| (most + 1).to_string()));
    }
    if is("boolean") {
        wrong.extend([r#""true""#, "1", "[]", "{}"].map(str::to_owned));
    }
    if is("array") {
        wrong.extend(["{}", r#""x""#, "7"].map(str::to_owned));
        wrong.extend(schema["maxItems"].as_u64().map(|most| json!(vec![0; most as usize + 1]).to_string()));
    }
    wrong
}

/// Texts that a format or a list of words does not take.
fn unfit(schema: &Value) -> &'static [&'static str] {
    if schema["enum"].is_array() {
        return &["nonsense", ""];
    }
    match schema["format"].as_str().unwrap_or_default() {
        "line" => &["a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\u{2066}b", "a\nb", "a\rb", " ", ""],
        "prose" => &["", " \n "],
        "date" | "past-date" => &["+262142-12-31", "-0001-01-01", "9999-12-31", "1899-12-31", "2026-02-30", "2026-13-01", "today", "1", ""],
        "date-time" => &[
            "+262142-12-31T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-12-31T23:59:60Z",
            "2026-12-01T09:00:00+23:59",
            "2026-12-01 09:00:00Z",
            "2026-12-01T09:00:00",
            "2026-12-01",
        ],
        "time-of-day" => &["24:01", "09:60", "-1:00", "nine", ""],
        "email" => &["a@example.com\r\nBcc: b@example.com", "a@b@example.com", "<a@example.com>", "a@[127.0.0.1]", "a", ""],
        "time-zone" => &["Mars/Olympus", "../../etc/passwd", ""],
        "currency" => &["usd", "XYZ", ""],
        "country" => &["de", "ZZ", ""],
        "language" => &["english", "xx", ""],
        "web-link" => &["javascript:alert(1)", "data:text/html,x", "ftp://example.com", "http://u:p@example.com", ""],
        _ => &[],
    }
}
