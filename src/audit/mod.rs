//! The audit log: each step and each look that somebody may have to answer for, written in its own transaction and soon
//! sealed into a chain of hashes. The lowest room, so that every other one can write into it.

pub mod chain;
pub mod domain;
pub mod http;
pub mod service;
pub mod store;
pub mod store_chain;
pub mod tasks;
