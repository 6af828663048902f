//! Reporting abuse, and handling reports.

use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::config::Limits;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::{Conn, throttle};
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ReportId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::reports::domain::{HandleReport, NewReport, Report, ReportReceipt, ReportState};
use crate::reports::store;

/// Reports of abuse.
#[derive(Clone)]
pub struct Reports {
    db: Db,
    clock: SharedClock,
    per_day: Option<i64>,
}

impl Reports {
    /// Reports in `db`.
    pub fn new(db: Db, clock: SharedClock, limits: &Limits) -> Self {
        Self { db, clock, per_day: Some(limits.reports_per_day).filter(|_| limits.enabled) }
    }

    /// Reports abuse. What it is about is not looked up, so that the answer tells nothing of it.
    ///
    /// # Errors
    /// 403 for admins, 429 after too many in a day.
    pub async fn report(&self, call: Call, new: NewReport) -> Result<Answer> {
        if call.principal.role == Role::Admin {
            return Err(Error::not_allowed("Only clients and developers report abuse; an admin acts on it."));
        }
        let (now, per_day) = (self.clock.now(), self.per_day);
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                count(conn, call.principal.user, per_day, now)?;
                let report = draft(call.principal.user, new.clone(), now);
                store::insert(conn, &report)?;
                Answer::plain(&ReportReceipt::from(report))
            })
        };
        self.db.write(work).await
    }

    /// Reports, newest first.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: Principal, state: Option<ReportState>, page: PageQuery) -> Result<Page<Report>> {
        principal.admin()?;
        let limit = page.limit;
        let rows = self.db.read(move |conn| store::list(conn, state, &page)).await?;
        Ok(Page::cut(rows, limit, |report| report.id.to_string()))
    }

    /// Notes what was found and done.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 412.
    pub async fn handle(&self, call: Call, id: ReportId, handled: HandleReport) -> Result<Answer> {
        let (admin, now) = (call.principal.admin()?, self.clock.now());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let before = store::get(conn, id)?;
                call.expected.check(before.version)?;
                let HandleReport { state, note, reason_code, message } = handled.clone();
                let words = message.map_or_else(|| note.clone(), |more| format!("{note}\n\n{more}"));
                let entry = Entry::admin(admin, "report.handle", id, now).because(Some(words));
                let entry = entry.with(json!({ "state": state, "reason_code": reason_code }));
                let (handled_by, handled_at) = (Some(admin), Some(now));
                let report = Report { state, note: Some(note), handled_by, handled_at, version: before.version + 1, ..before };
                store::update(conn, &report)?;
                audit::record(conn, &entry)?;
                Answer::versioned(report.version, &report)
            })
        };
        self.db.write(work).await
    }
}

fn draft(reporter: UserId, new: NewReport, now: Instant) -> Report {
    let NewReport { subject, category, message } = new;
    let (id, state) = (ReportId::new(now), ReportState::Open);
    Report { id, reporter, subject, category, message, state, note: None, handled_by: None, handled_at: None, version: 1, created_at: now }
}

fn count(conn: &mut Conn, user: UserId, limit: Option<i64>, now: Instant) -> Result<()> {
    throttle::take_of_day(conn, &format!("reports:{user}"), limit, now)
}
