//! The types of events that webhooks can be told of: a lifecycle's word and a step's, taken from the tables of the processes. Which of
//! them are for whom is in `owner`.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::invitations::process as invitations;
use crate::jobs::process as jobs;
use crate::jobs::process::CREATED;
use crate::kernel::process::Table;
use crate::kernel::words::Word;
use crate::timesheets::process as timesheets;
use crate::trials::process as trials;
use crate::vetting::process as vetting;
use crate::vetting::standing;

/// What is sent to try a webhook out; it happens to nobody.
pub const TEST: &str = "webhook.test";

/// Steps that tell nothing new: somebody writes hours down; what replaces a trial is told as an offer, what renews an approval as the
/// application that it begins with.
const UNTOLD: [&str; 3] = ["timesheet.fill", "trial.replace", "vetted_status.renew"];

static ALL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = vec![format!("job_request.{CREATED}")];
    all.extend(types("job_request", jobs::STEPS));
    all.extend(types("invitation", invitations::STEPS));
    all.extend(types("trial", trials::STEPS));
    all.extend(types("timesheet", timesheets::STEPS));
    all.extend(types("vetting", vetting::STEPS));
    all.extend(types("vetted_status", standing::STANDING_STEPS));
    all.retain(|each| !UNTOLD.contains(&each.as_str()));
    all
});

/// Every type, lifecycle by lifecycle, in the order of the tables.
pub fn all() -> &'static [String] {
    &ALL
}

fn types<S, A: Word, G, M, O>(lifecycle: &str, table: Table<S, A, G, M, O>) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for step in table {
        let each = format!("{lifecycle}.{}", step.action.as_str());
        if !types.contains(&each) {
            types.push(each);
        }
    }
    types
}

/// A type of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventType(String);

impl EventType {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if all().contains(&text) { Ok(Self(text)) } else { Err(serde::de::Error::custom("is not a type of events")) }
    }
}

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(all().iter().map(String::as_str))).into()
    }
}

impl ToSchema for EventType {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_every_lifecycle_is_a_type_once_or_told_as_another() {
        fn words<A: Word>(lifecycle: &str) -> Vec<String> {
            A::ALL.iter().map(|action| format!("{lifecycle}.{}", action.as_str())).collect()
        }
        // From the words of the actions, not from the tables.
        let steps: Vec<String> = [
            vec!["job_request.create".to_owned()],
            words::<jobs::JobRequestAction>("job_request"),
            words::<invitations::InvitationAction>("invitation"),
            words::<trials::Action>("trial"),
            words::<timesheets::SheetAction>("timesheet"),
            words::<vetting::Action>("vetting"),
            words::<standing::StandingAction>("vetted_status"),
        ]
        .concat();
        for step in &steps {
            let times = all().iter().filter(|each| *each == step).count();
            assert_eq!(times, usize::from(!UNTOLD.contains(&step.as_str())), "{step}");
        }
        assert_eq!(all().len(), steps.len() - UNTOLD.len());
        assert!(UNTOLD.iter().all(|untold| steps.iter().any(|step| step == untold)));
    }
}
