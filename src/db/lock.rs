//! Row locks on the roots, in one fixed order: developer, then job request, then trial. SQLite's writer is alone and needs none.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{audit_head, developers, invitations, job_requests, trials, users, vetting_applications};
use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, DeveloperId, InvitationId, JobRequestId, TrialId, UserId};

/// Diesel's own statements rather than text, so that PostgreSQL plans each of them once.
macro_rules! row {
    ($conn:ident, $table:ident, $id:ident) => {{
        if let Conn::Postgres(conn) = $conn {
            $table::table.find($id).select($table::id).for_update().execute(conn)?;
        }
        Ok(())
    }};
}

/// The same for several: in the order of their ids, so that two who lock several do not wait for each other.
macro_rules! rows {
    ($conn:ident, $table:ident, $ids:ident) => {{
        if let Conn::Postgres(conn) = $conn {
            let rows = $table::table.filter($table::id.eq_any($ids)).order($table::id);
            rows.select($table::id).for_update().execute(conn)?;
        }
        Ok(())
    }};
}

/// Locks the person's row until the transaction ends.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn user(conn: &mut Conn, id: UserId) -> Result<()> {
    row!(conn, users, id)
}

/// Locks the developer's row until the transaction ends. First in the order.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn developer(conn: &mut Conn, id: DeveloperId) -> Result<()> {
    row!(conn, developers, id)
}

/// Locks the developers' rows until the transaction ends. First in the order.
///
/// # Errors
/// 503 when the locks are not had in time.
pub fn developers(conn: &mut Conn, ids: &[DeveloperId]) -> Result<()> {
    rows!(conn, developers, ids)
}

/// Locks the job request's row until the transaction ends. After the developer.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn job_request(conn: &mut Conn, id: JobRequestId) -> Result<()> {
    row!(conn, job_requests, id)
}

/// Locks the job requests' rows until the transaction ends. After the developers.
///
/// # Errors
/// 503 when the locks are not had in time.
pub fn job_requests(conn: &mut Conn, ids: &[JobRequestId]) -> Result<()> {
    rows!(conn, job_requests, ids)
}

/// Locks the trial's row until the transaction ends. Last in the order.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn trial(conn: &mut Conn, id: TrialId) -> Result<()> {
    row!(conn, trials, id)
}

/// Locks the trials' rows until the transaction ends. Last in the order.
///
/// # Errors
/// 503 when the locks are not had in time.
pub fn trials(conn: &mut Conn, ids: &[TrialId]) -> Result<()> {
    rows!(conn, trials, ids)
}

/// Locks the application's row until the transaction ends. After the developer.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn application(conn: &mut Conn, id: ApplicationId) -> Result<()> {
    row!(conn, vetting_applications, id)
}

/// Locks the invitation's row until the transaction ends. After the job request.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn invitation(conn: &mut Conn, id: InvitationId) -> Result<()> {
    row!(conn, invitations, id)
}

/// Locks the end of the audit log's chain until the transaction ends; false when another node has it. Last of all: whoever holds it
/// takes no other.
///
/// # Errors
/// 503 when the database is down.
pub fn audit_head(conn: &mut Conn) -> Result<bool> {
    let Conn::Postgres(conn) = conn else { return Ok(true) };
    let only = audit_head::table.find(1_i64).select(audit_head::id).for_update().skip_locked();
    Ok(only.first::<i64>(conn).optional()?.is_some())
}
