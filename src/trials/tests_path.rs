//! Trials from the offer to their end, on a fresh SQLite file under a clock that the test moves.

use std::sync::Arc;

use chrono::TimeDelta;
use config::Map;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection as _;
use serde_json::{Value, json};

use crate::config::load::load_from;
use crate::db::Conn;
use crate::db::migrate;
use crate::db::pool::{Db, Opener};
use crate::db::schema::{commitments, members, organizations, outbox, timers, users, vetted_developers};
use crate::db::url::DatabaseUrl;
use crate::developers::store as developers;
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::kernel::answer::{Answer, Call, Expected};
use crate::kernel::clock::{Clock as _, Instant, ManualClock};
use crate::kernel::error::{Code, Error};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, SessionId, TrialId, UserId};
use crate::kernel::money::{Currency, Rates};
use crate::kernel::page::PageQuery;
use crate::kernel::principal::{Principal, Role};
use crate::scheduler::{Nudge, Progress, Task as _};
use crate::trials::model::StepBody;
use crate::trials::offer::NewTrial;
use crate::trials::process::Action;
use crate::trials::service::Trials;
use crate::trials::tasks::TrialClock;

const CLIENT: u128 = 1;
const ADMIN: u128 = 9;

/// A fresh database that goes with its folder: an organisation, an admin, and whoever the test adds.
struct Fresh {
    folder: std::path::PathBuf,
    conn: Conn,
    clock: Arc<ManualClock>,
    trials: Trials,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn at(text: &str) -> Instant {
    serde_json::from_value(json!(text)).unwrap()
}

fn principal(role: Role, number: u128) -> Principal {
    let organization = (role == Role::Client).then(|| OrganizationId::from_u128(number));
    Principal { user: UserId::from_u128(number), session: SessionId::from_u128(number), role, organization }
}

fn client() -> Call {
    Call::by(principal(Role::Client, CLIENT))
}

fn developer(number: u128) -> Call {
    Call::by(principal(Role::Developer, number))
}

fn body(json: &Answer) -> Value {
    serde_json::from_str(&json.body).unwrap()
}

fn reason() -> StepBody {
    StepBody { reason_code: Some("not_the_right_fit".to_owned()), message: Some("Sorry.".to_owned()), ..StepBody::default() }
}

impl Fresh {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-trials-{}", uuid::Uuid::now_v7()));
        let url = DatabaseUrl::Sqlite(folder.join("test.db"));
        let db = Db::open(url.clone(), 4).unwrap();
        let mut conn = Opener(url).connect().unwrap();
        migrate::run(&mut conn).unwrap();
        let clock = Arc::new(ManualClock::new(at("2026-11-20T10:00:00Z")));
        let usd = (Currency::parse("USD").unwrap(), 1_000_000);
        let mut settings = load_from(None, Map::default()).unwrap();
        settings.limits.offers_per_day = 4;
        let rates = Rates::new([usd]);
        let trials = Trials::new(db, clock.clone(), &settings.trials, rates, &settings.limits, Nudge::default(), Nudge::default());
        let mut fresh = Self { folder, conn, clock, trials };
        fresh.organization(CLIENT);
        fresh.user(ADMIN, "admin");
        fresh
    }

    fn user(&mut self, number: u128, role: &str) {
        let email = format!("{role}{number}@example.com");
        let row = (
            users::id.eq(UserId::from_u128(number)),
            users::email.eq(&email),
            users::email_key.eq(&email),
            users::name.eq(format!("The {role}")),
            users::role.eq(role),
            users::status.eq("active"),
            users::time_zone.eq("Europe/London"),
            users::created_at.eq(self.clock.now()),
        );
        diesel::insert_into(users::table).values(row).execute(&mut self.conn).unwrap();
    }

    fn organization(&mut self, number: u128) {
        self.user(number, "client");
        let id = OrganizationId::from_u128(number);
        let row = (organizations::id.eq(id), organizations::name.eq("Ledger Works"), organizations::created_at.eq(self.clock.now()));
        diesel::insert_into(organizations::table).values(row).execute(&mut self.conn).unwrap();
        let row = (
            members::user_id.eq(UserId::from_u128(number)),
            members::organization_id.eq(id),
            members::role.eq("owner"),
            members::joined_at.eq(self.clock.now()),
        );
        diesel::insert_into(members::table).values(row).execute(&mut self.conn).unwrap();
    }

