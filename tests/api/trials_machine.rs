//! Random steps of everybody and of the clock, on a whole house: each must end as the model says (`trials_model`), and what must
//! hold at any time is checked after each.

use actix_web::rt::{System, SystemRunner};
use chrono::{DateTime, TimeDelta};
use diesel::prelude::*;
use guildhall::db::schema::commitments;
use guildhall::kernel::answer::{Answer, Call};
use guildhall::kernel::clock::{Clock as _, Instant};
use guildhall::kernel::error::Code;
use guildhall::kernel::ids::{DeveloperId, SessionId, TrialId};
use guildhall::kernel::money::Money;
use guildhall::kernel::page::PageQuery;
use guildhall::kernel::principal::{Principal, Role};
use guildhall::kernel::week::Week;
use guildhall::kernel::words::Word as _;
use guildhall::scheduler::Progress;
use guildhall::timesheets::domain::Day;
use guildhall::timesheets::process::SheetAction;
use guildhall::timesheets::views::SheetBody;
use guildhall::trials::billing::Split;
use guildhall::trials::model::StepBody;
use guildhall::trials::process::Action;
use proptest::test_runner::Config;
use proptest_state_machine::{StateMachineTest, prop_state_machine};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::person::Person;
use crate::support::seeds::{offer_body, open_job, vetted, with};
use crate::trials_model::{DEVELOPERS, Minutes, Model, Move, START, Stand, TRIALS, Who};

/// What the model counts minutes from.
const DAWN: &str = "2026-11-23T00:00:00Z";

/// Two developers, a client with as many job requests as there may be trials, an admin.
struct House {
    system: SystemRunner,
    app: TestApp,
    client: Principal,
    admin: Principal,
    developers: Vec<(DeveloperId, Principal)>,
    jobs: Vec<String>,
    trials: Vec<TrialId>,
}

async fn principal(person: &Person, role: Role) -> Principal {
    let user = person.get("/v1/me").await.expect(200).text_at("/id").parse().expect("an id");
    let organization = match role {
        Role::Client => Some(person.get("/v1/organization").await.expect(200).text_at("/id").parse().expect("an id")),
        _ => None,
    };
    Principal { user, session: SessionId::from_u128(1), role, organization }
}

fn minutes(text: &str) -> Minutes {
    let instant = |text| DateTime::parse_from_rfc3339(text).expect("an instant");
    (instant(text) - instant(DAWN)).num_minutes()
}

impl House {
    fn start() -> Self {
        let system = System::new();
        let (app, client, admin, developers, jobs) = system.block_on(async {
            let app = TestApp::start().await;
            let (client, admin) = (app.client().await, app.admin().await);
            let (mut developers, mut jobs) = (Vec::new(), Vec::new());
            for _ in 0..DEVELOPERS {
                let (person, id) = vetted(&app, json!({})).await;
                developers.push((id.parse().expect("an id"), principal(&person, Role::Developer).await));
            }
            for _ in 0..TRIALS {
                jobs.push(open_job(&client, json!({})).await);
            }
            let (client, admin) = (principal(&client, Role::Client).await, principal(&admin, Role::Admin).await);
            app.clock.advance(TimeDelta::minutes(START - minutes(&app.clock.now().to_string())));
            (app, client, admin, developers, jobs)
        });
        Self { system, app, client, admin, developers, jobs, trials: Vec::new() }
    }

    fn offer(&mut self, developer: usize, hours: i64, in_days: i64) -> Result<(), Code> {
        let (developer, _) = &self.developers[developer];
        let body = offer_body(&self.jobs[self.trials.len()], &developer.to_string());
        let starts_on = self.app.clock.now().date() + chrono::Days::new(u64::try_from(in_days).expect("ahead"));
        let billing = match self.trials.len() % 3 {
            0 => json!({ "rule": "client_pays_all" }),
            1 => json!({ "rule": "platform_covers_first", "days": 7 }),
            _ => json!({ "rule": "free_if_ended_within", "days": 7 }),
        };
        let terms = with(body["terms"].clone(), json!({ "hours_per_week": hours, "time_zone": "UTC", "billing": billing }));
        let offer = serde_json::from_value(with(body, json!({ "terms": terms, "starts_on": starts_on }))).expect("an offer");
        let offered = self.system.block_on(self.app.house.trials.offer(Call::by(self.client.clone()), offer));
        self.trials.push(id(&offered.map_err(|error| error.code)?));
        Ok(())
    }

    fn step(&self, trial: usize, who: Who, action: &str, number: i64, model: &Model) -> Result<(), Code> {
        let principal = match who {
            Who::Client => &self.client,
            Who::Admin => &self.admin,
            Who::Developer => &self.developers[model.trials[trial].developer].1,
        };
        let terms = match action {
            "counter" | "revise" => json!({ "notice_days": self.show(trial)["terms"]["notice_days"].as_i64().expect("days") + 1 }),
            "amend" | "offer-conversion" => json!({ "hours_per_week": number }),
            _ => json!({}),
        };
        let body = StepBody {
            message: Some("There is a reason.".to_owned()),
            terms: serde_json::from_value(terms).expect("terms"),
            days: (action == "extend").then_some(number),
            ..StepBody::default()
        };
        let action = Action::parse(action).expect("an action");
        let taken = self.system.block_on(self.app.house.trials.step(Call::by(principal.clone()), self.trials[trial], action, body));
        taken.map(drop).map_err(|error| error.code)
    }

