//! What comes next for a developer, by whom, by when, and why: in words made from where things stand.

use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::process::is_finished;
use crate::vetting::process::{Action, ApplicationState, STEPS, what_is_next};
use crate::vetting::standing::StandingAction;
use crate::vetting::view_own::OwnApplication;
use crate::vetting::view_vetted::OwnVetted;
use crate::words;

words! {
    /// Who has to act next.
    pub enum WaitsFor {
        /// The developer.
        Developer => "developer",
        /// A reviewer.
        Reviewer => "reviewer",
        /// Nobody: it is finished.
        Nobody => "nobody",
    }
}

impl WaitsFor {
    /// Who has to act while an application is in this state.
    pub fn of(state: ApplicationState) -> Self {
        match state {
            ApplicationState::Draft | ApplicationState::NeedsInfo => Self::Developer,
            _ if is_finished(STEPS, &state) => Self::Nobody,
            _ => Self::Reviewer,
        }
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What, in a sentence.
    pub next: String,
    /// By whom.
    pub waits_for: WaitsFor,
    /// By when, where there is a date.
    pub due_by: Option<Instant>,
    /// Why, in words: the reviewer's or the admin's where they wrote some.
    pub why: Option<String>,
}

impl Outlook {
    fn new(next: &str, waits_for: WaitsFor, due_by: Option<Instant>, why: Option<String>) -> Self {
        Self { next: next.to_owned(), waits_for, due_by, why }
    }

