//! What is a person's in every table: found, given out, erased. The one store that writes other rooms' rows, as
//! `columns` says for each.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use serde_json::{Map, Value};

use crate::accounts::domain::User;
use crate::accounts::{store as accounts, store_erasures};
use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{developers, members};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId, UserId};
use crate::privacy::columns::TABLES;
use crate::privacy::domain::{Class, Column, Kind, Table, Traces};
use crate::privacy::statements::{self, Dialect};
use crate::privacy::words::{Purpose, Words};

/// A name this short stands in too many texts that mean something else.
const SHORTEST_NAME: usize = 4;

/// The organisation that a person acts for and nobody else who stays.
///
/// # Errors
/// 503 when the database is down.
pub fn sole_organization(conn: &mut Conn, user: UserId) -> Result<Option<(OrganizationId, String)>> {
    let Some(membership) = accounts::membership(conn, user)? else { return Ok(None) };
    let others = members::table.filter(members::organization_id.eq(membership.id)).filter(members::user_id.ne(user));
    for other in others.select(members::user_id).load::<UserId>(conn)? {
        if !store_erasures::is_leaving(conn, other)? {
            return Ok(None);
        }
    }
    Ok(Some((membership.id, membership.name)))
}

/// By what a person is known in the tables.
///
/// # Errors
/// 404 when there is none.
pub fn traces(conn: &mut Conn, id: UserId) -> Result<Traces> {
    let user: User = accounts::user(conn, id)?;
    let developer: Option<DeveloperId> =
        developers::table.filter(developers::user_id.eq(id)).select(developers::id).first(conn).optional()?;
    let organization = sole_organization(conn, id)?;
    let telling = |name: &str| Some(name).filter(|name| name.chars().count() >= SHORTEST_NAME).unwrap_or_default().to_owned();
    Ok(Traces {
        user: id.to_string(),
        developer: developer.map(|id| id.to_string()).unwrap_or_default(),
        name: telling(&user.name),
        email: user.email.to_string(),
        email_key: user.email.key(),
        organization_name: organization.as_ref().map(|(_, name)| telling(name)).unwrap_or_default(),
        organization: organization.map(|(id, _)| id.to_string()).unwrap_or_default(),
    })
}

/// A statement of `statements` with the person bound; a macro, because each bind has a type of its own.
macro_rules! bound {
    ($statement:expr, $traces:expr) => {
        sql_query($statement)
            .bind::<Text, _>(&$traces.user)
            .bind::<Text, _>(&$traces.developer)
            .bind::<Text, _>(&$traces.organization)
            .bind::<Text, _>(&$traces.name)
            .bind::<Text, _>(&$traces.email)
            .bind::<Text, _>(&$traces.email_key)
            .bind::<Text, _>(&$traces.organization_name)
    };
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Everything that is the person's, by table; tables with nothing are left out.
///
/// # Errors
/// 503 when the database is down.
pub fn export(conn: &mut Conn, traces: &Traces) -> Result<Map<String, Value>> {
    let dialect = if matches!(conn, Conn::Sqlite(_)) { Dialect::Sqlite } else { Dialect::Postgres };
    let mut all = Map::new();
    for table in TABLES {
        let Some(statement) = statements::export(table, dialect) else { continue };
        let lines: Vec<Line> = bound!(statement, traces).load(conn)?;
        let rows: Vec<Value> = lines.iter().map(|line| readable(table, traces, &line.line)).collect::<Result<_>>()?;
        if !rows.is_empty() {
            all.insert(table.name.to_owned(), rows.into());
        }
    }
    Ok(all)
}

/// A row as a person reads it: instants and flags as the API writes them, JSON as JSON.
fn readable(table: &Table, traces: &Traces, line: &str) -> Result<Value> {
    let mut row: Map<String, Value> = serde_json::from_str(line).map_err(Error::internal)?;
    let mut members = Map::new();
    for column in table.columns {
        if let Some(value) = row.remove(column.name) {
            let name = column.name.strip_suffix("_json").unwrap_or(column.name);
            let author = row.remove(&statements::author_of(column)).unwrap_or_default();
            members.insert(name.to_owned(), readable_value(column, traces, value, author.as_str().unwrap_or_default())?);
        }
    }
    Ok(members.into())
}

fn readable_value(column: &Column, traces: &Traces, value: Value, author: &str) -> Result<Value> {
    Ok(match (column.kind, value) {
        (Kind::Instant, Value::Number(micros)) => {
            serde_json::to_value(Instant::from_micros(micros.as_i64().unwrap_or_default())).map_err(Error::internal)?
        }
        (Kind::Flag, Value::Number(flag)) => (flag.as_i64() == Some(1)).into(),
        (Kind::Json, Value::String(text)) => {
            let mut value = serde_json::from_str(&text).map_err(Error::internal)?;
            if let Class::WordsWithin { member, by, shared: false } = column.class {
                Words { member, by, whose: traces, purpose: Purpose::Export }.treat(&mut value, author);
            }
            value
        }
        (_, value) => value,
    })
}

/// Erases what every table tells of the person. What the other parties of trials have stays, with ids for names.
///
/// # Errors
/// 503 when the database is down.
pub fn erase(conn: &mut Conn, traces: &Traces, now: Instant) -> Result<()> {
    blank_letters(conn, traces)?;
    blank_quotes(conn, traces)?;
    for table in TABLES {
        for (column, member, by, which) in statements::within(table) {
            rewrite(conn, table, column, which, Words { member, by, whose: traces, purpose: Purpose::Erasure })?;
        }
    }
    // Parents before their children, which may still tell who wrote a parent's words; then children before their parents.
    for statement in TABLES.iter().rev().filter_map(statements::update).chain(TABLES.iter().filter_map(statements::delete)) {
        bound!(statement, traces).execute(conn)?;
    }
    // Whoever holds any of it in memory reads it again.
    note(conn, ChangeKind::User, &traces.user, now)?;
    if !traces.developer.is_empty() {
        note(conn, ChangeKind::Developer, &traces.developer, now)?;
    }
    if !traces.organization.is_empty() {
        note(conn, ChangeKind::Blocks, &traces.organization, now)?;
    }
    Ok(())
}

/// Mails to others that are about the person, or name them, keep no content; those about the person that wait are not sent.
/// Others may have the same name: what waits with it is about them.
fn blank_letters(conn: &mut Conn, traces: &Traces) -> Result<()> {
    const BLANK: &str = "UPDATE outbox SET letter_json = 'null', last_error = NULL, \
         state = CASE WHEN state = 'pending' THEN 'cancelled' ELSE state END WHERE letter_json <> 'null' AND ";
    const BLANK_NAMED: &str = "UPDATE outbox SET letter_json = 'null', last_error = NULL \
         WHERE state <> 'pending' AND replace(letter_json, CAST($1 AS TEXT), '') <> letter_json";
    let about =
        "(subject IN (SELECT id FROM {things}) OR EXISTS (SELECT 1 FROM {things} t WHERE replace(letter_json, t.id, '') <> letter_json))";
    bound!(statements::about_person(&format!("{BLANK}{about}")), traces).execute(conn)?;
    let headline: Option<Option<String>> =
        developers::table.filter(developers::user_id.eq(traces.user.clone())).select(developers::headline).first(conn).optional()?;
    let named = [Some(traces.name.clone()), Some(traces.email.clone()), Some(traces.organization_name.clone()), headline.flatten()];
    for name in named.into_iter().flatten().filter(|name| name.chars().count() >= SHORTEST_NAME) {
        // As it stands in JSON, without the quotes around it.
        let text = Value::from(name).to_string();
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&text).to_owned();
        sql_query(BLANK_NAMED).bind::<Text, _>(text).execute(conn)?;
    }
    Ok(())
}

