//! The 30-day trial: its contract, its process table, its timers.

pub mod calendar;
pub mod guards;
pub mod notices;
pub mod process;
pub mod terms;
