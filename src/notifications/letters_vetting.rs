//! The words of the mails about vetting. Never a score, a private note or a reviewer's name.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::{Composed, spoken};
use crate::notifications::moments::moment;
use crate::notifications::summaries::{IdleApplication, SkillLevel};

const MAY_APPEAL: &str = "You may appeal; an admin who was not involved will answer you in writing.";

/// A letter about a developer's own vetting.
fn mine(subject: &str, first: &str) -> Composed {
    Composed::new(subject, first).leads_to("See where you stand", "developers/me/vetting".to_owned())
}

pub(super) fn received(stages: &[String], kept: &[String]) -> Composed {
    let letter = mine("We have your application", "Thank you for applying. A reviewer will look at your profile next.")
        .say("We write to you after each stage. You can withdraw at any time.")
        .fact("Stages ahead", &all(stages));
    if kept.is_empty() { letter } else { letter.fact("Kept from before", &all(kept)) }
}

fn all(stages: &[String]) -> String {
    stages.iter().map(|stage| spoken(stage)).collect::<Vec<_>>().join(", ")
}

pub(super) fn taken() -> Composed {
    mine("Your application is being reviewed", "A reviewer has taken your application and is reading your profile.")
}

pub(super) fn stage_passed(stage: &str, next: &str, feedback: Option<&str>) -> Composed {
    let (stage, next) = (spoken(stage), spoken(next));
    mine(&format!("You passed: {stage}"), &format!("You have passed the stage \u{201c}{stage}\u{201d}."))
        .quote("The reviewer's feedback", feedback)
        .fact("Passed", &stage)
        .fact("Next", &next)
}

pub(super) fn questions(questions: &str, answer_by: Instant, own: TimeZone) -> Composed {
    mine("A question about your application", "The reviewer needs something from you before your application can go on.")
        .quote("The reviewer asks", Some(questions))
        .say("After the date below the application lapses, and you can apply again at once.")
        .fact("Please answer by", &moment(answer_by, own, None))
}

pub(super) fn questions_waiting(questions: &str, answer_by: Instant, own: TimeZone) -> Composed {
    mine("Your application waits for your answer", "The reviewer has asked you something and waits for your answer.")
        .quote("The reviewer asks", Some(questions))
        .say("Without an answer the application lapses; you could then apply again at once.")
        .fact("Please answer by", &moment(answer_by, own, None))
}

pub(super) fn lapsed() -> Composed {
    mine(
        "Your application has lapsed",
        "The reviewer's questions stayed without an answer, so your application is closed. Nobody has decided against you.",
    )
    .say("You can apply again at once; the stages that you passed lately are kept.")
}

pub(super) fn approved(levels: &[SkillLevel], valid_until: Instant, own: TimeZone) -> Composed {
    let skills: Vec<String> = levels.iter().map(|each| format!("{} {}", spoken(&each.skill), each.level)).collect();
    mine("You are approved", "Congratulations: you have passed vetting, and clients can find you from now on.")
        .say("If a level looks wrong to you, correct your profile and tell us in a report: a reviewer will look at it again.")
        .fact("Verified levels (1\u{2013}5)", &skills.join(", "))
        .fact("Valid until", &moment(valid_until, own, None))
}

pub(super) fn rejected(reason_code: &str, message: &str, [retry_after, appeal_by]: [Instant; 2], own: TimeZone) -> Composed {
    mine("Your application was not accepted", "Thank you for the time you gave us. This time your application was not accepted.")
        .quote("The reviewer's reason", Some(message))
        .say(MAY_APPEAL)
        .fact("Reason", &spoken(reason_code))
        .fact("You can appeal until", &moment(appeal_by, own, None))
        .fact("You can apply again from", &moment(retry_after, own, None))
}

pub(super) fn withdrawn() -> Composed {
    mine("Your application is withdrawn", "As you asked, your application is withdrawn. You are welcome to apply again at any time.")
}

pub(super) fn on_hold() -> Composed {
    mine("Your application is on hold", "Your application rests for the moment. You need not do anything; we write when it goes on.")
}

pub(super) fn released() -> Composed {
    mine("Your application goes on", "Your application is no longer on hold: it goes on at the stage where it rested.")
}

pub(super) fn appealed(about: &str, against: &str, message: &str) -> Composed {
    Composed::new(
        &format!("An appeal against a {}", spoken(against)),
        "A developer appeals. An admin who was not involved has to answer in writing.",
    )
    .quote("The developer writes", Some(message))
    .fact("About", about)
}

pub(super) fn appeal_decided(against: &str, overturned: bool, answer: &str) -> Composed {
    let against = spoken(against);
    let (subject, first) = if overturned {
        ("Your appeal was successful", format!("Your appeal against the {against} was successful: it is taken back."))
    } else {
        (
            "Your appeal was not successful",
            format!("Your appeal against the {against} was read by somebody who was not involved: it stays."),
        )
    };
    mine(subject, &first).quote("The answer", Some(answer))
}

pub(super) fn expiring(valid_until: Instant, renew_from: Instant, own: TimeZone) -> Composed {
    mine("Your approval expires soon", "Your approval ends on the date below. After it clients no longer find you; running trials go on.")
        .say("Apply for renewal in good time: your approval holds until its date while the new application is read.")
        .fact("Valid until", &moment(valid_until, own, None))
        .fact("You can renew from", &moment(renew_from, own, None))
}

pub(super) fn expired() -> Composed {
    mine(
        "Your approval has expired",
        "Your approval has ended: clients no longer find you, and you can sign no new trial. Running trials go on.",
    )
    .say("You can apply for renewal at any time.")
}

pub(super) fn suspended(reason: &str, appeal_by: Instant, own: TimeZone) -> Composed {
    mine("Your approval is suspended", "An admin has suspended your approval: clients no longer find you. Running trials go on.")
        .quote("The reason", Some(reason))
        .say(MAY_APPEAL)
        .fact("You can appeal until", &moment(appeal_by, own, None))
}

pub(super) fn reinstated(valid_until: Instant, own: TimeZone) -> Composed {
    mine("Your approval is reinstated", "Your approval is no longer suspended: clients can find you again.")
        .fact("Valid until", &moment(valid_until, own, None))
}

pub(super) fn revoked(reason: &str, appeal_by: Instant, own: TimeZone) -> Composed {
    mine("Your approval is revoked", "An admin has revoked your approval: clients no longer find you. Running trials go on.")
        .quote("The reason", Some(reason))
        .say(MAY_APPEAL)
        .fact("You can appeal until", &moment(appeal_by, own, None))
}

pub(super) fn idle(count: usize, applications: &[IdleApplication]) -> Composed {
    let (subject, first) = if count == 1 {
        ("1 application waits".to_owned(), "In one application nothing has happened for several working days.".to_owned())
    } else {
        (format!("{count} applications wait"), format!("In {count} applications nothing has happened for several working days."))
    };
    let line = |each: &IdleApplication| format!("{}: {}, {} working days", each.application_id, spoken(&each.state), each.working_days);
    applications.iter().fold(Composed::new(&subject, &first), |letter, each| letter.say(&line(each)))
}
