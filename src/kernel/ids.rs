//! Typed, prefixed, time-ordered ids: TypeID text (`dev_01j…`) over UUIDv7, so that a trial's id is never taken for a user's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use typeid_suffix::prelude::TypeIdSuffix;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::kernel::clock::Instant;

/// What an id is an id of: its prefix on the wire and in the database.
pub trait Kind: 'static {
    /// The text before the underscore, such as `dev`.
    const PREFIX: &'static str;
    /// The type's name in the OpenAPI document, such as `DeveloperId`.
    const NAME: &'static str;
}

/// The id of one thing of kind `K`. Sorts by time of creation.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

static CONTEXT: std::sync::Mutex<ContextV7> = std::sync::Mutex::new(ContextV7::new());

impl<K: Kind> Id<K> {
    /// A new id that sorts after all ids made before it in this process within the same millisecond.
    pub fn new(now: Instant) -> Self {
        let at = now.utc();
        let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
        let context = CONTEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let timestamp = Timestamp::from_unix(&*context, seconds, at.timestamp_subsec_nanos());
        Self(Uuid::new_v7(timestamp), PhantomData)
    }

    /// The id that sorts before all those made at `at` or later, to the millisecond.
    pub fn first_at(at: Instant) -> Self {
        let milliseconds = u128::try_from(at.utc().timestamp_millis()).unwrap_or_default();
        Self::from_u128(milliseconds << 80)
    }

    /// When it was made, to the millisecond.
    pub fn made_at(&self) -> Instant {
        let milliseconds = i64::try_from(self.0.as_u128() >> 80).unwrap_or_default();
        Instant::from_micros(milliseconds.saturating_mul(1000))
    }

    /// The bytes of the UUID, for hashing into a stable order.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// An id from a number, for tests and seeded data: the same number gives the same id.
    pub fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number), PhantomData)
    }
}

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an id of the expected kind")]
pub struct WrongId;

impl<K: Kind> FromStr for Id<K> {
    type Err = WrongId;

    fn from_str(text: &str) -> Result<Self, WrongId> {
        let suffix = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(WrongId)?;
        let uuid = TypeIdSuffix::from_str(suffix).map_err(|_| WrongId)?.to_uuid();
        Ok(Self(uuid, PhantomData))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}_{}", K::PREFIX, TypeIdSuffix::from(self.0))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX)))
            .examples([serde_json::json!(Self::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001))])
            .into()
    }
}
impl<K: Kind> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        K::NAME.into()
    }
}

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident, $id:ident => $prefix:literal);+ $(;)?) => { $(
        #[doc = concat!("The kind of `", $prefix, "_…` ids.")]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
            const NAME: &'static str = stringify!($id);
        }
        $(#[$meta])*
        pub type $id = Id<$kind>;
    )+

        /// The schemas of all ids by name, for the OpenAPI document.
        pub fn schemas() -> Vec<(&'static str, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)> {
            vec![$((stringify!($id), <$id as utoipa::PartialSchema>::schema())),+]
        }
    };
}

kinds! {
    /// A person who can sign in.
    User, UserId => "user";
    /// A client's organisation; owns job requests and trials.
    Organization, OrganizationId => "org";
    /// A developer's profile.
    Developer, DeveloperId => "dev";
    /// A vetting application.
    Application, ApplicationId => "app";
    /// A client's job request.
    JobRequest, JobRequestId => "job";
    /// A trial contract.
    Trial, TrialId => "trial";
    /// An outbox row.
    Mail, MailId => "mail";
    /// An event of a lifecycle.
    Event, EventId => "evt";
    /// A signed-in session, the family of its refresh tokens.
    Session, SessionId => "sess";
    /// A single-use token that a mail carries.
    MailToken, MailTokenId => "token";
    /// Hours of a developer that a trial holds.
    Commitment, CommitmentId => "hold";
    /// An entry of the audit log.
    AuditEntry, AuditId => "audit";
    /// A client's invitation of a developer to talk about a job request.
    Invitation, InvitationId => "inv";
    /// A message that goes with an invitation.
    Message, MessageId => "msg";
    /// A report of abuse.
    Report, ReportId => "report";
    /// A saved answer of matching.
    MatchRun, MatchRunId => "run";
    /// Where an organisation wants to be told of events.
    Webhook, WebhookId => "hook";
    /// What an organisation's own programs sign in with.
    ApiKey, ApiKeyId => "key";
    /// An event on its way to a webhook.
    Delivery, DeliveryId => "delivery";
    /// Who somebody is at a provider of identities: a way to sign in.
    LinkedIdentity, IdentityId => "ident";
    /// A sign-in at such a provider that is under way.
    ProviderSignIn, ProviderSignInId => "start";
}
