//! Job requests: written, changed, opened, paused and closed by clients; read by admins as well.

use std::sync::Arc;

use serde_json::Value;

use crate::accounts::store as accounts;
use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::config::Limits;
use crate::db::Conn;
use crate::db::lock;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::throttle;
use crate::jobs::domain::JobRequest;
use crate::jobs::draft::{JobRequestDraft, Rules};
use crate::jobs::posting::{is_posted, job_posting};
use crate::jobs::process::{CREATED, JobRequestAction, JobRequestState, STEPS};
use crate::jobs::store;
use crate::jobs::store::Filter;
use crate::jobs::view::JobRequestView;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{JobRequestId, OrganizationId};
use crate::kernel::money::Rates;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::{Actor, find, is_finished};
use crate::kernel::schema::Patch;
use crate::scheduler::Nudge;
use crate::skills::service::Skills;

/// The room of job requests.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) db: Db,
    pub(crate) clock: SharedClock,
    skills: Arc<Skills>,
    rates: Arc<Rates>,
    limits: Arc<Limits>,
    changed: Nudge,
}

impl Jobs {
    /// `changed` wakes whoever follows job requests.
    pub fn new(db: Db, clock: SharedClock, skills: Arc<Skills>, rates: Arc<Rates>, limits: Limits, changed: Nudge) -> Self {
        Self { db, clock, skills, rates, limits: limits.into(), changed }
    }

    /// Writes a new job request, as a draft.
    ///
    /// # Errors
    /// 403, 422 with every fault, 429 when the organisation has written enough for a day.
    pub async fn create(&self, call: Call, draft: JobRequestDraft) -> Result<Answer> {
        let organization = call.principal.client()?;
        let (author, room, catalogue) = (call.principal.user, self.clone(), self.skills.catalogue().await?);
        // Before the transaction, in which others wait. What is wrong with it is said in it: it may be a request that was answered already.
        let checked = draft.check(&Rules { rates: &self.rates, catalogue: &catalogue, now: self.clock.now(), current: None });
        self.write(call, move |conn, now| {
            let fields = checked.clone()?;
            room.count(conn, organization, now)?;
            let request = JobRequest::draft(organization, author, fields, now);
            store::insert(conn, &request)?;
            record(conn, &Entry::step((Actor::Client, Some(author)), "job_request.create", request.id, None, now))?;
            store::publish(conn, &request, CREATED, now)?;
            shown(request)
        })
        .await
    }

    /// Changes what a job request asks for.
    ///
    /// # Errors
    /// 403, 404, 409 when it is closed, 412, 422 with every fault.
    pub async fn change(&self, call: Call, id: JobRequestId, patch: Patch<JobRequestDraft>) -> Result<Answer> {
        let organization = call.principal.client()?;
        let (expected, rates, catalogue) = (call.expected, self.rates.clone(), self.skills.catalogue().await?);
        self.write(call, move |conn, now| {
            let current = locked(conn, organization, id)?;
            expected.check(current.version)?;
            refuse_finished(current.state)?;
            let draft: JobRequestDraft = patch.apply(&current.fields)?;
            let fields = draft.check(&Rules { rates: &rates, catalogue: &catalogue, now, current: Some(&current) })?;
            let state = current.state;
            let changed = JobRequest { fields, ..current }.next(state, now);
            store::update(conn, &changed)?;
            shown(changed)
        })
        .await
    }

    /// Takes one of the client's steps.
    ///
    /// # Errors
    /// 403, 404, 409 when the state does not allow it, 412.
    pub async fn step(&self, call: Call, id: JobRequestId, action: JobRequestAction) -> Result<Answer> {
        let organization = call.principal.client()?;
        let (expected, user, actor) = (call.expected, call.principal.user, Actor::from(call.principal.role));
        self.write(call, move |conn, now| {
            let current = locked(conn, organization, id)?;
            expected.check(current.version)?;
            let row = find(STEPS, current.state, action, actor)?;
            let state = row.to.arrive(current.state, None, None).unwrap_or(current.state);
            let changed = current.next(state, now);
            store::update(conn, &changed)?;
            record(conn, &Entry::step((actor, Some(user)), format!("job_request.{action}"), id, None, now))?;
            store::publish(conn, &changed, action, now)?;
            shown(changed)
        })
        .await
    }

