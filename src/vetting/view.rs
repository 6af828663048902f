//! Who sees what of an application: admins all but the cards that could sway them, the developer neither notes nor names.

use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::{Beside, VerifiedSkill, VettedStatus};
use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApplicationId, DeveloperId, UserId};
use crate::kernel::process::Actor;
use crate::vetting::application::{Application, Card, Event, may_apply};
use crate::vetting::domain::{Criterion, Score, SkillVerdict, vetting_score};
use crate::vetting::guards::Facts;
use crate::vetting::process::{Action, ApplicationState, Stage, allowed_actions, what_is_next};
use crate::words;

words! {
    /// Who has to act next.
    pub enum WaitsFor {
        /// The developer.
        Developer => "developer",
        /// A reviewer.
        Reviewer => "reviewer",
        /// Nobody: it is finished.
        Nobody => "nobody",
    }
}

/// An application, to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Shown {
    /// To an admin.
    Reviewed(Box<ReviewedApplication>),
    /// To the developer.
    Own(Box<OwnApplication>),
}

/// An application as admins see it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationSummary {
    /// The application.
    pub id: ApplicationId,
    /// Who applies.
    pub developer_id: DeveloperId,
    /// Where it stands.
    pub state: ApplicationState,
    /// The stage worked on, or gone back to from a side state.
    #[schema(required = true)]
    pub stage: Option<Stage>,
    /// The admin who took it.
    #[schema(required = true)]
    pub reviewer_id: Option<UserId>,
    /// Grows with every step.
    pub version: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// An application as admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewedApplication {
    /// The application.
    pub id: ApplicationId,
    /// Who applies.
    pub developer_id: DeveloperId,
    /// Where it stands.
    pub state: ApplicationState,
    /// The stage worked on, or gone back to from a side state.
    #[schema(required = true)]
    pub stage: Option<Stage>,
    /// Grows with every step.
    pub version: i64,
    /// The admin who took it.
    #[schema(required = true)]
    pub reviewer_id: Option<UserId>,
    /// What was asked last.
    #[schema(required = true)]
    pub questions: Option<String>,
    /// What was answered to that.
    #[schema(required = true)]
    pub answers: Option<String>,
    /// Why it was rejected, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// Why it was rejected, in words for the developer.
    #[schema(required = true)]
    pub message: Option<String>,
    /// From when a new application is welcome.
    #[schema(required = true)]
    pub retry_after: Option<Instant>,
    /// Stages that were passed in an earlier application and still count.
    pub skipped_stages: Vec<Stage>,
    /// From 0 to 100, of the cards shown here. Matching never uses it.
    #[schema(minimum = 0, maximum = 100)]
    pub vetting_score: u8,
    /// The cards; other reviewers' of the current stage only once one's own is in.
    pub scorecards: Vec<ScorecardView>,
    /// How many cards of the current stage stay hidden until one's own is in.
    #[schema(minimum = 0)]
    pub hidden_scorecards: usize,
    /// What happened, in order.
    pub events: Vec<ApplicationEvent>,
    /// What one may do now.
    pub allowed_actions: Vec<Action>,
    /// When it was begun.
    pub created_at: Instant,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationEvent {
    /// What was done.
    pub action: Action,
    /// In which role.
    pub actor: Actor,
    /// By whom.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// From where; null for the first.
    #[schema(required = true)]
    pub from: Option<ApplicationState>,
    /// To where.
    pub to: ApplicationState,
    /// Why, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// Why, or what was asked or answered, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When.
    pub at: Instant,
    /// The application's version after it.
    pub version: i64,
}

/// A reviewer's scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScorecardView {
    /// Of which stage.
    pub stage: Stage,
    /// By whom.
    pub reviewer_id: UserId,
    /// What was judged.
    pub criteria: Vec<Criterion>,
    /// The judgement over all.
    pub recommendation: Score,
    /// The levels that this stage showed.
    pub verified_skills: Vec<SkillVerdict>,
    /// The line that the developer reads once the stage is passed.
    #[schema(required = true)]
    pub feedback: Option<String>,
    /// For reviewers only.
    #[schema(required = true)]
    pub private_notes: Option<String>,
    /// Grows each time it is written.
    pub version: i64,
    /// When it was last written.
    pub written_at: Instant,
}

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
    /// The levels that vetting has verified.
    pub verified_skills: Vec<VerifiedSkill>,
    /// The latest application.
    #[schema(required = true)]
    pub application: Option<OwnApplication>,
}

