//! The whole way of an application on a database, and what happens when two want the same.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::accounts::domain::{AccountStatus, User};
use crate::accounts::store as accounts;
use crate::config;
use crate::db::migrate;
use crate::db::pool::Db;
use crate::db::schema::{outbox, vetting_events};
use crate::db::url::DatabaseUrl;
use crate::developers::profile::{ClaimedSkill, Profile};
use crate::developers::store as developers;
use crate::kernel::answer::{Answer, Call, Expected};
use crate::kernel::clock::{Clock as _, Instant, ManualClock};
use crate::kernel::craft::SkillLevel;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId, SessionId, UserId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::schema;
use crate::kernel::zone::TimeZone;
use crate::scheduler::Nudge;
use crate::skills::service::Skills;
use crate::vetting::application::{Filter, Input};
use crate::vetting::domain::SkillVerdict;
use crate::vetting::process::{Action, Stage};
use crate::vetting::service::Vetting;
use crate::vetting::store_vetted;

const DEVELOPER: u128 = 1;
const OTHER_DEVELOPER: u128 = 2;
const REVIEWER: u128 = 3;
const APPROVER: u128 = 4;

/// A database that goes with its folder: two developers, a reviewer, somebody else who approves.
pub struct House {
    folder: std::path::PathBuf,
    pub db: Db,
    pub clock: Arc<ManualClock>,
    pub vetting: Vetting,
    pub developer: DeveloperId,
}

impl Drop for House {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl House {
    pub async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("guildhall-vetting-{}", uuid::Uuid::now_v7()));
        let db = Db::open(DatabaseUrl::Sqlite(folder.join("test.db")), 4).unwrap();
        db.read(|conn| migrate::run(conn).map(drop)).await.unwrap();
        let clock = Arc::new(ManualClock::new(Instant::from_micros(1_795_000_000_000_000)));
        Skills::new(db.clone(), clock.clone()).install().await.unwrap();
        let now = clock.now();
        let developer = db.write(move |conn| people(conn, now)).await.unwrap();
        let vetting = Vetting::new(db.clone(), clock.clone(), settings(), Nudge::default(), Nudge::default());
        Self { folder, db, clock, vetting, developer }
    }

    pub async fn step(&self, by: Call, id: ApplicationId, action: Action, input: Input) -> Result<Value> {
        self.vetting.step(by, id, action, input).await.map(|answer| shown(&answer))
    }

    async fn apply(&self) -> Result<ApplicationId> {
        let answer = shown(&self.vetting.apply(developer()).await?);
        Ok(answer["id"].as_str().unwrap().parse().unwrap())
    }

    pub async fn submitted(&self) -> ApplicationId {
        let id = self.apply().await.unwrap();
        self.step(developer(), id, Action::Submit, Input::default()).await.unwrap();
        id
    }

    /// Scores and passes the stage.
    async fn pass(&self, id: ApplicationId, stage: Stage) -> Value {
        self.vetting.write_scorecard(reviewer(), id, stage, card(json!([]))).await.unwrap();
        self.step(reviewer(), id, Action::Advance, from(stage)).await.unwrap()
    }

    pub async fn at_decision(&self) -> ApplicationId {
        let id = self.submitted().await;
        self.step(reviewer(), id, Action::Claim, Input::default()).await.unwrap();
        for stage in [Stage::ProfileReview, Stage::ScreeningCall, Stage::TechnicalAssessment, Stage::TechnicalInterview] {
            self.pass(id, stage).await;
        }
        id
    }

    pub async fn mine(&self) -> Value {
        json!(self.vetting.mine(developer().principal).await.unwrap())
    }

    async fn steps_and_mails(&self) -> (Vec<(i64, String)>, Vec<String>) {
        self.db
            .read(|conn| {
                let events = vetting_events::table.order(vetting_events::id).select((vetting_events::version, vetting_events::action));
                Ok((events.load(conn)?, outbox::table.order(outbox::id).select(outbox::kind).load(conn)?))
            })
            .await
            .unwrap()
    }
}

fn people(conn: &mut crate::db::Conn, now: Instant) -> Result<DeveloperId> {
    let people = [(DEVELOPER, Role::Developer), (OTHER_DEVELOPER, Role::Developer), (REVIEWER, Role::Admin), (APPROVER, Role::Admin)];
    for (number, role) in people {
        accounts::insert_user(conn, &user(number, role, now))?;
    }
    developers::insert(conn, UserId::from_u128(OTHER_DEVELOPER), Profile::default(), now)?;
    Ok(developers::insert(conn, UserId::from_u128(DEVELOPER), profile(), now)?.id)
}

