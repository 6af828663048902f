//! What a check-in says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::trials::terms::Party;

/// The answer to a check-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInAnswer {
    /// The first one: whether the work has begun and access works; the others: whether it goes well.
    pub going_well: bool,
    /// What else there is to say; the other party does not read it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// A check-in that was answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckIn {
    /// Calendar days after the start.
    pub day: i64,
    /// Who says it.
    pub party: Party,
    /// Whether it goes well.
    pub going_well: bool,
    /// What else there is to say.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When it was answered.
    pub answered_at: Instant,
}

/// The check-ins of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckIns {
    /// The reader's own; admins see both sides'.
    pub data: Vec<CheckIn>,
}
