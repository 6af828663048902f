//! A lifecycle as data: a table of [`Step`]s from which handlers, `allowed_actions`, documentation and tests are all made.

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::words::Word;
use crate::words;

words! {
    /// Who takes a step.
    pub enum Actor {
        /// A member of the client's organisation.
        Client => "client",
        /// The developer.
        Developer => "developer",
        /// An admin, with a written reason.
        Admin => "admin",
        /// The system's clock.
        System => "system",
    }
}

/// Where a step leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To<S> {
    /// Into this state.
    State(S),
    /// The state stays as it is.
    Same,
    /// Back into the state that was left for a side state.
    Remembered,
    /// Into the state that follows in the order of the process.
    Next,
}

/// One row of a lifecycle's table. An action may have several rows, for different states or actors.
#[derive(Debug)]
pub struct Step<S: 'static, A: 'static, G: 'static, M: 'static> {
    /// What is done.
    pub action: A,
    /// In which states.
    pub from: &'static [S],
    /// By whom.
    pub by: &'static [Actor],
    /// Where it leads.
    pub to: To<S>,
    /// What must hold besides state and actor.
    pub guards: &'static [G],
    /// Who is told what.
    pub mails: &'static [M],
}

/// The table of a lifecycle.
pub type Table<S, A, G, M> = &'static [Step<S, A, G, M>];

/// The row for `action` by `actor` in `state`.
///
/// # Errors
/// 403 when this actor never takes this action, 409 with the current state and the allowed actions when not in this state.
pub fn find<S: Word + PartialEq, A: Word + PartialEq, G, M>(
    table: Table<S, A, G, M>,
    state: S,
    action: A,
    actor: Actor,
) -> Result<&'static Step<S, A, G, M>> {
    let mine = || table.iter().filter(move |step| step.action == action && step.by.contains(&actor));
    if let Some(step) = mine().find(|step| step.from.contains(&state)) {
        return Ok(step);
    }
    if mine().next().is_none() {
        return Err(Error::not_allowed(format!("`{}` is not a step that a {actor} takes.", action.as_str())));
    }
    Err(not_now(table, state, action, actor))
}

/// What `actor` may do in `state`, in the table's order, each action once.
pub fn allowed<S: PartialEq, A: PartialEq + Copy, G, M>(table: Table<S, A, G, M>, state: S, actor: Actor) -> Vec<A> {
    let mut actions = Vec::new();
    for step in table.iter().filter(|step| step.by.contains(&actor) && step.from.contains(&state)) {
        if !actions.contains(&step.action) {
            actions.push(step.action);
        }
    }
    actions
}

/// Whether no step leads out of `state`.
pub fn is_finished<S: PartialEq, A, G, M>(table: Table<S, A, G, M>, state: &S) -> bool {
    !table.iter().any(|step| step.to != To::Same && step.from.contains(state))
}

fn not_now<S: Word + PartialEq, A: Word + PartialEq, G, M>(table: Table<S, A, G, M>, state: S, action: A, actor: Actor) -> Error {
    let actions: Vec<&str> = allowed(table, state, actor).into_iter().map(Word::as_str).collect();
    let offer = if actions.is_empty() { "nothing".to_owned() } else { actions.join(", ") };
    let (action, state) = (action.as_str(), state.as_str());
    Error::new(Code::InvalidTransition, format!("`{action}` is not possible while the state is `{state}`. You can do: {offer}."))
        .with("state", state)
        .with("allowed_actions", actions)
}
