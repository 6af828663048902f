//! What the rooms behind this one ask of a trial: whose it is, whether it is over, and whom to tell what.

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::principal::Principal;
use crate::kernel::words::Word as _;
use crate::kernel::zone::add_days;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::notifications::summaries::TrialSummary;
use crate::trials::model::{Contract, Dossier, Event, Viewer};
use crate::trials::neighbors::Cast;
use crate::trials::notices::Recipient;
use crate::trials::process::TrialState;
use crate::trials::service::{Trials, viewer};
use crate::trials::terms::Party;
use crate::trials::{clock, mails, store, store_terms};

impl Trials {
    /// As whom the caller acts, and the trial, locked and as of now.
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub fn locked_for(&self, conn: &mut Conn, principal: &Principal, id: TrialId, now: Instant) -> Result<(Viewer, Contract)> {
        let viewer = viewer(conn, principal)?;
        let contract = clock::locked(conn, id, viewer)?;
        Ok((viewer, clock::catch_up(conn, &self.rules, contract, now)?))
    }

    /// For which party the caller acts, and the trial, locked and as of now.
    ///
    /// # Errors
    /// 403 for admins; 404 for another's trial.
    pub fn party_of(&self, conn: &mut Conn, principal: &Principal, id: TrialId, now: Instant) -> Result<(Party, Contract)> {
        let (viewer, contract) = self.locked_for(conn, principal, id, now)?;
        let party = viewer.party().ok_or_else(|| Error::not_allowed("Only the two parties of the trial may do this."))?;
        Ok((party, contract))
    }

    /// Everything that is kept about a trial, and its steps, the first one first.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn dossier(&self, conn: &mut Conn, id: TrialId) -> Result<(Dossier, Vec<Event>)> {
        let trial = store::contract(conn, id, Viewer::Admin)?.trial;
        let dossier = store_terms::dossiers(conn, vec![trial])?.pop().ok_or_else(Error::not_found)?;
        Ok((dossier, store_terms::all_events(conn, id)?))
    }

    /// For which party the caller reads; none for admins.
    ///
    /// # Errors
    /// 403 for a client without an organisation; 404 for a developer without a profile.
    pub fn reader_of(&self, conn: &mut Conn, principal: &Principal) -> Result<Option<Party>> {
        Ok(viewer(conn, principal)?.party())
    }

    /// The trial with the terms that count.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn contract(&self, conn: &mut Conn, id: TrialId) -> Result<Contract> {
        store::contract(conn, id, Viewer::Admin)
    }

    /// Refuses what belongs to the days after the work, before them and after them.
    ///
    /// # Errors
    /// 409.
    pub fn check_afterwards(&self, contract: &Contract, now: Instant) -> Result<()> {
        if contract.trial.state != TrialState::Ended {
            let state = contract.trial.state.as_str();
            return Err(Error::conflict(format!("This is for a trial that has ended; this one is {state}.")));
        }
        let last_day = contract.trial.last_day.unwrap_or_else(|| contract.time_zone().date(contract.trial.changed_at));
        let until = add_days(last_day, self.rules.periods.after_days);
        if contract.time_zone().date(now) <= until {
            return Ok(());
        }
        Err(Error::conflict(format!("The time for this ended with {until}.")))
    }

    /// Plans the reminders of an agreed trial anew: nobody is asked for what is answered by now.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn settle(&self, conn: &mut Conn, contract: &Contract, now: Instant) -> Result<()> {
        let cast = Cast::of(conn, &contract.trial)?;
        mails::remind(conn, &self.rules, &[(contract, &cast, now)], now)
    }

    /// Tells the admins something about a trial, once for each `occasion`.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn tell_admins(
        &self,
        conn: &mut Conn,
        contract: &Contract,
        letter: impl Fn(TrialSummary) -> Letter,
        occasion: String,
        now: Instant,
    ) -> Result<()> {
        self.tell(conn, contract, Recipient::Admins, letter, occasion, now)
    }

    /// Tells `who` something about a trial, once for each `occasion`.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn tell(
        &self,
        conn: &mut Conn,
        contract: &Contract,
        who: Recipient,
        letter: impl Fn(TrialSummary) -> Letter,
        occasion: String,
        now: Instant,
    ) -> Result<()> {
        let cast = Cast::of(conn, &contract.trial)?;
        for person in cast.people(who) {
            let letter = letter(mails::summary(contract, &cast.names, who, &self.rules));
            enqueue(conn, now, &NewMail::now(letter, contract.trial.id, occasion.clone(), person.clone()))?;
        }
        Ok(())
    }
}
