//! How a trial is shown, to whom.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId, UserId};
use crate::kernel::process::Actor;
use crate::trials::calendar::{Periods, proposal_lapses_at};
use crate::trials::guards::standing_facts;
use crate::trials::model::{Conversion, Dossier, Event, Names, Proposal, TermsVersion, Trial, Viewer};
use crate::trials::outlook::{conversion_view, day, next, replacement, what_is_next};
use crate::trials::process::{Action, Outcome, TrialState, allowed_actions};
use crate::trials::terms::{Party, Signature, Terms, TermsPatch};

/// The client of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialOrganization {
    /// The organisation.
    pub id: OrganizationId,
    /// Its name; the developer knows it from the offer on.
    pub name: String,
}

/// The developer of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialDeveloper {
    /// The developer.
    pub id: DeveloperId,
    /// One line about the developer at work.
    #[schema(required = true)]
    pub headline: Option<String>,
    /// The name; null for a client before a trial is scheduled.
    #[schema(required = true)]
    pub name: Option<String>,
}

/// What one party proposes; the other may agree or refuse.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalView {
    /// What: the action that proposed it.
    pub action: Action,
    /// By whom.
    pub party: Party,
    /// The proposed last day of work; null: the day on which the other party agrees.
    #[schema(required = true)]
    pub last_day: Option<NaiveDate>,
    /// The reason, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// The reason, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// The terms that would change; null for other proposals.
    #[schema(required = true)]
    pub terms: Option<TermsPatch>,
    /// The days that would be added; null for other proposals.
    #[schema(required = true)]
    pub days: Option<i64>,
    /// When.
    pub proposed_at: Instant,
    /// Until when it can be answered; an appeal is answered whenever it is.
    #[schema(required = true)]
    pub lapses_at: Option<Instant>,
}

/// What happens next.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextStep {
    /// By whom.
    pub by: Vec<Actor>,
    /// What: a step of the lifecycle.
    pub action: Action,
    /// Until when somebody may, or when the clock does.
    #[schema(required = true)]
    pub at: Option<Instant>,
    /// Why, in a sentence.
    pub why: &'static str,
}

/// How a trial that came to nothing can be replaced.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplacementView {
    /// The re-match clock: until when somebody else should have been offered a trial.
    pub rematch_until: Instant,
    /// How many days of it are left; 0 when it has run out.
    pub days_left: i64,
}

/// An offer to go on for good.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversionView {
    /// What is offered.
    #[serde(flatten)]
    pub offer: Conversion,
    /// Until when it can be answered; null once it is agreed.
    #[schema(required = true)]
    pub lapses_at: Option<Instant>,
}

/// A version of the terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermsVersionView {
    /// From 1.
    pub version: i64,
    /// By whom.
    pub proposed_by: Party,
    /// When.
    pub proposed_at: Instant,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The terms.
    pub terms: Terms,
    /// The SHA-256 of the document's canonical JSON (RFC 8785), lower-case hex.
    pub sha256: String,
}

/// A trial, as its parties and admins see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialView {
    /// Its id.
    pub id: TrialId,
    /// Where it stands.
    pub state: TrialState,
    /// How it ended; null before.
    #[schema(required = true)]
    pub outcome: Option<Outcome>,
    /// Grows with every change; also the `ETag`.
    pub version: i64,
    /// The first day, in the contract's zone.
    pub starts_on: NaiveDate,
    /// When that day begins.
    pub starts_at: Instant,
    /// When the trial's days are over.
    pub ends_at: Instant,
    /// When the decision opens.
    pub decision_opens_at: Instant,
    /// When it ends by itself if nobody decides.
    pub grace_until: Instant,
    /// Calendar days agreed at first.
    pub trial_days: i64,
    /// Calendar days added by agreement.
    pub extension_days: i64,
    /// Calendar days paused.
    pub paused_days: i64,
    /// Until when the offer can be answered; null when there is none to answer.
    #[schema(required = true)]
    pub answer_by: Option<Instant>,
    /// Why the offer cannot be accepted as things stand; null when it can.
    #[schema(required = true)]
    pub accept_blocked: Option<String>,
    /// The terms that count.
    pub terms: Terms,
    /// Which version they are.
    pub terms_version: i64,
    /// The hash of the document that both sign.
    pub sha256: String,
    /// Who bears the cost of the first days, in plain words.
    pub billing_explanation: String,
    /// Every version of the terms, the first one first.
    pub terms_history: Vec<TermsVersionView>,
    /// The signatures under the version that counts.
    pub signatures: Vec<Signature>,
    /// What waits for the other party's answer.
    #[schema(required = true)]
    pub proposal: Option<ProposalView>,
    /// What is offered, or agreed, after the trial; null when nothing is.
    #[schema(required = true)]
    pub conversion: Option<ConversionView>,
    /// Since when it rests; null when it does not.
    #[schema(required = true)]
    pub paused_at: Option<Instant>,
    /// Who let it rest.
    #[schema(required = true)]
    pub paused_by: Option<Actor>,
    /// The day of the trial that today is, from 1, in the contract's zone; null before it starts and after it has ended.
    #[schema(required = true)]
    pub day: Option<i64>,
    /// What happens next by itself or waits for somebody, the earliest first.
    pub next: Vec<NextStep>,
    /// The re-match clock of a trial that came to nothing; null for others.
    #[schema(required = true)]
    pub replacement: Option<ReplacementView>,
    /// What you can do now.
    pub allowed_actions: Vec<Action>,
    /// What happens next.
    pub what_is_next: &'static str,
    /// The last day of work, once it has ended.
    #[schema(required = true)]
    pub last_day: Option<NaiveDate>,
    /// Why it ended, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// Why it ended, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// The trial that it replaces.
    #[schema(required = true)]
    pub replaces: Option<TrialId>,
    /// For which job request.
    pub job_request_id: JobRequestId,
    /// Who works.
    pub developer_id: DeveloperId,
    /// The developer, as far as you may know.
    pub developer: TrialDeveloper,
    /// For whom.
    pub organization: TrialOrganization,
    /// When it was offered.
    pub created_at: Instant,
    /// When its last step was taken.
    pub changed_at: Instant,
}

