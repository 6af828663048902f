//! Offering a trial.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::once::once;
use crate::db::{Conn, lock, throttle};
use crate::developers::access_store;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId};
use crate::kernel::process::{Actor, find};
use crate::trials::calendar::is_start_in_reach;
use crate::trials::effects::{Change, publish, record};
use crate::trials::guards::{self, Facts, standing_facts};
use crate::trials::model::{Contract, Step, StepBody, Trial, Viewer};
use crate::trials::process::{Action, CREATION, Row, STEPS, TrialState};
use crate::trials::service::Trials;
use crate::trials::terms::{Party, Terms, TermsPatch};
use crate::trials::{clock, mails, neighbors, store, store_terms};

/// The row of an offer.
static OFFER: Row = CREATION;

/// An offer of a trial. The client signs these terms with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrial {
    /// For which open job request.
    pub job_request_id: JobRequestId,
    /// To whom.
    pub developer_id: DeveloperId,
    /// The first day, in the contract's zone: from today to a year ahead.
    pub starts_on: NaiveDate,
    /// The terms.
    pub terms: Terms,
}

/// An offer to somebody else instead of a trial that came to nothing. What is left out is as it was there.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// To whom.
    pub developer_id: DeveloperId,
    /// The first day, in the contract's zone: from today to a year ahead.
    pub starts_on: NaiveDate,
    /// The terms that are to be others.
    #[serde(default)]
    #[schema(inline = false)]
    pub terms: Option<TermsPatch>,
    /// The reason, as a word; the developer who gets the offer reads it among the events of the new trial.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the developer who gets the offer reads it there, too.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

impl Trials {
    /// Offers a trial to somebody else instead of one that came to nothing, for the same job request.
    ///
    /// # Errors
    /// 404 for another's trial; 409 while it is not over, or when the job request has had its replacements; the rest as
    /// [`Self::offer`].
    pub async fn replace(&self, call: Call, id: TrialId, body: Replacement) -> Result<Answer> {
        let organization = call.principal.client()?;
        let (now, this) = (self.clock.now(), self.clone());
        let replace = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let old = this.replaceable(conn, &call, organization, id, now)?;
                let terms = body.terms.clone().unwrap_or_default().apply(&old.terms);
                let (job_request_id, starts_on) = (old.trial.job_request_id, body.starts_on);
                let new = NewTrial { job_request_id, developer_id: body.developer_id, starts_on, terms };
                let said = StepBody { reason_code: body.reason_code.clone(), message: body.message.clone(), ..StepBody::default() };
                let trial = this.create(conn, &call, organization, &new, Some((id, &said)), now)?;
                let view = this.view(conn, Viewer::Client(organization), trial, now)?;
                Answer::versioned(view.version, &view)
            })
        };
        let answer = self.db.write(replace).await?;
        self.wake();
        Ok(answer)
    }

    /// The trial that is replaced; its job request is locked from here on.
    fn replaceable(&self, conn: &mut Conn, call: &Call, organization: OrganizationId, id: TrialId, now: Instant) -> Result<Contract> {
        let viewer = Viewer::Client(organization);
        let old = clock::locked(conn, id, viewer)?;
        let old = clock::catch_up(conn, &self.rules, old, now)?;
        call.expected.check(old.trial.version)?;
        let row = find(STEPS, old.trial.state, Action::Replace, Actor::Client)?;
        let replacements = store::replacements(conn, old.trial.job_request_id)?;
        let standing = standing_facts(&old, viewer, &self.rules.periods, now);
        guards::check(row, &Facts { replacement_left: replacements < self.rules.periods.replacements, ..standing })?;
        Ok(old)
    }

    /// Offers a trial to a developer. An offer holds no hours and no seat.
    ///
    /// # Errors
    /// 404 for another's job request; 409 when it is not open, a trial is on already, or no trial can be agreed with the
    /// developer; 422 with every fault; 429 after too many offers in a day.
    pub async fn offer(&self, call: Call, body: NewTrial) -> Result<Answer> {
        let organization = call.principal.client()?;
        let (now, this) = (self.clock.now(), self.clone());
        let offer = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let trial = this.create(conn, &call, organization, &body, None, now)?;
                let view = this.view(conn, Viewer::Client(organization), trial, now)?;
                Answer::versioned(view.version, &view)
            })
        };
        let answer = self.db.write(offer).await?;
        self.wake();
        Ok(answer)
    }

    /// An offer, maybe instead of another trial: which one, and why.
    fn create(
        &self,
        conn: &mut Conn,
        call: &Call,
        organization: OrganizationId,
        body: &NewTrial,
        instead: Option<(TrialId, &StepBody)>,
        now: Instant,
    ) -> Result<Trial> {
        self.check_quota(conn, organization, now)?;
        lock::developer(conn, body.developer_id)?;
        lock::job_request(conn, body.job_request_id)?;
        let request = jobs::find_for(conn, organization, body.job_request_id)?;
        self.check_body(body, now)?;
        let mut contract = draft(call, organization, body, now, self.rules.periods.trial_days);
        contract.trial.replaces = instead.map(|(replaced, _)| replaced);
        let frozen = contract.set_terms(body.terms.clone(), body.starts_on, 1, now, &self.rules.periods)?;
        let is_open = request.state == JobRequestState::Open;
        guards::check(&OFFER, &facts(conn, &contract, is_open, now)?)?;
        if store::is_offered_already(conn, body.job_request_id, body.developer_id)? {
            return Err(Error::conflict("There is already a trial of this developer for this job request, offered or agreed."));
        }
        store::insert(conn, &contract.trial, now)?;
        store_terms::insert_terms(conn, &contract, &frozen, Party::Client, now)?;
        store_terms::sign(conn, contract.trial.id, contract.signature(Party::Client, call.principal.user, now))?;
        let nothing = StepBody::default();
        let said = instead.map_or(&nothing, |(_, said)| said);
        let step = Step { row: &OFFER, actor: Actor::Client, user: Some(call.principal.user), at: now, body: said };
        record(conn, &[(None, &contract.trial, step)])?;
        publish(conn, [(&contract.trial, step)], now)?;
        clock::plan(conn, &self.rules, &contract)?;
        mails::tell(conn, &self.rules, &[Change { before: &contract, next: contract.clone(), step }], now)?;
        Ok(contract.trial)
    }

    fn check_quota(&self, conn: &mut Conn, organization: OrganizationId, now: Instant) -> Result<()> {
        throttle::take_of_day(conn, &format!("offers:{organization}"), self.offers_per_day, now)
    }

    fn check_body(&self, body: &NewTrial, now: Instant) -> Result<()> {
        let mut faults = Faults::default();
        let in_reach = is_start_in_reach(body.starts_on, body.terms.time_zone, now, &self.rules.periods);
        faults.check(in_reach, "/starts_on", "must be a date from today to a year ahead, by the contract's calendar");
        body.terms.check(self.rules.periods.trial_days, &self.rules.rates, &mut faults);
        faults.finish()
    }
}

