//! The way out to others: what every door there needs. Knows no door.

pub mod names;
