//! Secrets of people and of the house: passwords, access tokens, the tokens of refreshes and mails.

pub mod gate;
pub mod password;
pub mod token;
