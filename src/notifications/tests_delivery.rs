//! The outbox on a database and the mailer against a server that misbehaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use diesel::RunQueryDsl as _;
use mailparse::MailHeaderMap as _;

use crate::audit::domain::OptionalReason;
use crate::db::migrate;
use crate::db::pool::Db;
use crate::db::url::DatabaseUrl;
use crate::kernel::answer::Call;
use crate::kernel::clock::{Clock as _, ManualClock};
use crate::kernel::error::Code;
use crate::kernel::ids::{MailId, SessionId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::letters::Links;
use crate::notifications::mailer::{MailSettings, Mailer, WrongMail};
use crate::notifications::outbox::{MailState, NewMail, OutboxMail};
use crate::notifications::samples::{instant, recipient, trial};
use crate::notifications::service::{Notifications, OneClick};
use crate::notifications::smtp::{Mode, Point, SmtpServer};
use crate::notifications::store;
use crate::notifications::tasks::Mailroom;
use crate::scheduler::{Progress, Task as _};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("guildhall-mail-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

struct House {
    folder: Folder,
    db: Db,
    clock: Arc<ManualClock>,
    notifications: Notifications,
    mailroom: Mailroom,
}

fn settings(url: &str) -> MailSettings {
    let (from, extra_ca) = ("Guildhall <no-reply@guildhall.example>".to_owned(), String::new());
    MailSettings { url: url.into(), from, deadline: Duration::from_millis(400), extra_ca }
}

fn one_click() -> OneClick {
    OneClick { address: Arc::new(|who, kind| format!("http://localhost:8080/unsubscribe?token={who}.{kind}")), read: Arc::new(|_| None) }
}

impl House {
    async fn new(url: &str) -> Self {
        let folder = Folder::new();
        let url = url.replace("FOLDER", &folder.0.join("mail").to_string_lossy());
        let db = Db::open(DatabaseUrl::Sqlite(folder.0.join("test.db")), 2).expect("a database");
        db.read(|conn| migrate::run(conn).map(drop)).await.expect("a schema");
        let clock = Arc::new(ManualClock::new(instant("2026-11-23T10:00:00Z")));
        let links = Links { base: "http://localhost:8080".to_owned() };
        let tokens = Arc::new(|id: &_| format!("secret{id}"));
        let notifications = Notifications::new(db.clone(), clock.clone(), &settings(&url), links, tokens, one_click()).expect("a mailer");
        let mailroom = Mailroom::new(notifications.clone(), clock.clone());
        Self { folder, db, clock, notifications, mailroom }
    }

    async fn put(&self, mail: NewMail) {
        let now = self.clock.now();
        self.db.write(move |conn| store::enqueue(conn, now, &mail)).await.expect("a mail in the outbox");
    }

    async fn claim(&self) -> Vec<String> {
        let claimed = self.notifications.claim(10).await.expect("a claim");
        claimed.into_iter().map(|mail| mail.kind).collect()
    }

    async fn work(&self) -> Progress {
        self.mailroom.run().await.expect("a run of the mailroom")
    }

    async fn rows(&self) -> Vec<OutboxMail> {
        let mut rows = self.notifications.list(&admin(), None, PageQuery::default()).await.expect("the outbox").data;
        rows.reverse();
        rows
    }

    async fn states(&self) -> Vec<MailState> {
        self.rows().await.into_iter().map(|row| row.state).collect()
    }

    async fn sql(&self, statement: &'static str) {
        self.db.write(move |conn| Ok(diesel::sql_query(statement).execute(conn).map(drop)?)).await.expect("a statement");
    }
}

fn admin() -> Principal {
    let (user, session) = (UserId::from_u128(1), SessionId::from_u128(1));
    Principal { user, session, role: Role::Admin, organization: None }
}

fn mail(letter: Letter, to: &str) -> NewMail {
    let mut recipient = recipient("Jo Do");
    (recipient.key, recipient.email) = (format!("user_{to}"), format!("{to}@example.com").parse().expect("an address"));
    NewMail::now(letter, "trial_1", "1", recipient)
}

fn offer(to: &str) -> NewMail {
    mail(Letter::TrialOffer { trial: trial("Ledger Works"), answer_by: instant("2026-11-30T00:00:00Z") }, to)
}

#[actix_web::test]
async fn the_same_mail_twice_is_one() {
    let house = House::new("file:FOLDER").await;
    house.put(offer("jo")).await;
    house.put(offer("jo")).await;
    house.put(offer("mo")).await;
    house.put(NewMail { anchor: "2".to_owned(), ..offer("jo") }).await;
    assert_eq!(house.rows().await.len(), 3);
}

#[actix_web::test]
async fn a_claim_is_a_lease_and_keeps_the_order_of_one_person() {
    let house = House::new("file:FOLDER").await;
    house.put(offer("jo")).await;
    house.put(mail(Letter::PasswordChanged, "jo")).await;
    house.put(mail(Letter::SessionReuse, "mo")).await;
    let later = house.clock.now().plus(TimeDelta::days(3));
    house.put(mail(Letter::TrialStartsSoon { trial: trial("Ledger Works"), days: 3 }, "mo").later(later, later)).await;
    assert_eq!(house.claim().await, ["trial_offer", "session_reuse"]);
    assert!(house.claim().await.is_empty(), "what is leased, and what must wait for it, is left alone");
    house.clock.advance(TimeDelta::minutes(1));
    assert_eq!(house.claim().await, ["trial_offer", "session_reuse"], "a lease ends with time");
}

#[actix_web::test]
async fn a_file_per_mail() {
    let house = House::new("file:FOLDER").await;
    house.put(offer("jo")).await;
    house.put(mail(Letter::VerifyEmail { token_id: crate::kernel::ids::MailTokenId::from_u128(5) }, "jo")).await;
    assert_eq!(house.work().await, Progress::Idle);
    assert_eq!(house.states().await, [MailState::Sent, MailState::Sent]);
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(house.folder.0.join("mail")).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    assert_eq!(names.len(), 2);
    check_first_file(&names[0], &house.rows().await[0].id);
}

fn check_first_file(path: &Path, id: &str) {
    let bytes = std::fs::read(path).expect("a mail");
    let parsed = mailparse::parse_mail(&bytes).expect("a mail that can be parsed");
    let header = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("Subject"), "Trial offer from Ledger Works");
    assert_eq!(header("To").replace('"', ""), "Jo Do <jo@example.com>");
    assert_eq!(header("Message-ID"), format!("<{id}@guildhall.example>"));
    assert_eq!(header("Date"), "Mon, 23 Nov 2026 10:00:00 +0000");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    let kinds: Vec<&str> = parsed.parts().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "text/html"]);
}

