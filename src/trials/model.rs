//! A trial as it stands: the contract between two, what is proposed, who looks at it.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId, UserId};
use crate::kernel::money::Money;
use crate::kernel::process::Actor;
use crate::kernel::zone::{TimeZone, add_days};
use crate::trials::calendar::{KeyDates, Periods, Span, offer_expires_at, pause_ends_at};
use crate::trials::notices::Recipient as Who;
use crate::trials::process::{AGREED, Action, Outcome, Row, TrialState};
use crate::trials::terms::{Document, Frozen, Parties, Party, Signature, Terms, TermsPatch};

/// A trial, without its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Its id.
    pub id: TrialId,
    /// For which job request.
    pub job_request_id: JobRequestId,
    /// Who works.
    pub developer_id: DeveloperId,
    /// For whom.
    pub organization_id: OrganizationId,
    /// The member who offered.
    pub offered_by: UserId,
    /// Where it stands.
    pub state: TrialState,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Which version of the terms counts.
    pub terms_version: i64,
    /// The first day, in the contract's zone.
    pub starts_on: NaiveDate,
    /// When that day begins.
    pub starts_at: Instant,
    /// Calendar days agreed at first.
    pub trial_days: i64,
    /// Calendar days added.
    pub extension_days: i64,
    /// Calendar days paused.
    pub paused_days: i64,
    /// When the trial's days are over.
    pub ends_at: Instant,
    /// When it ends by itself, undecided.
    pub grace_until: Instant,
    /// Since when it rests, if it does.
    pub paused_at: Option<Instant>,
    /// Who let it rest.
    pub paused_by: Option<Actor>,
    /// Until when an offer can be answered.
    pub offer_expires_at: Instant,
    /// Why the offer cannot be accepted as things stand.
    pub accept_blocked: Option<String>,
    /// The last day of work, in the contract's zone, once it has ended.
    pub last_day: Option<NaiveDate>,
    /// Why it ended, as a word.
    pub reason_code: Option<String>,
    /// Why it ended, in words.
    pub message: Option<String>,
    /// The trial that it replaces.
    pub replaces: Option<TrialId>,
    /// Grows with every change.
    pub version: i64,
    /// When it was offered.
    pub created_at: Instant,
    /// When its last step was taken.
    pub changed_at: Instant,
}

impl Trial {
    /// Whether it holds hours of the developer and a seat of the job request.
    pub fn holds_seat(&self) -> bool {
        AGREED.contains(&self.state) || self.outcome == Some(Outcome::Converted)
    }

    /// Whether `viewer` is a party of it, or an admin.
    pub fn is_of(&self, viewer: Viewer) -> bool {
        let parties = [Viewer::Client(self.organization_id), Viewer::Developer(self.developer_id)];
        viewer == Viewer::Admin || parties.contains(&viewer)
    }

    /// Whether somebody is still to answer the offer.
    pub fn is_open_offer(&self) -> bool {
        matches!(self.state, TrialState::Offered | TrialState::Countered)
    }
}

/// What a proposal says besides what it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProposalContent {
    /// The proposed last day of work.
    pub last_day: Option<NaiveDate>,
    /// The reason, as a word.
    pub reason_code: Option<String>,
    /// The reason, in words.
    pub message: Option<String>,
    /// Who made the proposal, and so signs the terms that it asks for.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Other terms.
    #[serde(default)]
    pub terms: Option<TermsPatch>,
    /// More days.
    #[serde(default)]
    pub days: Option<i64>,
}

/// An offer to go on for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Conversion {
    /// What an hour costs.
    pub hourly_rate: Money,
    /// Hours per week, which the developer's profile holds until they are released there.
    pub hours_per_week: i64,
    /// The first day of the engagement, in the contract's zone.
    pub starts_on: NaiveDate,
    /// What else is offered, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When it was offered.
    pub offered_at: Instant,
}

