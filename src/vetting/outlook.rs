//! What comes next for a developer, by whom, by when, and why: in words made from where things stand.

use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::process::is_finished;
use crate::vetting::process::{Action, ApplicationState, STEPS, what_is_next};
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
    let reason = vetted.reason.clone();
    Some(match vetted.status {
        VettedStatus::Suspended | VettedStatus::Revoked if appealing => {
            Outlook::new("An admin who was not involved answers your appeal in writing.", WaitsFor::Reviewer, None, reason)
        }
        VettedStatus::Suspended => {
            Outlook::new("An admin reinstates or revokes your approval; you may appeal once.", WaitsFor::Reviewer, vetted.appeal_by, reason)
        }
        VettedStatus::Revoked => Outlook::new("Your approval is revoked; you may appeal once.", WaitsFor::Nobody, vetted.appeal_by, reason),
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
