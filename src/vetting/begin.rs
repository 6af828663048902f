//! When a new application may begin, and as what: the first, another after one that came to nothing, or a renewal.

use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::process::{Actor, find};
use crate::vetting::appeal::Appeal;
use crate::vetting::application::Application;
use crate::vetting::process::{Action, STEPS};
use crate::vetting::standing::{Pass, STANDING_STEPS, StandingAction};

/// What a developer comes with.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// All applications, newest first.
    pub applications: Vec<Application>,
    /// The approval, if there is one.
    pub pass: Option<Pass>,
    /// The last appeal against the latest application's rejection.
    pub appeal: Option<Appeal>,
}

impl Past {
    /// The latest application.
    pub fn latest(&self) -> Option<&Application> {
        self.applications.first()
    }

    /// The step with which a new application begins at `now`.
    ///
    /// # Errors
    /// 409 with what stands in the way, and until when.
    pub fn may_begin(&self, expiring_days: i64, now: Instant) -> Result<Action> {
        self.nothing_is_open()?;
        if let Some(pass) = &self.pass {
            find(STANDING_STEPS, pass.status, StandingAction::Renew, Actor::Developer).map_err(|_| not_renewable(pass, expiring_days))?;
        }
        let Some(latest) = self.latest() else { return Ok(if self.pass.is_some() { Action::Renew } else { Action::Apply }) };
        if let Some(retry_after) = latest.retry_after.filter(|retry_after| now < *retry_after) {
            let sentence = format!("Your last application was rejected: a new one is welcome from {retry_after}.");
            return Err(Error::conflict(sentence).with("retry_after", retry_after));
        }
        let again = find(STEPS, latest.state, Action::Reapply, Actor::Developer).is_ok();
        Ok(match &self.pass {
            Some(_) => Action::Renew,
            None if again => Action::Reapply,
            None => Action::Apply,
        })
    }

    fn nothing_is_open(&self) -> Result<()> {
        if let Some(open) = self.latest().filter(|application| !application.is_finished()) {
            let sentence =
                format!("You have an application already, {}: it is in the state `{}`. Go on with that one.", open.id, open.state);
            return Err(Error::conflict(sentence).with("application_id", open.id).with("state", open.state));
        }
        if self.appeal.as_ref().is_some_and(|appeal| appeal.outcome.is_none()) {
            return Err(Error::conflict("Your appeal is being read: wait for the answer, then apply again if you need to."));
        }
        Ok(())
    }
}

fn not_renewable(pass: &Pass, expiring_days: i64) -> Error {
    if pass.status != VettedStatus::Approved {
        return Error::conflict(format!("Your vetting is {}: a new application cannot change that. You may appeal.", pass.status));
    }
    let renew_from = pass.expiring_at(expiring_days);
    let sentence = format!("You are approved until {}: you can apply for renewal from {renew_from}.", pass.valid_until);
    Error::conflict(sentence).with("valid_until", pass.valid_until).with("renew_from", renew_from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::developers::card::VettedStatus as Status;
    use crate::kernel::ids::DeveloperId;
    use crate::kernel::words::Word as _;
    use crate::vetting::appeal::{Against, AppealOutcome, Decision};
    use crate::vetting::process::ApplicationState as State;

    fn at(day: i64) -> Instant {
        Instant::from_micros(day * 86_400_000_000)
    }

    fn application(state: State) -> Application {
        Application { state, ..Application::begin(DeveloperId::from_u128(1), Vec::new(), at(0)) }
    }

    fn pass(status: Status) -> Pass {
        let (developer_id, application_id) = (DeveloperId::from_u128(1), None);
        Pass { developer_id, application_id, status, approved_at: at(0), valid_until: at(540), version: 1, changed_at: at(0) }
    }

    fn begins(state: Option<State>, status: Option<Status>) -> Option<Action> {
        let applications = state.map(application).into_iter().collect();
        Past { applications, pass: status.map(pass), appeal: None }.may_begin(30, at(100)).ok()
    }

    #[test]
    fn what_begins_follows_from_the_latest_application_and_the_approval() {
        assert_eq!(begins(None, None), Some(Action::Apply));
        let ends = [State::Rejected, State::Withdrawn, State::Lapsed];
        for state in State::ALL.iter().copied() {
            let again = ends.contains(&state).then_some(Action::Reapply);
            assert_eq!(begins(Some(state), None).filter(|_| state != State::Approved), again, "{state}");
            let over = ends.contains(&state) || state == State::Approved;
            for status in Status::ALL.iter().copied() {
                let ending = matches!(status, Status::Expiring | Status::Expired);
                let renews = (over && ending).then_some(Action::Renew);
                assert_eq!(begins(Some(state), Some(status)), renews, "{state} {status}");
                assert_eq!(begins(None, Some(status)), ending.then_some(Action::Renew), "seeded, {status}");
            }
        }
    }

    #[test]
    fn a_retry_date_and_an_open_appeal_stand_in_the_way() {
        let rejected = Application { retry_after: Some(at(90)), ..application(State::Rejected) };
        let decision = Decision { against: Against::Rejection, version: 3, at: at(0) };
        let open = Appeal::made("app", DeveloperId::from_u128(1), decision, "Please.".to_owned(), at(1));
        let past = |appeal| Past { applications: vec![rejected.clone()], pass: None, appeal };
        assert_eq!(past(None).may_begin(30, at(89)).unwrap_err().extra["retry_after"], serde_json::json!(at(90)));
        assert_eq!(past(None).may_begin(30, at(90)).unwrap(), Action::Reapply);
        assert!(past(Some(open.clone())).may_begin(30, at(90)).is_err());
        let settled = Appeal { outcome: Some(AppealOutcome::Upheld), ..open };
        assert_eq!(past(Some(settled)).may_begin(30, at(90)).unwrap(), Action::Reapply);
    }
}
