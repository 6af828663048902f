//! A lifecycle as data: a table of [`Step`]s from which handlers, `allowed_actions`, documentation and tests are all made.

use std::convert::Infallible;

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::principal::Role;
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

impl From<Role> for Actor {
    fn from(role: Role) -> Self {
        match role {
            Role::Client => Self::Client,
            Role::Developer => Self::Developer,
            Role::Admin => Self::Admin,
        }
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
    /// Into this state or not, as an appeal is decided; no way out of an end by itself.
    Appealed(S),
    /// A new one begins in this state; this one stays as it is.
    New(S),
}

impl<S: Copy> To<S> {
    /// The state that a step arrives at when taken in `state`; `None` when it leads back and nothing is remembered, or on
    /// and nothing follows.
    pub fn arrive(self, state: S, remembered: Option<S>, next: Option<S>) -> Option<S> {
        match self {
            Self::State(to) | Self::Appealed(to) | Self::New(to) => Some(to),
            Self::Same => Some(state),
            Self::Remembered => remembered,
            Self::Next => next,
        }
    }

    /// Whether it leads on by itself, so that a state with such a step is not an end.
    fn leads_on(self) -> bool {
        !matches!(self, Self::Same | Self::Appealed(_) | Self::New(_))
    }
}

/// One row of a lifecycle's table. An action may have several rows, for different states or actors; the row of a thing's
/// creation comes from no state.
#[derive(Debug)]
pub struct Step<S: 'static, A: 'static, G: 'static, M: 'static, O = Infallible> {
    /// What is done.
    pub action: A,
    /// In which states.
    pub from: &'static [S],
    /// By whom.
    pub by: &'static [Actor],
    /// Where it leads.
    pub to: To<S>,
    /// How the process came to its end, for a step that ends one with several endings.
    pub outcome: Option<O>,
    /// What must hold besides state and actor.
    pub guards: &'static [G],
    /// Who is told what.
    pub mails: &'static [M],
}

impl<S: Copy, A: Copy, G, M, O: Copy> Step<S, A, G, M, O> {
    /// A row without guards, mails and outcome.
    pub const fn new(action: A, from: &'static [S], by: &'static [Actor], to: To<S>) -> Self {
        Self { action, from, by, to, outcome: None, guards: &[], mails: &[] }
    }

    /// The same row, ending the process with `outcome`.
    pub const fn ending(self, outcome: O) -> Self {
        Self { outcome: Some(outcome), ..self }
    }

    /// The same row, held to `guards`.
    pub const fn guarded(self, guards: &'static [G]) -> Self {
        Self { guards, ..self }
    }

    /// The same row, sending `mails`.
    pub const fn telling(self, mails: &'static [M]) -> Self {
        Self { mails, ..self }
    }
}

/// The table of a lifecycle.
pub type Table<S, A, G, M, O = Infallible> = &'static [Step<S, A, G, M, O>];

/// The row for `action` by `actor` in `state`.
///
/// # Errors
/// 403 when this actor never takes this action, 409 with the current state and the allowed actions when not in this state.
pub fn find<S: Word + PartialEq, A: Word + PartialEq, G, M, O>(
    table: Table<S, A, G, M, O>,
    state: S,
    action: A,
    actor: Actor,
) -> Result<&'static Step<S, A, G, M, O>> {
    find_open(table, state, action, actor, |_| true)
}

/// The same, where one action leads to different ends: the first row that is `open` as things stand, else the first.
///
/// # Errors
/// As [`find`].
pub fn find_open<S: Word + PartialEq, A: Word + PartialEq, G, M, O>(
    table: Table<S, A, G, M, O>,
    state: S,
    action: A,
    actor: Actor,
    open: impl Fn(&Step<S, A, G, M, O>) -> bool,
) -> Result<&'static Step<S, A, G, M, O>> {
    let mine = || table.iter().filter(move |step| step.action == action && step.by.contains(&actor));
    let here = || mine().filter(|step| step.from.contains(&state));
    if let Some(step) = here().find(|step| open(step)).or_else(|| here().next()) {
        return Ok(step);
    }
    if mine().next().is_none() {
        return Err(Error::not_allowed(format!("`{}` is not a step that a {actor} takes.", action.as_str())));
    }
    Err(not_now(table, state, action, actor))
}

