//! A provider of identities of the tests' own, on loopback: OpenID Connect with discovery, and beside it what GitHub has. It checks what
//! a provider checks, signs with keys of its own, and lies on request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::{self, Data, Form, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use guildhall::kernel::clock::{Clock as _, ManualClock};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who the house is there.
pub const CLIENT_ID: &str = "the-house";
/// How it proves that.
pub const CLIENT_SECRET: &str = "canary of a provider & its secret";
/// An RSA key that was made for these tests, and opens nothing else.
const RSA: &[u8] = include_bytes!("provider_rsa.der");

/// Who sits before the browser.
#[derive(Debug, Clone)]
pub struct Somebody {
    /// The provider's name for them.
    pub subject: String,
    /// Their address.
    pub email: String,
    /// Whether the provider vouches for it.
    pub verified: Value,
}

impl Somebody {
    /// Somebody with a verified address.
    pub fn new(subject: &str, email: &str) -> Self {
        Self { subject: subject.to_owned(), email: email.to_owned(), verified: json!(true) }
    }
}

/// What an ID token is wrong about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// It answers another sign-in.
    Nonce,
    /// It answers none.
    NoNonce,
    /// It is for another client.
    Audience,
    /// It is for us and for another client, who asked for it.
    Party,
    /// Somebody else says so.
    Issuer,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Future,
    /// It is not signed.
    Unsigned,
    /// It is signed with what everybody knows: the public key.
    Hmac,
    /// It is signed with another key of the same name.
    Key,
    /// It is signed by an algorithm that nobody agreed on.
    Strange,
    /// It names nobody.
    Nobody,
    /// It is not there.
    Missing,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Nonce,
        Self::NoNonce,
        Self::Audience,
        Self::Party,
        Self::Issuer,
        Self::Expired,
        Self::Future,
        Self::Unsigned,
        Self::Hmac,
        Self::Key,
        Self::Strange,
        Self::Nobody,
        Self::Missing,
    ];
}

/// What a code stands for.
struct Grant {
    somebody: Somebody,
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    id: String,
}

impl Signer {
    fn ec(number: usize) -> Self {
        let algorithm = &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = ring::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &ring::rand::SystemRandom::new()).expect("a key");
        Self { key: EncodingKey::from_ec_der(key.as_ref()), algorithm: Algorithm::ES256, id: format!("key-{number}") }
    }

    fn rsa() -> Self {
        Self { key: EncodingKey::from_rsa_der(RSA), algorithm: Algorithm::RS256, id: "key-rsa".to_owned() }
    }

    fn public(&self) -> Value {
        let mut public = json!(Jwk::from_encoding_key(&self.key, self.algorithm).expect("a public key"));
        public["kid"] = json!(self.id);
        public["use"] = json!("sig");
        public
    }
}

struct State {
    address: SocketAddr,
    clock: Option<Arc<ManualClock>>,
    signer: Signer,
    somebody: Somebody,
    lie: Option<Lie>,
    grants: HashMap<String, Grant>,
    tokens: HashMap<String, Somebody>,
    /// Every token that it has given out.
    issued: Vec<String>,
    made: usize,
    broken: bool,
    discoveries: usize,
}

/// The running provider; ends with the test's runtime.
#[derive(Clone)]
pub struct IdentityProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    http: reqwest::Client,
}