    /// Writes today's hours down beside those of the week's other days.
    fn work(&self, trial: usize, quarters: i64, model: &Model) -> Result<(), Code> {
        let (today, principal) = (self.app.clock.now().date(), &self.developers[model.trials[trial].developer].1);
        let (id, week) = (self.trials[trial], Week::of(today));
        let sheet = self.system.block_on(self.app.house.timesheets.get(principal.clone(), id, week)).map_err(|error| error.code)?;
        let mut days: Vec<Day> = sheet.days.into_iter().map(Day::from).filter(|day| day.date != today).collect();
        days.push(Day { date: today, minutes: quarters * 15, note: None });
        let body = SheetBody { days: Some(days), ..SheetBody::default() };
        let call = Call::by(principal.clone());
        let filled = self.system.block_on(self.app.house.timesheets.step(call, id, week, SheetAction::Fill, body));
        filled.map(drop).map_err(|error| error.code)
    }

    /// What the hours written down cost: due, owed by the client, paid by the platform, in cents.
    fn money(&self, trial: usize) -> [i64; 3] {
        let billing = self.system.block_on(self.app.house.timesheets.billing(self.client.clone(), self.trials[trial])).expect("money");
        let sum = |part: fn(&Split) -> Money| billing.weeks.iter().map(|week| part(&week.split).amount).sum();
        [sum(|split| split.developer_due), sum(|split| split.client_owes), sum(|split| split.platform_pays)]
    }

    /// Only the clock of trials: mails have tests of their own.
    fn pass(&self, hours: i64) {
        self.app.clock.advance(TimeDelta::hours(hours));
        self.system.block_on(async {
            let tasks = self.app.house.tasks();
            let clock = tasks.iter().find(|task| task.name() == "trial-clock").expect("the clock of trials");
            while clock.run().await.expect("work that goes well") == Progress::More {}
        });
    }

    fn show(&self, trial: usize) -> Value {
        let view = self.system.block_on(self.app.house.trials.get(self.client.clone(), self.trials[trial]));
        serde_json::to_value(view.expect("a trial")).expect("JSON")
    }

    fn stand(&self, trial: usize) -> Stand {
        let view = self.show(trial);
        let text = |name: &str| view[name].as_str().map(ToOwned::to_owned);
        (
            text("state").expect("a state"),
            text("outcome"),
            minutes(&text("ends_at").expect("an end")),
            view["terms"]["hours_per_week"].as_i64().expect("hours"),
            !view["proposal"].is_null(),
        )
    }

    /// Who signed and what happened never contradict the state; the version counts the events.
    fn check(&self, trial: usize) {
        let view = self.show(trial);
        let page = PageQuery { limit: 100, cursor: None };
        let events =
            self.system.block_on(self.app.house.trials.events(self.client.clone(), self.trials[trial], page)).expect("events").data;
        let state = view["state"].as_str().expect("a state");
        let signed = view["signatures"].as_array().expect("signatures").len();
        let begun = events.iter().any(|event| event.to.as_str() == "scheduled");
        assert_eq!(signed == 2, begun, "both have signed what was agreed, and nothing else: {view}");
        assert!(!["active", "paused", "conversion_offered", "decision_due"].contains(&state) || signed == 2, "{view}");
        assert!(events.is_sorted_by_key(|event| event.at), "time goes on");
        let by_clock = events.iter().filter(|event| event.actor.as_str() == "system" && ["ended", "void"].contains(&event.to.as_str()));
        for event in by_clock {
            assert!(["expire", "grace-over"].contains(&event.action.as_str()), "the clock ended it by {}", event.action);
        }
    }

    /// Nobody is promised for more hours than there are, at any time ahead.
    fn check_hours(&self) {
        let now = self.app.clock.now();
        let rows = self.system.block_on(self.app.read(|conn| {
            let columns = (commitments::developer_id, commitments::hours_per_week, commitments::starts_at, commitments::ends_at);
            commitments::table.select(columns).load::<(DeveloperId, i64, Instant, Instant)>(conn)
        }));
        for (developer, _, from, _) in &rows {
            let at = (*from).max(now);
            let held = rows.iter().filter(|(other, _, from, until)| other == developer && *from <= at && at < *until);
            assert!(held.map(|(_, hours, ..)| hours).sum::<i64>() <= 40, "{developer} at {at}");
        }
    }
}

fn id(answer: &Answer) -> TrialId {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["id"].as_str().expect("an id").parse().expect("an id")
}

struct Trials;

impl StateMachineTest for Trials {
    type SystemUnderTest = House;
    type Reference = Model;

    fn init_test(_: &Model) -> House {
        House::start()
    }

    fn apply(mut house: House, model: &Model, happens: Move) -> House {
        let done = match happens {
            Move::Offer { developer, hours, in_days } => house.offer(developer, hours, in_days),
            Move::Step { trial, who, action, number } => house.step(trial, who, action, number, model),
            Move::Work { trial, quarters } => house.work(trial, quarters, model),
            Move::Clock { hours } => {
                house.pass(hours);
                Ok(())
            }
        };
        assert_eq!(done.is_ok(), model.succeeds, "{happens:?}: {done:?}");
        house
    }

    fn check_invariants(house: &House, model: &Model) {
        for (place, trial) in model.trials.iter().enumerate() {
            assert_eq!(house.stand(place), trial.stand(), "trial {place}");
            assert_eq!(house.money(place), trial.money(), "trial {place}");
            house.check(place);
        }
        house.check_hours();
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 10, max_shrink_iters: 50, failure_persistence: None, ..Config::default() })]

    #[test]
    fn nobody_gets_where_the_rules_do_not_lead(sequential 20..60 => Trials);
}
