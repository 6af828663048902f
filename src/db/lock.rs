//! Row locks on the roots, in one fixed order: developer, then job request, then trial. SQLite's writer is alone and needs none.

use diesel::sql_types::Text;
use diesel::{RunQueryDsl as _, sql_query};

use crate::db::Conn;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApplicationId, DeveloperId, InvitationId, JobRequestId, TrialId, UserId};

/// Locks the person's row until the transaction ends.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn user(conn: &mut Conn, id: UserId) -> Result<()> {
    row(conn, "SELECT id FROM users WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the developer's row until the transaction ends. First in the order.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn developer(conn: &mut Conn, id: DeveloperId) -> Result<()> {
    row(conn, "SELECT id FROM developers WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the job request's row until the transaction ends. After the developer.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn job_request(conn: &mut Conn, id: JobRequestId) -> Result<()> {
    row(conn, "SELECT id FROM job_requests WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the trial's row until the transaction ends. Last in the order.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn trial(conn: &mut Conn, id: TrialId) -> Result<()> {
    row(conn, "SELECT id FROM trials WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the application's row until the transaction ends. After the developer.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn application(conn: &mut Conn, id: ApplicationId) -> Result<()> {
    row(conn, "SELECT id FROM vetting_applications WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the invitation's row until the transaction ends. After the job request.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn invitation(conn: &mut Conn, id: InvitationId) -> Result<()> {
    row(conn, "SELECT id FROM invitations WHERE id = $1 FOR UPDATE", &id.to_string())
}

/// Locks the end of the audit log's chain until the transaction ends. Last of all: whoever holds it takes no other.
///
/// # Errors
/// 503 when the lock is not had in time.
pub fn audit_head(conn: &mut Conn) -> Result<()> {
    row(conn, "SELECT id FROM audit_head WHERE id = CAST($1 AS BIGINT) FOR UPDATE", "1")
}

fn row(conn: &mut Conn, statement: &'static str, id: &str) -> Result<()> {
    if let Conn::Postgres(conn) = conn {
        sql_query(statement).bind::<Text, _>(id).execute(conn)?;
    }
    Ok(())
}
