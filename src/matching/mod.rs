//! Which vetted developers fit a request, and why: gates, score, explanation.

pub mod cards;
pub mod digest;
pub mod domain;
pub mod engine;
pub mod engine_ask;
pub mod engine_beside;
pub mod engine_best;
pub mod engine_columns;
pub mod engine_count;
pub mod engine_dictionary;
pub mod engine_holds;
pub mod engine_ids;
pub mod engine_member;
pub mod engine_pack;
pub mod engine_plan;
pub mod engine_points;
pub mod engine_record;
pub mod engine_skills;
pub mod engine_standing;
pub mod engine_sweep;
pub mod explanation;
pub mod facets;
pub mod filters;
pub mod fitness;
pub mod fits;
pub mod fits_store;
pub mod gates;
pub mod http;
pub mod http_own;
pub mod index;
pub mod invited;
pub mod offered;
pub mod own;
pub mod percolation;
pub mod ranking;
pub mod ratio;
pub mod reasons;
pub mod requests;
pub mod rules;
pub mod run_views;
pub mod runs;
pub mod runs_store;
pub mod score;
pub mod search;
pub mod service;
pub mod skill_fit;
pub mod store;
pub mod tasks;
pub mod told;
pub mod working_time;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests_engine;
#[cfg(test)]
mod tests_store;
