//! Mails: the outbox, the letters and the mailer. Addressed by value: knows no other room.
//!
//! A room that tells somebody something makes a [`domain::Letter`] and puts it into the outbox with [`store::enqueue`], in the
//! transaction of its cause; after the commit it calls [`service::Notifications::wake`]. Everything else happens here.

pub mod calendar;
pub mod domain;
pub mod http;
pub mod letters;
mod letters_accounts;
mod letters_invitations;
mod letters_matching;
mod letters_timesheets;
mod letters_trials;
mod letters_trials_running;
mod letters_vetting;
mod letters_webhooks;
pub mod mailer;
pub mod moments;
pub mod outbox;
pub mod pages;
pub mod preferences;
pub mod preferences_store;
pub mod previews;
pub mod recipient;
pub mod reminders;
#[cfg(test)]
mod samples;
pub mod service;
#[cfg(test)]
#[path = "../../tests/api/support/smtp.rs"]
mod smtp;
pub mod store;
pub mod store_own;
pub mod store_planned;
pub mod store_standing;
pub mod summaries;
pub mod tasks;
#[cfg(test)]
mod tests_delivery;
#[cfg(test)]
mod tests_letters;
pub mod trial_dates;
