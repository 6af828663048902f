//! Who has come to fit which open request, and to whom that was told.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{developers, job_requests, match_fits, match_openings, match_run_results, trials, users};
use crate::db::support::{IntoBoth as _, IsOneOf as _};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, UserId};
use crate::kernel::zone::TimeZone;

/// The most untold fits that one digest looks at, the oldest first.
const LOOKED_AT: i64 = 500;

/// Notes that a developer has come to fit a request; `client_told_at` is set where the client sees it anyhow. What is
/// known already stays as it is.
///
/// # Errors
/// 409 when the developer or the request is gone.
pub fn insert(conn: &mut Conn, request: JobRequestId, developer: DeveloperId, now: Instant, client_told_at: Option<Instant>) -> Result<()> {
    diesel::insert_into(match_fits::table)
        .values((
            match_fits::job_request_id.eq(request),
            match_fits::developer_id.eq(developer),
            match_fits::found_at.eq(now),
            match_fits::client_told_at.eq(client_told_at),
        ))
        .on_conflict_do_nothing()
        .both()
        .execute(conn)?;
    Ok(())
}

/// Of these pairs, those whose developer and request both exist.
///
/// # Errors
/// 503 when the database is down.
pub fn existing(conn: &mut Conn, pairs: &[(JobRequestId, DeveloperId)]) -> Result<Vec<(JobRequestId, DeveloperId)>> {
    let requests: Vec<JobRequestId> = pairs.iter().map(|(request, _)| *request).collect();
    let ids: Vec<DeveloperId> = pairs.iter().map(|(_, developer)| *developer).collect();
    let requests: Vec<JobRequestId> = job_requests::table
        .filter(job_requests::id.one_of(requests))
        .filter(job_requests::state.eq("open"))
        .select(job_requests::id)
        .load(conn)?;
    let ids: Vec<DeveloperId> = developers::table.filter(developers::id.one_of(ids)).select(developers::id).load(conn)?;
    let both = |(request, developer): &&(JobRequestId, DeveloperId)| requests.contains(request) && ids.contains(developer);
    Ok(pairs.iter().filter(both).copied().collect())
}

/// The developers whom the client of a request has not been told of, without those who were offered it already.
///
/// # Errors
/// 503 when the database is down.
pub fn untold_to_client(conn: &mut Conn, request: JobRequestId) -> Result<Vec<DeveloperId>> {
    let met: Vec<DeveloperId> = trials::table.filter(trials::job_request_id.eq(request)).select(trials::developer_id).load(conn)?;
    let untold = match_fits::table.filter(match_fits::job_request_id.eq(request)).filter(match_fits::client_told_at.is_null());
    let mut untold: Vec<DeveloperId> = untold.order(match_fits::found_at).limit(LOOKED_AT).select(match_fits::developer_id).load(conn)?;
    untold.retain(|developer| !met.contains(developer));
    Ok(untold)
}

/// The requests of which a developer has not been told, without those that were offered already.
///
/// # Errors
/// 503 when the database is down.
pub fn untold_to_developer(conn: &mut Conn, developer: DeveloperId) -> Result<Vec<JobRequestId>> {
    let met: Vec<JobRequestId> = trials::table.filter(trials::developer_id.eq(developer)).select(trials::job_request_id).load(conn)?;
    let untold = match_fits::table.filter(match_fits::developer_id.eq(developer)).filter(match_fits::developer_told_at.is_null());
    let mut untold: Vec<JobRequestId> =
        untold.order(match_fits::found_at).limit(LOOKED_AT).select(match_fits::job_request_id).load(conn)?;
    untold.retain(|request| !met.contains(request));
    Ok(untold)
}

/// The client of `request` knows of these developers.
///
/// # Errors
/// 503 when the database is down.
pub fn told_client(conn: &mut Conn, request: JobRequestId, developers: &[DeveloperId], now: Instant) -> Result<()> {
    let rows = match_fits::table
        .filter(match_fits::job_request_id.eq(request))
        .filter(match_fits::developer_id.one_of(developers))
        .filter(match_fits::client_told_at.is_null());
    diesel::update(rows).set(match_fits::client_told_at.eq(Some(now))).execute(conn)?;
    Ok(())
}

/// The client of `request` knows of all who fit by now.
///
/// # Errors
/// 503 when the database is down.
pub fn told_client_of_all(conn: &mut Conn, request: JobRequestId, now: Instant) -> Result<()> {
    let rows = match_fits::table.filter(match_fits::job_request_id.eq(request)).filter(match_fits::client_told_at.is_null());
    diesel::update(rows).set(match_fits::client_told_at.eq(Some(now))).execute(conn)?;
    Ok(())
}

