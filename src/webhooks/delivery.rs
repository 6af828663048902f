//! A delivery: an event on its way to a webhook. How it is shown, and when it is tried again. Pure.

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::events::domain::EventPayload;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeliveryId, EventId, WebhookId};
use crate::words;

/// How long a delivery is tried.
pub const TRIED_FOR: TimeDelta = TimeDelta::days(3);
/// How long nothing may have gone through, when a delivery is given up, for the webhook to be switched off.
pub const STEADY: TimeDelta = TimeDelta::days(2);
/// How long a delivery is in the log.
pub const KEPT: TimeDelta = TimeDelta::days(30);
/// The answer of an endpoint that wants to hear nothing any more.
const GONE: u16 = 410;

/// Seconds before the next attempt, by how many have failed; the last one repeats. As Standard Webhooks suggests.
const BACKOFF: [i64; 8] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000];

words! {
    /// What has become of a delivery.
    pub enum DeliveryState {
        /// To be sent when due.
        Pending => "pending",
        /// Answered with a 2xx.
        Delivered => "delivered",
        /// Given up: tried for three days, or the webhook was switched off.
        Failed => "failed",
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// Of which event: the `webhook-id`, the same with every attempt.
    pub event: EventId,
    /// The event's type.
    pub kind: String,
    /// What is sent, to the byte.
    pub body: String,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried since it was last asked for.
    pub attempts: i64,
    /// When it is, or was last, due.
    pub due_at: Instant,
    /// When it is given up.
    pub give_up_at: Instant,
    /// The status of the last answer.
    pub answered: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the event was told.
    pub created_at: Instant,
    /// When it was delivered or given up.
    pub ended_at: Option<Instant>,
}

impl Delivery {
    /// A delivery that goes at once.
    pub fn new(webhook: WebhookId, event: EventId, kind: String, body: String, now: Instant) -> Self {
        Self {
            id: DeliveryId::new(now),
            webhook,
            event,
            kind,
            body,
            state: DeliveryState::Pending,
            attempts: 0,
            due_at: now,
            give_up_at: now.plus(TRIED_FOR),
            answered: None,
            last_error: None,
            created_at: now,
            ended_at: None,
        }
    }

    /// The same, to be sent again from `now` on.
    pub fn again(self, now: Instant) -> Self {
        Self { state: DeliveryState::Pending, attempts: 0, due_at: now, give_up_at: now.plus(TRIED_FOR), ended_at: None, ..self }
    }
}

/// A delivery as members see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// The event's id: the header `webhook-id`, the same with every attempt.
    pub event_id: EventId,
    /// The event's type.
    #[serde(rename = "type")]
    #[schema(examples("trial.accept"))]
    pub kind: String,
    /// What has become of it.
    pub state: DeliveryState,
    /// What is sent.
    #[schema(value_type = EventPayload)]
    pub payload: Value,
    /// How often it was tried since it was last asked for.
    pub attempts: i64,
    /// The status of the last answer.
    #[schema(required = true, examples(500))]
    pub answered: Option<i64>,
    /// Why the last attempt failed.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// When it is tried next; null once it is over.
    #[schema(required = true)]
    pub due_at: Option<Instant>,
    /// When the event was told.
    pub created_at: Instant,
    /// When it was delivered or given up.
    #[schema(required = true)]
    pub ended_at: Option<Instant>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, event, kind, state, attempts, answered, last_error, due_at, created_at, ended_at, body, .. } = delivery;
        let payload = serde_json::from_str(&body).unwrap_or_default();
        let due_at = Some(due_at).filter(|_| state == DeliveryState::Pending);
        Self { id, event_id: event, kind, state, payload, attempts, answered, last_error, due_at, created_at, ended_at }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint has answered with this status.
    Answered(u16),
    /// It has not; why.
    Silent(String),
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The new state.
    pub state: DeliveryState,
    /// When it is due again, while pending.
    pub due_at: Option<Instant>,
    /// The status of the answer.
    pub answered: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether the endpoint wants to hear nothing any more.
    pub gone: bool,
}

/// Decides what becomes of a delivery whose `attempts`-th attempt (from 1) ended with `outcome`. The last attempt is when it is given
/// up. `jitter` in −1.0 … 1.0 spreads retries by up to a fifth.
pub fn settle(outcome: Outcome, attempts: i64, now: Instant, give_up_at: Instant, jitter: f64) -> Settled {
    let (answered, error) = match outcome {
        Outcome::Answered(status) if (200..300).contains(&status) => {
            return Settled { state: DeliveryState::Delivered, due_at: None, answered: Some(status.into()), error: None, gone: false };
        }
        Outcome::Answered(status) => (Some(status), format!("answered with {status}")),
        Outcome::Silent(reason) => (None, reason),
    };
    let gone = answered == Some(GONE);
    let over = gone || now >= give_up_at;
    let state = if over { DeliveryState::Failed } else { DeliveryState::Pending };
    let due_at = Some(now.plus(backoff(attempts, jitter)).min(give_up_at)).filter(|_| !over);
    Settled { state, due_at, answered: answered.map(i64::from), error: Some(error), gone }
}

fn backoff(attempts: i64, jitter: f64) -> TimeDelta {
    let failed = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    let seconds = BACKOFF.get(failed).or(BACKOFF.last()).copied().unwrap_or(3600);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a fifth of a day at most")]
    let spread = (seconds as f64 * 200.0 * jitter.clamp(-1.0, 1.0)) as i64;
    TimeDelta::milliseconds(seconds * 1000 + spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_back_off_for_three_days_and_the_last_one_is_at_their_end() {
        let (begin, mut now, mut waits) = (Instant::from_micros(0), Instant::from_micros(0), Vec::new());
        let end = begin.plus(TRIED_FOR);
        for attempts in 1.. {
            let settled = settle(Outcome::Answered(500), attempts, now, end, 0.0);
            let Some(due_at) = settled.due_at else {
                assert_eq!((settled.state, settled.gone, now), (DeliveryState::Failed, false, end));
                break;
            };
            waits.push(due_at.since(now).num_seconds());
            now = due_at;
        }
        assert_eq!(waits[..8], [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000]);
        assert_eq!(waits.iter().sum::<i64>(), TRIED_FOR.num_seconds());
        let spread = |jitter| settle(Outcome::Silent("down".to_owned()), 2, begin, end, jitter).due_at.unwrap().since(begin).num_seconds();
        assert_eq!((spread(-1.0), spread(1.0), spread(9.0)), (240, 360, 360));
    }

    #[test]
    fn only_a_2xx_is_taken_for_a_yes_and_a_410_for_good() {
        let (now, end) = (Instant::from_micros(0), Instant::from_micros(1));
        let state = |status| settle(Outcome::Answered(status), 1, now, end, 0.0).state;
        assert_eq!([200, 204, 299].map(state), [DeliveryState::Delivered; 3]);
        assert_eq!([199, 301, 302, 307, 400, 404, 429, 503].map(state), [DeliveryState::Pending; 8]);
        let gone = settle(Outcome::Answered(410), 1, now, end, 0.0);
        assert_eq!((gone.state, gone.gone, gone.due_at), (DeliveryState::Failed, true, None));
    }
}