impl IdentityProvider {
    /// Starts one on a free port of this host.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            address,
            clock: None,
            signer: Signer::ec(0),
            somebody: Somebody::new("1", "jo@example.com"),
            lie: None,
            grants: HashMap::new(),
            tokens: HashMap::new(),
            issued: Vec::new(),
            made: 0,
            broken: false,
            discoveries: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Data::from(state.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/keys", web::get().to(keys))
                .route("/authorize", web::get().to(authorize))
                .route("/token", web::post().to(oidc_token))
                .route("/login/oauth/authorize", web::get().to(authorize))
                .route("/login/oauth/access_token", web::post().to(github_token))
                .route("/api/v3/user", web::get().to(github_user))
                .route("/api/v3/user/emails", web::get().to(github_emails))
        });
        let server = server.workers(1).disable_signals().listen(listener).expect("a server");
        tokio::spawn(server.run());
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("an HTTP client");
        Self { address, state, http }
    }

    /// Its own name.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it has the time of `clock`.
    pub fn keep_time(&self, clock: Arc<ManualClock>) {
        self.lock().clock = Some(clock);
    }

    /// From now on its tokens lie, or do not.
    pub fn lie(&self, lie: Option<Lie>) {
        self.lock().lie = lie;
    }

    /// From now on it signs with another key; the one before is forgotten.
    pub fn rotate(&self) {
        let mut state = self.lock();
        state.made += 1;
        state.signer = Signer::ec(state.made);
    }

    /// From now on it signs with RSA.
    pub fn sign_with_rsa(&self) {
        self.lock().signer = Signer::rsa();
    }

    /// From now on it is out of order, or works again.
    pub fn break_down(&self, broken: bool) {
        self.lock().broken = broken;
    }

    /// How often it was asked what it says of itself, also when it was out of order.
    pub fn discoveries(&self) -> usize {
        self.lock().discoveries
    }

    /// The same, as another name calls it: as GitHub it is another issuer.
    pub fn hub(&self) -> String {
        self.issuer().replace("127.0.0.1", "localhost")
    }

    /// Every token that it has given out.
    pub fn issued(&self) -> Vec<String> {
        self.lock().issued.clone()
    }

    /// Somebody's browser is sent to `url`, agrees to everything, and is sent back: where to, with `code` and `state`.
    pub async fn visit(&self, url: &str, somebody: &Somebody) -> (String, String, String) {
        self.lock().somebody = somebody.clone();
        let answer = self.http.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 302, "{}", answer.text().await.expect("a text"));
        let back = answer.headers()["location"].to_str().expect("a text").to_owned();
        let back = url::Url::parse(&back).expect("a URL");
        let parameters: HashMap<String, String> = back.query_pairs().into_owned().collect();
        let page = format!("{}{}", back.origin().ascii_serialization(), back.path());
        (page, parameters["code"].clone(), parameters["state"].clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Shared = Data<Mutex<State>>;
type Parameters = HashMap<String, String>;

fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}

async fn discovery(state: Shared) -> HttpResponse {
    let mut state = lock(&state);
    state.discoveries += 1;
    if state.broken {
        return HttpResponse::BadGateway().finish();
    }
    let base = format!("http://{}", state.address);
    HttpResponse::Ok().json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
    }))
}

async fn keys(state: Shared) -> HttpResponse {
    // The second one is of a kind that nobody knows.
    HttpResponse::Ok().json(json!({ "keys": [lock(&state).signer.public(), { "kty": "LATTICE", "kid": "new" }] }))
}

/// Everybody agrees; what does not make sense is refused.
async fn authorize(parameters: Query<Parameters>, state: Shared) -> HttpResponse {
    let text = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let fine = text("response_type") == "code"
        && text("client_id") == CLIENT_ID
        && text("code_challenge_method") == "S256"
        && !text("state").is_empty();
    if !fine {
        return HttpResponse::BadRequest().body(format!("not understood: {parameters:?}"));
    }
    let mut state = lock(&state);
    let (code, somebody) = (random(), state.somebody.clone());
    let mut back = url::Url::parse(&text("redirect_uri")).expect("a URL");
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &text("state"));
    let grant = Grant { somebody, redirect_uri: text("redirect_uri"), challenge: text("code_challenge"), nonce: text("nonce") };
    state.grants.insert(code, grant);
    HttpResponse::Found().insert_header(("location", back.as_str())).finish()
}

/// What a code stands for, once, and only to whoever began.
fn redeem(state: &mut State, form: &Parameters) -> Option<Grant> {
    let grant = state.grants.remove(form.get("code")?)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?));
    let fine = form.get("grant_type")? == "authorization_code" && *form.get("redirect_uri")? == grant.redirect_uri;
    (fine && challenge == grant.challenge).then_some(grant)
}

async fn oidc_token(request: HttpRequest, form: Form<Parameters>, state: Shared) -> HttpResponse {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET))));
    if request.headers().get("authorization").and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let mut state = lock(&state);
    let Some(grant) = redeem(&mut state, &form) else {
        return HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    };
    let mut answer = json!({ "access_token": random(), "token_type": "Bearer", "expires_in": 300 });
    if state.lie != Some(Lie::Missing) {
        answer["id_token"] = json!(id_token(&state, &grant));
    }
    let given = ["access_token", "id_token"].into_iter().filter_map(|name| answer[name].as_str().map(ToOwned::to_owned));
    state.issued.extend(given);
    HttpResponse::Ok().json(answer)
}

