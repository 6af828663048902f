//! The lifecycle of a week's timesheet, as the one table from which everything about it is made.

use crate::kernel::error::{Error, Result};
use crate::kernel::process::{Actor, Step, Table, To};
use crate::trials::notices::Recipient;
use crate::words;

use SheetState as State;

words! {
    /// Where a timesheet stands.
    pub enum SheetState {
        /// The developer fills it in.
        Draft => "draft",
        /// The client approves or queries it.
        Submitted => "submitted",
        /// The client doubts hours; the developer answers.
        Queried => "queried",
        /// The developer has answered; the client approves, or an admin decides.
        Answered => "answered",
        /// The hours count.
        Approved => "approved",
        /// The hours count as an admin has decided.
        Decided => "decided",
    }
}

words! {
    /// What can be done with a timesheet.
    pub enum SheetAction {
        /// Write hours down.
        Fill => "fill",
        /// Hand it to the client.
        Submit => "submit",
        /// Agree to the hours.
        Approve => "approve",
        /// Doubt hours, never quality.
        Query => "query",
        /// Answer a query, with other hours or without.
        Answer => "answer",
        /// Let the time for an answer run out: the admins hear of it.
        Overdue => "overdue",
        /// Settle what the parties could not.
        Decide => "decide",
    }
}

words! {
    /// What must hold besides state and actor.
    pub enum SheetGuard {
        /// Its time has come.
        Due => "due",
        /// The client's time to answer is not over.
        InTime => "in_time",
        /// The time to answer a query is over.
        AnswerOverdue => "answer_overdue",
        /// A written reason.
        WrittenReason => "written_reason",
    }
}

words! {
    /// What somebody is told by mail.
    pub enum SheetTold {
        /// To the client: hours wait for an answer.
        Submitted => "timesheet_submitted",
        /// To the developer: hours are doubted.
        Queried => "timesheet_queried",
        /// To the client and the admins: the developer has answered.
        Answered => "timesheet_answered",
        /// To the developer, to both when the clock acts: the hours count.
        Approved => "timesheet_approved",
        /// To the admins: a query was not answered in time.
        Overdue => "timesheet_overdue",
        /// To both: what an admin has decided.
        Decided => "timesheet_decided",
    }
}

impl SheetTold {
    /// Who is told, when `actor` takes the step.
    pub fn to(self, actor: Actor) -> &'static [Recipient] {
        match self {
            Self::Submitted => &[Recipient::Client],
            Self::Queried => &[Recipient::Developer],
            Self::Answered => &[Recipient::Client, Recipient::Admins],
            Self::Approved if actor == Actor::Client => &[Recipient::Developer],
            Self::Approved | Self::Decided => &[Recipient::Client, Recipient::Developer],
            Self::Overdue => &[Recipient::Admins],
        }
    }
}

/// What the guards of a step look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the moment that the timesheet waits for has come.
    pub due: bool,
    /// Whether there is a reason in words.
    pub message: bool,
}

/// Refuses a step whose guards do not hold.
///
/// # Errors
/// 409, or 422 at `/message`.
pub fn check(row: &Row, facts: &Facts) -> Result<()> {
    row.guards.iter().try_for_each(|guard| match guard {
        SheetGuard::Due if !facts.due => Err(Error::conflict("Its time has not come.")),
        SheetGuard::InTime if facts.due => Err(Error::conflict("The time to query these hours is over: they count.")),
        SheetGuard::AnswerOverdue if !facts.due => Err(Error::conflict("The developer still has time to answer the query.")),
        SheetGuard::WrittenReason if !facts.message => Err(Error::fault("/message", "is required")),
        _ => Ok(()),
    })
}

/// A row of the table.
pub type Row = Step<SheetState, SheetAction, SheetGuard, SheetTold>;

const DEVELOPER: &[Actor] = &[Actor::Developer];
const CLIENT: &[Actor] = &[Actor::Client];
const SYSTEM: &[Actor] = &[Actor::System];
const ADMIN: &[Actor] = &[Actor::Admin];

/// The lifecycle: every step that exists.
pub const STEPS: Table<SheetState, SheetAction, SheetGuard, SheetTold> = &[
    Row::new(SheetAction::Fill, &[State::Draft, State::Queried], DEVELOPER, To::Same),
    Row::new(SheetAction::Submit, &[State::Draft], DEVELOPER, To::State(State::Submitted)).telling(&[SheetTold::Submitted]),
    Row::new(SheetAction::Approve, &[State::Submitted, State::Queried, State::Answered], CLIENT, To::State(State::Approved))
        .telling(&[SheetTold::Approved]),
    Row::new(SheetAction::Approve, &[State::Submitted], SYSTEM, To::State(State::Approved))
        .guarded(&[SheetGuard::Due])
        .telling(&[SheetTold::Approved]),
    Row::new(SheetAction::Query, &[State::Submitted], CLIENT, To::State(State::Queried))
        .guarded(&[SheetGuard::InTime, SheetGuard::WrittenReason])
        .telling(&[SheetTold::Queried]),
    Row::new(SheetAction::Answer, &[State::Queried], DEVELOPER, To::State(State::Answered))
        .guarded(&[SheetGuard::WrittenReason])
        .telling(&[SheetTold::Answered]),
    Row::new(SheetAction::Overdue, &[State::Queried], SYSTEM, To::Same).guarded(&[SheetGuard::Due]).telling(&[SheetTold::Overdue]),
    Row::new(SheetAction::Decide, &[State::Queried], ADMIN, To::State(State::Decided))
        .guarded(&[SheetGuard::AnswerOverdue, SheetGuard::WrittenReason])
        .telling(&[SheetTold::Decided]),
    Row::new(SheetAction::Decide, &[State::Answered], ADMIN, To::State(State::Decided))
        .guarded(&[SheetGuard::WrittenReason])
        .telling(&[SheetTold::Decided]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::process::{is_finished, matrix};
    use crate::kernel::words::Word as _;

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        fill    | developer | draft queried              | same
        submit  | developer | draft                      | submitted
        approve | client    | submitted queried answered | approved
        approve | system    | submitted                  | approved
        query   | client    | submitted                  | queried
        answer  | developer | queried                    | answered
        overdue | system    | queried                    | same
        decide  | admin     | queried answered           | decided
    ";

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STEPS, &matrix::read(RULES), |row, state| match row.to {
            To::Same => "same".to_owned(),
            to => to.arrive(state, None, None).unwrap().to_string(),
        });
    }

    #[test]
    fn hours_that_count_are_final() {
        let finished: Vec<_> = State::ALL.iter().filter(|state| is_finished(STEPS, state)).collect();
        assert_eq!(finished, [&State::Approved, &State::Decided]);
    }
}
