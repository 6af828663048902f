//! How hours and what they cost are written down and shown.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{TrialId, UserId};
use crate::kernel::process::{Actor, allowed_if};
use crate::kernel::week::Week;
use crate::kernel::zone::TimeZone;
use crate::timesheets::domain::{Day, Sheet, SheetEvent, cap, submit_by};
use crate::timesheets::process::{Facts, STEPS, SheetAction, SheetState, check};
use crate::trials::billing::{Agreement, Line, Split, totals};
use crate::trials::model::Contract;
use crate::trials::terms::Billing;

/// The hours of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkedDay {
    /// The day, in the contract's zone.
    pub date: NaiveDate,
    /// How long, in quarters of an hour.
    #[schema(minimum = 0, maximum = 24, multiple_of = 0.25, examples(7.5))]
    pub hours: f64,
    /// What was done.
    #[schema(format = "prose", min_length = 1, max_length = 500)]
    pub note: Option<String>,
}

impl From<WorkedDay> for Day {
    #[expect(clippy::cast_possible_truncation, reason = "the schema keeps the hours from 0 to 24")]
    fn from(WorkedDay { date, hours, note }: WorkedDay) -> Self {
        Self { date, minutes: (hours * 60.0).round() as i64, note }
    }
}

impl From<Day> for WorkedDay {
    fn from(Day { date, minutes, note }: Day) -> Self {
        Self { date, hours: hours(minutes), note }
    }
}

/// The hours of a week, instead of what was written down before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekOfHours {
    /// The days on which there is something to say.
    #[schema(max_items = 7)]
    pub days: Vec<WorkedDay>,
}

/// A step that needs no reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetNote {
    /// The reason, as a word; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// What else there is to say; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// A doubt about hours, never about quality.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    /// The reason, as a word; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// Which hours, and why; the developer reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: String,
}

/// Hours with the reason for them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetReply {
    /// The reason, as a word; it goes into the audit log.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The hours of the week from now on; as they stand when left out.
    #[schema(max_items = 7)]
    pub days: Option<Vec<WorkedDay>>,
    /// Why; both parties read it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: String,
}

/// What comes with a step.
#[derive(Debug, Clone, Default)]
pub struct SheetBody {
    /// Other hours.
    pub days: Option<Vec<Day>>,
    /// The reason, as a word.
    pub reason_code: Option<String>,
    /// What is said.
    pub message: Option<String>,
}

fn days(days: Vec<WorkedDay>) -> Vec<Day> {
    days.into_iter().map(Day::from).collect()
}

impl From<WeekOfHours> for SheetBody {
    fn from(body: WeekOfHours) -> Self {
        Self { days: Some(days(body.days)), ..Self::default() }
    }
}

impl From<SheetNote> for SheetBody {
    fn from(SheetNote { reason_code, message }: SheetNote) -> Self {
        Self { days: None, reason_code, message }
    }
}

impl From<SheetQuery> for SheetBody {
    fn from(SheetQuery { reason_code, message }: SheetQuery) -> Self {
        Self { days: None, reason_code, message: Some(message) }
    }
}

impl From<SheetReply> for SheetBody {
    fn from(body: SheetReply) -> Self {
        Self { days: body.days.map(days), reason_code: body.reason_code, message: Some(body.message) }
    }
}

/// A step that was taken with a timesheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetEventView {
    /// The timesheet's version that it led to.
    pub version: i64,
    /// What was done.
    pub action: SheetAction,
    /// By whom.
    pub actor: Actor,
    /// The person; null for the clock.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// Where it led.
    pub to: SheetState,
    /// What was said.
    #[schema(required = true)]
    pub message: Option<String>,
    /// When; for the clock's steps when they were due.
    pub at: Instant,
}

impl From<SheetEvent> for SheetEventView {
    fn from(SheetEvent { version, action, actor, user_id, to, message, at }: SheetEvent) -> Self {
        Self { version, action, actor, user_id, to, message, at }
    }
}