#[actix_web::test]
async fn a_server_takes_a_mail_with_a_hostile_name() {
    let server = SmtpServer::start().await;
    let house = House::new(&server.url()).await;
    let mut poisoned = mail(Letter::TrialAccepted { trial: trial("A\r\nBcc: victim@example.com") }, "jo");
    poisoned.recipient.name = "Jo\r\nBcc: victim@example.com\0".to_owned();
    house.put(poisoned).await;
    house.put(mail(Letter::SetPassword { token_id: crate::kernel::ids::MailTokenId::from_u128(5) }, "mo")).await;
    house.work().await;
    let mail = server.wait_for("jo@example.com", |_| true).await;
    assert_eq!(mail.recipients, ["jo@example.com"]);
    assert_eq!(mail.header("Bcc"), "");
    assert!(mail.text().contains("Both signatures") && mail.html().contains("Both signatures"));
    let token = server.wait_for("mo@example.com", |mail| mail.subject() == "Choose your password").await.token();
    assert!(token.starts_with("secrettoken_"), "{token}");
}

#[actix_web::test]
async fn only_a_clear_never_is_one() {
    let never = [Mode::RefuseRecipient(550), Mode::RefuseData(554)];
    let later = [
        Mode::RefuseRecipient(451),
        Mode::RefuseData(452),
        Mode::DropAfterData,
        Mode::Stall(Point::Greeting),
        Mode::Stall(Point::Recipient),
        Mode::Stall(Point::Data),
        Mode::Hold,
    ];
    for mode in never.into_iter().chain(later) {
        let server = SmtpServer::start().await;
        server.set_mode(mode);
        let house = House::new(&server.url()).await;
        house.put(offer("jo")).await;
        house.work().await;
        let row = house.rows().await.remove(0);
        let expected = if never.contains(&mode) { MailState::Dead } else { MailState::Pending };
        assert_eq!((row.state, row.attempts), (expected, 1), "{mode:?}: {row:?}");
        assert!(row.last_error.is_some() && (expected == MailState::Dead || row.due_at > house.clock.now()), "{mode:?}: {row:?}");
    }
}

