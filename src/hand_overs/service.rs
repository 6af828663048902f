//! Keeping the list of a hand-over.

use crate::db::Conn;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::hand_overs::domain::{HandOver, HandOverList};
use crate::hand_overs::store;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::SharedClock;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::principal::Principal;
use crate::trials::service::Trials;

/// Hand-overs.
#[derive(Clone)]
pub struct HandOvers {
    db: Db,
    clock: SharedClock,
    trials: Trials,
}

impl HandOvers {
    /// Hand-overs of `trials`.
    pub fn new(db: Db, clock: SharedClock, trials: Trials) -> Self {
        Self { db, clock, trials }
    }

    /// The list of one's own trial.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn get(&self, principal: Principal, id: TrialId) -> Result<HandOver> {
        self.trials.get(principal, id).await?;
        self.db.read(move |conn| store::find(conn, id)).await
    }

    /// Keeps another list. Nobody is reminded while all of it is done.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's trial; 409 before the end, and too long after it; 412.
    pub async fn put(&self, call: Call, id: TrialId, list: HandOverList) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let (_, contract) = this.trials.party_of(conn, &call.principal, id, now)?;
                this.trials.check_afterwards(&contract, now)?;
                let before = store::find(conn, id)?;
                call.expected.check(before.version)?;
                let next = before.with(list.items.clone());
                store::put(conn, id, &next, call.principal.user, now)?;
                this.trials.settle(conn, &contract, now)?;
                Answer::versioned(next.version, &next)
            })
        };
        self.db.write(work).await
    }
}
