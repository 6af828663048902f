//! Which vetted developers fit a request, and why: gates, score, explanation.

pub mod domain;
pub mod explanation;
pub mod gates;
pub mod http;
pub mod ranking;
pub mod ratio;
pub mod rules;
pub mod score;
pub mod service;
pub mod skill_fit;
pub mod store;
pub mod working_time;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod sample;
