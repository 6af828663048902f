//! The words of the digests of matching. What a public card shows, never a score, a rate or a name.

use crate::notifications::letters::{Composed, name, spoken};
use crate::notifications::summaries::DeveloperLine;

pub(super) fn new_matches(title: &str, count: usize, developers: &[DeveloperLine]) -> Composed {
    let (title, who) = (name(title), number(count, "new developer fits", "new developers fit"));
    let letter = Composed::new(&format!("{who} {title}"), &format!("Since we last wrote, {who} your job request \u{201c}{title}\u{201d}."));
    list(letter, developers.iter().map(line).collect(), count)
}

pub(super) fn fitting_requests(count: usize, titles: &[String]) -> Composed {
    let what = number(count, "open request fits", "open requests fit");
    let letter = Composed::new(&format!("{what} you"), &format!("{what} you that we have not written to you about."));
    let letter = list(letter, titles.iter().map(|title| name(title)).collect(), count);
    letter.say("A client may offer you a trial at any time; why each request fits you stands beside it.")
}

fn line(developer: &DeveloperLine) -> String {
    let headline = developer.headline.as_deref().map(name).filter(|headline| !headline.is_empty());
    let headline = headline.unwrap_or_else(|| "A developer".to_owned());
    match &developer.seniority {
        Some(seniority) => format!("{headline} ({})", spoken(seniority)),
        None => headline,
    }
}

/// The lines, and how many more there are.
fn list(letter: Composed, mut lines: Vec<String>, count: usize) -> Composed {
    let more = count.saturating_sub(lines.len());
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let lines: Vec<String> = lines.into_iter().map(|line| format!("\u{2013} {line}")).collect();
    if lines.is_empty() { letter } else { letter.say(&lines.join("\n")) }
}

fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
