//! The one door to HTTP words.
