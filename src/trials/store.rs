//! The rows of trials.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::schema::trials::dsl;
use crate::db::schema::{trial_conversions, trial_proposals, trial_terms, trials};
use crate::db::support::{IntoBoth as _, IntoKept as _, IsOneOf as _, unindexed};
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::process::Actor;
use crate::sql_words;
use crate::trials::model::{Contract, Conversion, Proposal, Trial, Viewer};
use crate::trials::process::{AGREED, Outcome, TrialState};
use crate::trials::store_terms;
use crate::trials::store_terms::ProposalRow;

sql_words!(TrialState, Outcome);

const OPEN: [TrialState; 2] = [TrialState::Offered, TrialState::Countered];

/// What never changes is no part of an update: its foreign keys need not be looked up again, nor its indexes written.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = trials, treat_none_as_null = true)]
struct Row {
    id: TrialId,
    #[diesel(skip_update)]
    job_request_id: JobRequestId,
    #[diesel(skip_update)]
    developer_id: DeveloperId,
    #[diesel(skip_update)]
    organization_id: OrganizationId,
    #[diesel(skip_update)]
    offered_by: UserId,
    state: TrialState,
    outcome: Option<Outcome>,
    terms_version: i64,
    starts_on: NaiveDate,
    starts_at: Instant,
    #[diesel(skip_update)]
    trial_days: i64,
    extension_days: i64,
    paused_days: i64,
    ends_at: Instant,
    grace_until: Instant,
    paused_at: Option<Instant>,
    paused_by: Option<Actor>,
    offer_expires_at: Instant,
    accept_blocked: Option<String>,
    last_day: Option<NaiveDate>,
    reason_code: Option<String>,
    message: Option<String>,
    #[diesel(skip_update)]
    replaces: Option<TrialId>,
    version: i64,
    #[diesel(skip_update)]
    created_at: Instant,
    changed_at: Instant,
}

/// Makes one struct of another with the same fields.
macro_rules! same {
    ($from:expr => $to:ident: $($field:ident)+) => {{
        let from = $from;
        $to { $($field: from.$field),+ }
    }};
}

macro_rules! all_fields {
    ($from:expr => $to:ident) => {
        same!($from => $to: id job_request_id developer_id organization_id offered_by state outcome terms_version starts_on starts_at
            trial_days extension_days paused_days ends_at grace_until paused_at paused_by offer_expires_at accept_blocked last_day reason_code message
            replaces version created_at changed_at)
    };
}

impl From<Row> for Trial {
    fn from(row: Row) -> Self {
        all_fields!(row => Self)
    }
}

impl From<Trial> for Row {
    fn from(trial: Trial) -> Self {
        all_fields!(trial => Self)
    }
}

/// Adds a trial. What is counted of its developer changes with it.
///
/// # Errors
/// 503 when the database is down.
pub fn insert(conn: &mut Conn, trial: &Trial, now: Instant) -> Result<()> {
    diesel::insert_into(dsl::trials).values(Row::from(trial.clone())).execute(conn)?;
    note(conn, ChangeKind::Developer, &trial.developer_id, now)
}

/// Writes `trial` over the row whose version is still `version`.
///
/// # Errors
/// 409 when it is not: somebody else was faster.
pub fn update(conn: &mut Conn, version: i64, trial: &Trial) -> Result<()> {
    let same = dsl::trials.filter(dsl::id.eq(trial.id)).filter(dsl::version.eq(version));
    let changed = diesel::update(same).set(Row::from(trial.clone())).returning(dsl::id).both().kept().load::<String>(conn)?;
    if changed.is_empty() {
        return Err(Error::conflict("The trial has just changed: read it again, then repeat your step."));
    }
    Ok(())
}

/// Notes that something else is counted of the developer, if it is: how offers are answered, and how trials end.
///
/// # Errors
/// 503 when the database is down.
pub fn note_step(conn: &mut Conn, before: &Trial, after: &Trial, now: Instant) -> Result<()> {
    let counts =
        before.is_open_offer() || (before.state, before.outcome) != (after.state, after.outcome) && after.state == TrialState::Ended;
    if counts { note(conn, ChangeKind::Developer, &after.developer_id, now) } else { Ok(()) }
}

/// A trial that `viewer` is a party of.
///
/// # Errors
/// 404, also for another's trial.
pub fn find(conn: &mut Conn, id: TrialId, viewer: Viewer) -> Result<Trial> {
    let row: Option<Row> = dsl::trials.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(Trial::from).filter(|trial| trial.is_of(viewer)).ok_or_else(Error::not_found)
}

/// Those of these trials that there are, in the order of their ids.
///
/// # Errors
/// 503 when the database is down.
pub fn find_all(conn: &mut Conn, ids: &[TrialId]) -> Result<Vec<Trial>> {
    let rows = dsl::trials.filter(dsl::id.one_of(ids)).order(dsl::id).select(Row::as_select());
    Ok(rows.load::<Row>(conn)?.into_iter().map(Trial::from).collect())
}

