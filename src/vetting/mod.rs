//! People decide who is vetted: applications, scorecards, decisions.
//!
//! Pure: `process` (the lifecycle as a table), `guards`, `domain` (scorecards), `application` (what is kept, and what a step
//! does to it), `view` (who sees what). Use cases: `service` (reading and applying), `steps` (the lifecycle), `scorecards`.

pub mod appeal;
pub mod application;
pub mod begin;
pub mod calendar;
pub mod clock;
pub mod digests;
pub mod domain;
pub mod facts;
pub mod guards;
pub mod http;
pub mod http_vetted;
pub mod mails;
pub mod mails_standing;
pub mod outlook;
pub mod process;
pub mod scorecards;
pub mod service;
pub mod standing;
pub mod standing_steps;
pub mod steps;
pub mod store;
pub mod store_appeals;
pub mod store_cards;
pub mod store_vetted;
pub mod tasks;
#[cfg(test)]
mod tests_clock;
#[cfg(test)]
mod tests_service;
pub mod view;
pub mod view_own;
pub mod view_vetted;
