//! What must hold besides state and actor before a trial takes a step.

use chrono::{NaiveDate, TimeDelta};

use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::zone::add_days;
use crate::trials::calendar::{Periods, is_start_not_past};
use crate::trials::model::{Contract, Viewer};
use crate::trials::process::{Action, Outcome, Row};
use crate::trials::terms::Party;
use crate::words;

words! {
    /// A condition of a step. Those that look at other rows are checked inside the transaction.
    pub enum Guard {
        /// The job request is open.
        JobRequestOpen => "job_request_open",
        /// Neither side has blocked the other.
        NotBlocked => "not_blocked",
        /// The developer is vetted, and the pass has not ended.
        Vetted => "vetted",
        /// `starts_on` lies between today and a year ahead.
        StartInReach => "start_in_reach",
        /// The developer has the asked hours free over the whole trial.
        HoursFree => "hours_free",
        /// The job request has a seat left.
        SeatFree => "seat_free",
        /// The offer can still be answered.
        OfferStands => "offer_stands",
        /// Nothing that happened elsewhere has made the offer impossible.
        AcceptPossible => "accept_possible",
        /// `starts_on` has not passed.
        StartNotPast => "start_not_past",
        /// A reason, as a code or in words.
        Reason => "reason",
        /// A reason in words.
        WrittenReason => "written_reason",
        /// No proposal waits for an answer.
        NoOpenProposal => "no_open_proposal",
        /// A proposal of the other party waits for an answer.
        ProposalOfTheOther => "proposal_of_the_other",
        /// The open proposal is to end the trial.
        ToEnd => "to_end",
        /// The open proposal is to change the terms.
        ToAmend => "to_amend",
        /// The open proposal is to add days.
        ToExtend => "to_extend",
        /// The pauses so far leave a day.
        PauseLeft => "pause_left",
        /// The same side has paused the trial.
        PausedBySelf => "paused_by_self",
        /// No days were added yet.
        NotExtended => "not_extended",
        /// The trial's days are not over yet.
        EndAhead => "end_ahead",
        /// The trial's days are over.
        EndPassed => "end_passed",
        /// The trial did not become a lasting engagement.
        NotConverted => "not_converted",
        /// The job request has had fewer replacements than it may.
        ReplacementLeft => "replacement_left",
        /// The trial was terminated for cause.
        Terminated => "terminated",
        /// The time to appeal has not run out.
        InTimeToAppeal => "in_time_to_appeal",
        /// Nobody has appealed yet.
        NotAppealed => "not_appealed",
        /// An appeal waits for an answer.
        AppealOpen => "appeal_open",
        /// Another admin has terminated the trial.
        NotInvolved => "not_involved",
        /// The step's moment has come; an outdated timer changes nothing.
        Due => "due",
    }
}

/// The same words whether the developer is blocked, not vetted or not there, so that they tell nothing.
const UNAVAILABLE: &str = "No trial can be agreed with this developer at present.";

/// What the guards look at. A fact that nobody filled in refuses, except that nothing blocks and no proposal is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The job request is open.
    pub job_request_open: bool,
    /// Neither side has blocked the other.
    pub not_blocked: bool,
    /// The developer is vetted now.
    pub vetted: bool,
    /// `starts_on` as asked lies between today and a year ahead.
    pub start_in_reach: bool,
    /// The developer has the asked hours free.
    pub hours_free: bool,
    /// The job request has a seat left.
    pub seat_free: bool,
    /// The time to answer has not run out.
    pub offer_stands: bool,
    /// Why the offer has become impossible, in a sentence.
    pub accept_blocked: Option<String>,
    /// `starts_on` is today or later, in the contract's zone.
    pub start_not_past: bool,
    /// A reason code was given.
    pub reason_code: bool,
    /// A text that is not blank was given.
    pub message: bool,
    /// The party for whom the request is made.
    pub party: Option<Party>,
    /// Whose proposal waits for an answer.
    pub open_proposal_by: Option<Party>,
    /// What is proposed: the action that did.
    pub proposed: Option<Action>,
    /// There is a day left to pause.
    pub pause_left: bool,
    /// Who acts is of the side that has paused it.
    pub paused_by_self: bool,
    /// Days were added before.
    pub extended: bool,
    /// The trial's days are over.
    pub end_passed: bool,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// A replacement is left.
    pub replacement_left: bool,
    /// The time to appeal has not run out.
    pub in_time_to_appeal: bool,
    /// Somebody has appealed, whether it was answered or not.
    pub appealed: bool,
    /// An appeal waits for an answer.
    pub appeal_open: bool,
    /// Who acts has not terminated the trial.
    pub not_involved: bool,
    /// The step's due time is not in the future.
    pub due: bool,
}

