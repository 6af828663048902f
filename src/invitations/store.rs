//! Rows of invitations.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::changes::{ChangeKind, note};
use crate::db::lock;
use crate::db::schema::invitations;
use crate::invitations::domain::Invitation;
use crate::invitations::process::InvitationState;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, InvitationId, JobRequestId, OrganizationId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::process::Actor;
use crate::sql_words;

sql_words!(InvitationState);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = invitations, treat_none_as_null = true)]
struct Row {
    id: InvitationId,
    job_request_id: JobRequestId,
    developer_id: DeveloperId,
    organization_id: OrganizationId,
    invited_by: UserId,
    state: InvitationState,
    message: String,
    reason_code: Option<String>,
    answer_expected_by: Instant,
    lapses_at: Instant,
    answered_at: Option<Instant>,
    client_mailed_at: Option<Instant>,
    developer_mailed_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    changed_at: Instant,
}

impl From<Invitation> for Row {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            job_request_id: invitation.job_request_id,
            developer_id: invitation.developer_id,
            organization_id: invitation.organization_id,
            invited_by: invitation.invited_by,
            state: invitation.state,
            message: invitation.message,
            reason_code: invitation.reason_code,
            answer_expected_by: invitation.answer_expected_by,
            lapses_at: invitation.lapses_at,
            answered_at: invitation.answered_at,
            client_mailed_at: invitation.client_mailed_at,
            developer_mailed_at: invitation.developer_mailed_at,
            version: invitation.version,
            created_at: invitation.created_at,
            changed_at: invitation.changed_at,
        }
    }
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            job_request_id: row.job_request_id,
            developer_id: row.developer_id,
            organization_id: row.organization_id,
            invited_by: row.invited_by,
            state: row.state,
            message: row.message,
            reason_code: row.reason_code,
            answer_expected_by: row.answer_expected_by,
            lapses_at: row.lapses_at,
            answered_at: row.answered_at,
            client_mailed_at: row.client_mailed_at,
            developer_mailed_at: row.developer_mailed_at,
            version: row.version,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

/// Whose invitations somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those that this organisation wrote.
    Client(OrganizationId),
    /// Those that this developer got.
    Developer(DeveloperId),
}

impl Side {
    /// The party that acts.
    pub fn party(self) -> Actor {
        match self {
            Self::Client(_) => Actor::Client,
            Self::Developer(_) => Actor::Developer,
        }
    }

    fn sees(self, invitation: &Invitation) -> bool {
        match self {
            Self::Client(organization) => invitation.organization_id == organization,
            Self::Developer(developer) => invitation.developer_id == developer,
        }
    }
}

/// Adds an invitation. What is unanswered counts for the developer one day, so that whoever follows developers is told.
///
/// # Errors
/// 409 when the developer was invited to this request before.
pub fn insert(conn: &mut Conn, invitation: &Invitation) -> Result<()> {
    diesel::insert_into(invitations::table).values(Row::from(invitation.clone())).execute(conn)?;
    note(conn, ChangeKind::Developer, &invitation.developer_id, invitation.changed_at)
}

/// Whether the developer was invited to this request before.
///
/// # Errors
/// 503 when the database is down.
pub fn is_invited(conn: &mut Conn, job_request: JobRequestId, developer: DeveloperId) -> Result<bool> {
    let pair = invitations::table.filter(invitations::job_request_id.eq(job_request)).filter(invitations::developer_id.eq(developer));
    Ok(pair.select(invitations::version).first::<i64>(conn).optional()?.is_some())
}

/// Makes `next` of an invitation whose version is still `version`.
///
/// # Errors
/// 412 when somebody was faster.
pub fn update(conn: &mut Conn, version: i64, next: &Invitation, now: Instant) -> Result<()> {
    let same = invitations::table.filter(invitations::id.eq(next.id)).filter(invitations::version.eq(version));
    if diesel::update(same).set(Row::from(next.clone())).execute(conn)? == 0 {
        return Err(Error::stale());
    }
    note(conn, ChangeKind::Developer, &next.developer_id, now)
}

/// Notes up to when a side was, or will be, mailed about messages.
///
/// # Errors
/// 503 when the database is down.
pub fn set_mailed(conn: &mut Conn, id: InvitationId, party: Actor, at: Option<Instant>) -> Result<()> {
    let row = diesel::update(invitations::table.find(id));
    if party == Actor::Client {
        row.set(invitations::client_mailed_at.eq(at)).execute(conn)?;
    } else {
        row.set(invitations::developer_mailed_at.eq(at)).execute(conn)?;
    }
    Ok(())
}

/// The invitation with this id, whosever.
///
/// # Errors
/// 404 when there is none.
pub fn get(conn: &mut Conn, id: InvitationId) -> Result<Invitation> {
    let row: Option<Row> = invitations::table.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(Invitation::from).ok_or_else(Error::not_found)
}

/// The invitation with this id, of this side's.
///
/// # Errors
/// 404 when there is none, or it is another's.
pub fn find_for(conn: &mut Conn, side: Side, id: InvitationId) -> Result<Invitation> {
    get(conn, id).and_then(|invitation| if side.sees(&invitation) { Ok(invitation) } else { Err(Error::not_found()) })
}

/// The same, which nobody else changes until the transaction ends.
///
/// # Errors
/// As [`find_for`].
pub fn locked(conn: &mut Conn, side: Side, id: InvitationId) -> Result<Invitation> {
    lock::invitation(conn, id)?;
    find_for(conn, side, id)
}

/// A side's invitations, newest first: about one request or all, in one state or any; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, of: Of, state: Option<InvitationState>, page: &PageQuery) -> Result<Vec<Invitation>> {
    let mut rows = invitations::table.select(Row::as_select()).order(invitations::id.desc()).limit(page.rows_to_read()).into_boxed();
    rows = match of {
        Of::JobRequest(id) => rows.filter(invitations::job_request_id.eq(id)),
        Of::Developer(id) => rows.filter(invitations::developer_id.eq(id)),
    };
    if let Some(state) = state {
        rows = rows.filter(invitations::state.eq(state));
    }
    if let Some(after) = page.after_as::<InvitationId>()? {
        rows = rows.filter(invitations::id.lt(after));
    }
    Ok(rows.load::<Row>(conn)?.into_iter().map(Invitation::from).collect())
}

/// Which invitations to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Those about a request.
    JobRequest(JobRequestId),
    /// Those to a developer.
    Developer(DeveloperId),
}
