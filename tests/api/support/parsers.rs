//! What holds whatever the bytes are (reliability R41–R45, R51), of each parser that bytes from outside come to. Two try it: `fuzz`, with
//! values made after the schemas, in every run; and `tests/fuzz`, a fuzzer that watches which branches its bytes reach, by `.ci/fuzz`.

use std::str::FromStr;

use actix_web::http::header::{HeaderMap, HeaderName};
use guildhall::auth::token::Tokens;
use guildhall::developers::access::BlockTarget;
use guildhall::developers::draft::Draft;
use guildhall::developers::profile::Profile;
use guildhall::developers::resume::json_resume;
use guildhall::developers::resume_reading::read;
use guildhall::jobs::draft::{JobRequestDraft, Rules};
use guildhall::kernel::clock::{Clock as _, Instant, SystemClock};
use guildhall::kernel::email::Email;
use guildhall::kernel::error::{Code, Error, Result};
use guildhall::kernel::ids::{DeveloperId, JobRequestId, MailTokenId, SessionId, TrialId, UserId};
use guildhall::kernel::json_lines::JsonLines;
use guildhall::kernel::money::{Currency, Rates};
use guildhall::kernel::page::{PageQuery, cursor};
use guildhall::kernel::schema;
use guildhall::kernel::text::FORMATS;
use guildhall::kernel::week::Week;
use guildhall::matching::filters::Filters;
use guildhall::skills::catalogue::seed;
use guildhall::skills::domain::Catalogue;
use guildhall::web::address::TrustedProxies;
use guildhall::web::json;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// Nothing to say, or what does not hold.
pub type Verdict = std::result::Result<(), String>;

/// A parser that bytes from outside come to.
pub struct Door {
    /// What comes in at it.
    pub name: &'static str,
    /// What holds of any bytes.
    pub holds: fn(&Yardstick, &[u8]) -> Verdict,
}

/// A kind of body: a door with a published schema.
pub struct Body {
    /// What it is.
    pub name: &'static str,
    /// What is published of it.
    pub schema: fn() -> Published,
    /// What holds of any bytes.
    pub holds: fn(&Yardstick, &[u8]) -> Verdict,
}

/// A schema, and by name those that it mentions.
pub type Published = (RefOr<Schema>, Vec<(String, RefOr<Schema>)>);

/// The schema of `T`.
pub fn published<T: ToSchema>() -> Published {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    (T::schema(), schemas)
}

const fn a<T: ToSchema + DeserializeOwned + 'static>(name: &'static str) -> Body {
    Body { name, schema: published::<T>, holds: body::<T> }
}

/// Every kind of body, and the rows of the files that operators bring.
pub const BODIES: [Body; 28] = [
    a::<guildhall::accounts::domain::Register>("a sign-up"),
    a::<guildhall::accounts::http::Credentials>("a sign-in"),
    a::<guildhall::accounts::http::Refresh>("a refresh"),
    a::<guildhall::accounts::http::Reset>("a reset"),
    a::<guildhall::accounts::http::Redeem>("a redeemed invitation"),
    a::<guildhall::accounts::http::MePatch>("a change of oneself"),
    a::<guildhall::accounts::http_admin::NewAdmin>("an invitation of an admin"),
    a::<guildhall::web::ask::Nothing>("nothing"),
    a::<Profile>("a profile"),
    a::<guildhall::jobs::domain::JobRequestFields>("a job request"),
    a::<guildhall::trials::offer::NewTrial>("an offer"),
    a::<guildhall::trials::http::OtherTerms>("other terms"),
    a::<guildhall::trials::http::Amendment>("an amendment"),
    a::<guildhall::trials::http::EndOfTrial>("an end"),
    a::<guildhall::trials::http::ConversionOffer>("an offer to go on"),
    a::<guildhall::vetting::http::Approval>("an approval"),
    a::<guildhall::invitations::domain::NewInvitation>("an invitation"),
    a::<guildhall::notifications::preferences::Preferences>("mails that one wants"),
    a::<guildhall::check_ins::domain::CheckInAnswer>("a check-in"),
    a::<guildhall::hand_overs::domain::HandOverList>("a hand-over"),
    a::<guildhall::vetting::domain::Scorecard>("a scorecard"),
    a::<guildhall::timesheets::views::WeekOfHours>("a week of hours"),
    a::<guildhall::reviews::domain::NewReview>("a review"),
    a::<guildhall::reports::domain::NewReport>("a report"),
    a::<guildhall::accounts::keys::NewApiKey>("an API key"),
    a::<guildhall::webhooks::domain::WebhookDraft>("a webhook"),
    a::<guildhall::developers::import::Invited>("a developer's row in a file"),
    a::<guildhall::skills::edit::NewSkill>("a skill's row in a file"),
];

