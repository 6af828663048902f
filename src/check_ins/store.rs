//! Rows of check-ins.

use diesel::prelude::*;

use crate::check_ins::domain::CheckIn;
use crate::db::Conn;
use crate::db::schema::check_ins;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{TrialId, UserId};
use crate::trials::terms::Party;

/// Adds an answer.
///
/// # Errors
/// 409 when this party has answered this one.
pub fn insert(conn: &mut Conn, trial: TrialId, answered_by: UserId, check_in: &CheckIn) -> Result<()> {
    diesel::insert_into(check_ins::table)
        .values((
            check_ins::trial_id.eq(trial),
            check_ins::day.eq(check_in.day),
            check_ins::party.eq(check_in.party),
            check_ins::going_well.eq(check_in.going_well),
            check_ins::message.eq(check_in.message.clone()),
            check_ins::answered_by.eq(answered_by),
            check_ins::answered_at.eq(check_in.answered_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// The answers of a trial, by day.
///
/// # Errors
/// 503 when the database is down.
pub fn of_trial(conn: &mut Conn, trial: TrialId) -> Result<Vec<CheckIn>> {
    let columns = (check_ins::day, check_ins::party, check_ins::going_well, check_ins::message, check_ins::answered_at);
    let rows: Vec<(i64, Party, bool, Option<String>, Instant)> =
        check_ins::table.filter(check_ins::trial_id.eq(trial)).order((check_ins::day, check_ins::party)).select(columns).load(conn)?;
    let check_in = |(day, party, going_well, message, answered_at)| CheckIn { day, party, going_well, message, answered_at };
    Ok(rows.into_iter().map(check_in).collect())
}