/// What one party has proposed and the other has not answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What is proposed: the action that made it.
    pub action: Action,
    /// By whom.
    pub party: Party,
    /// The rest.
    pub content: ProposalContent,
    /// When.
    pub proposed_at: Instant,
}

/// A trial with the terms that count, and what is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// The trial.
    pub trial: Trial,
    /// The terms of its version.
    pub terms: Terms,
    /// The hash of the document that they stand in.
    pub sha256: String,
    /// An open proposal.
    pub proposal: Option<Proposal>,
    /// What is offered, or agreed, after the trial.
    pub conversion: Option<Conversion>,
    /// Whether its termination was contested, be it answered or not.
    pub appealed: bool,
}

/// Hours of the developer that a trial holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Hours per week.
    pub hours: i64,
    /// Until when; `None` until the developer releases them.
    pub until: Option<Instant>,
}

impl Holding {
    /// Whether it takes more of the developer's time than `before` did.
    pub fn exceeds(self, before: Option<Self>) -> bool {
        let until = |holding: Self| holding.until.unwrap_or(Instant::from_micros(i64::MAX));
        before.is_none_or(|before| self.hours > before.hours || until(self) > until(before))
    }
}

impl Contract {
    /// The contract's time zone.
    pub fn time_zone(&self) -> TimeZone {
        self.terms.time_zone
    }

    /// The key dates, from what is agreed.
    pub fn key_dates(&self, periods: &Periods) -> KeyDates {
        let Trial { starts_on, trial_days, extension_days, paused_days, .. } = self.trial;
        Span { time_zone: self.terms.time_zone, starts_on, trial_days, extension_days, paused_days }.key_dates(periods)
    }

    /// Makes `terms` with the first day `starts_on` the version that counts, sent at `at`; gives its text, to be kept.
    ///
    /// # Errors
    /// 500 when a number is not finite, which no request can contain.
    pub fn set_terms(&mut self, terms: Terms, starts_on: NaiveDate, version: i64, at: Instant, periods: &Periods) -> Result<Frozen> {
        self.terms = terms;
        self.trial.terms_version = version;
        self.trial.starts_on = starts_on;
        self.move_dates(periods);
        self.trial.offer_expires_at = offer_expires_at(at, starts_on, self.terms.time_zone, periods);
        let frozen = self.document().freeze()?;
        self.sha256.clone_from(&frozen.sha256);
        Ok(frozen)
    }

    /// What both sign.
    pub fn document(&self) -> Document {
        Document {
            parties: Parties { client: self.trial.organization_id, developer: self.trial.developer_id },
            job_request_id: self.trial.job_request_id,
            starts_on: self.trial.starts_on,
            trial_days: self.trial.trial_days,
            version: self.trial.terms_version,
            terms: self.terms.clone(),
        }
    }

    /// Its dates as they follow from the days that are agreed by now.
    pub fn move_dates(&mut self, periods: &Periods) {
        let dates = self.key_dates(periods);
        self.trial.starts_at = dates.starts_at;
        self.trial.ends_at = dates.ends_at;
        self.trial.grace_until = dates.grace_until;
    }

    /// When the offer to go on for good lapses.
    pub fn conversion_lapses_at(&self, periods: &Periods) -> Option<Instant> {
        self.conversion.as_ref().map(|conversion| conversion.offered_at.plus(TimeDelta::days(periods.conversion_days)))
    }

    /// The hours that the trial holds, from its start on: one that has ended holds them through its last day, one that was
    /// terminated not at all.
    pub fn holding(&self, periods: &Periods) -> Option<Holding> {
        let Trial { state, outcome, grace_until, paused_days, last_day, .. } = self.trial;
        if outcome == Some(Outcome::Converted) {
            let hours = self.conversion.as_ref().map_or(self.terms.hours_per_week, |conversion| conversion.hours_per_week);
            return Some(Holding { hours, until: None });
        }
        let until = match state {
            // As long as it may take: the end moves with every day of the pause.
            TrialState::Paused => pause_ends_at(grace_until, periods.pause_days - paused_days, self.terms.time_zone),
            TrialState::ConversionOffered => self.conversion_lapses_at(periods).map_or(grace_until, |lapses| lapses.max(grace_until)),
            TrialState::Ended => self.time_zone().start_of(add_days(last_day?, 1)),
            _ => grace_until,
        };
        let holds = AGREED.contains(&state) || (state == TrialState::Ended && outcome != Some(Outcome::TerminatedForCause));
        holds.then_some(Holding { hours: self.terms.hours_per_week, until: Some(until) })
    }

