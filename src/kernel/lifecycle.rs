//! A lifecycle's table as a description that people and programs read; made from the table, so that it cannot differ from it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::process::{Actor, Table, To, is_finished};
use crate::kernel::words::Word;

/// Something that a table names, with what it means.
pub trait Described {
    /// The word.
    fn word(&self) -> String;

    /// What it means, in a sentence.
    fn about(&self) -> String;
}

impl<W: Word> Described for W {
    fn word(&self) -> String {
        self.as_str().to_owned()
    }

    fn about(&self) -> String {
        Word::about(*self).to_owned()
    }
}

/// A word with what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LifecycleWord {
    /// The word.
    pub word: String,
    /// What it means.
    pub about: String,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LifecycleState {
    /// The word.
    pub state: String,
    /// What it means.
    pub about: String,
    /// Whether no step leads on from it; only an appeal may.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LifecycleStep {
    /// What is done.
    pub action: String,
    /// What that means.
    pub about: String,
    /// In which states; none for the beginning.
    pub from: Vec<String>,
    /// By whom.
    pub by: Vec<Actor>,
    /// Where it leads: a state, or in words.
    pub to: String,
    /// From which state into which, one by one; the beginning comes from none.
    pub moves: Vec<LifecycleMove>,
    /// How it ends the process, where there are several endings.
    #[schema(required = true)]
    pub outcome: Option<String>,
    /// What must hold besides state and actor.
    pub guards: Vec<LifecycleWord>,
    /// The mails it sends.
    pub mails: Vec<LifecycleWord>,
}

/// One way that a step can go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LifecycleMove {
    /// From which state.
    #[schema(required = true)]
    pub from: Option<String>,
    /// Into which.
    pub to: String,
}

/// A lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lifecycle {
    /// Its name.
    pub name: String,
    /// Of what it is.
    pub about: String,
    /// Its states.
    pub states: Vec<LifecycleState>,
    /// Its steps, in the table's order.
    pub steps: Vec<LifecycleStep>,
}

/// The description of a table. `next` says which state follows in the order of the process, where there is one.
pub fn describe<S, A, G, M, O>(name: &str, about: &str, table: Table<S, A, G, M, O>, next: impl Fn(S) -> Option<S>) -> Lifecycle
where
    S: Word + PartialEq,
    A: Word,
    G: Described,
    M: Described,
    O: Described,
{
    let state = |state: &S| LifecycleState {
        state: state.as_str().to_owned(),
        about: Word::about(*state).to_owned(),
        is_final: is_finished(table, state),
    };
    let steps = table.iter().map(|step| LifecycleStep {
        action: step.action.as_str().to_owned(),
        about: Word::about(step.action).to_owned(),
        from: step.from.iter().map(|state| state.as_str().to_owned()).collect(),
        by: step.by.to_vec(),
        to: spoken(step.to),
        moves: moves(table, step.from, step.to, &next),
        outcome: step.outcome.as_ref().map(Described::word),
        guards: step.guards.iter().map(word).collect(),
        mails: step.mails.iter().map(word).collect(),
    });
    Lifecycle { name: name.to_owned(), about: about.to_owned(), states: S::ALL.iter().map(state).collect(), steps: steps.collect() }
}

fn word(named: &impl Described) -> LifecycleWord {
    LifecycleWord { word: named.word(), about: named.about() }
}

fn spoken<S: Word>(to: To<S>) -> String {
    match to {
        To::State(state) => state.as_str().to_owned(),
        To::Same => "the same".to_owned(),
        To::Remembered => "where it was".to_owned(),
        To::Next => "what follows".to_owned(),
        To::Appealed(state) => format!("{} if overturned, else the same", state.as_str()),
        To::New(state) => format!("{} of a new one", state.as_str()),
    }
}

fn moves<S: Word + PartialEq, A, G, M, O>(
    table: Table<S, A, G, M, O>,
    from: &[S],
    to: To<S>,
    next: impl Fn(S) -> Option<S>,
) -> Vec<LifecycleMove> {
    let one = |from: Option<S>, to: S| LifecycleMove { from: from.map(|from| from.as_str().to_owned()), to: to.as_str().to_owned() };
    if let (true, To::State(begin)) = (from.is_empty(), to) {
        return vec![one(None, begin)];
    }
    let targets = |state: S| match to {
        To::Remembered => left_for(table, state),
        _ => to.arrive(state, None, next(state)).into_iter().collect(),
    };
    from.iter().flat_map(|state| targets(*state).into_iter().map(|to| one(Some(*state), to))).collect()
}

/// The states that are left for `side`, and so come back from there.
fn left_for<S: Word + PartialEq, A, G, M, O>(table: Table<S, A, G, M, O>, side: S) -> Vec<S> {
    let leads_there = |state: &S| table.iter().any(|step| step.to == To::State(side) && step.from.contains(state));
    S::ALL.iter().copied().filter(leads_there).collect()
}
