//! The outbox table: a mail is a row written in the transaction of its cause, unique for its occasion.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::Conn;
use crate::db::schema::outbox;
use crate::db::schema::outbox::dsl;
use crate::db::support::{IntoBoth as _, IntoKept as _, unindexed};
use crate::db::types::{InstantSql, Json};
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::MailId;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::request;
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::letters::name;
use crate::notifications::outbox::{KEPT, MailState, NewMail, OutboxMail, Settled, TRIED_FOR};
use crate::notifications::recipient::Recipient;
use crate::sql_words;

sql_words!(LetterKind, MailState);

/// Puts a mail into the outbox, unless its recipient is gone. The same mail again, for the same (subject, kind, recipient, anchor), is no second one.
///
/// # Errors
/// 503 when the database is down.
pub fn enqueue(conn: &mut Conn, now: Instant, mail: &NewMail) -> Result<()> {
    enqueue_all(conn, now, std::slice::from_ref(mail))
}

/// Puts mails into the outbox, each as [`enqueue`] does.
///
/// # Errors
/// 503 when the database is down.
pub fn enqueue_all(conn: &mut Conn, now: Instant, mails: &[NewMail]) -> Result<()> {
    let reachable = mails.iter().filter(|mail| !mail.recipient.email.is_erased());
    let rows: Vec<NewRow> = reachable.map(|mail| NewRow::of(mail, now)).collect();
    Ok(insert_rows!(conn, dsl::outbox, rows, on_conflict_do_nothing)?)
}

/// A mail as it is put into the outbox.
#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(super) struct NewRow {
    id: MailId,
    kind: LetterKind,
    subject: String,
    anchor: String,
    recipient_key: String,
    recipient_email: Email,
    recipient_name: String,
    recipient_time_zone: TimeZone,
    letter_json: Json<Letter>,
    state: MailState,
    due_at: Instant,
    give_up_at: Instant,
    created_at: Instant,
    request_id: Option<String>,
}

impl NewRow {
    /// The row of a mail that is put into the outbox at `now`.
    pub(super) fn of(mail: &NewMail, now: Instant) -> Self {
        let due_at = mail.due_at.unwrap_or(now);
        Self {
            id: MailId::new(now),
            kind: mail.letter.kind(),
            subject: mail.subject.clone(),
            anchor: mail.anchor.clone(),
            recipient_key: mail.recipient.key.clone(),
            recipient_email: mail.recipient.email.clone(),
            recipient_name: name(&mail.recipient.name),
            recipient_time_zone: mail.recipient.time_zone,
            letter_json: Json(mail.letter.clone()),
            state: MailState::Pending,
            due_at,
            give_up_at: mail.useful_until.unwrap_or(due_at.plus(TRIED_FOR)),
            created_at: now,
            request_id: request::current(),
        }
    }
}

/// Cancels what is still pending about `subject`: mails of these kinds, or all of them. What is planned anew needs a new anchor.
///
/// # Errors
/// 503 when the database is down.
pub fn cancel_pending(conn: &mut Conn, subject: &str, kinds: Option<&[LetterKind]>) -> Result<usize> {
    let kinds = kinds.unwrap_or(LetterKind::ALL);
    let rows =
        dsl::outbox.filter(dsl::subject.eq(subject)).filter(dsl::state.eq(MailState::Pending)).filter(dsl::kind.eq_any(kinds.to_vec()));
    Ok(diesel::update(rows).set(dsl::state.eq(MailState::Cancelled)).execute(conn)?)
}

/// Cancels what is still pending about `subject` of these kinds to one person.
///
/// # Errors
/// 503 when the database is down.
pub fn cancel_pending_about(conn: &mut Conn, subject: &str, recipient_key: &str, kinds: &[LetterKind]) -> Result<usize> {
    let rows = dsl::outbox
        .filter(dsl::subject.eq(subject))
        .filter(dsl::recipient_key.eq(recipient_key))
        .filter(dsl::state.eq(MailState::Pending))
        .filter(dsl::kind.eq_any(kinds.to_vec()));
    Ok(diesel::update(rows).set(dsl::state.eq(MailState::Cancelled)).execute(conn)?)
}

/// A mail that this process may send now. Plain texts: a row that cannot be read must not hold up the others.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Claimed {
    /// The row's id.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// The kind, for the log.
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    recipient_key: String,
    #[diesel(sql_type = Text)]
    recipient_email: String,
    #[diesel(sql_type = Text)]
    recipient_name: String,
    #[diesel(sql_type = Text)]
    recipient_time_zone: String,
    #[diesel(sql_type = Text)]
    letter_json: String,
    /// How many attempts there were, this one included.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// When to stop trying.
    #[diesel(sql_type = InstantSql)]
    pub give_up_at: Instant,
    /// The lease, by which this process is known.
    #[diesel(sql_type = InstantSql)]
    pub leased_until: Instant,
    /// The request that it comes from, for the log.
    #[diesel(sql_type = Nullable<Text>)]
    pub request_id: Option<String>,
}

