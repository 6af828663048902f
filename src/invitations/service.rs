//! The use cases of invitations: inviting, answering, reading, and what time does to them. Talking is in `messages`.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::config;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::timers::{self, Due};
use crate::db::{Conn, lock, throttle};
use crate::developers::{access_store, card_store, store as developers};
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::invitations::domain::{Input, Invitation, NewInvitation, Rules};
use crate::invitations::guards::{self, Facts};
use crate::invitations::process::{CREATION, InvitationAction, InvitationState, Row, STEPS};
use crate::invitations::store::{Of, Side};
use crate::invitations::view::InvitationView;
use crate::invitations::{mails, messages, store};
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::ids::{DeveloperId, InvitationId, JobRequestId, OrganizationId, UserId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::{Actor, find};
use crate::kernel::words::Word as _;
use crate::scheduler::Nudge;

/// The room of our timers.
const ROOM: &str = "invitations";

/// Everything about invitations. Cheap to clone.
#[derive(Clone)]
pub struct Invitations {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    pub(crate) rules: Rules,
    pub(crate) mail: Nudge,
    pub(crate) timers: Nudge,
}

impl Invitations {
    /// `mail` wakes the mailer, after the commit.
    pub fn new(db: Db, clock: SharedClock, settings: &config::Invitations, limits: &config::Limits, mail: Nudge) -> Self {
        let limited = |limit: i64| Some(limit).filter(|_| limits.enabled);
        let rules = Rules {
            answer_within: TimeDelta::hours(settings.answer_hours),
            lapse_after: TimeDelta::days(settings.lapse_days),
            mail_every: TimeDelta::minutes(settings.mail_minutes),
            invitations_per_day: limited(limits.invitations_per_day),
            messages_per_day: limited(limits.messages_per_day),
        };
        Self { db, clock, rules, mail, timers: Nudge::default() }
    }

    /// Asks a developer to talk about an open job request.
    ///
    /// # Errors
    /// 403; 404 for another's job request; 409 when it is not open, the developer was invited to it before or cannot be
    /// found at present; 429 after too many in a day.
    pub async fn invite(&self, call: Call, job: JobRequestId, body: NewInvitation) -> Result<Answer> {
        let organization = call.principal.client()?;
        self.change(call, move |this, conn, call, now| {
            let invitation = this.create(conn, call.principal.user, organization, job, &body, now)?;
            shown(conn, invitation, Actor::Client, now)
        })
        .await
    }

    fn create(
        &self,
        conn: &mut Conn,
        author: UserId,
        organization: OrganizationId,
        job: JobRequestId,
        body: &NewInvitation,
        now: Instant,
    ) -> Result<Invitation> {
        count(conn, &format!("job-invitations:{organization}"), self.rules.invitations_per_day, now)?;
        lock::developer(conn, body.developer_id)?;
        lock::job_request(conn, job)?;
        let request = jobs::find_for(conn, organization, job)?;
        guards::check(&CREATION, facts(conn, body.developer_id, &request, now)?)?;
        if store::is_invited(conn, job, body.developer_id)? {
            return Err(Error::conflict("This developer was invited to this job request before; once is enough."));
        }
        let invitation = self.draft(author, &request, body, now);
        store::insert(conn, &invitation)?;
        record(conn, &Entry::step((Actor::Client, Some(author)), "invitation.invite", invitation.id, None, now))?;
        publish(conn, &invitation, CREATION.action, now, now)?;
        let lapse = (InvitationAction::Lapse.as_str(), invitation.lapses_at);
        timers::plan(conn, ROOM, &invitation.id.to_string(), [lapse])?;
        mails::tell(conn, &CREATION, &invitation, &Input::default(), now)?;
        mails::remind(conn, &invitation, now)?;
        Ok(invitation)
    }

    fn draft(&self, author: UserId, request: &JobRequest, body: &NewInvitation, now: Instant) -> Invitation {
        Invitation {
            id: InvitationId::new(now),
            job_request_id: request.id,
            developer_id: body.developer_id,
            organization_id: request.organization,
            invited_by: author,
            state: InvitationState::Invited,
            message: body.message.clone(),
            reason_code: None,
            answer_expected_by: now.plus(self.rules.answer_within),
            lapses_at: now.plus(self.rules.lapse_after),
            answered_at: None,
            client_mailed_at: None,
            developer_mailed_at: None,
            version: 1,
            created_at: now,
            changed_at: now,
        }
    }

    /// The developer's answer.
    ///
    /// # Errors
    /// 403 for others than developers; 404 for another's; 409 when it is answered, has lapsed, or something stands in the
    /// way; 412; 422 for times that have passed.
    pub async fn answer(&self, call: Call, id: InvitationId, action: InvitationAction, input: Input) -> Result<Answer> {
        call.principal.developer()?;
        self.change(call, move |_, conn, call, now| {
            let side = side(conn, &call.principal)?;
            let invitation = current(conn, side, id, now)?;
            call.expected.check(invitation.version)?;
            let row = find(STEPS, invitation.state, action, side.party())?;
            let mut faults = Faults::default();
            input.check(now, &mut faults);
            faults.finish()?;
            let job = jobs::get(conn, invitation.job_request_id)?;
            guards::check(row, facts(conn, invitation.developer_id, &job, now)?)?;
            let by = (side.party(), Some(call.principal.user));
            let answered = apply(conn, row, by, invitation, &input, (now, now))?;
            if let Some(text) = input.message.clone() {
                messages::write(conn, answered.id, call.principal.user, side.party(), text, &input.call_times, now)?;
            }
            shown(conn, answered, side.party(), now)
        })
        .await
    }

    /// An invitation of one's own, with its version.
    ///
    /// # Errors
    /// 403 for admins; 404, also for another's.
    pub async fn show(&self, principal: Principal, id: InvitationId) -> Result<(i64, InvitationView)> {
        let now = self.clock.now();
        self.db
            .read(move |conn| {
                let side = side(conn, &principal)?;
                let invitation = store::find_for(conn, side, id)?;
                Ok((invitation.version, views(conn, vec![invitation], side.party(), now)?.pop().ok_or_else(Error::not_found)?))
            })
            .await
    }

    /// The invitations that a developer got, newest first.
    ///
    /// # Errors
    /// 403 for others than developers; 400 for a cursor that is not one of ours.
    pub async fn mine(&self, principal: Principal, state: Option<InvitationState>, page: PageQuery) -> Result<Page<InvitationView>> {
        let (user, now) = (principal.developer()?, self.clock.now());
        self.db
            .read(move |conn| match developers::find_by_user(conn, user)? {
                Some(developer) => list(conn, Of::Developer(developer), state, Actor::Developer, &page, now),
                None => Ok(Page { data: Vec::new(), next_cursor: None }),
            })
            .await
    }

    /// The invitations to a job request of one's organisation, newest first.
    ///
    /// # Errors
    /// 403 for others than clients; 404 for another's request; 400 for a cursor that is not one of ours.
    pub async fn of_request(
        &self,
        principal: Principal,
        job: JobRequestId,
        state: Option<InvitationState>,
        page: PageQuery,
    ) -> Result<Page<InvitationView>> {
        let (organization, now) = (principal.client()?, self.clock.now());
        self.db
            .read(move |conn| {
                jobs::find_for(conn, organization, job)?;
                list(conn, Of::JobRequest(job), state, Actor::Client, &page, now)
            })
            .await
    }

    /// Lets those lapse whose time is over, at most `limit`, oldest first; says how many it looked at.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ring_timers(&self, limit: i64) -> Result<usize> {
        let now = self.clock.now();
        let due = self.db.write(move |conn| timers::claim(conn, ROOM, now, limit)).await?;
        let rung = due.len();
        for timer in due {
            self.db.write(move |conn| ring(conn, &timer, now)).await?;
        }
        if rung > 0 {
            self.mail.wake();
        }
        Ok(rung)
    }

    pub(crate) async fn change(
        &self,
        call: Call,
        effect: impl Fn(&Self, &mut Conn, &Call, Instant) -> Result<Answer> + Send + 'static,
    ) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| once(conn, call.once.as_ref(), now, |conn| effect(&this, conn, &call, now));
        let answer = self.db.write(work).await?;
        self.mail.wake();
        Ok(answer)
    }
}

