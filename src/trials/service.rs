//! The use cases of trials: reading. Offering is in `offer`, every other step in `steps`.

use std::sync::Arc;

use crate::audit::store::record_look;
use crate::config;
use crate::db::Conn;
use crate::db::pool::Db;
use crate::db::timers;
use crate::db::timers::Due;
use crate::developers::store as developers;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId, TrialId};
use crate::kernel::money::Rates;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::notifications::calendar::Method;
use crate::notifications::trial_dates::calendar;
use crate::scheduler::Nudge;
use crate::trials::calendar::Periods;
use crate::trials::dates::as_told;
use crate::trials::model::{Contract, Dossier, Trial, Viewer};
use crate::trials::neighbors::AllNames;
use crate::trials::process::{AGREED, TrialState};
use crate::trials::schedule::{Reminded, Reminders, Rules};
use crate::trials::views::{EventView, Scene, TrialView};
use crate::trials::{clock, mails, neighbors, store, store_terms};

/// The most trials that the clock takes a step of in one transaction: as many as a person who waits for one of them does not notice.
const TOGETHER: usize = 64;

/// Everything about trials.
#[derive(Clone)]
pub struct Trials {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) rules: Arc<Rules>,
    pub(crate) offers_per_day: Option<i64>,
    pub(crate) mail: Nudge,
    pub(crate) changed: Nudge,
    pub(crate) timers: Nudge,
}

impl Trials {
    /// Trials in `db` that last as `settings` say, in the currencies of `rates`. `mail` wakes the mailer; `changed` whoever
    /// follows what trials take and give back: hours and seats.
    pub fn new(
        db: Db,
        clock: SharedClock,
        settings: &config::Trials,
        rates: Rates,
        limits: &config::Limits,
        mail: Nudge,
        changed: Nudge,
    ) -> Self {
        let periods = Periods {
            trial_days: settings.trial_days,
            decision_days: settings.decision_days,
            grace_days: settings.grace_days,
            offer_days: settings.offer_days,
            proposal_days: settings.proposal_days,
            start_within_days: settings.start_within_days,
            pause_days: settings.pause_days,
            extension_days: settings.extension_days,
            conversion_days: settings.conversion_days,
            appeal_days: settings.appeal_days,
            rematch_days: settings.rematch_days,
            replacements: settings.replacements,
            after_days: settings.reminders.after_days,
        };
        let offers_per_day = Some(limits.offers_per_day).filter(|_| limits.enabled);
        Self {
            db,
            clock,
            rules: Rules { periods, reminders: reminders(&settings.reminders), rates }.into(),
            offers_per_day,
            mail,
            changed,
            timers: Nudge::default(),
        }
    }

    /// Wakes whoever works on what a step has left behind.
    pub(crate) fn wake(&self) {
        self.mail.wake();
        self.changed.wake();
        self.timers.wake();
    }