#[actix_web::test]
async fn a_repeat_has_the_same_message_id_and_order_is_kept() {
    let server = SmtpServer::start().await;
    server.set_mode(Mode::DropAfterData);
    let house = House::new(&server.url()).await;
    house.put(offer("jo")).await;
    house.put(mail(Letter::PasswordChanged, "jo")).await;
    house.work().await;
    assert_eq!(server.received().len(), 1, "the second waits until the first is through");
    server.set_mode(Mode::Accept);
    house.clock.advance(TimeDelta::seconds(10));
    house.work().await;
    let mails = server.received();
    let subjects: Vec<String> = mails.iter().map(|mail| mail.subject()).collect();
    assert_eq!(subjects, ["Trial offer from Ledger Works", "Trial offer from Ledger Works", "Your password was changed"]);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[actix_web::test]
async fn a_stalled_recipient_holds_up_nobody_else() {
    let server = SmtpServer::start().await;
    server.set_mode_for("jo@example.com", Mode::Stall(Point::Recipient));
    let house = House::new(&server.url()).await;
    house.put(offer("jo")).await;
    for number in 0..20 {
        house.put(offer(&format!("mo{number}"))).await;
    }
    house.work().await;
    assert_eq!(server.received().len(), 20);
    assert_eq!(server.received_by("jo@example.com").len(), 0);
}

#[actix_web::test]
async fn poisoned_rows_die_alone() {
    let house = House::new("file:FOLDER").await;
    house.put(offer("jo")).await;
    house.put(offer("mo")).await;
    house.put(offer("lo")).await;
    house.put(offer("po")).await;
    house.sql("UPDATE outbox SET letter_json = '{}' WHERE recipient_key = 'user_jo'").await;
    house.sql("UPDATE outbox SET recipient_email = 'a@b.com' || char(13, 10) || 'Bcc: c@d.com' WHERE recipient_key = 'user_mo'").await;
    house.sql("UPDATE outbox SET recipient_time_zone = 'Nowhere' WHERE recipient_key = 'user_lo'").await;
    house.sql("UPDATE outbox SET recipient_name = 'Jo' || char(13, 10) || 'Bcc: c@d.com' WHERE recipient_key = 'user_po'").await;
    house.work().await;
    assert_eq!(house.states().await, [MailState::Dead, MailState::Dead, MailState::Dead, MailState::Sent]);
}

#[actix_web::test]
async fn cancelled_and_missed_mails_are_not_sent() {
    let house = House::new("file:FOLDER").await;
    let now = house.clock.now();
    let reminder = |to: &str| mail(Letter::TrialStartsSoon { trial: trial("Ledger Works"), days: 3 }, to);
    house.put(reminder("jo").later(now.plus(TimeDelta::hours(1)), now.plus(TimeDelta::hours(2)))).await;
    house.put(offer("mo")).await;
    house.put(mail(Letter::PasswordChanged, "lo")).await;
    let kinds = [LetterKind::TrialOffer];
    house.db.write(move |conn| store::cancel_pending(conn, "trial_1", Some(&kinds))).await.expect("a cancellation");
    house.clock.advance(TimeDelta::days(3));
    house.work().await;
    assert_eq!(house.states().await, [MailState::Cancelled, MailState::Cancelled, MailState::Sent], "a late event mail still goes");
}

#[actix_web::test]
async fn what_fails_for_two_days_is_given_up_and_an_admin_tries_again() {
    let server = SmtpServer::start().await;
    server.set_mode(Mode::RefuseRecipient(451));
    let house = House::new(&server.url()).await;
    house.put(offer("jo")).await;
    for _ in 0..100 {
        house.work().await;
        house.clock.advance(TimeDelta::minutes(80));
    }
    let row = house.rows().await.remove(0);
    assert_eq!(row.state, MailState::Dead);
    assert!((30..=40).contains(&row.attempts), "{row:?}");
    server.set_mode(Mode::Accept);
    let id: MailId = row.id.parse().expect("an id");
    let call = Call::by(admin());
    house.notifications.retry(call.clone(), id, OptionalReason::default()).await.expect("a retry");
    house.work().await;
    assert_eq!(house.states().await, [MailState::Sent]);
    let refused = house.notifications.cancel(call, id, OptionalReason::default()).await.expect_err("too late");
    assert_eq!(refused.code, Code::Conflict);
}

#[actix_web::test]
async fn the_outbox_is_for_admins_and_the_own_mails_for_everybody() {
    let house = House::new("file:FOLDER").await;
    let principal = Principal { role: Role::Client, ..admin() };
    let refused = house.notifications.list(&principal, None, PageQuery::default()).await.expect_err("not an admin");
    assert_eq!(refused.code, Code::NotAllowed);
    let mut own = offer("jo");
    own.recipient.key = principal.user.to_string();
    house.put(own).await;
    house.put(offer("mo")).await;
    house.work().await;
    let page = house.notifications.mine(&principal, PageQuery::default()).await.expect("own mails");
    let subjects: Vec<&str> = page.data.iter().map(|mail| mail.subject_line.as_str()).collect();
    assert_eq!(subjects, ["Trial offer from Ledger Works"]);
    let sent = house.notifications.list(&admin(), Some(MailState::Sent), PageQuery { limit: 1, cursor: None }).await.expect("a page");
    assert!(sent.next_cursor.is_some(), "another row follows");
    let next = house.notifications.list(&admin(), None, PageQuery { limit: 1, cursor: sent.next_cursor }).await.expect("a page");
    assert_eq!(next.next_cursor, None, "it is full as well, but none follows");
    assert_eq!([next.data, sent.data].concat(), house.rows().await, "each row once");
}

#[actix_web::test]
async fn finished_mails_are_forgotten_after_90_days() {
    let house = House::new("file:FOLDER").await;
    house.put(offer("jo")).await;
    house.work().await;
    house.clock.advance(TimeDelta::days(91));
    house.work().await;
    assert!(house.rows().await.is_empty());
}

#[test]
fn the_url_says_how_mails_leave() {
    let folder = Folder::new();
    let mailer = |url: &str| Mailer::new(&settings(url)).map(|mailer| mailer.fit_for_production());
    for (url, fit) in [
        ("smtps://user:secret@mail.example.com", true),
        ("smtp://mail.example.com:587?tls=required", true),
        ("smtp://127.0.0.1:2525", true),
        ("smtp://localhost:2525", true),
        ("smtp://[::1]:2525", true),
        ("smtp://user:secret@mail.example.com:25", false),
    ] {
        assert_eq!(mailer(url), Ok(if fit { Ok(()) } else { Err(WrongMail::Unsafe) }), "{url}");
    }
    assert_eq!(mailer(&format!("file:{}", folder.0.join("a/b").display())), Ok(Err(WrongMail::Unsafe)));
    for url in ["", "file:", "http://a.b", "smtp:", "mailto:a@b.c", "smtp://a.b?pool=3", "mail.example.com:25"] {
        assert_eq!(mailer(url), Err(WrongMail::Url), "{url}");
    }
    assert_eq!(mailer("smtp://a.b?tls=opportunistic"), Err(WrongMail::Tls));
    let nobody = MailSettings { from: "nobody".to_owned(), ..settings("smtp://a.b") };
    assert_eq!(Mailer::new(&nobody).err(), Some(WrongMail::From));
    let unread = MailSettings { extra_ca: "no/such.pem".to_owned(), ..settings("smtps://a.b") };
    assert!(Mailer::new(&unread).err().is_some_and(|refusal| refusal.to_string().starts_with("mail.extra_ca: `no/such.pem`")));
}
