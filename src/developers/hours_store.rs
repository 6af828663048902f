//! The hours that trials hold. `trials` calls these in its own transactions, after `db::lock::developer`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::commitments::dsl;
use crate::developers::hours::Commitment;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{CommitmentId, DeveloperId, TrialId};

/// 9999-12-31T00:00:00Z, in microseconds: stands in the database for "until the developer releases the hours".
const OPEN_END: i64 = 253_402_214_400_000_000;

fn open_end() -> Instant {
    Instant::from_micros(OPEN_END)
}

/// Lets the trial hold `hours` per week from `starts_at` until `ends_at` (`None`: until the developer releases them),
/// instead of what it held before.
///
/// # Errors
/// 503 when the database is down.
pub fn hold_hours(
    conn: &mut Conn,
    trial_id: TrialId,
    developer_id: DeveloperId,
    hours: i64,
    starts_at: Instant,
    ends_at: Option<Instant>,
    now: Instant,
) -> Result<()> {
    diesel::delete(dsl::commitments.filter(dsl::trial_id.eq(trial_id))).execute(conn)?;
    // A trial holds hours once, so that its number serves for both.
    let id = CommitmentId::from_u128(u128::from_be_bytes(*trial_id.as_bytes()));
    diesel::insert_into(dsl::commitments)
        .values((
            dsl::id.eq(id),
            dsl::developer_id.eq(developer_id),
            dsl::trial_id.eq(trial_id),
            dsl::hours_per_week.eq(hours),
            dsl::starts_at.eq(starts_at),
            dsl::ends_at.eq(ends_at.unwrap_or_else(open_end)),
        ))
        .execute(conn)?;
    note(conn, ChangeKind::Developer, &developer_id, now)
}

/// Frees the hours of the trial, which are the developer's, from `at` on; hours that would begin only then are never held. Nothing held: nothing done.
///
/// # Errors
/// 503 when the database is down.
pub fn release_hours(conn: &mut Conn, trial_id: TrialId, developer_id: DeveloperId, at: Instant, now: Instant) -> Result<()> {
    let of_trial = dsl::commitments.filter(dsl::trial_id.eq(trial_id)).filter(dsl::developer_id.eq(developer_id));
    diesel::delete(of_trial.filter(dsl::starts_at.ge(at))).execute(conn)?;
    diesel::update(of_trial).set(dsl::ends_at.eq(at)).execute(conn)?;
    note(conn, ChangeKind::Developer, &developer_id, now)
}

/// All hours that trials hold or held of the developer, by their begin.
///
/// # Errors
/// 503 when the database is down.
pub fn commitments(conn: &mut Conn, developer_id: DeveloperId) -> Result<Vec<Commitment>> {
    let rows: Vec<(TrialId, i64, Instant, Instant)> = dsl::commitments
        .filter(dsl::developer_id.eq(developer_id))
        .order((dsl::starts_at, dsl::id))
        .select((dsl::trial_id, dsl::hours_per_week, dsl::starts_at, dsl::ends_at))
        .load(conn)?;
    Ok(rows.into_iter().map(commitment).collect())
}

fn commitment((trial_id, hours_per_week, starts_at, ends_at): (TrialId, i64, Instant, Instant)) -> Commitment {
    Commitment { trial_id, hours_per_week, starts_at, ends_at: (ends_at < open_end()).then_some(ends_at) }
}
