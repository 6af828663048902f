//! Reading timesheets, writing hours down, and every step with them.

use chrono::TimeDelta;
use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store as audit;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::{Conn, timers};
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::ids::{TrialId, UserId};
use crate::kernel::principal::Principal;
use crate::kernel::process::{Actor, find_open};
use crate::kernel::week::Week;
use crate::kernel::words::Word as _;
use crate::scheduler::Nudge;
use crate::timesheets::domain::{Sheet, SheetEvent, Workable, approve_by};
use crate::timesheets::process::{Facts, Row, STEPS, SheetAction, SheetState, check};
use crate::timesheets::views::{BillingView, SheetBody, SheetView};
use crate::timesheets::{mails, store};
use crate::trials::billing::Agreement;
use crate::trials::clock;
use crate::trials::model::{Contract, Event, Trial, Viewer};
use crate::trials::process::TrialState;
use crate::trials::service::Trials;
use crate::trials::terms::Party;

/// The room of our timers.
const ROOM: &str = "timesheets";
/// What stands before the trial and the week in the name of a timer.
const TIMER: &str = "timesheets:";

/// Timesheets.
#[derive(Clone)]
pub struct Timesheets {
    db: Db,
    clock: SharedClock,
    pub(super) trials: Trials,
    answer_days: i64,
    mail: Nudge,
    /// Wakes whoever lets time pass for timesheets.
    pub timers: Nudge,
}

/// A step that is being taken.
struct Step<'a> {
    row: &'static Row,
    actor: Actor,
    user: Option<UserId>,
    at: Instant,
    body: &'a SheetBody,
}

impl Timesheets {
    /// Timesheets of `trials`; a query waits `answer_days` days for its answer. `mail` wakes the mailer.
    pub fn new(db: Db, clock: SharedClock, trials: Trials, answer_days: i64, mail: Nudge) -> Self {
        Self { db, clock, trials, answer_days, mail, timers: Nudge::default() }
    }

    /// The timesheet of a week of one's own trial, as of now; an empty one where nobody has written anything.
    ///
    /// # Errors
    /// 404, also for another's trial and for a week without a day of it.
    pub async fn get(&self, principal: Principal, id: TrialId, week: Week) -> Result<SheetView> {
        self.trials.get(principal.clone(), id).await?;
        let now = self.clock.now();
        let is_due = move |conn: &mut Conn| Ok(store::find(conn, id, week)?.is_some_and(|sheet| due(&sheet, now).is_some()));
        if self.db.read(is_due).await? {
            let this = self.clone();
            self.db.write(move |conn| this.let_happen(conn, id, week, now)).await?;
            self.mail.wake();
        }
        let this = self.clone();
        let read = move |conn: &mut Conn| {
            let actor = this.trials.reader_of(conn, &principal)?.map_or(Actor::Admin, actor_of);
            let (dossier, events) = this.trials.dossier(conn, id)?;
            let sheet = found(conn, &dossier.contract, &events, week, now)?;
            this.view(conn, &dossier.contract, sheet, actor, now)
        };
        self.db.read(read).await
    }

