//! The words of the mails about trials: times in the recipient's zone with the contract's beside it.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::{Composed, day, name, spoken};
use crate::notifications::moments::moment;
use crate::notifications::summaries::TrialSummary;

/// A letter about `trial`: in `subject` and `first`, `{}` stands for the other party.
pub(super) fn about(trial: &TrialSummary, own: TimeZone, subject: &str, first: &str) -> Composed {
    let other = name(&trial.other);
    let begins = trial.time_zone.start_of(trial.starts_on);
    Composed::new(&subject.replace("{}", &other), &first.replace("{}", &other))
        .fact("With", &other)
        .fact("Starts", &moment(begins, own, Some(trial.time_zone)))
        .fact("Ends", &moment(trial.ends_at, own, Some(trial.time_zone)))
        .fact("Terms", &format!("{} per hour, {} hours per week", trial.hourly_rate.display(), trial.hours_per_week))
        .leads_to("See the trial", format!("trials/{}", trial.trial_id))
}

fn open_offer(trial: &TrialSummary, answer_by: Instant, own: TimeZone, subject: &str, first: &str) -> Composed {
    about(trial, own, subject, first).fact("Answer by", &moment(answer_by, own, Some(trial.time_zone)))
}

pub(super) fn offer(trial: &TrialSummary, answer_by: Instant, own: TimeZone) -> Composed {
    open_offer(trial, answer_by, own, "Trial offer from {}", "{} offers you a trial. Read the terms in full before you answer.")
        .say("Nothing is agreed until you accept. You can also answer with other terms, or decline.")
}

pub(super) fn countered(trial: &TrialSummary, answer_by: Instant, own: TimeZone) -> Composed {
    open_offer(trial, answer_by, own, "{} answers with other terms", "{} answers your trial offer with other terms.")
        .say("Nothing is agreed until you accept. You can also answer with new terms, or decline.")
}

pub(super) fn revised(trial: &TrialSummary, answer_by: Instant, own: TimeZone) -> Composed {
    open_offer(trial, answer_by, own, "New trial terms from {}", "{} answers your terms with new ones.")
        .say("Nothing is agreed until you accept. You can also answer with other terms, or decline.")
}

pub(super) fn accepted(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "{} accepted your trial offer", "Both signatures are there: your trial with {} is scheduled.")
}

pub(super) fn scheduled(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your trial with {} is scheduled", "You have accepted, and both signatures are there. These are the key dates.")
}

pub(super) fn declined(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "{} declined the trial offer", "{} has declined the trial offer. Nothing was agreed.").quote("They wrote", message)
}

pub(super) fn withdrawn(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "{} withdrew the trial offer", "{} has taken the trial offer back. Nothing was agreed.")
}

pub(super) fn expired(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "The trial offer has expired: {}", "The trial offer between you and {} was not answered in time and has expired.")
}

pub(super) fn offer_waiting(trial: &TrialSummary, answer_by: Instant, own: TimeZone) -> Composed {
    open_offer(trial, answer_by, own, "{} waits for your answer", "The trial terms from {} still wait for your answer.")
}

pub(super) fn offer_undeliverable(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your trial offer could not be mailed: {}", "The mail about your trial offer to {} could not be delivered.")
        .say("The offer itself stands and can be answered, but you may not want to wait for it.")
}

pub(super) fn cancelled(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} is cancelled", "The trial with {} was called off before its start.")
        .quote("The reason given", message)
}

/// `tomorrow`, or how many days ahead.
pub(super) fn in_days(days: i64) -> String {
    match days {
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

pub(super) fn starts_soon(trial: &TrialSummary, days: i64, own: TimeZone) -> Composed {
    let when = in_days(days);
    about(
        trial,
        own,
        &format!("Your trial with {{}} starts {when}"),
        &format!("Your trial with {{}} starts {when}. Are access and contacts ready?"),
    )
}

pub(super) fn started(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your trial with {} starts today", "Today is the first day of your trial with {}. We wish you both a good start.")
}

pub(super) fn end_proposed(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "{} proposes to end the trial", "{} proposes to end the trial together. It ends only if you agree.")
        .quote("They wrote", message)
}

pub(super) fn ended(trial: &TrialSummary, outcome: &str, last_day: Option<NaiveDate>, message: Option<&str>, own: TimeZone) -> Composed {
    let letter = about(trial, own, "Your trial with {} has ended", "Your trial with {} has ended.")
        .quote("They wrote", message)
        .fact("Outcome", &spoken(outcome))
        .say("What is left to do: the hand-over, the last timesheet, and a review.");
    match last_day {
        Some(last) => letter.fact("Last day of work", &day(last)),
        None => letter,
    }
}

pub(super) fn over(trial: &TrialSummary, grace_until: Instant, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} is over: please decide", "The trial time with {} is over. Please decide how you go on.")
        .say("It never turns into employment by itself: if nobody decides, it ends without a decision.")
        .fact("Decide by", &moment(grace_until, own, Some(trial.time_zone)))
}

pub(super) fn grace_over(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} has ended without a decision", "Nobody decided in time, so the trial with {} has ended.")
}

pub(super) fn terminated(trial: &TrialSummary, reason: &str, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} was terminated", "An admin has terminated the trial with {}. Please stop work now.")
        .quote("The reason given", Some(reason))
        .say("You may appeal; somebody who was not involved will answer you in writing.")
}

pub(super) fn no_longer_possible(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(
        trial,
        own,
        "Your trial offer can no longer be accepted: {}",
        "The hours or the seat that your trial offer to {} needs are taken.",
    )
    .say("Withdraw the offer, or change its start or its hours.")
}
