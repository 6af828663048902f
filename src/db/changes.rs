//! The log of changes: a row for each thing that changed, in the transaction that changed it, so that every node can follow.
//!
//! A reader keeps a *place* and asks for every row from there on. On SQLite a place is an id: one writes at a time, so the
//! order of ids is the order of commits. On PostgreSQL it is a transaction's number: the statement that reads the rows also
//! says which transaction was the oldest still open, and the next reading begins there. Nothing is lost, whoever commits
//! late; rows above that place are only read again, and the reader remembers which it has.
//!
//! Old rows are forgotten, and the place of the last one is marked in the same transaction: a reader whose place is not
//! behind the mark has missed something, or may have (when it has not read since a transaction as old as the log ended).

use std::cell::Cell;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, sql_query};

use crate::db::Conn;
use crate::db::schema::changes;
use crate::db::support::IntoKept as _;
use crate::db::types::InstantSql;
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::sql_words;
use crate::words;

words! {
    /// What has changed.
    pub enum ChangeKind {
        /// A developer, or what is known and counted of them: profile, hours, vetting, trials. Subject: the developer's id.
        Developer => "developer",
        /// A job request. Subject: its id.
        JobRequest => "job_request",
        /// Who an organisation has blocked or is blocked by. Subject: the organisation's id.
        Blocks => "blocks",
        /// The catalogue of skills. Subject: a slug, or `*` for all of it.
        Skills => "skills",
        /// Whatever a principal is made of: sessions, status, role, membership. Subject: the person's id.
        User => "user",
        /// What happened, for whoever listens. Subject: the event's id.
        Event => "event",
    }
}

sql_words!(ChangeKind);

/// Something has changed: read it again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// What sort of thing.
    pub kind: ChangeKind,
    /// Which one.
    pub subject: String,
}

thread_local! {
    /// Whether the work that this thread is at has noted anything.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Notes in the caller's transaction that something changed.
///
/// # Errors
/// 503 when the database is down.
pub fn note(conn: &mut Conn, kind: ChangeKind, subject: &impl Display, now: Instant) -> Result<()> {
    note_all(conn, kind, std::slice::from_ref(subject), now)
}

/// The same of several subjects; none is no change.
///
/// # Errors
/// 503 when the database is down.
pub fn note_all(conn: &mut Conn, kind: ChangeKind, subjects: &[impl Display], now: Instant) -> Result<()> {
    let row = |subject: &_| (changes::kind.eq(kind), changes::subject.eq(ToString::to_string(subject)), changes::at.eq(now));
    insert_rows!(conn, changes::table, subjects.iter().map(row).collect::<Vec<_>>())?;
    NOTED.set(NOTED.get() || !subjects.is_empty());
    Ok(())
}

/// Runs one piece of work and says whether it succeeded *and* noted anything.
pub(crate) fn watched<T>(work: impl FnOnce() -> Result<T>) -> (Result<T>, bool) {
    NOTED.set(false);
    let done = work();
    let noted = NOTED.replace(false) && done.is_ok();
    (done, noted)
}

/// Whoever keeps a process's memory true to the log.
#[async_trait]
pub(crate) trait CatchUp: Send + Sync {
    /// Applies what this process has committed up to its commit of this number; gives up where that takes long.
    async fn catch_up(self: Arc<Self>, number: u64);
}

/// The transactions that noted something and that this process has committed.
#[derive(Clone, Default)]
pub struct Commits {
    count: Arc<AtomicU64>,
    /// The last one that somebody was told of, who may count on it from then on.
    told: Arc<AtomicU64>,
    follower: Arc<OnceLock<Weak<dyn CatchUp>>>,
}

impl Commits {
    /// After a commit, before its caller is answered; gives its number.
    pub(crate) fn count_one(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    /// From now on `follower` catches up before anybody is told of a commit; only the first one does.
    pub(crate) fn followed_by(&self, follower: Weak<dyn CatchUp>) {
        drop(self.follower.set(follower));
    }

    /// Lets this process's memory catch up with a commit.
    pub(crate) async fn caught_up(&self, number: u64) {
        if let Some(follower) = self.follower.get().and_then(Weak::upgrade) {
            follower.catch_up(number).await;
        }
    }

    /// The caller of a commit is told of it now.
    pub(crate) fn tell(&self, number: u64) {
        self.told.fetch_max(number, Ordering::SeqCst);
    }

    /// So many until now.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// The number of the last one that somebody was told of.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }
}

/// Where a reader stands: rows are read in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The transaction's number on PostgreSQL, the row's id on SQLite.
    pub place: i64,
    /// The row's id.
    pub id: i64,
}

impl Cursor {
    /// Before every row of `place`.
    pub fn before(place: i64) -> Self {
        Self { place, id: 0 }
    }
}

/// A row of the log.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it stands.
    pub cursor: Cursor,
    /// What it says; `None`: a word of a newer release, of which nobody here holds anything.
    pub change: Option<Change>,
    /// When, by the clock of whoever wrote it.
    pub at: Instant,
}

