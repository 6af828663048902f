//! Signing in by a provider of identities: what is sent, what is kept, what is seen. Pure.

use std::net::IpAddr;

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::domain::SignUpRole;
use crate::kernel::clock::Instant;
use crate::kernel::identity::Identity;
use crate::kernel::ids::{IdentityId, UserId};

/// A provider, as a sign-in page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name in the paths.
    #[schema(examples("github"))]
    pub name: String,
    /// `oidc` or `github`.
    #[schema(examples("github"))]
    pub kind: &'static str,
}

/// A sign-in that has begun.
#[derive(Serialize, ToSchema)]
pub struct StartedSignIn {
    /// Where to send the browser. It comes back to the frontend's page `/sign-in/{name}` with `code` and `state`.
    #[schema(examples("https://github.com/login/oauth/authorize?response_type=code&client_id=0123456789"))]
    pub authorization_url: String,
    /// Keep it in this browser alone, such as in its session storage, and send it with `code` and `state`: it shows that they came back
    /// to the browser that was sent.
    #[schema(examples("vJ0nqZmM1kKXz3bq2l7p1sYyQb5cVwJtGkq9x8oH2uA"))]
    pub browser_token: String,
    /// Until when it must be finished.
    pub expires_at: Instant,
}

/// What a browser came back with.
#[derive(Debug, Clone)]
pub struct CameBack {
    /// The provider's code.
    pub code: SecretString,
    /// What we sent there.
    pub state: String,
    /// What stayed in the browser.
    pub browser_token: SecretString,
}

/// What it takes to register somebody whom a provider vouches for.
#[derive(Debug, Clone)]
pub struct Registration {
    /// What the person is here for.
    pub role: SignUpRole,
    /// How the person is called.
    pub name: String,
    /// For clients: the name of the organisation.
    pub organization_name: Option<String>,
}

/// A sign-in that is to be finished.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The proof.
    pub came_back: CameBack,
    /// The code of a second factor, or a recovery code.
    pub totp: Option<SecretString>,
    /// The password of the account that has the address: links the two.
    pub password: Option<SecretString>,
    /// For those who are new.
    pub registration: Option<Registration>,
    /// From where.
    pub address: IpAddr,
    /// With which browser or program, as it names itself.
    pub client: String,
}

/// A sign-in that is under way, as it is kept.
#[derive(Clone)]
pub struct UnderWay {
    /// At which provider.
    pub provider: String,
    /// Who came back, once that is proved.
    pub identity: Option<Identity>,
}

/// A way to sign in, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Its id.
    pub id: IdentityId,
    /// Whose.
    pub user: UserId,
    /// Who says so.
    pub issuer: String,
    /// What the operator called the provider.
    pub provider: String,
    /// Since when.
    pub created_at: Instant,
    /// When it was used last.
    pub last_used_at: Option<Instant>,
}

/// A way to sign in, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IdentityView {
    /// Its id.
    pub id: IdentityId,
    /// The provider's name.
    #[schema(examples("github"))]
    pub provider: String,
    /// Who vouches: the provider's own name.
    #[schema(examples("https://github.com"))]
    pub issuer: String,
    /// Since when.
    pub created_at: Instant,
    /// When it was used last.
    #[schema(required = true)]
    pub last_used_at: Option<Instant>,
}

impl From<LinkedIdentity> for IdentityView {
    fn from(linked: LinkedIdentity) -> Self {
        let LinkedIdentity { id, provider, issuer, created_at, last_used_at, .. } = linked;
        Self { id, provider, issuer, created_at, last_used_at }
    }
}
