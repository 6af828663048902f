//! API keys: what an organisation's own programs sign in with. Pure.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApiKeyId, OrganizationId, UserId};
use crate::kernel::scope::Scope;

/// How many keys an organisation may have.
pub const MOST: i64 = 20;
/// How long a key is good for at the most, and where nothing is said.
pub const LONGEST: TimeDelta = TimeDelta::days(366);
/// How exactly the last use is known.
pub const COARSELY: TimeDelta = TimeDelta::hours(1);

/// A key, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for.
    #[schema(format = "line", min_length = 1, max_length = 100, examples("Our hiring board"))]
    pub name: String,
    /// What it may be used for; nothing else.
    #[schema(min_items = 1, max_items = 20)]
    pub scopes: Vec<Scope>,
    /// Until when it is good: a year at the most, and when left out.
    pub expires_at: Option<Instant>,
}

/// A key, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose.
    pub organization: OrganizationId,
    /// For whom it acts.
    pub created_by: UserId,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Instant,
    /// Until when it is good.
    pub expires_at: Instant,
    /// When it was used last, to the hour.
    pub last_used_at: Option<Instant>,
}

/// A key as members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeyView {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Who made it, and for whom it acts.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Instant,
    /// Until when it is good.
    pub expires_at: Instant,
    /// When it was used last, to the hour.
    #[schema(required = true)]
    pub last_used_at: Option<Instant>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, scopes, created_by, created_at, expires_at, last_used_at, .. } = key;
        Self { id, name, scopes, created_by, created_at, expires_at, last_used_at }
    }
}

/// A key with what signs in, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKeyWithSecret {
    /// The key.
    #[serde(flatten)]
    pub view: ApiKeyView,
    /// What to send as `Authorization: Bearer …`. It is not shown again.
    #[schema(examples("ghk_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"))]
    pub key: String,
}
