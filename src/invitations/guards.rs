//! What must hold besides state and actor before an invitation takes a step.

use crate::invitations::process::Row;
use crate::kernel::error::{Error, Result};
use crate::words;

words! {
    /// A condition of a step; checked inside the transaction.
    pub enum Guard {
        /// The job request is open.
        JobRequestOpen => "job_request_open",
        /// Neither side has blocked the other.
        NotBlocked => "not_blocked",
        /// Clients can find the developer.
        Vetted => "vetted",
        /// The step's moment has come.
        Due => "due",
    }
}

/// The same words whether there is a block or nobody to be found, so that they tell nothing.
const UNAVAILABLE: &str = "You cannot talk with each other about this at present.";

/// What the guards look at. A fact that nobody filled in refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The job request is open.
    pub job_request_open: bool,
    /// Neither side has blocked the other.
    pub not_blocked: bool,
    /// The developer is vetted, and may sign in.
    pub vetted: bool,
    /// The step's due time is not in the future.
    pub due: bool,
}

impl Guard {
    fn check(self, facts: Facts) -> Result<()> {
        let (fine, sentence) = match self {
            Self::JobRequestOpen => (facts.job_request_open, "The job request is not open."),
            Self::NotBlocked => (facts.not_blocked, UNAVAILABLE),
            Self::Vetted => (facts.vetted, UNAVAILABLE),
            Self::Due => (facts.due, "The moment for this step has not come."),
        };
        if fine { Ok(()) } else { Err(Error::conflict(sentence)) }
    }
}

/// Holds the facts to every guard of `row`, in the row's order.
///
/// # Errors
/// 409 by the first guard that does not hold.
pub fn check(row: &Row, facts: Facts) -> Result<()> {
    row.guards.iter().try_for_each(|guard| guard.check(facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invitations::process::CREATION;

    #[test]
    fn each_fact_that_is_missing_refuses_and_none_tells_of_a_block() {
        let fine = Facts { job_request_open: true, not_blocked: true, vetted: true, due: false };
        let refused = |facts| check(&CREATION, facts).unwrap_err().detail;
        assert!(check(&CREATION, fine).is_ok());
        assert!(refused(Facts { job_request_open: false, ..fine }).contains("not open"));
        assert_eq!(refused(Facts { not_blocked: false, ..fine }), refused(Facts { vetted: false, ..fine }));
    }
}
