//! Calendar weeks, Monday to Sunday, named as ISO 8601 does: `2026-W49`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate, Weekday};

use crate::kernel::zone::add_days;

/// A calendar week, by its Monday. Years from 2000 to 2100 are read, as with dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(NaiveDate);

impl Week {
    /// The week that `date` lies in.
    pub fn of(date: NaiveDate) -> Self {
        Self(date.week(Weekday::Mon).checked_first_day().unwrap_or(NaiveDate::MIN))
    }

    /// Its first day.
    pub fn monday(self) -> NaiveDate {
        self.0
    }

    /// The day that comes `days` after its Monday, also in a later week.
    pub fn day(self, days: i64) -> NaiveDate {
        add_days(self.0, days)
    }

    /// The week after.
    pub fn next(self) -> Self {
        Self(self.day(7))
    }

    /// The week before.
    pub fn previous(self) -> Self {
        Self(self.day(-7))
    }

    /// Whether `date` lies in it.
    pub fn contains(self, date: NaiveDate) -> bool {
        Self::of(date) == self
    }
}

impl fmt::Display for Week {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.0.iso_week();
        write!(formatter, "{:04}-W{:02}", week.year(), week.week())
    }
}

impl FromStr for Week {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (year, week) = text.split_once("-W").filter(|(year, week)| year.len() == 4 && week.len() == 2).ok_or(())?;
        let (year, week) = (year.parse::<u16>().map_err(drop)?, week.parse::<u32>().map_err(drop)?);
        let year = Some(i32::from(year)).filter(|year| (2000..=2100).contains(year)).ok_or(())?;
        let monday = NaiveDate::from_isoywd_opt(year, week, Weekday::Mon).map(Self);
        // `+026` is a number, but no year.
        monday.filter(|monday| monday.to_string() == text).ok_or(())
    }
}

impl serde::Serialize for Week {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Week {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom("must be a week such as 2026-W49"))
    }
}

impl utoipa::PartialSchema for Week {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{4}-W[0-5][0-9]$"))
            .examples([serde_json::json!("2026-W49")])
            .into()
    }
}
impl utoipa::ToSchema for Week {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_named_as_the_iso_says_also_around_new_year() {
        for (date, name) in [("2026-11-30", "2026-W49"), ("2026-12-06", "2026-W49"), ("2027-01-03", "2026-W53"), ("2027-01-04", "2027-W01")]
        {
            let week = Week::of(date.parse().unwrap());
            assert_eq!((week.to_string(), name.parse()), (name.to_owned(), Ok(week)));
            assert!(week.contains(date.parse().unwrap()) && week.next().monday() == week.day(7) && week.next().previous() == week);
        }
        for wrong in ["2027-W53", "2026-W00", "2026-49", "2026-W9", "+026-W49", "2026-W+9", "1999-W52", "2101-W01", ""] {
            assert_eq!(wrong.parse::<Week>(), Err(()), "{wrong}");
        }
    }
}
