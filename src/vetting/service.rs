//! Vetting: applying, and who may read what. The steps of the lifecycle are in `steps`, the cards in `scorecards`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store::{record, record_look};
use crate::config;
use crate::db::Conn;
use crate::db::lock;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::developers::seen::cards_seen;
use crate::developers::{card_store, store as developers};
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId};
use crate::kernel::page::Page;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::scheduler::Nudge;
use crate::skills::store as catalogue;
use crate::vetting::application::{Application, Filter, Input};
use crate::vetting::domain::{SkillVerdict, kept_since, repetitions, slugs};
use crate::vetting::process::{Action, ApplicationState, Stage};
use crate::vetting::store;
use crate::vetting::view::{ApplicationPage, ApplicationSummary, ApplicationsIncluded, ReviewedApplication, Shown};
use crate::vetting::view_own::{OwnApplication, OwnVetting};
use crate::vetting::view_vetted::{OwnVetted, ReviewedVetted};

/// Everything about who is vetted. Cheap to clone.
#[derive(Clone)]
pub struct Vetting {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) settings: Arc<config::Vetting>,
    mail: Nudge,
    changed: Nudge,
    pub(crate) timers: Nudge,
}

impl Vetting {
    /// `mail` wakes the mailer; `changed` wakes whoever follows who is vetted. Both after the commit.
    pub fn new(db: Db, clock: SharedClock, settings: config::Vetting, mail: Nudge, changed: Nudge) -> Self {
        Self { db, clock, settings: settings.into(), mail, changed, timers: Nudge::default() }
    }

    /// Begins an application.
    ///
    /// # Errors
    /// 403 for others than developers; 409 without a profile, with an open application, before the retry date, or with a
    /// pass that is not yet to be renewed.
    pub async fn apply(&self, call: Call) -> Result<Answer> {
        call.principal.developer()?;
        self.change(call, |this, conn, call, now| {
            let user = call.principal.user;
            let developer = developers::find_by_user(conn, user)?.ok_or_else(no_profile)?;
            lock::developer(conn, developer)?;
            this.current_pass(conn, developer, now)?;
            this.latest(conn, developer, now)?;
            let past = this.past(conn, developer)?;
            let action = past.may_begin(this.settings.expiring_days, now)?;
            let kept = this.kept_stages(conn, &past.applications, now)?;
            let application = Application::begin(developer, kept, now);
            store::insert(conn, &application)?;
            let event = application.event(action, Actor::Developer, Some(user), None, &Input::default());
            store::insert_event(conn, event)?;
            let begun = Entry::step((Actor::Developer, Some(user)), format!("vetting.{action}"), application.id, None, now);
            record(conn, &begun)?;
            publish(conn, &application, action, now, now)?;
            Answer::versioned(application.version, &this.own(conn, application, now)?)
        })
        .await
    }

    /// What still counts from the applications since the last approval. The profile is read anew each time: it may have changed.
    fn kept_stages(&self, conn: &mut Conn, past: &[Application], now: Instant) -> Result<Vec<Stage>> {
        let failed = past.iter().take_while(|application| application.state != ApplicationState::Approved);
        let ids: Vec<ApplicationId> = failed.map(|application| application.id).collect();
        let mut stages = store::passed_since(conn, &ids, kept_since(now, self.settings.kept_months))?;
        stages.retain(|stage| *stage != Stage::ProfileReview);
        Ok(stages)
    }

    /// Where the developer stands.
    ///
    /// # Errors
    /// 403 for others than developers.
    pub async fn mine(&self, principal: Principal) -> Result<OwnVetting> {
        let (user, now, this) = (principal.developer()?, self.clock.now(), self.clone());
        let Some(developer) = self.db.read(move |conn| developers::find_by_user(conn, user)).await? else {
            return Ok(OwnVetting::new(None, None, Vec::new(), Some(Action::Apply)));
        };
        self.catch_up_if_behind(developer).await?;
        self.db.read(move |conn| this.own_vetting(conn, developer, now)).await
    }

    fn own_vetting(&self, conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<OwnVetting> {
        let past = self.past(conn, developer)?;
        let beginning = past.may_begin(self.settings.expiring_days, now).ok();
        let application = past.latest().cloned().map(|latest| self.own(conn, latest, now)).transpose()?;
        let vetted = match self.pass_file(conn, developer)? {
            Some(file) => {
                let facts = self.pass_facts(conn, &file, None, None, now)?;
                Some(OwnVetted::new(file, &facts, self.settings.appeal_days))
            }
            None => None,
        };
        Ok(OwnVetting::new(application, vetted, card_store::beside(conn, developer)?.verified_skills, beginning))
    }

    async fn catch_up_if_behind(&self, developer: DeveloperId) -> Result<()> {
        let (now, this) = (self.clock.now(), self.clone());
        if self.db.read(move |conn| this.is_behind(conn, developer, now)).await? { self.catch_up_first(developer).await } else { Ok(()) }
    }

    /// A page of applications, oldest first.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn list(&self, principal: Principal, filter: Filter) -> Result<Page<ApplicationSummary>> {
        principal.admin()?;
        let (limit, now) = (filter.page.limit, self.clock.now());
        let rows = self.db.read(move |conn| store::list(conn, &filter, now)).await?;
        Ok(Page::cut(rows, limit, |application| application.id.to_string()).map(|application| ApplicationSummary::new(application, now)))
    }

