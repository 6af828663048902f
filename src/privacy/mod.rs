//! People's data: what each column of each table holds of them, and so what they are given, what is erased when they leave,
//! and what is kept for how long. The one room that reads and writes the rows of all others, as its tables say.

pub mod columns;
pub mod domain;
pub mod http;
pub mod markdown;
pub mod pages;
pub mod retention;
pub mod service;
pub mod statements;
pub mod store;
pub mod store_retention;
pub mod tasks;
pub mod words;