fn id_token(state: &State, grant: &Grant) -> String {
    let now = state.clock.as_ref().expect("a clock").now().utc().timestamp();
    let Somebody { subject, email, verified } = &grant.somebody;
    let mut claims = json!({
        "iss": format!("http://{}", state.address), "aud": CLIENT_ID, "sub": subject, "iat": now, "exp": now + 300,
        "nonce": grant.nonce, "email": email, "email_verified": verified,
    });
    let own = &state.signer;
    let header = Header { kid: Some(own.id.clone()), ..Header::new(own.algorithm) };
    let sign = |header: &Header, claims: &Value, key: &EncodingKey| jsonwebtoken::encode(header, claims, key).expect("a token");
    match state.lie {
        Some(Lie::Nonce) => claims["nonce"] = json!("another"),
        Some(Lie::NoNonce) => drop(claims.as_object_mut().and_then(|claims| claims.shift_remove("nonce"))),
        Some(Lie::Audience) => claims["aud"] = json!("another-house"),
        Some(Lie::Party) => {
            claims["aud"] = json!([CLIENT_ID, "another-house"]);
            claims["azp"] = json!("another-house");
        }
        Some(Lie::Issuer) => claims["iss"] = json!("https://id.example"),
        Some(Lie::Expired) => claims["exp"] = json!(now - 11),
        Some(Lie::Future) => claims["nbf"] = json!(now + 11),
        Some(Lie::Nobody) => claims["sub"] = json!(""),
        Some(Lie::Unsigned) => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            return format!("{}.{}.", part(&json!({ "alg": "none", "kid": own.id })), part(&claims));
        }
        Some(Lie::Hmac) => {
            let public = own.public()["x"].as_str().expect("a coordinate").to_owned();
            let header = Header { kid: Some(own.id.clone()), ..Header::new(Algorithm::HS256) };
            return sign(&header, &claims, &EncodingKey::from_secret(public.as_bytes()));
        }
        Some(Lie::Key) => return sign(&header, &claims, &Signer::ec(99).key),
        Some(Lie::Strange) => {
            let header = Header { kid: Some(own.id.clone()), ..Header::new(Algorithm::RS512) };
            return sign(&header, &claims, &EncodingKey::from_rsa_der(RSA));
        }
        Some(Lie::Missing) | None => {}
    }
    sign(&header, &claims, &own.key)
}

/// As GitHub does: the secret is in the body, and an error is a 200.
async fn github_token(form: Form<Parameters>, state: Shared) -> HttpResponse {
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let mut state = lock(&state);
    let known = text("client_id") == CLIENT_ID && text("client_secret") == CLIENT_SECRET;
    let Some(grant) = redeem(&mut state, &form).filter(|_| known) else {
        return HttpResponse::Ok().json(json!({ "error": "bad_verification_code", "error_description": "It has expired." }));
    };
    let token = random();
    state.tokens.insert(token.clone(), grant.somebody);
    state.issued.push(token.clone());
    HttpResponse::Ok().json(json!({ "access_token": token, "token_type": "bearer", "scope": "user:email" }))
}

fn holder(request: &HttpRequest, state: &State) -> Option<Somebody> {
    let token = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
    request.headers().get("user-agent")?;
    state.tokens.get(token).cloned()
}

async fn github_user(request: HttpRequest, state: Shared) -> HttpResponse {
    match holder(&request, &lock(&state)) {
        Some(somebody) => HttpResponse::Ok().json(json!({ "id": somebody.subject.parse::<i64>().expect("a number"), "login": "jo" })),
        None => HttpResponse::Unauthorized().finish(),
    }
}

async fn github_emails(request: HttpRequest, state: Shared) -> HttpResponse {
    let Some(Somebody { email, verified, .. }) = holder(&request, &lock(&state)) else { return HttpResponse::Unauthorized().finish() };
    HttpResponse::Ok().json(json!([
        { "email": "old@example.com", "primary": false, "verified": true },
        { "email": email, "primary": true, "verified": verified },
    ]))
}
