//! Due times as rows: what must happen, to what, and when. Nothing relies on a process having been up.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant as Stopwatch;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use futures_util::stream::{self, StreamExt as _};

use crate::db::Conn;
use crate::db::pool::Db;
use crate::db::schema::timers::dsl;
use crate::db::support::{IntoBoth as _, IntoKept as _, IsOneOf as _, unindexed};
use crate::db::types::InstantSql;
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;

/// How long a claimed timer is left alone by other nodes.
const LEASE: TimeDelta = TimeDelta::seconds(20);

/// A step that is due.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Due {
    /// The id of what it happens to.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// Which step of its process.
    #[diesel(sql_type = Text)]
    pub step: String,
    /// When it was due; the time that the step records.
    #[diesel(sql_type = InstantSql)]
    pub due_at: Instant,
}

/// Plans these steps of `subject`, each for its time, instead of whatever `room` had planned for it before.
///
/// # Errors
/// 503 when the database is down.
pub fn plan<'a>(conn: &mut Conn, room: &str, subject: &str, steps: impl IntoIterator<Item = (&'a str, Instant)>) -> Result<()> {
    let due = |(step, due_at): (&str, Instant)| Due { subject: subject.to_owned(), step: step.to_owned(), due_at };
    plan_all(conn, room, &[subject], &steps.into_iter().map(due).collect::<Vec<_>>())
}

/// Plans `steps` instead of whatever `room` had planned for these subjects before.
///
/// # Errors
/// 503 when the database is down.
pub fn plan_all(conn: &mut Conn, room: &str, subjects: &[&str], steps: &[Due]) -> Result<()> {
    diesel::delete(dsl::timers.filter(dsl::subject.one_of(subjects)).filter(unindexed(dsl::room).eq(room))).execute(conn)?;
    let row = |due: &Due| {
        let Due { subject, step, due_at } = due.clone();
        (dsl::subject.eq(subject), dsl::step.eq(step), dsl::room.eq(room.to_owned()), dsl::due_at.eq(due_at))
    };
    Ok(insert_rows!(conn, dsl::timers, steps.iter().map(row).collect::<Vec<_>>())?)
}

/// Plans `step` of `subject` for `due_at` unless it is planned already, for whenever.
///
/// # Errors
/// 503 when the database is down.
pub fn plan_unless_planned(conn: &mut Conn, room: &str, subject: &str, step: &str, due_at: Instant) -> Result<()> {
    diesel::insert_into(dsl::timers)
        .values((dsl::subject.eq(subject), dsl::step.eq(step), dsl::room.eq(room), dsl::due_at.eq(due_at)))
        .on_conflict_do_nothing()
        .both()
        .execute(conn)?;
    Ok(())
}

/// A room that plans steps.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct RoomSteps {
    /// Its word.
    #[diesel(sql_type = Text)]
    pub room: String,
    /// When the first step was due that is due and not done.
    #[diesel(sql_type = Nullable<InstantSql>)]
    pub overdue_since: Option<Instant>,
}

/// Each room that has planned anything, and how late it is at `now`. Goes along the index from room to room, however many timers there are.
///
/// # Errors
/// 503 when the database is down.
pub fn rooms(conn: &mut Conn, now: Instant) -> Result<Vec<RoomSteps>> {
    const ROOMS: &str = "WITH RECURSIVE rooms (room) AS (SELECT min(room) FROM timers UNION ALL \
         SELECT (SELECT min(room) FROM timers WHERE room > rooms.room) FROM rooms WHERE rooms.room IS NOT NULL) \
         SELECT room, (SELECT min(due_at) FROM timers WHERE timers.room = rooms.room AND due_at <= $1) AS overdue_since \
         FROM rooms WHERE room IS NOT NULL";
    Ok(diesel::sql_query(ROOMS).bind::<InstantSql, _>(now).load(conn)?)
}

/// Takes a due timer out of the plan; false when somebody was faster or it has been planned anew.
///
/// # Errors
/// 503 when the database is down.
pub fn take(conn: &mut Conn, due: &Due) -> Result<bool> {
    let row = dsl::timers.find((&due.subject, &due.step)).filter(dsl::due_at.eq(due.due_at));
    Ok(diesel::delete(row).execute(conn)? == 1)
}

