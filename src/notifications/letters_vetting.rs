//! The words of the mails about vetting. Never a score, a private note or a reviewer's name.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::SkillLevel;
use crate::notifications::letters::{Composed, spoken};
use crate::notifications::moments::moment;

pub(super) fn received(stages: &[String]) -> Composed {
    let letter = Composed::new("We have your application", "Thank you for applying. A reviewer will look at your profile next.");
    if stages.is_empty() {
        return letter;
    }
    let ahead: Vec<String> = stages.iter().map(|stage| spoken(stage)).collect();
    letter.fact("Stages ahead", &ahead.join(", ")).say("We write to you after each stage. You can withdraw at any time.")
}

pub(super) fn taken() -> Composed {
    Composed::new("Your application is being reviewed", "A reviewer has taken your application and is reading your profile.")
}

pub(super) fn stage_passed(stage: &str, next: &str, feedback: Option<&str>) -> Composed {
    let (stage, next) = (spoken(stage), spoken(next));
    Composed::new(&format!("You passed: {stage}"), &format!("You have passed the stage \u{201c}{stage}\u{201d}."))
        .quote("The reviewer's feedback", feedback)
        .fact("Passed", &stage)
        .fact("Next", &next)
}

pub(super) fn questions(questions: &str) -> Composed {
    Composed::new("A question about your application", "The reviewer needs something from you before your application can go on.")
        .quote("The reviewer asks", Some(questions))
        .say("Please answer within 14 days; after that the application lapses, and you can apply again at once.")
}

pub(super) fn approved(levels: &[SkillLevel], valid_until: Instant, own: TimeZone) -> Composed {
    let skills: Vec<String> = levels.iter().map(|each| format!("{} {}", spoken(&each.skill), each.level)).collect();
    Composed::new("You are approved", "Congratulations: you have passed vetting, and clients can find you from now on.")
        .say("If a level looks wrong to you, correct your profile or apply for renewal: a reviewer will look at it again.")
        .fact("Verified levels (1\u{2013}5)", &skills.join(", "))
        .fact("Valid until", &moment(valid_until, own, None))
}

pub(super) fn rejected(reason_code: &str, message: &str, retry_after: Instant, own: TimeZone) -> Composed {
    Composed::new("Your application was not accepted", "Thank you for the time you gave us. This time your application was not accepted.")
        .quote("The reviewer's reason", Some(message))
        .say("You may appeal within 30 days; somebody who was not involved will answer you in writing.")
        .fact("Reason", &spoken(reason_code))
        .fact("You can apply again from", &moment(retry_after, own, None))
}

pub(super) fn withdrawn() -> Composed {
    Composed::new(
        "Your application is withdrawn",
        "As you asked, your application is withdrawn. You are welcome to apply again at any time.",
    )
}

pub(super) fn on_hold() -> Composed {
    Composed::new(
        "Your application is on hold",
        "Your application rests for the moment. You need not do anything; we write when it goes on.",
    )
}

pub(super) fn released() -> Composed {
    Composed::new("Your application goes on", "Your application is no longer on hold: it goes on at the stage where it rested.")
}
