//! Webhooks: an organisation's own programs are told of what concerns it, and the house's own of everybody's steps, as Standard
//! Webhooks (signed, tried for three days). Reads the events that other rooms have published. Of those, `suspensions` alone knows this
//! one: what somebody has made ends with their membership.

pub mod addresses;
pub mod courier;
pub mod delivery;
pub mod dialer;
pub mod domain;
pub mod ending;
pub mod event_types;
pub mod http;
pub mod listen;
pub mod owner;
pub mod service;
pub mod signature;
pub mod store;
pub mod store_deliveries;
pub mod tasks;
