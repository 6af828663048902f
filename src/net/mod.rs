//! The way out to others: what every door there needs. Knows no door.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod names;
