//! Examples in the OpenAPI document: each is made from its schema, so that none is missing and none is out of date.

use chrono::{Datelike as _, Months, NaiveDate};
use serde_json::{Map, Value, json};
use utoipa::openapi::{Components, RefOr, Schema};

use crate::kernel::error::{Code, Error};
use crate::kernel::words::Word as _;
use crate::web::problem::{Problem, status};
use crate::web::samples;

/// The day that examples speak of, and its week, in the document as it is committed.
const DAY: &str = "2026-12-01";
const WEEK: &str = "2026-W49";
/// How far ahead the document that is served has that day: a trial begins, and an API key ends, within a year.
const AHEAD: Months = Months::new(6);

/// An event as it is streamed.
const EVENT: &str = "id: evt_01j8000000e008000000000001\nevent: trial.accept\n\
    data: {\"type\":\"trial.accept\",\"timestamp\":\"2026-12-01T09:00:00Z\",\
    \"data\":{\"trial_id\":\"trial_01j8000000e008000000000001\",\"state\":\"scheduled\",\"version\":2}}\n\n";

/// How deep an example nests at most: far deeper than any answer.
const DEPTH: usize = 40;

/// Texts whose schema has no example of its own, by their format or by the member's name.
const TEXTS: &[(&str, &str)] = &[
    ("about", "A developer's way into the pool."),
    ("access_token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzAxIn0.c2lnbmF0dXJl"),
    ("action", "accept"),
    ("answers", "The ledger was written by two of us; the reconciliation is mine."),
    ("billing_explanation", "The client pays for every hour of the trial."),
    ("client", "Firefox on Linux"),
    ("country", "DE"),
    ("current_password", "seven green lanterns"),
    ("description", "Keep the books of a payments company: postings, reconciliation, month ends."),
    ("domains", "payments"),
    ("employer", "A payments company"),
    ("evidence", "Explained the trade-offs of idempotency keys unprompted."),
    ("explanation", "The client pays for every hour of the trial."),
    ("feedback", "Strong on concurrency; practise explaining trade-offs."),
    ("from", "offered"),
    ("headline", "Go engineer, ledgers and payments"),
    ("id", "mail_01j8000000e008000000000001"),
    ("label", "GitHub"),
    ("languages", "en"),
    ("message", "We have talked about it."),
    ("missing", "grpc: asked 3, has 2"),
    ("name", "A client"),
    ("new_password", "nine purple umbrellas"),
    ("next", "An admin takes the application within five working days."),
    ("note", "Reviewed with the team."),
    ("notes", "Ask about month ends."),
    ("organization_name", "A payments company"),
    ("password", "seven green lanterns"),
    ("private_notes", "Check the reference once more."),
    ("questions", "Which parts of the ledger did you write yourself?"),
    ("reason", "The developer asked for it."),
    ("reason_code", "other"),
    ("recipient", "jo@example.com"),
    ("refresh_token", "c2Vzc18wMQ.MQ.c2lnbmF0dXJl"),
    ("request_id", "01j8000000e008000000000001"),
    ("result_hash", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("scope", "The core of the ledger and its API."),
    ("scoring_version", "1"),
    ("sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("slug", "go"),
    ("state", "offered"),
    ("status", "alive"),
    ("subject", "dev_01j8000000e008000000000001"),
    ("subject_line", "Trial offer from A payments company"),
    ("summary", "Ten years of back ends, five of them on payments."),
    ("title", "Go engineer for a ledger"),
    ("to", "scheduled"),
    ("token", "dG9rZW5fMDE.c2lnbmF0dXJl"),
    ("token_type", "Bearer"),
    ("totp", "123456"),
    ("via", "postgresql"),
    ("what", "The keys of the staging environment"),
    ("what_is_next", "The developer accepts, declines or answers with other terms."),
    ("why", "An admin reads the profile."),
    ("word", "offered"),
    ("date", DAY),
    ("past-date", "2019-05-01"),
    ("language", "en"),
];

/// Numbers, likewise.
const NUMBERS: &[(&str, i32)] = &[
    ("agreed_hours", 40),
    ("duration_weeks", 26),
    ("expires_in", 900),
    ("free_hours", 40),
    ("hours", 38),
    ("hours_per_week", 40),
    ("max_hours", 40),
    ("min_hours", 20),
    ("notice_days", 3),
    ("overlap_hours", 4),
    ("pool", 1204),
    ("rating", 5),
    ("total", 87),
    ("trial_days", 30),
    ("vetting_score", 82),
];

/// Members that are null for most of their lives.
const NULL: &[&str] = &[
    "accept_blocked",
    "appeal",
    "appeal_by",
    "conversion",
    "decided_at",
    "ended_at",
    "handled_at",
    "handled_by",
    "last_day",
    "last_error",
    "legal_country_limit",
    "next_cursor",
    "outcome",
    "paused_at",
    "paused_by",
    "proposal",
    "replacement",
    "replaces",
    "retry_after",
];

/// The document with the day of its examples ahead of `today`, so that what must not have passed is taken whenever it is sent.
pub fn ahead(document: &str, today: NaiveDate) -> String {
    let day = today.checked_add_months(AHEAD).and_then(|day| day.with_day(1)).unwrap_or(today);
    document.replace(DAY, &day.to_string()).replace(WEEK, &day.format("%G-W%V").to_string())
}

/// Makes examples of one document.
pub struct Examples(Map<String, Value>);

impl Examples {
    /// With what the document's schemas refer to.
    pub fn of(components: &Components) -> Self {
        match json!(components.schemas) {
            Value::Object(schemas) => Self(schemas),
            _ => Self(Map::new()),
        }
    }

    /// An example of what has this schema, and of a problem whose status is `with`.
    pub fn one(&self, with: &str, media_type: &str, schema: Option<&RefOr<Schema>>) -> Value {
        match media_type {
            "text/calendar" => json!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Guildhall//EN\r\nEND:VCALENDAR\r\n"),
            "text/html" => json!("<!doctype html><html lang=\"en\"><title>Contract</title></html>"),
            "application/problem+json" => {
                let code = Code::ALL.iter().find(|code| status(**code).0.as_str() == with);
                code.map_or(Value::Null, |code| problem(*code))
            }
            "text/event-stream" => json!(EVENT),
            _ => self.value("", "", &json!(schema), DEPTH),
        }
    }

    /// What `name` may hold in a `thing`: what the schema says of itself, else what the tables say.
    fn value(&self, thing: &str, name: &str, schema: &Value, depth: usize) -> Value {
        let member = |name: &str| schema.get(name).filter(|value| !value.is_null());
        let nested = |schema: &Value| self.value(thing, name, schema, depth.saturating_sub(1));
        if depth == 0 || (is(schema, "null") && NULL.contains(&name)) {
            return Value::Null;
        }
        let named = member("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
        if let Some((named, target)) = named.and_then(|named| Some((named, self.0.get(named)?))) {
            return self.value(named, name, target, depth.saturating_sub(1));
        }
        if let Some(own) = member("examples").or_else(|| member("enum")).and_then(|list| list.get(0)) {
            return own.clone();
        }
        if let Some(parts) = member("allOf").and_then(Value::as_array) {
            return parts.iter().map(nested).fold(json!({}), together);
        }
        let choices = member("oneOf").or_else(|| member("anyOf")).and_then(Value::as_array);
        if let Some(choices) = choices {
            let empty = may_be_null(schema) && NULL.contains(&name);
            let first = choices.iter().find(|choice| !is(choice, "null")).filter(|_| !empty);
            return first.map_or(Value::Null, nested);
        }
        self.plain(thing, name, schema, depth)
    }

    fn plain(&self, thing: &str, name: &str, schema: &Value, depth: usize) -> Value {
        if is(schema, "object") {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(|(name, schema)| (name.clone(), self.member(thing, name, schema, depth))).collect()
        } else if is(schema, "array") {
            json!([self.value(thing, name, &schema["items"], depth.saturating_sub(1))])
        } else if is(schema, "boolean") {
            json!(true)
        } else if is(schema, "integer") || is(schema, "number") {
            number(name, schema)
        } else {
            let format = schema["format"].as_str().unwrap_or_default();
            json!(of(TEXTS, format).or_else(|| of(TEXTS, name)).unwrap_or("…"))
        }
    }

    fn member(&self, thing: &str, name: &str, schema: &Value, depth: usize) -> Value {
        let own = samples::member(thing, name).filter(|own| !own.is_null() || may_be_null(schema));
        own.unwrap_or_else(|| self.value(thing, name, schema, depth.saturating_sub(1)))
    }
}

fn may_be_null(schema: &Value) -> bool {
    let mut choices = ["oneOf", "anyOf"].iter().filter_map(|list| schema.get(*list)?.as_array()).flatten();
    is(schema, "null") || choices.any(|choice| is(choice, "null"))
}

fn is(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|each| each == kind),
        only => only == kind,
    }
}

fn of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// What the table says, else 1, within the limits.
fn number(name: &str, schema: &Value) -> Value {
    let wanted = of(NUMBERS, name).unwrap_or(1);
    let limit = |limit: &str, is_beyond: fn(f64, f64) -> bool| {
        let beyond = schema[limit].as_f64().is_some_and(|most| is_beyond(f64::from(wanted), most));
        beyond.then(|| schema[limit].clone())
    };
    limit("maximum", |number, most| number > most).or_else(|| limit("minimum", |number, least| number < least)).unwrap_or(json!(wanted))
}

fn together(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            left.extend(right);
            Value::Object(left)
        }
        (_, right) => right,
    }
}

