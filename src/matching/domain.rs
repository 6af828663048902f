//! What is matched with what: a developer as the matcher sees one, and a request, saved or not.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::craft::EngagementLength;
use crate::kernel::craft::Seniority;
use crate::kernel::craft::SkillLevel;
use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::money::Money;
use crate::kernel::zone::TimeZone;

/// A vetted developer of the pool, as the matcher sees one. What must never be an input (name, photo, age, school,
/// nationality, gaps, vetting score) has no field here.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who.
    pub developer_id: DeveloperId,
    /// Shown, never scored.
    pub headline: Option<String>,
    /// Not stated: fails where a request names the accepted ones.
    pub seniority: Option<Seniority>,
    /// Per hour.
    pub rate: Money,
    /// Hours per week in all, the ones held by commitments included.
    pub hours_per_week: u32,
    /// The first free date, may lie in the past; not stated counts as free now at the gate and as neutral in the score.
    pub available_from: Option<NaiveDate>,
    /// Where the working hours count.
    pub time_zone: TimeZone,
    /// Own working hours, else [`WorkingHours::DEFAULT`].
    pub working_hours: Option<WorkingHours>,
    /// ISO 3166-1 alpha-2; read only where a legal limit is stated.
    pub country: Option<String>,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    /// Business domains worked in; empty is not stated.
    pub domains: Vec<String>,
    /// Claimed skills by slug.
    pub skills: BTreeMap<String, ClaimedSkill>,
    /// Skills that vetting verified, by slug.
    pub verified: BTreeMap<String, VerifiedSkill>,
    /// What the developer would like to do.
    pub preferences: Preferences,
    /// Hours that trials hold.
    pub commitments: Vec<Commitment>,
    /// How trials ended.
    pub track_record: TrackRecord,
    /// How quickly offers and invitations were answered.
    pub responsiveness: Responsiveness,
    /// The job requests to which the developer accepted an invitation.
    pub accepted_invitations: Vec<JobRequestId>,
    /// When this stops being right by itself, although no row changes: a validity ends, an offer grows too old to count.
    pub right_until: Option<Instant>,
}

impl Candidate {
    /// Whether the developer accepted an invitation to this very request.
    pub fn accepted(&self, request: &Request) -> bool {
        request.id.is_some_and(|id| self.accepted_invitations.contains(&id))
    }
}

/// A skill as the developer states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClaimedSkill {
    /// The stated level.
    pub level: SkillLevel,
    /// Years of practice, at least 0.
    pub years: f64,
}

/// A skill as vetting found it; replaces the claim until the day it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSkill {
    /// The level found.
    pub level: SkillLevel,
    /// When.
    pub verified_at: Instant,
    /// Until when it counts, that UTC day included.
    pub expires_at: Instant,
}

/// A daily stretch of work by the wall clock, in minutes after local midnight; where `to` is not after `from` it ends
/// on the next day (22:00–06:00, and 09:00–09:00 is all day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkingHours {
    /// Its begin, 0 to 1439.
    pub from: u32,
    /// Its end, 0 to 1440.
    pub to: u32,
}

impl WorkingHours {
    /// 09:00–17:00.
    pub const DEFAULT: Self = Self { from: 9 * 60, to: 17 * 60 };
}

/// What a developer would like; `None` or an empty list is not stated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Business domains.
    pub domains: Option<Vec<String>>,
    /// Lengths of engagement.
    pub lengths: Option<Vec<EngagementLength>>,
    /// At least these hours per week.
    pub min_hours: Option<u32>,
    /// At most these hours per week.
    pub max_hours: Option<u32>,
}

/// Hours per week that something holds from `from` until just before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// Hours per week.
    pub hours: u32,
    /// The first instant.
    pub from: Instant,
    /// The first instant after it.
    pub until: Instant,
}

/// Ended trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackRecord {
    /// All that ended.
    pub ended: u32,
    /// Of these: converted, ended mutually, or reviewed with 4 or better.
    pub good: u32,
}

/// Offers and invitations of the last 90 days; whoever counts them takes the latest [`Responsiveness::COUNTED`] at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Responsiveness {
    /// All whose 48 hours are over or that were answered.
    pub asked: u32,
    /// Of these: answered within 48 hours.
    pub answered_within_48h: u32,
}

impl Responsiveness {
    /// How many offers and invitations count at most, the latest ones.
    pub const COUNTED: u32 = 10;
}

/// What a client looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `None` for a search that is not saved.
    pub id: Option<JobRequestId>,
    /// In the client's order.
    pub skills: Vec<AskedSkill>,
    /// The accepted ones; empty accepts all.
    pub seniority: Vec<Seniority>,
    /// Business domains; empty asks for none.
    pub domains: Vec<String>,
    /// Only where the law limits where the work may be done from.
    pub legal_country_limit: Option<LegalCountryLimit>,
    /// Per hour.
    pub max_hourly_rate: Money,
    /// Asked hours per week.
    pub hours_per_week: u32,
    /// The trial's first date.
    pub starts_on: NaiveDate,
    /// `None` is open-ended.
    pub duration_weeks: Option<u32>,
    /// Where the working hours and the start date count.
    pub time_zone: TimeZone,
    /// The team's working hours, else [`WorkingHours::DEFAULT`].
    pub working_hours: Option<WorkingHours>,
    /// Hours per day that the working hours must share, counted to the nearest minute.
    pub overlap_hours: f64,
    /// BCP 47 tags, all of which are needed.
    pub languages: Vec<String>,
}

/// A skill that a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedSkill {
    /// Which.
    pub slug: String,
    /// At least this level.
    pub min_level: SkillLevel,
    /// At least these years, a gate for musts.
    pub min_years: Option<f64>,
    /// Whether nobody passes without it.
    pub must: bool,
    /// How much it counts among the nice-to-haves; at least 1.
    pub weight: u32,
    /// Whether a curated substitute will do.
    pub allow_adjacent: bool,
}

/// Countries outside of which the law does not let the work be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalCountryLimit {
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Which law, for people to read.
    pub reason: String,
}

impl Request {
    /// The asked overlap in minutes, to the nearest; nothing is read as a negative or endless ask.
    pub fn overlap_minutes(&self) -> i64 {
        // A float becomes an integer here, once, and nothing after this line is a float: 0.1-hour steps stay exact.
        let minutes = (self.overlap_hours * 60.0).round().clamp(0.0, 24.0 * 60.0);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a day's minutes; NaN becomes 0")]
        let minutes = minutes as i64;
        minutes
    }
}
