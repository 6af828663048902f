//! Rows of hand-overs.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::hand_overs;
use crate::db::types::Json;
use crate::hand_overs::domain::{HandOver, HandOverItem};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;

/// The list of a trial, which its caller has locked or only reads; the first one where nobody has changed it.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, trial: TrialId) -> Result<HandOver> {
    let columns = (hand_overs::items_json, hand_overs::finished, hand_overs::version);
    let row: Option<(Json<Vec<HandOverItem>>, bool, i64)> = hand_overs::table.find(trial).select(columns).first(conn).optional()?;
    Ok(row.map_or_else(HandOver::first, |(Json(items), finished, version)| HandOver { items, finished, version }))
}

/// Keeps this list instead of the one before.
///
/// # Errors
/// 503 when the database is down.
pub fn put(conn: &mut Conn, trial: TrialId, list: &HandOver, now: Instant) -> Result<()> {
    diesel::delete(hand_overs::table.find(trial)).execute(conn)?;
    diesel::insert_into(hand_overs::table)
        .values((
            hand_overs::trial_id.eq(trial),
            hand_overs::items_json.eq(Json(list.items.clone())),
            hand_overs::finished.eq(list.finished),
            hand_overs::version.eq(list.version),
            hand_overs::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}
