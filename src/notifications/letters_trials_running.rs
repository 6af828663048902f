//! The words of the mails while a trial runs and after it: what is proposed, what is due, what is left to do.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::{Composed, day};
use crate::notifications::letters_trials::{about, in_days};
use crate::notifications::moments::moment;
use crate::notifications::summaries::{Engagement, TrialSummary};

fn to_answer(trial: &TrialSummary, message: Option<&str>, answer_by: Instant, own: TimeZone, subject: &str, first: &str) -> Composed {
    about(trial, own, subject, first)
        .quote("They wrote", message)
        .say("Nothing changes unless you agree.")
        .fact("Answer by", &moment(answer_by, own, Some(trial.time_zone)))
}

pub(super) fn proposal_refused(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "{} does not agree to your proposal", "{} does not agree to what you proposed. Everything stays as it was.")
        .quote("They wrote", message)
}

pub(super) fn proposal_lapsed(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(
        trial,
        own,
        "A proposal has lapsed: {}",
        "What was proposed in the trial between you and {} was not answered in time and has lapsed.",
    )
}

pub(super) fn paused(trial: &TrialSummary, message: Option<&str>, until: Instant, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} is paused", "The trial with {} rests: nobody works, and its end moves by the days of the pause.")
        .quote("The reason given", message)
        .fact("Goes on by itself", &moment(until, own, Some(trial.time_zone)))
}

pub(super) fn resumed(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "The trial with {} goes on", "The pause is over: the trial with {} goes on. These are its dates now.")
}

pub(super) fn amend(trial: &TrialSummary, changes: &[String], message: Option<&str>, by: Instant, own: TimeZone) -> Composed {
    let letter = to_answer(trial, message, by, own, "{} proposes other terms", "{} proposes to change the terms of your trial.");
    changes.iter().fold(letter, |letter, change| letter.fact("Would change", change))
}

pub(super) fn amended(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "The terms of your trial with {} have changed", "{} has agreed: both signatures are under the new terms.")
}

pub(super) fn extend(trial: &TrialSummary, days: i64, message: Option<&str>, by: Instant, own: TimeZone) -> Composed {
    to_answer(trial, message, by, own, "{} proposes to extend the trial", "{} proposes to add days to your trial.")
        .fact("Days more", &days.to_string())
}

pub(super) fn extended(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your trial with {} is extended", "{} has agreed to more days. These are the dates now.")
}

fn engagement(letter: Composed, engagement: &Engagement) -> Composed {
    let Engagement { hourly_rate, hours_per_week, starts_on } = engagement;
    letter.fact("Afterwards", &format!("{} per hour, {hours_per_week} hours per week, from {}", hourly_rate.display(), day(*starts_on)))
}

pub(super) fn go_on(trial: &TrialSummary, what: &Engagement, message: &Option<String>, by: Instant, own: TimeZone) -> Composed {
    let first = "{} would like to go on with you for good, after the trial.";
    engagement(to_answer(trial, message.as_deref(), by, own, "{} offers to go on for good", first), what)
}

pub(super) fn converted(trial: &TrialSummary, what: &Engagement, own: TimeZone) -> Composed {
    let first = "You and {} have agreed to go on for good. Congratulations!";
    engagement(about(trial, own, "You go on for good with {}", first), what)
}

pub(super) fn conversion_declined(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "{} would rather not go on for good", "{} has declined your offer to go on for good. The trial stands as before.")
        .quote("They wrote", message)
}

pub(super) fn conversion_lapsed(trial: &TrialSummary, own: TimeZone) -> Composed {
    let first = "The offer between you and {} to go on for good was not answered in time and has lapsed.";
    about(trial, own, "The offer to go on for good has lapsed: {}", first)
}

pub(super) fn appealed(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "An appeal waits for an answer: {}", "A party contests the termination of the trial of {}.")
        .quote("They wrote", message)
        .say("An admin who was not involved in the termination answers in writing.")
}

pub(super) fn appeal_decided(trial: &TrialSummary, message: Option<&str>, own: TimeZone) -> Composed {
    about(trial, own, "The appeal is answered: {}", "Somebody who was not involved has looked at the termination of the trial with {}.")
        .quote("The answer", message)
}

pub(super) fn check_in(trial: &TrialSummary, first: bool, own: TimeZone) -> Composed {
    if first {
        return about(trial, own, "Has your trial with {} begun?", "Has the work with {} begun, and does the access work?")
            .say("Please answer the check-in: a no reaches us at once, and we help.");
    }
    about(trial, own, "How is your trial with {} going?", "How is the work with {} going? A line or two is enough.")
        .say("Please answer the check-in. If something is not right, now is a good time to say so.")
}

pub(super) fn check_in_no(trial: &TrialSummary, day: i64, party: &str, message: Option<&str>, own: TimeZone) -> Composed {
    let first = format!("The {party} says at the check-in of day {day} that the trial of {{}} does not go well. Please ask.");
    about(trial, own, "A trial does not go well: {}", &first).quote("They wrote", message)
}

pub(super) fn check_in_silent(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Nobody has answered the first check-in: {}", "Nobody has said whether the trial of {} has begun. Please ask.")
}

pub(super) fn decision_opens(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(
        trial,
        own,
        "Time to decide about your trial with {}",
        "The last days of the trial with {} begin: it is time to decide how you go on.",
    )
    .say("You can go on for good, add days once, or let it end. It never becomes an employment by itself.")
}

pub(super) fn undecided(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your trial with {} is still undecided", "The trial with {} ends soon, and nothing is decided yet.")
        .say("The developer plans with your answer: please offer to go on, add days, or end it.")
}

pub(super) fn ends_soon(trial: &TrialSummary, days: i64, own: TimeZone) -> Composed {
    let when = in_days(days);
    about(trial, own, &format!("Your trial with {{}} ends {when}"), &format!("The days of the trial with {{}} are over {when}."))
        .say("If nothing is decided then, there are a few days left to do so; afterwards it ends without a decision.")
}

pub(super) fn grace_ends(trial: &TrialSummary, grace_until: Instant, own: TimeZone) -> Composed {
    about(
        trial,
        own,
        "The time to decide about the trial with {} is almost over",
        "If nobody decides, the trial with {} ends without a decision.",
    )
    .fact("Ends without a decision", &moment(grace_until, own, Some(trial.time_zone)))
}

pub(super) fn hand_over(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "The hand-over of your trial with {} is open", "The hand-over list of the trial with {} is not finished yet.")
}

pub(super) fn final_timesheet(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "Your last timesheet is missing: {}", "The last hours of the trial with {} are not handed in yet.")
        .say("Please hand in the timesheet, so that they are paid.")
}

pub(super) fn review_due(trial: &TrialSummary, own: TimeZone) -> Composed {
    about(trial, own, "How was your trial with {}?", "Please write a review of the trial with {}.")
        .say("Neither of you sees the other's before both are written, or seven days have passed.")
}
