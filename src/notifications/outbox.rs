//! The outbox's own rules: what a row may be, how it is shown, when it is tried again. Pure.

use chrono::TimeDelta;
use serde::Serialize;

use crate::kernel::clock::Instant;
use crate::notifications::domain::Letter;
use crate::notifications::recipient::Recipient;
use crate::words;

/// How long a mail is tried.
pub const TRIED_FOR: TimeDelta = TimeDelta::hours(48);

/// How long a person sees a mail among the own notifications; finished rows older than this are forgotten.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// Seconds before the next attempt, by how many have failed; the last one repeats.
const BACKOFF: [i64; 5] = [5, 30, 120, 600, 3600];

words! {
    /// What has become of a mail.
    pub enum MailState {
        /// To be sent when due.
        Pending => "pending",
        /// The mail server has taken it.
        Sent => "sent",
        /// Given up: refused for good, or tried for 48 hours.
        Dead => "dead",
        /// No longer wanted.
        Cancelled => "cancelled",
    }
}

/// A mail to put into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What it says.
    pub letter: Letter,
    /// The id, as text, of what it is about.
    pub subject: String,
    /// Which occasion of this kind: a version, a date, a token's id. One mail per (subject, kind, recipient, anchor).
    pub anchor: String,
    /// To whom.
    pub recipient: Recipient,
    /// Not before this; none: at once.
    pub due_at: Option<Instant>,
    /// A reminder that could not be sent until then is not sent at all; none: tried for 48 hours.
    pub useful_until: Option<Instant>,
}

impl NewMail {
    /// A mail that goes at once.
    pub fn now(letter: Letter, subject: impl ToString, anchor: impl ToString, recipient: Recipient) -> Self {
        Self { letter, subject: subject.to_string(), anchor: anchor.to_string(), recipient, due_at: None, useful_until: None }
    }

    /// A reminder for `due_at`, worthless after `useful_until`.
    pub fn later(self, due_at: Instant, useful_until: Instant) -> Self {
        Self { due_at: Some(due_at), useful_until: Some(useful_until), ..self }
    }
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server has taken it.
    Sent,
    /// It may go better next time.
    Retry(String),
    /// It will never go.
    Permanent(String),
    /// Its moment had passed before the first attempt.
    Missed,
    /// Its recipient has switched such mails off.
    Unwanted,
}

/// What becomes of a row after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The new state.
    pub state: MailState,
    /// When it is due again, while pending.
    pub due_at: Option<Instant>,
    /// Why it was not sent; for admins, never for the log: mail servers quote addresses.
    pub error: Option<String>,
}

/// Decides what becomes of a row whose `attempts`-th attempt (from 1) ended with `outcome`.
/// `jitter` in −1.0 … 1.0 spreads retries by up to a fifth.
pub fn settle(outcome: Outcome, attempts: i64, now: Instant, give_up_at: Instant, jitter: f64) -> Settled {
    let ended = |state, error| Settled { state, due_at: None, error };
    match outcome {
        Outcome::Sent => ended(MailState::Sent, None),
        Outcome::Permanent(error) => ended(MailState::Dead, Some(error)),
        Outcome::Missed => ended(MailState::Cancelled, Some("its moment had passed".to_owned())),
        Outcome::Unwanted => ended(MailState::Cancelled, Some("its recipient has switched such mails off".to_owned())),
        Outcome::Retry(error) => {
            let due_at = now.plus(backoff(attempts, jitter));
            if due_at > give_up_at {
                ended(MailState::Dead, Some(error))
            } else {
                Settled { state: MailState::Pending, due_at: Some(due_at), error: Some(error) }
            }
        }
    }
}

fn backoff(attempts: i64, jitter: f64) -> TimeDelta {
    let failed = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    let seconds = BACKOFF.get(failed).or(BACKOFF.last()).copied().unwrap_or(3600);
    let milliseconds = seconds * 1000;
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a fifth of an hour at most")]
    let spread = (milliseconds as f64 * 0.2 * jitter.clamp(-1.0, 1.0)) as i64;
    TimeDelta::milliseconds(milliseconds + spread)
}

/// A row of the outbox as admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OutboxMail {
    /// Its id (`mail_…`), which is also in the mail's Message-ID.
    pub id: String,
    /// Which mail it is.
    #[schema(examples("trial_offer"))]
    pub kind: String,
    /// The id of what it is about.
    pub subject: String,
    /// The recipient's address.
    pub recipient: String,
    /// What has become of it.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is, or was last, due.
    pub due_at: Instant,
    /// When it is given up.
    pub give_up_at: Instant,
    /// Why the last attempt failed.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// When it was put into the outbox.
    pub created_at: Instant,
    /// When the mail server took it.
    #[schema(required = true)]
    pub sent_at: Option<Instant>,
    /// The request that it comes from, as the log and the audit log name it; null for what the clock sends.
    #[schema(required = true)]
    pub request_id: Option<String>,
}

impl OutboxMail {
    /// When it was sent, or is due until then.
    pub fn came_at(&self) -> Instant {
        self.sent_at.unwrap_or(self.due_at)
    }
}

/// A mail as its recipient sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Notification {
    /// Its id (`mail_…`).
    pub id: String,
    /// Which mail it is.
    #[schema(examples("trial_offer"))]
    pub kind: String,
    /// Its subject line.
    pub subject_line: String,
    /// What has become of it.
    pub state: MailState,
    /// When it was sent; until then, when it is tried.
    pub at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_back_off_until_given_up() {
        let now = Instant::from_micros(0);
        let due = |attempts, jitter| {
            let settled = settle(Outcome::Retry("later".to_owned()), attempts, now, now.plus(TRIED_FOR), jitter);
            settled.due_at.map(|due_at| due_at.since(now).num_seconds())
        };
        let waits: Vec<_> = (1..=7).map(|attempts| due(attempts, 0.0)).collect();
        assert_eq!(waits, [5, 30, 120, 600, 3600, 3600, 3600].map(Some));
        assert_eq!((due(2, -1.0), due(2, 1.0), due(2, 9.0)), (Some(24), Some(36), Some(36)));
        let late = settle(Outcome::Retry("later".to_owned()), 60, now, now.plus(TimeDelta::minutes(59)), 0.0);
        assert_eq!((late.state, late.due_at), (MailState::Dead, None));
    }

    #[test]
    fn the_last_attempt_may_come_when_it_is_given_up_and_no_later() {
        let now = Instant::from_micros(0);
        let (next, error) = (now.plus(TimeDelta::seconds(5)), Some("later".to_owned()));
        let settled = |give_up_at| settle(Outcome::Retry("later".to_owned()), 1, now, give_up_at, 0.0);
        assert_eq!(settled(next), Settled { state: MailState::Pending, due_at: Some(next), error: error.clone() });
        let earlier = next.plus(TimeDelta::microseconds(-1));
        assert_eq!(settled(earlier), Settled { state: MailState::Dead, due_at: None, error });
    }
}
