//! The one door to HTTP words: what comes in is parsed here, what goes out is written here, and every error becomes a problem answer.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod address;
pub mod answer;
pub mod arrival;
pub mod ask;
pub mod body;
pub mod csv;
pub mod describe;
pub mod docs;
pub mod examples;
pub mod json;
pub mod limits;
pub mod middleware;
pub mod page;
pub mod path;
pub mod problem;
pub mod query;
pub mod rights;
pub mod samples;
pub mod samples_after;
pub mod trace;
