//! A webhook: where an organisation, or the house, wants to be told, of what, and whether it still is. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{UserId, WebhookId};
use crate::webhooks::event_types::{EventType, TEST};
use crate::webhooks::owner::Owner;
use crate::words;

/// How many webhooks an organisation may have, and the house.
pub const MOST: i64 = 10;
/// How many hours the secret before the newest one signs as well.
pub const OVERLAP_HOURS: i64 = 24;

words! {
    /// Why nothing is sent to a webhook.
    pub enum DisabledBecause {
        /// Somebody has switched it off.
        SwitchedOff => "switched_off",
        /// It has answered 410 Gone.
        Gone => "gone",
        /// Nothing went through for days.
        Failing => "failing",
        /// Whoever made it, or led it where it leads, no longer acts for the organisation, or is no admin any more.
        MakerLeft => "maker_left",
    }
}

/// A webhook, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookDraft {
    /// Where events are posted to: `https://`, a public address, no redirects.
    #[schema(min_length = 1, max_length = 2000, examples("https://example.com/guildhall"))]
    pub url: String,
    /// What it is for.
    #[schema(format = "line", min_length = 1, max_length = 200, examples("Our hiring board"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of which events it is told; left out, of all that are for its owner, also of those that come with later releases. Those of
    /// `vetting` and `vetted_status` are for admins, those of `invitation` for clients.
    #[schema(min_items = 1, max_items = 100, examples(json!(["trial.accept", "trial.end"])))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<EventType>>,
    /// Whether it is told at all. To switch one on again that was switched off forgets its failures.
    #[schema(default = true)]
    #[serde(default = "on")]
    pub enabled: bool,
}

fn on() -> bool {
    true
}

/// A secret that only the house opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The id of the house's secret that it is sealed with.
    pub by: String,
    /// The seal.
    pub text: String,
}

/// A webhook, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub owner: Owner,
    /// Who made it, or has led it elsewhere since: it ends with their membership, or their being an admin.
    pub created_by: UserId,
    /// Where events are posted to.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Of which events it is told; none: of all. Words, as a type may be of another release.
    pub event_types: Option<Vec<String>>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Why not.
    pub disabled_because: Option<DisabledBecause>,
    /// Since when nothing went through.
    pub failing_since: Option<Instant>,
    /// What signs.
    pub secret: SealedSecret,
    /// What signs as well, and until when.
    pub former: Option<(SealedSecret, Instant)>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub changed_at: Instant,
}

impl Webhook {
    /// Whether it is told of events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        let asked = || self.event_types.as_ref().is_none_or(|types| types.iter().any(|each| each == kind));
        self.enabled && (kind == TEST || (self.owner.untold(kind).is_none() && asked()))
    }

    /// The same as a draft says.
    pub fn with(self, draft: WebhookDraft, now: Instant) -> Self {
        let switched = draft.enabled != self.enabled;
        let disabled_because = match (draft.enabled, switched) {
            (true, _) => None,
            (false, true) => Some(DisabledBecause::SwitchedOff),
            (false, false) => self.disabled_because,
        };
        Self {
            url: draft.url,
            description: draft.description,
            event_types: draft.event_types.map(|types| types.iter().map(|each| each.as_str().to_owned()).collect()),
            enabled: draft.enabled,
            disabled_because,
            failing_since: self.failing_since.filter(|_| !switched),
            version: self.version + 1,
            changed_at: now,
            ..self
        }
    }

    /// The same, switched off by the house.
    pub fn disabled(self, because: DisabledBecause, now: Instant) -> Self {
        Self { enabled: false, disabled_because: Some(because), version: self.version + 1, changed_at: now, ..self }
    }
}

/// What of a webhook can be changed, as it stands: what a patch is laid over.
#[derive(Serialize)]
pub struct Changeable<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_types: Option<&'a [String]>,
    enabled: bool,
}

impl<'a> From<&'a Webhook> for Changeable<'a> {
    fn from(webhook: &'a Webhook) -> Self {
        Self {
            url: &webhook.url,
            description: webhook.description.as_deref(),
            event_types: webhook.event_types.as_deref(),
            enabled: webhook.enabled,
        }
    }
}

/// A webhook as those see it whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// Where events are posted to.
    #[schema(examples("https://example.com/guildhall"))]
    pub url: String,
    /// What it is for.
    #[schema(required = true)]
    pub description: Option<String>,
    /// Of which events it is told; null: of all that are for its owner.
    #[schema(required = true, examples("trial.accept", "trial.end"))]
    pub event_types: Option<Vec<String>>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Why not.
    #[schema(required = true)]
    pub disabled_because: Option<DisabledBecause>,
    /// Since when nothing went through; null while all is well.
    #[schema(required = true)]
    pub failing_since: Option<Instant>,
    /// Until when the secret before the newest one signs as well.
    #[schema(required = true)]
    pub former_secret_until: Option<Instant>,
    /// Grows with every change; also the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub changed_at: Instant,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            event_types: webhook.event_types,
            enabled: webhook.enabled,
            disabled_because: webhook.disabled_because,
            failing_since: webhook.failing_since,
            former_secret_until: webhook.former.map(|(_, until)| until),
            version: webhook.version,
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
        }
    }
}

/// A webhook with its newest secret, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What signs: give it to whoever checks the signatures. It is not shown again.
    #[schema(examples("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    pub secret: String,
}