impl Claimed {
    /// What it says and to whom; the name as it stands, to be cleaned by whoever writes it out.
    ///
    /// # Errors
    /// What about the row cannot be read: it can never be sent.
    pub fn read(&self) -> Result<(Letter, Recipient), &'static str> {
        let letter = serde_json::from_str(&self.letter_json).map_err(|_| "the letter cannot be read")?;
        let email = self.recipient_email.parse().map_err(|_| "the recipient's address is not usable")?;
        let time_zone = TimeZone::parse(&self.recipient_time_zone).ok_or("the recipient's time zone is unknown")?;
        Ok((letter, Recipient { key: self.recipient_key.clone(), email, name: self.recipient_name.clone(), time_zone }))
    }
}

/// Claims due mails, oldest first, so that other nodes leave them alone until `until`. Mails to one person stay in order:
/// none is claimed while an older one is due, being sent, or waiting for its next attempt.
///
/// # Errors
/// 503 when the database is down.
pub fn claim(conn: &mut Conn, now: Instant, until: Instant, limit: i64) -> Result<Vec<Claimed>> {
    // SQLite numbers parameters by their first appearance, so $1 must stand first. The older ones are looked for among the recipient's:
    // after a midnight statistics still say that hardly anything is due, and PostgreSQL would look through all that is. COALESCE keeps it
    // from that, 130 ms a claim with 10,000 mails due.
    const DUE: &str = "WITH due AS MATERIALIZED (SELECT mail.id FROM outbox mail \
         WHERE mail.state = 'pending' AND mail.due_at <= $1 AND (mail.leased_until IS NULL OR mail.leased_until <= $1) \
         AND NOT EXISTS (SELECT 1 FROM outbox older WHERE older.recipient_key = mail.recipient_key AND older.state = 'pending' \
         AND COALESCE(older.due_at, $1) <= $1 AND COALESCE(older.id, '') < mail.id) \
         AND NOT EXISTS (SELECT 1 FROM outbox tried WHERE tried.recipient_key = mail.recipient_key AND tried.state = 'pending' \
         AND tried.attempts > 0 AND tried.id < mail.id) ORDER BY mail.due_at, mail.id LIMIT $2";
    const TAKE: &str = ") UPDATE outbox SET leased_until = $3, attempts = attempts + 1 WHERE id IN (SELECT id FROM due) \
         RETURNING id, kind, recipient_key, recipient_email, recipient_name, recipient_time_zone, letter_json, \
         attempts, give_up_at, leased_until, request_id";
    let skip = if matches!(conn, Conn::Postgres(_)) { " FOR UPDATE OF mail SKIP LOCKED" } else { "" };
    let mut claimed: Vec<Claimed> = diesel::sql_query(format!("{DUE}{skip}{TAKE}"))
        .bind::<InstantSql, _>(now)
        .bind::<BigInt, _>(limit)
        .bind::<InstantSql, _>(until)
        .kept()
        .load(conn)?;
    claimed.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(claimed)
}

/// Holds a claim, which is known by its end, for longer; false when it is no longer this process's: the mail was cancelled or
/// taken over.
///
/// # Errors
/// 503 when the database is down.
pub fn renew(conn: &mut Conn, id: &str, leased_until: Instant, later: Instant) -> Result<bool> {
    let ours = dsl::outbox.find(id).filter(dsl::state.eq(MailState::Pending)).filter(dsl::leased_until.eq(leased_until));
    Ok(diesel::update(ours).set(dsl::leased_until.eq(later)).execute(conn)? == 1)
}

/// Records what came of an attempt. A mail that was cancelled or taken over meanwhile stays as it is, unless it was sent.
///
/// # Errors
/// 503 when the database is down.
pub fn settle(conn: &mut Conn, now: Instant, mail: &Claimed, settled: &Settled) -> Result<()> {
    let row = dsl::outbox.find(&mail.id);
    if settled.state == MailState::Sent {
        let sent = (dsl::state.eq(MailState::Sent), dsl::sent_at.eq(now), dsl::leased_until.eq(None::<Instant>));
        let sent = diesel::update(row.filter(dsl::state.ne(MailState::Sent))).set(sent).returning(dsl::id);
        sent.both().kept().load::<String>(conn)?;
        return Ok(());
    }
    let ours = row.filter(dsl::state.eq(MailState::Pending)).filter(dsl::leased_until.eq(mail.leased_until));
    let due_at = settled.due_at.unwrap_or(now);
    let changes =
        (dsl::state.eq(settled.state), dsl::due_at.eq(due_at), dsl::last_error.eq(&settled.error), dsl::leased_until.eq(None::<Instant>));
    diesel::update(ours).set(changes).execute(conn)?;
    Ok(())
}

