//! What a house that was killed again and again has told of each step (reliability R60, R78): by mail, each mail once but for those
//! that were being sent when it died, and in the audit log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant as Moment};

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use guildhall::db::Conn;
use guildhall::db::schema::{audit_entries, audit_head, outbox};
use guildhall::kernel::clock::Instant;
use guildhall::kernel::words::Word as _;
use guildhall::notifications::reminders::TRIAL_REMINDERS;

use crate::support::process::Launch;
use crate::support::smtp::SmtpServer;

/// How long the mails may take that were being sent when the last process died: its leases end, then they are sent again. The last
/// entries of the audit log are sealed much sooner.
const DRAINED: Duration = Duration::from_secs(120);
/// How often to look whether it has come so far.
const LOOK: Duration = Duration::from_millis(200);
/// What each trial of the story has told, each once: it was offered, accepted (to both) and cancelled.
const TOLD: [&str; 4] = ["trial_accepted", "trial_cancelled", "trial_offer", "trial_scheduled"];

/// A mail, as the outbox has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Mail {
    id: String,
    kind: String,
    subject: String,
    recipient_email: String,
    state: String,
    attempts: i64,
    due_at: Instant,
    last_error: Option<String>,
}

impl Mail {
    fn is_of_a_trial(&self) -> bool {
        self.subject.starts_with("trial_")
    }

    /// What is planned ahead of a trial, which whoever ends the trial calls off. Nothing calls off the news of a step.
    fn is_reminder(&self) -> bool {
        TRIAL_REMINDERS.iter().any(|kind| kind.as_str() == self.kind)
    }

    /// All that there is to say when something is wrong with it.
    fn fate(&self) -> String {
        let Self { id, kind, subject, state, attempts, due_at, last_error, .. } = self;
        format!("{id} {kind} of {subject}: {state}, due at {due_at}, after {attempts} attempts: {last_error:?}")
    }
}

fn pending(conn: &mut Conn) -> Vec<Mail> {
    outbox::table.filter(outbox::state.eq("pending")).select(Mail::as_select()).load(conn).expect("mails")
}

/// Waits until nothing is left to be sent: about trials, all of which are over, nothing at all; of the rest nothing that waits for its
/// next attempt, which is due soon.
async fn drain(conn: &mut Conn) {
    let begun = Moment::now();
    loop {
        let soon = Instant::new(Utc::now()).plus(TimeDelta::minutes(5));
        let left = pending(conn).into_iter().filter(|mail| mail.is_of_a_trial() || mail.due_at <= soon);
        let left: Vec<String> = left.map(|mail| mail.fate()).collect();
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < DRAINED, "the outbox does not drain: {left:#?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Each mail that was sent came, none is one that nobody wrote, none was given up; what came again has one name, and was tried again.
/// Each of the trials has told what happened. How many copies came beside the first.
pub async fn insist_on_mails(conn: &mut Conn, smtp: &SmtpServer, trials: &[&str]) -> usize {
    drain(conn).await;
    let mails: Vec<Mail> = outbox::table.select(Mail::as_select()).load(conn).expect("mails");
    insist_on_what_was_told(&mails, trials);
    let known: HashSet<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
    let mut came: HashMap<String, Vec<(Vec<String>, String)>> = HashMap::new();
    for mail in smtp.received() {
        let name = mail.header("Message-ID");
        let id = name.trim_start_matches('<').split('@').next().unwrap_or_default().to_owned();
        assert!(known.contains(id.as_str()), "{name} is no mail of ours");
        came.entry(id).or_default().push((mail.recipients.clone(), mail.subject()));
    }
    for mail in mails.iter().filter(|mail| mail.state == "sent") {
        let copies = came.get(&mail.id).unwrap_or_else(|| panic!("never came: {}", mail.fate()));
        assert!(copies.iter().all(|copy| copy == &copies[0] && copy.0 == std::slice::from_ref(&mail.recipient_email)), "{copies:?}");
        // Whoever sends it has claimed it, and the claim is committed before.
        assert!(i64::try_from(copies.len()).is_ok_and(|copies| copies <= mail.attempts), "{}: {copies:?}", mail.fate());
    }
    came.values().map(|copies| copies.len() - 1).sum()
}

/// Nothing was given up; each trial's steps were told, each once, and what was to remind of it was called off.
fn insist_on_what_was_told(mails: &[Mail], trials: &[&str]) {
    let is_settled = |mail: &Mail| mail.state == if mail.is_reminder() { "cancelled" } else { "sent" };
    let wrong = mails.iter().filter(|mail| mail.state == "dead" || (mail.is_of_a_trial() && !is_settled(mail)));
    let wrong: Vec<String> = wrong.map(Mail::fate).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| mail.is_of_a_trial() && !mail.is_reminder()) {
        told.entry(&mail.subject).or_default().push(&mail.kind);
    }
    for trial in trials {
        let mut kinds = told.remove(trial).unwrap_or_default();
        kinds.sort_unstable();
        assert_eq!(kinds, TOLD, "{trial}");
    }
    assert!(told.is_empty(), "of trials that nobody was told of: {told:?}");
}

/// Where the chain of the audit log ends; none before its first entry.
pub fn end_of_the_audit_log(conn: &mut Conn) -> Option<String> {
    let head = audit_head::table.find(1_i64).select((audit_head::position, audit_head::hash));
    let (position, hash): (i64, String) = head.first(conn).expect("an end");
    (position > 0).then(|| format!("{position}:{hash}"))
}

fn unsealed(conn: &mut Conn) -> i64 {
    let waiting = audit_entries::table.filter(audit_entries::position.is_null());
    waiting.count().get_result(conn).expect("a count")
}

/// All of the log is sealed in the end, and whole: it still comes past where it ended after an earlier kill.
pub async fn insist_on_the_audit_log(conn: &mut Conn, launch: &Launch, earlier: Option<&str>) {
    let begun = Moment::now();
    while unsealed(conn) > 0 {
        assert!(begun.elapsed() < DRAINED, "{} entries of the audit log are not sealed", unsealed(conn));
        tokio::time::sleep(LOOK).await;
    }
    let written: i64 = audit_entries::table.count().get_result(conn).expect("a count");
    let expected = earlier.map(|anchor| ["--expect", anchor]);
    let arguments: Vec<&str> = ["audit", "verify"].into_iter().chain(expected.into_iter().flatten()).collect();
    let found = launch.command_ends(&arguments).await.fine();
    assert!(found.contains(&format!("the audit log is whole: {written} entries, 0 of their reasons erased")), "{found}");
}