    /// What the hours of one's own trial cost as of now, and who pays for them.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn billing(&self, principal: Principal, id: TrialId) -> Result<BillingView> {
        self.trials.get(principal, id).await?;
        let (this, now) = (self.clone(), self.clock.now());
        let read = move |conn: &mut Conn| {
            let (dossier, events) = this.trials.dossier(conn, id)?;
            let mut sheets = store::of_trial(conn, id)?;
            // The clock may not have come to them yet.
            sheets.iter_mut().filter(|sheet| due(sheet, now).is_some()).for_each(|sheet| sheet.state = SheetState::Approved);
            Ok(BillingView::new(&Agreement::of(&dossier, &events), &sheets, dossier.contract.time_zone().date(now)))
        };
        self.db.read(read).await
    }

    /// Takes a step. What was due before happens first, at its own time.
    ///
    /// # Errors
    /// 403 for a step that this role never takes; 404 for another's trial and for a week without a day of it; 409 when the
    /// state does not allow it, before the trial has begun and too long after it; 412; 422 with every fault of the hours.
    pub async fn step(&self, call: Call, id: TrialId, week: Week, action: SheetAction, body: SheetBody) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let view = this.take(conn, &call, id, week, action, &body, now)?;
                Answer::versioned(view.version, &view)
            })
        };
        let answer = self.db.write(work).await?;
        self.mail.wake();
        self.timers.wake();
        Ok(answer)
    }

    #[expect(clippy::too_many_arguments, reason = "what a step is made of")]
    fn take(
        &self,
        conn: &mut Conn,
        call: &Call,
        id: TrialId,
        week: Week,
        action: SheetAction,
        body: &SheetBody,
        now: Instant,
    ) -> Result<SheetView> {
        let (viewer, contract) = self.trials.locked_for(conn, &call.principal, id, now)?;
        self.let_happen(conn, id, week, now)?;
        let (_, events) = self.trials.dossier(conn, id)?;
        let sheet = found(conn, &contract, &events, week, now)?;
        call.expected.check(sheet.version)?;
        let facts = Facts { due: sheet.due_at.is_some_and(|due| due <= now), message: body.message.is_some() };
        let row = find_open(STEPS, sheet.state, action, viewer.actor(), |row| check(row, &facts).is_ok())?;
        check(row, &facts)?;
        if sheet.state == SheetState::Draft {
            self.check_open(&contract, now)?;
        }
        if let Some(days) = &body.days {
            let mut faults = Faults::default();
            Workable::of(&contract, &events, contract.time_zone().date(now)).check(week, days, &mut faults);
            faults.finish()?;
        }
        let step = Step { row, actor: viewer.actor(), user: Some(call.principal.user), at: now, body };
        let next = self.apply(conn, &contract, &sheet, &step, now)?;
        self.view(conn, &contract, next, viewer.actor(), now)
    }

    /// Hours are written down from the first day on, and for some time after the last one.
    fn check_open(&self, contract: &Contract, now: Instant) -> Result<()> {
        match contract.trial.state {
            TrialState::Active | TrialState::Paused | TrialState::ConversionOffered | TrialState::DecisionDue => Ok(()),
            TrialState::Ended => self.trials.check_afterwards(contract, now),
            _ => Err(Error::conflict("Hours are written down from the first day of the trial on.")),
        }
    }

    fn view(&self, conn: &mut Conn, contract: &Contract, sheet: Sheet, actor: Actor, now: Instant) -> Result<SheetView> {
        let open = self.check_open(contract, now).is_ok();
        let events = store::events(conn, sheet.trial_id, sheet.week)?;
        Ok(SheetView::new(sheet, contract, events, actor, open, now))
    }

    /// Keeps what the step makes of the timesheet, and tells whom the table names.
    fn apply(&self, conn: &mut Conn, contract: &Contract, sheet: &Sheet, step: &Step<'_>, now: Instant) -> Result<Sheet> {
        let next = self.after(contract, sheet, step)?;
        store::save(conn, &next)?;
        if step.row.action != SheetAction::Fill {
            let (version, message) = (next.version, step.body.message.clone());
            let event = SheetEvent {
                version,
                action: step.row.action,
                actor: step.actor,
                user_id: step.user,
                to: next.state,
                message,
                at: step.at,
            };
            store::record(conn, &next, &event)?;
            let (action, subject) = (format!("timesheet.{}", step.row.action), format!("{}/{}", next.trial_id, next.week));
            let entry = Entry::step((step.actor, step.user), action, subject, step.body.message.as_ref(), step.at);
            audit::record(conn, &entry.with(json!({ "reason_code": step.body.reason_code })))?;
            publish(conn, contract, &next, step, now)?;
        }
        self.plan(conn, &next, step.at)?;
        for told in step.row.mails {
            for who in told.to(step.actor) {
                mails::send(conn, &self.trials, contract, &next, *told, *who, step.body.message.as_deref(), now)?;
            }
        }
        mails::notice_cap(conn, &self.trials, contract, sheet, &next, now)?;
        if step.row.action == SheetAction::Submit && contract.last_day().map(Week::of) == Some(next.week) {
            self.trials.settle(conn, contract, now)?;
        }
        Ok(next)
    }

    fn after(&self, contract: &Contract, sheet: &Sheet, step: &Step<'_>) -> Result<Sheet> {
        let arrived = step.row.to.arrive(sheet.state, None, None);
        let mut next = Sheet { version: sheet.version + 1, changed_at: step.at, ..sheet.clone() };
        next.state = arrived.ok_or_else(|| Error::internal("a step of a timesheet leads nowhere"))?;
        if let Some(days) = &step.body.days {
            next.days.clone_from(days);
            next.days.sort_by_key(|day| day.date);
        }
        match step.row.action {
            SheetAction::Submit => {
                next.submitted_at = Some(step.at);
                next.due_at = Some(approve_by(next.week, step.at, contract.time_zone()));
            }
            SheetAction::Query => next.due_at = Some(step.at.plus(TimeDelta::days(self.answer_days))),
            SheetAction::Approve | SheetAction::Answer | SheetAction::Decide => next.due_at = None,
            SheetAction::Fill | SheetAction::Overdue => {}
        }
        Ok(next)
    }

    /// Plans what the clock does next.
    fn plan(&self, conn: &mut Conn, sheet: &Sheet, after: Instant) -> Result<()> {
        let subject = format!("{TIMER}{}:{}", sheet.trial_id, sheet.week);
        let next = waiting(sheet).filter(|(due, _)| *due > after);
        timers::plan(conn, ROOM, &subject, next.map(|(due, action)| (action.as_str(), due)))
    }

    /// Approves hours whose time for a query is over; the trial's own steps are not its business.
    fn let_happen(&self, conn: &mut Conn, id: TrialId, week: Week, now: Instant) -> Result<()> {
        let Some(sheet) = store::find(conn, id, week)? else { return Ok(()) };
        let Some(at) = due(&sheet, now) else { return Ok(()) };
        let contract = clock::locked(conn, id, Viewer::Admin)?;
        self.happen(conn, &contract, &sheet, SheetAction::Approve, at, now)
    }

    fn happen(&self, conn: &mut Conn, contract: &Contract, sheet: &Sheet, action: SheetAction, at: Instant, now: Instant) -> Result<()> {
        let row = find_open(STEPS, sheet.state, action, Actor::System, |_| true)?;
        let step = Step { row, actor: Actor::System, user: None, at, body: &SheetBody::default() };
        self.apply(conn, contract, sheet, &step, now).map(drop)
    }

    /// Does what the timers say that are due, oldest first; says how many did something.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ring_timers(&self, limit: i64) -> Result<usize> {
        let (now, this) = (self.clock.now(), self.clone());
        let ring = move |conn: &mut Conn, timer: &timers::Due| this.ring(conn, timer, now);
        let rung = timers::ring_due(&self.db, ROOM, now, limit, ring).await?;
        if rung > 0 {
            self.mail.wake();
        }
        Ok(rung)
    }

    fn ring(&self, conn: &mut Conn, timer: &timers::Due, now: Instant) -> Result<()> {
        let parts = timer.subject.strip_prefix(TIMER).and_then(|subject| subject.split_once(':'));
        let parsed = parts.and_then(|(id, week)| Some((id.parse::<TrialId>().ok()?, week.parse::<Week>().ok()?)));
        let (id, week) = parsed.ok_or_else(|| Error::internal("a timer of no timesheet"))?;
        let contract = clock::locked(conn, id, Viewer::Admin)?;
        if !timers::take(conn, timer)? {
            return Ok(());
        }
        let sheet = store::find(conn, id, week)?.ok_or_else(Error::not_found)?;
        match waiting(&sheet) {
            Some((at, action)) if at == timer.due_at => self.happen(conn, &contract, &sheet, action, at, now),
            _ => Ok(()),
        }
    }
}

