//! The question that every signed-in request asks, answered by whoever keeps the sessions.

use async_trait::async_trait;

use crate::kernel::error::Result;
use crate::kernel::principal::Principal;
use crate::kernel::scope::Scope;

/// What every API key begins with, and no access token.
pub const KEY_PREFIX: &str = "ghk_";

/// Turns an access token into the person behind it, with the rights of this moment. App data, as `Arc<dyn Gate>`.
#[async_trait]
pub trait Gate: Send + Sync {
    /// The person.
    ///
    /// # Errors
    /// 401 unless the token is good and its session is alive; 403 for an admin who must set up a second factor first.
    async fn principal(&self, token: &str) -> Result<Principal>;

    /// The person, who may also be an admin who has yet to set up a second factor: for that alone.
    ///
    /// # Errors
    /// 401 unless the token is good and its session is alive.
    async fn enrolling(&self, token: &str) -> Result<Principal>;

    /// The person for whom an API key acts, and what it may be used for.
    ///
    /// # Errors
    /// 401 unless the key is good.
    async fn key(&self, key: &str) -> Result<(Principal, Vec<Scope>)>;
}