impl Guard {
    /// Whether it can be told from the trial alone, and so decides about `allowed_actions`.
    pub fn is_standing(self) -> bool {
        use Guard as Is;
        matches!(
            self,
            Is::OfferStands | Is::AcceptPossible | Is::StartNotPast | Is::NoOpenProposal | Is::ProposalOfTheOther | Is::ToEnd | Is::ToAmend
        ) || matches!(self, Is::ToExtend | Is::PauseLeft | Is::PausedBySelf | Is::NotExtended | Is::EndAhead | Is::EndPassed)
            || matches!(self, Is::NotConverted | Is::Terminated | Is::InTimeToAppeal | Is::NotAppealed | Is::AppealOpen)
    }

    /// Holds the facts to this guard.
    ///
    /// # Errors
    /// 422 for what the request says, 409 for what stands in the way elsewhere.
    pub fn check(self, facts: &Facts) -> Result<()> {
        let conflict = |fine: bool, sentence: &str| if fine { Ok(()) } else { Err(Error::conflict(sentence)) };
        match self {
            Self::JobRequestOpen => conflict(facts.job_request_open, "The job request is not open: open it, then offer the trial."),
            Self::NotBlocked => conflict(facts.not_blocked, UNAVAILABLE),
            Self::Vetted => conflict(facts.vetted, UNAVAILABLE),
            Self::StartInReach => given(facts.start_in_reach, "/starts_on", "must be a date from today to a year ahead"),
            Self::HoursFree => conflict(facts.hours_free, "The developer does not have these hours free over the dates of the trial."),
            Self::SeatFree => conflict(facts.seat_free, "All seats of the job request are taken."),
            Self::OfferStands => conflict(facts.offer_stands, "The time to answer this offer has run out."),
            Self::AcceptPossible => facts.accept_blocked.as_ref().map_or(Ok(()), |why| Err(Error::conflict(why))),
            Self::StartNotPast => conflict(facts.start_not_past, "The start date has passed: agree on another one first."),
            Self::Reason => reason(facts),
            Self::WrittenReason => given(facts.message, "/message", "must give the reason in words"),
            Self::NoOpenProposal => {
                conflict(facts.open_proposal_by.is_none(), "A proposal waits for an answer: agree to it or refuse it first.")
            }
            Self::ProposalOfTheOther => proposal_of_the_other(facts),
            Self::ToEnd => proposed(facts, Action::EndTogether),
            Self::ToAmend => proposed(facts, Action::Amend),
            Self::ToExtend => proposed(facts, Action::Extend),
            Self::PauseLeft => conflict(facts.pause_left, "The days that a trial may be paused are used up."),
            Self::PausedBySelf => conflict(facts.paused_by_self, "Whoever has paused the trial resumes it, or an admin does."),
            Self::NotExtended => conflict(!facts.extended, "The trial has been extended before: once is the most."),
            Self::EndAhead => conflict(!facts.end_passed, "The trial's days are over."),
            Self::EndPassed => conflict(facts.end_passed, "The trial's days are not over yet."),
            Self::NotConverted => conflict(facts.outcome != Some(Outcome::Converted), "The trial became a lasting engagement."),
            Self::ReplacementLeft => conflict(facts.replacement_left, "The job request has had as many replacements as it may."),
            Self::Terminated => conflict(facts.outcome == Some(Outcome::TerminatedForCause), "Only a termination can be appealed."),
            Self::InTimeToAppeal => conflict(facts.in_time_to_appeal, "The time to appeal has run out."),
            Self::NotAppealed => conflict(!facts.appealed, "An appeal was made before: once is the most."),
            Self::AppealOpen => conflict(facts.appeal_open, "No appeal waits for an answer."),
            Self::NotInvolved => conflict(facts.not_involved, "An admin who was not involved in the termination answers the appeal."),
            Self::Due => conflict(facts.due, "The moment for this step has not come."),
        }
    }
}

/// Holds the facts to every guard of `row`, in the row's order.
///
/// # Errors
/// The first guard's that does not hold.
pub fn check(row: &Row, facts: &Facts) -> Result<()> {
    row.guards.iter().try_for_each(|guard| guard.check(facts))
}

