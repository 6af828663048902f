//! The mails of a step, and the reminders that follow from where it leads.

use chrono::NaiveDate;

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::kernel::zone::add_days;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::recipient::Recipient as Person;
use crate::notifications::reminders::{MORNING, TRIAL_REMINDERS};
use crate::notifications::store::enqueue_all;
use crate::notifications::store_planned;
use crate::notifications::store_planned::Plan;
use crate::notifications::summaries::{Engagement, TrialDate, TrialDateKind, TrialSummary};
use crate::trials::calendar::{offer_reminders, pause_ends_at, proposal_lapses_at};
use crate::trials::effects::Change;
use crate::trials::model::{Contract, Conversion, Names, Step, Trial};
use crate::trials::neighbors::Cast;
use crate::trials::notices::{Recipient, Told};
use crate::trials::process::{Outcome, TrialState};
use crate::trials::schedule::{Planned, Reminded, Rules, planned};
use crate::trials::store_answers::Answered;

/// Tells everybody whom the rows of the steps name, and plans the reminders anew.
///
/// # Errors
/// 503 when the database is down.
pub fn tell(conn: &mut Conn, rules: &Rules, changes: &[Change<'_>], now: Instant) -> Result<()> {
    let casts = Cast::of_all(conn, &changes.iter().map(|change| &change.next.trial).collect::<Vec<_>>())?;
    let told: Vec<NewMail> = changes.iter().zip(&casts).flat_map(|(change, cast)| news(rules, change, cast, now)).collect();
    enqueue_all(conn, now, &told)?;
    let ahead: Vec<_> = changes.iter().zip(&casts).map(|(change, cast)| (&change.next, cast, change.step.at)).collect();
    remind(conn, rules, &ahead, now)
}

/// What the step's row tells, to each whom it names.
fn news(rules: &Rules, Change { before, next, step }: &Change<'_>, cast: &Cast, now: Instant) -> Vec<NewMail> {
    let mut mails = Vec::new();
    for notice in step.row.mails.iter().filter(|notice| is_still_news(notice.told, next, now)) {
        for who in notice.to.recipients(step.actor) {
            let letter = letter(notice.told, summary(next, &cast.names, *who, rules), before, next, rules, step);
            mails.extend(to_each(next, cast.people(*who), &letter));
        }
    }
    mails
}

/// Plans the reminders of trials anew, as what was done in each at its instant leaves them; an offer was sent then.
///
/// # Errors
/// 503 when the database is down.
pub fn remind(conn: &mut Conn, rules: &Rules, trials: &[(&Contract, &Cast, Instant)], now: Instant) -> Result<()> {
    // Before its first day nobody has answered anything.
    let begun: Vec<&Contract> = trials.iter().filter(|(contract, _, at)| contract.trial.starts_at < *at).map(|each| each.0).collect();
    let answered = Answered::of_all(conn, &begun)?;
    let plan = |(contract, cast, at): &(&Contract, &Cast, Instant)| {
        let mut mails = reminders_of_offer(rules, contract, cast, *at);
        mails.extend(reminders_of_dates(rules, contract, cast, answered.get(&contract.trial.id), now));
        Plan { subject: contract.trial.id.to_string(), since: *at, mails }
    };
    store_planned::plan(conn, now, &TRIAL_REMINDERS, &trials.iter().map(plan).collect::<Vec<_>>())
}

/// Tells the client that an open offer has become impossible; nobody is reminded of it any more.
///
/// # Errors
/// 503 when the database is down.
pub fn tell_impossible(conn: &mut Conn, rules: &Rules, contract: &Contract, now: Instant) -> Result<()> {
    let nothing = Plan { subject: contract.trial.id.to_string(), since: now, mails: Vec::new() };
    store_planned::plan(conn, now, &TRIAL_REMINDERS, &[nothing])?;
    let cast = Cast::of(conn, &contract.trial)?;
    let trial = summary(contract, &cast.names, Recipient::Client, rules);
    let letter = Letter::TrialNoLongerPossible { trial };
    enqueue_all(conn, now, &to_each(contract, cast.people(Recipient::Client), &letter).collect::<Vec<_>>())
}

/// "Starts today" is no news on a later day, and nobody is asked to decide when the time to decide is over.
fn is_still_news(told: Told, contract: &Contract, now: Instant) -> bool {
    match told {
        Told::Started => contract.time_zone().date(now) <= contract.trial.starts_on,
        Told::TrialOver => now < contract.trial.grace_until,
        _ => true,
    }
}

fn to_each(contract: &Contract, people: &[Person], letter: &Letter) -> impl Iterator<Item = NewMail> {
    let Trial { id, version, .. } = contract.trial;
    people.iter().map(move |person| NewMail::now(letter.clone(), id, version, person.clone()))
}

/// What mails and calendars say of a trial to `who`.
pub fn summary(contract: &Contract, names: &Names, who: Recipient, rules: &Rules) -> TrialSummary {
    let trial = &contract.trial;
    TrialSummary {
        trial_id: trial.id,
        other: names.other(who),
        starts_on: trial.starts_on,
        ends_at: trial.ends_at,
        time_zone: contract.terms.time_zone,
        hourly_rate: contract.terms.hourly_rate,
        hours_per_week: contract.terms.hours_per_week,
        version: trial.version,
        changed_at: trial.changed_at,
        key_dates: key_dates(contract, rules),
    }
}

/// Check-ins are at 09:00 by the contract's clock, as far as the trial's days go.
fn key_dates(contract: &Contract, rules: &Rules) -> Vec<TrialDate> {
    let (trial, zone) = (&contract.trial, contract.time_zone());
    let check_in = |day: &i64| (TrialDateKind::CheckIn, *day, zone.at(add_days(trial.starts_on, *day), MORNING));
    let check_ins = rules.reminders.days(Reminded::CheckIn).iter().map(check_in).filter(|(_, _, at)| *at < trial.ends_at);
    let decision = contract.key_dates(&rules.periods).decision_opens_at;
    let others =
        [(TrialDateKind::Start, 0, trial.starts_at), (TrialDateKind::Decision, 0, decision), (TrialDateKind::End, 0, trial.ends_at)];
    let mut dates: Vec<TrialDate> = check_ins.chain(others).map(|(kind, day, at)| TrialDate { kind, day, at }).collect();
    dates.sort_by_key(|date| date.at);
    dates
}

/// `before` is the contract as it was: an answer has taken what it answers off the table.
fn letter(told: Told, trial: TrialSummary, before: &Contract, contract: &Contract, rules: &Rules, step: &Step<'_>) -> Letter {
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
        Told::ProposalRefused => Letter::TrialProposalRefused { trial, message },
        Told::ProposalLapsed => Letter::TrialProposalLapsed { trial },
        Told::Paused => Letter::TrialPaused { trial, message, until: pause_ends(contract, rules) },
        Told::Resumed => Letter::TrialResumed { trial },
        Told::AmendProposed => {
            let changes = step.body.terms.told(&before.terms);
            Letter::TrialAmendProposed { trial, changes, message, answer_by: proposal_lapses_at(step.at, &rules.periods) }
        }
        Told::Amended => Letter::TrialAmended { trial },
        Told::ExtendProposed => {
            let days = step.body.days.unwrap_or_default();
            Letter::TrialExtendProposed { trial, days, message, answer_by: proposal_lapses_at(step.at, &rules.periods) }
        }
        Told::Extended => Letter::TrialExtended { trial },
        Told::ConversionOffered => {
            let answer_by = contract.conversion_lapses_at(&rules.periods).unwrap_or(step.at);
            Letter::TrialConversionOffered { engagement: engagement(contract), trial, message, answer_by }
        }
        Told::Converted => Letter::TrialConverted { engagement: engagement(contract), trial },
        Told::ConversionDeclined => Letter::TrialConversionDeclined { trial, message },
        Told::ConversionLapsed => Letter::TrialConversionLapsed { trial },
        Told::Appealed => Letter::TrialAppealed { trial, message },
        Told::AppealDecided => Letter::TrialAppealDecided { trial, message },
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
fn reminders_of_offer(rules: &Rules, contract: &Contract, cast: &Cast, sent_at: Instant) -> Vec<NewMail> {
    let who = match contract.trial.state {
        TrialState::Offered => Recipient::Developer,
        TrialState::Countered => Recipient::Client,
        _ => return Vec::new(),
    };
    if contract.trial.accept_blocked.is_some() {
        return Vec::new();
    }
    let answer_by = contract.trial.offer_expires_at;
    let due = offer_reminders(sent_at, answer_by);
    let due: Vec<_> = due.iter().zip(due.iter().skip(1).chain([&answer_by])).collect();
    let letter = Letter::TrialOfferWaiting { trial: summary(contract, &cast.names, who, rules), answer_by };
    let remind = |person: &Person, at: Instant, until: Instant| {
        let anchor = format!("{} {at}", contract.trial.version);
        NewMail::now(letter.clone(), contract.trial.id, anchor, person.clone()).later(at, until)
    };
    cast.people(who).iter().flat_map(|person| due.iter().map(|(at, until)| remind(person, **at, **until))).collect()
}

fn pause_ends(contract: &Contract, rules: &Rules) -> Instant {
    let Trial { paused_at, paused_days, ends_at, .. } = contract.trial;
    paused_at.map_or(ends_at, |from| pause_ends_at(from, rules.periods.pause_days - paused_days, contract.time_zone()))
}

fn engagement(contract: &Contract) -> Engagement {
    let Trial { ends_at, .. } = contract.trial;
    let as_now = || Engagement {
        hourly_rate: contract.terms.hourly_rate,
        hours_per_week: contract.terms.hours_per_week,
        starts_on: contract.time_zone().date(ends_at),
    };
    let offered = |offer: &Conversion| Engagement {
        hourly_rate: offer.hourly_rate,
        hours_per_week: offer.hours_per_week,
        starts_on: offer.starts_on,
    };
    contract.conversion.as_ref().map_or_else(as_now, offered)
}

/// What the calendar says of the state that the trial is in now.
fn reminders_of_dates(rules: &Rules, contract: &Contract, cast: &Cast, answered: Option<&Answered>, now: Instant) -> Vec<NewMail> {
    let trial = &contract.trial;
    let first = rules.reminders.days(Reminded::CheckIn).first().copied();
    let mut mails = Vec::new();
    for who in Recipient::ALL {
        let summary = summary(contract, &cast.names, *who, rules);
        let is_open = |planned: &Planned| !answered.is_some_and(|answered| answered.covers(planned, *who, first));
        for person in cast.people(*who) {
            let ahead = planned(contract, rules, *who, person.time_zone, now).into_iter();
            mails.extend(ahead.filter(is_open).map(|planned| {
                let letter = reminder(planned, summary.clone(), contract, rules);
                NewMail::now(letter, trial.id, occasion(trial, planned.days), person.clone()).later(planned.due_at, planned.until)
            }));
        }
    }
    mails
}

/// What a reminder says follows from the terms and from the days that were added: while these are the same, so is the mail.
fn occasion(trial: &Trial, days: i64) -> String {
    let Trial { terms_version, extension_days, paused_days, .. } = trial;
    format!("{terms_version} +{extension_days} +{paused_days} {days}")
}

fn reminder(planned: Planned, trial: TrialSummary, contract: &Contract, rules: &Rules) -> Letter {
    match planned.reminded {
        Reminded::StartsSoon => Letter::TrialStartsSoon { trial, days: -planned.days },
        Reminded::CheckIn => {
            Letter::TrialCheckIn { trial, day: planned.days, first: rules.reminders.days(Reminded::CheckIn).first() == Some(&planned.days) }
        }
        Reminded::CheckInSilent => Letter::TrialCheckInSilent { trial },
        Reminded::DecisionOpens => Letter::TrialDecisionOpens { trial },
        Reminded::Undecided => Letter::TrialUndecided { trial },
        Reminded::EndsSoon => Letter::TrialEndsSoon { trial, days: -planned.days },
        Reminded::GraceEnds => Letter::TrialGraceEnds { trial, grace_until: contract.trial.grace_until },
        Reminded::HandOver => Letter::TrialHandOver { trial },
        Reminded::FinalTimesheet => Letter::TrialFinalTimesheet { trial },
        Reminded::ReviewDue => Letter::TrialReviewDue { trial },
    }
}
