//! Secrets of people and of the house: passwords, access tokens, the tokens of refreshes and mails, second factors.

pub mod gate;
pub mod password;
pub mod seal;
pub mod token;
pub mod totp;
