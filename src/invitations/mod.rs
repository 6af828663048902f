//! Invitations: a client asks a developer to talk about a job request, before any offer.

pub mod domain;
pub mod guards;
pub mod http;
pub mod mails;
pub mod messages;
pub mod process;
pub mod service;
pub mod store;
pub mod store_messages;
pub mod tasks;
pub mod view;
