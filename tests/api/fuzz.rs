//! Whatever comes from outside, no parser panics, and the document stays the validator: what holds of each is in `support::parsers`. A
//! bounded run here; 100,000 cases a parser in `long`. Failing seeds are repeated by themselves: the generator's seed is fixed.

use guildhall::developers::profile::Profile;
use guildhall::jobs::domain::JobRequestFields;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::support::bodies::Bodies;
use crate::support::parsers::{BODIES, DOORS, Verdict, Yardstick, published};

/// Of each parser, in the bounded run.
const FEW: u32 = 300;

/// Whether `holds` does, of so many values.
#[track_caller]
fn fuzz(cases: u32, values: impl Strategy<Value = Vec<u8>>, holds: impl Fn(&[u8]) -> Verdict) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&values, |bytes| holds(&bytes).map_err(TestCaseError::fail));
    if let Err(error) = done {
        panic!("{error}");
    }
}

/// Whether what holds at the door `name` does.
#[track_caller]
fn at(name: &str, cases: u32, values: impl Strategy<Value = Vec<u8>>) {
    let (yardstick, door) = (Yardstick::new(), DOORS.iter().find(|door| door.name == name).expect("a door"));
    fuzz(cases, values, |bytes| (door.holds)(&yardstick, bytes));
}

/// Texts of all sorts: what people write, what attackers write, and what looks like one of ours.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        "[0-9TZ:+.-]{0,30}",
        "[+-]?[0-9]{1,7}-[0-9]{1,2}-[0-9]{1,2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
        "[0-9]{4}-W[0-9]{1,3}",
        "[a-z]{1,6}_[0-9a-z]{20,30}",
        "[A-Za-z0-9._%+-]{1,70}@[A-Za-z0-9.-]{1,20}\\.[a-z]{2,5}",
        "\\PC{1,20}@\\PC{1,20}",
        "[A-Za-z0-9_-]{1,80}(\\.[A-Za-z0-9_-]{1,80}){0,4}",
        "https?://\\PC{0,40}",
        "[A-Za-z]{1,12}/[A-Za-z_]{1,14}",
    ]
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    words().prop_map(String::into_bytes)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        "null",
        "true",
        "1e400",
        "-0",
        "18446744073709551616",
        "\"a\":1",
        " ",
        "\n",
    ]);
    let of_pieces = prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), of_pieces]
}

/// JSON after a schema.
fn json_of(bodies: &Bodies) -> impl Strategy<Value = Vec<u8>> + use<> {
    bodies.values().prop_map(|value| value.to_string().into_bytes())
}

fn resumes() -> impl Strategy<Value = Vec<u8>> {
    let schema: Value = serde_json::from_str(include_str!("../jsonresume/schema-1.0.1.json")).expect("JSON");
    json_of(&Bodies::of_schema(schema))
}

/// Lines of all sorts and lengths.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![bytes(), Just(b"[1, 2, 3]".to_vec()), Just(Vec::new()), " {0,30}".prop_map(String::into_bytes)];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join(&b"\n"[..]))
}

fn searches() -> impl Strategy<Value = Vec<u8>> {
    let names = vec!["skill", "max_rate", "currency", "overlap_hours", "time_zone", "cursor", "limit", "x"];
    let pair = (prop::sample::select(names), words()).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&").into_bytes())
}

/// Texts, and tokens of ours of which one character is another.
fn tokens(yardstick: &Yardstick) -> impl Strategy<Value = Vec<u8>> + use<> {
    let bitten =
        (prop::sample::select(yardstick.ours.to_vec()), any::<prop::sample::Index>(), any::<char>()).prop_map(|(token, at, with)| {
            let mut token: Vec<char> = token.chars().collect();
            let at = at.index(token.len());
            token[at] = with;
            token.into_iter().collect::<String>()
        });
    prop_oneof![words(), bitten].prop_map(String::into_bytes)
}

fn all_bodies(cases: u32) {
    let yardstick = Yardstick::new();
    for body in &BODIES {
        println!("{}", body.name);
        fuzz(cases, json_of(&Bodies::of((body.schema)())), |bytes| (body.holds)(&yardstick, bytes));
    }
}

fn drafts(cases: u32) {
    at("a draft of a job request", cases, json_of(&Bodies::of(published::<JobRequestFields>())));
    at("a draft of a profile", cases, json_of(&Bodies::of(published::<Profile>())));
    at("a search", cases, searches());
}

fn all_tokens(cases: u32) {
    let yardstick = Yardstick::new();
    let door = DOORS.iter().find(|door| door.name == "a token").expect("a door");
    fuzz(cases, tokens(&yardstick), |bytes| (door.holds)(&yardstick, bytes));
}

#[test]
fn every_body_is_what_its_schema_says() {
    all_bodies(FEW);
}

#[test]
fn drafts_meet_their_rules() {
    drafts(FEW);
}

#[test]
fn every_resume_is_read_and_every_profile_makes_a_good_one() {
    at("JSON Resume", FEW, resumes());
}

#[test]
fn bytes_that_are_no_json_are_refused() {
    at("JSON", FEW * 10, bytes());
    at("JSON Lines", FEW * 10, lines());
}

#[test]
fn words_from_outside_are_read_or_refused() {
    at("dates, zones, addresses, ids", FEW * 10, texts());
    at("a cursor", FEW * 10, texts());
    at("a header that names an address", FEW, texts());
}

#[test]
fn tokens_that_we_did_not_make_open_nothing() {
    all_tokens(FEW * 3);
}

mod long {
    use super::*;

    const MANY: u32 = 100_000;

    #[test]
    fn every_body_is_what_its_schema_says() {
        all_bodies(MANY);
    }

    #[test]
    fn drafts_meet_their_rules() {
        drafts(MANY);
    }

    #[test]
    fn every_resume_is_read_and_every_profile_makes_a_good_one() {
        at("JSON Resume", MANY, resumes());
    }

    #[test]
    fn words_bytes_and_tokens_are_read_or_refused() {
        at("JSON", MANY * 10, bytes());
        at("JSON Lines", MANY, lines());
        at("dates, zones, addresses, ids", MANY * 10, texts());
        at("a cursor", MANY, texts());
        at("a header that names an address", MANY, texts());
        all_tokens(MANY);
    }
}