/// Tells both parties outside of a step.
fn publish(conn: &mut Conn, contract: &Contract, sheet: &Sheet, step: &Step<'_>, now: Instant) -> Result<()> {
    let Trial { id, developer_id, organization_id, .. } = contract.trial;
    let data = json!({
        "trial_id": id, "iso_week": sheet.week, "developer_id": developer_id, "state": sheet.state, "version": sheet.version,
    });
    let event = NewEvent::new("timesheet", step.row.action, data, step.at);
    events::publish(conn, event.concerning(organization_id).concerning_developer(developer_id), now)
}

/// What the clock does with a timesheet as it stands, and when.
fn waiting(sheet: &Sheet) -> Option<(Instant, SheetAction)> {
    let action = match sheet.state {
        SheetState::Submitted => SheetAction::Approve,
        SheetState::Queried => SheetAction::Overdue,
        _ => return None,
    };
    sheet.due_at.map(|due| (due, action))
}

/// Since when the hours count without anybody having said so, if they do.
fn due(sheet: &Sheet, now: Instant) -> Option<Instant> {
    waiting(sheet).filter(|(at, action)| *action == SheetAction::Approve && *at <= now).map(|(at, _)| at)
}

fn actor_of(party: Party) -> Actor {
    if party == Party::Client { Actor::Client } else { Actor::Developer }
}

/// The timesheet of a week in which the trial has days; an empty one where nobody has written anything.
fn found(conn: &mut Conn, contract: &Contract, events: &[Event], week: Week, now: Instant) -> Result<Sheet> {
    if let Some(sheet) = store::find(conn, contract.trial.id, week)? {
        return Ok(sheet);
    }
    let days = Workable::of(contract, events, contract.time_zone().date(now));
    if days.has(week, contract.trial.grace_until) { Ok(Sheet::empty(contract.trial.id, week, now)) } else { Err(Error::not_found()) }
}