/// The side that a person acts for.
pub(crate) fn side(conn: &mut Conn, principal: &Principal) -> Result<Side> {
    match principal.role {
        Role::Client => Ok(Side::Client(principal.client()?)),
        Role::Developer => developers::find_by_user(conn, principal.user)?.map(Side::Developer).ok_or_else(Error::not_found),
        Role::Admin => Err(Error::not_allowed("Only the two sides of an invitation may do this.")),
    }
}

/// The locked invitation as of now: lapsed when its time is over.
pub(crate) fn current(conn: &mut Conn, side: Side, id: InvitationId, now: Instant) -> Result<Invitation> {
    let invitation = store::locked(conn, side, id)?;
    if invitation.is_overdue(now) { lapse(conn, invitation, now) } else { Ok(invitation) }
}

fn lapse(conn: &mut Conn, invitation: Invitation, now: Instant) -> Result<Invitation> {
    let row = find(STEPS, invitation.state, InvitationAction::Lapse, Actor::System)?;
    guards::check(row, Facts { due: invitation.lapses_at <= now, ..Facts::default() })?;
    let at = invitation.lapses_at;
    apply(conn, row, (Actor::System, None), invitation, &Input::default(), (at, now))
}

/// A timer that is out of date does nothing.
fn ring(conn: &mut Conn, timer: &Due, now: Instant) -> Result<()> {
    let id: InvitationId = timer.subject.parse().map_err(|_| Error::internal(format!("a timer for `{}`", timer.subject)))?;
    lock::invitation(conn, id)?;
    if !timers::take(conn, timer)? {
        return Ok(());
    }
    let invitation = store::get(conn, id)?;
    if invitation.is_overdue(now) { lapse(conn, invitation, now).map(drop) } else { Ok(()) }
}