/// A trial that `viewer` is a party of, with its terms and what is proposed.
///
/// # Errors
/// 404, also for another's trial.
pub fn contract(conn: &mut Conn, id: TrialId, viewer: Viewer) -> Result<Contract> {
    contracts(conn, &[id])?.pop().filter(|contract| contract.trial.is_of(viewer)).ok_or_else(Error::not_found)
}

/// Those of these trials that there are, in the order of their ids, with their terms and what is proposed.
///
/// # Errors
/// 503 when the database is down.
pub fn contracts(conn: &mut Conn, ids: &[TrialId]) -> Result<Vec<Contract>> {
    let counts = trial_terms::trial_id.eq(trials::id).and(trial_terms::version.eq(trials::terms_version));
    let rows = trials::table
        .inner_join(trial_terms::table.on(counts))
        .left_join(trial_proposals::table.on(trial_proposals::trial_id.eq(trials::id)))
        .left_join(trial_conversions::table.on(trial_conversions::trial_id.eq(trials::id)))
        .filter(trials::id.one_of(ids))
        .order(trials::id)
        .select((
            Row::as_select(),
            (trial_terms::document, trial_terms::sha256),
            Option::<ProposalRow>::as_select(),
            trial_conversions::content_json.nullable(),
        ));
    rows.load::<Found>(conn)?.into_iter().map(|found| read(conn, found)).collect()
}

type Found = (Row, (String, String), Option<ProposalRow>, Option<Json<Conversion>>);

fn read(conn: &mut Conn, (row, (document, sha256), proposal, conversion): Found) -> Result<Contract> {
    let trial = Trial::from(row);
    let (proposal, conversion) = (proposal.map(Proposal::from), conversion.map(|json| json.0));
    let appealed = store_terms::is_appealed(conn, &trial)?;
    Ok(Contract { trial, terms: store_terms::read(&document)?.terms, sha256, proposal, conversion, appealed })
}

/// The trials of `viewer`, newest first, one more than the page's limit.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, viewer: Viewer, state: Option<TrialState>, page: &PageQuery) -> Result<Vec<Trial>> {
    let mut rows = dsl::trials.order(dsl::id.desc()).limit(page.rows_to_read()).select(Row::as_select()).into_boxed();
    rows = match viewer {
        Viewer::Client(organization) => rows.filter(dsl::organization_id.eq(organization)),
        Viewer::Developer(developer) => rows.filter(dsl::developer_id.eq(developer)),
        Viewer::Admin => rows,
    };
    // One party's own are few; everybody's in one state are not.
    rows = match (state, viewer) {
        (Some(state), Viewer::Admin) => rows.filter(dsl::state.eq(state)),
        (Some(state), _) => rows.filter(unindexed(dsl::state).eq(state)),
        (None, _) => rows,
    };
    if let Some(after) = page.after_as::<TrialId>()? {
        rows = rows.filter(dsl::id.lt(after));
    }
    Ok(rows.load(conn)?.into_iter().map(Trial::from).collect())
}

/// Whether there is an unfinished trial of this developer for this job request.
///
/// # Errors
/// 503 when the database is down.
pub fn is_offered_already(conn: &mut Conn, job_request: JobRequestId, developer: DeveloperId) -> Result<bool> {
    let unfinished: Vec<TrialState> = OPEN.iter().chain(AGREED).copied().collect();
    let same = dsl::trials.filter(dsl::job_request_id.eq(job_request)).filter(dsl::developer_id.eq(developer));
    let count: i64 = same.filter(dsl::state.one_of(unfinished)).count().get_result(conn)?;
    Ok(count > 0)
}

/// How many trials of the job request replace another.
///
/// # Errors
/// 503 when the database is down.
pub fn replacements(conn: &mut Conn, job_request: JobRequestId) -> Result<i64> {
    Ok(dsl::trials.filter(dsl::job_request_id.eq(job_request)).filter(dsl::replaces.is_not_null()).count().get_result(conn)?)
}

/// How many seats of the job request trials hold.
///
/// # Errors
/// 503 when the database is down.
pub fn seats_taken(conn: &mut Conn, job_request: JobRequestId) -> Result<i64> {
    let holds = dsl::state.one_of(AGREED.to_vec()).or(dsl::outcome.eq(Outcome::Converted));
    Ok(dsl::trials.filter(dsl::job_request_id.eq(job_request)).filter(holds).count().get_result(conn)?)
}

/// The open offers that compete with a trial for the developer's hours or the job request's seats, oldest first.
///
/// # Errors
/// 503 when the database is down.
pub fn competing(conn: &mut Conn, trial: &Trial) -> Result<Vec<TrialId>> {
    // Two questions, each with an index that fits; asked as one, SQLite reads every open offer of the house.
    let open = || dsl::trials.filter(dsl::state.one_of(OPEN)).filter(dsl::id.ne(trial.id)).select(dsl::id);
    let for_hours: Vec<TrialId> = open().filter(dsl::developer_id.eq(trial.developer_id)).load(conn)?;
    let for_seats: Vec<TrialId> = open().filter(dsl::job_request_id.eq(trial.job_request_id)).load(conn)?;
    Ok(for_hours.into_iter().chain(for_seats).collect::<BTreeSet<_>>().into_iter().collect())
}