/// What one statement, so one moment of the database, says.
#[derive(Debug, Clone)]
pub struct Batch {
    /// In the order of their cursors.
    pub rows: Vec<Row>,
    /// The place where the next reading must begin, once everything visible at this moment is read.
    pub next: i64,
    /// The last place at which rows may have been forgotten.
    pub forgotten: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = BigInt)]
    next: i64,
    #[diesel(sql_type = BigInt)]
    forgotten: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    place: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    subject: Option<String>,
    #[diesel(sql_type = Nullable<InstantSql>)]
    at: Option<Instant>,
}

impl Line {
    fn row(self) -> Option<Row> {
        let (kind, subject) = (ChangeKind::parse(&self.kind?), self.subject?);
        let change = kind.map(|kind| Change { kind, subject });
        Some(Row { cursor: Cursor { place: self.place?, id: self.id? }, change, at: self.at? })
    }
}

/// One line at least, so that `next` and `forgotten` come also when nothing has changed.
const READ_SQLITE: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) + 1 AS next, \
    f.up_to AS forgotten, c.id, c.id AS place, c.kind, c.subject, c.at FROM changes_forgotten f LEFT JOIN \
    (SELECT id, kind, subject, at FROM changes WHERE id >= $1 AND id > $2 ORDER BY id LIMIT $3) c ON TRUE ORDER BY c.id";
/// A number that no transaction of this cluster has had yet comes from a dump of another one: such rows say nothing here.
const READ_POSTGRES: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS next, \
    CASE WHEN f.up_to < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN f.up_to ELSE 0 END AS forgotten, \
    c.id, c.xid::text::bigint AS place, c.kind, c.subject, c.at FROM changes_forgotten f LEFT JOIN \
    (SELECT id, xid, kind, subject, at FROM changes WHERE (xid, id) > ($1::bigint::text::xid8, $2) \
        AND xid < pg_snapshot_xmax(pg_current_snapshot()) ORDER BY xid, id LIMIT $3) c ON TRUE ORDER BY c.xid, c.id";

/// At most `limit` rows after `from`.
///
/// # Errors
/// 503 when the database is down.
pub fn read(conn: &mut Conn, from: Cursor, limit: i64) -> Result<Batch> {
    let statement = if matches!(conn, Conn::Sqlite(_)) { READ_SQLITE } else { READ_POSTGRES };
    let query = sql_query(statement).bind::<BigInt, _>(from.place).bind::<BigInt, _>(from.id).bind::<BigInt, _>(limit);
    let lines: Vec<Line> = query.kept().load(conn)?;
    let (next, forgotten) = lines.first().map_or((from.place, 0), |line| (line.next, line.forgotten));
    Ok(Batch { rows: lines.into_iter().filter_map(Line::row).collect(), next, forgotten })
}

/// Where to begin reading for what is not yet visible at this moment of the database.
///
/// # Errors
/// 503 when the database is down.
pub fn position(conn: &mut Conn) -> Result<i64> {
    Ok(read(conn, Cursor::before(0), 0)?.next)
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    up_to: i64,
}

const OLD_SQLITE: &str = "SELECT count(*) AS rows, coalesce(max(id), 0) AS up_to FROM \
    (SELECT id FROM changes WHERE at < $1 ORDER BY id LIMIT $2)";
