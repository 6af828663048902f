//! The tables of `columns` as SQL: one dialect where both engines agree, two where an instant or a date becomes JSON. Nothing
//! of a person ever stands in a statement: they are bound, always in the same order. Pure.

use crate::privacy::domain::{Author, Class, Column, Erasure, Kind, Table};

/// Who it is about: $1 to $7 are [`crate::privacy::domain::Traces`] in the order of its fields here.
const PERSON: &str = "WITH person (user_id, developer_id, organization_id, name, email, email_key, organization_name) AS \
     (SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT)), \
     trials_of AS (SELECT id FROM trials WHERE developer_id = (SELECT developer_id FROM person) \
         UNION SELECT id FROM trials WHERE organization_id = (SELECT organization_id FROM person)), \
     things AS (SELECT user_id AS id FROM person UNION SELECT developer_id FROM person WHERE developer_id <> '' \
         UNION SELECT organization_id FROM person WHERE organization_id <> '' UNION SELECT id FROM trials_of \
         UNION SELECT id FROM vetting_applications WHERE developer_id = (SELECT developer_id FROM person) \
         UNION SELECT id FROM invitations WHERE developer_id = (SELECT developer_id FROM person) \
         UNION SELECT id FROM invitations WHERE job_request_id IN \
             (SELECT id FROM job_requests WHERE organization_id = (SELECT organization_id FROM person)) \
         UNION SELECT id FROM job_requests WHERE organization_id = (SELECT organization_id FROM person) \
         UNION SELECT id FROM sessions WHERE user_id = (SELECT user_id FROM person)) ";

/// What stands in place of a name.
const MASKED: [&str; 3] = ["name", "email", "organization_name"];

/// Which JSON functions and casts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// The other.
    Postgres,
}

/// A statement about the person: `rest` with its placeholders filled.
pub fn about_person(rest: &str) -> String {
    let mut rest = rest.replace("{trials}", "trials_of").replace("{things}", "things");
    for (place, column) in [
        ("{user}", "user_id"),
        ("{developer}", "developer_id"),
        ("{organization}", "organization_id"),
        ("{email}", "email"),
        ("{email_key}", "email_key"),
    ] {
        rest = rest.replace(place, &format!("(SELECT {column} FROM person)"));
    }
    format!("{PERSON}{rest}")
}

/// Every row of the table that is the person's, each as a JSON object in the column `line`; none when there is nothing to give.
pub fn export(table: &Table, dialect: Dialect) -> Option<String> {
    let members: Vec<String> = table.columns.iter().filter_map(|column| member(column, dialect)).collect();
    if table.exported.is_empty() {
        return None;
    }
    let (object, members) = (if dialect == Dialect::Sqlite { "json_object" } else { "json_build_object" }, members.join(", "));
    Some(about_person(&format!(
        "SELECT CAST({object}({members}) AS TEXT) AS line FROM \"{}\" WHERE {} ORDER BY 1",
        table.name, table.exported
    )))
}

fn member(column: &Column, dialect: Dialect) -> Option<String> {
    let name = format!("\"{}\"", column.name);
    let value = match (column.kind, dialect) {
        (Kind::Instant, Dialect::Postgres) => format!("CAST(extract(epoch FROM {name}) * 1000000 AS BIGINT)"),
        (Kind::Date, Dialect::Postgres) => format!("CAST({name} AS TEXT)"),
        _ => name.clone(),
    };
    let value = match column.class {
        Class::Hidden(_) | Class::Secret(_) | Class::Inner | Class::Public => return None,
        Class::Actor => format!("CASE WHEN {name} = {{user}} THEN {value} END"),
        Class::Words { by: "", .. } => return None,
        Class::Words { by, .. } => format!("CASE WHEN \"{by}\" = {{user}} THEN {value} END"),
        // Who wrote it comes along: whose words stay is said once they are read.
        Class::WordsWithin { by, shared: false, .. } => format!("{value}, '{}', {}", author_of(column), writer(by)),
        Class::Id | Class::Fact | Class::Shared | Class::Personal(_) | Class::WordsWithin { shared: true, .. } => value,
    };
    Some(format!("'{}', {value}", column.name))
}

