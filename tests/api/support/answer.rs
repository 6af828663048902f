//! What the server answered.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub request: String,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    /// Reads `response`.
    pub async fn read(request: String, response: reqwest::Response) -> Self {
        Self::try_read(request, response).await.expect("a whole body")
    }

    /// Reads `response`; none when it ends too early.
    pub async fn try_read(request: String, response: reqwest::Response) -> Option<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.ok()?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Self { request, status, headers, text, json })
    }

    /// Insists on a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}", self.request, self.text);
        self
    }

    /// Insists on a problem (RFC 9457) with this status and this stable word.
    #[track_caller]
    pub fn problem(self, status: u16, word: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}: {}", answer.request, answer.text);
        assert_eq!(answer.text_at("/type"), format!("/problems/{word}"), "{}: {}", answer.request, answer.text);
        assert_eq!(answer.json["status"], status, "{}", answer.request);
        assert_eq!(answer.text_at("/request_id"), answer.header("x-request-id"), "{}", answer.request);
        assert!(!answer.text_at("/detail").is_empty(), "{}", answer.request);
        answer
    }

    /// Insists on a 422 whose faults are at exactly these pointers.
    #[track_caller]
    pub fn faults(self, pointers: &[&str]) -> Self {
        let answer = self.problem(422, "validation-failed");
        assert_eq!(answer.pointers(), pointers, "{}: {}", answer.request, answer.text);
        answer
    }

    /// The pointers of the faults.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|fault| fault["pointer"].as_str()).collect()
    }

    /// The value at a JSON pointer.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or_else(|| panic!("{} has no {pointer}: {}", self.request, self.text))
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{}: {pointer} is no text: {}", self.request, self.text)).to_owned()
    }

    /// The value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Insists on the headers of every answer (R53).
    #[track_caller]
    pub fn armoured(&self) {
        let name = format!("{} {}", self.request, self.status);
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{name}");
        assert!(self.header("strict-transport-security").starts_with("max-age=31536000"), "{name}");
        let policy = self.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
        let cached = self.header("cache-control");
        assert!(cached == "no-store" || (cached == "no-cache" && !self.request.contains("/v1/")), "{name}: {cached}");
        assert!(!self.header("x-request-id").is_empty(), "{name}");
        for banner in ["server", "x-powered-by", "set-cookie"] {
            assert!(!self.headers.contains_key(banner), "{name} has {banner}");
        }
    }

    /// Status, headers and body without what differs between any two answers: time, request id, what is left of a limit.
    pub fn lasting(&self) -> (u16, Vec<(String, String)>, Value) {
        // The list of exposed headers comes out of a hash set: the same names in any order.
        let differs = |name: &str| matches!(name, "date" | "x-request-id" | "ratelimit" | "access-control-expose-headers");
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| !differs(name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort();
        let mut body = self.json.clone();
        if let Value::Object(members) = &mut body {
            members.shift_remove("request_id");
        }
        (self.status, headers, body)
    }
}
