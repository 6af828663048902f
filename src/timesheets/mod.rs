//! Timesheets: hours by the week, who agrees to them by when, and what they cost.
//!
//! `process` is the table, `domain` what a week may contain and when something about it is due, `views` what is said and shown,
//! `mails` who hears of it.

pub mod domain;
pub mod http;
pub mod mails;
pub mod process;
pub mod service;
pub mod store;
pub mod tasks;
pub mod views;