fn user(number: u128, role: Role, now: Instant) -> User {
    User {
        id: UserId::from_u128(number),
        email: format!("person{number}@example.com").parse().unwrap(),
        name: format!("Person {number}"),
        role,
        status: AccountStatus::Active,
        time_zone: TimeZone::UTC,
        password_hash: None,
        verified_at: Some(now),
        version: 1,
        created_at: now,
    }
}

fn profile() -> Profile {
    let skill = |slug: &str| ClaimedSkill { slug: slug.to_owned(), level: SkillLevel::MAX, years: 6.0 };
    Profile {
        headline: Some("Go engineer".to_owned()),
        summary: Some("Payment systems.".to_owned()),
        hourly_rate: Some(Money { amount: 8000, currency: Currency::parse("USD").unwrap() }),
        hours_per_week: Some(40),
        time_zone: Some(TimeZone::UTC),
        skills: vec![skill("go"), skill("postgresql"), skill("kubernetes")],
        ..Profile::default()
    }
}

fn settings() -> config::Vetting {
    config::Vetting {
        core_skills: vec!["go".to_owned()],
        minimum_skills: 3,
        retry_after_days: 90,
        valid_months: 18,
        four_eyes: true,
        kept_months: 6,
        answer_days: 14,
        answer_reminders_after_days: vec![5, 10],
        answer_reminder_before_days: 1,
        expiring_days: 30,
        expiry_reminders_before_days: vec![60, 30, 7],
        appeal_days: 30,
        idle_working_days: 3,
    }
}

fn call(number: u128, role: Role) -> Call {
    Call::by(Principal { user: UserId::from_u128(number), session: SessionId::from_u128(number), role, organization: None })
}

fn developer() -> Call {
    call(DEVELOPER, Role::Developer)
}

pub fn reviewer() -> Call {
    call(REVIEWER, Role::Admin)
}

pub fn approver() -> Call {
    call(APPROVER, Role::Admin)
}

fn card(skills: Value) -> crate::vetting::domain::Scorecard {
    let criteria = json!([{"criterion": "overall", "score": "yes", "evidence": "Clear and tested."}]);
    let card = json!({"criteria": criteria, "recommendation": "strong_yes", "verified_skills": skills,
        "feedback": "Well done.", "private_notes": "Between us."});
    schema::read(card).unwrap()
}

fn from(stage: Stage) -> Input {
    Input { from_stage: Some(stage), ..Input::default() }
}

pub fn verdicts(slugs: &[&str]) -> Input {
    let verdict = |slug: &&str| SkillVerdict { slug: (*slug).to_owned(), level: SkillLevel::MAX };
    Input { skills: slugs.iter().map(verdict).collect(), ..Input::default() }
}

fn because(message: &str) -> Input {
    Input { reason_code: Some("skills_below_bar".to_owned()), message: Some(message.to_owned()), ..Input::default() }
}

