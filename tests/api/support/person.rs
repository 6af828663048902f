//! People, not clients: somebody with an address, a password and, once signed in, tokens.

use std::cell::{Cell, RefCell};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;

thread_local! {
    static TWICE: Cell<bool> = const { Cell::new(false) };
    static SENT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on, in this thread's tests, whoever sends a POST sends it twice, and insists on the same answer and one effect.
pub fn send_everything_twice() {
    TWICE.set(true);
}

/// The paths of what was sent twice, and succeeded.
pub fn sent_twice() -> Vec<String> {
    SENT.with_borrow(Clone::clone)
}

/// Somebody who uses the API.
#[derive(Debug, Clone)]
pub struct Person {
    http: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
    /// Where mail goes.
    pub email: String,
    /// The password.
    pub password: String,
    /// The access token; empty for nobody in particular.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl Person {
    /// Somebody who is not signed in.
    pub fn new(http: reqwest::Client, base: String, email: &str) -> Self {
        let (email, password) = (email.to_owned(), "seven green lanterns".to_owned());
        Self { http, base, headers: Vec::new(), email, password, access: String::new(), refresh: String::new() }
    }

    /// The same person, who sends a header with every request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut person = self.clone();
        person.headers.push((name.to_owned(), value.to_owned()));
        person
    }

    /// The same person with another access token.
    pub fn with_access(&self, token: &str) -> Self {
        Self { access: token.to_owned(), ..self.clone() }
    }

    /// The same person with another password in mind.
    pub fn with_password(&self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self.clone() }
    }

    /// The same person, who writes the address differently.
    pub fn with_email(&self, email: &str) -> Self {
        Self { email: email.to_owned(), ..self.clone() }
    }

    /// The same person at another node.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Signs up in a role.
    pub async fn register(&self, role: &str) -> Answer {
        let body = json!({ "email": self.email, "password": self.password, "role": role, "name": format!("A {role}") });
        self.post("/v1/auth/register", body).await
    }

    /// Signs in and keeps the tokens.
    pub async fn sign_in(&self) -> Self {
        let answer = self.anonymous().login(&self.password).await.expect(200);
        self.with_pair(&answer)
    }

    /// The same person with the tokens of an answer.
    pub fn with_pair(&self, pair: &Answer) -> Self {
        Self { access: pair.text_at("/access_token"), refresh: pair.text_at("/refresh_token"), ..self.clone() }
    }

    /// The same person without tokens.
    pub fn anonymous(&self) -> Self {
        self.with_access("")
    }

    /// Tries to sign in with a password.
    pub async fn login(&self, password: &str) -> Answer {
        self.anonymous().post("/v1/auth/login", json!({ "email": self.email, "password": password })).await
    }

    /// Exchanges the refresh token.
    pub async fn renew(&self) -> Answer {
        self.anonymous().post("/v1/auth/refresh", json!({ "refresh_token": self.refresh })).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let has_key = self.headers.iter().any(|(name, _)| name == "idempotency-key");
        let secret = ["/v1/api-keys", "/v1/webhooks"].contains(&path) || path.ends_with("/rotate-secret");
        if !TWICE.get() || has_key || secret || path.starts_with("/v1/auth/") || path == "/v1/matches/search" {
            return self.send(Method::POST, path, Some(body)).await;
        }
        self.post_twice(path, body).await
    }

    /// POST under a key, and again, and with another body: the second answer is the first, the third a refusal.
    async fn post_twice(&self, path: &str, body: Value) -> Answer {
        let keyed = self.with("idempotency-key", &format!("twice-{}", rand::random::<u64>()));
        let first = keyed.send(Method::POST, path, Some(body.clone())).await;
        if !(200..300).contains(&first.status) {
            return first;
        }
        let again = keyed.send(Method::POST, path, Some(body.clone())).await;
        assert_eq!((again.status, &again.text, again.header("etag")), (first.status, &first.text, first.header("etag")), "{path}");
        // The same JSON in other bytes is another body.
        let other = format!("{body} ").into_bytes();
        let other = keyed.with("content-type", "application/json").send_bytes(Method::POST, path, other).await;
        other.problem(422, "idempotency-key-reused");
        SENT.with_borrow_mut(|sent| sent.push(path.to_owned()));
        first
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Any method with a JSON body or none.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let person = if bytes.is_some() { self.with("content-type", "application/json") } else { self.clone() };
        person.send_bytes(method, path, bytes.unwrap_or_default()).await
    }

    /// A form of a page.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.with("content-type", "application/x-www-form-urlencoded").send_bytes(Method::POST, path, form.into_bytes()).await
    }

    /// GET; none when there is no answer, or not a whole one.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send(Method::GET, path, None).await
    }

    /// POST; none when there is no answer, or not a whole one.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        self.try_send(Method::POST, path, Some(body)).await
    }

    /// Any method; none when there is no answer, or not a whole one.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> Option<Answer> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let person = if bytes.is_some() { self.with("content-type", "application/json") } else { self.clone() };
        let response = person.request(&method, path, bytes.unwrap_or_default()).send().await.ok()?;
        Answer::try_read(format!("{method} {path}"), response).await
    }

    /// Any bytes, as they are.
    pub async fn send_bytes(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let name = format!("{method} {path}");
        match self.request(&method, path, body).send().await {
            Ok(response) => Answer::read(name, response).await,
            Err(error) => panic!("{name} was not answered: {error:?}"),
        }
    }

    fn request(&self, method: &Method, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if !self.access.is_empty() {
            request = request.bearer_auth(&self.access);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if body.is_empty() { request } else { request.body(body) }
    }
}
