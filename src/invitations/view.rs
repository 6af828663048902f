//! An invitation as its two sides see it.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::PublicCard;
use crate::invitations::domain::Invitation;
use crate::invitations::process::{InvitationAction, InvitationState, STEPS};
use crate::jobs::domain::JobRequest;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{InvitationId, JobRequestId};
use crate::kernel::process::{Actor, allowed};
use crate::kernel::zone::TimeZone;

/// What an invitation is about; never whose it is: the developer learns that from an offer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InvitedRequest {
    /// The job request.
    pub id: JobRequestId,
    /// One line that says what is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// Hours per week.
    pub hours_per_week: i64,
    /// The first day.
    #[schema(value_type = String, format = "date", examples("2026-12-01"))]
    pub starts_on: NaiveDate,
    /// How many weeks; null is open-ended.
    #[schema(required = true)]
    pub duration_weeks: Option<i64>,
    /// Where the team works.
    pub time_zone: TimeZone,
}

impl From<JobRequest> for InvitedRequest {
    fn from(JobRequest { id, fields, .. }: JobRequest) -> Self {
        Self {
            id,
            title: fields.title,
            description: fields.description,
            hours_per_week: fields.hours_per_week,
            starts_on: fields.starts_on,
            duration_weeks: fields.duration_weeks,
            time_zone: fields.time_zone,
        }
    }
}

/// An invitation to talk.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    pub id: InvitationId,
    /// About what.
    pub job_request: InvitedRequest,
    /// Who is invited: the public card.
    pub developer: PublicCard,
    /// Where it stands.
    pub state: InvitationState,
    /// What the client wrote.
    pub message: String,
    /// A word for why the developer said yes or no.
    #[schema(required = true)]
    pub reason_code: Option<String>,
    /// When an answer is expected.
    pub answer_expected_by: Instant,
    /// When it lapses unanswered.
    pub lapses_at: Instant,
    /// When the developer said yes or no.
    #[schema(required = true)]
    pub answered_at: Option<Instant>,
    /// What whoever asks can do now.
    pub allowed_actions: Vec<InvitationAction>,
    /// Counts the steps; the `ETag`.
    pub version: i64,
    /// When it was written.
    pub created_at: Instant,
}

impl InvitationView {
    /// The invitation as one side sees it at `now`.
    pub fn new(invitation: Invitation, job: JobRequest, developer: PublicCard, party: Actor, now: Instant) -> Self {
        let state = if invitation.is_overdue(now) { InvitationState::Lapsed } else { invitation.state };
        Self {
            id: invitation.id,
            job_request: job.into(),
            developer,
            state,
            message: invitation.message,
            reason_code: invitation.reason_code,
            answer_expected_by: invitation.answer_expected_by,
            lapses_at: invitation.lapses_at,
            answered_at: invitation.answered_at,
            allowed_actions: allowed(STEPS, state, party),
            version: invitation.version,
            created_at: invitation.created_at,
        }
    }
}
