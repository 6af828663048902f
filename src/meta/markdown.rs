//! The lifecycles as a Markdown document: a Mermaid diagram and a table for each.

use std::collections::BTreeSet;

use crate::kernel::lifecycle::{Lifecycle, LifecycleMove, LifecycleStep, LifecycleWord};
use crate::kernel::words::Word as _;
use crate::meta::processes::Processes;

const HEAD: &str = "# Lifecycles

Made from the tables in the code by `guildhall processes > docs/lifecycles.md`; a test holds this file to them. The same is
served as JSON at `GET /v1/meta/processes`.
";

/// The document.
pub fn document(processes: &Processes) -> String {
    let sections = processes.processes.iter().map(section);
    std::iter::once(HEAD.to_owned()).chain(sections).collect::<Vec<_>>().join("\n")
}

fn section(lifecycle: &Lifecycle) -> String {
    let title = lifecycle.name.replace('_', " ");
    let mut lines = vec![format!("## {}\n\n{}\n\n```mermaid\nstateDiagram-v2", capital(&title), lifecycle.about)];
    lines.extend(edges(&lifecycle.steps));
    lines.extend(lifecycle.states.iter().filter(|state| state.is_final).map(|state| format!("    {} --> [*]", state.state)));
    lines.push("```\n\n| state | meaning |\n|---|---|".to_owned());
    lines.extend(lifecycle.states.iter().map(|state| format!("| `{}` | {} |", state.state, state.about)));
    lines.push("\n| action | from | by | to | must hold | mails |\n|---|---|---|---|---|---|".to_owned());
    lines.extend(lifecycle.steps.iter().map(row));
    let guards = lifecycle.steps.iter().flat_map(|step| &step.guards).map(|guard| format!("- `{}`: {}", guard.word, guard.about));
    let guards: BTreeSet<String> = guards.collect();
    if !guards.is_empty() {
        lines.push("\nWhat must hold:\n".to_owned());
        lines.extend(guards);
    }
    lines.join("\n") + "\n"
}

/// One arrow from state to state, however many steps go that way.
fn edges(steps: &[LifecycleStep]) -> Vec<String> {
    let mut arrows: Vec<(&LifecycleMove, Vec<String>)> = Vec::new();
    for (step, one) in steps.iter().flat_map(|step| step.moves.iter().map(move |one| (step, one))) {
        let label = label(step);
        match arrows.iter_mut().find(|(known, _)| *known == one) {
            Some((_, labels)) if labels.contains(&label) => {}
            Some((_, labels)) => labels.push(label),
            None => arrows.push((one, vec![label])),
        }
    }
    let line = |(one, labels): (&LifecycleMove, Vec<String>)| {
        format!("    {} --> {}: {}", one.from.as_deref().unwrap_or("[*]"), one.to, labels.join(", "))
    };
    arrows.into_iter().map(line).collect()
}

fn label(step: &LifecycleStep) -> String {
    step.outcome.as_ref().map_or_else(|| step.action.clone(), |outcome| format!("{} ({outcome})", step.action))
}

fn row(step: &LifecycleStep) -> String {
    let words = |words: &[LifecycleWord]| words.iter().map(|each| format!("`{}`", each.word)).collect::<Vec<_>>().join(", ");
    let from = if step.from.is_empty() { "–".to_owned() } else { step.from.join(", ") };
    let by = step.by.iter().map(|actor| actor.as_str()).collect::<Vec<_>>().join(", ");
    let outcome = step.outcome.as_ref().map(|outcome| format!(": {outcome}")).unwrap_or_default();
    let (guards, mails) = (words(&step.guards), words(&step.mails));
    format!("| `{}` | {from} | {by} | {}{outcome} | {guards} | {mails} |", step.action, step.to)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
