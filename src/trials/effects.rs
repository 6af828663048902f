//! What a step changes, in the transaction of whoever takes it: the trial, its terms and signatures, hours, seats,
//! disclosure, other offers, timers, mails.

use chrono::NaiveDate;
use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::db::{Conn, lock};
use crate::developers::{access_store, hours_store};
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::jobs::store as jobs;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::process::{Actor, is_finished};
use crate::kernel::zone::add_days;
use crate::trials::calendar::paused_days;
use crate::trials::guards;
use crate::trials::model::{Contract, Event, Holding, Step, StepBody, Trial, Viewer};
use crate::trials::process::{Action, Outcome, STEPS, TrialState, target};
use crate::trials::schedule::Rules;
use crate::trials::terms::Party;
use crate::trials::{clock, conversions, mails, neighbors, proposals, store, store_terms};

/// A step that is taken, and what it makes of its trial.
pub struct Change<'a> {
    /// The trial before.
    pub before: &'a Contract,
    /// The trial after.
    pub next: Contract,
    /// The step.
    pub step: Step<'a>,
}

/// Takes `step`, whose row and guards have been checked and whose roots are locked; gives the trial as it is then.
/// `now` is when this is done, which for the clock's steps may be later than when they happen.
///
/// # Errors
/// 422 for what the step's body says; 409 when the trial has changed meanwhile.
pub fn apply(conn: &mut Conn, rules: &Rules, contract: &Contract, step: &Step<'_>, now: Instant) -> Result<Contract> {
    apply_all(conn, rules, &[(contract, *step)], now)?.pop().ok_or_else(|| Error::internal("a step led nowhere"))
}