    /// The signature of `party` under the version that counts.
    pub fn signature(&self, party: Party, user_id: UserId, at: Instant) -> Signature {
        Signature { party, user_id, at, terms_version: self.trial.terms_version, sha256: self.sha256.clone() }
    }
}

/// A version of the terms, as it was proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct TermsVersion {
    /// What it says.
    pub document: Document,
    /// The hash of its canonical text.
    pub sha256: String,
    /// By whom.
    pub proposed_by: Party,
    /// When.
    pub proposed_at: Instant,
}

/// Everything that is kept about a trial but its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossier {
    /// As it stands.
    pub contract: Contract,
    /// Every version of the terms, the first one first.
    pub history: Vec<TermsVersion>,
    /// Every signature, in the order of signing.
    pub signatures: Vec<Signature>,
}

/// Who looks at a trial or takes a step in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A member of the organisation.
    Client(OrganizationId),
    /// The developer.
    Developer(DeveloperId),
    /// An admin.
    Admin,
}

impl Viewer {
    /// The same, as the table names it.
    pub fn actor(self) -> Actor {
        match self {
            Self::Client(_) => Actor::Client,
            Self::Developer(_) => Actor::Developer,
            Self::Admin => Actor::Admin,
        }
    }

    /// The party, if it is one.
    pub fn party(self) -> Option<Party> {
        Party::of(self.actor())
    }
}

/// What comes with a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepBody {
    /// The reason, as a word.
    pub reason_code: Option<String>,
    /// The reason, in words.
    pub message: Option<String>,
    /// The last day of work.
    pub last_day: Option<NaiveDate>,
    /// Another first day.
    pub starts_on: Option<NaiveDate>,
    /// Other terms.
    pub terms: TermsPatch,
    /// More days.
    pub days: Option<i64>,
}

/// A step that is being taken: which row, by whom, and when.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The row of the table.
    pub row: &'static Row,
    /// By whom.
    pub actor: Actor,
    /// The person; nobody for the clock.
    pub user: Option<UserId>,
    /// When it happens: for the clock's steps when they were due.
    pub at: Instant,
    /// What came with it.
    pub body: &'a StepBody,
}

impl Step<'_> {
    /// For whom it is taken.
    pub fn party(&self) -> Option<Party> {
        Party::of(self.actor)
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The trial's version that it led to.
    pub version: i64,
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// The person.
    pub user_id: Option<UserId>,
    /// From where; nothing for the offer.
    pub from: Option<TrialState>,
    /// To where.
    pub to: TrialState,
    /// The reason, as a word.
    pub reason_code: Option<String>,
    /// The reason, in words.
    pub message: Option<String>,
    /// When; for the clock's steps when they were due.
    pub at: Instant,
}

/// The two parties by name, as far as either may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The organisation's.
    pub organization: String,
    /// The developer's line about oneself.
    pub headline: Option<String>,
    /// The developer's.
    pub developer: String,
    /// Whether the organisation may know the developer's.
    pub disclosed: bool,
}

impl Names {
    /// What `who` calls the other party.
    pub fn other(&self, who: Who) -> String {
        let headline = || self.headline.clone().unwrap_or_else(|| "A developer".to_owned());
        match who {
            Who::Developer => self.organization.clone(),
            Who::Client if !self.disclosed => headline(),
            Who::Client => self.developer.clone(),
            Who::Admins => format!("{} and {}", self.organization, self.developer),
        }
    }
}
