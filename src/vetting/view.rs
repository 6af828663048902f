//! Who sees what of an application: admins all but the cards that could sway them. The developer's view is in `view_own`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::DeveloperCard;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApplicationId, DeveloperId, UserId};
use crate::kernel::process::Actor;
use crate::vetting::appeal::{Appeal, AppealView};
use crate::vetting::application::{Application, Card, Event};
use crate::vetting::domain::{Criterion, Score, SkillVerdict, vetting_score};
use crate::vetting::guards::Facts;
use crate::vetting::process::{Action, ApplicationState, Stage, allowed_actions};
use crate::vetting::view_own::OwnApplication;
use crate::vetting::view_vetted::ReviewedVetted;

/// An application with everything that stands beside it.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The application.
    pub application: Application,
    /// Its cards.
    pub cards: Vec<Card>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The last appeal against its rejection.
    pub appeal: Option<Appeal>,
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
    /// Whole days without a step; null once it is finished.
    #[schema(required = true, minimum = 0)]
    pub idle_days: Option<i64>,
    /// Grows with every step.
    pub version: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// One page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationPage {
    /// The rows.
    pub data: Vec<ApplicationSummary>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// What `expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<ApplicationsIncluded>,
}

/// What applications name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationsIncluded {
    /// Who applies, by id.
    #[schema(value_type = BTreeMap<String, DeveloperCard>)]
    pub developers: BTreeMap<DeveloperId, DeveloperCard>,
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
    /// Until when an answer to the questions is awaited.
    #[schema(required = true)]
    pub answer_by: Option<Instant>,
    /// The last appeal against its rejection.
    #[schema(required = true)]
    pub appeal: Option<AppealView>,
    /// The developer's vetted status; null before the first approval.
    #[schema(required = true)]
    pub vetted: Option<ReviewedVetted>,
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

/// Whole days without a step; none for an application that is finished.
fn idle_days(application: &Application, now: Instant) -> Option<i64> {
    (!application.is_finished()).then(|| now.since(application.changed_at).num_days().max(0))
}

impl ApplicationSummary {
    /// As it is at `now`.
    pub fn new(application: Application, now: Instant) -> Self {
        let idle_days = idle_days(&application, now);
        let stage = application.stage();
        let Application { id, developer_id, state, reviewer_id, version, created_at, changed_at, .. } = application;
        Self { id, developer_id, state, stage, reviewer_id, idle_days, version, created_at, changed_at }
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
    pub fn new(dossier: Dossier, vetted: Option<ReviewedVetted>, facts: &Facts, viewer: UserId) -> Self {
        let Dossier { application, cards, events, appeal } = dossier;
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
            answer_by: application.answer_by,
            appeal: appeal.map(AppealView::from),
            vetted,
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
