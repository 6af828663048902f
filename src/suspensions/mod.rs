//! Keeping people out, of the house or of an organisation, with everything that follows for their organisation, offers, requests and
//! webhooks.

pub mod http;
pub mod service;
