//! Figures for admins, rolled up by the week from what is committed, so that no question reads the rows of years.
//!
//! Pure: `domain` (what is counted), `view` (what of it is told). SQL: `store` (the figures), `store_sources` (what they are made
//! from). Use cases: `service`. Background work: `tasks`. Routes: `http`.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
pub mod store_sources;
pub mod tasks;
pub mod view;