const FORGET_SQLITE: &str = "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < $1 ORDER BY id LIMIT $2)";
const MARK_SQLITE: &str = "UPDATE changes_forgotten SET up_to = max(up_to, $1)";
/// Never a row that a reader who is up to date may still have to read; and a mark from another cluster's dump is replaced.
const FORGET_POSTGRES: &str = "WITH gone AS (DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < $1 \
        AND (xid < pg_snapshot_xmin(pg_current_snapshot()) OR xid >= pg_snapshot_xmax(pg_current_snapshot())) ORDER BY id LIMIT $2) \
        RETURNING xid), \
    last AS (SELECT coalesce(max(xid::text::bigint), 0) AS up_to FROM gone WHERE xid < pg_snapshot_xmin(pg_current_snapshot())), \
    mark AS (UPDATE changes_forgotten f SET up_to = CASE WHEN f.up_to < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
        THEN greatest(f.up_to, last.up_to) ELSE last.up_to END FROM last WHERE EXISTS (SELECT 1 FROM gone)) \
    SELECT (SELECT count(*) FROM gone) AS rows, last.up_to FROM last";

/// Forgets at most `limit` changes noted before `before`, and marks up to where; gives their number. Inside a transaction.
///
/// # Errors
/// 503 when the database is down.
pub fn forget(conn: &mut Conn, before: Instant, limit: i64) -> Result<i64> {
    let sqlite = matches!(conn, Conn::Sqlite(_));
    let statement = if sqlite { OLD_SQLITE } else { FORGET_POSTGRES };
    let gone: Gone = sql_query(statement).bind::<InstantSql, _>(before).bind::<BigInt, _>(limit).get_result(conn)?;
    if sqlite && gone.rows > 0 {
        sql_query(FORGET_SQLITE).bind::<InstantSql, _>(before).bind::<BigInt, _>(limit).execute(conn)?;
        sql_query(MARK_SQLITE).bind::<BigInt, _>(gone.up_to).execute(conn)?;
    }
    Ok(gone.rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::migrate;
    use crate::kernel::error::Error;

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    fn log() -> Conn {
        let mut conn = Conn::Sqlite(SqliteConnection::establish(":memory:").unwrap());
        migrate::run(&mut conn).unwrap();
        conn
    }

    fn subjects(conn: &mut Conn, from: Cursor, limit: i64) -> Vec<String> {
        let batch = read(conn, from, limit).unwrap();
        batch.rows.into_iter().filter_map(|row| row.change).map(|change| change.subject).collect()
    }

    #[test]
    fn work_counts_when_it_noted_something_and_succeeded() {
        let mut conn = log();
        let mut noting = |fails: bool| {
            note(&mut conn, ChangeKind::User, &"one", at(0))?;
            if fails { Err(Error::not_found()) } else { Ok(()) }
        };
        assert!(!watched(|| noting(true)).1);
        assert!(watched(|| noting(false)).1);
        assert!(!watched(|| Ok(())).1, "what came before does not count");
    }

    #[test]
    fn a_reader_goes_on_where_it_was_also_when_all_was_forgotten() {
        let mut conn = log();
        let start = position(&mut conn).unwrap();
        for second in 0..5 {
            note(&mut conn, ChangeKind::Skills, &second, at(second)).unwrap();
        }
        diesel::sql_query("INSERT INTO changes (kind, subject, at) VALUES ('of a newer release', 'x', 0)").execute(&mut conn).unwrap();
        assert_eq!(subjects(&mut conn, Cursor::before(start), 2), ["0", "1"]);
        assert_eq!(subjects(&mut conn, Cursor { place: 2, id: 2 }, 10), ["2", "3", "4"]);
        let end = position(&mut conn).unwrap();
        assert_eq!(subjects(&mut conn, Cursor::before(end), 10), Vec::<String>::new());
        assert_eq!(forget(&mut conn, at(100), 2).unwrap(), 2);
        assert_eq!(read(&mut conn, Cursor::before(end), 10).unwrap().forgotten, 2);
        assert_eq!((forget(&mut conn, at(100), 10).unwrap(), forget(&mut conn, at(100), 10).unwrap()), (4, 0));
        let batch = read(&mut conn, Cursor::before(end), 10).unwrap();
        assert_eq!((batch.next, batch.forgotten < end, batch.forgotten >= start), (end, true, true));
        note(&mut conn, ChangeKind::Skills, &"next", at(5)).unwrap();
        assert_eq!(subjects(&mut conn, Cursor::before(end), 10), ["next"]);
    }
}
