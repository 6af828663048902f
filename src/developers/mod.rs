//! Developer profiles, the hours they have promised, and who may see what.
//!
//! Pure: `profile` (what a developer says), `draft` (the rules for it), `card` (what others see), `access` (who sees
//! which), `hours` (what is promised), `resume` (a profile as JSON Resume), `resume_reading` with `resume_words` (one read), `resume_import`
//! (what of it a profile takes). `card_cache` holds public cards in memory. Stores: `store` (profiles), `card_store`, `access_store`, `hours_store`.

pub mod access;
pub mod access_store;
pub mod card;
pub mod card_cache;
pub mod card_store;
pub mod draft;
pub mod hours;
pub mod hours_store;
pub mod http;
pub mod http_resume;
pub mod import;
pub mod profile;
pub mod resume;
pub mod resume_import;
pub mod resume_reading;
pub mod resume_words;
pub mod resumes;
pub mod seen;
pub mod service;
pub mod store;

#[cfg(test)]
mod tests_resume;
#[cfg(test)]
mod tests_store;
