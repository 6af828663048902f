//! Rows of hand-overs.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::db::schema::hand_overs;
use crate::db::types::Json;
use crate::hand_overs::domain::{HandOver, HandOverItem};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{TrialId, UserId};
use crate::trials::terms::Party;

/// An item as it is kept: with who wrote it, as it is theirs in an export and goes with them.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    what: String,
    who: Party,
    done: bool,
    /// Nobody wrote what the first list says.
    #[serde(default)]
    written_by: Option<UserId>,
}

impl From<Kept> for HandOverItem {
    fn from(Kept { what, who, done, .. }: Kept) -> Self {
        Self { what, who, done }
    }
}

/// The list of a trial, which its caller has locked or only reads; the first one where nobody has changed it.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, trial: TrialId) -> Result<HandOver> {
    let columns = (hand_overs::items_json, hand_overs::finished, hand_overs::version);
    let row: Option<(Json<Vec<Kept>>, bool, i64)> = hand_overs::table.find(trial).select(columns).first(conn).optional()?;
    let list = |(Json(items), finished, version): (Json<Vec<Kept>>, bool, i64)| HandOver {
        items: items.into_iter().map(HandOverItem::from).collect(),
        finished,
        version,
    };
    Ok(row.map_or_else(HandOver::first, list))
}

/// Keeps this list instead of the one before. What is new in it was written by `by`.
///
/// # Errors
/// 503 when the database is down.
pub fn put(conn: &mut Conn, trial: TrialId, list: &HandOver, by: UserId, now: Instant) -> Result<()> {
    let before = authors(conn, trial)?;
    let kept = |HandOverItem { what, who, done }: HandOverItem| {
        let former = before.iter().find(|(text, _)| *text == what);
        Kept { written_by: former.map_or(Some(by), |(_, author)| *author), what, who, done }
    };
    let items: Vec<Kept> = list.items.iter().cloned().map(kept).collect();
    diesel::delete(hand_overs::table.find(trial)).execute(conn)?;
    diesel::insert_into(hand_overs::table)
        .values((
            hand_overs::trial_id.eq(trial),
            hand_overs::items_json.eq(Json(items)),
            hand_overs::finished.eq(list.finished),
            hand_overs::version.eq(list.version),
            hand_overs::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// What the list says now, and who wrote it.
fn authors(conn: &mut Conn, trial: TrialId) -> Result<Vec<(String, Option<UserId>)>> {
    let row: Option<Json<Vec<Kept>>> = hand_overs::table.find(trial).select(hand_overs::items_json).first(conn).optional()?;
    let Some(Json(items)) = row else { return Ok(HandOver::first().items.into_iter().map(|item| (item.what, None)).collect()) };
    Ok(items.into_iter().map(|item| (item.what, item.written_by)).collect())
}
