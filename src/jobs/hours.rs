//! Daily hours of work by the wall clock.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::zone::parse_time_of_day;

/// A day in minutes.
const DAY: u32 = 24 * 60;

/// A time by the wall clock, in whole minutes; `09:00` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

/// A daily stretch of work by the wall clock. Where `to` is before `from` it ends on the next day: 22:00 to 06:00 is a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingHours {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; another time than `from`.
    pub to: TimeOfDay,
}

impl WorkingHours {
    /// 09:00 to 17:00, where nothing is stated.
    pub const DEFAULT: Self = Self { from: TimeOfDay(9 * 60), to: TimeOfDay(17 * 60) };

    /// How long it is, in minutes.
    pub fn length(self) -> u32 {
        (self.to.0 + DAY - self.from.0) % DAY
    }
}

impl TimeOfDay {
    /// The time `minutes` after midnight, 0 to 1439.
    pub fn new(minutes: u32) -> Option<Self> {
        (minutes < DAY).then_some(Self(minutes))
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
