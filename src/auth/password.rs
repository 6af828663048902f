//! Passwords: argon2id (OWASP parameters), off the async threads, a bounded number at once.
//!
//! A password is taken as it is, but for one thing: it is brought into Unicode's normal form C, so that it is the same whether a
//! keyboard sends an accented letter as one character or as two (NIST SP 800-63B §3.1.1.2).

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::config::Auth;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Faults, Result};

/// How long a sign-in waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest memory, in KiB, that a stored hash may ask for: a corrupted row must not be a memory bomb.
const MOST_MEMORY_KIB: u32 = 1 << 18;
/// log10 of the guesses below which a password is too easy: all of zxcvbn's own 30,000 commonest stay below.
const EASY_GUESSES_LOG10: f64 = 4.5;
/// How much there must be of a password beside the names of its owner and ours.
const OWN_CHARACTERS: usize = 6;
/// The 3,000 commonest that are long enough to be chosen at all, from another source than zxcvbn's (ASVS 5.0 §6.2.4); in `NOTICE`.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// What is verified where there is nothing to verify.
const DECOY: &str = "a password that nobody has";

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    parameters: Params,
    turns: Arc<Semaphore>,
    threads: Arc<Threads>,
    /// Verified when there is no such account, so that both answers take as long.
    decoy: Arc<str>,
}

/// The threads that hash. They do nothing else, and there are no more than hash at once: each keeps for a while the 19 MiB that it has
/// hashed in, and among hundreds of threads that would be gigabytes.
struct Threads(Option<Runtime>);

impl Threads {
    fn new(count: usize) -> Result<Self> {
        let runtime = Builder::new_current_thread().max_blocking_threads(count).thread_name("passwords").build();
        Ok(Self(Some(runtime.map_err(Error::internal)?)))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let Some(threads) = &self.0 else { return Err(Error::internal("the threads that hash are gone")) };
        threads.spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// Nobody waits for what is still being hashed: it may be dropped where nobody may wait.
impl Drop for Threads {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
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
        let decoy = hash(parameters.clone(), &DECOY.into())?.into();
        let threads = Arc::new(Threads::new(permits)?);
        Ok(Self { parameters, turns: Arc::new(Semaphore::new(permits)), threads, decoy })
    }

    /// The PHC string of `password`, with a fresh salt.
    ///
    /// # Errors
    /// 503 when too many passwords are being hashed.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let parameters = self.parameters.clone();
        self.off_thread(move || hash(parameters, &normal(&password))).await
    }

    /// Whether `password` belongs to `stored`; takes as long where there is nothing stored.
    ///
    /// # Errors
    /// 503 when too many passwords are being verified.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verdict> {
        let (known, stored) = (stored.is_some(), stored.unwrap_or_else(|| self.decoy.to_string()));
        let parameters = self.parameters.clone();
        let verdict = self.off_thread(move || Ok(verify(&parameters, &normal(&password), &stored))).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Whether `password` may be chosen by the person with this address and these names; faults go to `pointer`.
    ///
    /// # Errors
    /// 422 with every fault; 503 when the house is too busy.
    pub async fn check(&self, password: &SecretString, email: &Email, names: &[&str], pointer: &'static str) -> Result<()> {
        let (password, context) = (password.clone(), context(email, names));
        self.off_thread(move || choose(&normal(&password), &context, pointer)).await
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
        self.threads.run(work).await
    }
}

fn hash(parameters: Params, password: &SecretString) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    Ok(argon2.hash_password(password.expose_secret().as_bytes()).map_err(Error::internal)?.to_string())
}

fn verify(configured: &Params, password: &SecretString, stored: &str) -> Verdict {
    let Ok(stored) = PasswordHash::new(stored) else { return Verdict::Wrong };
    let Ok(parameters) = Params::try_from(&stored) else { return Verdict::Wrong };
    if stored.algorithm.as_str() != "argon2id"
        || parameters.m_cost() > MOST_MEMORY_KIB
        || parameters.t_cost() > 16
        || parameters.p_cost() > 4
    {
        return Verdict::Wrong;
    }
    if Argon2::default().verify_password(password.expose_secret().as_bytes(), &stored).is_err() {
        return Verdict::Wrong;
    }
    let weak = parameters.m_cost() < configured.m_cost() || parameters.t_cost() < configured.t_cost();
    if weak { Verdict::RightButWeak } else { Verdict::Right }
}

fn normal(password: &SecretString) -> SecretString {
    password.expose_secret().nfc().collect::<String>().into()
}

/// What somebody who attacks this person would try first: their address and names, and ours; in small letters.
fn context(email: &Email, names: &[&str]) -> Vec<String> {
    let words = names.iter().flat_map(|name| name.split_whitespace()).filter(|word| word.chars().count() >= 4);
    let own = [email.as_str(), email.local(), "guildhall"].into_iter().chain(words);
    own.map(str::to_lowercase).collect()
}

