//! What the engine is asked, and what it answers.

use chrono::NaiveDate;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::Request;
use crate::matching::engine_best::Best;
use crate::matching::facets::Facets;
use crate::matching::gates::Tally;
use crate::matching::ratio::Points;

/// A question to the engine.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What is looked for.
    pub request: &'a Request,
    /// Whose blocks hold; `None` for nobody's.
    pub organization: Option<OrganizationId>,
    /// Who accepted an invitation to this request.
    pub invited: &'a [DeveloperId],
    /// The UTC day on which parts that depend on time are evaluated.
    pub today: NaiveDate,
    /// How many of the best.
    pub limit: usize,
    /// None below this score.
    pub min_score: Points,
    /// Whether the gates are counted one by one.
    pub gates: bool,
    /// Whether facets are counted.
    pub facets: bool,
}

/// What the engine found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The best first.
    pub best: Vec<Best>,
    /// Pool and total always; what each gate removed when asked for, else zeros.
    pub tally: Tally,
    /// Of all who pass, when asked for.
    pub facets: Option<Facets>,
}
