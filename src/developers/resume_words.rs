//! The words of an imported JSON Resume: what of it a profile can take, what a reading says, and how languages, levels and days are
//! written there. Pure.

use chrono::{Months, NaiveDate};
use isolang::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use utoipa::ToSchema;

use crate::developers::profile::Profile;
use crate::developers::resume::LEVELS;
use crate::kernel::craft::SkillLevel;
use crate::kernel::error::Fault;
use crate::kernel::text::is_language;
use crate::words;

/// Levels as résumés write them, beside our own words.
const LEVEL_WORDS: [(&str, u8); 12] = [
    ("beginner", 1),
    ("novice", 1),
    ("basic", 1),
    ("elementary", 1),
    ("junior", 2),
    ("familiar", 2),
    ("intermediate", 3),
    ("competent", 3),
    ("experienced", 3),
    ("advanced", 4),
    ("senior", 4),
    ("master", 5),
];
/// What an end that has not come is called.
pub const STILL: [&str; 4] = ["present", "now", "current", "today"];
words! {
    /// A field of a profile that a résumé can fill.
    pub enum ResumeField {
        /// From `basics.label`.
        Headline => "headline",
        /// From `basics.summary`.
        Summary => "summary",
        /// From `basics.location.countryCode`.
        Country => "country",
        /// From `languages`.
        Languages => "languages",
        /// From `skills`, their names and keywords.
        Skills => "skills",
        /// From `work`.
        Experience => "experience",
        /// From `basics.profiles` and `basics.url`.
        Links => "links",
    }
}

impl ResumeField {
    /// How many entries the profile's list may have.
    pub fn most(self) -> usize {
        match self {
            Self::Skills => 50,
            Self::Experience => 30,
            _ => 20,
        }
    }
}

/// A JSON Resume 1.0: an object as <https://jsonresume.org/schema> describes it. Nothing in it is required.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonResume(pub Value);

impl utoipa::PartialSchema for JsonResume {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some("A JSON Resume 1.0 (https://jsonresume.org/schema). Nothing in it is required."))
            .examples([json!({
                "basics": { "label": "Go engineer for payment systems", "location": { "countryCode": "DE" } },
                "work": [{ "name": "A bank", "position": "Engineer", "startDate": "2019-04" }],
                "skills": [{ "name": "Golang", "level": "Master", "keywords": ["gRPC"] }], "languages": [{ "language": "English" }],
            })])
            .into()
    }
}
impl ToSchema for JsonResume {}

/// Something that a profile says in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mapping {
    /// Where it stands in the résumé.
    #[schema(examples("/skills/0/name"))]
    pub pointer: String,
    /// What stands there.
    #[schema(examples("Golang"))]
    pub text: String,
    /// What it is read as: a slug of the catalogue, a whole date, a language tag, a level.
    #[schema(examples("go"))]
    pub read_as: String,
}

/// What a résumé says, in the words of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The fields that it says something of.
    pub said: Vec<ResumeField>,
    /// What it says of them.
    pub profile: Profile,
    /// What was read as something else.
    pub mapped: Vec<Mapping>,
    /// What was looked at and not understood.
    pub not_understood: Vec<Fault>,
    /// What a profile has no place for.
    pub left_out: Vec<String>,
    /// What a résumé does not tell, by its place in the profile.
    pub to_complete: Vec<Fault>,
}

/// A skill as it was found, where, and what was said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSkill {
    /// Where.
    pub pointer: String,
    /// Its slug.
    pub slug: String,
    /// How well, if that is said.
    pub level: Option<SkillLevel>,
    /// For how many years, if that is said.
    pub years: Option<f64>,
}

/// Which day of a year or a month is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichDay {
    /// The first.
    First,
    /// The last.
    Last,
}

/// The level that a number from 1 to 5 or a word names, in any case.
pub fn level(text: &str) -> Option<SkillLevel> {
    let word = text.trim().to_lowercase();
    let known = LEVELS.iter().copied().zip(1_u8..).chain(LEVEL_WORDS);
    let number = word.parse().ok().or_else(|| known.into_iter().find(|(known, _)| *known == word).map(|(_, number)| number));
    number.and_then(SkillLevel::new)
}

/// A tag, or the tag of a language's English name.
pub fn language(text: &str) -> Option<String> {
    if is_language(text) {
        return Some(text.to_owned());
    }
    let mut letters = text.chars();
    let capital = letters.next()?.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect::<String>();
    let language = Language::from_name(text).or_else(|| Language::from_name(&capital))?;
    Some(language.to_639_1().unwrap_or_else(|| language.to_639_3()).to_owned())
}

/// `2019`, `2019-04`, `2019-04-01`, or an instant of such a day.
pub fn day(text: &str, which: WhichDay) -> Option<NaiveDate> {
    let text = text.split_once('T').map_or(text, |(day, _)| day);
    let mut numbers = text.split('-');
    let year: i32 = numbers.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut next = || numbers.next().map(|number| number.parse::<u32>().map_err(drop)).transpose().ok();
    let (month, day, rest) = (next()?, next()?, next()?);
    let first = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1)).filter(|_| rest.is_none())?;
    let months = match (month, day) {
        (_, Some(_)) => return Some(first),
        (Some(_), None) => 1,
        (None, _) => 12,
    };
    if which == WhichDay::First { Some(first) } else { first.checked_add_months(Months::new(months))?.pred_opt() }
}

/// A skill that is named twice counts once, with the better of what is said of it.
pub fn merge(found: &mut Vec<FoundSkill>, skill: FoundSkill) {
    match found.iter_mut().find(|known| known.slug == skill.slug) {
        Some(known) => {
            known.level = known.level.max(skill.level);
            known.years = [known.years, skill.years].into_iter().flatten().reduce(f64::max);
        }
        None => found.push(skill),
    }
}

/// The text without line breaks and double spaces.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The host of a link, as its label.
pub fn host(url: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.filter(|host| host.chars().count() <= 60).unwrap_or_else(|| "Link".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_month_is_the_calendars() {
        let last = |text: &str| day(text, WhichDay::Last).map(|day| day.to_string());
        assert_eq!(last("2020-02").as_deref(), Some("2020-02-29"));
        assert_eq!(last("2021").as_deref(), Some("2021-12-31"));
        assert_eq!(last("2019-06-01T00:00:00Z").as_deref(), Some("2019-06-01"));
        for wrong in ["", "19", "2019-", "2019-00", "2019-02-30", "2019-01-01-01", "+2019", "2019-1-x"] {
            assert_eq!(day(wrong, WhichDay::First), None, "{wrong}");
        }
    }

    #[test]
    fn levels_are_numbers_or_words() {
        let number = |text: &str| level(text).map(SkillLevel::number);
        assert_eq!([" Master ", "expert", "3", "novice"].map(number), [Some(5), Some(4), Some(3), Some(1)]);
        assert_eq!(["0", "6", "wizard", ""].map(number), [None::<u8>; 4]);
    }
}