    /// A trial of one's own, as of now.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn get(&self, principal: Principal, id: TrialId) -> Result<TrialView> {
        let now = self.clock.now();
        if let Some(view) = self.look(&principal, id, now).await? {
            return Ok(view);
        }
        self.catch_up(id, now).await?;
        self.look(&principal, id, now).await?.ok_or_else(|| Error::internal(format!("{id} does not catch up")))
    }

    /// The trial, unless the clock is late with it.
    async fn look(&self, principal: &Principal, id: TrialId, now: Instant) -> Result<Option<TrialView>> {
        let (this, asking) = (self.clone(), principal.clone());
        let look = move |conn: &mut Conn| {
            let viewer = viewer(conn, &asking)?;
            let contract = store::contract(conn, id, viewer)?;
            if clock::due(&this.rules, &contract, now).is_some() {
                return Ok(None);
            }
            record_look(conn, &asking, "trial.look", id, now)?;
            this.view(conn, viewer, contract.trial, now).map(Some)
        };
        if principal.role == Role::Admin { self.db.write(look).await } else { self.db.read(look).await }
    }

    /// Does what the clock has not come to yet.
    async fn catch_up(&self, id: TrialId, now: Instant) -> Result<()> {
        let rules = self.rules.clone();
        let catch_up = move |conn: &mut Conn| {
            let contract = clock::locked(conn, id, Viewer::Admin)?;
            clock::catch_up(conn, &rules, contract, now).map(drop)
        };
        self.db.write(catch_up).await?;
        self.wake();
        Ok(())
    }

    /// Does what the timers say that are due, at most `limit` of them; says how many did something.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ring_timers(&self, limit: i64) -> Result<usize> {
        let (now, rules) = (self.clock.now(), self.rules.clone());
        let ring = move |conn: &mut Conn, due: &[Due]| clock::ring(conn, &rules, due, now);
        let rung = timers::ring_together(&self.db, clock::ROOM, now, limit, TOGETHER, ring).await?;
        if rung > 0 {
            self.mail.wake();
            self.changed.wake();
        }
        Ok(rung)
    }

    /// One's own trials, newest first; an admin's are all.
    ///
    /// # Errors
    /// 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: Principal, state: Option<TrialState>, page: PageQuery) -> Result<Page<TrialView>> {
        let (now, this) = (self.clock.now(), self.clone());
        self.db
            .read(move |conn| {
                let Some(viewer) = viewer_if_any(conn, &principal)? else { return Ok(Page::cut(Vec::new(), page.limit, TrialView::key)) };
                let trials = Page::cut(store::list(conn, viewer, state, &page)?, page.limit, |trial: &Trial| trial.id.to_string());
                let next_cursor = trials.next_cursor;
                let mut data = Vec::with_capacity(trials.data.len());
                let names = neighbors::names_of(conn, &parties(&trials.data))?;
                for dossier in store_terms::dossiers(conn, trials.data)? {
                    data.push(this.scene_with(&names, viewer, now, &dossier)?.view(&dossier));
                }
                Ok(Page { data, next_cursor })
            })
            .await
    }

    /// The key dates of one's own trial as a calendar; once it is over, which of them are called off.
    ///
    /// # Errors
    /// 404, also for another's trial; 409 before both have signed, and when there is nothing left to call off.
    pub async fn calendar(&self, principal: Principal, id: TrialId) -> Result<String> {
        self.get(principal.clone(), id).await?;
        let rules = self.rules.clone();
        let read = move |conn: &mut Conn| {
            let who = as_told(viewer(conn, &principal)?);
            let contract = store::contract(conn, id, Viewer::Admin)?;
            let names = neighbors::names(conn, contract.trial.developer_id, contract.trial.organization_id)?;
            let method = if AGREED.contains(&contract.trial.state) { Method::Publish } else { Method::Cancel };
            let signed = !matches!(contract.trial.state, TrialState::Offered | TrialState::Countered);
            let events = calendar(&mails::summary(&contract, &names, who, &rules), method).filter(|_| signed);
            events.map(|events| events.to_ics()).ok_or_else(|| Error::conflict("The trial has no key dates now."))
        };
        self.db.read(read).await
    }

    /// The steps of one's own trial, the first one first.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn events(&self, principal: Principal, id: TrialId, page: PageQuery) -> Result<Page<EventView>> {
        let read = move |conn: &mut Conn| {
            let viewer = viewer(conn, &principal)?;
            store::find(conn, id, viewer)?;
            let events = store_terms::events(conn, id, &page)?;
            Ok(Page::cut(events, page.limit, |event| event.version.to_string()).map(EventView::from))
        };
        self.db.read(read).await
    }

    /// The trial as `viewer` sees it.
    pub(crate) fn view(&self, conn: &mut Conn, viewer: Viewer, trial: Trial, now: Instant) -> Result<TrialView> {
        let dossier = store_terms::dossiers(conn, vec![trial])?.pop().ok_or_else(Error::not_found)?;
        Ok(self.scene(conn, viewer, now, &dossier)?.view(&dossier))
    }

    pub(crate) fn scene(&self, conn: &mut Conn, viewer: Viewer, now: Instant, dossier: &Dossier) -> Result<Scene> {
        let Contract { trial, .. } = &dossier.contract;
        let names = neighbors::names(conn, trial.developer_id, trial.organization_id)?;
        Ok(Scene { viewer, now, periods: self.rules.periods, names })
    }

    /// The same, where the names of many have been read at once.
    pub(crate) fn scene_with(&self, names: &AllNames, viewer: Viewer, now: Instant, dossier: &Dossier) -> Result<Scene> {
        let Contract { trial, .. } = &dossier.contract;
        let names = names.get(&(trial.developer_id, trial.organization_id)).cloned().ok_or_else(Error::not_found)?;
        Ok(Scene { viewer, now, periods: self.rules.periods, names })
    }
}

/// The two parties of each trial.
pub(crate) fn parties(trials: &[Trial]) -> Vec<(DeveloperId, OrganizationId)> {
    trials.iter().map(|trial| (trial.developer_id, trial.organization_id)).collect()
}

fn reminders(settings: &config::TrialReminders) -> Reminders {
    Reminders::new(|reminded| {
        let days = match reminded {
            Reminded::StartsSoon => &settings.starts_soon,
            Reminded::CheckIn => &settings.check_in,
            Reminded::CheckInSilent => &settings.check_in_silent,
            Reminded::DecisionOpens => &settings.decision_opens,
            Reminded::Undecided => &settings.undecided,
            Reminded::EndsSoon => &settings.ends_soon,
            Reminded::GraceEnds => &settings.grace_ends,
            Reminded::ReviewDue => &settings.review_due,
            Reminded::HandOver => &settings.hand_over,
            Reminded::FinalTimesheet => &settings.final_timesheet,
        };
        days.clone()
    })
}

/// As whom a person acts; a developer without a profile is party of nothing.
fn viewer_if_any(conn: &mut Conn, principal: &Principal) -> Result<Option<Viewer>> {
    Ok(match principal.role {
        Role::Client => Some(Viewer::Client(principal.client()?)),
        Role::Developer => developers::find_by_user(conn, principal.user)?.map(Viewer::Developer),
        Role::Admin => Some(Viewer::Admin),
    })
}

/// As whom a person acts.
///
/// # Errors
/// 404 for a developer without a profile; 403 for a client without an organisation.
pub(crate) fn viewer(conn: &mut Conn, principal: &Principal) -> Result<Viewer> {
    viewer_if_any(conn, principal)?.ok_or_else(Error::not_found)
}
