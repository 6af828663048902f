//! The steps of an application: the table says whether and whereto, one transaction does all of it.

use serde_json::json;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::developers::store as developers;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Faults, Result};
use crate::kernel::ids::{ApplicationId, UserId};
use crate::kernel::process::{Actor, Table, find};
use crate::kernel::words::Word;
use crate::vetting::appeal::{Appeal, Decision};
use crate::vetting::application::{Application, Input, last_decision};
use crate::vetting::domain::{days_after, slugs, valid_until};
use crate::vetting::guards::{self, Facts, ProfileFacts};
use crate::vetting::mails_standing::announce_end;
use crate::vetting::process::{Action, ApplicationState, Row, STEPS};
use crate::vetting::service::{Vetting, actor, canonical, publish};
use crate::vetting::standing::{STANDING_STEPS, StandingAction};
use crate::vetting::standing_steps::{audit_standing, event};
use crate::vetting::view::Dossier;
use crate::vetting::{mails, store, store_appeals, store_vetted};

/// A step on its way: the application before and after it.
pub(crate) struct Taken<'a> {
    /// Its row of the table.
    pub row: &'a Row,
    /// As it was.
    pub before: Application,
    /// As it is from now on.
    pub after: Application,
    /// What came with it.
    pub input: Input,
    /// In which role.
    pub actor: Actor,
    /// By whom; nobody for the clock.
    pub user: Option<UserId>,
    /// The last rejection until now.
    pub decision: Option<Decision>,
    /// The last appeal until now.
    pub appeal: Option<Appeal>,
}

impl Vetting {
    /// Takes one step.
    ///
    /// # Errors
    /// 403 for a role that never takes it, 404 for another developer's application, 409 with the state and the allowed
    /// actions when the state does not allow it, 412 when stale, 422 with every fault.
    pub async fn step(&self, call: Call, id: ApplicationId, action: Action, input: Input) -> Result<Answer> {
        let actor = actor(&call.principal)?;
        refuse_role(STEPS, ApplicationState::Draft, action, actor)?;
        self.change(call, move |this, conn, call, now| {
            let before = this.current(conn, &call.principal, id, now)?;
            call.expected.check(before.version)?;
            let row = find(STEPS, before.state, action, actor)?;
            let taken = this.decide(conn, row, before, &input, (actor, call.principal.user), now)?;
            this.take(conn, &taken, now)?;
            Answer::versioned(taken.after.version, &this.shown(conn, taken.after, &call.principal, now)?)
        })
        .await
    }

