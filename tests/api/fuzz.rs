//! Whatever comes from outside, no parser panics, and the document stays the validator (reliability R41–R45, R51). A bounded run here;
//! 100,000 cases a parser in `long`. Failing seeds are repeated by themselves: the generator's seed is fixed.

use guildhall::accounts::http as accounts;
use guildhall::accounts::http_admin::NewAdmin;
use guildhall::auth::token::Tokens;
use guildhall::check_ins::domain::CheckInAnswer;
use guildhall::developers::access::BlockTarget;
use guildhall::developers::draft::Draft;
use guildhall::developers::profile::Profile;
use guildhall::hand_overs::domain::HandOverList;
use guildhall::jobs::draft::{JobRequestDraft, Rules};
use guildhall::kernel::clock::{Clock as _, Instant, SystemClock};
use guildhall::kernel::email::Email;
use guildhall::kernel::error::{Code, Error, Result};
use guildhall::kernel::ids::{DeveloperId, JobRequestId, MailTokenId, SessionId, TrialId, UserId};
use guildhall::kernel::page::{PageQuery, cursor};
use guildhall::kernel::schema;
use guildhall::kernel::text::FORMATS;
use guildhall::kernel::week::Week;
use guildhall::matching::filters::Filters;
use guildhall::trials::offer::NewTrial;
use guildhall::web::address::TrustedProxies;
use guildhall::web::ask::Nothing;
use guildhall::web::json;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa::ToSchema;

use crate::support::app::{SECRET, TestApp};
use crate::support::bodies::Bodies;

/// Of each parser, in the bounded run.
const FEW: u32 = 300;

/// Tries `test` on so many values.
#[track_caller]
fn fuzz<S: Strategy>(cases: u32, values: S, test: impl Fn(S::Value) -> Result<(), String>) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&values, |value| test(value).map_err(TestCaseError::fail));
    if let Err(error) = done {
        panic!("{error}");
    }
}

/// Texts of all sorts: what people write, what attackers write, and what looks like one of ours.
fn texts() -> impl Strategy<Value = String> {
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

/// An error that a person may see: of these codes, and in our own words.
fn presentable(error: &Error, codes: &[Code]) -> Result<(), String> {
    let words = error.faults.iter().map(|fault| fault.detail.as_str()).chain([error.detail.as_str()]);
    let foreign = |words: &str| ["invalid type", "invalid value", "unknown field", "missing field"].iter().any(|leak| words.contains(leak));
    match words.into_iter().find(|words| foreign(words)) {
        Some(words) => Err(format!("not our own words: {words}")),
        None if !codes.contains(&error.code) => Err(format!("{error}")),
        None => Ok(()),
    }
}

/// What the schema of `T` takes, `T` takes, and nothing else; every refusal names its faults.
fn body<T: ToSchema + DeserializeOwned + 'static>(cases: u32) {
    fuzz(cases, Bodies::of::<T>().values(), |value| {
        let parsed = match json::parse(value.to_string().as_bytes()) {
            Ok(parsed) => parsed,
            Err(error) => return presentable(&error, &[Code::MalformedRequest, Code::ValidationFailed]),
        };
        match (schema::check::<T>(&parsed), schema::read::<T>(parsed)) {
            (Ok(()), Ok(_)) => Ok(()),
            (Ok(()), Err(error)) => Err(format!("the schema takes what the type does not: {error}")),
            (Err(error), _) if error.faults.is_empty() => Err(format!("no fault is named: {error}")),
            (Err(error), _) => presentable(&error, &[Code::ValidationFailed]),
        }
    });
}

