//! The words of the mails about invitations to talk. What is written later stands on the page, never in a mail.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::{Composed, name};
use crate::notifications::summaries::InvitationSummary;

pub(super) fn received(invitation: &InvitationSummary, message: &str, own: TimeZone) -> Composed {
    let title = name(&invitation.title);
    Composed::new(&format!("Invitation to talk: {title}"), &format!("A client would like to talk with you about \u{201c}{title}\u{201d}."))
        .quote("The client writes", Some(message))
        .say("Saying yes binds you to nothing: you can name times for a call and ask what you like before any offer.")
        .fact("Answer expected by", &own.display(invitation.answer_by))
        .fact("Lapses", &own.display(invitation.lapses_at))
}

pub(super) fn waiting(invitation: &InvitationSummary, own: TimeZone) -> Composed {
    let title = name(&invitation.title);
    Composed::new(
        &format!("An invitation waits for your answer: {title}"),
        "A client still waits for your answer. A no helps as well as a yes.",
    )
    .fact("Job request", &title)
    .fact("Lapses", &own.display(invitation.lapses_at))
}

pub(super) fn accepted(invitation: &InvitationSummary, message: Option<&str>, call_times: &[Instant], own: TimeZone) -> Composed {
    let (title, other) = (name(&invitation.title), name(&invitation.other));
    let letter = Composed::new(
        &format!("{other} would like to talk"),
        &format!("{other} has accepted your invitation to talk about \u{201c}{title}\u{201d}."),
    );
    let times: Vec<String> = call_times.iter().map(|at| own.display(*at)).collect();
    let letter = letter.quote("The developer writes", message);
    if times.is_empty() { letter } else { letter.fact("Could talk at", &times.join("; ")) }
}

pub(super) fn declined(invitation: &InvitationSummary, message: Option<&str>) -> Composed {
    let (title, other) = (name(&invitation.title), name(&invitation.other));
    Composed::new(
        &format!("{other} has declined your invitation"),
        &format!("{other} does not want to talk about \u{201c}{title}\u{201d} at present."),
    )
    .quote("The developer writes", message)
}

pub(super) fn lapsed(invitation: &InvitationSummary) -> Composed {
    let title = name(&invitation.title);
    Composed::new(
        &format!("The invitation has lapsed: {title}"),
        &format!("The invitation to talk about \u{201c}{title}\u{201d} was not answered in time and has lapsed."),
    )
}

pub(super) fn new_message(invitation: &InvitationSummary) -> Composed {
    let (title, other) = (name(&invitation.title), name(&invitation.other));
    Composed::new(&format!("New message: {title}"), &format!("{other} has written to you about \u{201c}{title}\u{201d}."))
        .say("Until you have read it, we do not write again for each further message.")
}