/// Every other parser.
pub const DOORS: [Door; 10] = [
    Door { name: "JSON", holds: json_text },
    Door { name: "JSON Lines", holds: json_lines },
    Door { name: "dates, zones, addresses, ids", holds: words },
    Door { name: "a cursor", holds: cursors },
    Door { name: "a header that names an address", holds: forwarded },
    Door { name: "a token", holds: tokens },
    Door { name: "a search", holds: search },
    Door { name: "a draft of a job request", holds: job_request },
    Door { name: "a draft of a profile", holds: profile },
    Door { name: "JSON Resume", holds: resume },
];

/// What drafts, searches and tokens are held against: the shipped catalogue, two currencies, this moment, and four tokens of ours.
pub struct Yardstick {
    catalogue: Catalogue,
    rates: Rates,
    now: Instant,
    tokens: Tokens,
    /// The only ones that are good.
    pub ours: [String; 4],
}

impl Yardstick {
    /// As in the tests: dollars and euros.
    pub fn new() -> Self {
        let rate = |code, rate| (Currency::parse(code).expect("a currency"), rate);
        let tokens = Tokens::new(&"a secret of the tests that is long enough to sign".into(), &[], 15).expect("tokens");
        let now = SystemClock.now();
        let (user, session) = (UserId::new(now), SessionId::new(now));
        let (access, _) = tokens.access(user, session, now).expect("a token");
        let refresh = secrecy::ExposeSecret::expose_secret(&tokens.refresh(session, 1)).to_owned();
        let ours = [access, refresh, tokens.mail_code(MailTokenId::new(now)), tokens.unsubscribe(&user.to_string(), "new_matches_digest")];
        let rates = Rates::new([rate("USD", 1_000_000), rate("EUR", 1_160_000)]);
        Self { catalogue: seed().expect("the shipped catalogue"), rates, now, tokens, ours }
    }

    /// A profile that passes the rules.
    pub fn checked(&self, value: Value) -> Result<Profile> {
        Draft(value).check(&self.rates, |text| self.catalogue.resolve(text).map(|slug| slug.to_string()).ok_or_else(Vec::new))
    }
}

/// An error that a person may see: of these codes, and in our own words, or in those that were sent.
fn presentable(error: &Error, codes: &[Code], sent: &[u8]) -> Verdict {
    let words = error.faults.iter().map(|fault| fault.detail.as_str()).chain([error.detail.as_str()]);
    let leaks = ["invalid type", "invalid value", "unknown field", "missing field"];
    let foreign =
        |words: &str| leaks.iter().any(|leak| words.contains(leak) && !sent.windows(leak.len()).any(|sent| sent == leak.as_bytes()));
    match words.into_iter().find(|words| foreign(words)) {
        Some(words) => Err(format!("not our own words: {words}")),
        None if !codes.contains(&error.code) => Err(format!("{error}")),
        None => Ok(()),
    }
}

/// What the schema of `T` takes, `T` takes, and nothing else; every refusal names its faults.
fn body<T: ToSchema + DeserializeOwned + 'static>(_: &Yardstick, bytes: &[u8]) -> Verdict {
    let parsed = match json::parse(bytes) {
        Ok(parsed) => parsed,
        Err(error) => return presentable(&error, &[Code::MalformedRequest, Code::ValidationFailed], bytes),
    };
    match (schema::check::<T>(&parsed), schema::read::<T>(parsed)) {
        (Ok(()), Ok(_)) => Ok(()),
        (Ok(()), Err(error)) => Err(format!("the schema takes what the type does not: {error}")),
        (Err(error), _) if error.faults.is_empty() => Err(format!("no fault is named: {error}")),
        (Err(error), _) => presentable(&error, &[Code::ValidationFailed], bytes),
    }
}

