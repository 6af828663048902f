//! Providers of identities, such as GitHub or a company's own OpenID Connect: where a browser is sent, and who came back.
//!
//! Authorization code with PKCE (RFC 7636, S256). Where a provider's doors are, and its keys, is read from it and kept for an hour,
//! longer while it does not answer. One sign-in asks for all, and a provider that was asked in vain is left alone for a while.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use jsonwebtoken::jwk::Jwk;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::MutexGuard;

use crate::auth::discovery::{KeySet, Metadata};
use crate::auth::fetch::{FetchError, Fetcher};
use crate::auth::id_token::{self, Disbelief, Expected};
use crate::auth::token::RoundTrip;
use crate::config::Settings;
use crate::config::providers::ProviderKind;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::identity::Identity;

/// How long what a provider says of itself is kept.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How old its keys are at least when one is looked for anew that is not among them.
const RELEARN: TimeDelta = TimeDelta::minutes(1);
/// How long nobody asks again after somebody who began to ask in vain. The longest attempt, two answers of five seconds, leaves five.
const LEFT_ALONE: TimeDelta = TimeDelta::seconds(15);

type Tokens = StandardTokenResponse<WithIdToken, BasicTokenType>;
type OwnClient = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to the tokens of OAuth 2.0.
#[derive(Serialize, Deserialize)]
struct WithIdToken {
    id_token: Option<String>,
}

impl fmt::Debug for WithIdToken {
    /// Without what it says.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WithIdToken").finish_non_exhaustive()
    }
}

impl ExtraTokenFields for WithIdToken {}

/// Those that the operator has chosen, by name.
pub struct Providers(BTreeMap<String, Provider>);

impl Providers {
    /// As configured.
    ///
    /// # Errors
    /// When there can be no threads to look names up on.
    pub fn new(settings: &Settings) -> Result<Self> {
        let fetcher = Arc::new(Fetcher::new()?);
        let base = settings.server.frontend_url.trim_end_matches('/');
        let all = settings.auth.providers.iter().map(|(name, chosen)| {
            let provider = Provider {
                name: name.clone(),
                kind: chosen.kind,
                issuer: chosen.issuer().to_owned(),
                client_id: chosen.client_id.clone(),
                client_secret: chosen.client_secret.clone(),
                back: format!("{base}/sign-in/{name}"),
                fetcher: fetcher.clone(),
                known: Mutex::default(),
                learning: tokio::sync::Mutex::default(),
            };
            (name.clone(), provider)
        });
        Ok(Self(all.collect()))
    }

    /// The one with this name.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn get(&self, name: &str) -> Result<&Provider> {
        self.0.get(name).ok_or_else(Error::not_found)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.values()
    }
}

/// One of them.
pub struct Provider {
    /// What the operator calls it.
    pub name: String,
    /// Its own name.
    pub issuer: String,
    kind: ProviderKind,
    client_id: String,
    client_secret: SecretString,
    /// Where it sends browsers back to.
    back: String,
    fetcher: Arc<Fetcher>,
    known: Mutex<Option<Arc<Known>>>,
    /// Whose turn it is to ask it, and what has come of it when that was in vain.
    learning: tokio::sync::Mutex<Option<Failure>>,
}

/// Nobody could read what it says of itself.
struct Failure {
    /// When they began to.
    since: Instant,
    error: Error,
}

/// What a provider says of itself.
struct Known {
    authorization: String,
    token: String,
    /// Whether it takes our secret in the body alone.
    in_body: bool,
    keys: Vec<Jwk>,
    since: Instant,
}

#[derive(Deserialize)]
struct GithubUser {
    id: i64,
}

#[derive(Deserialize)]
struct GithubEmail {
    email: String,
    primary: bool,
    verified: bool,
}

