//! A developer's profile as the developer writes it. Everything is optional: a draft may be incomplete, and the
//! submission to vetting checks that it is complete.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::craft::EngagementLength;
use crate::kernel::craft::Seniority;
use crate::kernel::craft::SkillLevel;
use crate::kernel::money::Money;
use crate::kernel::zone::TimeZone;
use crate::kernel::zone::parse_time_of_day;

/// What a developer offers, and under which conditions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// One line that says who one is at work; everybody can read it, so it should hold no name.
    #[schema(format = "line", max_length = 160, examples("Go engineer for payment systems"))]
    pub headline: Option<String>,
    /// More about oneself; for clients to whom one is disclosed.
    #[schema(format = "prose", max_length = 5000)]
    pub summary: Option<String>,
    /// How senior one is.
    pub seniority: Option<Seniority>,
    /// The rate per hour, in minor units.
    pub hourly_rate: Option<Money>,
    /// The most hours per week that one can give to all engagements together.
    #[schema(minimum = 1, maximum = 80, examples(40))]
    pub hours_per_week: Option<i64>,
    /// The first day at work; a day in the past means now.
    #[schema(value_type = Option<String>, format = "date")]
    pub available_from: Option<NaiveDate>,
    /// Where the clock that one lives by stands.
    pub time_zone: Option<TimeZone>,
    /// The daily hours of work by the clock of `time_zone`; 09:00 to 17:00 where unset.
    pub working_hours: Option<WorkingHours>,
    /// ISO 3166-1 alpha-2; compared only with a client's legal limit.
    #[schema(format = "country", max_length = 2, examples("DE"))]
    pub country: Option<String>,
    /// BCP 47 tags of the languages that one works in.
    #[schema(format = "language", max_items = 20, max_length = 35)]
    pub languages: Vec<String>,
    /// Business domains that one knows, in lower case, such as `payments`.
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_items = 20, max_length = 40)]
    pub domains: Vec<String>,
    /// What one can do; each skill once.
    #[schema(max_items = 50)]
    pub skills: Vec<ClaimedSkill>,
    /// Where one has worked; for clients to whom one is disclosed.
    #[schema(max_items = 30)]
    pub experience: Vec<Experience>,
    /// One's pages elsewhere; for clients to whom one is disclosed.
    #[schema(max_items = 20)]
    pub links: Vec<ProfileLink>,
    /// What one would like; only ever a plus in matching, never a gate.
    pub preferences: EngagementPreferences,
}

/// A skill as the developer states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimedSkill {
    /// The skill: its slug, or when writing also an alias.
    #[schema(min_length = 1, max_length = 64, examples("go"))]
    pub slug: String,
    /// How well.
    pub level: SkillLevel,
    /// For how many years.
    #[schema(minimum = 0, maximum = 60, examples(6.5))]
    pub years: f64,
}

/// A daily stretch of work by the wall clock. Where `to` is before `from` it ends on the next day: 22:00 to 06:00 is a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "from": "09:00", "to": "17:00" })))]
pub struct WorkingHours {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; another time than `from`.
    pub to: TimeOfDay,
}

/// A time by the wall clock, in whole minutes; `09:00` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

/// One engagement of the past, or the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Experience {
    /// What one was.
    #[schema(format = "line", max_length = 120)]
    pub title: String,
    /// For whom.
    #[schema(format = "line", max_length = 120)]
    pub employer: String,
    /// The first day.
    #[schema(value_type = String, format = "past-date")]
    pub from: NaiveDate,
    /// The last day; unset while it lasts.
    #[schema(value_type = Option<String>, format = "past-date")]
    pub until: Option<NaiveDate>,
    /// What one did.
    #[schema(format = "prose", max_length = 1000)]
    pub summary: Option<String>,
}

/// A page elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileLink {
    /// What it is, such as `Source code`.
    #[schema(format = "line", max_length = 60)]
    pub label: String,
    /// Where it is.
    #[schema(format = "web-link", max_length = 500, examples("https://example.com/me"))]
    pub url: String,
}

/// What a developer would like of an engagement; what is empty or unset is not stated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngagementPreferences {
    /// Business domains, in lower case.
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_items = 20, max_length = 40)]
    pub domains: Vec<String>,
    /// Lengths: `short` (up to 12 weeks), `medium` (13 to 26), `long` (more).
    #[schema(max_items = 3)]
    pub lengths: Vec<EngagementLength>,
    /// At least so many hours per week.
    #[schema(minimum = 1, maximum = 80)]
    pub min_hours: Option<i64>,
    /// At most so many hours per week.
    #[schema(minimum = 1, maximum = 80)]
    pub max_hours: Option<i64>,
}

impl TimeOfDay {
    /// The time `minutes` after midnight, 0 to 1439.
    pub fn new(minutes: u32) -> Option<Self> {
        (minutes < 24 * 60).then_some(Self(minutes))
    }

    /// Minutes after midnight.
    pub fn minutes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse_time_of_day(&text).map(Self).ok_or_else(|| serde::de::Error::custom("must be a time of day such as 09:00"))
    }
}

impl utoipa::PartialSchema for TimeOfDay {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("time-of-day".to_owned())))
            .examples([serde_json::json!("09:00")])
            .into()
    }
}
impl ToSchema for TimeOfDay {}
