//! What the parties have answered by now, in the tables of the rooms behind this one: of that nobody is reminded.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{check_ins, hand_overs, reviews, timesheets};
use crate::kernel::error::Result;
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
    /// As it stands in the database.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn of(conn: &mut Conn, contract: &Contract) -> Result<Self> {
        let last_week = contract.last_day().map(|day| Week::of(day).to_string()).unwrap_or_default();
        let trial = contract.trial.id;
        let hours = timesheets::table.find((trial, last_week)).filter(timesheets::submitted_at.is_not_null());
        let answers = check_ins::table.filter(check_ins::trial_id.eq(trial));
        let written = reviews::table.filter(reviews::trial_id.eq(trial));
        let finished: Option<bool> = hand_overs::table.find(trial).select(hand_overs::finished).first(conn).optional()?;
        Ok(Self {
            check_ins: answers.select((check_ins::day, check_ins::party)).load(conn)?,
            reviews: written.select(reviews::party).load(conn)?,
            handed_over: finished == Some(true),
            last_hours: diesel::select(diesel::dsl::exists(hours)).get_result(conn)?,
        })
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