/// The developer knows of these requests.
///
/// # Errors
/// 503 when the database is down.
pub fn told_developer(conn: &mut Conn, developer: DeveloperId, requests: &[JobRequestId], now: Instant) -> Result<()> {
    let rows = match_fits::table
        .filter(match_fits::developer_id.eq(developer))
        .filter(match_fits::job_request_id.one_of(requests))
        .filter(match_fits::developer_told_at.is_null());
    diesel::update(rows).set(match_fits::developer_told_at.eq(Some(now))).execute(conn)?;
    Ok(())
}

/// The developers among these who are untold of something, with the zones of the people they are.
///
/// # Errors
/// 503 when the database is down.
pub fn untold_among(conn: &mut Conn, ids: &[DeveloperId]) -> Result<Vec<(DeveloperId, TimeZone)>> {
    let untold = match_fits::table.filter(match_fits::developer_id.one_of(ids)).filter(match_fits::developer_told_at.is_null());
    let mut untold: Vec<DeveloperId> = untold.select(match_fits::developer_id).distinct().load(conn)?;
    untold.sort_unstable();
    let people = developers::table.inner_join(users::table).filter(developers::id.one_of(untold)).order(developers::id);
    Ok(people.select((developers::id, users::time_zone)).load(conn)?)
}

/// The requests among these whose clients are untold of somebody, with the zones of those who wrote them.
///
/// # Errors
/// 503 when the database is down.
pub fn untold_requests_among(conn: &mut Conn, ids: &[JobRequestId]) -> Result<Vec<(JobRequestId, TimeZone)>> {
    let untold = match_fits::table.filter(match_fits::job_request_id.one_of(ids)).filter(match_fits::client_told_at.is_null());
    let untold: Vec<JobRequestId> = untold.select(match_fits::job_request_id).distinct().load(conn)?;
    let writers: Vec<(JobRequestId, UserId)> = job_requests::table
        .filter(job_requests::id.one_of(untold))
        .order(job_requests::id)
        .select((job_requests::id, job_requests::created_by))
        .load(conn)?;
    let people: Vec<UserId> = writers.iter().map(|(_, user)| *user).collect();
    let zones: Vec<(UserId, TimeZone)> = users::table.filter(users::id.one_of(people)).select((users::id, users::time_zone)).load(conn)?;
    let zone = |user: UserId| zones.iter().find(|(id, _)| *id == user).map(|(_, zone)| *zone);
    Ok(writers.into_iter().filter_map(|(request, user)| Some((request, zone(user)?))).collect())
}

/// A request that has changed: which, in which state, and the hash of the demands for which its first fits are recorded.
pub type Changed = (JobRequestId, String, Option<String>);

/// The requests that changed at `since` or later, the oldest change first.
///
/// # Errors
/// 503 when the database is down.
pub fn changed_since(conn: &mut Conn, since: Instant) -> Result<Vec<Changed>> {
    Ok(job_requests::table
        .left_join(match_openings::table.on(match_openings::job_request_id.eq(job_requests::id)))
        .filter(job_requests::updated_at.ge(since))
        .order(job_requests::updated_at)
        .select((job_requests::id, job_requests::state, match_openings::demands_hash.nullable()))
        .load(conn)?)
}

/// Notes that the first fits of an open request are recorded; false when another node was faster.
///
/// # Errors
/// 503 when the database is down.
pub fn open(conn: &mut Conn, request: JobRequestId, demands: &str, now: Instant) -> Result<bool> {
    let old = match_openings::table.find(request).filter(match_openings::demands_hash.ne(demands));
    diesel::delete(old).execute(conn)?;
    let inserted = diesel::insert_into(match_openings::table)
        .values((match_openings::job_request_id.eq(request), match_openings::demands_hash.eq(demands), match_openings::recorded_at.eq(now)))
        .on_conflict_do_nothing()
        .both()
        .execute(conn)?;
    Ok(inserted == 1)
}

/// Notes that a request is open no more: when it opens again, whoever fits then is recorded anew.
///
/// # Errors
/// 503 when the database is down.
pub fn close(conn: &mut Conn, request: JobRequestId) -> Result<()> {
    diesel::delete(match_openings::table.find(request)).execute(conn)?;
    Ok(())
}

/// Erases a developer from all fits and all saved answers.
///
/// # Errors
/// 503 when the database is down.
pub fn erase(conn: &mut Conn, developer: DeveloperId) -> Result<usize> {
    let fits = diesel::delete(match_fits::table.filter(match_fits::developer_id.eq(developer))).execute(conn)?;
    let rows = diesel::delete(match_run_results::table.filter(match_run_results::developer_id.eq(developer))).execute(conn)?;
    Ok(fits + rows)
}