/// Whether the guards hold that can be told from the trial alone.
pub fn is_open(row: &Row, facts: &Facts) -> bool {
    row.guards.iter().all(|guard| !guard.is_standing() || guard.check(facts).is_ok())
}

/// The last day of work when one party ends the trial: as asked, or the earliest that the notice allows. Nobody is held
/// longer than the grace time would have held them, so `latest` is the local date of `grace_until`.
///
/// # Errors
/// 422 at `/last_day`.
pub fn last_day(asked: Option<NaiveDate>, today: NaiveDate, notice_days: i64, latest: NaiveDate) -> Result<NaiveDate> {
    let earliest = add_days(today, notice_days);
    let latest = latest.max(earliest);
    let day = asked.unwrap_or(earliest);
    if day < earliest {
        return Err(Error::fault("/last_day", format!("must leave the notice of {notice_days} days: {earliest} or later")));
    }
    if day > latest {
        return Err(Error::fault("/last_day", format!("must not lie after {latest}")));
    }
    Ok(day)
}

fn given(fine: bool, pointer: &str, detail: &str) -> Result<()> {
    if fine { Ok(()) } else { Err(Error::fault(pointer, detail)) }
}

fn reason(facts: &Facts) -> Result<()> {
    let mut faults = Faults::default();
    faults.check(facts.reason_code || facts.message, "/reason_code", "must name the reason, or give it in words in message");
    faults.finish()
}

fn proposal_of_the_other(facts: &Facts) -> Result<()> {
    match (facts.open_proposal_by, facts.party) {
        (Some(proposer), Some(party)) if proposer != party => Ok(()),
        (Some(_), _) => Err(Error::conflict("The proposal is your own: the other party answers it.")),
        (None, _) => Err(Error::conflict("No proposal waits for your answer.")),
    }
}

fn proposed(facts: &Facts, action: Action) -> Result<()> {
    if facts.proposed == Some(action) { Ok(()) } else { Err(Error::conflict("Something else is proposed: read the trial again.")) }
}

