//! The catalogue in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::{skill_aliases, skill_neighbors, skill_substitutes, skills};
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::skills::domain::{Catalogue, Relation, Skill, Slug, spelling};
use crate::sql_value;

/// Any constant: what two nodes must agree on to take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7238461921)";

sql_value!([] Slug, diesel::sql_types::Text);

impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for Slug
where
    str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.as_str().to_sql(out)
    }
}

impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for Slug
where
    String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(String::from_sql(value)?.parse()?)
    }
}

/// A row of `skills`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skills)]
pub(super) struct SkillRow {
    slug: Slug,
    name: String,
    category: String,
    version: i64,
    created_at: Instant,
}

/// A row of `skill_aliases`.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skill_aliases)]
pub(super) struct AliasRow {
    alias: String,
    slug: Slug,
}

/// A row of `skill_neighbors`; ten-thousandths.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skill_neighbors)]
pub(super) struct NeighborRow {
    slug: Slug,
    neighbor: Slug,
    weight: i64,
}

/// A row of `skill_substitutes`; hundredths.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skill_substitutes)]
pub(super) struct SubstituteRow {
    slug: Slug,
    substitute: Slug,
    weight: i64,
}

impl SkillRow {
    /// The row of `skill`.
    pub(super) fn of(skill: &Skill, created_at: Instant) -> Self {
        let Skill { slug, name, category, version, aliases: _ } = skill.clone();
        Self { slug, name, category, version, created_at }
    }
}

impl AliasRow {
    /// The rows of a skill's aliases.
    pub(super) fn of(skill: &Skill) -> impl Iterator<Item = Self> {
        skill.aliases.iter().map(|alias| Self { alias: alias.clone(), slug: skill.slug.clone() })
    }
}

impl From<Relation> for NeighborRow {
    fn from(Relation { slug, other, weight }: Relation) -> Self {
        Self { slug, neighbor: other, weight }
    }
}

impl From<Relation> for SubstituteRow {
    fn from(Relation { slug, other, weight }: Relation) -> Self {
        Self { slug, substitute: other, weight }
    }
}

/// What of the catalogue changes whenever anything in it changes: every change counts up a version, a new skill is newer
/// than all, one that goes is missing from the count.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Marker {
    #[diesel(sql_type = BigInt)]
    present: i64,
    #[diesel(sql_type = BigInt)]
    versions: i64,
    #[diesel(sql_type = Nullable<InstantSql>)]
    newest: Option<Instant>,
}

/// Makes changes of the catalogue take turns until the transaction ends: that a spelling names one skill is a rule
/// over several tables, which no unique index holds.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn lock(conn: &mut Conn) -> Result<()> {
    if let Conn::Postgres(conn) = conn {
        diesel::sql_query(LOCK).execute(conn)?;
    }
    Ok(())
}

/// The marker as of now.
///
/// # Errors
/// 503 when the database is down.
pub fn marker(conn: &mut Conn) -> Result<Marker> {
    const MARKER: &str = "SELECT COUNT(*) AS present, CAST(COALESCE(SUM(version), 0) AS BIGINT) AS versions, \
         MAX(created_at) AS newest FROM skills";
    Ok(diesel::sql_query(MARKER).get_result(conn)?)
}

/// The whole catalogue.
///
/// # Errors
/// 503 when the database is down.
pub fn load_catalogue(conn: &mut Conn) -> Result<Catalogue> {
    let rows: Vec<SkillRow> = skills::table.order(skills::slug).select(SkillRow::as_select()).load(conn)?;
    let aliases: Vec<AliasRow> = skill_aliases::table.order(skill_aliases::alias).select(AliasRow::as_select()).load(conn)?;
    let neighbors: Vec<NeighborRow> = skill_neighbors::table.select(NeighborRow::as_select()).load(conn)?;
    let substitutes: Vec<SubstituteRow> = skill_substitutes::table.select(SubstituteRow::as_select()).load(conn)?;
    let neighbors = neighbors.into_iter().map(|row| Relation { slug: row.slug, other: row.neighbor, weight: row.weight });
    let substitutes = substitutes.into_iter().map(|row| Relation { slug: row.slug, other: row.substitute, weight: row.weight });
    Ok(Catalogue::new(with_aliases(rows, aliases), substitutes.collect(), neighbors.collect()))
}

