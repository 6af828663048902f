//! Reading the audit log, for admins.

use crate::audit::domain::{AuditEntry, Wanted};
use crate::audit::store;
use crate::db::pool::Db;
use crate::kernel::error::Result;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;

/// The audit log.
#[derive(Clone)]
pub struct Audit {
    db: Db,
}

impl Audit {
    /// The log of `db`.
    pub fn new(db: Db) -> Self {
        Self { db }
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
}