    /// A vetted developer with 40 hours a week.
    fn developer(&mut self, number: u128) -> DeveloperId {
        self.user(number, "developer");
        let profile = serde_json::from_value(json!({"headline": "Go engineer", "hours_per_week": 40})).unwrap();
        let now = self.clock.now();
        let id = developers::insert(&mut self.conn, UserId::from_u128(number), profile, now).unwrap().id;
        let row = (
            vetted_developers::developer_id.eq(id),
            vetted_developers::status.eq("approved"),
            vetted_developers::approved_at.eq(now),
            vetted_developers::valid_until.eq(now.plus(TimeDelta::days(500))),
        );
        diesel::insert_into(vetted_developers::table).values(row).execute(&mut self.conn).unwrap();
        id
    }

    fn job_request(&mut self, seats: i64) -> JobRequestId {
        let fields = serde_json::from_value(json!({
            "title": "Go engineer", "description": "A ledger.", "skills": [], "max_hourly_rate": {"amount": 9000, "currency": "USD"},
            "hours_per_week": 40, "starts_on": "2026-12-01", "time_zone": "Europe/London", "seats": seats,
        }))
        .unwrap();
        let draft = JobRequest::draft(OrganizationId::from_u128(CLIENT), UserId::from_u128(CLIENT), fields, self.clock.now());
        let open = JobRequest { state: JobRequestState::Open, ..draft };
        jobs::insert(&mut self.conn, &open).unwrap();
        open.id
    }

    async fn offer(&self, job: JobRequestId, developer: DeveloperId, starts_on: &str) -> Result<TrialId, Error> {
        let offer: NewTrial = serde_json::from_value(json!({
            "job_request_id": job, "developer_id": developer, "starts_on": starts_on,
            "terms": {"hourly_rate": {"amount": 8000, "currency": "USD"}, "hours_per_week": 40, "time_zone": "Europe/London",
                "overlap_hours": 4, "scope": "Ledger core and its API.", "notice_days": 3, "billing": {"rule": "client_pays_all"}},
        }))
        .unwrap();
        let answer = self.trials.offer(client(), offer).await?;
        Ok(serde_json::from_value(body(&answer)["id"].clone()).unwrap())
    }

    async fn step(&self, call: Call, id: TrialId, action: Action, with: StepBody) -> Result<Value, Error> {
        self.trials.step(call, id, action, with).await.map(|answer| body(&answer))
    }

    async fn show(&self, call: Call, id: TrialId) -> Value {
        serde_json::to_value(self.trials.get(call.principal, id).await.unwrap()).unwrap()
    }

    /// Action, target and time of each step.
    async fn events(&self, id: TrialId) -> Vec<String> {
        let events = self.trials.events(client().principal, id, PageQuery::default()).await.unwrap();
        events.data.iter().map(|event| format!("{} {} {}", event.action, event.to, event.at)).collect()
    }

    /// Lets the clock's task do everything that is due.
    async fn work(&self) {
        let task = TrialClock(self.trials.clone());
        while task.run().await.unwrap() == Progress::More {}
    }

    /// Kind and state of the mails about a trial to one person, in the order of their making.
    fn mails(&mut self, id: TrialId, to: u128) -> Vec<String> {
        let rows: Vec<(String, String)> = outbox::table
            .filter(outbox::subject.eq(id.to_string()))
            .filter(outbox::recipient_key.eq(UserId::from_u128(to).to_string()))
            .filter(outbox::state.ne("cancelled"))
            .order(outbox::id)
            .select((outbox::kind, outbox::state))
            .load(&mut self.conn)
            .unwrap();
        rows.into_iter().map(|(kind, _)| kind).collect()
    }

    fn job_state(&mut self, id: JobRequestId) -> JobRequestState {
        jobs::get(&mut self.conn, id).unwrap().state
    }
}

