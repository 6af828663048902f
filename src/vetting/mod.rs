//! People decide who is vetted: applications, scorecards, decisions.

pub mod domain;
pub mod guards;
pub mod process;
