//! What time does to applications: the steps that are due, and their timers.

use crate::db::timers::{self, Due};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::ApplicationId;
use crate::kernel::principal::Principal;
use crate::kernel::process::{Actor, allowed, find};
use crate::kernel::words::Word as _;
use crate::vetting::application::{Application, Input};
use crate::vetting::domain::days_after;
use crate::vetting::guards::{self, Facts};
use crate::vetting::process::{Action, STEPS};
use crate::vetting::service::{Vetting, visible};
use crate::vetting::steps::Taken;
use crate::vetting::store;

/// The room of our timers.
pub const ROOM: &str = "vetting";

impl Vetting {
    /// Does what the timers say that are due, at most `limit` of them, oldest first; says how many did something.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ring_timers(&self, limit: i64) -> Result<usize> {
        let (now, this) = (self.clock.now(), self.clone());
        let rung = timers::ring_due(&self.db, ROOM, now, limit, move |conn, due| this.ring(conn, due, now)).await?;
        if rung > 0 {
            self.wake();
        }
        Ok(rung)
    }

    fn ring(&self, conn: &mut Conn, due: &Due, now: Instant) -> Result<()> {
        let id: ApplicationId = due.subject.parse().map_err(|_| Error::internal(format!("a timer for `{}`", due.subject)))?;
        let application = locked(conn, id)?;
        if timers::take(conn, due)? {
            let application = self.catch_up(conn, application, now)?;
            self.plan_lapse(conn, &application)?;
        }
        Ok(())
    }

    /// The application as of now, locked after its developer until the transaction ends, if the principal may see it.
    pub(crate) fn current(&self, conn: &mut Conn, principal: &Principal, id: ApplicationId, now: Instant) -> Result<Application> {
        visible(conn, principal, id)?;
        let application = locked(conn, id)?;
        self.catch_up(conn, application, now)
    }

    /// Does what the clock has not come to yet.
    pub(crate) async fn catch_up_first(&self, id: ApplicationId) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            let application = locked(conn, id)?;
            this.catch_up(conn, application, now).map(drop)
        };
        self.db.write(work).await?;
        self.wake();
        Ok(())
    }

    /// What the clock does to the application next, and when.
    fn clock_step(&self, application: &Application) -> Option<(Action, Instant)> {
        let action = allowed(STEPS, application.state, Actor::System).first().copied()?;
        let promised = application.answer_by.unwrap_or_else(|| days_after(application.changed_at, self.settings.answer_days));
        Some((action, promised))
    }

    /// Whether the clock is late with the application.
    pub(crate) fn is_overdue(&self, application: &Application, now: Instant) -> bool {
        self.clock_step(application).is_some_and(|(_, at)| at <= now)
    }

    /// Plans the application's timer anew.
    pub(crate) fn plan_lapse(&self, conn: &mut Conn, application: &Application) -> Result<()> {
        let subject = application.id.to_string();
        timers::cancel_all(conn, &subject)?;
        match self.clock_step(application) {
            Some((action, at)) => timers::plan(conn, ROOM, &subject, action.as_str(), at),
            None => Ok(()),
        }
    }

    /// Lets everything happen to a locked application that is due at `now`, each step at its own time.
    fn catch_up(&self, conn: &mut Conn, mut application: Application, now: Instant) -> Result<Application> {
        while let Some((action, at)) = self.clock_step(&application).filter(|(_, at)| *at <= now) {
            let row = find(STEPS, application.state, action, Actor::System)?;
            guards::check(row, &Facts { due: true, ..Facts::default() })?;
            let input = Input::default();
            let after = application.after(action, application.arrival(row)?, &input, None, at);
            let taken = Taken { row, before: application, after, input, actor: Actor::System, user: None };
            self.take(conn, &taken, now)?;
            application = taken.after;
        }
        Ok(application)
    }
}

fn locked(conn: &mut Conn, id: ApplicationId) -> Result<Application> {
    let developer = store::application(conn, id)?.developer_id;
    lock::developer(conn, developer)?;
    lock::application(conn, id)?;
    store::application(conn, id)
}
