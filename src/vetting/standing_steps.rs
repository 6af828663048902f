//! The steps of a developer's vetted status: those of people, those of the clock, and what follows from each.

use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::timers;
use crate::db::{Conn, lock};
use crate::developers::card::VettedStatus;
use crate::developers::store as developers;
use crate::events::domain::NewEvent;
use crate::events::store as events;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{DeveloperId, EventId, UserId};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::{Actor, find};
use crate::kernel::words::Word as _;
use crate::vetting::appeal::Appeal;
use crate::vetting::application::Input;
use crate::vetting::domain::ROOM;
use crate::vetting::guards::{self, Facts};
use crate::vetting::mails_standing as mails;
use crate::vetting::service::{Vetting, actor};
use crate::vetting::standing::{Pass, STANDING_STEPS, StandingAction, StandingRow, VettedEvent, is_involved, last_decision};
use crate::vetting::steps::{is_given, refuse_role};
use crate::vetting::view_vetted::{OwnVetted, PassFile, ReviewedVetted, VettedShown};
use crate::vetting::{store_appeals, store_vetted};

/// A step on its way: the approval before and after it.
pub(crate) struct StandingStep<'a> {
    /// Its row of the table.
    pub row: &'a StandingRow,
    /// As it was, with what happened to it.
    pub before: PassFile,
    /// As it is from now on.
    pub after: Pass,
    /// What came with it.
    pub input: &'a Input,
    /// In which role.
    pub actor: Actor,
    /// By whom; nobody for the clock.
    pub user: Option<UserId>,
}

impl Vetting {
    /// Takes one step of a developer's vetted status.
    ///
    /// # Errors
    /// 403 for a role that never takes it, 404 for another developer's, 409 with the status and the allowed actions when the
    /// status does not allow it, 412 when stale, 422 with every fault.
    pub async fn standing_step(&self, call: Call, developer: DeveloperId, action: StandingAction, input: Input) -> Result<Answer> {
        let actor = actor(&call.principal)?;
        refuse_role(STANDING_STEPS, VettedStatus::Approved, action, actor)?;
        self.change(call, move |this, conn, call, now| {
            let file = this.visible_pass(conn, &call.principal, developer, now)?;
            let row = find(STANDING_STEPS, file.pass.status, action, actor)?;
            call.expected.check(file.pass.version)?;
            guards::check_all(row.guards, &this.pass_facts(conn, &file, Some(call.principal.user), Some(&input), now)?)?;
            let after = Pass {
                status: file.pass.arrival(row, input.outcome)?,
                version: file.pass.version + 1,
                changed_at: now,
                ..file.pass.clone()
            };
            let step = StandingStep { row, before: file, after, input: &input, actor, user: Some(call.principal.user) };
            let file = this.take_standing(conn, step, now)?;
            Answer::versioned(file.pass.version, &this.vetted_shown(conn, file, &call.principal, now)?)
        })
        .await
    }

    /// The approval as of now, locked with its developer, if the principal may see it.
    fn visible_pass(&self, conn: &mut Conn, principal: &Principal, developer: DeveloperId, now: Instant) -> Result<PassFile> {
        let owner = developers::owner(conn, developer)?.user_id;
        if principal.role != Role::Admin && owner != principal.user {
            return Err(Error::not_found());
        }
        lock::developer(conn, developer)?;
        let never = || Error::new(Code::InvalidTransition, "This developer has never been approved.").with("allowed_actions", [""; 0]);
        self.current_pass(conn, developer, now)?.ok_or_else(never)
    }