/// Mails that quote what the person wrote keep no content, also where the organisation that they are about stays.
fn blank_quotes(conn: &mut Conn, traces: &Traces) -> Result<()> {
    const QUOTED: &str = "SELECT trial_id AS about, message AS line FROM trial_events WHERE user_id = {user} AND message <> '' \
         UNION SELECT trial_id, message FROM timesheet_events WHERE user_id = {user} AND message <> '' \
         UNION SELECT trial_id, message FROM check_ins WHERE answered_by = {user} AND message <> '' \
         UNION SELECT id, message FROM invitations WHERE invited_by = {user} AND message <> ''";
    const BLANK: &str = "UPDATE outbox SET letter_json = 'null', last_error = NULL, \
         state = CASE WHEN state = 'pending' THEN 'cancelled' ELSE state END \
         WHERE subject = CAST($1 AS TEXT) AND replace(letter_json, CAST($2 AS TEXT), '') <> letter_json";
    let quotes: Vec<Quote> = bound!(statements::about_person(QUOTED), traces).load(conn)?;
    for Quote { about, line } in quotes {
        // As it stands in JSON, with the quotes around it: a short word stands in many texts.
        sql_query(BLANK).bind::<Text, _>(about).bind::<Text, _>(Value::from(line).to_string()).execute(conn)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Quote {
    #[diesel(sql_type = Text)]
    about: String,
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = Text)]
    line: String,
    #[diesel(sql_type = Text)]
    author: String,
}

/// Changes the JSON of a column in the rows that an erasure is about. Rows are known by what they hold and who wrote it.
fn rewrite(conn: &mut Conn, table: &Table, column: &Column, which: &str, words: Words<'_>) -> Result<()> {
    let (table, column, writer, traces) = (table.name, column.name, statements::writer(words.by), words.whose);
    let all = format!("SELECT DISTINCT \"{column}\" AS line, {writer} AS author FROM \"{table}\" WHERE {which}");
    let update = format!(
        "UPDATE \"{table}\" SET \"{column}\" = CAST($8 AS TEXT) \
         WHERE \"{column}\" = CAST($9 AS TEXT) AND {writer} = CAST($10 AS TEXT) AND ({which})"
    );
    let rows: Vec<Written> = bound!(statements::about_person(&all), traces).load(conn)?;
    for Written { line, author } in rows {
        let mut value: Value = serde_json::from_str(&line).map_err(Error::internal)?;
        words.treat(&mut value, &author);
        let query = bound!(statements::about_person(&update), traces);
        query.bind::<Text, _>(value.to_string()).bind::<Text, _>(line).bind::<Text, _>(author).execute(conn)?;
    }
    Ok(())
}

/// The trials of the developer or the organisation that are agreed and not over.
///
/// # Errors
/// 503 when the database is down.
pub fn agreed_trials(conn: &mut Conn, traces: &Traces) -> Result<Vec<String>> {
    let statement = "SELECT id AS line FROM trials WHERE id IN (SELECT id FROM {trials}) \
         AND state IN ('scheduled', 'active', 'paused', 'conversion_offered', 'decision_due') ORDER BY id";
    let lines: Vec<Line> = bound!(statements::about_person(statement), traces).load(conn)?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}