impl Provider {
    /// What it speaks: a word of the configuration.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            ProviderKind::Oidc => "oidc",
            ProviderKind::Github => "github",
        }
    }

    /// Whether it can be asked: reads what it says of itself, or knocks where it says nothing.
    ///
    /// # Errors
    /// 503 when it cannot be reached, or is not what the configuration says.
    pub async fn reach(&self, now: Instant) -> Result<()> {
        match self.kind {
            ProviderKind::Oidc => self.discover(now).await.map(drop),
            ProviderKind::Github => self.fetcher.knock(&self.issuer).await.map_err(|error| self.down(&error)),
        }
    }

    /// Where to send a browser that begins `trip`.
    ///
    /// # Errors
    /// 503 when the provider cannot be reached.
    pub async fn authorize(&self, trip: &RoundTrip, now: Instant) -> Result<String> {
        let known = self.known(now).await?;
        let client = self.client(&known)?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(trip));
        let request = client.authorize_url(|| CsrfToken::new(trip.state.clone())).set_pkce_challenge(challenge);
        let request = match self.kind {
            ProviderKind::Oidc => request
                .add_scopes(["openid", "email"].map(|scope| Scope::new(scope.to_owned())))
                .add_extra_param("nonce", trip.nonce.as_str()),
            ProviderKind::Github => request.add_scope(Scope::new("user:email".to_owned())),
        };
        Ok(request.url().0.into())
    }

    /// Who came back from `trip` with `code`.
    ///
    /// # Errors
    /// 422 when the provider does not take the code, or what it says is not to be believed; 503 when it cannot be reached.
    pub async fn identify(&self, code: &SecretString, trip: &RoundTrip, now: Instant) -> Result<Identity> {
        let known = self.known(now).await?;
        let tokens = self.exchange(&known, code, trip).await?;
        match self.kind {
            ProviderKind::Oidc => self.by_id_token(tokens.extra_fields().id_token.as_deref(), &known, trip, now).await,
            ProviderKind::Github => self.by_api(tokens.access_token().secret()).await,
        }
    }

    async fn exchange(&self, known: &Known, code: &SecretString, trip: &RoundTrip) -> Result<Tokens> {
        let client = self.client(known)?;
        let fetcher = &*self.fetcher;
        let http = |request: HttpRequest| fetcher.send(request);
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let exchanged = client.exchange_code(code).set_pkce_verifier(verifier(trip)).request_async(&http).await;
        exchanged.map_err(|error| match error {
            RequestTokenError::Request(error) => self.down(&error),
            error => {
                tracing::warn!(provider = %self.name, kind = kind(&error), "a code was not taken");
                Error::fault("/code", "was not taken by the provider: begin again")
            }
        })
    }

    async fn by_id_token(&self, token: Option<&str>, known: &Known, trip: &RoundTrip, now: Instant) -> Result<Identity> {
        let token = token.ok_or_else(|| self.disbelieved("there is no ID token"))?;
        let expected = Expected { issuer: &self.issuer, client_id: &self.client_id, nonce: &trip.nonce };
        let read = match id_token::read(token, &known.keys, expected, now) {
            Err(Disbelief::Key) => {
                let learnt = self.learn(self.learning.lock().await, RELEARN, now).await?;
                id_token::read(token, &learnt.keys, expected, now)
            }
            read => read,
        };
        read.map_err(|disbelief| self.disbelieved(&disbelief.to_string()))
    }

    /// GitHub is no OpenID Connect: its API says who has the token.
    async fn by_api(&self, token: &str) -> Result<Identity> {
        let api = match self.issuer.trim_end_matches('/') {
            "https://github.com" => "https://api.github.com".to_owned(),
            server => format!("{server}/api/v3"),
        };
        let user: GithubUser = self.fetcher.json(&format!("{api}/user"), Some(token)).await.map_err(|error| self.down(&error))?;
        let emails: Vec<GithubEmail> =
            self.fetcher.json(&format!("{api}/user/emails"), Some(token)).await.map_err(|error| self.down(&error))?;
        let email = emails.into_iter().find(|email| email.primary && email.verified);
        let email = email.and_then(|email| email.email.parse().ok());
        Ok(Identity { issuer: self.issuer.clone(), subject: user.id.to_string(), email })
    }

    fn client(&self, known: &Known) -> Result<OwnClient> {
        let auth_type = if known.in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let no_url = |error: oauth2::url::ParseError| self.out_of_order(format!("a URL of it is none: {error}"));
        let client = Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose_secret().to_owned()))
            .set_auth_type(auth_type)
            .set_auth_uri(AuthUrl::new(known.authorization.clone()).map_err(no_url)?)
            .set_token_uri(TokenUrl::new(known.token.clone()).map_err(no_url)?)
            .set_redirect_uri(RedirectUrl::new(self.back.clone()).map_err(no_url)?);
        Ok(client)
    }

    /// What it says of itself. Something old is better than nothing: only those who have nothing wait for whoever asks already.
    async fn known(&self, now: Instant) -> Result<Arc<Known>> {
        let Some(known) = self.kept() else { return self.learn(self.learning.lock().await, KEPT, now).await };
        match self.learning.try_lock() {
            Ok(turn) => Ok(self.learn(turn, KEPT, now).await.unwrap_or(known)),
            Err(_) => Ok(known),
        }
    }

    fn kept(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it says of itself, anew unless somebody who had the turn before has learnt that within `age`, or could not.
    async fn learn(&self, mut turn: MutexGuard<'_, Option<Failure>>, age: TimeDelta, now: Instant) -> Result<Arc<Known>> {
        if let Some(known) = self.kept().filter(|known| now.since(known.since) < age) {
            return Ok(known);
        }
        if let Some(failure) = turn.as_ref().filter(|failure| now.since(failure.since).abs() < LEFT_ALONE) {
            return Err(failure.error.clone());
        }
        let learnt = match self.kind {
            ProviderKind::Oidc => self.discover(now).await,
            ProviderKind::Github => Ok(self.github(now)),
        };
        let known = Arc::new(learnt.inspect_err(|error| {
            tracing::warn!(provider = %self.name, %error, "what a provider says of itself cannot be read");
            *turn = Some(Failure { since: now, error: error.clone() });
        })?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }

    fn github(&self, since: Instant) -> Known {
        let door = |name: &str| format!("{}/login/oauth/{name}", self.issuer.trim_end_matches('/'));
        Known { authorization: door("authorize"), token: door("access_token"), in_body: true, keys: Vec::new(), since }
    }

    async fn discover(&self, since: Instant) -> Result<Known> {
        let place = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.fetcher.json(&place, None).await.map_err(|error| self.down(&error))?;
        metadata.check(&self.issuer).map_err(|wrong| self.out_of_order(wrong))?;
        let keys: KeySet = self.fetcher.json(&metadata.jwks_uri, None).await.map_err(|error| self.down(&error))?;
        let (in_body, keys) = (metadata.wants_secret_in_body(), keys.readable());
        Ok(Known { authorization: metadata.authorization_endpoint, token: metadata.token_endpoint, in_body, keys, since })
    }

    fn down(&self, error: &FetchError) -> Error {
        self.out_of_order(error)
    }

    fn out_of_order(&self, what: impl fmt::Display) -> Error {
        Error::unavailable(format!("the provider `{}` of identities: {what}", self.name))
    }

    /// What was wrong is for the log: whoever forged it need not know how close it came.
    fn disbelieved(&self, why: &str) -> Error {
        tracing::warn!(provider = %self.name, why, "an identity was not believed");
        Error::fault("/code", "has led to nobody who can be believed: begin again")
    }
}

/// What kind of error it is: its own words may name people, the kind does not.
fn kind(error: &RequestTokenError<FetchError, BasicErrorResponse>) -> &str {
    match error {
        RequestTokenError::ServerResponse(answer) => answer.error().as_ref(),
        _ => "unreadable",
    }
}

fn verifier(trip: &RoundTrip) -> PkceCodeVerifier {
    PkceCodeVerifier::new(trip.verifier.expose_secret().to_owned())
}

#[cfg(test)]
mod tests {
    use oauth2::basic::BasicErrorResponseType;

    use super::*;

    #[test]
    fn the_kind_of_an_error_is_a_word_and_names_nobody() {
        let refused = BasicErrorResponse::new(BasicErrorResponseType::InvalidGrant, Some("not for jo@example.com".to_owned()), None);
        assert_eq!(kind(&RequestTokenError::ServerResponse(refused)), "invalid_grant");
        assert_eq!(kind(&RequestTokenError::Other("not for jo@example.com".to_owned())), "unreadable");
    }

    #[test]
    fn an_id_token_is_never_shown() {
        let tokens = WithIdToken { id_token: Some("a secret".to_owned()) };
        assert_eq!(format!("{tokens:?}"), "WithIdToken { .. }");
    }
}
