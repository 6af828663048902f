//! The catalogue of skills: aliases, what is often used together, what can stand in for what.

pub mod catalogue;
pub mod domain;
pub mod edit;
pub mod http;
pub mod import;
pub mod merge;
pub mod search;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests_store;
pub mod view;
