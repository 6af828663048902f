//! `docs/privacy.md`: what is kept of whom, for how long, and what becomes of it. Made from the tables; pure.

use crate::privacy::columns::TABLES;
use crate::privacy::domain::{Class, Column, Erasure, Kind, Table};
use crate::privacy::retention::{Period, RULES};

const HEAD: &str = "# Privacy

Made from the tables in the code (`src/privacy/columns.rs`, `src/privacy/retention.rs`) by `guildhall privacy > docs/privacy.md`; a
test holds this file to them, and another fails for a column of the database that is missing here.

- **Export**: `GET /v1/me/export` gives a person everything below that is theirs and exported, and a developer's résumé.
- **Erasure**: `DELETE /v1/me` closes the account at once and erases within `privacy.erasure_days`. Trials that are agreed or running
  must end first. An organisation that others act for stays; when its owner leaves, whoever has acted for it the longest owns it.
  What the other parties of trials have stays whole: contracts, events, hours, ratings, with ids for names.
- **Files**: after an erasure, and once a day when anything else was let go of, SQLite's file is written anew and its log emptied;
  PostgreSQL's tables of up to 256 MiB are written anew as well. Larger ones are vacuumed, which frees the rows and leaves their bytes
  until others take their place: `VACUUM FULL` them when nobody is there. PostgreSQL's log is used again within hours. Backups, archived
  logs of the database and mails that are delivered are with whoever keeps them: let them expire.
- **The process's log** names nobody: ids of requests, and of mails.

## What columns hold

| class | meaning |
|---|---|
";

const CLASSES: [Class; 9] = [
    Class::Id,
    Class::Actor,
    Class::Fact,
    Class::Shared,
    Class::Personal(""),
    Class::Words { by: "", erased: "" },
    Class::Hidden(""),
    Class::Secret(""),
    Class::Inner,
];

/// The page.
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    for class in CLASSES.into_iter().chain([Class::Public]) {
        line(&mut page, &format!("| {} | {} |", class.word(), class.about()));
    }
    page.push_str("\n## How long\n\n| what | how long | then | why |\n|---|---|---|---|\n");
    for rule in RULES {
        let period = match rule.period {
            Period::Days(setting, _) => format!("`{setting}`"),
            Period::Elsewhere(words) => words.to_owned(),
        };
        line(&mut page, &format!("| {} | {period} | {} | {} |", rule.what, rule.then, rule.why));
    }
    page.push_str("\n## Every table\n");
    TABLES.iter().for_each(|table| section(&mut page, table));
    page
}

fn section(page: &mut String, table: &Table) {
    let leaves = match table.erasure {
        Erasure::None(why) => format!("untouched: {why}"),
        Erasure::Rows(_) => "the person's rows are deleted".to_owned(),
        Erasure::Columns(_) => "rows stay, and what is personal in them goes".to_owned(),
        Erasure::RowsAndColumns(..) => "the person's rows are deleted; others stay, and what the person wrote in them goes".to_owned(),
    };
    let exported = if table.exported.is_empty() { "no" } else { "the person's rows" };
    line(
        page,
        &format!(
            "\n### {}\n\n{} Export: {exported}. Erasure: {leaves}.\n\n| column | kind | class |\n|---|---|---|",
            table.name, table.about
        ),
    );
    for Column { name, kind, class } in table.columns {
        line(page, &format!("| `{name}` | {} | {} |", kind_word(*kind), class.word()));
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Json => "JSON",
        Kind::Instant => "instant",
        Kind::Date => "date",
        Kind::Number => "number",
        Kind::Flag => "flag",
    }
}

/// Adds a line.
fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}
