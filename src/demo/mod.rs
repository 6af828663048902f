//! The whole main job on sample data: `guildhall demo`. Loads once, resumes afterwards.

pub mod mailbox;
pub mod sample;
pub mod sign_ins;
pub mod zones;
