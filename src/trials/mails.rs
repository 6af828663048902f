//! The mails of a step, and the reminders that follow from where it leads.

use chrono::NaiveDate;

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::notifications::domain::{Letter, LetterKind, TrialSummary};
use crate::notifications::outbox::NewMail;
use crate::notifications::store::{cancel_pending, enqueue};
use crate::trials::calendar::{offer_reminders, start_reminders};
use crate::trials::model::{Contract, Names, Step};
use crate::trials::neighbors::{names, people};
use crate::trials::notices::{Recipient, Told};
use crate::trials::process::{Outcome, TrialState};

/// The mails that a trial plans ahead.
const REMINDERS: [LetterKind; 2] = [LetterKind::TrialOfferWaiting, LetterKind::TrialStartsSoon];

/// Tells everybody whom the step's row names, and plans the reminders anew.
///
/// # Errors
/// 503 when the database is down.
pub fn tell(conn: &mut Conn, contract: &Contract, step: &Step<'_>, now: Instant) -> Result<()> {
    let names = names(conn, contract.trial.developer_id, contract.trial.organization_id)?;
    for notice in step.row.mails.iter().filter(|notice| is_still_news(notice.told, contract, now)) {
        for who in notice.to.recipients(step.actor) {
            let letter = letter(notice.told, summary(contract, &names, *who), contract, step);
            send(conn, contract, *who, letter, now)?;
        }
    }
    cancel_pending(conn, &contract.trial.id.to_string(), Some(&REMINDERS))?;
    remind_of_offer(conn, contract, &names, step.at, now)?;
    remind_of_start(conn, contract, &names, now)
}

/// Tells the client that an open offer has become impossible; nobody is reminded of it any more.
///
/// # Errors
/// 503 when the database is down.
pub fn tell_impossible(conn: &mut Conn, contract: &Contract, now: Instant) -> Result<()> {
    cancel_pending(conn, &contract.trial.id.to_string(), Some(&REMINDERS))?;
    let names = names(conn, contract.trial.developer_id, contract.trial.organization_id)?;
    let trial = summary(contract, &names, Recipient::Client);
    send(conn, contract, Recipient::Client, Letter::TrialNoLongerPossible { trial }, now)
}

/// "Starts today" is no news on a later day.
fn is_still_news(told: Told, contract: &Contract, now: Instant) -> bool {
    told != Told::Started || contract.time_zone().date(now) <= contract.trial.starts_on
}

fn send(conn: &mut Conn, contract: &Contract, who: Recipient, letter: Letter, now: Instant) -> Result<()> {
    for person in people(conn, &contract.trial, who)? {
        enqueue(conn, now, &NewMail::now(letter.clone(), contract.trial.id, contract.trial.version, person))?;
    }
    Ok(())
}

fn summary(contract: &Contract, names: &Names, who: Recipient) -> TrialSummary {
    let trial = &contract.trial;
    TrialSummary {
        trial_id: trial.id,
        other: names.other(who),
        starts_on: trial.starts_on,
        ends_at: trial.ends_at,
        time_zone: contract.terms.time_zone,
        hourly_rate: contract.terms.hourly_rate,
        hours_per_week: contract.terms.hours_per_week,
    }
}

fn letter(told: Told, trial: TrialSummary, contract: &Contract, step: &Step<'_>) -> Letter {
    let answer_by = contract.trial.offer_expires_at;
    let message = step.body.message.clone();
    match told {
        Told::Offer => Letter::TrialOffer { trial, answer_by },
        Told::Countered => Letter::TrialCountered { trial, answer_by },
        Told::Revised => Letter::TrialRevised { trial, answer_by },
        Told::Accepted => Letter::TrialAccepted { trial },
        Told::Scheduled => Letter::TrialScheduled { trial },
        Told::Declined => Letter::TrialDeclined { trial, message },
        Told::Withdrawn => Letter::TrialWithdrawn { trial },
        Told::Expired => Letter::TrialExpired { trial },
        Told::Cancelled => Letter::TrialCancelled { trial, message },
        Told::Started => Letter::TrialStarted { trial },
        Told::EndProposed => Letter::TrialEndProposed { trial, message },
        Told::EndRefused => Letter::TrialEndRefused { trial, message },
        Told::Ended => ended(trial, contract.trial.outcome, contract.trial.last_day, message),
        Told::TrialOver => Letter::TrialOver { trial, grace_until: contract.trial.grace_until },
        Told::GraceOver => Letter::TrialGraceOver { trial },
        Told::Terminated => Letter::TrialTerminated { trial, reason: message.unwrap_or_default() },
    }
}

fn ended(trial: TrialSummary, outcome: Option<Outcome>, last_day: Option<NaiveDate>, message: Option<String>) -> Letter {
    Letter::TrialEnded { trial, outcome: outcome.map_or("ended", Outcome::as_str).to_owned(), last_day, message }
}

/// Each reminder is good until the next one, so that what was missed while nothing ran collapses into the last.
fn remind_of_offer(conn: &mut Conn, contract: &Contract, names: &Names, sent_at: Instant, now: Instant) -> Result<()> {
    let who = match contract.trial.state {
        TrialState::Offered => Recipient::Developer,
        TrialState::Countered => Recipient::Client,
        _ => return Ok(()),
    };
    if contract.trial.accept_blocked.is_some() {
        return Ok(());
    }
    let answer_by = contract.trial.offer_expires_at;
    let due = offer_reminders(sent_at, answer_by);
    let letter = Letter::TrialOfferWaiting { trial: summary(contract, names, who), answer_by };
    for person in people(conn, &contract.trial, who)? {
        for (at, until) in due.iter().zip(due.iter().skip(1).chain([&answer_by])) {
            let anchor = format!("{} {at}", contract.trial.version);
            enqueue(conn, now, &NewMail::now(letter.clone(), contract.trial.id, anchor, person.clone()).later(*at, *until))?;
        }
    }
    Ok(())
}

/// The first day itself has the mail of the start.
fn remind_of_start(conn: &mut Conn, contract: &Contract, names: &Names, now: Instant) -> Result<()> {
    let trial = &contract.trial;
    if trial.state != TrialState::Scheduled {
        return Ok(());
    }
    for who in [Recipient::Client, Recipient::Developer] {
        for person in people(conn, trial, who)? {
            let mut due = start_reminders(trial.starts_on, person.time_zone, now);
            due.retain(|reminder| reminder.days_before > 0 && reminder.due_at < trial.starts_at);
            let until: Vec<Instant> = due.iter().skip(1).map(|next| next.due_at).chain([trial.starts_at]).collect();
            for (reminder, until) in due.iter().zip(until) {
                let letter = Letter::TrialStartsSoon { trial: summary(contract, names, who), days: reminder.days_before };
                let anchor = format!("{} -{}", trial.version, reminder.days_before);
                enqueue(conn, now, &NewMail::now(letter, trial.id, anchor, person.clone()).later(reminder.due_at, until))?;
            }
        }
    }
    Ok(())
}
