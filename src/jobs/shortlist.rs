//! Whom a client has an eye on for a job request. The notes never leave the organisation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::developers::card::PublicCard;
use crate::kernel::clock::Instant;
use crate::kernel::ids::DeveloperId;

/// What the organisation notes about somebody on a shortlist.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortlistNotes {
    /// For the organisation's own members only.
    #[schema(format = "prose", min_length = 1, max_length = 4000, examples("Strong on streaming; ask about the ledger."))]
    pub notes: Option<String>,
}

/// A row of a shortlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortlisted {
    /// Who.
    pub developer: DeveloperId,
    /// What the organisation notes.
    pub notes: Option<String>,
    /// Since when.
    pub added_at: Instant,
    /// When the notes last changed.
    pub changed_at: Instant,
}

/// Somebody on a shortlist, as the organisation's members see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShortlistEntry {
    /// Who: the public card.
    pub developer: PublicCard,
    /// What the organisation notes.
    #[schema(required = true)]
    pub notes: Option<String>,
    /// Since when.
    pub added_at: Instant,
    /// When the notes last changed.
    pub changed_at: Instant,
}

impl ShortlistEntry {
    /// The row with its card.
    pub fn new(Shortlisted { notes, added_at, changed_at, .. }: Shortlisted, developer: PublicCard) -> Self {
        Self { developer, notes, added_at, changed_at }
    }
}
