//! What time does to a trial: its next moment, its timers, and the steps that are due.

use std::collections::HashMap;

use crate::db::timers::{self, Due};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::process::{Actor, find_open};
use crate::kernel::words::Word as _;
use crate::trials::calendar::{Periods, pause_ends_at, proposal_lapses_at};
use crate::trials::effects::{apply, apply_all};
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
    plan_all(conn, rules, &[contract])
}

/// Plans the timers of several trials anew.
///
/// # Errors
/// 503 when the database is down.
pub fn plan_all(conn: &mut Conn, rules: &Rules, contracts: &[&Contract]) -> Result<()> {
    let subjects: Vec<String> = contracts.iter().map(|contract| contract.trial.id.to_string()).collect();
    let due = |(contract, subject): (&&Contract, &String)| {
        let due = |(due_at, action): (Instant, Action)| Due { subject: subject.clone(), step: action.as_str().to_owned(), due_at };
        moments(rules, contract).into_iter().map(due).collect::<Vec<_>>()
    };
    let steps: Vec<Due> = contracts.iter().zip(&subjects).flat_map(due).collect();
    timers::plan_all(conn, ROOM, &subjects.iter().map(String::as_str).collect::<Vec<_>>(), &steps)
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
    apply(conn, rules, contract, &step(contract, action, at, &StepBody::default())?, now)
}

/// What the clock does when `action` is due at `at`.
fn step<'a>(contract: &Contract, action: Action, at: Instant, body: &'a StepBody) -> Result<Step<'a>> {
    let facts = Facts { due: true, end_passed: contract.trial.ends_at <= at, ..Facts::default() };
    let row = find_open(STEPS, contract.trial.state, action, Actor::System, |row| guards::check(row, &facts).is_ok())?;
    guards::check(row, &facts)?;
    Ok(Step { row, actor: Actor::System, user: None, at, body })
}

/// Locks a trial with its roots, in the one order, and reads it.
///
/// # Errors
/// 404, also for another's trial.
pub fn locked(conn: &mut Conn, id: TrialId, viewer: Viewer) -> Result<Contract> {
    let trial = store::find(conn, id, viewer)?;
    lock_with_roots(conn, &[trial])?;
    store::contract(conn, id, viewer)
}

/// Developer and job request never change; the rest is read again once nobody else can change it.
fn lock_with_roots(conn: &mut Conn, trials: &[Trial]) -> Result<()> {
    lock::developers(conn, &trials.iter().map(|trial| trial.developer_id).collect::<Vec<_>>())?;
    lock::job_requests(conn, &trials.iter().map(|trial| trial.job_request_id).collect::<Vec<_>>())?;
    lock::trials(conn, &trials.iter().map(|trial| trial.id).collect::<Vec<_>>())
}

/// Does what timers of different trials are for, in one transaction. One that is out of date does nothing but plan its trial's
/// timers anew: somebody was faster, or the settings have changed.
///
/// # Errors
/// 409 and more when one of the steps cannot be taken: then none is; 503 when the database is down.
pub fn ring(conn: &mut Conn, rules: &Rules, timers: &[Due], now: Instant) -> Result<()> {
    let wrong = |timer: &Due| Error::internal(format!("a timer for `{}`", timer.subject));
    let id = |timer: &Due| timer.subject.parse::<TrialId>().map_err(|_| wrong(timer));
    let timers: HashMap<TrialId, &Due> = timers.iter().map(|timer| Ok((id(timer)?, timer))).collect::<Result<_>>()?;
    let ids: Vec<TrialId> = timers.keys().copied().collect();
    let trials = store::find_all(conn, &ids)?;
    lock_with_roots(conn, &trials)?;
    let body = StepBody::default();
    let (mut steps, mut stale) = (Vec::new(), Vec::new());
    let contracts = store::contracts(conn, &ids)?;
    if contracts.len() < ids.len() {
        return Err(Error::internal("a timer of a trial that cannot be read"));
    }
    for contract in &contracts {
        let timer = timers.get(&contract.trial.id).map(|timer| (timer.due_at, timer.step.as_str()));
        match due(rules, contract, now) {
            Some((at, action)) if Some((at, action.as_str())) == timer => steps.push((contract, step(contract, action, at, &body)?)),
            _ => stale.push(contract),
        }
    }
    if !stale.is_empty() {
        plan_all(conn, rules, &stale)?;
    }
    if steps.is_empty() { Ok(()) } else { apply_all(conn, rules, &steps, now).map(drop) }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::trials::process::{TrialState, target};
    use crate::trials::samples::contract;

    #[test]
    fn an_offer_to_go_on_that_lapses_leads_back_until_the_very_instant_of_the_end() {
        let mut offered = contract();
        offered.trial.state = TrialState::ConversionOffered;
        let led_to = |at| {
            let body = StepBody::default();
            let lapse = step(&offered, Action::LapseConversion, at, &body).unwrap();
            target(lapse.row, offered.trial.state).unwrap()
        };
        let end = offered.trial.ends_at;
        assert_eq!(led_to(end.plus(TimeDelta::microseconds(-1))), TrialState::Active);
        assert_eq!(led_to(end), TrialState::DecisionDue);
    }
}
