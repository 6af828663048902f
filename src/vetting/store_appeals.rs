//! Appeals.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::vetting_appeals;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, UserId};
use crate::sql_words;
use crate::vetting::appeal::{Appeal, AppealOutcome};

sql_words!(AppealOutcome);

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = vetting_appeals)]
struct AppealRow {
    subject: String,
    decision_version: i64,
    developer_id: DeveloperId,
    message: String,
    outcome: Option<AppealOutcome>,
    answer: Option<String>,
    decided_by: Option<UserId>,
    made_at: Instant,
    decided_at: Option<Instant>,
}

impl From<AppealRow> for Appeal {
    fn from(row: AppealRow) -> Self {
        let AppealRow { subject, decision_version, developer_id, message, outcome, answer, decided_by, made_at, decided_at } = row;
        Self { subject, decision_version, developer_id, message, outcome, answer, decided_by, made_at, decided_at }
    }
}

/// Adds an open appeal.
///
/// # Errors
/// 409 when there is one against the same decision.
pub fn insert(conn: &mut Conn, appeal: &Appeal) -> Result<()> {
    let Appeal { subject, decision_version, developer_id, message, outcome, answer, decided_by, made_at, decided_at } = appeal.clone();
    let row = AppealRow { subject, decision_version, developer_id, message, outcome, answer, decided_by, made_at, decided_at };
    diesel::insert_into(vetting_appeals::table).values(row).execute(conn)?;
    Ok(())
}

/// The appeal against the latest appealed decision about `subject`.
///
/// # Errors
/// 503 when the database is down.
pub fn latest(conn: &mut Conn, subject: &str) -> Result<Option<Appeal>> {
    let row: Option<AppealRow> = vetting_appeals::table
        .filter(vetting_appeals::subject.eq(subject))
        .order(vetting_appeals::decision_version.desc())
        .select(AppealRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Appeal::from))
}

/// Writes how an open appeal was decided.
///
/// # Errors
/// 412 when somebody was faster.
pub fn decide(conn: &mut Conn, appeal: &Appeal, outcome: AppealOutcome, answer: &str, admin: UserId, at: Instant) -> Result<()> {
    let open = vetting_appeals::table.find((&appeal.subject, appeal.decision_version)).filter(vetting_appeals::outcome.is_null());
    let decided = (
        vetting_appeals::outcome.eq(outcome),
        vetting_appeals::answer.eq(answer),
        vetting_appeals::decided_by.eq(admin),
        vetting_appeals::decided_at.eq(at),
    );
    let changed = diesel::update(open).set(decided).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}
