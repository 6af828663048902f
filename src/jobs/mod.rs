//! Client job requests ("jobs" never means background work).
//!
//! Pure: `domain` (what a request says and where it stands), `draft` (the rules for it), `process` (the table of its
//! states), `view` (what clients see). SQL: `store`. Use cases: `service`. Routes: `http`.

pub mod domain;
pub mod draft;
pub mod http;
pub mod posting;
pub mod process;
pub mod service;
pub mod shortlist;
pub mod shortlists;
pub mod store;
pub mod store_shortlist;
pub mod view;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests_store;