/// The hours of a week.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetView {
    /// Of which trial.
    pub trial_id: TrialId,
    /// Of which week.
    pub iso_week: Week,
    /// Where it stands.
    pub state: SheetState,
    /// The days on which there is something to say.
    pub days: Vec<WorkedDay>,
    /// The sum of their hours.
    pub hours: f64,
    /// Hours per week that are agreed now.
    pub agreed_hours: i64,
    /// The share of the agreed hours that is reached, in percent: 80 or 100.
    #[schema(required = true)]
    pub cap: Option<i64>,
    /// Until when the developer hands it in; later is possible, and noted.
    pub submit_by: Instant,
    /// When it was handed in.
    #[schema(required = true)]
    pub submitted_at: Option<Instant>,
    /// Whether that was too late.
    pub late: bool,
    /// When the hours count by themselves, or until when a query waits for its answer.
    #[schema(required = true)]
    pub due_at: Option<Instant>,
    /// What was done and said, the first step first; writing hours down is no step of its own.
    pub history: Vec<SheetEventView>,
    /// What the reader can do now.
    pub allowed_actions: Vec<SheetAction>,
    /// Grows with every change; 0 for a week that nobody has written. Also the `ETag`.
    pub version: i64,
}

impl SheetView {
    /// `sheet` as `actor` sees it; `open` when hours of this trial can still be written down.
    pub fn new(sheet: Sheet, contract: &Contract, events: Vec<SheetEvent>, actor: Actor, open: bool, now: Instant) -> Self {
        let time_zone: TimeZone = contract.time_zone();
        let facts = Facts { due: sheet.due_at.is_some_and(|due| due <= now), message: true };
        let mut allowed_actions = allowed_if(STEPS, sheet.state, actor, |row| check(row, &facts).is_ok());
        allowed_actions.retain(|_| open || sheet.state != SheetState::Draft);
        Self {
            trial_id: sheet.trial_id,
            iso_week: sheet.week,
            state: sheet.state,
            hours: hours(sheet.minutes()),
            agreed_hours: contract.terms.hours_per_week,
            cap: cap(sheet.minutes(), contract.terms.hours_per_week),
            submit_by: submit_by(sheet.week, time_zone),
            submitted_at: sheet.submitted_at,
            late: sheet.is_late(time_zone),
            due_at: sheet.due_at,
            history: events.into_iter().map(SheetEventView::from).collect(),
            allowed_actions,
            version: sheet.version,
            days: sheet.days.into_iter().map(WorkedDay::from).collect(),
        }
    }
}

/// What the hours of a week cost, and who pays for them.
#[derive(Debug, Serialize, ToSchema)]
pub struct BilledWeek {
    /// The week.
    pub iso_week: Week,
    /// Where its timesheet stands.
    pub state: SheetState,
    /// Whether the hours count: they are approved, or an admin has decided.
    pub counts: bool,
    /// The hours.
    pub hours: f64,
    /// The money.
    #[serde(flatten)]
    pub split: Split,
}

/// What the hours that count cost in all, in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct BilledTotal {
    /// The hours.
    pub hours: f64,
    /// The money.
    #[serde(flatten)]
    pub split: Split,
}

/// What a trial costs as of now, and who pays for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BillingView {
    /// The rule.
    pub billing: Billing,
    /// The same in words.
    pub explanation: String,
    /// Whether it is decided who pays for the hours until now.
    pub settled: bool,
    /// By week; a week in which the currency changed stands here once for each.
    pub weeks: Vec<BilledWeek>,
    /// The sums of what counts, one for each currency.
    pub totals: Vec<BilledTotal>,
}

impl BillingView {
    /// What the hours of `sheets` cost under `agreement`.
    pub fn new(agreement: &Agreement, sheets: &[Sheet], today: NaiveDate) -> Self {
        let counts = |sheet: &Sheet| matches!(sheet.state, SheetState::Approved | SheetState::Decided);
        let lines = |sheet: &Sheet| agreement.weeks(&sheet.worked()).into_iter().map(|(_, line)| line).collect::<Vec<Line>>();
        let counting: Vec<Line> = sheets.iter().filter(|sheet| counts(sheet)).flat_map(lines).collect();
        let weeks = sheets.iter().flat_map(|sheet| {
            lines(sheet).into_iter().map(|line| BilledWeek {
                iso_week: sheet.week,
                state: sheet.state,
                counts: counts(sheet),
                hours: hours(line.minutes),
                split: line.split,
            })
        });
        Self {
            billing: agreement.billing,
            explanation: agreement.billing.explanation(),
            settled: agreement.is_settled(today),
            weeks: weeks.collect(),
            totals: totals(&counting).into_iter().map(|line| BilledTotal { hours: hours(line.minutes), split: line.split }).collect(),
        }
    }
}

/// Minutes as hours; exact, since they are quarters of an hour.
fn hours(minutes: i64) -> f64 {
    f64::from(i32::try_from(minutes).unwrap_or(i32::MAX)) / 60.0
}
