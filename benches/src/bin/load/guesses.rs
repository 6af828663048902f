//! Somebody who guesses at one account's password, on many connections at once, where limits are on as they are by default
//! (reliability R27).

use std::sync::Barrier;
use std::time::{Duration, Instant};

use guildhall_benches::client::{Connection, Outcome};
use serde_json::{Value, json};

use crate::bar;
use crate::processes::{Folder, Limits, Process};

/// At once.
const GUESSES: usize = 500;
/// How many of them are looked at; the others are refused.
const LOOKED_AT: usize = 10;
/// The most that any of them may wait.
const WAIT: Duration = Duration::from_secs(2);

/// Measures and prints; whether the bar is reached. Nobody else may serve the database meanwhile.
pub fn run(folder: &Folder, database: &str, sign_in: &Value) -> Outcome<bool> {
    let (guildhall, _) = Process::guildhall(folder, database, Limits::On)?;
    let guess = json!({ "email": sign_in["email"], "password": "what somebody else might have chosen" });
    let start = Barrier::new(GUESSES);
    let one = || -> Outcome<(u16, Duration)> {
        let connection = Connection::open(guildhall.address);
        // All wait for each other, whoever has a connection.
        start.wait();
        let began = Instant::now();
        let reply = connection?.call("POST", "/v1/auth/login", "", Some(&guess))?;
        Ok((reply.status, began.elapsed()))
    };
    let answers = std::thread::scope(|scope| {
        let guessers: Vec<_> = (0..GUESSES).map(|_| scope.spawn(one)).collect();
        guessers.into_iter().map(|guesser| guesser.join().map_err(|_| "a guesser panicked")?).collect::<Outcome<Vec<_>>>()
    })?;
    let count = |status| answers.iter().filter(|(answer, _)| *answer == status).count();
    let (wrong, refused) = (count(401), count(429));
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap_or_default();
    Ok(bar(
        (wrong, refused) == (LOOKED_AT, GUESSES - LOOKED_AT) && longest < WAIT,
        format!("{GUESSES} guesses at once: {wrong} looked at, {refused} refused, all answered within {longest:.2?}, below {WAIT:?}"),
    ))
}
