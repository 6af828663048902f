//! The chain: the hash of each entry covers the entry and the hash before it, so that nothing can be changed, taken out,
//! exchanged or cut off unnoticed. Pure.

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use crate::kernel::clock::Instant;
use crate::kernel::digest::sha256;

/// An entry as it is hashed: every column as it is kept, of the reason only its salted hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// When it was done.
    pub at: Instant,
    /// Who did it.
    pub actor: Option<String>,
    /// As what.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More about it, as JSON text.
    pub details: String,
    /// Within which request.
    pub request: Option<String>,
    /// [`Reason::hash`] of the written reason.
    pub reason_hash: Option<String>,
}

impl Link {
    /// The hash at `position` after an entry with the hash `previous`.
    fn hash(&self, position: i64, previous: &str) -> String {
        let Self { id, at, actor, role, action, subject, details, request, reason_hash } = self;
        let at = at.micros();
        sha256(json!([previous, position, id, at, actor, role, action, subject, details, request, reason_hash]).to_string())
    }
}

/// A written reason beside the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Random, so that an erased reason cannot be guessed from its hash.
    pub salt: String,
    /// The words.
    pub text: String,
}

impl Reason {
    /// What the chain holds of it.
    pub fn hash(&self) -> String {
        sha256(json!([self.salt, self.text]).to_string())
    }
}

/// A place in the chain and the hash there: kept elsewhere, it proves the log up to it. Written `position:hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// How many entries there are up to it.
    pub position: i64,
    /// The hash of the last of them; empty before the first.
    pub hash: String,
}

impl Anchor {
    /// Before the first entry.
    pub const START: Self = Self { position: 0, hash: String::new() };

    /// The next place, which `link` takes.
    #[must_use]
    pub fn next(&self, link: &Link) -> Self {
        let position = self.position + 1;
        Self { position, hash: link.hash(position, &self.hash) }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.position, self.hash)
    }
}

/// A text that is not an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an anchor such as `1234:9f86d0…`: a number, a colon, and 64 hexadecimal digits")]
pub struct WrongAnchor;

impl FromStr for Anchor {
    type Err = WrongAnchor;

    fn from_str(text: &str) -> Result<Self, WrongAnchor> {
        let (position, hash) = text.split_once(':').ok_or(WrongAnchor)?;
        let position = position.parse().ok().filter(|position| *position > 0).ok_or(WrongAnchor)?;
        let fine = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fine { Ok(Self { position, hash: hash.to_ascii_lowercase() }) } else { Err(WrongAnchor) }
    }
}

/// A sealed entry as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Where it stands.
    pub place: Anchor,
    /// The entry.
    pub link: Link,
    /// Its reason, unless there is none or it was erased.
    pub reason: Option<Reason>,
}

/// Where the chain is broken: the first place, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// It or its place is not what was sealed.
    #[error("entry {position} ({id}) is not what was sealed there: it was changed, or exchanged with another")]
    Changed {
        /// Where.
        position: i64,
        /// What stands there.
        id: String,
    },
    /// The words do not belong to their hash.
    #[error("the reason of entry {position} ({id}) is not what was sealed")]
    ReasonChanged {
        /// Where.
        position: i64,
        /// What stands there.
        id: String,
    },
    /// Others stand before and after it.
    #[error("entry {position} is missing")]
    Missing {
        /// Where.
        position: i64,
    },
    /// The end is missing.
    #[error("the log was cut off: entry {position} is missing, and there must be {expected} entries at least")]
    CutOff {
        /// The first that is missing.
        position: i64,
        /// How many there were.
        expected: i64,
    },
    /// It stands beside the chain, where nothing was sealed.
    #[error("entry {id} was put in beside the chain, at {position}")]
    Foreign {
        /// Where.
        position: i64,
        /// What stands there.
        id: String,
    },
    /// The chain holds, but it is another one.
    #[error("entry {position} has another hash than expected: the log up to there was written anew")]
    Rewritten {
        /// Where.
        position: i64,
    },
}

/// What an unbroken log comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its end: keep it elsewhere, to check later that nothing up to it has changed.
    pub head: Anchor,
    /// Reasons that were erased; what was done and by whom is still there.
    pub erased_reasons: i64,
}