/// Under which name an exported row tells who wrote the words inside of a column.
pub fn author_of(column: &Column) -> String {
    format!("{} by", column.name)
}

/// Who wrote the words of a row, in SQL; empty where the row does not know.
pub fn writer(by: Author) -> String {
    match by {
        Author::Row(value) => format!("coalesce({value}, '')"),
        Author::Member(_) => "CAST('' AS TEXT)".to_owned(),
    }
}

/// The rows that an erasure deletes.
pub fn delete(table: &Table) -> Option<String> {
    let (Erasure::Rows(which) | Erasure::RowsAndColumns(which, _)) = table.erasure else { return None };
    Some(about_person(&format!("DELETE FROM \"{}\" WHERE {which}", table.name)))
}

/// What an erasure changes in the rows that stay; words within JSON are not among it.
pub fn update(table: &Table) -> Option<String> {
    let which = changed(table)?;
    let changes: Vec<String> = table.columns.iter().filter_map(change).collect();
    let changes = Some(changes.join(", ")).filter(|changes| !changes.is_empty())?;
    Some(about_person(&format!("UPDATE \"{}\" SET {changes} WHERE {which}", table.name)))
}

/// Which rows an erasure is about and leaves.
fn changed(table: &Table) -> Option<&'static str> {
    match table.erasure {
        Erasure::Columns(which) | Erasure::RowsAndColumns(_, which) => Some(which),
        Erasure::None(_) | Erasure::Rows(_) => None,
    }
}

fn change(column: &Column) -> Option<String> {
    let name = format!("\"{}\"", column.name);
    let value = match column.class {
        Class::Personal(value) | Class::Hidden(value) | Class::Secret(value) => value.to_owned(),
        Class::Words { by: "", erased } => erased.to_owned(),
        Class::Words { by, erased } => format!("CASE WHEN \"{by}\" = {{user}} THEN {erased} ELSE {} END", masked(&name)),
        _ => return None,
    };
    Some(format!("{name} = {value}"))
}

/// `column` without the person's name; a name that is left empty is not looked for.
fn masked(column: &str) -> String {
    MASKED.iter().fold(column.to_owned(), |text, name| format!("replace({text}, (SELECT {name} FROM person), 'Erased')"))
}

/// The columns of a table with words inside of JSON: the member, who wrote it, and which of the rows an erasure is about.
pub fn within(table: &Table) -> impl Iterator<Item = (&Column, &'static str, Author, &'static str)> {
    let which = changed(table);
    table.columns.iter().filter_map(move |column| match (column.class, which) {
        (Class::WordsWithin { member, by, .. }, Some(which)) => Some((column, member, by, which)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::columns::TABLES;

    #[test]
    fn every_condition_is_filled_and_no_secret_is_exported() {
        for table in TABLES {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let statement = export(table, dialect).unwrap_or_default();
                assert!(!statement.contains(['{', '}']), "{statement}");
                for column in table.columns.iter().filter(|column| matches!(column.class, Class::Secret(_) | Class::Hidden(_))) {
                    assert!(!statement.contains(&format!("'{}'", column.name)), "{}.{}", table.name, column.name);
                }
            }
            for statement in [delete(table), update(table)].into_iter().flatten() {
                assert!(!statement.contains(['{', '}']) || statement.contains("'{}'"), "{statement}");
            }
        }
    }

    #[test]
    fn ones_own_words_go_and_in_anothers_the_name() {
        let reviews = TABLES.iter().find(|table| table.name == "reviews").and_then(update).unwrap();
        let update = reviews.split_once("UPDATE").unwrap().1;
        assert!(update.contains("\"message\" = CASE WHEN \"written_by\" = (SELECT user_id FROM person) THEN '' ELSE replace("), "{update}");
        assert!(!update.contains("\"rating\""), "{update}");
    }
}
