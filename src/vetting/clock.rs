//! What time does in vetting: the steps that are due, and their timers.

use crate::db::timers::{self, Due};
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId};
use crate::kernel::principal::Principal;
use crate::kernel::process::{Actor, allowed, find};
use crate::kernel::words::Word as _;
use crate::vetting::application::{Application, Input};
use crate::vetting::domain::{ROOM, days_after};
use crate::vetting::guards::{self, Facts};
use crate::vetting::process::{Action, STEPS};
use crate::vetting::service::{Vetting, visible};
use crate::vetting::steps::Taken;
use crate::vetting::store;

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
        let stranger = |_| Error::internal(format!("a timer for `{}`", due.subject));
        if let Ok(developer) = due.subject.parse::<DeveloperId>() {
            return self.ring_pass(conn, developer, due, now);
        }
        let id: ApplicationId = due.subject.parse().map_err(stranger)?;
        let application = locked(conn, id)?;
        if timers::take(conn, due)? {
            let application = self.catch_up(conn, application, now)?;
            self.plan_lapse(conn, &application)?;
        }
        Ok(())
    }

    fn ring_pass(&self, conn: &mut Conn, developer: DeveloperId, due: &Due, now: Instant) -> Result<()> {
        lock::developer(conn, developer)?;
        if !timers::take(conn, due)? {
            return Ok(());
        }
        match self.current_pass(conn, developer, now)? {
            Some(file) => self.plan_expiry(conn, &file.pass),
            None => Ok(()),
        }
    }

    /// The application as of now, locked after its developer until the transaction ends, if the principal may see it.
    pub(crate) fn current(&self, conn: &mut Conn, principal: &Principal, id: ApplicationId, now: Instant) -> Result<Application> {
        visible(conn, principal, id)?;
        let application = locked(conn, id)?;
        self.catch_up(conn, application, now)
    }

    /// What the clock has not come to yet for a developer, if anything: so much for whether to write before reading.
    pub(crate) fn is_behind(&self, conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<bool> {
        let past = self.past(conn, developer)?;
        let pass = past.pass.as_ref().is_some_and(|pass| self.due_of_pass(pass, now).is_some());
        Ok(pass || past.applications.iter().any(|application| self.is_overdue(application, now)))
    }

    /// Does what the clock has not come to yet for a developer.
    pub(crate) async fn catch_up_first(&self, developer: DeveloperId) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            lock::developer(conn, developer)?;
            this.current_pass(conn, developer, now)?;
            this.latest(conn, developer, now).map(drop)
        };
        self.db.write(work).await?;
        self.wake();
        Ok(())
    }

    /// The latest application of a locked developer, as of now.
    pub(crate) fn latest(&self, conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<Option<Application>> {
        match store::of_developer(conn, developer)?.into_iter().next() {
            Some(latest) => {
                lock::application(conn, latest.id)?;
                self.catch_up(conn, latest, now).map(Some)
            }
            None => Ok(None),
        }
    }

    /// What the clock does to the application next, and when.
    fn clock_step(&self, application: &Application) -> Option<(Action, Instant)> {
        let action = allowed(STEPS, application.state, Actor::System).first().copied()?;
        let promised = application.answer_by.unwrap_or_else(|| days_after(application.changed_at, self.settings.answer_days));
        Some((action, promised))
    }

    /// Whether the clock is late with the application.
    fn is_overdue(&self, application: &Application, now: Instant) -> bool {
        self.clock_step(application).is_some_and(|(_, at)| at <= now)
    }

    /// Plans the application's timer anew.
    pub(crate) fn plan_lapse(&self, conn: &mut Conn, application: &Application) -> Result<()> {
        let subject = application.id.to_string();
        timers::plan(conn, ROOM, &subject, self.clock_step(application).map(|(action, at)| (action.as_str(), at)))
    }

    /// Lets everything happen to a locked application that is due at `now`, each step at its own time.
    fn catch_up(&self, conn: &mut Conn, mut application: Application, now: Instant) -> Result<Application> {
        while let Some((action, at)) = self.clock_step(&application).filter(|(_, at)| *at <= now) {
            let row = find(STEPS, application.state, action, Actor::System)?;
            guards::check_all(row.guards, &Facts { due: true, ..Facts::default() })?;
            let input = Input::default();
            let after = application.after(action, application.arrival(row, &input)?, &input, None, at);
            let taken = Taken { row, before: application, after, input, actor: Actor::System, user: None, decision: None, appeal: None };
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