/// What a view needs besides the trial itself.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Who looks.
    pub viewer: Viewer,
    /// When.
    pub now: Instant,
    /// The settings of the key dates.
    pub periods: Periods,
    /// The two parties.
    pub names: Names,
}

impl Scene {
    /// The trial as the viewer sees it.
    pub fn view(self, dossier: &Dossier) -> TrialView {
        let contract = &dossier.contract;
        let trial = contract.trial.clone();
        let facts = standing_facts(contract, self.viewer, &self.periods, self.now);
        TrialView {
            id: trial.id,
            state: trial.state,
            outcome: trial.outcome,
            version: trial.version,
            starts_on: trial.starts_on,
            starts_at: trial.starts_at,
            ends_at: trial.ends_at,
            decision_opens_at: contract.key_dates(&self.periods).decision_opens_at,
            grace_until: trial.grace_until,
            trial_days: trial.trial_days,
            extension_days: trial.extension_days,
            paused_days: trial.paused_days,
            answer_by: Some(trial.offer_expires_at).filter(|_| trial.is_open_offer()),
            accept_blocked: trial.accept_blocked.clone(),
            terms: contract.terms.clone(),
            terms_version: trial.terms_version,
            sha256: contract.sha256.clone(),
            billing_explanation: contract.terms.billing.explanation(),
            terms_history: dossier.history.iter().map(TermsVersionView::from).collect(),
            signatures: current_signatures(dossier),
            proposal: contract.proposal.as_ref().map(|proposal| proposal_view(proposal, &self.periods)),
            conversion: conversion_view(contract, &self.periods),
            paused_at: trial.paused_at,
            paused_by: trial.paused_by,
            day: day(contract, self.now),
            next: next(contract, &self.periods),
            replacement: replacement(contract, &self.periods, self.now),
            allowed_actions: allowed_actions(trial.state, self.viewer.actor(), &facts),
            what_is_next: what_is_next(contract),
            last_day: trial.last_day,
            reason_code: trial.reason_code.clone(),
            message: trial.message.clone(),
            replaces: trial.replaces,
            job_request_id: trial.job_request_id,
            developer_id: trial.developer_id,
            developer: self.developer(&trial),
            organization: TrialOrganization { id: trial.organization_id, name: self.names.organization },
            created_at: trial.created_at,
            changed_at: trial.changed_at,
        }
    }

    fn developer(&self, trial: &Trial) -> TrialDeveloper {
        let known = self.names.disclosed || !matches!(self.viewer, Viewer::Client(_));
        let name = Some(self.names.developer.clone()).filter(|_| known);
        TrialDeveloper { id: trial.developer_id, headline: self.names.headline.clone(), name }
    }
}

impl TrialView {
    /// What its place in a list is told by.
    pub fn key(&self) -> String {
        self.id.to_string()
    }
}

impl From<&TermsVersion> for TermsVersionView {
    fn from(version: &TermsVersion) -> Self {
        let TermsVersion { document, sha256, proposed_by, proposed_at } = version.clone();
        Self { version: document.version, proposed_by, proposed_at, starts_on: document.starts_on, terms: document.terms, sha256 }
    }
}

fn current_signatures(dossier: &Dossier) -> Vec<Signature> {
    let current = dossier.contract.trial.terms_version;
    dossier.signatures.iter().filter(|each| each.terms_version == current).cloned().collect()
}

fn proposal_view(proposal: &Proposal, periods: &Periods) -> ProposalView {
    let Proposal { action, party, content, proposed_at } = proposal.clone();
    ProposalView {
        action,
        party,
        last_day: content.last_day,
        reason_code: content.reason_code,
        message: content.message,
        terms: content.terms,
        days: content.days,
        proposed_at,
        lapses_at: Some(proposal_lapses_at(proposed_at, periods)).filter(|_| action != Action::Appeal),
    }
}

/// A step that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// The trial's version that it led to.
    pub version: i64,
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// The person; null for the clock.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// From which state; null for the offer.
    #[schema(required = true)]
    pub from: Option<TrialState>,
    /// To which state.
    pub to: TrialState,
    /// The reason, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// The reason, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When; for the clock's steps when they were due.
    pub at: Instant,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event { version, action, actor, user_id, from, to, reason_code, message, at } = event;
        Self { version, action, actor, user_id, from, to, reason_code, message, at }
    }
}
