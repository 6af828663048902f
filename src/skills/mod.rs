//! The catalogue of skills: aliases, what is often used together, what can stand in for what.

pub mod domain;
pub mod service;
