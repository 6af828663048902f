//! Signatures after Standard Webhooks: `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`. Pure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How long a secret is that we make, in bytes; Standard Webhooks asks for 24 to 64.
pub const SECRET_BYTES: usize = 32;
/// How far the clocks of two who trust each other may be apart, in seconds.
const TOLERANCE: i64 = 300;

/// What signs.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

impl fmt::Debug for SigningSecret {
    /// Without what it is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret")
    }
}

impl SigningSecret {
    /// The secret of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads what [`SigningSecret::text`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is shown, once.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn mac(&self, id: &str, timestamp: i64, body: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        Some(mac)
    }

    /// The signature of a message that is sent at `timestamp`, in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mac = self.mac(id, timestamp, body).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        format!("v1,{}", STANDARD.encode(mac))
    }

    /// Whether one of the signatures of a message is this secret's, and it was sent lately.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, id: &str, timestamp: &str, signatures: &str, body: &str, now: i64) -> Result<(), &'static str> {
        let sent_at: i64 = timestamp.parse().map_err(|_| "webhook-timestamp is missing or no number")?;
        if (now - sent_at).abs() > TOLERANCE {
            return Err("webhook-timestamp is more than five minutes off");
        }
        let mut signatures = signatures.split(' ').filter_map(|each| STANDARD.decode(each.strip_prefix("v1,")?).ok());
        let ours = |signature: Vec<u8>| self.mac(id, sent_at, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        if signatures.any(ours) { Ok(()) } else { Err("no webhook-signature is of this secret") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the Standard Webhooks specification gives.
    #[test]
    fn it_signs_as_the_standard_says() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        assert_eq!(secret.sign(id, 1_614_265_330, body), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn only_what_was_signed_lately_and_whole_is_good() {
        let (secret, other) = (SigningSecret::new(&[7; SECRET_BYTES]), SigningSecret::new(&[8; SECRET_BYTES]));
        let both = format!("{} {}", other.sign("evt_1", 1000, "{}"), secret.sign("evt_1", 1000, "{}"));
        let verify = |id: &str, at: &str, signatures: &str, body: &str, now| secret.verify(id, at, signatures, body, now).is_ok();
        assert!(verify("evt_1", "1000", &both, "{}", 1300) && verify("evt_1", "1000", &both, "{}", 700));
        assert!(!verify("evt_1", "1000", &both, "{}", 1301) && !verify("evt_1", "", &both, "{}", 1000));
        assert!(!verify("evt_2", "1000", &both, "{}", 1000) && !verify("evt_1", "1001", &both, "{}", 1000));
        assert!(!verify("evt_1", "1000", &both, "{} ", 1000) && !verify("evt_1", "1000", &other.sign("evt_1", 1000, "{}"), "{}", 1000));
        assert!(!verify("evt_1", "1000", "", "{}", 1000) && !verify("evt_1", "1000", "v1,", "{}", 1000));
        assert!(SigningSecret::parse("whsec_AAAA").is_none() && SigningSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none());
        assert!(!format!("{secret:?}").contains('7'));
    }
}
