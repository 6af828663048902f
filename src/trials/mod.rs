//! The 30-day trial: its contract, its process table, its timers.
//!
//! Pure: `process` (the table), `guards`, `notices` (who is told what), `calendar` (key dates), `terms` (what is signed), `billing` (money for hours),
//! `schedule` (the reminders), `model` (a trial as it stands), `views`, `outlook` (what comes next). SQL: `store`, `store_terms`; other rooms through `neighbors`. A step's way:
//! `steps` (or `offer`, or `clock` when time does it) → `effects` (`proposals`, `conversions`) → `mails`.

pub mod afterwards;
pub mod billing;
pub mod calendar;
pub mod clock;
pub mod contract_page;
pub mod conversions;
pub mod dates;
pub mod effects;
pub mod expansion;
pub mod guards;
pub mod http;
pub mod http_admin;
pub mod mails;
pub mod model;
pub mod neighbors;
pub mod notices;
pub mod offer;
pub mod outlook;
pub mod overview;
pub mod process;
pub mod proposals;
#[cfg(test)]
mod samples;
pub mod schedule;
pub mod service;
pub mod steps;
pub mod store;
pub mod store_answers;
pub mod store_risks;
pub mod store_terms;
pub mod tasks;
pub mod terms;
pub mod undelivered;
pub mod views;

#[cfg(test)]
mod tests_path;
#[cfg(test)]
mod tests_process;
#[cfg(test)]
mod tests_stage;
