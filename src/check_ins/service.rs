//! Answering and reading check-ins.

use crate::check_ins::domain::{CheckIn, CheckInAnswer, CheckIns};
use crate::check_ins::store;
use crate::db::Conn;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::principal::Principal;
use crate::kernel::words::Word as _;
use crate::kernel::zone::add_days;
use crate::notifications::domain::Letter;
use crate::scheduler::Nudge;
use crate::trials::model::Contract;
use crate::trials::process::TrialState;
use crate::trials::service::Trials;

/// Where work goes on, or rests.
const UNDER_WAY: [TrialState; 3] = [TrialState::Active, TrialState::Paused, TrialState::ConversionOffered];

/// Check-ins.
#[derive(Clone)]
pub struct CheckInRoom {
    db: Db,
    clock: SharedClock,
    trials: Trials,
    days: Vec<i64>,
    mail: Nudge,
}

impl CheckInRoom {
    /// Check-ins of `trials` on `days` after the start. `mail` wakes the mailer.
    pub fn new(db: Db, clock: SharedClock, trials: Trials, days: Vec<i64>, mail: Nudge) -> Self {
        Self { db, clock, trials, days, mail }
    }

    /// Answers a check-in for the caller's party.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's trial and for a day without a check-in; 409 before its day, after the trial, or twice.
    pub async fn answer(&self, call: Call, id: TrialId, day: i64, answer: CheckInAnswer) -> Result<Answer> {
        let (now, this) = (self.clock.now(), self.clone());
        let work = move |conn: &mut Conn| {
            once(conn, call.once.as_ref(), now, |conn| {
                let (party, contract) = this.trials.party_of(conn, &call.principal, id, now)?;
                this.check(&contract, day, now)?;
                let CheckInAnswer { going_well, message } = answer.clone();
                let check_in = CheckIn { day, party, going_well, message, answered_at: now };
                if store::of_trial(conn, id)?.iter().any(|each| (each.day, each.party) == (day, party)) {
                    return Err(Error::conflict("Your side has answered this check-in."));
                }
                store::insert(conn, id, call.principal.user, &check_in)?;
                this.tell(conn, &contract, &check_in, now)?;
                Answer::plain(&check_in)
            })
        };
        let answer = self.db.write(work).await?;
        self.mail.wake();
        Ok(answer)
    }

    fn check(&self, contract: &Contract, day: i64, now: Instant) -> Result<()> {
        if !self.days.contains(&day) {
            return Err(Error::not_found());
        }
        let on = add_days(contract.trial.starts_on, day);
        if contract.time_zone().date(now) < on {
            return Err(Error::conflict(format!("This check-in is on {on}: it cannot be answered before.")));
        }
        if UNDER_WAY.contains(&contract.trial.state) {
            return Ok(());
        }
        Err(Error::conflict("The trial's days are over: check-ins are for a trial that runs."))
    }

    /// A no reaches the admins; whoever has answered is not asked again, and nobody was silent any more.
    fn tell(&self, conn: &mut Conn, contract: &Contract, check_in: &CheckIn, now: Instant) -> Result<()> {
        let CheckIn { day, party, going_well, message, .. } = check_in.clone();
        self.trials.settle(conn, contract, now)?;
        if going_well {
            return Ok(());
        }
        let letter = |trial| Letter::TrialCheckInNo { trial, day, party: party.as_str().to_owned(), message: message.clone() };
        self.trials.tell_admins(conn, contract, letter, format!("check-in {day} {party}"), now)
    }

    /// The answers of a trial that the caller may see: a party its own, admins all.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn list(&self, principal: Principal, id: TrialId) -> Result<CheckIns> {
        self.trials.get(principal.clone(), id).await?;
        let this = self.clone();
        let read = move |conn: &mut Conn| {
            let reader = this.trials.reader_of(conn, &principal)?;
            let mut data = store::of_trial(conn, id)?;
            data.retain(|each| reader.is_none_or(|reader| each.party == reader));
            Ok(CheckIns { data })
        };
        self.db.read(read).await
    }
}
