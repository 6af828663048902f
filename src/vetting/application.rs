//! An application as it is kept, and what happens to it.

use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId, EventId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::process::{Actor, To, is_finished};
use crate::vetting::appeal::{Against, AppealOutcome, Decision};
use crate::vetting::domain::{Scorecard, SkillVerdict};
use crate::vetting::process::{Action, ApplicationState, Row, STEPS, Stage, next_stage, target};

/// A vetting application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The application.
    pub id: ApplicationId,
    /// Who applies.
    pub developer_id: DeveloperId,
    /// Where it stands.
    pub state: ApplicationState,
    /// The stage to go back to from a side state.
    pub remembered_stage: Option<Stage>,
    /// The admin who took it.
    pub reviewer_id: Option<UserId>,
    /// What was asked last.
    pub questions: Option<String>,
    /// What was answered to that.
    pub answers: Option<String>,
    /// Why it was rejected, as a word.
    pub reason_code: Option<String>,
    /// Why it was rejected, in words for the developer.
    pub message: Option<String>,
    /// From when a new application is welcome after a rejection.
    pub retry_after: Option<Instant>,
    /// Until when an answer to the questions is awaited.
    pub answer_by: Option<Instant>,
    /// Stages passed in an earlier application that still count.
    pub skipped_stages: Vec<Stage>,
    /// Grows by one with every step.
    pub version: i64,
    /// When it was begun.
    pub created_at: Instant,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// One step that was taken. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event.
    pub id: EventId,
    /// The application.
    pub application_id: ApplicationId,
    /// The application's version after it.
    pub version: i64,
    /// What was done.
    pub action: Action,
    /// In which role.
    pub actor: Actor,
    /// By whom.
    pub user_id: Option<UserId>,
    /// From where; none for the first.
    pub from_state: Option<ApplicationState>,
    /// To where.
    pub to_state: ApplicationState,
    /// Why, as a word.
    pub reason_code: Option<String>,
    /// Why, or what was asked or answered, in words.
    pub message: Option<String>,
    /// When.
    pub occurred_at: Instant,
}

/// A reviewer's scorecard of one stage, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Of which stage.
    pub stage: Stage,
    /// By whom.
    pub reviewer_id: UserId,
    /// What it says.
    pub scorecard: Scorecard,
    /// Grows by one each time it is written.
    pub version: i64,
    /// When it was last written.
    pub written_at: Instant,
}

/// What the body of a step may carry; each step looks at its own part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    /// The stage that the request believes to be current.
    pub from_stage: Option<Stage>,
    /// What the reviewer asks.
    pub questions: Option<String>,
    /// What the developer answers.
    pub answers: Option<String>,
    /// Why, as a word.
    pub reason_code: Option<String>,
    /// Why, in words.
    pub message: Option<String>,
    /// What an approval verifies.
    pub skills: Vec<SkillVerdict>,
    /// How an appeal is decided.
    pub outcome: Option<AppealOutcome>,
}

/// Which applications to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<ApplicationState>,
    /// Only those that are in this stage, or go back to it.
    pub stage: Option<Stage>,
    /// Only those that this admin took.
    pub assigned_to: Option<UserId>,
    /// Only undecided ones without a step for so many days.
    pub idle_days: Option<i64>,
    /// Which page.
    pub page: PageQuery,
}

impl Application {
    /// A new draft, with the stages that still count from earlier.
    pub fn begin(developer_id: DeveloperId, skipped_stages: Vec<Stage>, now: Instant) -> Self {
        Self {
            id: ApplicationId::new(now),
            developer_id,
            state: ApplicationState::Draft,
            remembered_stage: None,
            reviewer_id: None,
            questions: None,
            answers: None,
            reason_code: None,
            message: None,
            retry_after: None,
            answer_by: None,
            skipped_stages,
            version: 1,
            created_at: now,
            changed_at: now,
        }
    }

    /// The stage worked on now, or gone back to from a side state.
    pub fn stage(&self) -> Option<Stage> {
        self.state.stage().or(self.remembered_stage)
    }

    /// Whether no step leads on from here.
    pub fn is_finished(&self) -> bool {
        is_finished(STEPS, &self.state)
    }

    /// The state that `row` leads to; going on passes over the stages that still count from earlier, and an appeal leads on
    /// only where it is overturned.
    ///
    /// # Errors
    /// 500 when the row leads nowhere from here.
    pub fn arrival(&self, row: &Row, input: &Input) -> Result<ApplicationState> {
        if matches!(row.to, To::Appealed(_)) && input.outcome != Some(AppealOutcome::Overturned) {
            return Ok(self.state);
        }
        let mut to = target(row, self.state, self.remembered_stage.map(Stage::state))?;
        while row.to == To::Next && to.stage().is_some_and(|stage| self.skipped_stages.contains(&stage)) {
            to = next_stage(to).ok_or_else(|| Error::internal(format!("nothing follows `{to}`")))?;
        }
        Ok(to)
    }

    /// The application after `action` by `user`, if by anybody, has led to `to`.
    pub fn after(&self, action: Action, to: ApplicationState, input: &Input, user: Option<UserId>, now: Instant) -> Self {
        let after = Self { state: to, version: self.version + 1, changed_at: now, ..self.clone() };
        let mut next = Self { remembered_stage: None, answer_by: None, ..after };
        match action {
            Action::Claim => next.reviewer_id = user,
            Action::Hold => next.remembered_stage = self.state.stage(),
            Action::Ask => {
                next.remembered_stage = self.state.stage();
                next.questions.clone_from(&input.questions);
                next.answers = None;
            }
            Action::Answer => next.answers.clone_from(&input.answers),
            Action::Reject => {
                next.reason_code.clone_from(&input.reason_code);
                next.message.clone_from(&input.message);
            }
            Action::DecideAppeal if to != self.state => (next.reason_code, next.message, next.retry_after) = (None, None, None),
            _ => {}
        }
        next
    }

    /// The event by which the application, as it is now, came from `from`.
    pub fn event(&self, action: Action, actor: Actor, user: Option<UserId>, from: Option<ApplicationState>, input: &Input) -> Event {
        let words = [&input.message, &input.questions, &input.answers];
        Event {
            id: EventId::new(self.changed_at),
            application_id: self.id,
            version: self.version,
            action,
            actor,
            user_id: user,
            from_state: from,
            to_state: self.state,
            reason_code: input.reason_code.clone(),
            message: words.into_iter().flatten().next().cloned(),
            occurred_at: self.changed_at,
        }
    }
}

/// The decision that can be appealed: the last rejection.
pub fn last_decision(events: &[Event]) -> Option<Decision> {
    let rejection = events.iter().rev().find(|event| event.action == Action::Reject)?;
    Some(Decision { against: Against::Rejection, version: rejection.version, at: rejection.occurred_at })
}

/// Whether the admin has taken a step of the application or scored a stage of it.
pub fn is_involved(events: &[Event], cards: &[Card], admin: UserId) -> bool {
    let stepped = events.iter().any(|event| event.actor == Actor::Admin && event.user_id == Some(admin));
    stepped || cards.iter().any(|card| card.reviewer_id == admin)
}