/// What is read is written as it would be read again.
fn json_text(_: &Yardstick, bytes: &[u8]) -> Verdict {
    match json::parse(bytes) {
        Ok(value) if json::parse(value.to_string().as_bytes()).ok().as_ref() == Some(&value) => Ok(()),
        Ok(value) => Err(format!("{value} is read as something else again")),
        Err(error) => presentable(&error, &[Code::MalformedRequest, Code::ValidationFailed], bytes),
    }
}

/// Every line that says something is one row, whatever the others say, and those that are too long have no more than their own refused.
fn json_lines(_: &Yardstick, bytes: &[u8]) -> Verdict {
    const LONGEST: usize = 24;
    let mut source = JsonLines::new(bytes, LONGEST);
    let mut rows = Vec::new();
    loop {
        let batch = source.batch(3).map_err(|error| error.to_string())?;
        if batch.is_empty() {
            break;
        }
        rows.extend(batch);
    }
    let lines = bytes.split(|byte| *byte == b'\n').zip(1_u64..);
    let expected = lines.filter(|(line, _)| line.len() > LONGEST || !line.trim_ascii().is_empty());
    let expected: Vec<(u64, Option<Value>)> = expected
        .map(|(line, number)| (number, Some(line).filter(|line| line.len() <= LONGEST).and_then(|line| serde_json::from_slice(line).ok())))
        .collect();
    let found: Vec<(u64, Option<Value>)> = rows.into_iter().map(|row| (row.line, row.said.ok())).collect();
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}"));
    }
    let size = u64::try_from(bytes.len()).map_err(|error| error.to_string())?;
    if source.read() == size { Ok(()) } else { Err(format!("{} of {size} bytes", source.read())) }
}

/// What follows is about text; other bytes have been refused before.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A text that parses is written as it would be parsed again.
fn stable<T: FromStr + ToString>(text: &str) -> Verdict {
    let Some(written) = text.parse::<T>().ok().map(|parsed| parsed.to_string()) else { return Ok(()) };
    match written.parse::<T>().ok().map(|parsed| parsed.to_string()) {
        Some(again) if again == written => Ok(()),
        again => Err(format!("{text:?} is {written:?}, then {again:?}")),
    }
}

fn words(_: &Yardstick, bytes: &[u8]) -> Verdict {
    let text = text(bytes);
    for format in FORMATS {
        let _ = (format.fits)(text);
    }
    let _ = (text.parse::<BlockTarget>().is_ok(), serde_json::from_value::<Instant>(json!(text)).is_ok());
    stable::<Email>(text)?;
    stable::<Week>(text)?;
    stable::<DeveloperId>(text)?;
    stable::<JobRequestId>(text)
}

/// A cursor is what it was made of, and any other a clear refusal.
fn cursors(_: &Yardstick, bytes: &[u8]) -> Verdict {
    let text = text(bytes);
    let page = |cursor: &str| PageQuery { limit: 20, cursor: Some(cursor.to_owned()) };
    let key = page(&cursor(text)).after().ok().flatten();
    if !text.contains('\0') && key.as_deref() != Some(text) {
        return Err(format!("{text:?} came back as {key:?}"));
    }
    for cursor in [text.to_owned(), cursor(text)] {
        let read =
            [page(&cursor).after().map(drop), page(&cursor).after_as::<TrialId>().map(drop), page(&cursor).after_as::<i64>().map(drop)];
        read.into_iter().filter_map(Result::err).try_for_each(|error| presentable(&error, &[Code::MalformedRequest], bytes))?;
    }
    Ok(())
}

