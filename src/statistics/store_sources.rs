//! What a week's figures are made from. Ids begin with their time, so a week is a range of a primary key.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::db::Conn;
use crate::db::schema::{job_request_skills, job_requests, outbox, trial_events, trials, users, vetting_events};
use crate::db::support::IsOneOf as _;
use crate::jobs::process::JobRequestState;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, EventId, JobRequestId, TrialId};
use crate::kernel::week::Week;
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::notifications::outbox::MailState;
use crate::statistics::domain::{
    CountedTrial, Measure, MustSkills, Signs, Tally, TrialStep, VettingStep, count_requests, count_trials, count_vetting,
};
use crate::trials::process::{Outcome, TrialState};
use crate::vetting::process::ApplicationState;

/// Rows that are read at once.
const ROWS: i64 = 500;

/// The week in which the first person came, if anybody has.
///
/// # Errors
/// 503 when the database is down.
pub fn first_week(conn: &mut Conn) -> Result<Option<Week>> {
    let first: Option<Instant> = users::table.order(users::id).select(users::created_at).first(conn).optional()?;
    Ok(first.map(|at| Week::of(at.date())))
}

/// When a week begins, and the next, by UTC.
fn bounds(week: Week) -> (Instant, Instant) {
    (TimeZone::UTC.start_of(week.monday()), TimeZone::UTC.start_of(week.next().monday()))
}

/// Adds everything of a week, a page of rows at a time.
///
/// # Errors
/// 503 when the database is down.
pub fn count(conn: &mut Conn, week: Week, tally: &mut Tally) -> Result<()> {
    vetting(conn, week, tally)?;
    trials_of(conn, week, tally)?;
    requests(conn, week, tally)?;
    mails(conn, bounds(week), tally)
}

/// The signs of the weeks from `first` to `last`.
///
/// # Errors
/// 503 when the database is down.
pub fn signs(conn: &mut Conn, first: Week, last: Week) -> Result<Signs> {
    let (from, until) = (bounds(first).0, bounds(last).1);
    let (event, end) = (EventId::first_at(from), EventId::first_at(until));
    let vetting = vetting_events::table.filter(vetting_events::id.gt(event)).filter(vetting_events::id.lt(end));
    let trials = trial_events::table.filter(trial_events::id.gt(event)).filter(trial_events::id.lt(end));
    let requests = job_requests::table
        .filter(job_requests::id.gt(JobRequestId::first_at(from)))
        .filter(job_requests::id.lt(JobRequestId::first_at(until)))
        .select(sql::<BigInt>("COALESCE(CAST(SUM(version) AS BIGINT), 0)"));
    let mut tally = Tally::default();
    mails(conn, (from, until), &mut tally)?;
    Ok(Signs {
        weeks: (first, last),
        vetting_steps: vetting.count().get_result(conn)?,
        trial_steps: trials.count().get_result(conn)?,
        request_versions: requests.get_result(conn)?,
        mails: tally,
    })
}

type VettingRow = (EventId, ApplicationId, i64, Option<ApplicationState>, ApplicationState, Instant);

fn vetting_step((_, application, version, from, to, at): VettingRow) -> VettingStep {
    VettingStep { application: application.to_string(), version, from: from.map(|state| state.to_string()), to: to.to_string(), at }
}

macro_rules! vetting_columns {
    () => {
        (
            vetting_events::id,
            vetting_events::application_id,
            vetting_events::version,
            vetting_events::from_state,
            vetting_events::to_state,
            vetting_events::occurred_at,
        )
    };
}

fn vetting(conn: &mut Conn, week: Week, tally: &mut Tally) -> Result<()> {
    let (from, until) = bounds(week);
    let (mut after, end) = (EventId::first_at(from), EventId::first_at(until));
    loop {
        let page = vetting_events::table.filter(vetting_events::id.gt(after)).filter(vetting_events::id.lt(end));
        let rows: Vec<VettingRow> = page.order(vetting_events::id).limit(ROWS).select(vetting_columns!()).load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.0;
        let ids: Vec<ApplicationId> = rows.iter().map(|row| row.1).collect();
        let lives = vetting_events::table
            .filter(vetting_events::application_id.one_of(ids))
            .order((vetting_events::application_id, vetting_events::version))
            .select(vetting_columns!());
        let mut by_application: HashMap<String, Vec<VettingStep>> = HashMap::new();
        for step in lives.load::<VettingRow>(conn)?.into_iter().map(vetting_step) {
            by_application.entry(step.application.clone()).or_default().push(step);
        }
        let steps: Vec<VettingStep> = rows.into_iter().map(vetting_step).collect();
        count_vetting(tally, &steps, &by_application);
    }
}

type TrialRow = (EventId, TrialId, Option<TrialState>, TrialState, Instant);