#[tokio::test]
async fn from_the_offer_to_the_end_of_the_grace_with_every_due_time() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let offered = fresh.show(client(), trial).await;
    assert_eq!(offered["developer"], json!({"id": id, "headline": "Go engineer", "name": null}));
    assert_eq!((&offered["state"], &offered["allowed_actions"]), (&json!("offered"), &json!(["withdraw"])));
    assert_eq!(fresh.show(developer(2), trial).await["organization"]["name"], "Ledger Works");
    let waiting = ["trial_offer", "trial_offer_waiting", "trial_offer_waiting"];
    assert_eq!(fresh.mails(trial, 2), waiting);

    let accepted = fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap();
    assert_eq!((&accepted["state"], accepted["signatures"].as_array().unwrap().len()), (&json!("scheduled"), 2));
    assert_eq!(accepted["signatures"][0]["sha256"], accepted["signatures"][1]["sha256"]);
    assert_eq!(fresh.job_state(job), JobRequestState::Filled);
    assert_eq!(fresh.show(client(), trial).await["developer"]["name"], "The developer");
    assert_eq!(fresh.mails(trial, CLIENT), ["trial_accepted", "trial_starts_soon", "trial_starts_soon", "trial_starts_soon"]);

    // Nothing runs for three months; then everything happens once, in order, at its own time.
    fresh.clock.set(at("2027-02-20T12:00:00Z"));
    fresh.work().await;
    fresh.work().await;
    let expected = [
        "offer offered 2026-11-20T10:00:00Z",
        "accept scheduled 2026-11-20T10:00:00Z",
        "start active 2026-12-01T00:00:00Z",
        "trial-over decision_due 2026-12-31T00:00:00Z",
        "grace-over ended 2027-01-05T00:00:00Z",
    ];
    assert_eq!(fresh.events(trial).await, expected);
    let ended = fresh.show(developer(2), trial).await;
    assert_eq!(
        (&ended["outcome"], &ended["last_day"], &ended["allowed_actions"]),
        (&json!("no_decision"), &json!("2027-01-04"), &json!([]))
    );
    assert_eq!((&ended["ends_at"], &ended["decision_opens_at"]), (&json!("2026-12-31T00:00:00Z"), &json!("2026-12-24T00:00:00Z")));
    assert_eq!(fresh.job_state(job), JobRequestState::Open);
    // That it started, or waits for a decision, is no news any more.
    assert_eq!(fresh.mails(trial, ADMIN), [""; 0]);
    assert_eq!(fresh.mails(trial, CLIENT), ["trial_accepted", "trial_grace_over"]);
    let left: i64 = timers::table.count().get_result(&mut fresh.conn).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_read_does_not_wait_for_the_clock() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-20").await.unwrap();
    fresh.clock.set(at("2026-11-27T10:00:00Z"));
    assert_eq!(fresh.show(client(), trial).await["outcome"], "offer_expired");
    assert_eq!(fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap_err().code, Code::InvalidTransition);
    assert_eq!(fresh.mails(trial, CLIENT), ["trial_expired"]);
    assert!(fresh.offer(job, id, "2026-12-20").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_accepts_one_is_taken() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(2));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let accept = |expected: Option<i64>| {
        let trials = fresh.trials.clone();
        let call = Call { expected: Expected(expected), ..developer(2) };
        tokio::spawn(async move { trials.step(call, trial, Action::Accept, StepBody::default()).await.map_err(|error| error.code) })
    };
    let asked: Vec<_> = (0..16).map(|number| accept((number % 2 == 0).then_some(1))).collect();
    let mut answers = Vec::new();
    for (number, each) in asked.into_iter().enumerate() {
        answers.push((number % 2 == 0, each.await.unwrap()));
    }
    assert_eq!(answers.iter().filter(|(_, answer)| answer.is_ok()).count(), 1);
    for (conditional, refusal) in answers.into_iter().filter_map(|(conditional, answer)| answer.err().map(|code| (conditional, code))) {
        assert_eq!(refusal, if conditional { Code::StaleVersion } else { Code::InvalidTransition });
    }
    assert_eq!(fresh.events(trial).await.len(), 2);
    assert_eq!(fresh.mails(trial, CLIENT).iter().filter(|kind| *kind == "trial_accepted").count(), 1);
    let held: i64 = commitments::table.count().get_result(&mut fresh.conn).unwrap();
    assert_eq!(held, 1);
}

