//! What must be read again, but by nobody who has only the database: sealed under the house's secret (ChaCha20-Poly1305, a key of
//! its own for each purpose), bound to its owner, so that a row that is copied to somebody else opens nothing there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::auth::token::key_id;
use crate::kernel::error::{Error, Result};

/// Seals and opens for one purpose.
pub struct Seals {
    /// By the id of the secret that each comes from; the first one seals, all of them open.
    keys: Vec<(String, LessSafeKey)>,
    purpose: &'static str,
}

/// A secret that only the house opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the secret that it was sealed with.
    pub by: String,
    /// Nonce and ciphertext.
    pub text: String,
}

impl Seals {
    /// `secret` seals; `previous` still open.
    ///
    /// # Errors
    /// Never for secrets of the right length.
    pub fn new(purpose: &'static str, secret: &SecretString, previous: &[SecretString]) -> Result<Self> {
        let all = std::iter::once(secret).chain(previous);
        let keys = all.map(|secret| Ok((key_id(secret), key(purpose, secret)?))).collect::<Result<_>>()?;
        Ok(Self { keys, purpose })
    }

    /// Seals `bytes` so that only [`Seals::open`] with the same owner reads them.
    ///
    /// # Errors
    /// Only when encryption is broken.
    pub fn seal(&self, owner: &str, bytes: &[u8]) -> Result<Sealed> {
        let (id, key) = self.keys.first().ok_or_else(|| Error::internal("there is no key to seal with"))?;
        let mut nonce = [0_u8; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut text = bytes.to_vec();
        let sealed = key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), self.bound_to(owner), &mut text);
        sealed.map_err(|_| Error::internal("a secret cannot be sealed"))?;
        Ok(Sealed { by: id.clone(), text: URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat()) })
    }

    /// What was sealed for `owner`.
    ///
    /// # Errors
    /// When it was sealed for somebody else, changed since, or by a secret that is configured no more.
    pub fn open(&self, owner: &str, sealed: &Sealed) -> Result<Vec<u8>> {
        self.read(owner, sealed)
            .ok_or_else(|| Error::internal("a sealed secret does not open: was auth.secret replaced without auth.previous_secrets?"))
    }

    fn read(&self, owner: &str, sealed: &Sealed) -> Option<Vec<u8>> {
        let (_, key) = self.keys.iter().find(|(id, _)| *id == sealed.by)?;
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.text).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let opened = key.open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, self.bound_to(owner), &mut text);
        opened.ok().map(|opened| opened.to_vec())
    }

    /// The ids of the secrets that are on their way out: what they sealed is to be sealed again.
    pub fn previous(&self) -> Vec<String> {
        self.keys.iter().skip(1).map(|(id, _)| id.clone()).collect()
    }

    fn bound_to(&self, owner: &str) -> Aad<String> {
        Aad::from(format!("{}:{owner}", self.purpose))
    }
}

fn key(purpose: &str, secret: &SecretString) -> Result<LessSafeKey> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(Error::internal)?;
    mac.update(b"seal:");
    mac.update(purpose.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_ref()).map_err(|_| Error::internal("no key to seal with"))?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(secrets: &[&str]) -> Seals {
        let all: Vec<SecretString> = secrets.iter().map(|secret| (*secret).repeat(32).into()).collect();
        Seals::new("tests", &all[0], &all[1..]).unwrap()
    }

    #[test]
    fn only_the_house_opens_and_only_for_the_owner() {
        let house = seals(&["a"]);
        let sealed = house.seal("one", b"a secret").unwrap();
        assert_ne!(sealed, house.seal("one", b"a secret").unwrap(), "no two seals are alike");
        assert_eq!(house.open("one", &sealed).unwrap(), b"a secret");
        assert!(house.open("other", &sealed).is_err() && seals(&["b"]).open("one", &sealed).is_err());
        assert!(Seals::new("other", &"a".repeat(32).into(), &[]).unwrap().open("one", &sealed).is_err());
        for text in ["", "A", &sealed.text[1..], &sealed.text.to_uppercase()] {
            assert!(house.open("one", &Sealed { text: text.to_owned(), ..sealed.clone() }).is_err(), "{text}");
        }
        let rotated = seals(&["b", "a"]);
        assert_eq!((rotated.open("one", &sealed).unwrap().as_slice(), rotated.previous()), (b"a secret".as_slice(), vec![sealed.by]));
        let again = rotated.seal("one", b"a secret").unwrap();
        assert_eq!(seals(&["b"]).open("one", &again).unwrap(), b"a secret");
    }
}