    /// Holds the step to its guards, and says what the application becomes. Writes nothing.
    fn decide<'a>(
        &self,
        conn: &mut Conn,
        row: &'a Row,
        before: Application,
        input: &Input,
        by: (Actor, UserId),
        now: Instant,
    ) -> Result<Taken<'a>> {
        let (actor, user) = by;
        let mut faults = Faults::default();
        let input = Input { skills: canonical(conn, &input.skills, "/skills", &mut faults)?, ..input.clone() };
        let dossier = self.dossier(conn, before)?;
        let facts = self.facts(conn, row, &dossier, &input, by, now)?;
        together(faults, guards::check_all(row.guards, &facts))?;
        let Dossier { application: before, events, appeal, .. } = dossier;
        let mut after = before.after(row.action, before.arrival(row, &input)?, &input, Some(user), now);
        match row.action {
            Action::Reject => after.retry_after = Some(days_after(now, self.settings.retry_after_days)),
            Action::Ask => after.answer_by = Some(days_after(now, self.settings.answer_days)),
            _ => {}
        }
        Ok(Taken { row, before, after, input, actor, user: Some(user), decision: last_decision(&events), appeal })
    }

    /// Writes a step with everything that follows from it. `now` is later than the step's own time where the clock is late.
    pub(crate) fn take(&self, conn: &mut Conn, taken: &Taken<'_>, now: Instant) -> Result<()> {
        let Taken { before, after, input, actor, user, row, .. } = taken;
        store::update(conn, before.version, after)?;
        store::insert_event(conn, after.event(row.action, *actor, *user, Some(before.state), input))?;
        let action = format!("vetting.{}", row.action);
        let entry = Entry::step((*actor, *user), action, after.id, input.message.as_ref(), after.changed_at);
        record(conn, &entry.with(json!({ "reason_code": input.reason_code })))?;
        publish(conn, after, row.action, after.changed_at, now)?;
        appeal(conn, taken)?;
        mails::tell(conn, &self.settings, taken, now)?;
        if row.action == Action::Approve {
            self.verify(conn, taken, now)?;
        }
        mails::remind_to_answer(conn, &self.settings, after, now)?;
        self.plan_lapse(conn, after)
    }

    fn facts(
        &self,
        conn: &mut Conn,
        row: &Row,
        dossier: &Dossier,
        input: &Input,
        (actor, user): (Actor, UserId),
        now: Instant,
    ) -> Result<Facts> {
        let standing = match actor {
            Actor::Developer => self.own_facts(dossier, &self.past(conn, dossier.application.developer_id)?, now),
            _ => self.standing_facts(conn, dossier, user, now)?,
        };
        let submitting = row.action == Action::Submit;
        Ok(Facts {
            profile: if submitting { self.profile_facts(conn, &dossier.application)? } else { ProfileFacts::default() },
            core_skills: self.settings.core_skills.clone(),
            minimum_skills: Some(self.settings.minimum_skills),
            from_stage: input.from_stage,
            core_skill_verified: self.core_skills_in(slugs(&input.skills)) > 0,
            reason_code: is_given(input.reason_code.as_deref()),
            message: is_given(input.message.as_deref()),
            questions: is_given(input.questions.as_deref()),
            answers: is_given(input.answers.as_deref()),
            ..standing
        })
    }

    fn profile_facts(&self, conn: &mut Conn, application: &Application) -> Result<ProfileFacts> {
        let profile = developers::profile(conn, application.developer_id)?.profile;
        Ok(ProfileFacts {
            headline: is_given(profile.headline.as_deref()),
            summary: is_given(profile.summary.as_deref()),
            skills: profile.skills.len(),
            core_skills: self.core_skills_in(profile.skills.iter().map(|skill| skill.slug.as_str())),
            hourly_rate: profile.hourly_rate.is_some(),
            hours_per_week: profile.hours_per_week.is_some(),
            time_zone: profile.time_zone.is_some(),
        })
    }

    fn core_skills_in<'s>(&self, slugs: impl Iterator<Item = &'s str>) -> usize {
        slugs.filter(|slug| self.settings.core_skills.iter().any(|core| core == slug)).count()
    }

    /// The developer is vetted from now on, for the levels of the approval, unless the vetted status does not allow it.
    fn verify(&self, conn: &mut Conn, taken: &Taken<'_>, now: Instant) -> Result<()> {
        let Application { id, developer_id, changed_at, .. } = taken.after;
        let before = self.current_pass(conn, developer_id, now)?.map(|file| file.pass.status);
        if let Some(status) = before {
            find(STANDING_STEPS, status, StandingAction::Approve, taken.actor)?;
        }
        let until = valid_until(changed_at, self.settings.valid_months);
        store_vetted::approve(conn, developer_id, Some(id), &taken.input.skills, changed_at, until)?;
        let pass = store_vetted::pass(conn, developer_id)?.ok_or_else(|| Error::internal("an approval is gone"))?;
        let event = event(&pass, StandingAction::Approve, before, (taken.actor, taken.user), &Input::default());
        audit_standing(conn, &event, None, now)?;
        store_vetted::insert_event(conn, event)?;
        announce_end(conn, &self.settings, &pass, now)?;
        self.plan_expiry(conn, &pass)
    }
}

/// Refuses a role that never takes this step, before anybody learns whether the thing exists; `state` is any.
pub(crate) fn refuse_role<S: Word + PartialEq, A: Word + PartialEq, G, M>(
    table: Table<S, A, G, M>,
    state: S,
    action: A,
    actor: Actor,
) -> Result<()> {
    match find(table, state, action, actor) {
        Err(refusal) if refusal.code == Code::NotAllowed => Err(refusal),
        _ => Ok(()),
    }
}

/// The row beside the rejection, for the two steps that are about one.
fn appeal(conn: &mut Conn, taken: &Taken<'_>) -> Result<()> {
    let (after, message) = (&taken.after, taken.input.message.clone().unwrap_or_default());
    match (taken.row.action, taken.decision, &taken.appeal, taken.input.outcome, taken.user) {
        (Action::Appeal, Some(decision), ..) => {
            store_appeals::insert(conn, &Appeal::made(after.id, after.developer_id, decision, message, after.changed_at))
        }
        (Action::DecideAppeal, _, Some(appeal), Some(outcome), Some(admin)) => {
            store_appeals::decide(conn, appeal, outcome, &message, admin, after.changed_at)
        }
        _ => Ok(()),
    }
}

/// The faults of the body and those of the guards in one answer; any other refusal goes first.
fn together(mut faults: Faults, guards: Result<()>) -> Result<()> {
    match guards {
        Err(refusal) if refusal.code == Code::ValidationFailed => {
            refusal.faults.into_iter().for_each(|fault| faults.add(fault.pointer, fault.detail));
        }
        other => other?,
    }
    faults.finish()
}

/// Whether there is a text that is not blank.
pub(crate) fn is_given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}
