//! Who sees what of a developer's vetted status.

use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, UserId};
use crate::kernel::process::Actor;
use crate::vetting::appeal::{Appeal, AppealView};
use crate::vetting::guards::Facts;
use crate::vetting::standing::{Pass, StandingAction, VettedEvent, last_decision, standing_actions};

/// An approval with everything that stands beside it.
#[derive(Debug, Clone)]
pub struct PassFile {
    /// The approval.
    pub pass: Pass,
    /// What happened to it, in order.
    pub events: Vec<VettedEvent>,
    /// The last appeal against a suspension or a revocation.
    pub appeal: Option<Appeal>,
}

/// A developer's vetted status, to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum VettedShown {
    /// To an admin.
    Reviewed(Box<ReviewedVetted>),
    /// To the developer.
    Own(Box<OwnVetted>),
}

/// A developer's vetted status as admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewedVetted {
    /// Whose.
    pub developer_id: DeveloperId,
    /// Where it stands.
    pub status: VettedStatus,
    /// When the approval was given.
    pub approved_at: Instant,
    /// Until when it holds.
    pub valid_until: Instant,
    /// The last appeal against a suspension or a revocation.
    #[schema(required = true)]
    pub appeal: Option<AppealView>,
    /// What happened, in order.
    pub events: Vec<VettedEventView>,
    /// What one may do now, under `/v1/developers/{id}`.
    pub allowed_actions: Vec<StandingAction>,
    /// Grows with every step.
    pub version: i64,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// A developer's own vetted status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnVetted {
    /// Whose: for the addresses of the steps.
    pub developer_id: DeveloperId,
    /// Where it stands.
    pub status: VettedStatus,
    /// Until when the approval holds.
    pub valid_until: Instant,
    /// Why it is suspended or revoked.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// Until when that can be appealed.
    #[schema(required = true)]
    pub appeal_by: Option<Instant>,
    /// The last appeal.
    #[schema(required = true)]
    pub appeal: Option<AppealView>,
    /// What one may do now: `renew` begins an application, `appeal` is a step under `/v1/developers/{id}`.
    pub allowed_actions: Vec<StandingAction>,
    /// Grows with every step.
    pub version: i64,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VettedEventView {
    /// What was done.
    pub action: StandingAction,
    /// In which role.
    pub actor: Actor,
    /// By whom.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// From where; null for the first.
    #[schema(required = true)]
    pub from: Option<VettedStatus>,
    /// To where.
    pub to: VettedStatus,
    /// Why, as a word.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// Why, in words.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When.
    pub at: Instant,
    /// The status's version after it.
    pub version: i64,
}

impl From<VettedEvent> for VettedEventView {
    fn from(event: VettedEvent) -> Self {
        let VettedEvent { version, action, actor, user_id, from_status, to_status, reason_code, message, occurred_at, .. } = event;
        Self { action, actor, user_id, from: from_status, to: to_status, reason_code, message, at: occurred_at, version }
    }
}

impl ReviewedVetted {
    /// What an admin sees, `facts` being what the admin's steps are held to.
    pub fn new(file: PassFile, facts: &Facts) -> Self {
        let PassFile { pass, events, appeal } = file;
        Self {
            developer_id: pass.developer_id,
            status: pass.status,
            approved_at: pass.approved_at,
            valid_until: pass.valid_until,
            appeal: appeal.map(AppealView::from),
            events: events.into_iter().map(VettedEventView::from).collect(),
            allowed_actions: standing_actions(pass.status, Actor::Admin, facts),
            version: pass.version,
            changed_at: pass.changed_at,
        }
    }
}

impl OwnVetted {
    /// What the developer sees, `facts` being what the developer's steps are held to.
    pub fn new(file: PassFile, facts: &Facts, appeal_days: i64) -> Self {
        let PassFile { pass, events, appeal } = file;
        let taken_out = matches!(pass.status, VettedStatus::Suspended | VettedStatus::Revoked);
        let decision = last_decision(&events).filter(|_| taken_out);
        let words = decision.and_then(|decision| events.into_iter().find(|event| event.version == decision.version));
        Self {
            developer_id: pass.developer_id,
            status: pass.status,
            valid_until: pass.valid_until,
            reason: words.and_then(|event| event.message),
            appeal_by: decision.map(|decision| decision.appeal_by(appeal_days)),
            appeal: appeal.map(AppealView::from),
            allowed_actions: standing_actions(pass.status, Actor::Developer, facts),
            version: pass.version,
            changed_at: pass.changed_at,
        }
    }
}