/// A row of the outbox, as people see it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct Row {
    id: String,
    kind: String,
    subject: String,
    recipient_email: String,
    pub(super) letter_json: String,
    state: MailState,
    attempts: i64,
    due_at: Instant,
    give_up_at: Instant,
    last_error: Option<String>,
    created_at: Instant,
    sent_at: Option<Instant>,
    request_id: Option<String>,
}

impl From<Row> for OutboxMail {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            recipient: row.recipient_email,
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            give_up_at: row.give_up_at,
            last_error: row.last_error,
            created_at: row.created_at,
            sent_at: row.sent_at,
            request_id: row.request_id,
        }
    }
}

/// The outbox, newest first, of one state or all.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn list(conn: &mut Conn, state: Option<MailState>, page: &PageQuery) -> Result<Page<OutboxMail>> {
    let mut rows = dsl::outbox.order(dsl::id.desc()).limit(page.rows_to_read()).select(Row::as_select()).into_boxed();
    // Nearly all have been sent: a page of those is soon full. Of the others there are few.
    rows = match state {
        Some(MailState::Sent) => rows.filter(unindexed(dsl::state).eq(MailState::Sent)),
        Some(state) => rows.filter(dsl::state.eq(state)),
        None => rows,
    };
    if let Some(after) = page.after()? {
        rows = rows.filter(dsl::id.lt(after));
    }
    let rows: Vec<OutboxMail> = rows.load(conn)?.into_iter().map(OutboxMail::from).collect();
    Ok(Page::cut(rows, page.limit, |row| row.id.clone()))
}

/// One row of the outbox.
///
/// # Errors
/// 404 when there is none; 503 when the database is down.
pub fn find(conn: &mut Conn, id: MailId) -> Result<OutboxMail> {
    let row = dsl::outbox.find(id.to_string()).select(Row::as_select()).first(conn)?;
    Ok(row.into())
}

/// Makes a mail that was given up or cancelled, or that waits for its next attempt, due now, for another 48 hours.
///
/// # Errors
/// 404 when there is none; 409 when it has been sent; 503 when the database is down.
pub fn retry(conn: &mut Conn, now: Instant, id: MailId) -> Result<OutboxMail> {
    let row = dsl::outbox.find(id.to_string()).filter(dsl::state.ne(MailState::Sent));
    let again = (
        dsl::state.eq(MailState::Pending),
        dsl::attempts.eq(0),
        dsl::due_at.eq(now),
        dsl::give_up_at.eq(now.plus(TRIED_FOR)),
        dsl::leased_until.eq(None::<Instant>),
    );
    changed(conn, id, diesel::update(row).set(again), "This mail has been sent already.")
}

/// Cancels a mail that is still pending.
///
/// # Errors
/// 404 when there is none; 409 when it is no longer pending; 503 when the database is down.
pub fn cancel(conn: &mut Conn, id: MailId) -> Result<OutboxMail> {
    let row = dsl::outbox.find(id.to_string()).filter(dsl::state.eq(MailState::Pending));
    let update = diesel::update(row).set(dsl::state.eq(MailState::Cancelled));
    changed(conn, id, update, "This mail is no longer pending; only a pending one can be cancelled.")
}

fn changed<U: diesel::query_dsl::methods::ExecuteDsl<Conn> + RunQueryDsl<Conn>>(
    conn: &mut Conn,
    id: MailId,
    update: U,
    otherwise: &str,
) -> Result<OutboxMail> {
    let updated = update.execute(conn)?;
    let mail = find(conn, id)?;
    if updated == 0 { Err(Error::conflict(otherwise).with("state", mail.state)) } else { Ok(mail) }
}

/// Kind, subject and anchor of the mails of these kinds that were given up and of which no mail of the kind `told` tells, by the
/// same subject and anchor: for the room that tells their sender.
///
/// # Errors
/// 503 when the database is down.
pub fn undeliverable(conn: &mut Conn, kinds: &[LetterKind], told: LetterKind) -> Result<Vec<(LetterKind, String, String)>> {
    let news = diesel::alias!(outbox as news);
    let about = news.field(outbox::subject).eq(dsl::subject).and(news.field(outbox::anchor).eq(dsl::anchor));
    let is_told = diesel::dsl::exists(news.filter(about.and(news.field(outbox::kind).eq(told))));
    let dead = dsl::outbox.filter(dsl::state.eq(MailState::Dead)).filter(dsl::kind.eq_any(kinds.to_vec()));
    Ok(dead.filter(diesel::dsl::not(is_told)).order(dsl::id).select((dsl::kind, dsl::subject, dsl::anchor)).load(conn)?)
}

/// Erases finished mails that were due more than 90 days ago.
///
/// # Errors
/// 503 when the database is down.
pub fn forget_old(conn: &mut Conn, now: Instant) -> Result<usize> {
    let finished = [MailState::Sent, MailState::Dead, MailState::Cancelled];
    let old = dsl::outbox.filter(dsl::state.eq_any(finished)).filter(dsl::due_at.lt(now.minus(KEPT)));
    Ok(diesel::delete(old).execute(conn)?)
}
