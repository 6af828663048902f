//! The lifecycles of the house, described.

use serde::Serialize;
use utoipa::ToSchema;

use crate::invitations::process as invitations;
use crate::jobs::process as jobs;
use crate::kernel::lifecycle::{Lifecycle, describe};
use crate::timesheets::process as timesheets;
use crate::trials::process as trials;
use crate::vetting::process as vetting;
use crate::vetting::standing;

/// All lifecycles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Processes {
    /// In the order in which a developer and a client meet them.
    pub processes: Vec<Lifecycle>,
}

impl Processes {
    /// As the tables say.
    pub fn all() -> Self {
        let application = "A developer's application for vetting.";
        let vetted = "A developer's vetted status, from the first approval on.";
        let request = "A client's job request.";
        let invitation = "A client's invitation of a developer to talk about a job request.";
        let timesheet = "The hours of a week of a trial.";
        let trial = "A trial, from the offer to its end.";
        Self {
            processes: vec![
                describe("vetting_application", application, vetting::STEPS, vetting::next_stage),
                describe("vetted_status", vetted, standing::STANDING_STEPS, |_| None),
                describe("job_request", request, jobs::STEPS, |_| None),
                describe("invitation", invitation, invitations::STEPS, |_| None),
                describe("trial", trial, trials::STEPS, |_| None),
                describe("timesheet", timesheet, timesheets::STEPS, |_| None),
            ],
        }
    }
}
