//! The lifecycle of a week's timesheet, as the one table from which everything about it is made.

use crate::kernel::process::{Actor, Step, Table, To};
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
        /// To both: what an admin has decided.
        Decided => "timesheet_decided",
    }
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
