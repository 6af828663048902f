//! An invitation to talk and what is written about it. Pure.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invitations::process::InvitationState;
use crate::kernel::clock::Instant;
use crate::kernel::error::Faults;
use crate::kernel::ids::{DeveloperId, InvitationId, JobRequestId, MessageId, OrganizationId, UserId};
use crate::kernel::process::Actor;

/// How long things take and how often they may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Until an answer is expected; then the developer is reminded.
    pub answer_within: TimeDelta,
    /// Until an unanswered invitation lapses.
    pub lapse_after: TimeDelta,
    /// Between two mails to a side about messages that it has not read.
    pub mail_every: TimeDelta,
    /// Invitations of an organisation a day; none: as many as it likes.
    pub invitations_per_day: Option<i64>,
    /// Messages of a person a day; none: as many as they like.
    pub messages_per_day: Option<i64>,
}

/// A client's wish to talk with a developer about a job request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// About what.
    pub job_request_id: JobRequestId,
    /// Who is invited.
    pub developer_id: DeveloperId,
    /// Whose job request it is.
    pub organization_id: OrganizationId,
    /// The member who wrote it.
    pub invited_by: UserId,
    /// Where it stands.
    pub state: InvitationState,
    /// What the client wrote.
    pub message: String,
    /// A word for why the developer said yes or no.
    pub reason_code: Option<String>,
    /// When an answer is expected.
    pub answer_expected_by: Instant,
    /// When it lapses unanswered.
    pub lapses_at: Instant,
    /// When the developer said yes or no.
    pub answered_at: Option<Instant>,
    /// Up to when the client was, or will be, mailed about messages; none once they are read.
    pub client_mailed_at: Option<Instant>,
    /// The same for the developer.
    pub developer_mailed_at: Option<Instant>,
    /// Counts the steps.
    pub version: i64,
    /// When it was written.
    pub created_at: Instant,
    /// When it last took a step.
    pub changed_at: Instant,
}

impl Invitation {
    /// Whether its time is over although nobody has noted it yet.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.state == InvitationState::Invited && self.lapses_at <= now
    }

    /// Up to when a side was, or will be, mailed about messages.
    pub fn mailed_at(&self, party: Actor) -> Option<Instant> {
        if party == Actor::Client { self.client_mailed_at } else { self.developer_mailed_at }
    }

    /// When a side is to be mailed about a message that is written now; none when a mail is under way already.
    pub fn mail_due_at(&self, party: Actor, every: TimeDelta, now: Instant) -> Option<Instant> {
        match self.mailed_at(party) {
            Some(at) if at > now => None,
            Some(at) => Some(at.plus(every).max(now)),
            None => Some(now),
        }
    }
}

/// The other side of a conversation.
pub fn other(party: Actor) -> Actor {
    if party == Actor::Client { Actor::Developer } else { Actor::Client }
}

/// Something that one side wrote to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it: the client's side or the developer.
    pub from: Actor,
    /// What was written.
    pub message: String,
    /// When its writer could talk.
    pub call_times: Vec<Instant>,
    /// When it was written.
    pub written_at: Instant,
}

/// An invitation to talk.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Whom.
    pub developer_id: DeveloperId,
    /// What the developer reads: what it is about, and why you write to them.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("Your streaming work fits our ledger. May we talk?"))]
    pub message: String,
}

/// A yes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// A word for the reason.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// What the client reads.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
    /// When you could talk.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub call_times: Vec<Instant>,
}

/// A no.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineInvitation {
    /// A word for the reason.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60, examples("not_available"))]
    pub reason_code: Option<String>,
    /// What the client reads.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// A message to the other side.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// What the other side reads.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: String,
    /// When you could talk.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub call_times: Vec<Instant>,
}

/// Whatever comes with a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// A word for the reason.
    pub reason_code: Option<String>,
    /// What the other side reads.
    pub message: Option<String>,
    /// When the writer could talk.
    pub call_times: Vec<Instant>,
}

impl Input {
    /// Notes every time for a call that has passed.
    pub fn check(&self, now: Instant, faults: &mut Faults) {
        for (index, at) in self.call_times.iter().enumerate() {
            faults.check(*at > now, &format!("/call_times/{index}"), "must lie ahead");
        }
    }
}

impl From<AcceptInvitation> for Input {
    fn from(AcceptInvitation { reason_code, message, call_times }: AcceptInvitation) -> Self {
        Self { reason_code, message, call_times }
    }
}

impl From<DeclineInvitation> for Input {
    fn from(DeclineInvitation { reason_code, message }: DeclineInvitation) -> Self {
        Self { reason_code, message, call_times: Vec::new() }
    }
}

impl From<NewMessage> for Input {
    fn from(NewMessage { message, call_times }: NewMessage) -> Self {
        Self { reason_code: None, message: Some(message), call_times }
    }
}
