//! The API from outside: every test starts the house on a database of its own and speaks HTTP and SMTP with it.
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says so by panicking")]

mod accounts;
mod admin;
mod afterwards;
mod audit;
mod authorization;
mod changes;
mod dashboards;
mod developers;
mod forgeries;
mod fuzz;
mod hostile;
mod http;
mod invitations;
mod jobs;
mod leaks;
mod mail;
mod main_job;
mod matching;
mod matching_news;
mod matching_runs;
mod meta;
mod openapi;
mod organizations;
mod pages;
mod people;
mod races;
mod reminders;
#[path = "../schema.rs"]
mod schema;
mod secrets;
mod sessions;
mod skills;
mod support;
mod timesheets;
mod trials;
mod trials_clock;
mod trials_input;
mod trials_life;
mod trials_machine;
mod trials_model;
mod trials_running;
mod vetting;
mod vetting_clock;
mod vetting_standing;