    /// The same, with the developers if `expand`; each look is written down.
    ///
    /// # Errors
    /// 403 for others than admins.
    pub async fn list_with(&self, principal: Principal, filter: Filter, expand: bool) -> Result<ApplicationPage> {
        let Page { data, next_cursor } = self.list(principal.clone(), filter).await?;
        if !expand {
            return Ok(ApplicationPage { data, next_cursor, included: None });
        }
        let (ids, now) = (data.iter().map(|application| application.developer_id).collect::<BTreeSet<_>>(), self.clock.now());
        let ids: Vec<DeveloperId> = ids.into_iter().collect();
        let developers = self.db.write(move |conn| cards_seen(conn, &principal, &ids, now)).await?;
        Ok(ApplicationPage { data, next_cursor, included: Some(ApplicationsIncluded { developers }) })
    }

    /// An application with its version: all of it to admins, the developer's view to the developer.
    ///
    /// # Errors
    /// 404 for another developer's; 403 for clients.
    pub async fn show(&self, principal: Principal, id: ApplicationId) -> Result<(i64, Shown)> {
        let (asking, now) = (principal.clone(), self.clock.now());
        let developer = self.db.read(move |conn| Ok(visible(conn, &asking, id)?.developer_id)).await?;
        self.catch_up_if_behind(developer).await?;
        let (this, is_admin) = (self.clone(), principal.role == Role::Admin);
        let look = move |conn: &mut Conn| {
            let application = visible(conn, &principal, id)?;
            record_look(conn, &principal, "vetting.look", id, now)?;
            Ok((application.version, this.shown(conn, application, &principal, now)?))
        };
        if is_admin { self.db.write(look).await } else { self.db.read(look).await }
    }

    /// The application as the principal sees it.
    pub(crate) fn shown(&self, conn: &mut Conn, application: Application, principal: &Principal, now: Instant) -> Result<Shown> {
        if principal.role != Role::Admin {
            return Ok(Shown::Own(Box::new(self.own(conn, application, now)?)));
        }
        let vetted = match self.pass_file(conn, application.developer_id)? {
            Some(file) => {
                let facts = self.pass_facts(conn, &file, Some(principal.user), None, now)?;
                Some(ReviewedVetted::new(file, &facts))
            }
            None => None,
        };
        let dossier = self.dossier(conn, application)?;
        let facts = self.standing_facts(conn, &dossier, principal.user, now)?;
        Ok(Shown::Reviewed(Box::new(ReviewedApplication::new(dossier, vetted, &facts, principal.user))))
    }

    fn own(&self, conn: &mut Conn, application: Application, now: Instant) -> Result<OwnApplication> {
        let past = self.past(conn, application.developer_id)?;
        let dossier = self.dossier(conn, application)?;
        Ok(OwnApplication::new(dossier.clone(), &self.own_facts(&dossier, &past, now), self.settings.appeal_days))
    }

    /// Runs a change in one transaction, under the call's `Idempotency-Key`; afterwards everybody concerned is woken.
    pub(crate) async fn change(
        &self,
        call: Call,
        effect: impl Fn(&Self, &mut Conn, &Call, Instant) -> Result<Answer> + Send + 'static,
    ) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| once(conn, call.once.as_ref(), now, |conn| effect(&this, conn, &call, now));
        let answer = self.db.write(work).await?;
        self.wake();
        Ok(answer)
    }

    /// Wakes whoever works on what a step has left behind.
    pub(crate) fn wake(&self) {
        self.mail.wake();
        self.changed.wake();
        self.timers.wake();
    }
}

/// The application, if the principal may see it.
pub(crate) fn visible(conn: &mut Conn, principal: &Principal, id: ApplicationId) -> Result<Application> {
    actor(principal)?;
    let application = store::application(conn, id)?;
    let mine = |conn: &mut Conn| Ok::<_, Error>(developers::find_by_user(conn, principal.user)? == Some(application.developer_id));
    if principal.role == Role::Admin || mine(conn)? { Ok(application) } else { Err(Error::not_found()) }
}

/// In which role a person takes steps of an application.
///
/// # Errors
/// 403 for clients.
pub(crate) fn actor(principal: &Principal) -> Result<Actor> {
    match principal.role {
        Role::Developer => Ok(Actor::Developer),
        Role::Admin => Ok(Actor::Admin),
        Role::Client => Err(Error::not_allowed("Only developers and admins have to do with vetting.")),
    }
}

/// `skills` under the slugs of the catalogue; notes a fault below `list` for each that is unknown or named twice.
pub(crate) fn canonical(conn: &mut Conn, skills: &[SkillVerdict], list: &str, faults: &mut Faults) -> Result<Vec<SkillVerdict>> {
    let mut known = Vec::with_capacity(skills.len());
    for (index, skill) in skills.iter().enumerate() {
        let slug = catalogue::canonical(conn, &skill.slug)?.map(|slug| slug.to_string());
        let sentence = "is not a skill of the catalogue: look for it with GET /v1/skills?q=";
        faults.check(slug.is_some(), &format!("{list}/{index}/slug"), sentence);
        known.push(SkillVerdict { slug: slug.unwrap_or_else(|| skill.slug.clone()), level: skill.level });
    }
    repetitions(slugs(&known), list, "slug", faults);
    Ok(known)
}

fn no_profile() -> Error {
    Error::conflict("You have no profile yet: write it with PUT /v1/developers/me, then apply.").with("needed", "profile")
}

/// Tells the developer outside of a step, which happened `at` and is noted `now`.
pub(crate) fn publish(conn: &mut Conn, application: &Application, action: Action, at: Instant, now: Instant) -> Result<()> {
    let Application { id, developer_id, state, version, .. } = application;
    let data = json!({ "application_id": id, "developer_id": developer_id, "state": state, "version": version });
    events::publish(conn, NewEvent::new("vetting", action, data, at).concerning_developer(*developer_id), now)
}
