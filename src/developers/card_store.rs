//! Cards of developers, with what vetting says of them (read only: vetting's tables are vetting's).

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{verified_skills, vetted_developers};
use crate::db::support::IsOneOf as _;
use crate::developers::card::Beside;
use crate::developers::card::PublicCard;
use crate::developers::card::Standing;
use crate::developers::card::StoredProfile;
use crate::developers::card::VerifiedSkill;
use crate::developers::card::VettedStatus;
use crate::developers::hours_store;
use crate::developers::store;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::sql_words;

sql_words!(VettedStatus);

#[derive(Queryable, Selectable)]
#[diesel(table_name = verified_skills)]
struct VerifiedRow {
    developer_id: DeveloperId,
    slug: String,
    level: i64,
    verified_at: Instant,
    expires_at: Instant,
}

/// Where the developer stands after vetting; `None` before the first approval.
///
/// # Errors
/// 503 when the database is down.
pub fn standing(conn: &mut Conn, id: DeveloperId) -> Result<Option<Standing>> {
    let row: Option<(VettedStatus, Instant)> = vetted_developers::table
        .filter(vetted_developers::developer_id.eq(id))
        .select((vetted_developers::status, vetted_developers::valid_until))
        .first(conn)
        .optional()?;
    Ok(row.map(|(status, valid_until)| Standing { status, valid_until }))
}

/// Where each of these developers stands after vetting, if there was an approval.
///
/// # Errors
/// 503 when the database is down.
pub fn standings(conn: &mut Conn, ids: &[DeveloperId]) -> Result<HashMap<DeveloperId, Standing>> {
    let rows = vetted_developers::table.filter(vetted_developers::developer_id.one_of(ids)).select((
        vetted_developers::developer_id,
        vetted_developers::status,
        vetted_developers::valid_until,
    ));
    let rows: Vec<(DeveloperId, VettedStatus, Instant)> = rows.load(conn)?;
    Ok(rows.into_iter().map(|(id, status, valid_until)| (id, Standing { status, valid_until })).collect())
}

/// What vetting has verified of each developer, by slug; also what has expired.
///
/// # Errors
/// 503 when the database is down.
pub fn verified(conn: &mut Conn, ids: &[DeveloperId]) -> Result<HashMap<DeveloperId, Vec<VerifiedSkill>>> {
    let rows: Vec<VerifiedRow> = verified_skills::table
        .filter(verified_skills::developer_id.one_of(ids))
        .order(verified_skills::slug)
        .select(VerifiedRow::as_select())
        .load(conn)?;
    let mut found: HashMap<DeveloperId, Vec<VerifiedSkill>> = HashMap::new();
    for VerifiedRow { developer_id, slug, level, verified_at, expires_at } in rows {
        let skill = VerifiedSkill { slug, level: store::level(level)?, verified_at, expires_at };
        found.entry(developer_id).or_default().push(skill);
    }
    Ok(found)
}

/// The public cards of developers, in the order of `ids`; those that do not exist are left out. Three queries.
///
/// # Errors
/// 503 when the database is down.
pub fn cards(conn: &mut Conn, ids: &[DeveloperId]) -> Result<Vec<PublicCard>> {
    let mut verified = verified(conn, ids)?;
    let profiles = store::profiles(conn, ids)?;
    let card = |each: StoredProfile| {
        let verified = verified.remove(&each.id).unwrap_or_default();
        PublicCard::new(each.id, each.profile, verified)
    };
    Ok(profiles.into_iter().map(card).collect())
}

/// What the platform knows beside the developer's profile.
///
/// # Errors
/// 503 when the database is down.
pub fn beside(conn: &mut Conn, id: DeveloperId) -> Result<Beside> {
    Ok(Beside {
        standing: standing(conn, id)?,
        verified_skills: verified(conn, &[id])?.remove(&id).unwrap_or_default(),
        commitments: hours_store::commitments(conn, id)?,
    })
}
