//! Suspending and reinstating people, by admins; removing members, by owners.
//!
//! What follows from a suspension, in its transaction: every session ends, a developer leaves matching, and the webhooks that a
//! client or an admin has made are switched off, as a lost membership switches them off. Whoever can no longer answer for a side gives up
//! what nobody has signed: a suspended developer's open offers, and, once nobody who may sign in is left in an organisation,
//! its open offers and its open job requests, which rest. Agreed and running trials go on, because there is another side to
//! them: an admin decides about each. A reinstatement brings back none of it by itself.

use serde_json::json;

use crate::accounts::admins::set_status;
use crate::accounts::domain::{AccountStatus, User};
use crate::accounts::{members, store as accounts, store_admin, store_sessions};
use crate::audit::domain::{Entry, WrittenReason};
use crate::audit::store::record;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::{Conn, lock};
use crate::developers::store as developers;
use crate::jobs::process::{JobRequestAction, JobRequestState, STEPS as JOB_STEPS};
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrganizationId, TrialId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::{Actor, find};
use crate::trials::model::{Step, StepBody, Viewer};
use crate::trials::process::{Action, STEPS, TrialState};
use crate::trials::service::Trials;
use crate::trials::{clock, effects, store as trials};
use crate::webhooks::ending::end_those_of;
use crate::webhooks::owner::Owner;

/// How many requests and offers are read at once.
const AT_ONCE: i64 = 100;

/// On whose decision a side gives up what nobody has signed.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// In which role.
    pub actor: Actor,
    /// Who.
    pub user: UserId,
    /// Why, as a word.
    pub reason_code: &'static str,
}

/// Who is kept out.
#[derive(Clone)]
pub struct Suspensions {
    db: Db,
    clock: SharedClock,
    trials: Trials,
}

impl Suspensions {
    /// Suspensions in `db`; `trials` knows how offers end.
    pub fn new(db: Db, clock: SharedClock, trials: Trials) -> Self {
        Self { db, clock, trials }
    }

    /// Keeps a person out.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 409 for oneself and for somebody who is kept out already.
    pub async fn suspend(&self, call: Call, id: UserId, reason: WrittenReason) -> Result<Answer> {
        self.set(call, id, AccountStatus::Suspended, reason).await
    }

    /// Lets a person in again.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 409 for somebody who is not kept out.
    pub async fn reinstate(&self, call: Call, id: UserId, reason: WrittenReason) -> Result<Answer> {
        self.set(call, id, AccountStatus::Active, reason).await
    }

    /// Keeps an account out, and what it has made from telling anybody more. For the command line.
    ///
    /// # Errors
    /// 404 for an unknown address, 409 for the last active admin.
    pub async fn disable(&self, email: Email) -> Result<()> {
        let now = self.clock.now();
        let disable = move |conn: &mut Conn| {
            let user = set_status(conn, &email, AccountStatus::Suspended, now)?;
            end_made_by(conn, &user, now)
        };
        self.db.write(disable).await?;
        self.wake();
        Ok(())
    }

    /// Ends a membership, and with it what the member has made that would go on telling them of the organisation. Owners only.
    ///
    /// # Errors
    /// 403, 404 for somebody who is no member, 409 for oneself.
    pub async fn remove_member(&self, principal: Principal, member: UserId) -> Result<()> {
        let now = self.clock.now();
        let remove = move |conn: &mut Conn| {
            let organization = members::remove(conn, &principal, member, now)?;
            end_those_of(conn, member, Owner::Organization(organization), now)
        };
        self.db.write(remove).await?;
        self.wake();
        Ok(())
    }

    /// Wakes whoever works on what a side has given up, and whoever writes of it.
    pub fn wake(&self) {
        self.trials.wake();
    }

