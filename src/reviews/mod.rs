//! Reviews: each party says once how the trial was. Neither sees the other's before both are in, or some days have passed; then
//! they count for the developer's track record.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
pub mod tasks;
