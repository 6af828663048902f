//! Scratch until the change log is merged: loads everything anew whenever somebody asks.

use std::sync::Arc;

use crate::db::Conn;
use crate::db::changes::Change;
use crate::db::pool::Db;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::Result;

/// Whoever holds a copy of what the database has.
pub trait Follower: Send + Sync {
    /// Everything anew, in one snapshot.
    ///
    /// # Errors
    /// 503 when the database is down.
    fn load(&self, conn: &mut Conn, now: Instant) -> Result<()>;
    /// What has changed, to be read again by id.
    ///
    /// # Errors
    /// 503 when the database is down.
    fn apply(&self, conn: &mut Conn, changes: &[Change], now: Instant) -> Result<()>;
    /// When something it holds stops being right by itself.
    fn due(&self) -> Option<Instant>;
}

/// Feeds the followers.
pub struct Feed {
    db: Db,
    clock: SharedClock,
    followers: Vec<Arc<dyn Follower>>,
}

impl Feed {
    /// Over `db`.
    pub fn new(db: Db, clock: SharedClock, followers: Vec<Arc<dyn Follower>>) -> Self {
        Self { db, clock, followers }
    }

    /// Until what was committed is applied.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn fresh(&self) -> Result<()> {
        let (followers, now) = (self.followers.clone(), self.clock.now());
        self.db.read(move |conn| followers.iter().try_for_each(|follower| follower.load(conn, now))).await
    }
}
