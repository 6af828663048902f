//! What the developer sees of vetting: where it stands, what comes next, by whom, by when and why; neither notes nor names.

use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::{VerifiedSkill, VettedStatus};
use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApplicationId, UserId};
use crate::kernel::process::Actor;
use crate::vetting::appeal::AppealView;
use crate::vetting::application::{Card, Event, last_decision};
use crate::vetting::guards::Facts;
use crate::vetting::outlook::{Outlook, WaitsFor};
use crate::vetting::process::{Action, ApplicationState, Stage, allowed_actions, what_is_next};
use crate::vetting::view::Dossier;
use crate::vetting::view_vetted::OwnVetted;

/// An application as the developer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnApplication {
    /// The application.
    pub id: ApplicationId,
    /// Where it stands.
    pub state: ApplicationState,
    /// The stage worked on, or gone back to from a side state.
    #[schema(required = true)]
    pub stage: Option<Stage>,
    /// Grows with every step.
    pub version: i64,
    /// What happens next.
    pub next: String,
    /// By whom.
    pub waits_for: WaitsFor,
    /// What the reviewer asked last.
    #[schema(required = true)]
    pub questions: Option<String>,
    /// What was answered to that.
    #[schema(required = true)]
    pub answers: Option<String>,
    /// Why it was rejected, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// Why it was rejected, in the reviewer's words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// From when a new application is welcome.
    #[schema(required = true)]
    pub retry_after: Option<Instant>,
    /// Until when an answer to the questions is awaited.
    #[schema(required = true)]
    pub answer_by: Option<Instant>,
    /// Until when the rejection can be appealed.
    #[schema(required = true)]
    pub appeal_by: Option<Instant>,
    /// The last appeal.
    #[schema(required = true)]
    pub appeal: Option<AppealView>,
    /// The stages passed so far, in order, with a line of feedback each.
    pub passed_stages: Vec<PassedStage>,
    /// Stages that were passed in an earlier application and still count.
    pub skipped_stages: Vec<Stage>,
    /// What one may do now.
    pub allowed_actions: Vec<Action>,
    /// When it was begun.
    pub created_at: Instant,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// A stage that is passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PassedStage {
    /// The stage.
    pub stage: Stage,
    /// When it was passed.
    pub passed_at: Instant,
    /// The reviewer's line for the developer.
    #[schema(required = true)]
    pub feedback: Option<String>,
}

/// Where a developer stands in vetting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnVetting {
    /// The latest application's state; null before the first.
    #[schema(required = true)]
    pub state: Option<ApplicationState>,
    /// What happens next.
    pub next: String,
    /// By whom.
    pub waits_for: WaitsFor,
    /// By when, where there is a date.
    #[schema(required = true)]
    pub due_by: Option<Instant>,
    /// Why: in the reviewer's or the admin's words where they wrote some.
    #[schema(required = true)]
    pub why: Option<String>,
    /// What one may do now, with the latest application or towards a new one (`apply`).
    pub allowed_actions: Vec<Action>,
    /// From when a new application is welcome after a rejection.
    #[schema(required = true)]
    pub retry_after: Option<Instant>,
    /// Whether one counts as vetted; null before the first approval.
    #[schema(required = true)]
    pub vetted_status: Option<VettedStatus>,
    /// Until when that holds.
    #[schema(required = true)]
    pub valid_until: Option<Instant>,
    /// The vetted status in full; null before the first approval.
    #[schema(required = true)]
    pub vetted: Option<OwnVetted>,
    /// The levels that vetting has verified.
    pub verified_skills: Vec<VerifiedSkill>,
    /// The latest application.
    #[schema(required = true)]
    pub application: Option<OwnApplication>,
}

impl OwnApplication {
    /// What the developer sees.
    pub fn new(dossier: Dossier, facts: &Facts, appeal_days: i64) -> Self {
        let Dossier { application, cards, events, appeal } = dossier;
        let decision = last_decision(&events).filter(|_| application.state == ApplicationState::Rejected);
        Self {
            id: application.id,
            state: application.state,
            stage: application.stage(),
            version: application.version,
            next: what_is_next(application.state).to_owned(),
            waits_for: WaitsFor::of(application.state),
            passed_stages: passed_stages(&cards, &events),
            allowed_actions: allowed_actions(application.state, Actor::Developer, facts),
            questions: application.questions,
            answers: application.answers,
            reason_code: application.reason_code,
            message: application.message,
            retry_after: application.retry_after,
            answer_by: application.answer_by,
            appeal_by: decision.map(|decision| decision.appeal_by(appeal_days)),
            appeal: appeal.map(AppealView::from),
            skipped_stages: application.skipped_stages,
            created_at: application.created_at,
            changed_at: application.changed_at,
        }
    }
}

impl OwnVetting {
    /// Where a developer stands who has `verified_skills`; `beginning` is the step with which a new application could begin.
    pub fn new(
        application: Option<OwnApplication>,
        vetted: Option<OwnVetted>,
        verified_skills: Vec<VerifiedSkill>,
        beginning: Option<Action>,
    ) -> Self {
        let outlook = Outlook::of(application.as_ref(), vetted.as_ref());
        let mut allowed_actions = application.as_ref().map(|each| each.allowed_actions.clone()).unwrap_or_default();
        allowed_actions.extend(beginning.filter(|action| !allowed_actions.contains(action)));
        Self {
            state: application.as_ref().map(|each| each.state),
            next: outlook.next,
            waits_for: outlook.waits_for,
            due_by: outlook.due_by,
            why: outlook.why,
            allowed_actions,
            retry_after: application.as_ref().and_then(|each| each.retry_after),
            vetted_status: vetted.as_ref().map(|pass| pass.status),
            valid_until: vetted.as_ref().map(|pass| pass.valid_until),
            vetted,
            verified_skills,
            application,
        }
    }
}

fn passed_stages(cards: &[Card], events: &[Event]) -> Vec<PassedStage> {
    let passed = |event: &Event| {
        let stage = event.from_state.and_then(ApplicationState::stage)?;
        Some(PassedStage { stage, passed_at: event.occurred_at, feedback: feedback(cards, stage, event.user_id) })
    };
    events.iter().filter(|event| event.action == Action::Advance).filter_map(passed).collect()
}

/// The line about a stage that the developer reads: of the admin who let it pass, or else of whoever wrote one.
pub fn feedback(cards: &[Card], stage: Stage, by: Option<UserId>) -> Option<String> {
    let lines = || cards.iter().filter(|card| card.stage == stage && card.scorecard.feedback.is_some());
    let card = lines().find(|card| Some(card.reviewer_id) == by).or_else(|| lines().next());
    card.and_then(|card| card.scorecard.feedback.clone())
}