    /// What comes next with the latest application and the approval, if there are any.
    pub fn of(application: Option<&OwnApplication>, vetted: Option<&OwnVetted>) -> Self {
        let open = application.filter(|application| WaitsFor::of(application.state) != WaitsFor::Nobody);
        if let Some(outlook) = vetted.and_then(|vetted| of_vetted(vetted, open.is_some())) {
            return outlook;
        }
        application.map_or_else(
            || Self::new("Write your profile, then apply: POST /v1/vetting/applications.", WaitsFor::Developer, None, None),
            of_application,
        )
    }
}

/// Of an approval that is not simply in force, or that ends.
fn of_vetted(vetted: &OwnVetted, renewing: bool) -> Option<Outlook> {
    let appealing = vetted.appeal.as_ref().is_some_and(|appeal| appeal.outcome.is_none());
    let may_appeal = vetted.allowed_actions.contains(&StandingAction::Appeal);
    let reason = vetted.reason.clone();
    Some(match vetted.status {
        VettedStatus::Suspended | VettedStatus::Revoked if appealing => {
            Outlook::new("An admin who was not involved answers your appeal in writing.", WaitsFor::Reviewer, None, reason)
        }
        VettedStatus::Suspended if may_appeal => {
            Outlook::new("An admin reinstates or revokes your approval; you may appeal.", WaitsFor::Reviewer, vetted.appeal_by, reason)
        }
        VettedStatus::Suspended => Outlook::new("An admin reinstates or revokes your approval.", WaitsFor::Reviewer, None, reason),
        VettedStatus::Revoked if may_appeal => {
            Outlook::new("Your approval is revoked; you may appeal.", WaitsFor::Nobody, vetted.appeal_by, reason)
        }
        VettedStatus::Revoked => Outlook::new("Your approval is revoked.", WaitsFor::Nobody, None, reason),
        VettedStatus::Expiring if !renewing => {
            let why = format!("Your approval ends at {}; until then clients find you.", vetted.valid_until);
            let next = "Apply for renewal: POST /v1/vetting/applications.";
            Outlook::new(next, WaitsFor::Developer, Some(vetted.valid_until), Some(why))
        }
        VettedStatus::Expired if !renewing => {
            let why = format!("Your approval ended at {}: clients no longer find you.", vetted.valid_until);
            Outlook::new("Apply for renewal: POST /v1/vetting/applications.", WaitsFor::Developer, None, Some(why))
        }
        _ => return None,
    })
}

fn of_application(application: &OwnApplication) -> Outlook {
    let plain = what_is_next(application.state);
    let appealing = application.appeal.as_ref().is_some_and(|appeal| appeal.outcome.is_none());
    match application.state {
        ApplicationState::NeedsInfo => Outlook::new(plain, WaitsFor::Developer, application.answer_by, application.questions.clone()),
        ApplicationState::Rejected if appealing => {
            let next = "An admin who was not involved answers your appeal in writing.";
            Outlook::new(next, WaitsFor::Reviewer, None, application.message.clone())
        }
        ApplicationState::Rejected => {
            let appeal_by = application.appeal_by.filter(|_| application.allowed_actions.contains(&Action::Appeal));
            Outlook::new(plain, WaitsFor::Nobody, appeal_by, application.message.clone())
        }
        state => Outlook::new(plain, WaitsFor::of(state), None, None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kernel::ids::DeveloperId;
    use crate::kernel::words::Word as _;
    use crate::vetting::appeal::{Against, Appeal, AppealView, Decision};
    use crate::vetting::application::Application;
    use crate::vetting::guards::Facts;
    use crate::vetting::view::Dossier;

    fn at(day: i64) -> Instant {
        Instant::from_micros(day * 86_400_000_000)
    }

    fn application(state: ApplicationState) -> OwnApplication {
        let begun = Application::begin(DeveloperId::from_u128(1), Vec::new(), at(0));
        let application = Application {
            state,
            questions: Some("Which bank?".to_owned()),
            message: Some("Not yet.".to_owned()),
            answer_by: Some(at(14)),
            ..begun
        };
        let dossier = Dossier { application, cards: Vec::new(), events: Vec::new(), appeal: None };
        OwnApplication::new(dossier, &Facts::default(), 30)
    }

    fn vetted(status: VettedStatus, appeal: Option<AppealView>) -> OwnVetted {
        OwnVetted {
            developer_id: DeveloperId::from_u128(1),
            status,
            valid_until: at(540),
            reason: Some("A complaint.".to_owned()),
            appeal_by: Some(at(30)),
            appeal,
            allowed_actions: vec![StandingAction::Appeal],
            version: 1,
            changed_at: at(0),
        }
    }

    #[test]
    fn an_application_waits_for_whom_its_state_says_and_for_nobody_once_it_is_over() {
        use ApplicationState as State;
        let waits = |state: &State| Outlook::of(Some(&application(*state)), None).waits_for;
        let (over, developers) = ([State::Approved, State::Rejected, State::Withdrawn, State::Lapsed], [State::Draft, State::NeedsInfo]);
        for state in State::ALL {
            let expected = match state {
                _ if over.contains(state) => WaitsFor::Nobody,
                _ if developers.contains(state) => WaitsFor::Developer,
                _ => WaitsFor::Reviewer,
            };
            assert_eq!(waits(state), expected, "{state}");
        }
        let asked = Outlook::of(Some(&application(State::NeedsInfo)), None);
        let next = "Answer the reviewer's questions; the review goes on from where it was.".to_owned();
        let (waits_for, due_by, why) = (WaitsFor::Developer, Some(at(14)), Some("Which bank?".to_owned()));
        assert_eq!(asked, Outlook { next, waits_for, due_by, why });
        let sentences: BTreeSet<_> = State::ALL.iter().map(|state| what_is_next(*state)).collect();
        assert_eq!(sentences.len(), State::ALL.len(), "each state has a sentence of its own");
        assert_eq!(Outlook::of(None, None).waits_for, WaitsFor::Developer);
    }

    #[test]
    fn what_ends_goes_before_what_is_over_and_behind_what_is_open() {
        let of = |state, status| Outlook::of(Some(&application(state)), Some(&vetted(status, None)));
        let over = ApplicationState::Approved;
        assert_eq!((of(over, VettedStatus::Approved).waits_for, of(over, VettedStatus::Approved).why), (WaitsFor::Nobody, None));
        assert_eq!(
            (of(over, VettedStatus::Expiring).waits_for, of(over, VettedStatus::Expiring).due_by),
            (WaitsFor::Developer, Some(at(540)))
        );
        assert_eq!(of(over, VettedStatus::Expired).waits_for, WaitsFor::Developer);
        assert_eq!(of(ApplicationState::Submitted, VettedStatus::Expiring).waits_for, WaitsFor::Reviewer, "a renewal is under way");
        let suspended = of(ApplicationState::Submitted, VettedStatus::Suspended);
        assert_eq!((suspended.why.as_deref(), suspended.due_by), (Some("A complaint."), Some(at(30))));
        let out_of_time = OwnVetted { allowed_actions: Vec::new(), ..vetted(VettedStatus::Suspended, None) };
        assert_eq!(Outlook::of(None, Some(&out_of_time)).due_by, None);
        let decision = Decision { against: Against::Revocation, version: 2, at: at(0) };
        let appeal = Appeal::made("dev", DeveloperId::from_u128(1), decision, "No.".to_owned(), at(1));
        let appealing = Outlook::of(Some(&application(over)), Some(&vetted(VettedStatus::Revoked, Some(appeal.into()))));
        assert_eq!(appealing.waits_for, WaitsFor::Reviewer);
    }
}
