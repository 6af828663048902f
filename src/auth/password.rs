//! Passwords: argon2id (OWASP parameters), off the async threads, a bounded number at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::config::Auth;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Faults, Result};

/// How long a sign-in waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest memory, in KiB, that a stored hash may ask for: a corrupted row must not be a memory bomb.
const MOST_MEMORY_KIB: u32 = 1 << 18;
/// log10 of the guesses below which a password is too easy: every list of the few thousand commonest stays below.
const EASY_GUESSES_LOG10: f64 = 4.0;

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    parameters: Params,
    turns: Arc<Semaphore>,
    /// Verified when there is no such account, so that both answers take as long.
    decoy: Arc<str>,
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is.
    Right,
    /// It is, and its hash uses weaker parameters than configured: hash it again.
    RightButWeak,
}

impl Passwords {
    /// With the configured parameters.
    ///
    /// # Errors
    /// When the parameters are outside of what argon2 can do.
    pub fn new(settings: &Auth) -> Result<Self> {
        let parameters = Params::new(settings.memory_kib, settings.passes, 1, None).map_err(Error::internal)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = if settings.hashing_permits == 0 { cores } else { settings.hashing_permits };
        let decoy = hash(parameters.clone(), "a password that nobody has")?.into();
        Ok(Self { parameters, turns: Arc::new(Semaphore::new(permits)), decoy })
    }

    /// The PHC string of `password`, with a fresh salt.
    ///
    /// # Errors
    /// 503 when too many passwords are being hashed.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let parameters = self.parameters.clone();
        self.off_thread(move || hash(parameters, password.expose_secret())).await
    }

    /// Whether `password` belongs to `stored`; takes as long where there is nothing stored.
    ///
    /// # Errors
    /// 503 when too many passwords are being verified.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verdict> {
        let (known, stored) = (stored.is_some(), stored.unwrap_or_else(|| self.decoy.to_string()));
        let parameters = self.parameters.clone();
        let verdict = self.off_thread(move || Ok(verify(&parameters, password.expose_secret(), &stored))).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Whether `password` may be chosen by the person with this address; faults go to `pointer`.
    ///
    /// # Errors
    /// 422 with every fault; 503 when the house is too busy.
    pub async fn check(&self, password: &SecretString, email: &Email, pointer: &'static str) -> Result<()> {
        let (password, email) = (password.clone(), email.clone());
        self.off_thread(move || choose(password.expose_secret(), &email, pointer)).await
    }

    /// The permit goes into the closure: a client who leaves drops the future, not the hash.
    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Error::unavailable("too many passwords at once")) };
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

fn hash(parameters: Params, password: &str) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    Ok(argon2.hash_password(password.as_bytes()).map_err(Error::internal)?.to_string())
}

fn verify(configured: &Params, password: &str, stored: &str) -> Verdict {
    let Ok(stored) = PasswordHash::new(stored) else { return Verdict::Wrong };
    let Ok(parameters) = Params::try_from(&stored) else { return Verdict::Wrong };
    if stored.algorithm.as_str() != "argon2id"
        || parameters.m_cost() > MOST_MEMORY_KIB
        || parameters.t_cost() > 16
        || parameters.p_cost() > 4
    {
        return Verdict::Wrong;
    }
    if Argon2::default().verify_password(password.as_bytes(), &stored).is_err() {
        return Verdict::Wrong;
    }
    let weak = parameters.m_cost() < configured.m_cost() || parameters.t_cost() < configured.t_cost();
    if weak { Verdict::RightButWeak } else { Verdict::Right }
}

/// ASVS 5.0 §6.2: 8 to 128 characters of any kind, not one of the commonest, not the person's own name or ours.
fn choose(password: &str, email: &Email, pointer: &str) -> Result<()> {
    let mut faults = Faults::default();
    let length = password.chars().count();
    faults.check((8..=128).contains(&length), pointer, "must have 8 to 128 characters");
    if (8..=128).contains(&length) {
        let guesses = zxcvbn::zxcvbn(password, &[email.local(), email.as_str(), "guildhall"]).guesses_log10();
        faults.check(guesses >= EASY_GUESSES_LOG10, pointer, "is too easy to guess: use several unrelated words");
    }
    faults.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_passwords_are_refused() {
        let email: Email = "firstname.lastname@example.com".parse().expect("an address");
        let fine = |password: &str| choose(password, &email, "/password").is_ok();
        for easy in ["password", "12345678", "qwertyuiop", "iloveyou1", "guildhall", "firstname.lastname", "short77", &"x".repeat(129)] {
            assert!(!fine(easy), "{easy}");
        }
        for good in [
            "correct-Horse7-battery-staple",
            " pw12345 zebra ",
            "\u{1f600}\u{1f680}\u{1f9e9}\u{1f40c}\u{1f40b}\u{1f40f}\u{1f422}\u{1f99c}",
            &"f7 q".repeat(32),
        ] {
            assert!(fine(good), "{good}");
        }
    }

    #[test]
    fn only_sane_argon2id_is_verified() {
        let parameters = Params::new(19_456, 2, 1, None).expect("parameters");
        let stored = hash(parameters.clone(), "a good password").expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify(&parameters, "a good password", &stored), Verdict::Right);
        assert_eq!(verify(&parameters, "a good password ", &stored), Verdict::Wrong);
        let weak = hash(Params::new(64, 1, 1, None).expect("parameters"), "a good password").expect("a hash");
        assert_eq!(verify(&parameters, "a good password", &weak), Verdict::RightButWeak);
        assert_eq!(verify(&parameters, "a good password", &stored.replace("argon2id", "argon2d")), Verdict::Wrong);
        assert_eq!(verify(&parameters, "a good password", &stored.replace("m=19456", "m=4194304")), Verdict::Wrong);
        assert_eq!(verify(&parameters, "a good password", "nonsense"), Verdict::Wrong);
    }
}