fn with_aliases(rows: Vec<SkillRow>, aliases: Vec<AliasRow>) -> Vec<Skill> {
    let mut grouped = std::collections::HashMap::<Slug, Vec<String>>::new();
    for row in aliases {
        grouped.entry(row.slug).or_default().push(row.alias);
    }
    let skill = |SkillRow { slug, name, category, version, created_at: _ }| {
        let aliases = grouped.remove(&slug).unwrap_or_default();
        Skill { slug, name, category, aliases, version }
    };
    rows.into_iter().map(skill).collect()
}

/// The slug of the skill that `text` names by slug or alias, as the database has it in this transaction.
///
/// # Errors
/// 503 when the database is down.
pub fn canonical(conn: &mut Conn, text: &str) -> Result<Option<Slug>> {
    let text = spelling(text);
    let by_slug: Option<Slug> = skills::table.find(&text).select(skills::slug).first(conn).optional()?;
    match by_slug {
        Some(slug) => Ok(Some(slug)),
        None => Ok(skill_aliases::table.find(&text).select(skill_aliases::slug).first(conn).optional()?),
    }
}

/// Adds a skill with its aliases.
///
/// # Errors
/// 409 when the slug or an alias is taken.
pub fn insert(conn: &mut Conn, skill: &Skill, now: Instant) -> Result<()> {
    diesel::insert_into(skills::table).values(SkillRow::of(skill, now)).execute(conn)?;
    insert_aliases(conn, skill)?;
    note(conn, ChangeKind::Skills, &skill.slug, now)
}

/// Writes a skill that is one version on, with its aliases.
///
/// # Errors
/// 412 when somebody was faster.
pub fn update(conn: &mut Conn, skill: &Skill, now: Instant) -> Result<()> {
    let row = skills::table.find(&skill.slug).filter(skills::version.eq(skill.version.saturating_sub(1)));
    let fields = (skills::name.eq(&skill.name), skills::category.eq(&skill.category), skills::version.eq(skill.version));
    if diesel::update(row).set(fields).execute(conn)? == 0 {
        return Err(Error::stale());
    }
    diesel::delete(skill_aliases::table.filter(skill_aliases::slug.eq(&skill.slug))).execute(conn)?;
    insert_aliases(conn, skill)?;
    note(conn, ChangeKind::Skills, &skill.slug, now)
}

fn insert_aliases(conn: &mut Conn, skill: &Skill) -> Result<()> {
    for row in AliasRow::of(skill) {
        diesel::insert_into(skill_aliases::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Makes `substitutes` (hundredths) all that stands in for `slug`, and it for them. [`count_up`] goes before, for all whom it concerns.
///
/// # Errors
/// 503 when the database is down.
pub fn replace_substitutes(conn: &mut Conn, slug: &Slug, substitutes: &[(Slug, i64)]) -> Result<()> {
    use skill_substitutes::dsl;
    diesel::delete(dsl::skill_substitutes.filter(dsl::slug.eq(slug))).execute(conn)?;
    diesel::delete(dsl::skill_substitutes.filter(dsl::substitute.eq(slug))).execute(conn)?;
    for (other, weight) in substitutes {
        for (slug, other) in [(slug, other), (other, slug)] {
            let row = SubstituteRow::from(Relation { slug: slug.clone(), other: other.clone(), weight: *weight });
            diesel::insert_into(dsl::skill_substitutes).values(row).execute(conn)?;
        }
    }
    Ok(())
}

/// Counts up the versions of skills whose relations change, and notes that they do.
///
/// # Errors
/// 503 when the database is down.
pub fn count_up(conn: &mut Conn, slugs: &[Slug], now: Instant) -> Result<()> {
    let rows = skills::table.filter(skills::slug.eq_any(slugs.to_vec()));
    diesel::update(rows).set(skills::version.eq(skills::version + 1)).execute(conn)?;
    slugs.iter().try_for_each(|slug| note(conn, ChangeKind::Skills, slug, now))
}

/// Removes a skill with its aliases and relations.
///
/// # Errors
/// 409 when another room's row refers to it.
pub fn delete(conn: &mut Conn, slug: &Slug, now: Instant) -> Result<()> {
    diesel::delete(skills::table.find(slug)).execute(conn)?;
    note(conn, ChangeKind::Skills, slug, now)
}
