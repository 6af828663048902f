//! People and their organisations: sign-up, sign-in, sessions.

pub mod admins;
pub mod domain;
pub mod http;
pub mod http_admin;
pub mod members;
pub mod pages;
pub mod service;
pub mod session_cache;
pub mod sessions;
pub mod store;
pub mod store_admin;
pub mod store_erasures;
pub mod store_sessions;
pub mod tasks;
