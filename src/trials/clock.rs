//! What time does to a trial: its next moment, its timers, and the steps that are due.

use crate::db::timers::{self, Due};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::process::{Actor, find};
use crate::kernel::words::Word as _;
use crate::trials::calendar::{KeyDates, proposal_lapses_at};
use crate::trials::effects::{Rules, apply};
use crate::trials::guards::{self, Facts};
use crate::trials::model::{Contract, Step, StepBody, Viewer};
use crate::trials::process::{Action, STEPS, clock_step};
use crate::trials::{store, store_terms};

/// The room of our timers.
pub const ROOM: &str = "trials";

/// The timer of a proposal; the others are named by their action.
const LAPSE: &str = "proposal-lapse";

/// Something that time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A step of the table.
    Step(Action),
    /// An unanswered proposal no longer stands.
    Lapse,
}

impl Moment {
    fn name(self) -> &'static str {
        match self {
            Self::Step(action) => action.as_str(),
            Self::Lapse => LAPSE,
        }
    }
}

/// What time will do to the trial, and when, the earliest first. Nothing happens before the step that made it possible.
pub fn moments(rules: &Rules, contract: &Contract) -> Vec<(Instant, Moment)> {
    let trial = &contract.trial;
    // As they were agreed, whatever the settings say by now.
    let agreed = contract.key_dates(&rules.periods);
    let dates = KeyDates { starts_at: trial.starts_at, ends_at: trial.ends_at, grace_until: trial.grace_until, ..agreed };
    let step = clock_step(trial.state).and_then(|action| {
        let due_at = dates.due_at(action, trial.offer_expires_at)?;
        Some((due_at.max(trial.changed_at), Moment::Step(action)))
    });
    let lapse = contract.proposal.as_ref().map(|proposal| (proposal_lapses_at(proposal.proposed_at, &rules.periods), Moment::Lapse));
    let mut moments: Vec<_> = lapse.into_iter().chain(step).collect();
    moments.sort_by_key(|(at, _)| *at);
    moments
}

/// What is due at `now`, the earliest first.
pub fn due(rules: &Rules, contract: &Contract, now: Instant) -> Option<(Instant, Moment)> {
    moments(rules, contract).into_iter().next().filter(|(at, _)| *at <= now)
}

/// Plans the timers of the trial anew.
///
/// # Errors
/// 503 when the database is down.
pub fn plan(conn: &mut Conn, rules: &Rules, contract: &Contract) -> Result<()> {
    let subject = contract.trial.id.to_string();
    timers::cancel_all(conn, &subject)?;
    moments(rules, contract).into_iter().try_for_each(|(at, moment)| timers::plan(conn, ROOM, &subject, moment.name(), at))
}

/// Lets everything happen to a locked trial that is due at `now`, in order, each at its own time.
///
/// # Errors
/// 503 when the database is down.
pub fn catch_up(conn: &mut Conn, rules: &Rules, mut contract: Contract, now: Instant) -> Result<Contract> {
    while let Some((at, moment)) = due(rules, &contract, now) {
        contract = happen(conn, rules, &contract, moment, at, now)?;
    }
    Ok(contract)
}

fn happen(conn: &mut Conn, rules: &Rules, contract: &Contract, moment: Moment, at: Instant, now: Instant) -> Result<Contract> {
    let Moment::Step(action) = moment else { return lapse(conn, rules, contract, now) };
    let row = find(STEPS, contract.trial.state, action, Actor::System)?;
    guards::check(row, &Facts { due: true, ..Facts::default() })?;
    apply(conn, rules, contract, &Step { row, actor: Actor::System, user: None, at, body: &StepBody::default() }, now)
}

/// No step, and so no event: the proposal only no longer stands.
fn lapse(conn: &mut Conn, rules: &Rules, contract: &Contract, now: Instant) -> Result<Contract> {
    let mut next = Contract { proposal: None, ..contract.clone() };
    next.trial.version += 1;
    store_terms::set_proposal(conn, next.trial.id, None)?;
    store::update(conn, contract.trial.version, &next.trial, now)?;
    plan(conn, rules, &next)?;
    Ok(next)
}

/// Locks a trial with its roots, in the one order, and reads it.
///
/// # Errors
/// 404, also for another's trial.
pub fn locked(conn: &mut Conn, id: TrialId, viewer: Viewer) -> Result<Contract> {
    let roots = store::roots(conn, id, viewer)?;
    lock::developer(conn, roots.developer)?;
    lock::job_request(conn, roots.job_request)?;
    lock::trial(conn, id)?;
    store::contract(conn, id)
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
        Some((at, moment)) if (at, moment.name()) == (timer.due_at, timer.step.as_str()) => {
            happen(conn, rules, &contract, moment, at, now).map(drop)
        }
        // The plan says otherwise by now, such as after a change of the settings.
        _ => plan(conn, rules, &contract),
    }
}
