//! Guildhall: the backend of a developer-hiring marketplace that vets Go developers and hires them out on a 30-day trial.
//!
//! Ground modules know no room; each room may import the rooms above it and none below (`tests/architecture.rs` holds the rule).

// composition
pub mod app;
pub mod demo;
pub mod rights;
pub mod server;
pub mod services;
// ground
pub mod auth;
pub mod config;
pub mod db;
pub mod kernel;
pub mod net;
pub mod scheduler;
pub mod telemetry;
pub mod web;
// rooms, each below those it may import
pub mod accounts;
pub mod audit;
pub mod calendar_feeds;
pub mod check_ins;
pub mod developers;
pub mod events;
pub mod hand_overs;
pub mod invitations;
pub mod jobs;
pub mod matching;
pub mod meta;
pub mod notifications;
pub mod privacy;
pub mod reports;
pub mod reviews;
pub mod skills;
pub mod statistics;
pub mod streams;
pub mod suspensions;
pub mod timesheets;
pub mod trials;
pub mod vetting;
pub mod webhooks;
