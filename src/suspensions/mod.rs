//! Keeping people out, with everything that follows for their organisation, offers and requests.

pub mod http;
pub mod service;
