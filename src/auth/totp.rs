//! Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, thirty seconds, what every app knows), and the recovery codes
//! for when the app is lost.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Secret, Totp};

use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};

/// Who asks for the code, as the app shows it.
const ISSUER: &str = "Guildhall";
/// How many recovery codes a person has.
const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 16 letters and digits, too many to be guessed from their hash.
const RECOVERY_BYTES: usize = 10;

/// A person's authenticator app, as the house knows it.
pub struct Authenticator(Totp);

impl Authenticator {
    /// A new secret, of 160 bits.
    pub fn new_secret() -> [u8; 20] {
        let mut secret = [0_u8; 20];
        rand::rng().fill_bytes(&mut secret);
        secret
    }

    /// The app that has `secret`.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn new(secret: &[u8], owner: &Email) -> Result<Self> {
        let named = Builder::new().with_account_name(owner.as_str().replace(':', "")).with_issuer(Some(ISSUER));
        named.with_secret(Secret::new(secret.into())).build().map(Self).map_err(Error::internal)
    }

    /// The secret in Base32, to be typed into the app.
    pub fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The same as `otpauth://…`, to be shown as a QR code.
    ///
    /// # Errors
    /// Never for addresses of people.
    pub fn uri(&self) -> Result<String> {
        self.0.to_url().map_err(Error::internal)
    }

    /// The step of thirty seconds that `code` belongs to, if it is the current one or one of its neighbours.
    pub fn step(&self, code: &str, now: Instant) -> Option<i64> {
        let (seconds, code) = (u64::try_from(now.utc().timestamp()).ok()?, code.replace(' ', ""));
        self.0.check(&code, seconds).and_then(|step| i64::try_from(step).ok())
    }
}

/// What somebody sends as second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Six digits of the app.
    Code(String),
    /// A recovery code, as it is kept: hashed.
    Recovery(String),
}

impl Proof {
    /// What `text` of the person `owner` is; blanks, dashes and the case of letters do not matter.
    pub fn read(text: &str, owner: &str) -> Self {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).map(|each| each.to_ascii_uppercase()).collect();
        let is_code = plain.len() == 6 && plain.bytes().all(|each| each.is_ascii_digit());
        if is_code { Self::Code(plain) } else { Self::Recovery(hash(&plain, owner)) }
    }
}

/// New recovery codes, such as `ABCD-EFGH-IJKL-MNOP`, and the hashes that are kept of them.
pub fn recovery_codes(owner: &str) -> Vec<(String, String)> {
    let one = |_| {
        let mut bytes = [0_u8; RECOVERY_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let text = Secret::new(bytes.as_slice().into()).to_base32();
        let groups: Vec<&str> = text.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        (groups.join("-"), hash(&text, owner))
    };
    (0..RECOVERY_CODES).map(one).collect()
}

/// 80 random bits need no slow hash; the owner is part of it, so that no code is good for two.
fn hash(code: &str, owner: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("recovery:{owner}:{code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let owner: Email = "somebody@example.com".parse().unwrap();
        // RFC 6238, appendix B: the last six of its eight digits.
        let app = Authenticator::new(b"12345678901234567890", &owner).unwrap();
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        for (seconds, code, step) in [(59, "287082", 1), (1_111_111_109, "081804", 37_037_036), (20_000_000_000, "353130", 666_666_666)] {
            assert_eq!(app.step(code, at(seconds)), Some(step));
            assert_eq!(app.step(code, at(seconds + 30)), Some(step), "the step before");
            assert_eq!(app.step(code, at(seconds + 60)), None, "the step before that");
        }
        assert_eq!(app.secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = app.uri().unwrap();
        assert!(uri.starts_with("otpauth://totp/Guildhall:somebody%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert!(uri.contains("issuer=Guildhall"), "{uri}");
    }

    #[test]
    fn a_recovery_code_is_read_as_people_write_it() {
        let codes = recovery_codes("user_1");
        assert_eq!(codes.len(), RECOVERY_CODES);
        for (code, hash) in &codes {
            assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
            let kept = Proof::Recovery(hash.clone());
            for written in [code.clone(), code.to_lowercase(), code.replace('-', " "), format!(" {} ", code.replace('-', ""))] {
                assert_eq!(Proof::read(&written, "user_1"), kept, "{written}");
            }
            assert_ne!(Proof::read(code, "user_2"), kept);
        }
        assert_eq!(Proof::read(" 123 456", "user_1"), Proof::Code("123456".to_owned()));
        for neither in ["12345", "1234567", "12345A"] {
            assert_eq!(Proof::read(neither, "user_1"), Proof::Recovery(hash(neither, "user_1")), "{neither}");
        }
        assert_eq!(codes.iter().map(|(code, _)| code).collect::<std::collections::HashSet<_>>().len(), RECOVERY_CODES);
    }
}
