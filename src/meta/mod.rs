//! What the house says of itself: its lifecycles, as data and as a document, both made from the tables.

pub mod http;
pub mod markdown;
pub mod processes;