/// What can be told from the trial alone.
pub fn standing_facts(contract: &Contract, viewer: Viewer, periods: &Periods, now: Instant) -> Facts {
    let trial = &contract.trial;
    Facts {
        proposed: contract.proposal.as_ref().map(|proposal| proposal.action),
        appealed: contract.appealed,
        appeal_open: contract.proposal.as_ref().is_some_and(|proposal| proposal.action == Action::Appeal),
        pause_left: trial.paused_days < periods.pause_days,
        paused_by_self: trial.paused_by == Some(viewer.actor()),
        extended: trial.extension_days > 0,
        end_passed: trial.ends_at <= now,
        outcome: trial.outcome,
        in_time_to_appeal: now < trial.changed_at.plus(TimeDelta::days(periods.appeal_days)),
        offer_stands: now < trial.offer_expires_at,
        accept_blocked: trial.accept_blocked.clone(),
        start_not_past: is_start_not_past(trial.starts_on, contract.terms.time_zone, now),
        party: viewer.party(),
        open_proposal_by: contract.proposal.as_ref().map(|proposal| proposal.party),
        ..Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::Code;
    use crate::kernel::process::Actor;
    use crate::kernel::words::Word;
    use crate::trials::model::{Proposal, ProposalContent};
    use crate::trials::samples::contract;
    use crate::trials::tests_stage::at;

    fn good() -> Facts {
        Facts {
            job_request_open: true,
            not_blocked: true,
            vetted: true,
            start_in_reach: true,
            hours_free: true,
            seat_free: true,
            offer_stands: true,
            accept_blocked: None,
            start_not_past: true,
            reason_code: true,
            message: true,
            party: Some(Party::Client),
            open_proposal_by: Some(Party::Developer),
            proposed: Some(Action::EndTogether),
            pause_left: true,
            paused_by_self: true,
            extended: false,
            end_passed: true,
            outcome: Some(Outcome::TerminatedForCause),
            replacement_left: true,
            in_time_to_appeal: true,
            appealed: false,
            appeal_open: true,
            not_involved: true,
            due: true,
        }
    }

    #[test]
    fn what_nobody_filled_in_refuses_and_good_facts_pass() {
        // Facts that are of another kind of step, and guards that hold while nobody has done something.
        let other = [Guard::ToAmend, Guard::ToExtend, Guard::EndAhead, Guard::NoOpenProposal];
        let unless = [Guard::AcceptPossible, Guard::NotExtended, Guard::EndAhead, Guard::NotConverted, Guard::NotAppealed];
        for guard in Guard::ALL.iter().filter(|guard| !other.contains(guard)) {
            assert!(guard.check(&good()).is_ok(), "{guard}");
            assert_eq!(guard.check(&Facts::default()).is_err(), !unless.contains(guard), "{guard}");
        }
        assert!(Guard::NoOpenProposal.check(&Facts::default()).is_ok());
        assert_eq!(Guard::NoOpenProposal.check(&good()).unwrap_err().code, Code::Conflict);
    }

    #[test]
    fn only_the_other_party_answers() {
        let own = Facts { open_proposal_by: Some(Party::Client), ..good() };
        assert!(Guard::ProposalOfTheOther.check(&own).unwrap_err().detail.contains("your own"));
        let none = Facts { open_proposal_by: None, ..good() };
        assert!(Guard::ProposalOfTheOther.check(&none).unwrap_err().detail.contains("No proposal"));
    }

    #[test]
    fn a_blocked_accept_says_why() {
        let blocked = Facts { accept_blocked: Some("All seats are taken.".to_owned()), ..good() };
        assert_eq!(Guard::AcceptPossible.check(&blocked).unwrap_err().detail, "All seats are taken.");
    }

    #[test]
    fn the_last_day_leaves_the_notice() {
        let date = |day: &str| format!("2026-12-{day}").parse::<NaiveDate>().unwrap();
        let ask = |asked: Option<&str>| last_day(asked.map(date), date("10"), 3, date("20"));
        assert_eq!(ask(None).unwrap(), date("13"));
        assert_eq!(ask(Some("13")).unwrap(), date("13"));
        assert_eq!(ask(Some("20")).unwrap(), date("20"));
        assert_eq!(ask(Some("12")).unwrap_err().faults[0].detail, "must leave the notice of 3 days: 2026-12-13 or later");
        assert_eq!(ask(Some("21")).unwrap_err().faults[0].pointer, "/last_day");
        // A notice that reaches past the grace time still counts.
        assert_eq!(last_day(None, date("19"), 7, date("20")).unwrap(), date("26"));
    }

    #[test]
    fn a_trial_tells_everything_that_it_knows() {
        let mut contract = contract();
        let (party, content, proposed_at) = (Party::Client, ProposalContent::default(), at("2026-12-10T10:00:00Z"));
        contract.proposal = Some(Proposal { action: Action::Appeal, party, content, proposed_at });
        contract.appealed = true;
        contract.trial.outcome = Some(Outcome::TerminatedForCause);
        contract.trial.accept_blocked = Some("All seats are taken.".to_owned());
        (contract.trial.paused_days, contract.trial.paused_by, contract.trial.extension_days) = (13, Some(Actor::Developer), 1);
        let viewer = Viewer::Developer(contract.trial.developer_id);
        let told = Facts {
            accept_blocked: contract.trial.accept_blocked.clone(),
            party: Some(Party::Developer),
            open_proposal_by: Some(Party::Client),
            proposed: Some(Action::Appeal),
            pause_left: true,
            paused_by_self: true,
            extended: true,
            outcome: contract.trial.outcome,
            in_time_to_appeal: true,
            appealed: true,
            appeal_open: true,
            ..Facts::default()
        };
        assert_eq!(standing_facts(&contract, viewer, &Periods::default(), at("2026-12-20T10:00:00Z")), told);
    }

    #[test]
    fn what_a_trial_tells_changes_at_the_very_instant() {
        let (contract, periods) = (contract(), Periods::default());
        type Holds = fn(&Facts) -> bool;
        let facts = |now| standing_facts(&contract, Viewer::Admin, &periods, now);
        let pairs: [(&str, Holds); 4] = [
            ("2026-11-28T10:00:00Z", |facts| facts.offer_stands),
            ("2026-12-02T00:00:00Z", |facts| facts.start_not_past),
            ("2026-12-31T00:00:00Z", |facts| !facts.end_passed),
            ("2026-12-31T00:00:00Z", |facts| facts.in_time_to_appeal),
        ];
        for (until, holds) in pairs {
            let (before, then) = (facts(at(until).plus(TimeDelta::microseconds(-1))), facts(at(until)));
            assert!(holds(&before) && !holds(&then), "{until}: {before:?}, {then:?}");
        }
        let mut used_up = contract.clone();
        used_up.trial.paused_days = periods.pause_days;
        assert!(!standing_facts(&used_up, Viewer::Admin, &periods, contract.trial.starts_at).pause_left);
    }
}