impl From<Application> for ApplicationSummary {
    fn from(application: Application) -> Self {
        let stage = application.stage();
        let Application { id, developer_id, state, reviewer_id, version, created_at, changed_at, .. } = application;
        Self { id, developer_id, state, stage, reviewer_id, version, created_at, changed_at }
    }
}

impl From<Card> for ScorecardView {
    fn from(card: Card) -> Self {
        Self {
            stage: card.stage,
            reviewer_id: card.reviewer_id,
            criteria: card.scorecard.criteria,
            recommendation: card.scorecard.recommendation,
            verified_skills: card.scorecard.verified_skills,
            feedback: card.scorecard.feedback,
            private_notes: card.scorecard.private_notes,
            version: card.version,
            written_at: card.written_at,
        }
    }
}

impl From<Event> for ApplicationEvent {
    fn from(event: Event) -> Self {
        let Event { version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at, .. } = event;
        Self { action, actor, user_id, from: from_state, to: to_state, reason_code, message, at: occurred_at, version }
    }
}

impl ReviewedApplication {
    /// What the admin `viewer` sees, `facts` being what the admin's steps are held to.
    pub fn new(application: Application, cards: Vec<Card>, events: Vec<Event>, facts: &Facts, viewer: UserId) -> Self {
        let stage = application.stage();
        let current = |card: &Card| Some(card.stage) == stage;
        let own_is_in = cards.iter().any(|card| current(card) && card.reviewer_id == viewer);
        let (hidden, shown): (Vec<Card>, Vec<Card>) = cards.into_iter().partition(|card| current(card) && !own_is_in);
        let scored: Vec<_> = shown.iter().map(|card| (card.stage, card.scorecard.clone())).collect();
        Self {
            id: application.id,
            developer_id: application.developer_id,
            state: application.state,
            stage,
            version: application.version,
            reviewer_id: application.reviewer_id,
            questions: application.questions,
            answers: application.answers,
            reason_code: application.reason_code,
            message: application.message,
            retry_after: application.retry_after,
            skipped_stages: application.skipped_stages,
            vetting_score: vetting_score(&scored),
            scorecards: shown.into_iter().map(ScorecardView::from).collect(),
            hidden_scorecards: hidden.len(),
            events: events.into_iter().map(ApplicationEvent::from).collect(),
            allowed_actions: allowed_actions(application.state, Actor::Admin, facts),
            created_at: application.created_at,
            changed_at: application.changed_at,
        }
    }
}

impl OwnApplication {
    /// What the developer sees.
    pub fn new(application: Application, cards: &[Card], events: &[Event]) -> Self {
        Self {
            id: application.id,
            state: application.state,
            stage: application.stage(),
            version: application.version,
            next: what_is_next(application.state).to_owned(),
            waits_for: waits_for(&application),
            passed_stages: passed_stages(cards, events),
            allowed_actions: allowed_actions(application.state, Actor::Developer, &Facts::default()),
            questions: application.questions,
            answers: application.answers,
            reason_code: application.reason_code,
            message: application.message,
            retry_after: application.retry_after,
            skipped_stages: application.skipped_stages,
            created_at: application.created_at,
            changed_at: application.changed_at,
        }
    }
}

impl OwnVetting {
    /// Where a developer stands at `now`, with the latest application, once as it is kept and once as it is shown.
    pub fn new(latest: Option<&Application>, application: Option<OwnApplication>, beside: Beside, now: Instant) -> Self {
        let may_apply = may_apply(latest, beside.standing, now).is_ok();
        let mut allowed_actions = application.as_ref().map(|each| each.allowed_actions.clone()).unwrap_or_default();
        if may_apply {
            allowed_actions.push(Action::Apply);
        }
        Self {
            state: latest.map(|each| each.state),
            next: application.as_ref().map_or_else(|| NOTHING_YET.to_owned(), |each| each.next.clone()),
            waits_for: application.as_ref().map_or(WaitsFor::Developer, |each| each.waits_for),
            allowed_actions,
            retry_after: latest.and_then(|each| each.retry_after),
            vetted_status: beside.standing.map(|pass| pass.status),
            valid_until: beside.standing.map(|pass| pass.valid_until),
            verified_skills: beside.verified_skills,
            application,
        }
    }
}

const NOTHING_YET: &str = "Write your profile, then apply: POST /v1/vetting/applications.";

fn waits_for(application: &Application) -> WaitsFor {
    match application.state {
        ApplicationState::Draft | ApplicationState::NeedsInfo => WaitsFor::Developer,
        _ if application.is_finished() => WaitsFor::Nobody,
        _ => WaitsFor::Reviewer,
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
