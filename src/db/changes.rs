//! Scratch until the change log is merged.

use crate::words;

words! {
    /// What has changed.
    pub enum ChangeKind {
        /// A developer. Subject: the developer's id.
        Developer => "developer",
        /// A job request. Subject: its id.
        JobRequest => "job_request",
        /// Blocks. Subject: the organisation's id.
        Blocks => "blocks",
        /// The catalogue of skills. Subject: a slug.
        Skills => "skills",
        /// A principal. Subject: the person's id.
        User => "user",
    }
}

/// Something has changed: read it again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// What sort of thing.
    pub kind: ChangeKind,
    /// Which one.
    pub subject: String,
}
