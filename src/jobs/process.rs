//! The states of a job request, and the one table from which everything about them is made.

use std::convert::Infallible;

use crate::kernel::process::{Actor, Step, Table, To, find};
use crate::words;

use JobRequestState as State;

words! {
    /// Where a job request stands.
    pub enum JobRequestState {
        /// Written, not yet shown to anybody.
        Draft => "draft",
        /// Looks for developers; trials can be offered.
        Open => "open",
        /// Rests.
        Paused => "paused",
        /// All its seats are taken.
        Filled => "filled",
        /// Over.
        Closed => "closed",
    }
}

words! {
    /// What can be done with a job request; for clients the last word of the URL.
    pub enum JobRequestAction {
        /// Begin to look, or go on after a rest.
        Open => "open",
        /// Rest.
        Pause => "pause",
        /// End it for good.
        Close => "close",
        /// The last seat was taken.
        Fill => "fill",
        /// A seat became free.
        Reopen => "reopen",
    }
}

/// The word for what no step of the table is: a draft was written.
pub const CREATED: &str = "create";

/// A row of the table.
pub type Row = Step<JobRequestState, JobRequestAction, Infallible, Infallible>;

const CLIENT: &[Actor] = &[Actor::Client];
const SYSTEM: &[Actor] = &[Actor::System];

/// The lifecycle: every step that exists.
pub const STEPS: Table<JobRequestState, JobRequestAction, Infallible, Infallible> = &[
    Row::new(JobRequestAction::Open, &[State::Draft, State::Paused], CLIENT, To::State(State::Open)),
    Row::new(JobRequestAction::Pause, &[State::Open], CLIENT, To::State(State::Paused)),
    Row::new(JobRequestAction::Close, &[State::Draft, State::Open, State::Paused, State::Filled], CLIENT, To::State(State::Closed)),
    Row::new(JobRequestAction::Fill, &[State::Open], SYSTEM, To::State(State::Filled)),
    Row::new(JobRequestAction::Reopen, &[State::Filled], SYSTEM, To::State(State::Open)),
];

impl JobRequestState {
    /// The state once `taken` of `seats` are taken: an open request fills, a filled one opens again, any other stays.
    pub fn with_seats(self, taken: i64, seats: i64) -> Self {
        let action = if taken >= seats { JobRequestAction::Fill } else { JobRequestAction::Reopen };
        let row = find(STEPS, self, action, Actor::System).ok();
        row.and_then(|row| row.to.arrive(self, None, None)).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::process::{is_finished, matrix};
    use crate::kernel::words::Word;

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        open   | client | draft paused             | open
        pause  | client | open                     | paused
        close  | client | draft open paused filled | closed
        fill   | system | open                     | filled
        reopen | system | filled                   | open
    ";

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STEPS, &matrix::read(RULES), |row, state| row.to.arrive(state, None, None).unwrap().to_string());
    }

    #[test]
    fn only_closed_is_finished() {
        let finished: Vec<_> = State::ALL.iter().filter(|state| is_finished(STEPS, state)).collect();
        assert_eq!(finished, [&State::Closed]);
    }

    #[test]
    fn filled_and_open_follow_the_seats_and_nothing_else_does() {
        for state in State::ALL.iter().copied() {
            let (free, full) = (state.with_seats(1, 2), state.with_seats(2, 2));
            match state {
                State::Open | State::Filled => assert_eq!((free, full), (State::Open, State::Filled)),
                other => assert_eq!((free, full), (other, other)),
            }
        }
    }
}
