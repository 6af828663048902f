//! Timesheets: hours by the week, and who agrees to them by when.
//!
//! `process` is the table, `domain` what a week may contain and when something about it is due.

pub mod domain;
pub mod process;
