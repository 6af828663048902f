//! What a report of abuse says. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{ReportId, UserId};
use crate::words;

words! {
    /// What sort of abuse.
    pub enum ReportCategory {
        /// Insults, threats, discrimination.
        Harassment => "harassment",
        /// Deceit, also about who somebody is.
        Fraud => "fraud",
        /// An attempt to work or pay past the house.
        OffPlatform => "off_platform",
        /// Unwanted advertising.
        Spam => "spam",
        /// Anything else.
        Other => "other",
    }
}

words! {
    /// What has become of a report.
    pub enum ReportState {
        /// Nobody has looked at it.
        Open => "open",
        /// An admin works on it.
        InProgress => "in_progress",
        /// Something was done.
        Resolved => "resolved",
        /// Nothing was to be done.
        Dismissed => "dismissed",
    }
}

/// A report of abuse.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The id of what or whom it is about: a developer, an organisation, a job request, an invitation, a message, a trial.
    #[schema(
        pattern = "^(dev|org|job|inv|msg|trial)_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        max_length = 40,
        examples("msg_01h455vb4pex5vsknk084sn02q")
    )]
    pub subject: String,
    /// What sort of abuse.
    pub category: ReportCategory,
    /// What happened.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("Asked me to be paid past the house."))]
    pub message: String,
}

/// What an admin makes of a report.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "state": "resolved", "note": "Spoke with both; the message was a misunderstanding.",
    "reason_code": "misunderstanding", "message": "Both have read the rules again."
})))]
pub struct HandleReport {
    /// What has become of it.
    pub state: ReportState,
    /// What was found and done; for admins only.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("Spoke with both; the message was a misunderstanding."))]
    pub note: String,
    /// A word for the reason; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// More about it; it goes into the audit log, after the note.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// A report as admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Who wrote it.
    pub reporter: UserId,
    /// What or whom it is about.
    pub subject: String,
    /// What sort of abuse.
    pub category: ReportCategory,
    /// What happened.
    pub message: String,
    /// What has become of it.
    pub state: ReportState,
    /// What was found and done.
    #[schema(required = true)]
    pub note: Option<String>,
    /// Who wrote the note.
    #[schema(required = true)]
    pub handled_by: Option<UserId>,
    /// When.
    #[schema(required = true)]
    pub handled_at: Option<Instant>,
    /// Counts the changes; the `ETag`.
    pub version: i64,
    /// When it was written.
    pub created_at: Instant,
}

/// A report as its writer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportReceipt {
    /// Its id, to name it by.
    pub id: ReportId,
    /// What or whom it is about.
    pub subject: String,
    /// What sort of abuse.
    pub category: ReportCategory,
    /// What happened.
    pub message: String,
    /// When it was written.
    pub created_at: Instant,
}

impl From<Report> for ReportReceipt {
    fn from(Report { id, subject, category, message, created_at, .. }: Report) -> Self {
        Self { id, subject, category, message, created_at }
    }
}
