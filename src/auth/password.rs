//! Passwords: argon2id (OWASP parameters), off the async threads, a bounded number at once.
//!
//! A password is taken as it is, but for one thing: it is brought into Unicode's normal form C, so that it is the same whether a
//! keyboard sends an accented letter as one character or as two (NIST SP 800-63B §3.1.1.2).

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::config::Auth;
use crate::config::bounds::{MOST_MEMORY_KIB, MOST_PASSES};
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::threads::Threads;

/// The most lanes that a stored hash may ask for; ours have one.
const MOST_LANES: u32 = 4;
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
    /// They do nothing but hash: among hundreds of threads the memory that each has hashed in would be gigabytes.
    threads: Arc<Threads>,
    /// Verified when there is no such account, so that both answers take as long.
    decoy: Arc<str>,
}

thread_local! {
    /// What a thread has verified in, 19 MiB, for the next time; it goes with the thread.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
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
        Ok(Self { parameters, threads: Arc::new(Threads::new("passwords", permits)?), decoy })
    }

    /// The PHC string of `password`, with a fresh salt.
    ///
    /// # Errors
    /// 503 when too many passwords are being hashed.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let parameters = self.parameters.clone();
        self.threads.run(move || hash(parameters, &normal(&password))).await
    }

    /// Whether `password` belongs to `stored`; takes as long where there is nothing stored.
    ///
    /// # Errors
    /// 503 when too many passwords are being verified.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verdict> {
        let (known, stored) = (stored.is_some(), stored.unwrap_or_else(|| self.decoy.to_string()));
        let parameters = self.parameters.clone();
        let verdict = self.threads.run(move || Ok(verify(&parameters, &normal(&password), &stored))).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Whether `password` may be chosen by the person with this address and these names; faults go to `pointer`.
    ///
    /// # Errors
    /// 422 with every fault; 503 when the house is too busy.
    pub async fn check(&self, password: &SecretString, email: &Email, names: &[&str], pointer: &'static str) -> Result<()> {
        let (password, context) = (password.clone(), context(email, names));
        self.threads.run(move || choose(&normal(&password), &context, pointer)).await
    }
}

fn hash(parameters: Params, password: &SecretString) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    Ok(argon2.hash_password(password.expose_secret().as_bytes()).map_err(Error::internal)?.to_string())
}

fn verify(configured: &Params, password: &SecretString, stored: &str) -> Verdict {
    let Ok(stored) = PasswordHash::new(stored) else { return Verdict::Wrong };
    let Ok(parameters) = Params::try_from(&stored) else { return Verdict::Wrong };
    if !is_bearable(stored.algorithm.as_str(), &parameters) || !is_right(password, &stored, &parameters) {
        return Verdict::Wrong;
    }
    let weak = parameters.m_cost() < configured.m_cost() || parameters.t_cost() < configured.t_cost();
    if weak { Verdict::RightButWeak } else { Verdict::Right }
}

/// Whether it is a hash of ours, at a cost that can be configured.
fn is_bearable(algorithm: &str, parameters: &Params) -> bool {
    let (memory, passes, lanes) = (parameters.m_cost(), parameters.t_cost(), parameters.p_cost());
    algorithm == "argon2id" && memory <= MOST_MEMORY_KIB && passes <= MOST_PASSES && lanes <= MOST_LANES
}

/// As argon2's own `verify_password`, in memory that the thread keeps.
fn is_right(password: &SecretString, stored: &PasswordHash, parameters: &Params) -> bool {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return false };
    let Ok(version) = stored.version.map_or(Ok(Version::V0x13), Version::try_from) else { return false };
    let argon2 = Argon2::new(Algorithm::Argon2id, version, parameters.clone());
    let mut found = vec![0; expected.len()];
    let hashed = MEMORY.with_borrow_mut(|memory| {
        memory.resize(parameters.block_count(), Block::default());
        argon2.hash_password_into_with_memory(password.expose_secret().as_bytes(), salt, &mut found, memory)
    });
    // Outputs are compared in constant time.
    hashed.is_ok() && Output::new(&found).is_ok_and(|found| found == *expected)
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
    use super::*;

    fn fine(password: &str) -> bool {
        let email: Email = "firstname.lastname@example.com".parse().expect("an address");
        choose(&password.into(), &context(&email, &["Somebody of Note", "Acme Payments"]), "/password").is_ok()
    }

    #[test]
    fn easy_passwords_are_refused() {
        let long = "x".repeat(129);
        // The last one is in no list.
        let easy = ["password", "12345678", "qwertyuiop", "iloveyou1", "short77", &long, "kkkkkkkkkkkkkkkk"];
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

    #[test]
    fn six_characters_beside_a_name_are_enough() {
        let context = ["jo@example.com".to_owned(), "guildhall".to_owned()];
        for (password, little) in
            [("guildhall", true), ("guildhall-k7x9q", true), ("k7-guildhall_x9 q", true), ("guildhall-k7x9qz", false), ("k7x9q", false)]
        {
            assert_eq!(is_little_more_than(password, &context), little, "{password}");
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

    #[test]
    fn a_stored_hash_may_cost_so_much_and_no_more() {
        for (algorithm, memory, passes, lanes, bearable) in [
            ("argon2id", 64, 1, 1, true),
            ("argon2id", 262_144, 16, 4, true),
            ("argon2id", 262_145, 16, 4, false),
            ("argon2id", 262_144, 17, 4, false),
            ("argon2id", 262_144, 16, 5, false),
            ("argon2i", 64, 1, 1, false),
            ("argon2d", 64, 1, 1, false),
        ] {
            let parameters = Params::new(memory, passes, lanes, None).expect("parameters");
            assert_eq!(is_bearable(algorithm, &parameters), bearable, "{algorithm} with {parameters:?}");
        }
    }

    #[test]
    fn what_is_weaker_than_configured_in_any_respect_is_hashed_again() {
        let (configured, password) = (parameters(64, 2), SecretString::from("a good password"));
        for (memory, passes, verdict) in [
            (64, 2, Verdict::Right),
            (128, 3, Verdict::Right),
            (32, 2, Verdict::RightButWeak),
            (64, 1, Verdict::RightButWeak),
            (32, 3, Verdict::RightButWeak),
            (128, 1, Verdict::RightButWeak),
        ] {
            let stored = hash(parameters(memory, passes), &password).expect("a hash");
            assert_eq!(verify(&configured, &password, &stored), verdict, "{memory} KiB, {passes} passes");
        }
    }

    fn passwords(permits: usize) -> Passwords {
        let parameters = parameters(19_456, 2);
        let decoy = hash(parameters.clone(), &DECOY.into()).expect("a hash").into();
        Passwords { parameters, threads: Arc::new(Threads::new("passwords", permits).expect("threads")), decoy }
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
}