/// Rings what is due in `room` at `now`, at most `limit` timers, each in a transaction of its own; says how many did
/// something. What belongs to one subject is rung in its order, different subjects at the same time, so that on SQLite they
/// share a commit and on PostgreSQL they use the cores. One that fails is tried again twenty seconds later, and holds up none
/// but its own subject's.
///
/// # Errors
/// 503 when the database is down.
pub async fn ring_due<R>(db: &Db, room: &'static str, now: Instant, limit: i64, ring: R) -> Result<usize>
where
    R: Fn(&mut Conn, &Due) -> Result<()> + Clone + Send + 'static,
{
    ring_together(db, room, now, limit, 1, move |conn, due| due.iter().try_for_each(|due| ring(conn, due))).await
}

/// As [`ring_due`], but timers of up to `together` subjects in one transaction, for which one statement may do what else takes
/// one each. When it fails, each of them is rung alone, so that one that cannot be rung holds up none of the others.
///
/// # Errors
/// 503 when the database is down.
pub async fn ring_together<R>(db: &Db, room: &'static str, now: Instant, limit: i64, together: usize, ring: R) -> Result<usize>
where
    R: Fn(&mut Conn, &[Due]) -> Result<()> + Clone + Send + 'static,
{
    let mut lanes = by_subject(db.write(move |conn| claim(conn, room, now, limit)).await?);
    let (mut rung, at_once) = (0_usize, db.side_by_side().checked_div(together).unwrap_or_default().max(1));
    while !lanes.is_empty() {
        let next: Vec<Due> = lanes.iter_mut().filter_map(VecDeque::pop_front).collect();
        let batches: Vec<Vec<Due>> = next.chunks(together).map(<[Due]>::to_vec).collect();
        let ringing = stream::iter(batches).map(|batch| ring_batch(db, batch, ring.clone())).buffer_unordered(at_once);
        let failed: HashSet<String> = ringing.collect::<Vec<_>>().await.into_iter().flatten().collect();
        // `next` has one timer of each subject, so those that failed are among them.
        rung = rung.saturating_add(next.len().saturating_sub(failed.len()));
        lanes.retain(|lane| lane.front().is_some_and(|due| !failed.contains(&due.subject)));
    }
    Ok(rung)
}

/// The timers of each subject, in their order; the subject with the oldest first.
fn by_subject(due: Vec<Due>) -> Vec<VecDeque<Due>> {
    let mut lanes: Vec<VecDeque<Due>> = Vec::with_capacity(due.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(due.len());
    for timer in due {
        let place = *places.entry(timer.subject.clone()).or_insert(lanes.len());
        match lanes.get_mut(place) {
            Some(lane) => lane.push_back(timer),
            None => lanes.push(VecDeque::from([timer])),
        }
    }
    lanes
}

/// Rings timers of different subjects; gives the subjects whose timer could not be rung. After several it rests for two thirds as long
/// as they took: at a midnight there may be thousands, and requests need the database as well.
async fn ring_batch<R>(db: &Db, batch: Vec<Due>, ring: R) -> Vec<String>
where
    R: Fn(&mut Conn, &[Due]) -> Result<()> + Clone + Send + 'static,
{
    if batch.len() > 1 {
        let began = Stopwatch::now();
        match ring_at_once(db, batch.clone(), ring.clone()).await {
            Ok(()) => {
                tokio::time::sleep(began.elapsed().saturating_mul(2).checked_div(3).unwrap_or_default()).await;
                return Vec::new();
            }
            Err(error) => tracing::warn!(%error, "steps of the clock failed together; each is tried alone"),
        }
    }
    let mut failed = Vec::new();
    for due in batch {
        if let Err(error) = ring_at_once(db, vec![due.clone()], ring.clone()).await {
            tracing::error!(%error, subject = due.subject, step = due.step, "a step of the clock failed; it will be tried again");
            failed.push(due.subject);
        }
    }
    failed
}

async fn ring_at_once<R>(db: &Db, due: Vec<Due>, ring: R) -> Result<()>
where
    R: Fn(&mut Conn, &[Due]) -> Result<()> + Send + 'static,
{
    db.write_behind(move |conn| ring(conn, &due)).await
}

/// Claims what is due in `room`, oldest first, so that other nodes leave it alone for twenty seconds.
///
/// # Errors
/// 503 when the database is down.
pub fn claim(conn: &mut Conn, room: &str, now: Instant, limit: i64) -> Result<Vec<Due>> {
    const ROWS: &str = "UPDATE timers SET leased_until = $1 WHERE (subject, step) IN (SELECT subject, step FROM timers \
         WHERE room = $2 AND due_at <= $3 AND (leased_until IS NULL OR leased_until <= $3) ORDER BY due_at, subject LIMIT $4";
    const BACK: &str = ") RETURNING subject, step, due_at";
    let skip = if matches!(conn, Conn::Postgres(_)) { " FOR UPDATE SKIP LOCKED" } else { "" };
    let mut due: Vec<Due> = diesel::sql_query(format!("{ROWS}{skip}{BACK}"))
        .bind::<InstantSql, _>(now.plus(LEASE))
        .bind::<Text, _>(room)
        .bind::<InstantSql, _>(now)
        .bind::<BigInt, _>(limit)
        .kept()
        .load(conn)?;
    due.sort_by(|left, right| (left.due_at, &left.subject).cmp(&(right.due_at, &right.subject)));
    Ok(due)
}
