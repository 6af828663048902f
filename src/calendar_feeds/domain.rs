//! What a feed is, and the secret in its address. Pure.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::digest::sha256;

/// How many letters a secret has: 32 bytes as base64url.
const LETTERS: usize = 43;

/// The secret part of a feed's address. Whoever knows it reads the feed; the database knows its hash alone.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedSecret(String);

impl FeedSecret {
    /// The secret of these random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// As it is kept: SHA-256, in hex. With 256 random bits behind it, it needs no salt and no slowness.
    pub fn hash(&self) -> String {
        sha256(&self.0)
    }

    /// The address of the feed on the server that `base` leads to.
    pub fn address(&self, base: &str) -> String {
        format!("{base}/v1/calendar/{}/trials.ics", self.0)
    }
}

impl fmt::Debug for FeedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FeedSecret")
    }
}

/// A text that is no secret of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongSecret;

impl FromStr for FeedSecret {
    type Err = WrongSecret;

    fn from_str(text: &str) -> Result<Self, WrongSecret> {
        let fine = text.len() == LETTERS && text.bytes().all(|each| each.is_ascii_alphanumeric() || b"-_".contains(&each));
        if fine { Ok(Self(text.to_owned())) } else { Err(WrongSecret) }
    }
}

/// One's calendar feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalendarFeed {
    /// Since when its address is good.
    pub created_at: Instant,
}

/// A calendar feed with its address, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewCalendarFeed {
    /// The address for a calendar to subscribe to. Whoever has it can read the feed.
    #[schema(format = "uri", examples("https://api.example.com/v1/calendar/4cq2dXc8yH3v0bTnM7kLwZ5eRfJ1sUaGpQ9iOtY6VmB/trials.ics"))]
    pub url: String,
    /// Since when it is good.
    pub created_at: Instant,
}
