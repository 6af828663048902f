//! What the clock of vetting does on a database, at the very instant at which it is due.

use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use serde_json::json;

use crate::db::schema::timers;
use crate::developers::card::VettedStatus;
use crate::kernel::clock::{Clock as _, Instant};
use crate::vetting::application::Input;
use crate::vetting::process::{Action, ApplicationState};
use crate::vetting::standing::Pass;
use crate::vetting::tests_service::{House, approver, reviewer, verdicts};
use crate::vetting::{store, store_vetted};

const AN_INSTANT: TimeDelta = TimeDelta::microseconds(1);

impl House {
    /// Whether something is due that has not been done.
    async fn is_behind(&self) -> bool {
        let (vetting, developer, now) = (self.vetting.clone(), self.developer, self.clock.now());
        self.db.read(move |conn| vetting.is_behind(conn, developer, now)).await.unwrap()
    }

    /// How many timers ring, and whether somebody is woken by that.
    async fn rings(&self) -> (usize, bool) {
        let _by_what_was_before = self.is_woken();
        (self.vetting.ring_timers(10).await.unwrap(), self.is_woken())
    }

    fn is_woken(&self) -> bool {
        self.vetting.timers.wait().now_or_never().is_some()
    }

    /// The steps that are planned, and when.
    async fn planned(&self) -> Vec<(String, Instant)> {
        let planned = timers::table.order(timers::due_at).select((timers::step, timers::due_at));
        self.db.read(move |conn| Ok(planned.load(conn)?)).await.unwrap()
    }

    /// Where the latest application stands, as it is kept.
    async fn kept(&self) -> ApplicationState {
        let developer = self.developer;
        self.db.read(move |conn| store::of_developer(conn, developer)).await.unwrap()[0].state
    }

    /// The approval, as it is kept.
    async fn pass_as_kept(&self) -> Pass {
        let developer = self.developer;
        self.db.read(move |conn| store_vetted::pass(conn, developer)).await.unwrap().unwrap()
    }

    /// Questions that wait for an answer; until when.
    async fn asked(&self) -> Instant {
        let id = self.submitted().await;
        self.step(reviewer(), id, Action::Claim, Input::default()).await.unwrap();
        let questions = Input { questions: Some("Which ledger?".to_owned()), ..Input::default() };
        self.step(reviewer(), id, Action::Ask, questions).await.unwrap();
        self.clock.now().plus(TimeDelta::days(14))
    }
}

#[tokio::test]
async fn questions_lapse_when_they_are_due_and_not_an_instant_earlier() {
    let house = House::new().await;
    let due = house.asked().await;
    assert_eq!(house.planned().await, [("lapse".to_owned(), due)]);
    house.clock.set(due.minus(AN_INSTANT));
    assert_eq!((house.is_behind().await, house.rings().await), (false, (0, false)));
    house.clock.set(due);
    assert_eq!((house.is_behind().await, house.kept().await), (true, ApplicationState::NeedsInfo));
    assert_eq!(house.rings().await, (1, true), "whoever follows what the clock does looks again");
    assert_eq!((house.is_behind().await, house.kept().await, house.planned().await), (false, ApplicationState::Lapsed, vec![]));
    assert_eq!(house.rings().await, (0, false));
}

#[tokio::test]
async fn whoever_reads_before_the_clock_has_come_finds_it_done_and_has_done_it() {
    let house = House::new().await;
    let due = house.asked().await;
    house.clock.set(due.minus(AN_INSTANT));
    assert_eq!(house.mine().await["state"], "needs_info");
    house.clock.set(due);
    let mine = house.mine().await;
    assert_eq!((&mine["state"], &mine["application"]["changed_at"]), (&json!("lapsed"), &json!(due)));
    assert_eq!((house.kept().await, house.planned().await), (ApplicationState::Lapsed, vec![]));
}

#[tokio::test]
async fn an_approval_ends_in_two_steps_and_the_second_is_planned_with_the_first() {
    let house = House::new().await;
    let id = house.at_decision().await;
    house.step(approver(), id, Action::Approve, verdicts(&["go"])).await.unwrap();
    let pass = house.pass_as_kept().await;
    let (expiring, expired) = (pass.valid_until.minus(TimeDelta::days(30)), pass.valid_until);
    let expire = |at: Instant| ("expire".to_owned(), at);
    let steps = [(expiring, VettedStatus::Expiring, vec![expire(expired)]), (expired, VettedStatus::Expired, vec![])];
    assert_eq!(house.planned().await, [expire(expiring)]);
    for (due, status, planned) in steps {
        let before = house.pass_as_kept().await;
        house.clock.set(due.minus(AN_INSTANT));
        assert_eq!((house.is_behind().await, house.rings().await, house.pass_as_kept().await), (false, (0, false), before.clone()));
        house.clock.set(due);
        assert_eq!((house.is_behind().await, house.rings().await), (true, (1, true)), "nothing is due of the application");
        let after = Pass { status, version: before.version + 1, changed_at: due, ..before };
        assert_eq!((house.is_behind().await, house.pass_as_kept().await, house.planned().await), (false, after, planned));
    }
}
