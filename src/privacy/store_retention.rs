//! Who is long gone, who follows an owner, and what is too old.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::accounts::domain::{AccountStatus, MemberRole};
use crate::db::Conn;
use crate::db::schema::{members, users};
use crate::db::types::InstantSql;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AuditId, OrganizationId, UserId};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: String,
}

/// No sign of them since $1: nothing done (ids in the audit log begin with their time, $2), no trial that is not over. Sample
/// data is nobody's. The status is no key to search by (`db::support::unindexed`). One who was asked already is only found again by whoever looks for that one.
const IDLE: &str = "SELECT u.id FROM users u JOIN developers d ON d.user_id = u.id \
     WHERE u.created_at < $1 AND d.updated_at < $1 \
     AND NOT EXISTS (SELECT 1 FROM audit_entries a WHERE a.actor_id = u.id AND a.id >= $2) \
     AND NOT EXISTS (SELECT 1 FROM trials t WHERE t.developer_id = d.id AND t.state NOT IN ('ended', 'void')) \
     AND NOT d.synthetic AND u.status || '' = 'active' AND ";

/// Developers of whom there was no sign since then and who were not asked yet, at most `limit`.
///
/// # Errors
/// 503 when the database is down.
pub fn idle(conn: &mut Conn, since: Instant, limit: i64) -> Result<Vec<UserId>> {
    let statement = format!("{IDLE} NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = u.id) ORDER BY u.id LIMIT $3");
    let query = sql_query(statement).bind::<InstantSql, _>(since).bind::<Text, _>(AuditId::first_at(since).to_string());
    let rows: Vec<Found> = query.bind::<BigInt, _>(limit).load(conn)?;
    rows.iter().map(|row| row.id.parse().map_err(Error::internal)).collect()
}

/// Whether there is still no sign of this one.
///
/// # Errors
/// 503 when the database is down.
pub fn is_idle(conn: &mut Conn, user: UserId, since: Instant) -> Result<bool> {
    let query = sql_query(format!("{IDLE} u.id = $3")).bind::<InstantSql, _>(since);
    let rows: Vec<Found> = query.bind::<Text, _>(AuditId::first_at(since).to_string()).bind::<Text, _>(user.to_string()).load(conn)?;
    Ok(!rows.is_empty())
}

/// Who becomes the owner when `leaving` goes: nobody, when another owner stays or nobody else acts for the organisation.
///
/// # Errors
/// 503 when the database is down.
pub fn heir(conn: &mut Conn, organization: OrganizationId, leaving: UserId) -> Result<Option<UserId>> {
    let others: Vec<(UserId, MemberRole)> = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(organization))
        .filter(members::user_id.ne(leaving))
        .filter(users::status.eq(AccountStatus::Active))
        .order((members::joined_at, members::user_id))
        .select((members::user_id, members::role))
        .load(conn)?;
    let owned = others.iter().any(|(_, role)| *role == MemberRole::Owner);
    Ok(others.first().map(|(user, _)| *user).filter(|_| !owned))
}

/// Carries out what a rule says about everything before an instant; says how many rows that touched.
///
/// # Errors
/// 503 when the database is down.
pub fn carry_out(conn: &mut Conn, statements: &[&str], before: Instant) -> Result<usize> {
    statements.iter().map(|statement| Ok(sql_query(*statement).bind::<InstantSql, _>(before).execute(conn)?)).sum()
}
