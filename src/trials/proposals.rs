//! What one party proposes and the other answers: to end together, other terms, more days. One stands open at a time.

use chrono::NaiveDate;

use crate::db::Conn;
use crate::kernel::error::{Error, Faults, Result};
use crate::trials::effects::party;
use crate::trials::model::{Contract, Proposal, ProposalContent, Step, StepBody};
use crate::trials::process::Action;
use crate::trials::schedule::Rules;
use crate::trials::store_terms;
use crate::trials::terms::{Party, Terms};

/// Proposes to end the trial, on a day from `today` to the end of the grace time.
///
/// # Errors
/// 422 at `/last_day`.
pub fn to_end(conn: &mut Conn, next: &mut Contract, step: &Step<'_>, today: NaiveDate) -> Result<()> {
    let last_day = step.body.last_day;
    let latest = next.time_zone().date(next.trial.grace_until);
    if let Some(day) = last_day.filter(|day| *day < today || *day > latest) {
        return Err(Error::fault("/last_day", format!("must be from {today} to {latest}, not {day}")));
    }
    propose(conn, next, step, ProposalContent { last_day, ..content(step) })
}

/// Proposes another rate, other hours or another scope from now on.
///
/// # Errors
/// 422 with every fault of the terms, or when they change nothing.
pub fn to_amend(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    let terms = step.body.terms.clone();
    amended(rules, next, &terms.clone().apply(&next.terms))?;
    propose(conn, next, step, ProposalContent { terms: Some(terms), ..content(step) })
}

fn amended(rules: &Rules, contract: &Contract, terms: &Terms) -> Result<()> {
    let mut faults = Faults::default();
    faults.check(*terms != contract.terms, "/terms", "must change the rate, the hours or the scope");
    terms.check(contract.trial.trial_days, &rules.rates, &mut faults);
    faults.finish()
}

/// Proposes more days, once, up to what may be added.
///
/// # Errors
/// 422 at `/days`.
pub fn to_extend(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    let most = rules.periods.extension_days;
    let days = step.body.days.filter(|days| (1..=most).contains(days));
    let days = days.ok_or_else(|| Error::fault("/days", format!("must be from 1 to {most}")))?;
    let longer = extended(rules, next, days);
    if longer.trial.ends_at <= step.at {
        let detail =
            format!("must reach beyond today: {days} more days would have ended on {}", next.time_zone().date(longer.trial.ends_at));
        return Err(Error::fault("/days", detail));
    }
    propose(conn, next, step, ProposalContent { days: Some(days), ..content(step) })
}

fn extended(rules: &Rules, contract: &Contract, days: i64) -> Contract {
    let mut longer = contract.clone();
    longer.trial.extension_days += days;
    longer.move_dates(&rules.periods);
    longer
}

/// Contests a termination; it stands as a proposal until an admin has answered it.
///
/// # Errors
/// 503 when the database is down.
pub fn appeal(conn: &mut Conn, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    propose(conn, next, step, content(step))
}

fn content(step: &Step<'_>) -> ProposalContent {
    let StepBody { reason_code, message, .. } = step.body.clone();
    ProposalContent { reason_code, message, user_id: step.user, ..ProposalContent::default() }
}

fn propose(conn: &mut Conn, next: &mut Contract, step: &Step<'_>, content: ProposalContent) -> Result<()> {
    let proposal = Proposal { action: step.row.action, party: party(step)?, content, proposed_at: step.at };
    store_terms::set_proposal(conn, next.trial.id, Some(&proposal))?;
    next.proposal = Some(proposal);
    Ok(())
}

/// Takes the open proposal off the table.
///
/// # Errors
/// 503 when the database is down.
pub fn take(conn: &mut Conn, next: &mut Contract) -> Result<Option<Proposal>> {
    store_terms::set_proposal(conn, next.trial.id, None)?;
    Ok(next.proposal.take())
}

/// Does what was proposed.
///
/// # Errors
/// 409 when the hours that it asks for are not free, or its day has passed.
pub fn agree(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>, today: NaiveDate) -> Result<()> {
    let Some(proposal) = take(conn, next)? else { return Err(Error::internal("nothing is proposed")) };
    match proposal.action {
        Action::Amend => amend(conn, rules, next, step, proposal),
        Action::Extend => extend(rules, next, step, proposal.content.days.unwrap_or_default()),
        _ => {
            let ProposalContent { last_day, reason_code, message, .. } = proposal.content;
            next.trial.last_day = Some(last_day.unwrap_or(today).max(today));
            (next.trial.reason_code, next.trial.message) = (reason_code, message);
            Ok(())
        }
    }
}

/// The next version of the terms, which both sign: one with the proposal, one with the answer.
fn amend(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>, proposal: Proposal) -> Result<()> {
    let Proposal { party: proposer, content, proposed_at, .. } = proposal;
    let terms = content.terms.unwrap_or_default().apply(&next.terms);
    let (starts_on, version) = (next.trial.starts_on, next.trial.terms_version + 1);
    let frozen = next.set_terms(terms, starts_on, version, proposed_at, &rules.periods)?;
    store_terms::insert_terms(conn, next, &frozen, proposer, proposed_at)?;
    let signers: [(Party, _, _); 2] = [(proposer, content.user_id, proposed_at), (proposer.other(), step.user, step.at)];
    for (party, user, at) in signers {
        let user = user.ok_or_else(|| Error::internal("nobody signs"))?;
        store_terms::sign(conn, next.trial.id, next.signature(party, user, at))?;
    }
    Ok(())
}

fn extend(rules: &Rules, next: &mut Contract, step: &Step<'_>, days: i64) -> Result<()> {
    *next = extended(rules, next, days);
    if next.trial.ends_at <= step.at {
        return Err(Error::conflict("The days that were proposed have passed by now: propose more of them."));
    }
    Ok(())
}
