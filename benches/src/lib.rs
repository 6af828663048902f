//! What the benchmark of the matching engine and the filler for load tests share: a generated world of developers and
//! requests, and a plain record table with gates and score in integers for the peers that the engine is measured against.
//!
//! Everything is a function of a fixed seed and a number, so that developer 712,004 is the same person in every run,
//! whatever is generated before, and a million of them need no memory.

pub mod best;
pub mod client;
pub mod developers;
pub mod fill;
pub mod names;
pub mod node;
pub mod question;
pub mod random;
pub mod records;
pub mod requests;
pub mod survey;
pub mod world;
pub mod years;
pub mod zones;
