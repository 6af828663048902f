//! Trials that may go wrong, as admins look for them.

use chrono::TimeDelta;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{check_ins, trials};
use crate::db::support::IsOneOf as _;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::page::PageQuery;
use crate::trials::process::TrialState;
use crate::trials::schedule::{Reminded, Rules};
use crate::words;

words! {
    /// Why a trial may go wrong.
    pub enum Risk {
        /// Its days are over, or almost, and nobody has decided.
        Undecided => "undecided",
        /// A party has said at a check-in that it does not go well.
        CheckInNo => "check_in_no",
        /// Nobody has answered the first check-in in time.
        Silent => "silent",
    }
}

/// The ids of the trials with a risk, newest first, one more than the page's limit.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn at_risk(conn: &mut Conn, rules: &Rules, now: Instant, page: &PageQuery) -> Result<Vec<TrialId>> {
    let running = [TrialState::Active, TrialState::Paused, TrialState::ConversionOffered, TrialState::DecisionDue];
    let said = || check_ins::table.filter(check_ins::trial_id.eq(trials::id));
    let undecided = trials::state
        .eq(TrialState::DecisionDue)
        .or(trials::state.eq(TrialState::Active).and(trials::ends_at.le(undecided_until(rules, now))));
    let silent = trials::starts_at.le(silent_since(rules, now)).and(not(exists(said())));
    let risky = undecided.or(silent).or(exists(said().filter(check_ins::going_well.eq(false))));
    let before = page.after_as::<TrialId>()?.unwrap_or(TrialId::from_u128(u128::MAX));
    let rows = trials::table.filter(trials::state.one_of(running)).filter(risky).filter(trials::id.lt(before));
    Ok(rows.order(trials::id.desc()).limit(page.rows_to_read()).select(trials::id).load(conn)?)
}

/// A trial that ends by then should have been decided.
fn undecided_until(rules: &Rules, now: Instant) -> Instant {
    now.plus(TimeDelta::days(-rules.reminders.days(Reminded::Undecided).first().copied().unwrap_or(0)))
}

/// Somebody should have answered the first check-in of a trial that had begun by then.
fn silent_since(rules: &Rules, now: Instant) -> Instant {
    now.plus(TimeDelta::days(-rules.reminders.days(Reminded::CheckInSilent).first().copied().unwrap_or(0)))
}

/// Why each of these trials may go wrong.
///
/// # Errors
/// 503 when the database is down.
pub fn risks(conn: &mut Conn, rules: &Rules, now: Instant, ids: &[TrialId]) -> Result<Vec<(TrialId, Vec<Risk>)>> {
    let columns = (trials::id, trials::state, trials::starts_at, trials::ends_at);
    let rows: Vec<(TrialId, TrialState, Instant, Instant)> = trials::table.filter(trials::id.one_of(ids)).select(columns).load(conn)?;
    let answers = check_ins::table.filter(check_ins::trial_id.one_of(ids));
    let said: Vec<(TrialId, bool)> = answers.select((check_ins::trial_id, check_ins::going_well)).load(conn)?;
    let of = |(id, state, starts_at, ends_at): (TrialId, TrialState, Instant, Instant)| {
        let answers = || said.iter().filter(move |(trial, _)| *trial == id);
        let late = state == TrialState::Active && ends_at <= undecided_until(rules, now);
        let running = matches!(state, TrialState::Active | TrialState::Paused | TrialState::ConversionOffered | TrialState::DecisionDue);
        let found = [
            (Risk::Undecided, state == TrialState::DecisionDue || late),
            (Risk::CheckInNo, running && answers().any(|(_, going_well)| !going_well)),
            (Risk::Silent, running && starts_at <= silent_since(rules, now) && answers().next().is_none()),
        ];
        (id, found.into_iter().filter(|(_, holds)| *holds).map(|(risk, _)| risk).collect())
    };
    Ok(rows.into_iter().map(of).collect())
}