/// An offer whose terms are still to be set.
fn draft(call: &Call, organization_id: OrganizationId, body: &NewTrial, now: Instant, trial_days: i64) -> Contract {
    let trial = Trial {
        id: TrialId::new(now),
        job_request_id: body.job_request_id,
        developer_id: body.developer_id,
        organization_id,
        offered_by: call.principal.user,
        state: TrialState::Offered,
        outcome: None,
        terms_version: 1,
        starts_on: body.starts_on,
        starts_at: now,
        trial_days,
        extension_days: 0,
        paused_days: 0,
        ends_at: now,
        grace_until: now,
        paused_at: None,
        paused_by: None,
        offer_expires_at: now,
        accept_blocked: None,
        last_day: None,
        reason_code: None,
        message: None,
        replaces: None,
        version: 1,
        created_at: now,
        changed_at: now,
    };
    Contract { trial, terms: body.terms.clone(), sha256: String::new(), proposal: None, conversion: None, appealed: false }
}

fn facts(conn: &mut Conn, contract: &Contract, job_request_open: bool, now: Instant) -> Result<Facts> {
    let (developer, organization) = (contract.trial.developer_id, contract.trial.organization_id);
    let vetted = neighbors::is_vetted(conn, developer, now)?;
    Ok(Facts {
        job_request_open,
        not_blocked: !access_store::is_blocked(conn, developer, organization)?,
        vetted,
        start_in_reach: true,
        // A developer who does not exist has no hours, and is refused for not being vetted.
        hours_free: vetted && neighbors::has_hours_free(conn, contract, now)?,
        ..Facts::default()
    })
}
