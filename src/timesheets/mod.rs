//! Timesheets: hours by the week, and who agrees to them by when.
//!
//! `process` is the table, `domain` what a week may contain and when something about it is due, `store` its rows.

pub mod domain;
pub mod process;
pub mod store;
