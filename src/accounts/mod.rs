//! People and their organisations: sign-up, sign-in, sessions.

pub mod admins;
pub mod api_keys;
pub mod domain;
pub mod guessing;
pub mod http;
pub mod http_admin;
pub mod http_factor;
pub mod http_keys;
pub mod keys;
pub mod members;
pub mod pages;
pub mod second_factor;
pub mod service;
pub mod session_cache;
pub mod sessions;
pub mod sign_in;
pub mod store;
pub mod store_admin;
pub mod store_erasures;
pub mod store_factors;
pub mod store_keys;
pub mod store_recipients;
pub mod store_sessions;
pub mod tasks;
