//! The one way in which a person takes a step: through the table.

use crate::db::Conn;
use crate::db::once::once;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{TrialId, UserId};
use crate::kernel::process::find_open;
use crate::trials::calendar::{Periods, is_start_in_reach};
use crate::trials::effects::{apply, proposed_terms};
use crate::trials::guards::{self, Facts, standing_facts};
use crate::trials::model::{Contract, Step, StepBody, Viewer};
use crate::trials::process::{Action, STEPS};
use crate::trials::service::{Trials, viewer};
use crate::trials::{clock, neighbors, store_terms};

impl Trials {
    /// Takes a step. What was due before happens first, at its own time.
    ///
    /// # Errors
    /// 403 for a step that this role never takes; 404 for another's trial; 409 when the state does not allow it, or
    /// something stands in the way; 412 when `If-Match` is out of date; 422 with every fault of the body.
    pub async fn step(&self, call: Call, id: TrialId, action: Action, body: StepBody) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let step = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let viewer = viewer(conn, &call.principal)?;
                let contract = this.take(conn, &call, viewer, id, action, &body, now)?;
                let view = this.view(conn, viewer, contract.trial, now)?;
                Answer::versioned(view.version, &view)
            })
        };
        let answer = self.db.write(step).await?;
        self.wake();
        Ok(answer)
    }

    #[expect(clippy::too_many_arguments, reason = "what a step is made of")]
    fn take(
        &self,
        conn: &mut Conn,
        call: &Call,
        viewer: Viewer,
        id: TrialId,
        action: Action,
        body: &StepBody,
        now: Instant,
    ) -> Result<Contract> {
        let contract = clock::locked(conn, id, viewer)?;
        let contract = clock::catch_up(conn, &self.rules, contract, now)?;
        call.expected.check(contract.trial.version)?;
        let facts = facts(conn, &contract, viewer, call.principal.user, action, body, &self.rules.periods, now)?;
        let row = find_open(STEPS, contract.trial.state, action, viewer.actor(), |row| guards::is_open(row, &facts))?;
        guards::check(row, &facts)?;
        let step = Step { row, actor: viewer.actor(), user: Some(call.principal.user), at: now, body };
        apply(conn, &self.rules, &contract, &step, now)
    }
}

/// What the guards of a step look at; other rows only for the steps that need them.
#[expect(clippy::too_many_arguments, reason = "what a step is made of")]
fn facts(
    conn: &mut Conn,
    contract: &Contract,
    viewer: Viewer,
    user: UserId,
    action: Action,
    body: &StepBody,
    periods: &Periods,
    now: Instant,
) -> Result<Facts> {
    let (terms, starts_on) = proposed_terms(contract, body);
    let facts = Facts {
        start_in_reach: is_start_in_reach(starts_on, terms.time_zone, now, periods),
        reason_code: body.reason_code.is_some(),
        message: body.message.as_ref().is_some_and(|message| !message.trim().is_empty()),
        ..standing_facts(contract, viewer, periods, now)
    };
    match action {
        Action::Accept => Ok(Facts {
            vetted: neighbors::is_vetted(conn, contract.trial.developer_id, now)?,
            hours_free: neighbors::has_hours_free(conn, contract, now)?,
            seat_free: neighbors::has_seat_free(conn, &contract.trial)?,
            ..facts
        }),
        Action::DecideAppeal => {
            let involved = store_terms::takers(conn, contract.trial.id, Action::Terminate)?.contains(&Some(user));
            Ok(Facts { not_involved: !involved, ..facts })
        }
        _ => Ok(facts),
    }
}