#[tokio::test]
async fn hours_are_promised_once_and_come_back() {
    let mut fresh = Fresh::new();
    let (id, one, other) = (fresh.developer(2), fresh.job_request(1), fresh.job_request(1));
    let first = fresh.offer(one, id, "2026-12-01").await.unwrap();
    let second = fresh.offer(other, id, "2026-12-08").await.unwrap();
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    let refusal = fresh.step(developer(2), second, Action::Accept, StepBody::default()).await.unwrap_err();
    assert!(refusal.code == Code::Conflict && refusal.detail.contains("hours"), "{refusal}");
    assert_eq!(fresh.show(developer(2), second).await["allowed_actions"], json!(["counter", "decline"]));
    assert_eq!(fresh.mails(second, CLIENT), ["trial_no_longer_possible"]);
    assert_eq!(fresh.mails(second, 2), ["trial_offer"]);
    assert_eq!(fresh.offer(other, id, "2026-12-08").await.unwrap_err().code, Code::Conflict);

    let refusal = fresh.step(client(), first, Action::Cancel, StepBody::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::ValidationFailed);
    let cancelled = fresh.step(client(), first, Action::Cancel, reason()).await.unwrap();
    assert_eq!((&cancelled["outcome"], &cancelled["message"]), (&json!("cancelled_before_start"), &json!("Sorry.")));
    assert_eq!(fresh.show(developer(2), second).await["allowed_actions"], json!(["counter", "accept", "decline"]));
    fresh.step(developer(2), second, Action::Accept, StepBody::default()).await.unwrap();
}

#[tokio::test]
async fn seats_are_taken_once() {
    let mut fresh = Fresh::new();
    let (one, other, job) = (fresh.developer(2), fresh.developer(3), fresh.job_request(1));
    let (first, second) = (fresh.offer(job, one, "2026-12-01").await.unwrap(), fresh.offer(job, other, "2026-12-01").await.unwrap());
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    let refusal = fresh.step(developer(3), second, Action::Accept, StepBody::default()).await.unwrap_err();
    assert!(refusal.code == Code::Conflict && refusal.detail.contains("seats"), "{refusal}");
    assert_eq!(fresh.mails(second, CLIENT), ["trial_no_longer_possible"]);
    let third = fresh.developer(4);
    let refusal = fresh.offer(job, third, "2026-12-01").await.unwrap_err();
    assert!(refusal.detail.contains("not open"), "{refusal}");
}