/// What `actor` may do in `state`, in the table's order, each action once.
pub fn allowed<S: PartialEq, A: PartialEq + Copy, G, M, O>(table: Table<S, A, G, M, O>, state: S, actor: Actor) -> Vec<A> {
    allowed_if(table, state, actor, |_| true)
}

/// What `actor` may do in `state` by those rows that are `open` as things stand.
pub fn allowed_if<S: PartialEq, A: PartialEq + Copy, G, M, O>(
    table: Table<S, A, G, M, O>,
    state: S,
    actor: Actor,
    open: impl Fn(&Step<S, A, G, M, O>) -> bool,
) -> Vec<A> {
    let mut actions = Vec::new();
    for step in table.iter().filter(|step| step.by.contains(&actor) && step.from.contains(&state) && open(step)) {
        if !actions.contains(&step.action) {
            actions.push(step.action);
        }
    }
    actions
}

/// Whether no step leads out of `state`.
pub fn is_finished<S: PartialEq + Copy, A, G, M, O>(table: Table<S, A, G, M, O>, state: &S) -> bool {
    !table.iter().any(|step| step.to.leads_on() && step.from.contains(state))
}

fn not_now<S: Word + PartialEq, A: Word + PartialEq, G, M, O>(table: Table<S, A, G, M, O>, state: S, action: A, actor: Actor) -> Error {
    let actions: Vec<&str> = allowed(table, state, actor).into_iter().map(Word::as_str).collect();
    let offer = if actions.is_empty() { "nothing".to_owned() } else { actions.join(", ") };
    let (action, state) = (action.as_str(), state.as_str());
    Error::new(Code::InvalidTransition, format!("`{action}` is not possible while the state is `{state}`. You can do: {offer}."))
        .with("state", state)
        .with("allowed_actions", actions)
}

/// What the rooms' tests compare their tables with: a matrix written by hand, one line per rule,
/// `action | actors | states | target`.
#[cfg(test)]
pub mod matrix {
    use std::collections::BTreeMap;

    use super::{Actor, Step, Table, allowed, find};
    use crate::kernel::error::Code;
    use crate::kernel::words::Word;

    /// The target for each (action, actor, state) that is allowed.
    pub type Matrix = BTreeMap<(String, String, String), String>;

    /// Reads a matrix; a rule that is given twice is a mistake.
    pub fn read(text: &str) -> Matrix {
        let mut matrix = Matrix::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [action, actors, states, target] = cells[..] else { panic!("four cells: {line}") };
            for actor in actors.split_whitespace() {
                for state in states.split_whitespace() {
                    let rule = (action.to_owned(), actor.to_owned(), state.to_owned());
                    assert!(matrix.insert(rule, target.to_owned()).is_none(), "twice: {line}");
                }
            }
        }
        matrix
    }

    /// Tries every state × action × actor: what the matrix names leads where it says (`target` words a row), everything
    /// else is refused: 409 to an actor who takes the action in another state, 403 to one who never does.
    pub fn check<S: Word + PartialEq, A: Word + PartialEq, G, M, O>(
        table: Table<S, A, G, M, O>,
        matrix: &Matrix,
        target: impl Fn(&Step<S, A, G, M, O>, S) -> String,
    ) {
        for &actor in Actor::ALL {
            for &state in S::ALL {
                let offered = allowed(table, state, actor);
                for &action in A::ALL {
                    let rule = (action.as_str().to_owned(), actor.to_string(), state.as_str().to_owned());
                    let found = find(table, state, action, actor);
                    assert_eq!(found.as_ref().ok().map(|step| target(step, state)).as_ref(), matrix.get(&rule), "{rule:?}");
                    assert_eq!(offered.contains(&action), found.is_ok(), "{rule:?}");
                    if let Err(refusal) = found {
                        let ever = matrix.keys().any(|(name, who, _)| (name, who) == (&rule.0, &rule.1));
                        let ever =
                            ever || table.iter().any(|step| step.from.is_empty() && step.action == action && step.by.contains(&actor));
                        assert_eq!(refusal.code, if ever { Code::InvalidTransition } else { Code::NotAllowed }, "{rule:?}");
                    }
                }
            }
        }
        let words =
            |rule: &(String, String, String)| A::parse(&rule.0).is_some() && Actor::parse(&rule.1).is_some() && S::parse(&rule.2).is_some();
        assert!(matrix.keys().all(words), "the matrix names something that does not exist");
    }
}
