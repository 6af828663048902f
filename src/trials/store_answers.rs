//! What the parties have answered by now, in the tables of the rooms behind this one: of that nobody is reminded.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{check_ins, hand_overs, reviews, timesheets};
use crate::db::support::IsOneOf as _;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::week::Week;
use crate::trials::model::Contract;
use crate::trials::notices::Recipient;
use crate::trials::schedule::{Planned, Reminded};
use crate::trials::terms::Party;

/// What is answered of one trial.
#[derive(Debug, Default)]
pub struct Answered {
    check_ins: Vec<(i64, Party)>,
    reviews: Vec<Party>,
    handed_over: bool,
    last_hours: bool,
}

impl Answered {
    /// What is answered of each of these trials, as it stands in the database. Four queries, however many there are.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn of_all(conn: &mut Conn, contracts: &[&Contract]) -> Result<HashMap<TrialId, Self>> {
        let ids: Vec<TrialId> = contracts.iter().map(|contract| contract.trial.id).collect();
        let mut answered: HashMap<TrialId, Self> = ids.iter().map(|id| (*id, Self::default())).collect();
        if ids.is_empty() {
            return Ok(answered);
        }
        let answers = check_ins::table.select((check_ins::trial_id, check_ins::day, check_ins::party));
        for (trial, day, by) in answers.filter(check_ins::trial_id.one_of(&ids)).load::<(TrialId, i64, Party)>(conn)? {
            answered.entry(trial).or_default().check_ins.push((day, by));
        }
        let written = reviews::table.filter(reviews::trial_id.one_of(&ids)).select((reviews::trial_id, reviews::party));
        for (trial, by) in written.load::<(TrialId, Party)>(conn)? {
            answered.entry(trial).or_default().reviews.push(by);
        }
        let finished = hand_overs::table.filter(hand_overs::trial_id.one_of(&ids)).filter(hand_overs::finished.eq(true));
        for trial in finished.select(hand_overs::trial_id).load::<TrialId>(conn)? {
            answered.entry(trial).or_default().handed_over = true;
        }
        let last_week = |contract: &Contract| contract.last_day().map(|day| Week::of(day).to_string());
        let weeks: HashMap<_, _> = contracts.iter().filter_map(|contract| Some((contract.trial.id, last_week(contract)?))).collect();
        let hours = timesheets::table.filter(timesheets::trial_id.one_of(&ids)).filter(timesheets::submitted_at.is_not_null());
        for (trial, week) in hours.select((timesheets::trial_id, timesheets::iso_week)).load::<(TrialId, String)>(conn)? {
            answered.entry(trial).or_default().last_hours |= weeks.get(&trial) == Some(&week);
        }
        Ok(answered)
    }

    /// Whether there is no need to remind `who` of this.
    pub fn covers(&self, planned: &Planned, who: Recipient, first_check_in: Option<i64>) -> bool {
        let party = match who {
            Recipient::Client => Some(Party::Client),
            Recipient::Developer => Some(Party::Developer),
            Recipient::Admins => None,
        };
        match planned.reminded {
            Reminded::CheckIn => self.check_ins.iter().any(|(day, by)| *day == planned.days && Some(*by) == party),
            Reminded::CheckInSilent => self.check_ins.iter().any(|(day, _)| Some(*day) == first_check_in),
            Reminded::ReviewDue => self.reviews.iter().any(|by| Some(*by) == party),
            Reminded::HandOver => self.handed_over,
            Reminded::FinalTimesheet => self.last_hours,
            _ => false,
        }
    }
}