fn shown(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn pointers(error: &Error) -> Vec<&str> {
    error.faults.iter().map(|fault| fault.pointer.as_str()).collect()
}

#[tokio::test]
async fn from_draft_to_approved() {
    let house = House::new().await;
    assert_eq!(house.mine().await["allowed_actions"], json!(["apply"]));
    let id = house.at_decision().await;
    let own = house.mine().await;
    assert_eq!((&own["state"], &own["waits_for"]), (&json!("decision"), &json!("reviewer")));
    assert_eq!(own["application"]["passed_stages"][3]["feedback"], "Well done.");
    assert!(!own.to_string().contains("Between us.") && !own.to_string().contains(&UserId::from_u128(REVIEWER).to_string()));

    let refused = house.step(reviewer(), id, Action::Approve, verdicts(&["go"])).await.unwrap_err();
    assert_eq!(refused.code, Code::NotAllowed, "four eyes");
    let refused = house.step(approver(), id, Action::Approve, verdicts(&["postgresql", "no-such", "postgres"])).await.unwrap_err();
    assert_eq!(pointers(&refused), ["/skills", "/skills/1/slug", "/skills/2/slug"]);
    let approved = house.step(approver(), id, Action::Approve, verdicts(&["golang", "postgres"])).await.unwrap();
    assert_eq!((&approved["state"], &approved["version"], &approved["vetting_score"]), (&json!("approved"), &json!(8), &json!(83)));
    assert_eq!(approved["scorecards"].as_array().unwrap().len(), 4, "whoever decides reads all cards");

    let (developer, now) = (house.developer, house.clock.now());
    let matchable = move |conn: &mut crate::db::Conn| store_vetted::is_matchable(conn, developer, now);
    assert!(house.db.read(matchable).await.unwrap());
    let own = house.mine().await;
    assert_eq!((&own["vetted_status"], &own["allowed_actions"]), (&json!("approved"), &json!([])));
    assert_eq!(own["verified_skills"][0]["slug"], "go");
    let (events, mails) = house.steps_and_mails().await;
    let actions: Vec<&str> = events.iter().map(|(_, action)| action.as_str()).collect();
    assert_eq!(actions, ["apply", "submit", "claim", "advance", "advance", "advance", "advance", "approve"]);
    assert_eq!(events.iter().map(|(version, _)| *version).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    let (passed, soon) = ("vetting_stage_passed", "vetting_expiring");
    assert_eq!(mails, ["vetting_received", "vetting_taken", passed, passed, passed, passed, "vetting_approved", soon, soon, soon]);
    assert_eq!(house.apply().await.unwrap_err().code, Code::Conflict, "the pass is not yet to be renewed");
}

#[tokio::test]
async fn of_two_who_claim_one_wins() {
    let house = House::new().await;
    let id = house.submitted().await;
    let (one, other) = tokio::join!(
        house.step(reviewer(), id, Action::Claim, Input::default()),
        house.step(approver(), id, Action::Claim, Input::default())
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    let refused = one.err().or(other.err()).unwrap();
    assert_eq!((refused.code, &refused.extra["state"]), (Code::InvalidTransition, &json!("profile_review")));
    assert_eq!(house.steps_and_mails().await.0.len(), 3);
}

#[tokio::test]
async fn a_rejection_is_explained_and_passed_stages_are_kept() {
    let house = House::new().await;
    let id = house.at_decision().await;
    let refused = house.step(approver(), id, Action::Reject, Input::default()).await.unwrap_err();
    assert_eq!(pointers(&refused), ["/message", "/reason_code"]);
    house.step(approver(), id, Action::Reject, because("Not yet.")).await.unwrap();
    assert_eq!(house.mine().await["application"]["message"], "Not yet.");
    let early = house.apply().await.unwrap_err();
    assert_eq!((early.code, early.extra.contains_key("retry_after")), (Code::Conflict, true));

    house.clock.advance(TimeDelta::days(90));
    assert_eq!(house.mine().await["allowed_actions"], json!(["reapply"]));
    let id = house.submitted().await;
    let again = house.apply().await.unwrap_err();
    assert_eq!(again.extra["application_id"], json!(id));
    house.step(approver(), id, Action::Claim, Input::default()).await.unwrap();
    house.vetting.write_scorecard(approver(), id, Stage::ProfileReview, card(json!([]))).await.unwrap();
    let after = house.step(approver(), id, Action::Advance, from(Stage::ProfileReview)).await.unwrap();
    assert_eq!(after["state"], "decision");
    let refused = house.step(reviewer(), id, Action::Approve, verdicts(&["go"])).await.unwrap_err();
    assert_eq!(refused.code, Code::NotAllowed, "the kept interview was the reviewer's");
    house.step(approver(), id, Action::Approve, verdicts(&["go"])).await.unwrap();
}

#[tokio::test]
async fn side_states_lead_back() {
    let house = House::new().await;
    let id = house.submitted().await;
    house.step(reviewer(), id, Action::Claim, Input::default()).await.unwrap();
    let questions = Input { questions: Some("Which ledger?".to_owned()), ..Input::default() };
    house.step(reviewer(), id, Action::Ask, questions).await.unwrap();
    let own = house.mine().await;
    assert_eq!((&own["state"], &own["application"]["questions"]), (&json!("needs_info"), &json!("Which ledger?")));
    let unanswered = house.step(developer(), id, Action::Answer, Input::default()).await.unwrap_err();
    assert_eq!(pointers(&unanswered), ["/answers"]);
    let answers = Input { answers: Some("A double-entry one.".to_owned()), ..Input::default() };
    let own = house.step(developer(), id, Action::Answer, answers).await.unwrap();
    assert_eq!(own["state"], "profile_review");
    house.step(reviewer(), id, Action::Hold, because("Holidays.")).await.unwrap();
    let filter = Filter { stage: Some(Stage::ProfileReview), assigned_to: Some(UserId::from_u128(REVIEWER)), ..Filter::default() };
    assert_eq!(house.vetting.list(reviewer().principal, filter).await.unwrap().data.len(), 1);
    let idle = Filter { idle_days: Some(1), ..Filter::default() };
    assert_eq!(house.vetting.list(reviewer().principal, idle).await.unwrap().data.len(), 0);
    assert_eq!(house.step(reviewer(), id, Action::Release, because("Back.")).await.unwrap()["state"], "profile_review");
}

#[tokio::test]
async fn cards_are_ones_own_and_hidden_until_then() {
    let house = House::new().await;
    let id = house.submitted().await;
    let stage = Stage::ProfileReview;
    let early = house.vetting.write_scorecard(reviewer(), id, stage, card(json!([]))).await.unwrap_err();
    assert_eq!((early.code, &early.extra["allowed_actions"]), (Code::InvalidTransition, &json!(["claim"])));
    house.step(reviewer(), id, Action::Claim, Input::default()).await.unwrap();
    let wrong = card(json!([{"slug": "golang", "level": 4}, {"slug": "go", "level": 4}, {"slug": "no-such", "level": 1}]));
    let refused = house.vetting.write_scorecard(reviewer(), id, stage, wrong).await.unwrap_err();
    assert_eq!(pointers(&refused), ["/verified_skills/1/slug", "/verified_skills/2/slug"]);
    let first = house.vetting.write_scorecard(reviewer(), id, stage, card(json!([{"slug": "golang", "level": 4}]))).await.unwrap();
    assert_eq!((first.version, &shown(&first)["verified_skills"][0]["slug"]), (Some(1), &json!("go")));
    let stale = Call { expected: Expected(Some(7)), ..reviewer() };
    assert_eq!(house.vetting.write_scorecard(stale, id, stage, card(json!([]))).await.unwrap_err().code, Code::StaleVersion);
    assert_eq!(house.vetting.write_scorecard(reviewer(), id, stage, card(json!([]))).await.unwrap().version, Some(2));

    let seen = |admin: Call| async { json!(house.vetting.show(admin.principal, id).await.unwrap().1) };
    assert_eq!((&seen(approver()).await["scorecards"], &seen(approver()).await["hidden_scorecards"]), (&json!([]), &json!(1)));
    house.vetting.write_scorecard(approver(), id, stage, card(json!([]))).await.unwrap();
    assert_eq!(seen(approver()).await["scorecards"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn everybody_in_their_place() {
    let house = House::new().await;
    let id = house.submitted().await;
    let code = |done: Result<Value>| done.unwrap_err().code;
    assert_eq!(code(house.step(developer(), id, Action::Claim, Input::default()).await), Code::NotAllowed);
    assert_eq!(code(house.step(reviewer(), id, Action::Submit, Input::default()).await), Code::NotAllowed);
    let stranger = || call(OTHER_DEVELOPER, Role::Developer);
    assert_eq!(code(house.step(stranger(), id, Action::Withdraw, Input::default()).await), Code::NotFound);
    assert_eq!(house.vetting.show(stranger().principal, id).await.unwrap_err().code, Code::NotFound);
    assert_eq!(house.vetting.show(call(9, Role::Client).principal, id).await.unwrap_err().code, Code::NotAllowed);
    assert_eq!(house.vetting.apply(call(8, Role::Developer)).await.unwrap_err().code, Code::Conflict);
    let stale = Call { expected: Expected(Some(1)), ..developer() };
    assert_eq!(code(house.step(stale, id, Action::Withdraw, Input::default()).await), Code::StaleVersion);

    let draft = shown(&house.vetting.apply(stranger()).await.unwrap())["id"].as_str().unwrap().parse().unwrap();
    let refused = house.step(stranger(), draft, Action::Submit, Input::default()).await.unwrap_err();
    assert_eq!(pointers(&refused), ["/headline", "/hourly_rate", "/hours_per_week", "/skills", "/skills", "/summary", "/time_zone"]);
    house.step(developer(), id, Action::Withdraw, Input::default()).await.unwrap();
    assert!(house.apply().await.is_ok());
}
