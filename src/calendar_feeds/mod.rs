//! Calendar feeds: a secret address that a person's calendar subscribes to, with the key dates of all their trials.
//!
//! Pure: `domain`. SQL: `store`. Use cases: `service`. Routes: `http`.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
