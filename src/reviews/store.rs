//! Rows of reviews.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::reviews;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, TrialId, UserId};
use crate::reviews::domain::Review;
use crate::trials::terms::Party;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = reviews)]
struct Row {
    trial_id: TrialId,
    party: Party,
    developer_id: DeveloperId,
    rating: i64,
    message: String,
    written_by: UserId,
    written_at: Instant,
    visible_at: Option<Instant>,
}

impl From<Review> for Row {
    fn from(review: Review) -> Self {
        let Review { trial_id, party, developer_id, rating, message, written_by, written_at, visible_at } = review;
        Self { trial_id, party, developer_id, rating, message, written_by, written_at, visible_at }
    }
}

impl From<Row> for Review {
    fn from(row: Row) -> Self {
        let Row { trial_id, party, developer_id, rating, message, written_by, written_at, visible_at } = row;
        Self { trial_id, party, developer_id, rating, message, written_by, written_at, visible_at }
    }
}

/// Adds a review.
///
/// # Errors
/// 409 when this party has written one.
pub fn insert(conn: &mut Conn, review: &Review) -> Result<()> {
    diesel::insert_into(reviews::table).values(Row::from(review.clone())).execute(conn)?;
    Ok(())
}

/// The reviews of a trial, the client's first.
///
/// # Errors
/// 503 when the database is down.
pub fn of_trial(conn: &mut Conn, trial: TrialId) -> Result<Vec<Review>> {
    let rows: Vec<Row> = reviews::table.filter(reviews::trial_id.eq(trial)).order(reviews::party).select(Row::as_select()).load(conn)?;
    Ok(rows.into_iter().map(Review::from).collect())
}

/// From `at` on everybody whom they concern sees the trial's reviews, and they count for the track record.
///
/// # Errors
/// 503 when the database is down.
pub fn reveal(conn: &mut Conn, trial: TrialId, at: Instant, now: Instant) -> Result<()> {
    let hidden = reviews::table.filter(reviews::trial_id.eq(trial)).filter(reviews::visible_at.is_null());
    let of: Option<DeveloperId> = hidden.select(reviews::developer_id).first(conn).optional()?;
    diesel::update(hidden).set(reviews::visible_at.eq(Some(at))).execute(conn)?;
    of.map_or(Ok(()), |developer| note(conn, ChangeKind::Developer, &developer, now))
}
