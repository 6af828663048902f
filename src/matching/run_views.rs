//! Saved answers as admins see them, and as a developer sees the own row of each.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, JobRequestId, MatchRunId, OrganizationId, UserId};
use crate::matching::explanation::FactorPoints;
use crate::matching::gates::GateCount;
use crate::matching::ratio::Points;

/// A saved answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatchRunView {
    /// Its id.
    pub id: MatchRunId,
    /// For which request.
    pub job_request_id: JobRequestId,
    /// In which version.
    pub request_version: i64,
    /// Whose request.
    pub organization_id: OrganizationId,
    /// Who asked.
    pub asked_by: UserId,
    /// By which weights and rules.
    pub scoring_version: String,
    /// The UTC day as of which it was computed.
    #[schema(value_type = String, format = "date", examples("2026-12-01"))]
    pub day: NaiveDate,
    /// The version of the index of the node that answered.
    pub index_version: i64,
    /// Vetted developers whom nothing blocked.
    pub pool: i64,
    /// How many passed all gates.
    pub total: i64,
    /// What each gate removed; null where that was not asked for.
    #[schema(required = true, value_type = Option<Vec<GateCount>>)]
    pub gates: Value,
    /// SHA-256 over the results' developers and scores, in hex.
    pub result_hash: String,
    /// When.
    pub asked_at: Instant,
}

/// A saved answer with its results.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatchRunDetail {
    /// The answer.
    #[serde(flatten)]
    pub run: MatchRunView,
    /// Whom it showed, the best first.
    pub results: Vec<MatchRunResult>,
}

/// One result of a saved answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MatchRunResult {
    /// From 1; a place is missing where somebody was erased.
    pub rank: i64,
    /// Who.
    pub developer_id: DeveloperId,
    /// The score.
    pub score: Points,
    /// All eight factors, as they were explained.
    #[schema(value_type = Vec<FactorPoints>)]
    pub factors: Value,
}

/// A saved answer in which one appears, with nobody's row but one's own.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnMatchRun {
    /// Its id.
    pub id: MatchRunId,
    /// For which request.
    pub job_request_id: JobRequestId,
    /// How that is called.
    pub title: String,
    /// When somebody looked.
    pub asked_at: Instant,
    /// By which weights and rules.
    pub scoring_version: String,
    /// How many passed all gates.
    pub total: i64,
    /// One's own place, from 1.
    pub rank: i64,
    /// One's own score.
    pub score: Points,
    /// All eight factors, as they were explained.
    #[schema(value_type = Vec<FactorPoints>)]
    pub factors: Value,
}