/// A walk along the chain from its start.
#[derive(Debug, Clone)]
pub struct Walk {
    at: Anchor,
    erased_reasons: i64,
    expected: Vec<Anchor>,
}

impl Walk {
    /// A walk that must come past all of `expected`.
    pub fn past(expected: Vec<Anchor>) -> Self {
        Self { at: Anchor::START, erased_reasons: 0, expected }
    }

    /// Where it is.
    pub fn position(&self) -> i64 {
        self.at.position
    }

    /// Goes on to the next entry.
    ///
    /// # Errors
    /// Where the chain is broken.
    pub fn step(&mut self, found: &Sealed) -> Result<(), Break> {
        let next = self.at.next(&found.link);
        let (position, id) = (next.position, found.link.id.clone());
        if found.place.position != position {
            return Err(Break::Missing { position });
        }
        if found.place.hash != next.hash {
            return Err(Break::Changed { position, id });
        }
        match (&found.reason, &found.link.reason_hash) {
            (None, None) => {}
            (None, Some(_)) => self.erased_reasons += 1,
            (Some(reason), Some(hash)) if reason.hash() == *hash => {}
            (Some(_), _) => return Err(Break::ReasonChanged { position, id }),
        }
        if self.expected.iter().any(|anchor| anchor.position == position && anchor.hash != next.hash) {
            return Err(Break::Rewritten { position });
        }
        self.at = next;
        Ok(())
    }

    /// The end of the log.
    ///
    /// # Errors
    /// When entries are missing there.
    pub fn finish(self) -> Result<Verified, Break> {
        let expected = self.expected.iter().map(|anchor| anchor.position).max().unwrap_or_default();
        if expected > self.at.position {
            return Err(Break::CutOff { position: self.at.position + 1, expected });
        }
        Ok(Verified { head: self.at, erased_reasons: self.erased_reasons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(words: &[&str]) -> Vec<Sealed> {
        let mut place = Anchor::START;
        let sealed = |(number, word): (usize, &&str)| {
            let reason = Reason { salt: "salt".to_owned(), text: (*word).to_owned() };
            let link = Link {
                id: format!("evt_{number}"),
                at: Instant::from_micros(0),
                actor: None,
                role: "system".to_owned(),
                action: (*word).to_owned(),
                subject: "trial".to_owned(),
                details: "{}".to_owned(),
                request: None,
                reason_hash: Some(reason.hash()),
            };
            place = place.next(&link);
            Sealed { place: place.clone(), link, reason: Some(reason) }
        };
        words.iter().enumerate().map(sealed).collect()
    }

    fn walk(log: &[Sealed], expected: Vec<Anchor>) -> Result<Verified, Break> {
        let mut walk = Walk::past(expected);
        log.iter().try_for_each(|found| walk.step(found))?;
        walk.finish()
    }

    #[test]
    fn a_log_that_was_written_anew_is_whole_and_still_not_the_one_expected() {
        let (log, other) = (log(&["a", "b", "c"]), super::tests::log(&["a", "x", "c"]));
        let head = log[2].place.clone();
        assert_eq!(walk(&log, vec![head.clone()]).map(|done| done.head), Ok(head.clone()));
        assert_eq!(walk(&other, vec![]).map(|done| done.erased_reasons), Ok(0));
        assert_eq!(walk(&other, vec![head.clone()]), Err(Break::Rewritten { position: 3 }));
        assert_eq!(walk(&log[..1], vec![head]), Err(Break::CutOff { position: 2, expected: 3 }));
    }

    #[test]
    fn a_reason_may_be_erased_but_not_exchanged() {
        let mut log = log(&["a", "b"]);
        log[0].reason = None;
        assert_eq!(walk(&log, vec![]).map(|done| done.erased_reasons), Ok(1));
        log[1].reason = Some(Reason { salt: "salt".to_owned(), text: "other".to_owned() });
        assert_eq!(walk(&log, vec![]), Err(Break::ReasonChanged { position: 2, id: "evt_1".to_owned() }));
    }

    #[test]
    fn an_anchor_is_read_as_it_is_written() {
        let head = log(&["a"])[0].place.clone();
        assert_eq!(head.to_string().parse(), Ok(head));
        for wrong in ["", "1", "1:", "0:", "-1:ab", "x:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"] {
            assert_eq!(wrong.parse::<Anchor>(), Err(WrongAnchor), "{wrong}");
        }
    }
}
