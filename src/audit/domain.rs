//! What the audit log holds. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{AuditId, UserId};
use crate::kernel::process::Actor;

/// Something to be written down: who did what to what, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it was done, UTC.
    pub at: Instant,
    /// Who did it; none for the clock and for the command line.
    pub actor: Option<UserId>,
    /// As what.
    pub role: Actor,
    /// What was done: the room's word and the step's, such as `vetting.approve`.
    pub action: String,
    /// The id, as text, of what it was done to.
    pub subject: String,
    /// The written reason.
    pub reason: Option<String>,
    /// More about it; never a secret, and no personal data beyond ids.
    pub details: Value,
}

impl Entry {
    /// An admin's step.
    pub fn admin(actor: UserId, action: impl ToString, subject: impl ToString, at: Instant) -> Self {
        Self::of(Some(actor), Actor::Admin, action, subject, at)
    }

    /// Anybody's step.
    pub fn of(actor: Option<UserId>, role: Actor, action: impl ToString, subject: impl ToString, at: Instant) -> Self {
        let (action, subject) = (action.to_string(), subject.to_string());
        Self { at, actor, role, action, subject, reason: None, details: Value::Object(serde_json::Map::new()) }
    }

    /// A step of a lifecycle. Why an admin took it is written down here; what parties say to each other stays with them.
    pub fn step(by: (Actor, Option<UserId>), action: impl ToString, subject: impl ToString, reason: Option<&String>, at: Instant) -> Self {
        let (role, actor) = by;
        Self::of(actor, role, action, subject, at).because(reason.filter(|_| role == Actor::Admin))
    }

    /// The same with the written reason, if there is one.
    pub fn because(self, reason: Option<impl ToString>) -> Self {
        Self { reason: reason.map(|reason| reason.to_string()), ..self }
    }

    /// The same with more about it: an object.
    pub fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; later ones sort after earlier ones.
    pub id: AuditId,
    /// When it was done.
    pub at: Instant,
    /// Who did it; null for the clock and for the command line.
    #[schema(required = true)]
    pub actor: Option<UserId>,
    /// As what.
    pub role: Actor,
    /// What was done.
    #[schema(examples("vetting.approve"))]
    pub action: String,
    /// The id of what it was done to.
    #[schema(examples("trial_01h455vb4pex5vsknk084sn02q"))]
    pub subject: String,
    /// The written reason; null also when it was erased with the person whom it concerned.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    pub details: Value,
    /// The request within which it was done, as the log names it; null for what the clock and the command line do.
    #[schema(required = true)]
    pub request_id: Option<String>,
}

/// Which entries to read; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Whose steps.
    pub actor: Option<UserId>,
    /// What they were done to.
    pub subject: Option<String>,
    /// From when on.
    pub since: Option<Instant>,
}

/// Why an admin does something: it goes into the audit log.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenReason {
    /// A word for the reason; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60, examples("asked_for_it"))]
    pub reason_code: Option<String>,
    /// The reason, in words that can be read out to whom it concerns.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("Asked for it by phone."))]
    pub message: String,
}

/// Why somebody does something, where that may go without saying.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionalReason {
    /// A word for the reason; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason; it goes into the audit log.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("The mailbox is no longer full."))]
    pub message: Option<String>,
}
