//! What a use case is given besides its input, and what it gives back.

use serde::Serialize;

use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::principal::Principal;

/// The circumstances of a request that changes something: who asks, and under which conditions.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks.
    pub principal: Principal,
    /// Present when the client sent an `Idempotency-Key`.
    pub once: Option<Once>,
    /// Present when the client sent `If-Match`.
    pub expected: Expected,
}

impl Call {
    /// A call without conditions.
    pub fn by(principal: Principal) -> Self {
        Self { principal, once: None, expected: Expected(None) }
    }
}

/// The version that the client believes to be current, from `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub Option<i64>);

impl Expected {
    /// Refuses when the client's belief is out of date.
    ///
    /// # Errors
    /// 412.
    pub fn check(self, current: i64) -> Result<()> {
        match self.0 {
            Some(expected) if expected != current => Err(Error::stale()),
            _ => Ok(()),
        }
    }
}

/// An `Idempotency-Key` with its scope: one person, one route, one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// The client's key.
    pub key: String,
    /// SHA-256 of the body, hex.
    pub fingerprint: String,
}

/// An answer made inside the transaction of its effect, ready to be sent and to be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The version that goes into the `ETag`, for things that have one.
    pub version: Option<i64>,
    /// The JSON body.
    pub body: String,
}

impl Answer {
    /// An answer that shows `view`, which has no version.
    ///
    /// # Errors
    /// Never for the views of this crate; a view that cannot become JSON is our fault.
    pub fn plain(view: &impl Serialize) -> Result<Self> {
        Ok(Self { version: None, body: serde_json::to_string(view).map_err(Error::internal)? })
    }

    /// An answer that shows `view` as of `version`.
    ///
    /// # Errors
    /// Never for the views of this crate; a view that cannot become JSON is our fault.
    pub fn versioned(version: i64, view: &impl Serialize) -> Result<Self> {
        Ok(Self { version: Some(version), ..Self::plain(view)? })
    }
}