    async fn set(&self, call: Call, id: UserId, status: AccountStatus, reason: WrittenReason) -> Result<Answer> {
        let (admin, now, this) = (call.principal.admin()?, self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                lock::user(conn, id)?;
                let user = accounts::user(conn, id)?;
                refuse(&user, admin, status)?;
                accounts::set_status(conn, id, status, now)?;
                store_sessions::revoke_all(conn, id, None, now)?;
                let action = if status == AccountStatus::Suspended { "user.suspend" } else { "user.reinstate" };
                let entry = Entry::admin(admin, action, id, now).because(Some(&reason.message));
                record(conn, &entry.with(json!({ "reason_code": reason.reason_code })))?;
                if status == AccountStatus::Suspended {
                    let by = By { actor: Actor::Admin, user: admin, reason_code: "account_suspended" };
                    this.give_up(conn, &user, by, now)?;
                }
                Answer::plain(&store_admin::find(conn, id)?)
            })
        };
        let answer = self.db.write(work).await?;
        self.trials.wake();
        Ok(answer)
    }

    /// What the person, who is kept out by now, has made for themselves, and what the side gives up that they were the last to answer for.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn give_up(&self, conn: &mut Conn, user: &User, by: By, now: Instant) -> Result<()> {
        if user.role == Role::Developer {
            let Some(developer) = developers::find_by_user(conn, user.id)? else { return Ok(()) };
            return self.end_offers(conn, Viewer::Developer(developer), by, now);
        }
        end_made_by(conn, user, now)?;
        let Some(membership) = accounts::membership(conn, user.id)? else { return Ok(()) };
        if store_admin::has_active_member(conn, membership.id)? {
            return Ok(());
        }
        self.end_offers(conn, Viewer::Client(membership.id), by, now)?;
        rest(conn, membership.id, by, now)
    }

    /// Ends what the side has offered, or was offered, by the step with which it would end it.
    fn end_offers(&self, conn: &mut Conn, side: Viewer, by: By, now: Instant) -> Result<()> {
        for state in [TrialState::Offered, TrialState::Countered] {
            let page = PageQuery { limit: AT_ONCE, cursor: None };
            loop {
                let open = trials::list(conn, side, Some(state), &page)?;
                if open.is_empty() {
                    break;
                }
                open.iter().try_for_each(|trial| self.end_offer(conn, side, trial.id, by, now))?;
            }
        }
        Ok(())
    }

    fn end_offer(&self, conn: &mut Conn, side: Viewer, id: TrialId, by: By, now: Instant) -> Result<()> {
        let contract = clock::locked(conn, id, Viewer::Admin)?;
        let contract = clock::catch_up(conn, &self.trials.rules, contract, now)?;
        let action = match (contract.trial.state, side) {
            (TrialState::Offered, Viewer::Client(_)) | (TrialState::Countered, Viewer::Developer(_)) => Action::Withdraw,
            (TrialState::Offered, Viewer::Developer(_)) | (TrialState::Countered, Viewer::Client(_)) => Action::Decline,
            _ => return Ok(()),
        };
        let row = find(STEPS, contract.trial.state, action, side.actor())?;
        let body = StepBody { reason_code: Some(by.reason_code.to_owned()), ..StepBody::default() };
        let step = Step { row, actor: by.actor, user: Some(by.user), at: now, body: &body };
        effects::apply(conn, &self.trials.rules, &contract, &step, now).map(drop)
    }
}

/// What somebody who is kept out has made for those they acted for.
fn end_made_by(conn: &mut Conn, user: &User, now: Instant) -> Result<()> {
    let owner = match user.role {
        Role::Admin => Some(Owner::House),
        Role::Client => accounts::membership(conn, user.id)?.map(|membership| Owner::Organization(membership.id)),
        Role::Developer => None,
    };
    owner.map_or(Ok(()), |owner| end_those_of(conn, user.id, owner, now))
}

fn refuse(user: &User, admin: UserId, status: AccountStatus) -> Result<()> {
    if user.id == admin {
        return Err(Error::conflict("You cannot suspend yourself: ask another admin."));
    }
    if user.status == status {
        return Err(Error::conflict(format!("This account is {status} already.")));
    }
    Ok(())
}

/// The organisation's open job requests rest, as if a member had paused them.
fn rest(conn: &mut Conn, organization: OrganizationId, by: By, now: Instant) -> Result<()> {
    let row = find(JOB_STEPS, JobRequestState::Open, JobRequestAction::Pause, Actor::Client)?;
    let filter = jobs::Filter { organization: Some(organization), state: Some(JobRequestState::Open), before: None };
    loop {
        let open = jobs::list(conn, filter, AT_ONCE)?;
        if open.is_empty() {
            return Ok(());
        }
        for request in open {
            let state = row.to.arrive(request.state, None, None).unwrap_or(request.state);
            record(conn, &Entry::step((by.actor, Some(by.user)), format!("job_request.{}", row.action), request.id, None, now))?;
            let rested = request.next(state, now);
            jobs::update(conn, &rested)?;
            jobs::publish(conn, &rested, row.action, now)?;
        }
    }
}