/// A problem of this kind, with its first words where they depend on what was asked.
pub fn problem(code: Code) -> Value {
    let error = match code {
        Code::NotSignedIn => Error::not_signed_in(),
        Code::NotAllowed => Error::not_allowed("This is for other roles."),
        Code::NotFound => Error::not_found(),
        Code::StaleVersion => Error::stale(),
        Code::ValidationFailed => Error::fault("/skills/0/level", "must be at most 5"),
        Code::TooManyRequests => Error::too_many(30),
        Code::Unavailable => Error::unavailable(""),
        Code::Internal => Error::internal(""),
        Code::MalformedRequest => Error::new(code, "The body is not well-formed JSON (at line 1, column 12)."),
        Code::TooLarge => Error::new(code, "The body may have at most 65536 bytes."),
        Code::UnsupportedMediaType => Error::new(code, "Send the body as application/json."),
        Code::RequestTimeout => Error::new(code, "The body did not arrive within 30 seconds. Send it again."),
        _ => Error::new(code, "This is not possible in the state `ended`.").with("state", "ended"),
    };
    json!(Problem::of(&error, of(TEXTS, "request_id").unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_the_examples_lies_ahead() {
        let today = |text: &str| text.parse().unwrap();
        assert_eq!(ahead("on 2026-12-01 in 2026-W49", today("2030-08-31")), "on 2031-02-01 in 2031-W05");
        assert_eq!(ahead("2026-12-01T09:00:00Z", today("2026-11-23")), "2027-05-01T09:00:00Z");
    }
}
