//! What letters say of trials, invitations, skills and applications, as plain values.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApplicationId, InvitationId, TrialId};
use crate::kernel::money::Money;
use crate::kernel::zone::TimeZone;
use crate::words;

/// What a mail about a trial says of it, as the recipient may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialSummary {
    /// The trial.
    pub trial_id: TrialId,
    /// The other party: the organisation's name; the developer's headline or, once disclosed, name.
    pub other: String,
    /// The first day, in the contract's zone.
    pub starts_on: NaiveDate,
    /// When the 30 days are over.
    pub ends_at: Instant,
    /// The contract's zone.
    pub time_zone: TimeZone,
    /// Per hour.
    pub hourly_rate: Money,
    /// Hours per week.
    pub hours_per_week: i64,
    /// Which version of the trial this tells of.
    pub version: i64,
    /// When it became so.
    pub changed_at: Instant,
    /// What belongs into a calendar, the earliest first.
    pub key_dates: Vec<TrialDate>,
}

words! {
    /// What happens at a key date of a trial.
    pub enum TrialDateKind {
        /// It begins.
        Start => "start",
        /// Both are asked how it goes.
        CheckIn => "check-in",
        /// The decision opens.
        Decision => "decision",
        /// Its days are over.
        End => "end",
    }
}

/// A key date of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialDate {
    /// What happens.
    pub kind: TrialDateKind,
    /// For a check-in, calendar days after the start; else 0.
    pub day: i64,
    /// When.
    pub at: Instant,
}

/// What is agreed, or offered, about the time after a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// Per hour.
    pub hourly_rate: Money,
    /// Hours per week.
    pub hours_per_week: i64,
    /// The first day, in the contract's zone.
    pub starts_on: NaiveDate,
}

/// A skill with the level that vetting found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillLevel {
    /// The skill's slug.
    pub skill: String,
    /// 1 to 5.
    pub level: i64,
}

/// An application in which nothing has happened for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleApplication {
    /// The application.
    pub application_id: ApplicationId,
    /// Where it stands.
    pub state: String,
    /// Working days without a step.
    pub working_days: i64,
}

/// A developer as a digest names one: what the public card shows, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeveloperLine {
    /// The headline, if there is one.
    pub headline: Option<String>,
    /// How senior, as a word.
    pub seniority: Option<String>,
}

/// What a mail about an invitation says of it, as the recipient may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSummary {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// The job request's title.
    pub title: String,
    /// The other side: for the client the developer's headline or, once disclosed, name; for the developer nobody by name.
    pub other: String,
    /// When an answer is expected.
    pub answer_by: Instant,
    /// When it lapses.
    pub lapses_at: Instant,
}

/// The hours of a week, as mails name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekOfHours {
    /// The week, as ISO 8601 names it: `2026-W49`.
    pub week: String,
    /// Its hours, in minutes.
    pub minutes: i64,
}