/// Only a trusted proxy's word counts.
fn forwarded(_: &Yardstick, bytes: &[u8]) -> Verdict {
    let peer = "203.0.113.9".parse().map_err(|error| format!("{error}"))?;
    let mut headers = HeaderMap::new();
    if let Ok(value) = bytes.try_into() {
        headers.append(HeaderName::from_static("x-forwarded-for"), value);
    }
    let network = "203.0.113.0/24".parse().map_err(|error| format!("{error}"))?;
    let believed = TrustedProxies(vec![network]).client(Some(peer), &headers);
    let ignored = TrustedProxies::default().client(Some(peer), &headers);
    if ignored == peer { Ok(()) } else { Err(format!("{ignored} instead of {believed}")) }
}

/// Tokens, and the codes in links of mails, `List-Unsubscribe` among them: only those that we made are good.
fn tokens(yardstick: &Yardstick, bytes: &[u8]) -> Verdict {
    let (text, tokens) = (text(bytes), &yardstick.tokens);
    let taken = tokens.claims(text, yardstick.now).is_ok()
        || tokens.refreshed(text).is_some()
        || tokens.mail_token(text).is_some()
        || tokens.unsubscribed(text).is_some();
    if taken == yardstick.ours.iter().any(|ours| ours == text) { Ok(()) } else { Err(format!("{text:?} is taken: {taken}")) }
}

/// `name=value&…`, as it is when nothing in it is escaped.
fn search(yardstick: &Yardstick, bytes: &[u8]) -> Verdict {
    let pairs = text(bytes).split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let search =
        schema::read_query::<Filters>(pairs).and_then(|filters| filters.search(&yardstick.catalogue, &yardstick.rates, yardstick.now));
    search.map_or_else(|error| presentable(&error, &[Code::ValidationFailed, Code::MalformedRequest], bytes), |_| Ok(()))
}

/// What passes the rules passes them again.
fn job_request(yardstick: &Yardstick, bytes: &[u8]) -> Verdict {
    let Ok(value) = json::parse(bytes) else { return Ok(()) };
    let rules = Rules { rates: &yardstick.rates, catalogue: &yardstick.catalogue, now: yardstick.now, current: None };
    match JobRequestDraft(value).check(&rules) {
        Ok(fields) if JobRequestDraft(json!(fields)).check(&rules).ok() == Some(fields.clone()) => Ok(()),
        Ok(fields) => Err(format!("{fields:?} is not taken again")),
        Err(error) => presentable(&error, &[Code::ValidationFailed], bytes),
    }
}

/// What passes the rules passes them again, and as a résumé is read as the same.
fn profile(yardstick: &Yardstick, bytes: &[u8]) -> Verdict {
    let Ok(value) = json::parse(bytes) else { return Ok(()) };
    let mut profile = match yardstick.checked(value) {
        Ok(profile) => profile,
        Err(error) => return presentable(&error, &[Code::ValidationFailed], bytes),
    };
    let resume = json_resume("A developer", "somebody@example.com", &profile);
    let reading = read(&resume, &yardstick.catalogue).map_err(|error| format!("{error}"))?;
    if !reading.not_understood.is_empty() {
        return Err(format!("{resume} is not understood: {:?}", reading.not_understood));
    }
    profile.skills.sort_by(|left, right| right.level.cmp(&left.level).then_with(|| left.slug.cmp(&right.slug)));
    let same = reading.profile.skills == profile.skills
        && reading.profile.languages == profile.languages
        && reading.profile.country == profile.country
        && reading.profile.experience.len() == profile.experience.len();
    if same { Ok(()) } else { Err(format!("{resume} is read as {:?}", reading.profile)) }
}

/// Whatever a résumé says, the reading is a profile that passes every rule.
fn resume(yardstick: &Yardstick, bytes: &[u8]) -> Verdict {
    let Ok(Value::Object(resume)) = json::parse(bytes) else { return Ok(()) };
    let reading = read(&Value::Object(resume), &yardstick.catalogue).map_err(|error| format!("{error}"))?;
    let checked = yardstick.checked(json!(reading.profile)).map_err(|error| format!("{error}"))?;
    if checked == reading.profile { Ok(()) } else { Err(format!("{:?} is checked as {checked:?}", reading.profile)) }
}
