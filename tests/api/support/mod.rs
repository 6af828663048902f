//! What every test starts from: the house with a clock, a mail server and a database of its own, and people who use it.

pub mod answer;
pub mod app;
pub mod bodies;
pub mod cluster;
pub mod contents;
pub mod database;
pub mod endpoint;
pub mod logs;
pub mod operations;
pub mod parsers;
pub mod person;
pub mod process;
pub mod provider;
pub mod proxy;
pub mod raw;
pub mod schemas;
pub mod seeds;
pub mod smtp;
pub mod sse;
pub mod stories;
pub mod tls;
