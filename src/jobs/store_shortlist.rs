//! Rows of shortlists.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::shortlist_entries::dsl;
use crate::jobs::shortlist::Shortlisted;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId, UserId};
use crate::kernel::page::PageQuery;

/// Puts somebody on a shortlist, or changes the notes: whoever does that has written them.
///
/// # Errors
/// 409 when the developer is gone.
pub fn put(conn: &mut Conn, job: JobRequestId, developer: DeveloperId, notes: Option<&str>, by: UserId, now: Instant) -> Result<()> {
    let row = || dsl::shortlist_entries.find((job, developer));
    let before: Option<(Option<String>, UserId)> = row().select((dsl::notes, dsl::added_by)).first(conn).optional()?;
    let author = before.filter(|(former, _)| former.as_deref() == notes).map_or(by, |(_, author)| author);
    if diesel::update(row()).set((dsl::notes.eq(notes), dsl::added_by.eq(author), dsl::changed_at.eq(now))).execute(conn)? == 1 {
        return Ok(());
    }
    diesel::insert_into(dsl::shortlist_entries)
        .values((
            dsl::job_request_id.eq(job),
            dsl::developer_id.eq(developer),
            dsl::notes.eq(notes),
            dsl::added_by.eq(by),
            dsl::added_at.eq(now),
            dsl::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes somebody off; whoever is not on it stays off.
///
/// # Errors
/// 503 when the database is down.
pub fn remove(conn: &mut Conn, job: JobRequestId, developer: DeveloperId) -> Result<()> {
    diesel::delete(dsl::shortlist_entries.find((job, developer))).execute(conn)?;
    Ok(())
}

type Row = (DeveloperId, Option<String>, Instant, Instant);

fn shortlisted((developer, notes, added_at, changed_at): Row) -> Shortlisted {
    Shortlisted { developer, notes, added_at, changed_at }
}

/// The row of somebody on a shortlist.
///
/// # Errors
/// 503 when the database is down.
pub fn find(conn: &mut Conn, job: JobRequestId, developer: DeveloperId) -> Result<Option<Shortlisted>> {
    let row = dsl::shortlist_entries.find((job, developer)).select((dsl::developer_id, dsl::notes, dsl::added_at, dsl::changed_at));
    Ok(row.first::<Row>(conn).optional()?.map(shortlisted))
}

/// A shortlist, by developer; one more than asked for.
///
/// # Errors
/// 400 for a cursor that is not one of ours.
pub fn list(conn: &mut Conn, job: JobRequestId, page: &PageQuery) -> Result<Vec<Shortlisted>> {
    let mut rows = dsl::shortlist_entries
        .filter(dsl::job_request_id.eq(job))
        .select((dsl::developer_id, dsl::notes, dsl::added_at, dsl::changed_at))
        .order(dsl::developer_id)
        .limit(page.rows_to_read())
        .into_boxed();
    if let Some(after) = page.after_as::<DeveloperId>()? {
        rows = rows.filter(dsl::developer_id.gt(after));
    }
    Ok(rows.load::<Row>(conn)?.into_iter().map(shortlisted).collect())
}