    /// The approval of a locked developer as of now, with everything that stands beside it.
    pub(crate) fn current_pass(&self, conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<Option<PassFile>> {
        let Some(mut file) = self.pass_file(conn, developer)? else { return Ok(None) };
        while let Some((action, at)) = self.due_of_pass(&file.pass, now) {
            let row = find(STANDING_STEPS, file.pass.status, action, Actor::System)?;
            guards::check_all(row.guards, &Facts { due: true, ..Facts::default() })?;
            let status = file.pass.arrival(row, None)?;
            let after = Pass { status, version: file.pass.version + 1, changed_at: at, ..file.pass.clone() };
            let step = StandingStep { row, before: file, after, input: &Input::default(), actor: Actor::System, user: None };
            file = self.take_standing(conn, step, now)?;
        }
        Ok(Some(file))
    }

    /// The approval with everything that stands beside it, as it is kept.
    pub(crate) fn pass_file(&self, conn: &mut Conn, developer: DeveloperId) -> Result<Option<PassFile>> {
        let Some(pass) = store_vetted::pass(conn, developer)? else { return Ok(None) };
        let events = store_vetted::events(conn, developer)?;
        Ok(Some(PassFile { pass, events, appeal: store_appeals::latest(conn, &developer.to_string())? }))
    }

    /// What the clock has not come to yet.
    pub(crate) fn due_of_pass(&self, pass: &Pass, now: Instant) -> Option<(StandingAction, Instant)> {
        pass.clock_step(self.settings.expiring_days).filter(|(_, at)| *at <= now)
    }

    /// Plans the approval's timer anew.
    pub(crate) fn plan_expiry(&self, conn: &mut Conn, pass: &Pass) -> Result<()> {
        let subject = pass.developer_id.to_string();
        let next = pass.clock_step(self.settings.expiring_days);
        timers::plan(conn, ROOM, &subject, next.map(|(action, at)| (action.as_str(), at)))
    }

    /// Writes a step with everything that follows from it. `now` is later than the step's own time where the clock is late.
    fn take_standing(&self, conn: &mut Conn, step: StandingStep<'_>, now: Instant) -> Result<PassFile> {
        store_vetted::update(conn, step.before.pass.version, &step.after)?;
        let event = event(&step.after, step.row.action, Some(step.before.pass.status), (step.actor, step.user), step.input);
        audit_standing(conn, &event, step.input.message.as_ref(), now)?;
        store_vetted::insert_event(conn, event)?;
        appeal(conn, &step)?;
        mails::tell(conn, &self.settings, &step, now)?;
        mails::follow(conn, &self.settings, &step.before.pass, &step.after, now)?;
        self.plan_expiry(conn, &step.after)?;
        let file = self.pass_file(conn, step.after.developer_id)?;
        file.ok_or_else(|| Error::internal("an approval is gone"))
    }

    /// What the steps are held to; `by` is the admin or developer who asks, `input` what came with a step.
    pub(crate) fn pass_facts(
        &self,
        conn: &mut Conn,
        file: &PassFile,
        by: Option<UserId>,
        input: Option<&Input>,
        now: Instant,
    ) -> Result<Facts> {
        let past = self.past(conn, file.pass.developer_id)?;
        let facts = Facts {
            may_begin: past.may_begin(self.settings.expiring_days, now).is_ok(),
            not_involved: by.is_some_and(|admin| !is_involved(&file.events, admin)),
            message: input.is_some_and(|input| is_given(input.message.as_deref())),
            ..Facts::default()
        };
        Ok(self.with_appeal(facts, last_decision(&file.events), file.appeal.as_ref(), now))
    }

    fn vetted_shown(&self, conn: &mut Conn, file: PassFile, principal: &Principal, now: Instant) -> Result<VettedShown> {
        let facts = self.pass_facts(conn, &file, Some(principal.user), None, now)?;
        Ok(match principal.role {
            Role::Admin => VettedShown::Reviewed(Box::new(ReviewedVetted::new(file, &facts))),
            _ => VettedShown::Own(Box::new(OwnVetted::new(file, &facts, self.settings.appeal_days))),
        })
    }
}

/// The event by which the approval came to be as it is now.
pub(crate) fn event(
    pass: &Pass,
    action: StandingAction,
    from: Option<VettedStatus>,
    (actor, user_id): (Actor, Option<UserId>),
    input: &Input,
) -> VettedEvent {
    VettedEvent {
        id: EventId::new(pass.changed_at),
        developer_id: pass.developer_id,
        version: pass.version,
        action,
        actor,
        user_id,
        from_status: from,
        to_status: pass.status,
        reason_code: input.reason_code.clone(),
        message: input.message.clone(),
        occurred_at: pass.changed_at,
    }
}

/// Writes the event into the audit log, an admin's with the reason, and tells the developer outside.
pub(crate) fn audit_standing(conn: &mut Conn, event: &VettedEvent, reason: Option<&String>, now: Instant) -> Result<()> {
    let action = format!("vetting.{}", event.action);
    let entry = Entry::step((event.actor, event.user_id), action, event.developer_id, reason, event.occurred_at);
    record(conn, &entry.with(json!({ "reason_code": event.reason_code })))?;
    let data = json!({ "developer_id": event.developer_id, "state": event.to_status, "version": event.version });
    let told = NewEvent::new("vetted_status", event.action, data, event.occurred_at).concerning_developer(event.developer_id);
    events::publish(conn, told, now)
}

/// The row beside the decision, for the two steps that are about one.
fn appeal(conn: &mut Conn, step: &StandingStep<'_>) -> Result<()> {
    let PassFile { pass, events, appeal } = &step.before;
    let message = step.input.message.clone().unwrap_or_default();
    match (step.row.action, last_decision(events), appeal, step.input.outcome, step.user) {
        (StandingAction::Appeal, Some(decision), ..) => {
            let appeal = Appeal::made(pass.developer_id, pass.developer_id, decision, message, step.after.changed_at);
            store_appeals::insert(conn, &appeal)
        }
        (StandingAction::DecideAppeal, _, Some(appeal), Some(outcome), Some(admin)) => {
            store_appeals::decide(conn, appeal, outcome, &message, admin, step.after.changed_at)
        }
        _ => Ok(()),
    }
}
