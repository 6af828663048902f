//! What time does to a trial: its next moment, its timers, and the steps that are due.

use crate::db::timers::{self, Due};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::process::{Actor, find_open};
use crate::kernel::words::Word as _;
use crate::trials::calendar::{Periods, pause_ends_at, proposal_lapses_at};
use crate::trials::effects::apply;
use crate::trials::guards::{self, Facts};
use crate::trials::model::{Contract, Step, StepBody, Trial, Viewer};
use crate::trials::process::{Action, STEPS, clock_steps};
use crate::trials::schedule::Rules;
use crate::trials::store;

/// The room of our timers.
pub const ROOM: &str = "trials";

/// What time will do to the trial, and when, the earliest first. Nothing happens before the step that made it possible.
pub fn moments(rules: &Rules, contract: &Contract) -> Vec<(Instant, Action)> {
    let possible = clock_steps(contract.trial.state).into_iter();
    let mut moments: Vec<_> =
        possible.filter_map(|action| Some((due_at(&rules.periods, contract, action)?.max(contract.trial.changed_at), action))).collect();
    moments.sort_by_key(|(at, _)| *at);
    moments
}

/// When the clock takes `action`, as it was agreed, whatever the settings say by now.
fn due_at(periods: &Periods, contract: &Contract, action: Action) -> Option<Instant> {
    let Trial { starts_at, ends_at, grace_until, offer_expires_at, paused_at, paused_days, .. } = contract.trial;
    match action {
        Action::Expire => Some(offer_expires_at),
        Action::Start => Some(starts_at),
        Action::TrialOver => Some(ends_at),
        Action::GraceOver => Some(grace_until),
        Action::Resume => paused_at.map(|from| pause_ends_at(from, periods.pause_days - paused_days, contract.time_zone())),
        Action::LapseProposal => contract.proposal.as_ref().map(|proposal| proposal_lapses_at(proposal.proposed_at, periods)),
        Action::LapseConversion => contract.conversion_lapses_at(periods),
        _ => None,
    }
}

/// What is due at `now`, the earliest first.
pub fn due(rules: &Rules, contract: &Contract, now: Instant) -> Option<(Instant, Action)> {
    moments(rules, contract).into_iter().next().filter(|(at, _)| *at <= now)
}

/// Plans the timers of the trial anew.
///
/// # Errors
/// 503 when the database is down.
pub fn plan(conn: &mut Conn, rules: &Rules, contract: &Contract) -> Result<()> {
    let subject = contract.trial.id.to_string();
    timers::plan(conn, ROOM, &subject, moments(rules, contract).into_iter().map(|(at, action)| (action.as_str(), at)))
}

/// Lets everything happen to a locked trial that is due at `now`, in order, each at its own time.
///
/// # Errors
/// 503 when the database is down.
pub fn catch_up(conn: &mut Conn, rules: &Rules, mut contract: Contract, now: Instant) -> Result<Contract> {
    while let Some((at, action)) = due(rules, &contract, now) {
        contract = happen(conn, rules, &contract, action, at, now)?;
    }
    Ok(contract)
}

fn happen(conn: &mut Conn, rules: &Rules, contract: &Contract, action: Action, at: Instant, now: Instant) -> Result<Contract> {
    let facts = Facts { due: true, end_passed: contract.trial.ends_at <= at, ..Facts::default() };
    let row = find_open(STEPS, contract.trial.state, action, Actor::System, |row| guards::check(row, &facts).is_ok())?;
    guards::check(row, &facts)?;
    apply(conn, rules, contract, &Step { row, actor: Actor::System, user: None, at, body: &StepBody::default() }, now)
}

/// Locks a trial with its roots, in the one order, and reads it.
///
/// # Errors
/// 404, also for another's trial.
pub fn locked(conn: &mut Conn, id: TrialId, viewer: Viewer) -> Result<Contract> {
    // Developer and job request never change; the rest is read again once nobody else can change it.
    let Trial { developer_id, job_request_id, .. } = store::find(conn, id, viewer)?;
    lock::developer(conn, developer_id)?;
    lock::job_request(conn, job_request_id)?;
    lock::trial(conn, id)?;
    store::contract(conn, id, viewer)
}

/// Does what a timer is for; a timer that is out of date does nothing.
///
/// # Errors
/// 503 when the database is down.
pub fn ring(conn: &mut Conn, rules: &Rules, timer: &Due, now: Instant) -> Result<()> {
    let id: TrialId = timer.subject.parse().map_err(|_| Error::internal(format!("a timer for `{}`", timer.subject)))?;
    let contract = locked(conn, id, Viewer::Admin)?;
    if !timers::take(conn, timer)? {
        return Ok(());
    }
    match due(rules, &contract, now) {
        Some((at, action)) if (at, action.as_str()) == (timer.due_at, timer.step.as_str()) => {
            happen(conn, rules, &contract, action, at, now).map(drop)
        }
        // The plan says otherwise by now, such as after a change of the settings.
        _ => plan(conn, rules, &contract),
    }
}
