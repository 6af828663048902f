//! The lifecycle of an invitation, as the one table from which everything about it is made.

use crate::invitations::guards::Guard;
use crate::kernel::process::{Actor, Step, Table, To};
use crate::words;

use InvitationState as State;

words! {
    /// Where an invitation stands.
    pub enum InvitationState {
        /// Waits for the developer's answer.
        Invited => "invited",
        /// The developer would like to talk.
        Accepted => "accepted",
        /// The developer would rather not.
        Declined => "declined",
        /// Nobody answered in time.
        Lapsed => "lapsed",
    }
}

words! {
    /// What can be done with an invitation.
    pub enum InvitationAction {
        /// Ask a developer to talk.
        Invite => "invite",
        /// Say yes; times for a call may be proposed.
        Accept => "accept",
        /// Say no.
        Decline => "decline",
        /// Write to the other side.
        Message => "message",
        /// The time to answer is over.
        Lapse => "lapse",
    }
}

words! {
    /// What somebody is told by mail.
    pub enum Told {
        /// To the developer: somebody would like to talk.
        Invited => "job_invitation",
        /// To the client: yes.
        Accepted => "job_invitation_accepted",
        /// To the client: no.
        Declined => "job_invitation_declined",
        /// To both: nobody answered.
        Lapsed => "job_invitation_lapsed",
        /// To the other side: a message, at most one mail an hour until it is read.
        Message => "job_invitation_message",
    }
}

/// A row of the table.
pub type Row = Step<InvitationState, InvitationAction, Guard, Told>;

const CLIENT: &[Actor] = &[Actor::Client];
const DEVELOPER: &[Actor] = &[Actor::Developer];
const PARTIES: &[Actor] = &[Actor::Client, Actor::Developer];
const SYSTEM: &[Actor] = &[Actor::System];
const TALKING: &[State] = &[State::Invited, State::Accepted];

/// How an invitation begins; comes from no state.
pub const CREATION: Row = Row::new(InvitationAction::Invite, &[], CLIENT, To::State(State::Invited))
    .guarded(&[Guard::JobRequestOpen, Guard::NotBlocked, Guard::Vetted])
    .telling(&[Told::Invited]);

/// The lifecycle: every step that exists.
pub const STEPS: Table<InvitationState, InvitationAction, Guard, Told> = &[
    CREATION,
    Row::new(InvitationAction::Accept, &[State::Invited], DEVELOPER, To::State(State::Accepted))
        .guarded(&[Guard::NotBlocked, Guard::JobRequestOpen])
        .telling(&[Told::Accepted]),
    Row::new(InvitationAction::Decline, &[State::Invited], DEVELOPER, To::State(State::Declined)).telling(&[Told::Declined]),
    Row::new(InvitationAction::Message, TALKING, PARTIES, To::Same).guarded(&[Guard::NotBlocked]).telling(&[Told::Message]),
    Row::new(InvitationAction::Lapse, &[State::Invited], SYSTEM, To::State(State::Lapsed)).guarded(&[Guard::Due]).telling(&[Told::Lapsed]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::process::{is_finished, matrix};
    use crate::kernel::words::Word as _;

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        accept  | developer        | invited          | accepted
        decline | developer        | invited          | declined
        message | client developer | invited accepted | same
        lapse   | system           | invited          | lapsed
    ";

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STEPS, &matrix::read(RULES), |row, state| match row.to {
            To::Same => "same".to_owned(),
            to => to.arrive(state, None, None).unwrap().to_string(),
        });
    }

    #[test]
    fn an_answer_is_final() {
        let finished: Vec<_> = State::ALL.iter().filter(|state| is_finished(STEPS, state)).collect();
        assert_eq!(finished, [&State::Accepted, &State::Declined, &State::Lapsed]);
    }
}