type Fuzzer = fn(u32);
/// Every kind of body, by the door that it comes in at.
const BODIES: [(&str, Fuzzer); 26] = [
    ("a sign-up", body::<guildhall::accounts::domain::Register>),
    ("a sign-in", body::<accounts::Credentials>),
    ("a refresh", body::<accounts::Refresh>),
    ("a reset", body::<accounts::Reset>),
    ("a redeemed invitation", body::<accounts::Redeem>),
    ("a change of oneself", body::<accounts::MePatch>),
    ("an invitation of an admin", body::<NewAdmin>),
    ("nothing", body::<Nothing>),
    ("a profile", body::<Profile>),
    ("a job request", body::<guildhall::jobs::domain::JobRequestFields>),
    ("an offer", body::<NewTrial>),
    ("other terms", body::<guildhall::trials::http::OtherTerms>),
    ("an amendment", body::<guildhall::trials::http::Amendment>),
    ("an end", body::<guildhall::trials::http::EndOfTrial>),
    ("an offer to go on", body::<guildhall::trials::http::ConversionOffer>),
    ("an approval", body::<guildhall::vetting::http::Approval>),
    ("an invitation", body::<guildhall::invitations::domain::NewInvitation>),
    ("mails that one wants", body::<guildhall::notifications::preferences::Preferences>),
    ("a check-in", body::<CheckInAnswer>),
    ("a hand-over", body::<HandOverList>),
    ("a scorecard", body::<guildhall::vetting::domain::Scorecard>),
    ("a week of hours", body::<guildhall::timesheets::views::WeekOfHours>),
    ("a review", body::<guildhall::reviews::domain::NewReview>),
    ("a report", body::<guildhall::reports::domain::NewReport>),
    ("an API key", body::<guildhall::accounts::keys::NewApiKey>),
    ("a webhook", body::<guildhall::webhooks::domain::WebhookDraft>),
];

fn all_bodies(cases: u32) {
    for (name, fuzzer) in BODIES {
        println!("{name}");
        fuzzer(cases);
    }
}

fn json_texts(cases: u32) {
    fuzz(cases, bytes(), |bytes| match json::parse(&bytes) {
        Ok(value) if json::parse(value.to_string().as_bytes()).ok().as_ref() == Some(&value) => Ok(()),
        Ok(value) => Err(format!("{value} is read as something else again")),
        Err(error) => presentable(&error, &[Code::MalformedRequest, Code::ValidationFailed]),
    });
}

/// A job request and a profile, against the rules that only the whole can tell.
async fn drafts(cases: u32) {
    let app = TestApp::start().await;
    let (catalogue, rates, now) = (app.house.skills.catalogue().await.expect("a catalogue"), app.house.rates.clone(), app.clock.now());
    let rules = Rules { rates: &rates, catalogue: &catalogue, now, current: None };
    fuzz(cases, Bodies::of::<guildhall::jobs::domain::JobRequestFields>().values(), |value| match JobRequestDraft(value).check(&rules) {
        Ok(fields) if JobRequestDraft(json!(fields)).check(&rules).ok() == Some(fields.clone()) => Ok(()),
        Ok(fields) => Err(format!("{fields:?} is not taken again")),
        Err(error) => presentable(&error, &[Code::ValidationFailed]),
    });
    let resolve = |text: &str| catalogue.resolve(text).map(|slug| slug.to_string()).ok_or_else(Vec::new);
    fuzz(cases, Bodies::of::<Profile>().values(), |value| match Draft(value).check(&rates, resolve) {
        Ok(_) => Ok(()),
        Err(error) => presentable(&error, &[Code::ValidationFailed]),
    });
    let filters = prop::collection::vec(
        (prop::sample::select(vec!["skill", "max_rate", "currency", "overlap_hours", "time_zone", "cursor", "limit", "x"]), texts()),
        0..6,
    );
    fuzz(cases, filters, |pairs| {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let search = schema::read_query::<Filters>(pairs).and_then(|filters| filters.search(&catalogue, &rates, now));
        search.map_or_else(|error| presentable(&error, &[Code::ValidationFailed, Code::MalformedRequest]), |_| Ok(()))
    });
}

fn cursors(cases: u32) {
    fuzz(cases, texts(), |text| {
        let page = |cursor: &str| PageQuery { limit: 20, cursor: Some(cursor.to_owned()) };
        let key = page(&cursor(&text)).after().ok().flatten();
        if !text.contains('\0') && key.as_ref() != Some(&text) {
            return Err(format!("{text:?} came back as {key:?}"));
        }
        for cursor in [text.clone(), cursor(&text)] {
            let read =
                [page(&cursor).after().map(drop), page(&cursor).after_as::<TrialId>().map(drop), page(&cursor).after_as::<i64>().map(drop)];
            read.into_iter().filter_map(Result::err).try_for_each(|error| presentable(&error, &[Code::MalformedRequest]))?;
        }
        Ok(())
    });
}

