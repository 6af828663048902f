//! The filters of the public search, as they stand in a URL.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::kernel::clock::Instant;
use crate::kernel::craft::{Seniority, SkillLevel};
use crate::kernel::error::{Faults, Result};
use crate::kernel::money::{Currency, Money, Rates};
use crate::kernel::page::{PageQuery, default_limit};
use crate::kernel::zone::TimeZone;
use crate::matching::domain::{AskedSkill, Request};
use crate::matching::gates::Gate;
use crate::matching::search::Search;
use crate::skills::domain::Catalogue;

/// Hours per day to share with somebody in a zone that is asked for, where nothing else is said.
const USUAL_OVERLAP: f64 = 4.0;

/// Which developers somebody looks for; what is left out does not narrow.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// A skill by slug or alias, alone or with the least level, such as `go:3`; repeat it for more, all of which are needed.
    #[serde(default)]
    #[param(required = false, max_items = 30, max_length = 66, min_length = 1)]
    pub skill: Vec<String>,
    /// The most that an hour may cost, in minor units of `currency`.
    #[param(minimum = 1, maximum = 100_000_000)]
    pub max_rate: Option<i64>,
    /// The currency of `max_rate`; USD where left out.
    #[param(inline)]
    pub currency: Option<Currency>,
    /// Hours per week that are free over a trial from today on.
    #[param(minimum = 1, maximum = 80)]
    pub hours_per_week: Option<u32>,
    /// A zone in which somebody works from 09:00 to 17:00 and shares hours with the developer.
    #[param(inline)]
    pub time_zone: Option<TimeZone>,
    /// How many hours of that day; 4 where left out. Only with `time_zone`.
    #[param(minimum = 0, maximum = 8, default = 4)]
    pub overlap_hours: Option<f64>,
    /// How senior; repeat it for others that will do as well.
    #[serde(default)]
    #[param(inline, required = false, max_items = 5)]
    pub seniority: Vec<Seniority>,
    /// A BCP 47 tag; repeat it for more, all of which are needed.
    #[serde(default)]
    #[param(required = false, format = "language", max_items = 20, max_length = 35)]
    pub language: Vec<String>,
    /// A business domain such as `payments`; repeat it for others that will do as well.
    #[serde(default)]
    #[param(required = false, max_items = 20, min_length = 1, max_length = 40)]
    pub domain: Vec<String>,
    /// How many at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

impl Filters {
    /// The search that they are at `now`.
    ///
    /// # Errors
    /// 400 for a foreign cursor, 422 with every fault.
    pub fn search(self, catalogue: &Catalogue, rates: &Rates, now: Instant) -> Result<Search> {
        let mut faults = Faults::default();
        let skills: Vec<AskedSkill> = self.skill.iter().filter_map(|text| asked(text, catalogue, &mut faults)).collect();
        let rate = self.rate(rates, &mut faults);
        let alone = self.overlap_hours.is_some() && self.time_zone.is_none();
        faults.check(!alone, "?overlap_hours", "needs `time_zone`: the hours are shared with somebody there");
        faults.finish()?;
        let before = PageQuery { limit: self.limit, cursor: self.cursor.clone() }.after_as()?;
        let asked = self.gates();
        let today = self.time_zone.unwrap_or(TimeZone::UTC).date(now);
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let domains = self.domain.clone();
        Ok(Search { request: self.request(skills, rate, today), asked, domains, before, limit })
    }

    /// The gates that somebody asks about.
    fn gates(&self) -> Vec<Gate> {
        let all = [
            (Gate::MustSkills, !self.skill.is_empty()),
            (Gate::Seniority, !self.seniority.is_empty()),
            (Gate::Hours, self.hours_per_week.is_some()),
            (Gate::Overlap, self.time_zone.is_some()),
            (Gate::Rate, self.max_rate.is_some()),
            (Gate::Languages, !self.language.is_empty()),
        ];
        all.into_iter().filter(|(_, asked)| *asked).map(|(gate, _)| gate).collect()
    }

    /// The highest rate; where none is asked it does not matter which it is.
    fn rate(&self, rates: &Rates, faults: &mut Faults) -> Money {
        let rate = Money { amount: self.max_rate.unwrap_or_default(), currency: self.currency.unwrap_or(Currency::USD) };
        let known = self.max_rate.is_none() || rates.to_micro_dollars(rate).is_some();
        faults.check(known, "?currency", "is a currency that is not converted here: ask in USD");
        rate
    }

    fn request(self, skills: Vec<AskedSkill>, max_hourly_rate: Money, starts_on: NaiveDate) -> Request {
        Request {
            id: None,
            skills,
            seniority: self.seniority,
            domains: Vec::new(),
            legal_country_limit: None,
            max_hourly_rate,
            hours_per_week: self.hours_per_week.unwrap_or_default(),
            starts_on,
            duration_weeks: None,
            time_zone: self.time_zone.unwrap_or(TimeZone::UTC),
            working_hours: None,
            overlap_hours: self.overlap_hours.unwrap_or(USUAL_OVERLAP),
            languages: self.language,
        }
    }
}

/// `go:3`, or `go` for any level.
fn asked(text: &str, catalogue: &Catalogue, faults: &mut Faults) -> Option<AskedSkill> {
    let (name, level) = text.rsplit_once(':').unwrap_or((text, "1"));
    let Some(min_level) = level.parse().ok().and_then(SkillLevel::new) else {
        faults.add("?skill", format!("`{text}` must be a skill, or a skill with a level from 1 to 5 such as go:3"));
        return None;
    };
    let Some(slug) = catalogue.resolve(name) else {
        faults.add("?skill", format!("`{name}` {}", catalogue.unknown(name)));
        return None;
    };
    Some(AskedSkill { slug: slug.to_string(), min_level, min_years: None, must: true, weight: 1, allow_adjacent: false })
}
