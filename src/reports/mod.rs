//! Reports of abuse, and what admins make of them.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
