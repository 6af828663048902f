//! Merging one skill into another.
//!
//! A documented exception to "a store writes only its own tables": a merge renames a key that other rooms' rows refer to,
//! and those rooms may not be imported here. It changes nothing in their rows but that key, what follows when
//! two rows become one, and the version of what the rows belong to. Texts kept as JSON (scorecards, signed terms) keep the old slug,
//! which stays readable as an alias.

use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods as _, QueryableByName, RunQueryDsl as _, sql_query};

use crate::db::Conn;
use crate::db::schema::skill_aliases;
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::skills::domain::Slug;
use crate::skills::store;

/// A column that names skills, and what becomes of two rows that differ in nothing else.
struct Reference {
    table: &'static str,
    /// The rest of the row's key.
    owner: &'static str,
    /// The column that names the skill.
    column: &'static str,
    /// What the row that stays takes over from `old`.
    takes: &'static str,
    /// When it does.
    when: &'static str,
}

/// Everything that refers to a skill, but aliases.
const REFERENCES: [Reference; 7] = [
    Reference {
        table: "developer_skills",
        owner: "developer_id",
        column: "slug",
        takes: "level = CASE WHEN old.level > kept.level THEN old.level ELSE kept.level END, \
                years = CASE WHEN old.years > kept.years THEN old.years ELSE kept.years END",
        when: "TRUE",
    },
    Reference {
        table: "verified_skills",
        owner: "developer_id",
        column: "slug",
        takes: "level = old.level, verified_at = old.verified_at, expires_at = old.expires_at",
        when: "(old.level > kept.level OR (old.level = kept.level AND old.expires_at > kept.expires_at))",
    },
    Reference {
        table: "job_request_skills",
        owner: "job_request_id",
        column: "slug",
        takes: "min_level = CASE WHEN old.min_level > kept.min_level THEN old.min_level ELSE kept.min_level END, \
                min_years = CASE WHEN kept.min_years IS NULL OR old.min_years > kept.min_years THEN old.min_years ELSE kept.min_years END, \
                weight = CASE WHEN old.weight > kept.weight THEN old.weight ELSE kept.weight END, \
                must = (kept.must OR old.must), allow_adjacent = (kept.allow_adjacent AND old.allow_adjacent)",
        when: "TRUE",
    },
    relation("skill_neighbors", "slug", "neighbor"),
    relation("skill_neighbors", "neighbor", "slug"),
    relation("skill_substitutes", "slug", "substitute"),
    relation("skill_substitutes", "substitute", "slug"),
];

const fn relation(table: &'static str, column: &'static str, owner: &'static str) -> Reference {
    Reference { table, owner, column, takes: "weight = old.weight", when: "old.weight > kept.weight" }
}

impl Reference {
    /// Two rows become one, then the others are renamed. `$1` is the skill that stays, `$2` the one that goes;
    /// `$1` comes first in each, because SQLite counts by first appearance.
    fn statements(&self) -> [String; 3] {
        let Self { table, owner, column, takes, when } = self;
        [
            format!(
                "UPDATE {table} AS kept SET {takes} FROM {table} AS old \
                 WHERE kept.{column} = $1 AND old.{column} = $2 AND old.{owner} = kept.{owner} AND {when}"
            ),
            format!("DELETE FROM {table} WHERE {owner} IN (SELECT {owner} FROM {table} WHERE {column} = $1) AND {column} = $2"),
            format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2"),
        ]
    }
}

/// No skill is its own neighbour or substitute.
const SELF_PAIRS: [&str; 2] = [
    "DELETE FROM skill_neighbors WHERE (slug = $1 AND neighbor = $2) OR (slug = $2 AND neighbor = $1)",
    "DELETE FROM skill_substitutes WHERE (slug = $1 AND substitute = $2) OR (slug = $2 AND substitute = $1)",
];
const ALIASES: &str = "UPDATE skill_aliases SET slug = $1 WHERE slug = $2";

/// What shows the skill that goes gets a new version: its readers' `ETag`s and indexes must notice. `$1` is now.
const OWNERS: [&str; 2] = [
    "UPDATE developers SET version = version + 1, updated_at = $1 WHERE id IN \
     (SELECT developer_id FROM developer_skills WHERE slug = $2 UNION SELECT developer_id FROM verified_skills WHERE slug = $2)",
    "UPDATE job_requests SET version = version + 1, updated_at = $1 WHERE id IN \
     (SELECT job_request_id FROM job_request_skills WHERE slug = $2)",
];

/// Whoever follows the log of changes reads again what the merge rewrites. `$1` is now.
const NOTES: [&str; 2] = [
    "INSERT INTO changes (kind, subject, at) SELECT 'developer', id, $1 FROM developers WHERE id IN \
     (SELECT developer_id FROM developer_skills WHERE slug = $2 UNION SELECT developer_id FROM verified_skills WHERE slug = $2)",
    "INSERT INTO changes (kind, subject, at) SELECT 'job_request', id, $1 FROM job_requests WHERE id IN \
     (SELECT job_request_id FROM job_request_skills WHERE slug = $2)",
];

/// Makes everything that refers to `old` refer to `into`; `old` lives on as an alias. Inside a transaction.
///
/// # Errors
/// 409 when something that refers to `old` appears at the same time.
pub fn merge(conn: &mut Conn, old: &Slug, into: &Slug, now: Instant) -> Result<()> {
    hold(conn, old)?;
    for statement in OWNERS.iter().chain(&NOTES) {
        sql_query(*statement).bind::<InstantSql, _>(now).bind::<Text, _>(old).execute(conn)?;
    }
    let moves = REFERENCES.iter().flat_map(Reference::statements);
    for statement in SELF_PAIRS.map(str::to_owned).into_iter().chain([ALIASES.to_owned()]).chain(moves) {
        sql_query(statement).bind::<Text, _>(into).bind::<Text, _>(old).execute(conn)?;
    }
    store::delete(conn, old, now)?;
    let alias = (skill_aliases::alias.eq(old.as_str()), skill_aliases::slug.eq(into));
    diesel::insert_into(skill_aliases::table).values(alias).execute(conn)?;
    Ok(())
}

/// Keeps others from referring to the skill until the transaction ends. SQLite's writer is alone.
fn hold(conn: &mut Conn, slug: &Slug) -> Result<()> {
    if let Conn::Postgres(conn) = conn {
        sql_query("SELECT slug FROM skills WHERE slug = $1 FOR UPDATE").bind::<Text, _>(slug).execute(conn)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Uses {
    #[diesel(sql_type = BigInt)]
    uses: i64,
}

/// Whether another room's row refers to the skill.
///
/// # Errors
/// 503 when the database is down.
pub fn in_use(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    const USES: &str = "SELECT COUNT(*) AS uses FROM (SELECT slug FROM developer_skills WHERE slug = $1 \
         UNION SELECT slug FROM verified_skills WHERE slug = $1 UNION SELECT slug FROM job_request_skills WHERE slug = $1) AS named";
    let found: Uses = sql_query(USES).bind::<Text, _>(slug).get_result(conn)?;
    Ok(found.uses > 0)
}