    /// One job request: an organisation's own, for admins any.
    ///
    /// # Errors
    /// 403, 404.
    pub async fn show(&self, principal: Principal, id: JobRequestId) -> Result<JobRequestView> {
        let role = principal.role;
        let owner = if role == Role::Admin { None } else { Some(principal.client()?) };
        let find = move |conn: &mut Conn| match owner {
            Some(organization) => store::find_for(conn, organization, id),
            None => store::get(conn, id),
        };
        Ok(JobRequestView::of(self.db.read(find).await?, role))
    }

    /// An open job request whose client has published it, as a schema.org JobPosting.
    ///
    /// # Errors
    /// 404 for every other.
    pub async fn posting(&self, id: JobRequestId) -> Result<Value> {
        let catalogue = self.skills.catalogue().await?;
        let read = move |conn: &mut Conn| {
            let request = Some(store::get(conn, id)?).filter(is_posted).ok_or_else(Error::not_found)?;
            let organization = accounts::organization(conn, request.organization)?;
            Ok(job_posting(&request, &organization.name, &catalogue))
        };
        self.db.read(read).await
    }

    /// An organisation's own job requests, newest first.
    ///
    /// # Errors
    /// 400 for a foreign cursor, 403.
    pub async fn list(&self, principal: Principal, state: Option<JobRequestState>, page: PageQuery) -> Result<Page<JobRequestView>> {
        let organization = Some(principal.client()?);
        self.page(Filter { organization, state, before: None }, page, principal.role).await
    }

    /// Everybody's job requests, newest first.
    ///
    /// # Errors
    /// 400 for a foreign cursor, 403.
    pub async fn list_all(&self, principal: Principal, state: Option<JobRequestState>, page: PageQuery) -> Result<Page<JobRequestView>> {
        principal.admin()?;
        self.page(Filter { organization: None, state, before: None }, page, principal.role).await
    }

    async fn page(&self, filter: Filter, page: PageQuery, role: Role) -> Result<Page<JobRequestView>> {
        let filter = Filter { before: page.after_as()?, ..filter };
        let wanted = page.rows_to_read();
        let rows = self.db.read(move |conn| store::list(conn, filter, wanted)).await?;
        Ok(Page::cut(rows, page.limit, |request| request.id.to_string()).map(|request| JobRequestView::of(request, role)))
    }

    async fn write(&self, call: Call, effect: impl Fn(&mut Conn, Instant) -> Result<Answer> + Send + 'static) -> Result<Answer> {
        let now = self.clock.now();
        let work = move |conn: &mut Conn| once(conn, call.once.as_ref(), now, |conn| effect(conn, now));
        let answer = self.db.write(work).await?;
        self.changed.wake();
        Ok(answer)
    }

    /// Counts one more job request of the organisation's day.
    fn count(&self, conn: &mut Conn, organization: OrganizationId, now: Instant) -> Result<()> {
        let limit = Some(self.limits.job_requests_per_day).filter(|_| self.limits.enabled);
        throttle::take_of_day(conn, &format!("job-requests:{organization}"), limit, now)
    }
}

/// The organisation's job request, whose row nobody else changes until the transaction ends.
fn locked(conn: &mut Conn, organization: OrganizationId, id: JobRequestId) -> Result<JobRequest> {
    lock::job_request(conn, id)?;
    store::find_for(conn, organization, id)
}

fn refuse_finished(state: JobRequestState) -> Result<()> {
    if !is_finished(STEPS, &state) {
        return Ok(());
    }
    let detail = format!("A job request that is {state} cannot be changed: write a new one.");
    Err(Error::new(Code::InvalidTransition, detail).with("state", state).with("allowed_actions", Vec::<JobRequestAction>::new()))
}

fn shown(request: JobRequest) -> Result<Answer> {
    Answer::versioned(request.version, &JobRequestView::of(request, Role::Client))
}
