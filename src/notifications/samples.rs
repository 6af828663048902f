//! The previews' letters and people, for tests.

use crate::kernel::clock::Instant;
use crate::notifications::domain::Letter;
use crate::notifications::previews;
use crate::notifications::recipient::Recipient;
use crate::notifications::summaries::TrialSummary;

/// An instant, from RFC 3339.
pub fn instant(text: &str) -> Instant {
    serde_json::from_value(text.into()).expect("an instant")
}

/// Somebody in Berlin.
pub fn recipient(name: &str) -> Recipient {
    previews::recipient(name).expect("somebody")
}

/// A trial under London's clock with `other`.
pub fn trial(other: &str) -> TrialSummary {
    previews::trial(other).expect("a trial")
}

/// One letter of every kind, about `other` and with the words `message` wherever somebody writes something.
pub fn samples(other: &str, message: &str) -> Vec<Letter> {
    previews::letters(other, message).expect("letters")
}