/// Tokens, and the codes in links of mails, `List-Unsubscribe` among them: only those that we made are good.
fn tokens(cases: u32) {
    let tokens = Tokens::new(&SECRET.into(), &[], 15).expect("tokens");
    let now = SystemClock.now();
    let (user, session) = (UserId::new(now), SessionId::new(now));
    let (access, _) = tokens.access(user, session, now).expect("a token");
    let refresh = secrecy::ExposeSecret::expose_secret(&tokens.refresh(session, 1)).to_owned();
    let ours = [access, refresh, tokens.mail_code(MailTokenId::new(now)), tokens.unsubscribe(&user.to_string(), "new_matches_digest")];
    let bitten = (prop::sample::select(ours.to_vec()), any::<prop::sample::Index>(), any::<char>()).prop_map(|(token, at, with)| {
        let mut token: Vec<char> = token.chars().collect();
        let at = at.index(token.len());
        token[at] = with;
        token.into_iter().collect::<String>()
    });
    fuzz(cases, prop_oneof![texts(), bitten], |text| {
        let taken = tokens.claims(&text, now).is_ok()
            || tokens.refreshed(&text).is_some()
            || tokens.mail_token(&text).is_some()
            || tokens.unsubscribed(&text).is_some();
        if taken == ours.contains(&text) { Ok(()) } else { Err(format!("{text:?} is taken: {taken}")) }
    });
}

/// A text that parses is written as it would be parsed again.
fn stable<T: std::str::FromStr + ToString>(text: &str) -> Result<(), String> {
    let Some(written) = text.parse::<T>().ok().map(|parsed| parsed.to_string()) else { return Ok(()) };
    match written.parse::<T>().ok().map(|parsed| parsed.to_string()) {
        Some(again) if again == written => Ok(()),
        again => Err(format!("{text:?} is {written:?}, then {again:?}")),
    }
}

/// Dates, times, zones, addresses, ids in paths.
fn words(cases: u32) {
    fuzz(cases, texts(), |text| {
        for format in FORMATS {
            let _ = (format.fits)(&text);
        }
        let _ = (text.parse::<BlockTarget>().is_ok(), serde_json::from_value::<Instant>(json!(text)).is_ok());
        stable::<Email>(&text)?;
        stable::<Week>(&text)?;
        stable::<DeveloperId>(&text)?;
        stable::<JobRequestId>(&text)
    });
}

/// Headers that name an address: only a trusted proxy's word counts.
fn forwarded(cases: u32) {
    let peer = "203.0.113.9".parse().expect("an address");
    fuzz(cases, texts(), |text| {
        let mut headers = actix_web::http::header::HeaderMap::new();
        if let Ok(value) = text.parse() {
            headers.append(actix_web::http::header::HeaderName::from_static("x-forwarded-for"), value);
        }
        let believed = TrustedProxies(vec!["203.0.113.0/24".parse().expect("a network")]).client(Some(peer), &headers);
        let ignored = TrustedProxies::default().client(Some(peer), &headers);
        if ignored == peer { Ok(()) } else { Err(format!("{ignored} instead of {believed}")) }
    });
}

#[test]
fn every_body_is_what_its_schema_says() {
    all_bodies(FEW);
}

#[actix_web::test]
async fn drafts_meet_their_rules() {
    drafts(FEW).await;
}

#[test]
fn bytes_that_are_no_json_are_refused() {
    json_texts(FEW * 10);
}

#[test]
fn words_from_outside_are_read_or_refused() {
    words(FEW * 10);
    cursors(FEW * 10);
    forwarded(FEW);
}

#[test]
fn tokens_that_we_did_not_make_open_nothing() {
    tokens(FEW * 3);
}

mod long {
    use super::*;

    const MANY: u32 = 100_000;

    #[test]
    fn every_body_is_what_its_schema_says() {
        all_bodies(MANY);
    }

    #[actix_web::test]
    async fn drafts_meet_their_rules() {
        drafts(MANY).await;
    }

    #[test]
    fn words_bytes_and_tokens_are_read_or_refused() {
        json_texts(MANY * 10);
        words(MANY * 10);
        cursors(MANY);
        forwarded(MANY);
        tokens(MANY);
    }
}
