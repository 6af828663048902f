//! The steps of an application: the table says whether and whereto, one transaction does all of it.

use crate::accounts::store as accounts;
use crate::audit::store::record_admin;
use crate::db::Conn;
use crate::developers::store as developers;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Faults, Result};
use crate::kernel::ids::{ApplicationId, UserId};
use crate::kernel::process::{Actor, find};
use crate::kernel::words::Word as _;
use crate::notifications::domain::{Letter, SkillLevel};
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::vetting::application::{Application, Input};
use crate::vetting::domain::{SkillVerdict, retry_after, slugs, valid_until};
use crate::vetting::guards::{self, Facts, ProfileFacts};
use crate::vetting::process::{Action, ApplicationState, Row, STEPS, Stage, Told};
use crate::vetting::service::{Vetting, actor, canonical, locked};
use crate::vetting::view::feedback;
use crate::vetting::{store, store_cards, store_vetted};

/// A step on its way: the application before and after it.
struct Taken<'a> {
    row: &'a Row,
    before: Application,
    after: Application,
    input: Input,
    user: UserId,
    now: Instant,
}

impl Vetting {
    /// Takes one step.
    ///
    /// # Errors
    /// 403 for a role that never takes it, 404 for another developer's application, 409 with the state and the allowed
    /// actions when the state does not allow it, 412 when stale, 422 with every fault.
    pub async fn step(&self, call: Call, id: ApplicationId, action: Action, input: Input) -> Result<Answer> {
        let actor = actor(&call.principal)?;
        refuse_role(action, actor)?;
        self.change(call, move |this, conn, call, now| {
            let before = locked(conn, &call.principal, id)?;
            call.expected.check(before.version)?;
            let row = find(STEPS, before.state, action, actor)?;
            let taken = this.decide(conn, row, before, &input, call.principal.user, now)?;
            store::update(conn, taken.before.version, &taken.after)?;
            store::insert_event(conn, taken.after.event(action, actor, taken.user, Some(taken.before.state), &taken.input))?;
            record_admin(conn, &call.principal, format!("vetting.{action}"), id, input.message.as_deref(), now)?;
            if action == Action::Approve {
                this.verify(conn, &taken)?;
            }
            this.tell(conn, &taken)?;
            Answer::versioned(taken.after.version, &this.shown(conn, taken.after, &call.principal)?)
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
        user: UserId,
        now: Instant,
    ) -> Result<Taken<'a>> {
        let mut faults = Faults::default();
        let input = Input { skills: canonical(conn, &input.skills, "/skills", &mut faults)?, ..input.clone() };
        let facts = self.facts(conn, row, &before, &input, user)?;
        together(faults, guards::check(row, &facts))?;
        let mut after = before.after(row.action, before.arrival(row)?, &input, user, now);
        if row.action == Action::Reject {
            after.retry_after = Some(retry_after(now, self.settings.retry_after_days));
        }
        Ok(Taken { row, before, after, input, user, now })
    }

    fn facts(&self, conn: &mut Conn, row: &Row, application: &Application, input: &Input, user: UserId) -> Result<Facts> {
        let cards = store_cards::cards(conn, application.id)?;
        let submitting = row.action == Action::Submit;
        Ok(Facts {
            profile: if submitting { self.profile_facts(conn, application)? } else { ProfileFacts::default() },
            minimum_skills: Some(self.settings.minimum_skills),
            from_stage: input.from_stage,
            core_skill_verified: self.core_skills_in(slugs(&input.skills)) > 0,
            reason_code: is_given(input.reason_code.as_deref()),
            message: is_given(input.message.as_deref()),
            questions: is_given(input.questions.as_deref()),
            answers: is_given(input.answers.as_deref()),
            ..self.standing_facts(conn, application, &cards, user)?
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

    /// The developer is vetted from now on, for the levels of the approval.
    fn verify(&self, conn: &mut Conn, taken: &Taken<'_>) -> Result<()> {
        let Application { id, developer_id, .. } = taken.after;
        store_vetted::approve(conn, developer_id, Some(id), &taken.input.skills, taken.now, self.valid_until(taken.now))
    }

    fn valid_until(&self, approved_at: Instant) -> Instant {
        valid_until(approved_at, self.settings.valid_months)
    }

    /// Puts the step's mails into the outbox. They say what happened, so none that is still pending is taken back.
    fn tell(&self, conn: &mut Conn, taken: &Taken<'_>) -> Result<()> {
        if taken.row.mails.is_empty() {
            return Ok(());
        }
        let owner = developers::owner(conn, taken.after.developer_id)?.user_id;
        let recipient = accounts::recipient(conn, owner)?;
        for told in taken.row.mails {
            let letter = self.letter(conn, *told, taken)?;
            enqueue(conn, taken.now, &NewMail::now(letter, taken.after.id, taken.after.version, recipient.clone()))?;
        }
        Ok(())
    }

    fn letter(&self, conn: &mut Conn, told: Told, taken: &Taken<'_>) -> Result<Letter> {
        let input = taken.input.clone();
        Ok(match told {
            Told::Received => Letter::VettingReceived { stages: stages_ahead(&taken.after) },
            Told::Taken => Letter::VettingTaken,
            Told::StagePassed => stage_passed(conn, taken)?,
            Told::Questions => Letter::VettingQuestions { questions: input.questions.unwrap_or_default() },
            Told::Approved => Letter::VettingApproved { levels: levels(&input.skills), valid_until: self.valid_until(taken.now) },
            Told::Rejected => Letter::VettingRejected {
                reason_code: input.reason_code.unwrap_or_default(),
                message: input.message.unwrap_or_default(),
                retry_after: taken.after.retry_after.unwrap_or(taken.now),
            },
            Told::OnHold => Letter::VettingOnHold,
            Told::Released => Letter::VettingReleased,
            Told::Withdrawn => Letter::VettingWithdrawn,
        })
    }
}

/// Refuses a role that never takes this step, before anybody learns whether the application exists.
fn refuse_role(action: Action, actor: Actor) -> Result<()> {
    match find(STEPS, ApplicationState::Draft, action, actor) {
        Err(refusal) if refusal.code == Code::NotAllowed => Err(refusal),
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

fn is_given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

fn stages_ahead(application: &Application) -> Vec<String> {
    let ahead = Stage::ALL.iter().filter(|stage| !application.skipped_stages.contains(stage));
    ahead.map(ToString::to_string).collect()
}

fn stage_passed(conn: &mut Conn, taken: &Taken<'_>) -> Result<Letter> {
    let cards = store_cards::cards(conn, taken.after.id)?;
    let line = taken.before.state.stage().and_then(|stage| feedback(&cards, stage, Some(taken.user)));
    Ok(Letter::VettingStagePassed { stage: taken.before.state.to_string(), next: taken.after.state.to_string(), feedback: line })
}

fn levels(skills: &[SkillVerdict]) -> Vec<SkillLevel> {
    skills.iter().map(|skill| SkillLevel { skill: skill.slug.clone(), level: i64::from(skill.level.number()) }).collect()
}
