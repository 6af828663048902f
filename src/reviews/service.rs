//! Writing and reading reviews.

use chrono::TimeDelta;

use crate::db::once::once;
use crate::db::pool::Db;
use crate::db::{Conn, timers};
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::principal::Principal;
use crate::reviews::domain::{NewReview, Review, ReviewView, ReviewsView, seen_by};
use crate::reviews::store;
use crate::scheduler::Nudge;
use crate::trials::model::Contract;
use crate::trials::service::Trials;

/// The room of our timers, and their one step.
const ROOM: &str = "reviews";
const REVEAL: &str = "reveal";

/// Reviews.
#[derive(Clone)]
pub struct Reviews {
    db: Db,
    clock: SharedClock,
    trials: Trials,
    blind_days: i64,
    /// Wakes whoever lets time pass for reviews.
    pub timers: Nudge,
    changed: Nudge,
}

impl Reviews {
    /// Reviews of `trials`, hidden from the other party for `blind_days` after the end at the most. `changed` wakes whoever
    /// follows track records.
    pub fn new(db: Db, clock: SharedClock, trials: Trials, blind_days: i64, changed: Nudge) -> Self {
        Self { db, clock, trials, blind_days, timers: Nudge::default(), changed }
    }

    /// Writes the review of the caller's party.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's trial; 409 before the end, too long after it, or for the second time.
    pub async fn write(&self, call: Call, id: TrialId, new: NewReview) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let (party, contract) = this.trials.party_of(conn, &call.principal, id, now)?;
                this.trials.check_afterwards(&contract, now)?;
                let NewReview { rating, message } = new.clone();
                let (developer_id, written_by) = (contract.trial.developer_id, call.principal.user);
                let review = Review { trial_id: id, party, developer_id, rating, message, written_by, written_at: now, visible_at: None };
                let others = store::of_trial(conn, id)?;
                if others.iter().any(|other| other.party == party) {
                    return Err(Error::conflict("Your side has written its review: it stands as it is."));
                }
                store::insert(conn, &review)?;
                this.trials.settle(conn, &contract, now)?;
                this.plan(conn, &contract, !others.is_empty(), now)?;
                let written = store::of_trial(conn, id)?.into_iter().find(|each| each.party == party);
                Answer::plain(&ReviewView::from(written.unwrap_or(review)))
            })
        };
        let answer = self.db.write(work).await?;
        self.timers.wake();
        self.changed.wake();
        Ok(answer)
    }

    /// Both are in: they are seen at once. One is: when the days are over.
    fn plan(&self, conn: &mut Conn, contract: &Contract, both: bool, now: Instant) -> Result<()> {
        let id = contract.trial.id;
        let due = contract.trial.changed_at.plus(TimeDelta::days(self.blind_days));
        if both || due <= now {
            return store::reveal(conn, id, now, now);
        }
        timers::plan(conn, ROOM, &timer_of(id), [(REVEAL, due)])
    }

    /// Shows the reviews whose days are over; says how many trials had some.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn ring_timers(&self, limit: i64) -> Result<usize> {
        let now = self.clock.now();
        let ring = move |conn: &mut Conn, due: &timers::Due| {
            let id: TrialId = due.subject.trim_start_matches("reviews:").parse().map_err(|_| Error::internal("a timer of no trial"))?;
            if timers::take(conn, due)? { store::reveal(conn, id, due.due_at, now) } else { Ok(()) }
        };
        let rung = timers::ring_due(&self.db, ROOM, now, limit, ring).await?;
        if rung > 0 {
            self.changed.wake();
        }
        Ok(rung)
    }

    /// The reviews of a trial that the caller may see.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn list(&self, principal: Principal, id: TrialId) -> Result<ReviewsView> {
        self.trials.get(principal.clone(), id).await?;
        let (this, now) = (self.clone(), self.clock.now());
        let read = move |conn: &mut Conn| {
            let reader = this.trials.reader_of(conn, &principal)?;
            let mut reviews = store::of_trial(conn, id)?;
            // The clock may not have come to it yet.
            let until = this.trials.contract(conn, id)?.trial.changed_at.plus(TimeDelta::days(this.blind_days));
            if until <= now {
                reviews.iter_mut().for_each(|review| review.visible_at = review.visible_at.or(Some(until)));
            }
            Ok(seen_by(reader, reviews))
        };
        self.db.read(read).await
    }
}

fn timer_of(id: TrialId) -> String {
    format!("reviews:{id}")
}