/// ASVS 5.0 §6.2: 8 to 128 characters of any kind, not one of the commonest, not the person's own name or ours.
fn choose(password: &SecretString, context: &[String], pointer: &str) -> Result<()> {
    let (mut faults, password) = (Faults::default(), password.expose_secret());
    let length = password.chars().count();
    faults.check((8..=128).contains(&length), pointer, "must have 8 to 128 characters");
    if (8..=128).contains(&length) {
        let small = password.to_lowercase();
        let known: Vec<&str> = context.iter().map(String::as_str).collect();
        let easy = COMMON.contains(small.as_str()) || zxcvbn::zxcvbn(password, &known).guesses_log10() < EASY_GUESSES_LOG10;
        faults.check(!easy, pointer, "is too easy to guess: use several unrelated words");
        faults.check(!is_little_more_than(&small, context), pointer, "is little more than your name, your address or ours");
    }
    faults.finish()
}

/// Whether not much is left without the names in it.
fn is_little_more_than(password: &str, context: &[String]) -> bool {
    let own = context.iter().fold(password.to_owned(), |rest, name| rest.replace(name.as_str(), ""));
    own.len() < password.len() && own.chars().filter(|each| each.is_alphanumeric()).count() < OWN_CHARACTERS
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::kernel::error::Code;

    fn fine(password: &str) -> bool {
        let email: Email = "firstname.lastname@example.com".parse().expect("an address");
        choose(&password.into(), &context(&email, &["Somebody of Note", "Acme Payments"]), "/password").is_ok()
    }

    #[test]
    fn easy_passwords_are_refused() {
        let long = "x".repeat(129);
        let easy = ["password", "12345678", "qwertyuiop", "iloveyou1", "short77", &long];
        let named =
            ["guildhall", "Guildhall-2026", "firstname.lastname", "firstname.lastname@example.com!", "Somebody!1234", "acme payments"];
        for refused in easy.into_iter().chain(named) {
            assert!(!fine(refused), "{refused}");
        }
        for good in [
            "correct-Horse7-battery-staple",
            " pw12345 zebra ",
            "\u{1f600}\u{1f680}\u{1f9e9}\u{1f40c}\u{1f40b}\u{1f40f}\u{1f422}\u{1f99c}",
            "the guildhall of seven hills",
            &"f7 q".repeat(32),
        ] {
            assert!(fine(good), "{good}");
        }
    }

    #[test]
    fn the_commonest_are_refused_whatever_the_case_of_their_letters() {
        assert_eq!(COMMON.len(), 3000);
        for common in COMMON.iter() {
            assert!(!fine(common) && !fine(&common.to_uppercase()), "{common}");
        }
    }

    fn parameters(memory_kib: u32, passes: u32) -> Params {
        Params::new(memory_kib, passes, 1, None).expect("parameters")
    }

    #[test]
    fn only_sane_argon2id_is_verified() {
        let (parameters, good) = (parameters(19_456, 2), "a good password".into());
        let stored = hash(parameters.clone(), &good).expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify(&parameters, &good, &stored), Verdict::Right);
        assert_eq!(verify(&parameters, &"a good password ".into(), &stored), Verdict::Wrong);
        let weak = hash(self::parameters(64, 1), &good).expect("a hash");
        assert_eq!(verify(&parameters, &good, &weak), Verdict::RightButWeak);
        for broken in [
            stored.replace("argon2id", "argon2d"),
            stored.replace("m=19456", "m=4194304"),
            stored.replace("t=2", "t=17"),
            stored.replace("p=1", "p=5"),
            "nonsense".to_owned(),
        ] {
            assert_eq!(verify(&parameters, &good, &broken), Verdict::Wrong, "{broken}");
        }
    }

    fn passwords(permits: usize) -> Passwords {
        let parameters = parameters(19_456, 2);
        let decoy = hash(parameters.clone(), &DECOY.into()).expect("a hash").into();
        let threads = Arc::new(Threads::new(permits).expect("threads"));
        Passwords { parameters, turns: Arc::new(Semaphore::new(permits)), threads, decoy }
    }

    #[tokio::test]
    async fn an_unknown_account_costs_what_a_known_one_costs() {
        let passwords = passwords(1);
        let known = passwords.hash("a good password".into()).await.expect("a hash");
        let cost = |hash: &str| hash.split('$').take(4).map(ToOwned::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&passwords.decoy), cost(&known));
        // It is really verified: what would be right is not let in all the same.
        assert_eq!(verify(&passwords.parameters, &DECOY.into(), &passwords.decoy), Verdict::Right);
        assert_eq!(passwords.verify(DECOY.into(), None).await.expect("a verdict"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_accent_may_be_typed_in_two_ways() {
        let passwords = passwords(1);
        let stored = passwords.hash("caf\u{e9} au lait".into()).await.expect("a hash");
        assert_eq!(passwords.verify("cafe\u{301} au lait".into(), Some(stored.clone())).await.expect("a verdict"), Verdict::Right);
        assert_eq!(passwords.verify("cafe au lait".into(), Some(stored)).await.expect("a verdict"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn whoever_leaves_keeps_their_turn_until_the_hash_is_made_and_nobody_waits_for_long() {
        let passwords = passwords(1);
        assert!(passwords.hash("a good password".into()).now_or_never().is_none());
        assert_eq!(passwords.turns.available_permits(), 0, "the hash goes on");
        let turn = passwords.turns.clone().acquire_owned().await.expect("a turn once it is made");
        let waited = std::time::Instant::now();
        let refused = passwords.verify("a good password".into(), None).await.expect_err("too busy");
        assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)));
        assert!((PATIENCE..PATIENCE * 2).contains(&waited.elapsed()));
        drop(turn);
        passwords.verify("a good password".into(), None).await.expect("a verdict");
    }
}
