//! Who hears of a timesheet.

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::notifications::domain::Letter;
use crate::notifications::summaries::{TrialSummary, WeekOfHours};
use crate::timesheets::domain::{Sheet, cap};
use crate::timesheets::process::SheetTold;
use crate::trials::model::Contract;
use crate::trials::notices::Recipient;
use crate::trials::service::Trials;

/// Tells `who` about a step.
///
/// # Errors
/// 503 when the database is down.
#[expect(clippy::too_many_arguments, reason = "who is told what, of which week, and why")]
pub fn send(
    conn: &mut Conn,
    trials: &Trials,
    contract: &Contract,
    sheet: &Sheet,
    told: SheetTold,
    who: Recipient,
    message: Option<&str>,
    now: Instant,
) -> Result<()> {
    let letter = |trial| letter(told, trial, sheet, message.map(ToOwned::to_owned));
    trials.tell(conn, contract, who, letter, format!("{} {}", sheet.week, sheet.version), now)
}

fn letter(told: SheetTold, trial: TrialSummary, sheet: &Sheet, message: Option<String>) -> Letter {
    let hours = hours(sheet);
    let answer_by = sheet.due_at.unwrap_or(sheet.changed_at);
    match told {
        SheetTold::Submitted => Letter::TimesheetSubmitted { trial, hours, answer_by },
        SheetTold::Queried => Letter::TimesheetQueried { trial, hours, message, answer_by },
        SheetTold::Answered => Letter::TimesheetAnswered { trial, hours, message },
        SheetTold::Approved => Letter::TimesheetApproved { trial, hours },
        SheetTold::Overdue => Letter::TimesheetOverdue { trial, hours },
        SheetTold::Decided => Letter::TimesheetDecided { trial, hours, message },
    }
}

/// Tells both when the hours of a week come to 80 % and to 100 % of what is agreed, once each.
///
/// # Errors
/// 503 when the database is down.
pub fn notice_cap(conn: &mut Conn, trials: &Trials, contract: &Contract, before: &Sheet, sheet: &Sheet, now: Instant) -> Result<()> {
    let agreed_hours = contract.terms.hours_per_week;
    let reached = |sheet: &Sheet| cap(sheet.minutes(), agreed_hours);
    let Some(percent) = reached(sheet).filter(|percent| Some(*percent) > reached(before)) else { return Ok(()) };
    for who in [Recipient::Client, Recipient::Developer] {
        let letter = |trial| Letter::TimesheetCap { trial, hours: hours(sheet), percent, agreed_hours };
        trials.tell(conn, contract, who, letter, format!("{} {percent}", sheet.week), now)?;
    }
    Ok(())
}

fn hours(sheet: &Sheet) -> WeekOfHours {
    WeekOfHours { week: sheet.week.to_string(), minutes: sheet.minutes() }
}
