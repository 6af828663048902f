//! The key dates of all trials of a party, for a calendar that follows them.

use crate::db::Conn;
use crate::kernel::error::Result;
use crate::kernel::page::PageQuery;
use crate::notifications::calendar::{CalendarEvents, Method};
use crate::notifications::summaries::TrialSummary;
use crate::notifications::trial_dates::calendar;
use crate::trials::model::{Trial, Viewer};
use crate::trials::notices::Recipient;
use crate::trials::process::{AGREED, Outcome, TrialState};
use crate::trials::service::{Trials, parties};
use crate::trials::{mails, neighbors, store, store_terms};

/// Of so many trials, the newest, a calendar is told.
const TOLD: i64 = 200;

impl Trials {
    /// The key dates of the party's trials that both have signed, the newest first: what took place, what is ahead, and what was called
    /// off.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn dates_of(&self, conn: &mut Conn, viewer: Viewer) -> Result<Vec<CalendarEvents>> {
        let mut trials = store::list(conn, viewer, None, &PageQuery { limit: TOLD, cursor: None })?;
        trials.retain(was_agreed);
        let names = neighbors::names_of(conn, &parties(&trials))?;
        let mut events = Vec::new();
        for dossier in store_terms::dossiers(conn, trials)? {
            let Trial { developer_id, organization_id, state, .. } = dossier.contract.trial;
            let Some(names) = names.get(&(developer_id, organization_id)) else { continue };
            let summary = mails::summary(&dossier.contract, names, as_told(viewer), &self.rules);
            if AGREED.contains(&state) {
                events.extend(calendar(&summary, Method::Publish));
            } else {
                events.extend(calendar(&past(summary.clone()), Method::Publish));
                events.extend(calendar(&summary, Method::Cancel));
            }
        }
        Ok(events)
    }
}

/// As whom mails and calendars speak to `viewer`.
pub(crate) fn as_told(viewer: Viewer) -> Recipient {
    match viewer {
        Viewer::Client(_) => Recipient::Client,
        Viewer::Developer(_) => Recipient::Developer,
        Viewer::Admin => Recipient::Admins,
    }
}

/// What came of an offer that nobody signed is in no calendar.
fn was_agreed(trial: &Trial) -> bool {
    let never = [Outcome::Declined, Outcome::Withdrawn, Outcome::OfferExpired];
    !matches!(trial.state, TrialState::Offered | TrialState::Countered) && !trial.outcome.is_some_and(|outcome| never.contains(&outcome))
}

/// The dates that had come when the trial ended.
fn past(mut trial: TrialSummary) -> TrialSummary {
    trial.key_dates.retain(|date| date.at <= trial.changed_at);
    trial
}
