//! The offer to go on for good after the trial. It never becomes true without the developer.

use chrono::NaiveDate;

use crate::db::Conn;
use crate::kernel::error::{Faults, Result};
use crate::kernel::zone::add_days;
use crate::trials::model::{Contract, Conversion, Step, Trial};
use crate::trials::process::Outcome;
use crate::trials::schedule::Rules;
use crate::trials::{calendar, store_terms};

/// Offers to go on for good: the trial's terms where the offer names no others, from the day on which the trial ends.
///
/// # Errors
/// 422 with every fault of what is offered.
pub fn offer(conn: &mut Conn, rules: &Rules, next: &mut Contract, step: &Step<'_>) -> Result<()> {
    let terms = step.body.terms.clone().apply(&next.terms);
    let (zone, today) = (next.time_zone(), next.time_zone().date(step.at));
    let starts_on = step.body.starts_on.unwrap_or_else(|| zone.date(next.trial.ends_at).max(add_days(today, 1)));
    let mut faults = Faults::default();
    let in_reach = calendar::is_start_in_reach(starts_on, zone, step.at, &rules.periods);
    faults.check(in_reach, "/starts_on", "must be a date from today to a year ahead");
    rules.rates.check(terms.hourly_rate, "/terms/hourly_rate", &mut faults);
    faults.finish()?;
    let offer = Conversion {
        hourly_rate: terms.hourly_rate,
        hours_per_week: terms.hours_per_week,
        starts_on,
        message: step.body.message.clone(),
        offered_at: step.at,
    };
    store_terms::set_conversion(conn, next.trial.id, Some(&offer))?;
    next.conversion = Some(offer);
    Ok(())
}

/// Nothing is offered any more.
///
/// # Errors
/// 503 when the database is down.
pub fn take_back(conn: &mut Conn, next: &mut Contract) -> Result<()> {
    next.conversion = None;
    store_terms::set_conversion(conn, next.trial.id, None)
}

impl Contract {
    /// The last day of the trial's work, once it is known: what goes on for good is no trial from then on.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let Trial { outcome, last_day, changed_at, .. } = self.trial;
        if outcome == Some(Outcome::Converted) { Some(self.time_zone().date(changed_at)) } else { last_day }
    }
}