#[tokio::test]
async fn terms_go_back_and_forth_and_both_sign_the_last() {
    let mut fresh = Fresh::new();
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let terms = |text: &str| StepBody { terms: serde_json::from_str(text).unwrap(), ..StepBody::default() };
    let nothing = fresh.step(developer(2), trial, Action::Counter, terms(r#"{"notice_days": 3}"#)).await.unwrap_err();
    assert_eq!(nothing.faults[0].pointer, "/terms");
    let foreign = terms(r#"{"hourly_rate": {"amount": 9000, "currency": "CHF"}}"#);
    let foreign = fresh.step(developer(2), trial, Action::Counter, foreign).await.unwrap_err();
    assert_eq!(foreign.faults[0].pointer, "/terms/hourly_rate/currency");
    fresh.step(developer(2), trial, Action::Counter, terms(r#"{"notice_days": 5}"#)).await.unwrap();
    let later = StepBody { starts_on: Some("2026-12-08".parse().unwrap()), ..StepBody::default() };
    fresh.step(client(), trial, Action::Revise, later).await.unwrap();
    let refusal = fresh.step(client(), trial, Action::Accept, StepBody::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::InvalidTransition);
    let accepted = fresh.step(developer(2), trial, Action::Accept, StepBody::default()).await.unwrap();
    assert_eq!(
        (&accepted["terms_version"], &accepted["terms"]["notice_days"], &accepted["starts_on"]),
        (&json!(3), &json!(5), &json!("2026-12-08"))
    );
    assert_eq!(accepted["ends_at"], "2027-01-07T00:00:00Z");
    let signatures = accepted["signatures"].as_array().unwrap();
    assert!(signatures.len() == 2 && signatures.iter().all(|each| each["sha256"] == accepted["sha256"] && each["terms_version"] == 3));
    let history: Vec<_> = accepted["terms_history"].as_array().unwrap().iter().map(|each| each["proposed_by"].clone()).collect();
    assert_eq!(history, ["client", "developer", "client"]);
}

#[tokio::test]
async fn ends_leave_the_notice_or_are_agreed() {
    let mut fresh = Fresh::new();
    let (one, other, job) = (fresh.developer(2), fresh.developer(3), fresh.job_request(2));
    let (first, second) = (fresh.offer(job, one, "2026-12-01").await.unwrap(), fresh.offer(job, other, "2026-12-01").await.unwrap());
    fresh.step(developer(2), first, Action::Accept, StepBody::default()).await.unwrap();
    fresh.step(developer(3), second, Action::Accept, StepBody::default()).await.unwrap();
    fresh.clock.set(at("2026-12-10T10:00:00Z"));
    fresh.work().await;
    let early = StepBody { last_day: Some("2026-12-11".parse().unwrap()), ..reason() };
    assert_eq!(fresh.step(client(), first, Action::End, early).await.unwrap_err().faults[0].pointer, "/last_day");
    let ended = fresh.step(client(), first, Action::End, reason()).await.unwrap();
    assert_eq!((&ended["outcome"], &ended["last_day"]), (&json!("ended_by_client"), &json!("2026-12-13")));
    let until: Vec<Instant> = commitments::table.order(commitments::ends_at).select(commitments::ends_at).load(&mut fresh.conn).unwrap();
    assert_eq!(until[0], at("2026-12-14T00:00:00Z"));

    fresh.step(developer(3), second, Action::EndTogether, reason()).await.unwrap();
    assert_eq!(fresh.step(client(), second, Action::EndTogether, reason()).await.unwrap_err().code, Code::Conflict);
    assert_eq!(fresh.step(developer(3), second, Action::Agree, StepBody::default()).await.unwrap_err().code, Code::Conflict);
    let refused = fresh.step(client(), second, Action::Refuse, StepBody::default()).await.unwrap();
    assert_eq!((&refused["state"], &refused["proposal"]), (&json!("active"), &Value::Null));
    fresh.step(developer(3), second, Action::EndTogether, reason()).await.unwrap();
    // Unanswered for five days it lapses.
    fresh.clock.advance(TimeDelta::days(5));
    fresh.work().await;
    let lapsed = fresh.show(client(), second).await;
    assert_eq!((&lapsed["proposal"], &lapsed["allowed_actions"]), (&Value::Null, &json!(["amend", "extend", "offer-conversion", "end", "end-together"])));
    fresh.step(client(), second, Action::EndTogether, StepBody::default()).await.unwrap();
    let ended = fresh.step(developer(3), second, Action::Agree, StepBody::default()).await.unwrap();
    assert_eq!((&ended["outcome"], &ended["last_day"]), (&json!("ended_mutually"), &json!("2026-12-15")));
    assert_eq!(fresh.job_state(job), JobRequestState::Open);
}

#[tokio::test]
async fn who_is_no_party_sees_nothing_and_offers_are_checked() {
    let mut fresh = Fresh::new();
    fresh.organization(5);
    let (id, job) = (fresh.developer(2), fresh.job_request(1));
    let trial = fresh.offer(job, id, "2026-12-01").await.unwrap();
    let stranger = principal(Role::Client, 5);
    assert_eq!(fresh.trials.get(stranger.clone(), trial).await.unwrap_err().code, Code::NotFound);
    let step = fresh.step(Call::by(stranger.clone()), trial, Action::Withdraw, StepBody::default()).await;
    assert_eq!(step.unwrap_err().code, Code::NotFound);
    assert!(fresh.trials.list(stranger, None, PageQuery::default()).await.unwrap().data.is_empty());
    assert_eq!(fresh.trials.list(client().principal, None, PageQuery::default()).await.unwrap().data.len(), 1);
    assert_eq!(fresh.step(client(), trial, Action::Terminate, reason()).await.unwrap_err().code, Code::NotAllowed);

    let nobody = DeveloperId::from_u128(77);
    assert_eq!(fresh.offer(job, nobody, "2026-12-01").await.unwrap_err().code, Code::Conflict);
    assert_eq!(fresh.offer(JobRequestId::from_u128(7), id, "2026-12-01").await.unwrap_err().code, Code::NotFound);
    assert_eq!(fresh.offer(job, id, "2026-11-19").await.unwrap_err().faults[0].pointer, "/starts_on");
    assert_eq!(fresh.offer(job, id, "2026-12-01").await.unwrap_err().code, Code::Conflict);
    for number in 20..23 {
        let id = fresh.developer(number);
        fresh.offer(job, id, "2026-12-01").await.unwrap();
    }
    assert_eq!(fresh.offer(job, id, "2026-12-01").await.unwrap_err().code, Code::TooManyRequests);
}

#[test]
fn lists_are_asked_for_by_state() {
    let ask =
        |state: &str| crate::kernel::schema::read_query::<crate::trials::http::TrialQuery>(vec![("state".to_owned(), state.to_owned())]);
    assert_eq!(ask("scheduled").unwrap().state, Some(crate::trials::process::TrialState::Scheduled));
    assert_eq!(ask("over").err().unwrap().code, Code::ValidationFailed);
}
