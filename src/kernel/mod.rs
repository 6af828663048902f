//! Words without I/O: what every room needs to speak with the others; and threads for what would hold others up. Knows no database, no
//! HTTP, no wall clock.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod answer;
pub mod clock;
pub mod craft;
pub mod digest;
pub mod email;
pub mod error;
pub mod halves;
pub mod identity;
pub mod ids;
pub mod imported;
pub mod json_lines;
pub mod lifecycle;
pub mod money;
pub mod page;
pub mod principal;
pub mod process;
pub mod request;
pub mod schema;
pub mod scope;
pub mod text;
pub mod threads;
pub mod traces;
pub mod week;
pub mod words;
pub mod zone;
