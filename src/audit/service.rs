//! The audit log: read by admins, sealed by the worker, verified from the command line.

use serde_json::json;

use crate::audit::chain::{Anchor, Break, Verified, Walk};
use crate::audit::domain::{AuditEntry, Entry, Wanted};
use crate::audit::{store, store_chain};
use crate::db::pool::Db;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;

/// The most entries that are sealed in one transaction, so that no write waits for long on SQLite.
const SEALED_AT_ONCE: i64 = 256;
/// The most entries that are read at once along the chain.
const READ_AT_ONCE: i64 = 1000;

/// The audit log.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    clock: SharedClock,
}

impl Audit {
    /// The log of `db`.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock }
    }

    /// What was done, newest first.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: Principal, filter: Wanted, page: PageQuery) -> Result<Page<AuditEntry>> {
        principal.admin()?;
        let limit = page.limit;
        let rows = self.db.read(move |conn| store::list(conn, &filter, &page)).await?;
        Ok(Page::cut(rows, limit, |entry| entry.id.to_string()))
    }

    /// Notes that somebody asked for what they may not do.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn refused(&self, principal: &Principal, method: String, path: String) -> Result<()> {
        let (actor, now) = (principal.role.into(), self.clock.now());
        let entry = Entry::of(Some(principal.user), actor, "access.refused", path, now).with(json!({ "method": method }));
        self.db.write(move |conn| store::record(conn, &entry)).await
    }

    /// Seals a batch of new entries: whether there may be more, and where the chain ends; `None` when there were none.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn seal(&self) -> Result<Option<(bool, Anchor)>> {
        if !self.db.read(store_chain::is_behind).await? {
            return Ok(None);
        }
        let now = self.clock.now();
        let (count, head) = self.db.write(move |conn| store_chain::seal(conn, SEALED_AT_ONCE, now)).await?;
        Ok(Some((i64::try_from(count) == Ok(SEALED_AT_ONCE), head)))
    }

    /// Walks along the whole chain, which must come past the noted end and past `expected`.
    ///
    /// # Errors
    /// 503 when the database is down; where the chain is broken is the inner result.
    pub async fn verify(&self, expected: Option<Anchor>) -> Result<std::result::Result<Verified, Break>> {
        let (head, foreign) = self.db.read(|conn| Ok((store_chain::head(conn)?, store_chain::before_the_first(conn)?))).await?;
        if let Some((id, position)) = foreign {
            return Ok(Err(Break::Foreign { position, id }));
        }
        let mut walk = Walk::past(expected.into_iter().chain([head]).collect());
        loop {
            let position = walk.position();
            let batch = self.db.read(move |conn| store_chain::after(conn, position, READ_AT_ONCE)).await?;
            if batch.is_empty() {
                return Ok(walk.finish());
            }
            if let Err(broken) = batch.iter().try_for_each(|found| walk.step(found)) {
                return Ok(Err(broken));
            }
        }
    }
}
