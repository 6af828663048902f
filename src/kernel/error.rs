//! Everything that can go wrong, as one type: a [`Code`] that clients can rely on, a sentence that says what to do,
//! and for refused input every [`Fault`] at once.

use std::fmt;

use serde::Serialize;

use crate::words;

words! {
    /// The stable name of a problem; `type` in a problem answer is `/problems/<code>`.
    pub enum Code {
        /// The request cannot be read: broken JSON, a malformed parameter or header.
        MalformedRequest => "malformed-request",
        /// Nobody is signed in, or the token is no longer good.
        NotSignedIn => "not-signed-in",
        /// Signed in, but this role may not.
        NotAllowed => "not-allowed",
        /// The password is right; the account asks for a second factor as well.
        SecondFactorRequired => "second-factor-required",
        /// The second factor is not the one awaited, or was used before.
        SecondFactorWrong => "second-factor-wrong",
        /// An admin must set up a second factor before anything else.
        SecondFactorNotEnrolled => "second-factor-not-enrolled",
        /// What guards an account is changed only soon after a sign-in.
        SignInTooOld => "sign-in-too-old",
        /// The address has not been verified yet.
        AddressNotVerified => "address-not-verified",
        /// There is no such thing, or it belongs to somebody else.
        NotFound => "not-found",
        /// The path exists, the method does not.
        MethodNotAllowed => "method-not-allowed",
        /// The state does not allow this step.
        InvalidTransition => "invalid-transition",
        /// Something else stands in the way: a duplicate, a seat taken, hours not free.
        Conflict => "conflict",
        /// `If-Match` names a version that is no longer current.
        StaleVersion => "stale-version",
        /// The body is larger than allowed.
        TooLarge => "too-large",
        /// The body's media type or encoding is not understood.
        UnsupportedMediaType => "unsupported-media-type",
        /// The input breaks rules; `errors` names every one.
        ValidationFailed => "validation-failed",
        /// The same `Idempotency-Key` came with another body.
        KeyReused => "idempotency-key-reused",
        /// A provider vouches for an address that has an account already, to which the identity is not linked.
        AccountExists => "account-exists",
        /// A provider vouches for somebody who has no account yet.
        RegistrationRequired => "registration-required",
        /// Too many requests; `Retry-After` says when to come back.
        TooManyRequests => "too-many-requests",
        /// The client took too long to send its request.
        RequestTimeout => "request-timeout",
        /// A dependency is down or overloaded; try again.
        Unavailable => "unavailable",
        /// Our fault; the log has it under the request id.
        Internal => "internal",
    }
}

/// One rule that the input breaks, at one place of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// Where: an RFC 6901 JSON pointer into the body, or `?name` for a query parameter.
    #[schema(examples("/skills/0/level"))]
    pub pointer: String,
    /// What is wrong and what would be right.
    #[schema(examples("must be at most 5"))]
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// What went wrong, in words for the person who asked; internal causes are kept aside for the log.
#[derive(Debug, Clone)]
pub struct Error {
    /// The stable name of the problem.
    pub code: Code,
    /// What happened and what to do about it.
    pub detail: String,
    /// Every rule the input breaks; empty for other problems.
    pub faults: Vec<Fault>,
    /// Further members of the problem answer, such as `state` and `allowed_actions`.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Seconds until a retry makes sense.
    pub retry_after: Option<u64>,
    /// For the log only; never shown.
    pub cause: Option<String>,
    /// Whether the same work may well succeed if run again at once: a deadlock, a serialization failure, a busy database.
    pub transient: bool,
    /// Whether this belongs to the course of things, such as a start, and is no fault that anybody must hear of.
    pub expected: bool,
}

/// The result of whatever can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A problem with a sentence for the person who asked.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            extra: serde_json::Map::new(),
            retry_after: None,
            cause: None,
            transient: false,
            expected: false,
        }
    }

    /// There is no such thing, or it is somebody else's: the same words for both.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here that you can see.")
    }

    /// The role may not do this.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(Code::NotAllowed, detail)
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self::new(Code::NotSignedIn, "Sign in, or refresh your access token, and try again.")
    }

    /// Something else stands in the way.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Code::Conflict, detail)
    }

    /// The version given in `If-Match` is no longer current.
    pub fn stale() -> Self {
        Self::new(Code::StaleVersion, "This has changed since you read it: read it again, then repeat your change.")
    }

    /// One fault at `pointer`.
    pub fn fault(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![Fault::new(pointer, detail)])
    }

    /// All faults of an input, in the order of their pointers.
    pub fn invalid(mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        let detail = match faults.as_slice() {
            [only] => format!("{} {}.", only.pointer, only.detail),
            many => format!("{} fields are not acceptable; see errors.", many.len()),
        };
        Self { faults, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// Our own fault; `cause` goes to the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let detail = "Something went wrong on our side. It has been noted; please try again later.";
        Self { cause: Some(cause.to_string()), ..Self::new(Code::Internal, detail) }
    }

    /// A dependency is down or too busy; `cause` goes to the log.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        let detail = "The service cannot do this right now. Please try again in a few seconds.";
        Self { cause: Some(cause.to_string()), retry_after: Some(2), ..Self::new(Code::Unavailable, detail) }
    }

    /// Not ready, in the course of things: `cause` says what is awaited.
    pub fn not_yet(cause: impl fmt::Display) -> Self {
        Self { expected: true, ..Self::unavailable(cause) }
    }

    /// Too many requests: come back in `seconds`.
    pub fn too_many(seconds: u64) -> Self {
        let detail = format!("Too many requests. Try again in {seconds} seconds.");
        Self { retry_after: Some(seconds), ..Self::new(Code::TooManyRequests, detail) }
    }

    /// Adds a member to the problem answer.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.extra.insert(name.to_owned(), serde_json::json!(value));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.detail)?;
        if let Some(cause) = &self.cause {
            write!(formatter, " ({cause})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Collects faults, then says yes or no once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault at `pointer`.
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault::new(pointer, detail));
    }

    /// Notes a fault unless `fine`.
    pub fn check(&mut self, fine: bool, pointer: &str, detail: &str) {
        if !fine {
            self.add(pointer, detail);
        }
    }

    /// Refuses if any fault was noted.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid(self.0)) }
    }
}