/// Takes the step of `row`, which happened `at` and is noted `now`.
fn apply(
    conn: &mut Conn,
    row: &Row,
    by: (Actor, Option<UserId>),
    invitation: Invitation,
    input: &Input,
    (at, now): (Instant, Instant),
) -> Result<Invitation> {
    let version = invitation.version;
    let state = row.to.arrive(invitation.state, None, None).unwrap_or(invitation.state);
    let answered_at = if row.action == InvitationAction::Lapse { None } else { Some(at) };
    let reason_code = input.reason_code.clone();
    let next = Invitation { state, answered_at, reason_code, version: version + 1, changed_at: at, ..invitation };
    store::update(conn, version, &next, now)?;
    record(conn, &Entry::step(by, format!("invitation.{}", row.action), next.id, None, at))?;
    publish(conn, &next, row.action, at, now)?;
    timers::plan(conn, ROOM, &next.id.to_string(), [])?;
    mails::stop_reminding(conn, next.id)?;
    mails::tell(conn, row, &next, input, now)?;
    Ok(next)
}

/// Tells both sides outside of a step, which happened `at` and is noted `now`.
pub(crate) fn publish(conn: &mut Conn, invitation: &Invitation, action: InvitationAction, at: Instant, now: Instant) -> Result<()> {
    let Invitation { id, job_request_id, developer_id, organization_id, state, version, .. } = invitation;
    let data = json!({
        "invitation_id": id, "job_request_id": job_request_id, "developer_id": developer_id, "state": state, "version": version,
    });
    let event = NewEvent::new("invitation", action, data, at);
    events::publish(conn, event.concerning(*organization_id).concerning_developer(*developer_id), now)
}

pub(crate) fn facts(conn: &mut Conn, developer: DeveloperId, job: &JobRequest, now: Instant) -> Result<Facts> {
    let standing = card_store::standing(conn, developer)?.filter(|standing| standing.is_matchable(now));
    let vetted = standing.is_some() && developers::owner(conn, developer)?.active;
    let not_blocked = !access_store::is_blocked(conn, developer, job.organization)?;
    Ok(Facts { job_request_open: job.state == JobRequestState::Open, not_blocked, vetted, due: false })
}

/// Counts one more of something that may be done so many times a day.
pub(crate) fn count(conn: &mut Conn, bucket: &str, limit: Option<i64>, now: Instant) -> Result<()> {
    throttle::take_of_day(conn, bucket, limit, now)
}

fn shown(conn: &mut Conn, invitation: Invitation, party: Actor, now: Instant) -> Result<Answer> {
    let view = views(conn, vec![invitation], party, now)?.pop().ok_or_else(Error::not_found)?;
    Answer::versioned(view.version, &view)
}

fn list(
    conn: &mut Conn,
    of: Of,
    state: Option<InvitationState>,
    party: Actor,
    page: &PageQuery,
    now: Instant,
) -> Result<Page<InvitationView>> {
    let rows = store::list(conn, of, state, page)?;
    let Page { data, next_cursor } = Page::cut(rows, page.limit, |invitation| invitation.id.to_string());
    Ok(Page { data: views(conn, data, party, now)?, next_cursor })
}

/// What a side sees of invitations; a few queries, however many they are.
fn views(conn: &mut Conn, invitations: Vec<Invitation>, party: Actor, now: Instant) -> Result<Vec<InvitationView>> {
    let requests: Vec<JobRequestId> = invitations.iter().map(|each| each.job_request_id).collect();
    let ids: Vec<DeveloperId> = invitations.iter().map(|each| each.developer_id).collect();
    let jobs: HashMap<JobRequestId, JobRequest> = jobs::find(conn, &requests)?.into_iter().map(|job| (job.id, job)).collect();
    let cards: HashMap<DeveloperId, _> = card_store::cards(conn, &ids)?.into_iter().map(|card| (card.id, card)).collect();
    let view = |invitation: Invitation| {
        let (job, card) = (jobs.get(&invitation.job_request_id)?.clone(), cards.get(&invitation.developer_id)?.clone());
        Some(InvitationView::new(invitation, job, card, party, now))
    };
    Ok(invitations.into_iter().filter_map(view).collect())
}
