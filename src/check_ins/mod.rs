//! Check-ins: on some days of a trial each party is asked how it goes. A no reaches the admins at once, silence on the first one
//! a day later.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
