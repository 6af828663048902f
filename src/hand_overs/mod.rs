//! Hand-overs: what is to be given back and passed on after a trial, as one list that both parties keep.

pub mod domain;
pub mod http;
pub mod service;
pub mod store;
