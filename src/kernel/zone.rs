//! Time zones and local days: where a day begins, also when its midnight does not exist or exists twice.

use std::fmt;

use chrono::{Days, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone as _, Timelike, Utc};
use chrono_tz::Tz;

use crate::kernel::clock::Instant;

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeZone(Tz);

impl TimeZone {
    /// UTC.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone with the name `name`, such as `Europe/London`.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The local date at `at`.
    pub fn date(self, at: Instant) -> NaiveDate {
        at.utc().with_timezone(&self.0).date_naive()
    }

    /// Minutes after midnight by the local clock at `at`.
    pub fn minute(self, at: Instant) -> u32 {
        minute_of_day(&at.utc().with_timezone(&self.0))
    }

    /// The first instant of `date`: local midnight; where midnight does not exist the first instant after the gap,
    /// where it exists twice the earlier one.
    pub fn start_of(self, date: NaiveDate) -> Instant {
        self.at(date, 0)
    }

    /// The instant of `minutes` after local midnight by the wall clock of `date`; in a gap the first instant after it,
    /// where ambiguous the earlier.
    pub fn at(self, date: NaiveDate, minutes: u32) -> Instant {
        let wall = date.and_time(NaiveTime::MIN).checked_add_signed(Duration::minutes(i64::from(minutes)));
        let mut wall = wall.unwrap_or(chrono::NaiveDateTime::MAX);
        // The longest gap on record is the day that Samoa left out; gaps begin and end on whole minutes.
        for _ in 0..=(25 * 60) {
            match self.0.from_local_datetime(&wall) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return Instant::new(at.with_timezone(&Utc)),
                LocalResult::None => wall = wall.checked_add_signed(Duration::minutes(1)).unwrap_or(wall),
            }
        }
        Instant::new(wall.and_utc())
    }

    /// Whether the zone's calendar has `date` (Pacific/Apia has no 2011-12-30).
    pub fn has(self, date: NaiveDate) -> bool {
        self.date(self.start_of(date)) == date
    }

    /// `Tue 1 Dec 2026, 09:00 (Europe/London)`, for mails.
    pub fn display(self, at: Instant) -> String {
        format!("{} ({})", at.utc().with_timezone(&self.0).format("%a %-d %b %Y, %H:%M"), self.name())
    }
}

/// `date` moved by `days` calendar days; at the ends of the calendar it stays there.
pub fn add_days(date: NaiveDate, days: i64) -> NaiveDate {
    let count = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) };
    moved.unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
}

/// Minutes after midnight of a text such as `09:30`.
pub fn parse_time_of_day(text: &str) -> Option<u32> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5)?;
    Some(minute_of_day(&time))
}

fn minute_of_day(wall: &impl Timelike) -> u32 {
    wall.num_seconds_from_midnight() / 60
}

impl fmt::Display for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl serde::Serialize for TimeZone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for TimeZone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom("must be an IANA time zone"))
    }
}

impl utoipa::PartialSchema for TimeZone {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("time-zone".to_owned())))
            .examples([serde_json::json!("Europe/London")])
            .into()
    }
}
impl utoipa::ToSchema for TimeZone {}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(zone: &str, date: &str) -> String {
        let zone = TimeZone::parse(zone).expect("a zone");
        zone.start_of(date.parse().expect("a date")).to_string()
    }

    #[test]
    fn days_begin_where_the_zone_says() {
        assert_eq!(start("Europe/London", "2026-12-01"), "2026-12-01T00:00:00Z");
        assert_eq!(start("Europe/London", "2026-07-01"), "2026-06-30T23:00:00Z");
        // Santiago skips midnight when summer begins: the day begins at 01:00 local.
        assert_eq!(start("America/Santiago", "2026-09-06"), "2026-09-06T04:00:00Z");
        // Samoa had no 30 December 2011.
        let apia = TimeZone::parse("Pacific/Apia").expect("a zone");
        assert!(!apia.has("2011-12-30".parse().expect("a date")));
        assert!(apia.has("2011-12-31".parse().expect("a date")));
    }
}
