//! Secrets of people and of the house: passwords, access tokens, the tokens of refreshes and mails, second factors; and who others say
//! that somebody is.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod discovery;
pub mod fetch;
pub mod gate;
pub mod id_token;
pub mod password;
pub mod provider;
pub mod seal;
pub mod token;
pub mod totp;