/// The same for steps of different trials. What every step changes takes a statement for all of them.
///
/// # Errors
/// As [`apply`], when one of them is refused: then none has been taken.
pub fn apply_all(conn: &mut Conn, rules: &Rules, steps: &[(&Contract, Step<'_>)], now: Instant) -> Result<Vec<Contract>> {
    let changes: Vec<Change<'_>> = steps.iter().map(|(before, step)| changed(conn, rules, before, *step)).collect::<Result<_>>()?;
    for Change { before, next, .. } in &changes {
        store::update(conn, before.trial.version, &next.trial)?;
        store::note_step(conn, &before.trial, &next.trial, now)?;
    }
    let taken: Vec<_> = changes.iter().map(|change| (Some(change.before.trial.state), &change.next.trial, change.step)).collect();
    record(conn, &taken)?;
    publish(conn, taken.iter().map(|(_, trial, step)| (*trial, *step)), now)?;
    for change in &changes {
        make_room(conn, rules, change, now)?;
    }
    let next: Vec<&Contract> = changes.iter().map(|change| &change.next).collect();
    clock::plan_all(conn, rules, &next)?;
    mails::tell(conn, rules, &changes, now)?;
    Ok(changes.into_iter().map(|change| change.next).collect())
}

/// The trial as the step leaves it. What only some steps change beside it is changed in the database.
fn changed<'a>(conn: &mut Conn, rules: &Rules, before: &'a Contract, step: Step<'a>) -> Result<Change<'a>> {
    let mut next = before.clone();
    let from = before.trial.state;
    next.trial.state = target(step.row, from)?;
    next.trial.outcome = step.row.outcome.or(before.trial.outcome);
    next.trial.version += 1;
    // What is done about a trial that is over leaves its end where it is: deadlines count from it.
    if !is_finished(STEPS, &from) {
        next.trial.changed_at = step.at;
    }
    change(conn, rules, &mut next, &step)?;
    if is_finished(STEPS, &next.trial.state) && !is_finished(STEPS, &from) {
        finish(conn, &mut next, &step)?;
    }
    Ok(Change { before, next, step })
}

/// Notes steps as events: from where, the trial as it is then, the step.
///
/// # Errors
/// 409 when this version of a trial has one.
pub fn record(conn: &mut Conn, taken: &[(Option<TrialState>, &Trial, Step<'_>)]) -> Result<()> {
    let event = |(from, trial, step): &(Option<TrialState>, &Trial, Step<'_>)| {
        let event = Event {
            version: trial.version,
            action: step.row.action,
            actor: step.actor,
            user_id: step.user,
            from: *from,
            to: trial.state,
            reason_code: step.body.reason_code.clone(),
            message: step.body.message.clone(),
            at: step.at,
        };
        (trial.id, event)
    };
    store_terms::record(conn, &taken.iter().map(event).collect::<Vec<_>>())?;
    audit::record_all(conn, &taken.iter().map(|(_, trial, step)| audited(trial, step)).collect::<Vec<_>>())
}

/// Tells both parties outside of steps, each with the trial as it is then.
///
/// # Errors
/// 503 when the database is down.
pub fn publish<'a>(conn: &mut Conn, taken: impl IntoIterator<Item = (&'a Trial, Step<'a>)>, now: Instant) -> Result<()> {
    events::publish_all(conn, taken.into_iter().map(|(trial, step)| told(trial, &step)).collect(), now)
}

fn told(trial: &Trial, step: &Step<'_>) -> NewEvent {
    let Trial { id, job_request_id, developer_id, organization_id, state, outcome, version, .. } = trial;
    let data = json!({
        "trial_id": id, "job_request_id": job_request_id, "developer_id": developer_id, "state": state, "outcome": outcome, "version": version,
    });
    NewEvent::new("trial", step.row.action, data, step.at).concerning(*organization_id).concerning_developer(*developer_id)
}

fn audited(trial: &Trial, step: &Step<'_>) -> Entry {
    let action = format!("trial.{}", step.row.action);
    let entry = Entry::step((step.actor, step.user), action, trial.id, step.body.message.as_ref(), step.at);
    entry.with(json!({ "reason_code": step.body.reason_code }))
}

/// What the step does to the trial itself.
fn change(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    let today = next.time_zone().date(step.at);
    match step.row.action {
        Action::Counter | Action::Revise => propose_terms(conn, rules, next, step),
        Action::Accept => sign(conn, next, step),
        Action::End => {
            let latest = next.time_zone().date(next.trial.grace_until);
            let last_day = guards::last_day(step.body.last_day, today, next.terms.notice_days, latest)?;
            next.trial.last_day = Some(last_day);
            Ok(())
        }
        Action::EndTogether => proposals::to_end(conn, next, step, today),
        Action::Amend => proposals::to_amend(conn, rules, next, step),
        Action::Extend => proposals::to_extend(conn, rules, next, step),
        Action::Refuse | Action::LapseProposal => proposals::take(conn, next).map(drop),
        Action::Agree => proposals::agree(conn, rules, next, step, today),
        Action::Pause => {
            (next.trial.paused_at, next.trial.paused_by) = (Some(step.at), Some(step.actor));
            Ok(())
        }
        Action::Resume => {
            resume(rules, next, step);
            Ok(())
        }
        Action::OfferConversion => conversions::offer(conn, rules, next, step),
        Action::AcceptConversion => {
            next.trial.last_day = None;
            Ok(())
        }
        Action::DeclineConversion | Action::LapseConversion => conversions::take_back(conn, next),
        Action::Appeal => proposals::appeal(conn, next, step),
        Action::DecideAppeal => proposals::take(conn, next).map(drop),
        Action::Terminate => {
            next.trial.last_day = Some(today).filter(|_| next.trial.starts_at <= step.at);
            Ok(())
        }
        Action::GraceOver => {
            next.trial.last_day = Some(add_days(next.time_zone().date(next.trial.grace_until), -1));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// For whom a step is taken that only parties take.
///
/// # Errors
/// 500 when it is none.
pub fn party(step: &Step<'_>) -> Result<Party> {
    step.party().ok_or_else(|| Error::internal(format!("`{}` has no party", step.row.action)))
}

/// The end moves by the midnights that passed; more than may be paused never count.
fn resume(rules: &Rules, next: &mut Contract, step: &Step<'_>) {
    let paused = next.trial.paused_at.take().map_or(0, |from| paused_days(from, step.at, next.time_zone()));
    next.trial.paused_days = (next.trial.paused_days + paused).min(rules.periods.pause_days.max(next.trial.paused_days));
    next.trial.paused_by = None;
    next.move_dates(&rules.periods);
}

/// Freezes the next version of the terms, signed by whoever proposes it.
fn propose_terms(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    let (terms, starts_on) = proposed_terms(next, step.body);
    if terms == next.terms && starts_on == next.trial.starts_on {
        let detail = "Change the start or at least one term; to agree to them as they are, accept.".to_owned();
        return Err(Error { detail, ..Error::fault("/terms", "must change at least one term") });
    }
    let mut faults = Faults::default();
    terms.check(next.trial.trial_days, &rules.rates, &mut faults);
    faults.finish()?;
    let version = next.trial.terms_version + 1;
    let frozen = next.set_terms(terms, starts_on, version, step.at, &rules.periods)?;
    store_terms::insert_terms(conn, next, &frozen, party(step)?, step.at)?;
    next.trial.accept_blocked = obstacle(conn, next, step.at)?;
    sign(conn, next, step)
}

/// The terms and the first day with the changes that a body asks for.
pub fn proposed_terms(contract: &Contract, body: &StepBody) -> (crate::trials::terms::Terms, NaiveDate) {
    (body.terms.clone().apply(&contract.terms), body.starts_on.unwrap_or(contract.trial.starts_on))
}

fn sign(conn: &mut Conn, next: &Contract, step: &Step<'_>) -> Result<()> {
    let user = step.user.ok_or_else(|| Error::internal("nobody signs"))?;
    store_terms::sign(conn, next.trial.id, next.signature(party(step)?, user, step.at))
}

fn finish(conn: &mut Conn, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    if next.proposal.is_some() {
        proposals::take(conn, next)?;
    }
    if next.conversion.is_some() && next.trial.outcome != Some(Outcome::Converted) {
        conversions::take_back(conn, next)?;
    }
    (next.trial.paused_at, next.trial.paused_by) = (None, None);
    next.trial.accept_blocked = None;
    next.trial.reason_code = step.body.reason_code.clone().or(next.trial.reason_code.take());
    next.trial.message = step.body.message.clone().or(next.trial.message.take());
    Ok(())
}

/// Takes or gives back hours and the seat, and looks what that means for the offers that are still open.
fn make_room(conn: &mut Conn, rules: &Rules, Change { before, next, step }: &Change<'_>, now: Instant) -> Result<()> {
    if before.holding(&rules.periods) == next.holding(&rules.periods) && before.trial.holds_seat() == next.trial.holds_seat() {
        return Ok(());
    }
    let trial = &next.trial;
    match next.holding(&rules.periods) {
        Some(holding @ Holding { hours, until }) => {
            // What the clock does was promised before; a person takes no more of the developer's time than is free.
            let asks = step.actor != Actor::System && holding.exceeds(before.holding(&rules.periods));
            if asks && !neighbors::can_hold(conn, trial, holding, now)? {
                return Err(Error::conflict("The developer does not have these hours free over the dates of the trial."));
            }
            hours_store::hold_hours(conn, trial.id, trial.developer_id, hours, trial.starts_at, until, now)?;
        }
        None => hours_store::release_hours(conn, trial.id, trial.developer_id, step.at, now)?,
    }
    if trial.holds_seat() && !before.trial.holds_seat() {
        access_store::disclose(conn, trial.developer_id, trial.organization_id, step.at)?;
    }
    let taken = store::seats_taken(conn, trial.job_request_id)?;
    jobs::follow_seats(conn, trial.job_request_id, taken, now)?;
    for id in store::competing(conn, trial)? {
        lock::trial(conn, id)?;
        let offer = store::contract(conn, id, Viewer::Admin)?;
        if offer.trial.is_open_offer() {
            reconsider(conn, rules, offer, now)?;
        }
    }
    Ok(())
}

/// An open offer loses `accept` with what it needs, and has it back with that.
fn reconsider(conn: &mut Conn, rules: &Rules, offer: Contract, now: Instant) -> Result<()> {
    let obstacle = obstacle(conn, &offer, now)?;
    if obstacle == offer.trial.accept_blocked {
        return Ok(());
    }
    let news = obstacle.is_some() && offer.trial.accept_blocked.is_none();
    let version = offer.trial.version;
    let trial = Trial { accept_blocked: obstacle, version: version + 1, ..offer.trial.clone() };
    store::update(conn, version, &trial)?;
    if news { mails::tell_impossible(conn, rules, &Contract { trial, ..offer }, now) } else { Ok(()) }
}

/// Why an open offer cannot be accepted as things stand.
fn obstacle(conn: &mut Conn, offer: &Contract, now: Instant) -> Result<Option<String>> {
    if !neighbors::has_seat_free(conn, &offer.trial)? {
        return Ok(Some("All seats of the job request are taken by now.".to_owned()));
    }
    if !neighbors::has_hours_free(conn, offer, now)? {
        return Ok(Some("The developer's hours over the dates of this trial are promised elsewhere by now.".to_owned()));
    }
    Ok(None)
}
