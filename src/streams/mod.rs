//! Streams: what concerns somebody, told while it happens, to whoever keeps a connection open (server-sent events). Fed by the log of
//! changes, so that nobody asks the database again and again.

pub mod domain;
pub mod http;
pub mod listeners;
pub mod service;
