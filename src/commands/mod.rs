//! What the command line does: a file for each command, and `line`, which reads what was typed.

pub mod admin;
pub mod audit;
pub mod config;
pub mod copies;
pub mod doctor;
pub mod import;
pub mod line;
pub mod mail;
pub mod migrate;
pub mod serve;
pub mod webhook;

use guildhall::kernel::error::Error;

/// An error in one line, with its cause: the operator is the one who can do something about it.
pub fn plain(error: Error) -> anyhow::Error {
    let faults: Vec<String> =
        error.faults.iter().map(|fault| format!("{} {}", fault.pointer.trim_start_matches('/'), fault.detail)).collect();
    match (error.cause, faults.is_empty()) {
        (Some(cause), _) => anyhow::anyhow!(cause),
        (None, false) => anyhow::anyhow!(faults.join("; ")),
        (None, true) => anyhow::anyhow!(error.detail),
    }
}
