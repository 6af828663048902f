//! What became of a row that an operator has brought in.

use crate::kernel::error::{Error, Result};

/// What became of a row. Whatever it is, the same row again changes nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It is new.
    Added,
    /// It was there, and says something else now.
    Changed,
    /// It was there.
    Known,
    /// It is not taken: each reason with the place in the row.
    Refused(String),
}

impl Imported {
    /// A refusal of what a row says is an answer about that row; any other error is one of the whole.
    ///
    /// # Errors
    /// When `error` is not about the row.
    pub fn refused(error: Error) -> Result<Self> {
        if error.faults.is_empty() {
            return Err(error);
        }
        let faults: Vec<String> = error.faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
        Ok(Self::Refused(faults.join("; ").trim().to_owned()))
    }
}