/// What a step did to its trial; most do nothing that is counted.
fn trial_step(from: Option<TrialState>, to: TrialState, at: Instant) -> Option<TrialStep> {
    let over = |state| matches!(state, TrialState::Ended | TrialState::Void);
    match (from, to) {
        (None, _) => Some(TrialStep::Offered),
        (Some(TrialState::Offered | TrialState::Countered), TrialState::Scheduled) => Some(TrialStep::Agreed(at)),
        (Some(from), to) if !over(from) && over(to) => Some(TrialStep::Over),
        _ => None,
    }
}

fn trials_of(conn: &mut Conn, week: Week, tally: &mut Tally) -> Result<()> {
    let (from, until) = bounds(week);
    let (mut after, end) = (EventId::first_at(from), EventId::first_at(until));
    let columns = (trial_events::id, trial_events::trial_id, trial_events::from_state, trial_events::to_state, trial_events::occurred_at);
    loop {
        let page = trial_events::table.filter(trial_events::id.gt(after)).filter(trial_events::id.lt(end));
        let rows: Vec<TrialRow> = page.order(trial_events::id).limit(ROWS).select(columns).load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.0;
        let steps: Vec<(TrialId, TrialStep)> =
            rows.iter().filter_map(|(_, trial, from, to, at)| Some((*trial, trial_step(*from, *to, *at)?))).collect();
        let known = counted(conn, steps.iter().map(|(trial, _)| *trial).collect())?;
        let agreed = known.values().map(|(request, _)| *request).collect();
        let skills = must_skills(conn, agreed)?;
        let steps = steps.iter().filter_map(|(trial, step)| Some((&known.get(trial)?.1, *step)));
        count_trials(tally, steps, &skills);
    }
}

fn counted(conn: &mut Conn, ids: Vec<TrialId>) -> Result<HashMap<TrialId, (JobRequestId, CountedTrial)>> {
    let rows = trials::table
        .inner_join(job_requests::table.on(job_requests::id.eq(trials::job_request_id)))
        .filter(trials::id.one_of(ids))
        .select((trials::id, trials::outcome, trials::job_request_id, job_requests::created_at));
    let rows: Vec<(TrialId, Option<Outcome>, JobRequestId, Instant)> = rows.load(conn)?;
    let trial = |(id, outcome, request, requested_at): (TrialId, Option<Outcome>, JobRequestId, Instant)| {
        let outcome = outcome.map(|outcome| outcome.to_string());
        (id, (request, CountedTrial { outcome, request: request.to_string(), requested_at }))
    };
    Ok(rows.into_iter().map(trial).collect())
}

fn must_skills(conn: &mut Conn, requests: Vec<JobRequestId>) -> Result<MustSkills> {
    let rows = job_request_skills::table
        .filter(job_request_skills::job_request_id.one_of(requests))
        .filter(job_request_skills::must.eq(true))
        .select((job_request_skills::job_request_id, job_request_skills::slug));
    let mut skills = MustSkills::new();
    for (request, slug) in rows.load::<(JobRequestId, String)>(conn)? {
        skills.entry(request.to_string()).or_default().insert(slug);
    }
    Ok(skills)
}

fn requests(conn: &mut Conn, week: Week, tally: &mut Tally) -> Result<()> {
    let (from, until) = bounds(week);
    let (mut after, end) = (JobRequestId::first_at(from), JobRequestId::first_at(until));
    loop {
        let page = job_requests::table.filter(job_requests::id.gt(after)).filter(job_requests::id.lt(end));
        let rows = page.order(job_requests::id).limit(ROWS).select((job_requests::id, job_requests::state, job_requests::seats));
        let rows: Vec<(JobRequestId, JobRequestState, i64)> = rows.load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.0;
        let opened = rows.into_iter().filter(|(_, state, _)| *state != JobRequestState::Draft);
        let opened: Vec<(JobRequestId, i64)> = opened.map(|(id, _, seats)| (id, seats)).collect();
        let skills = must_skills(conn, opened.iter().map(|(id, _)| *id).collect())?;
        let opened: Vec<(String, i64)> = opened.into_iter().map(|(id, seats)| (id.to_string(), seats)).collect();
        count_requests(tally, &opened, &skills);
    }
}

fn mails(conn: &mut Conn, (from, until): (Instant, Instant), tally: &mut Tally) -> Result<()> {
    for state in MailState::ALL {
        let due = || outbox::table.filter(outbox::state.eq(*state)).filter(outbox::due_at.ge(from)).filter(outbox::due_at.lt(until));
        let all: i64 = due().count().get_result(conn)?;
        let retried: i64 = if all == 0 { 0 } else { due().filter(outbox::attempts.gt(1)).count().get_result(conn)? };
        tally.many(Measure::Mails, state.as_str(), all, retried);
    }
    Ok(())
}
