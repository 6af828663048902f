//! The trial's lifecycle: states, outcomes, and the one table from which everything about them is made.

use crate::kernel::error::{Error, Result};
use crate::kernel::process::{Actor, Step, Table, To, allowed, allowed_if};
use crate::trials::guards;
use crate::trials::guards::{Facts, Guard};
use crate::trials::notices::{Notice, Told, Whom, others};
use crate::words;

use TrialState as State;

words! {
    /// Where a trial stands.
    pub enum TrialState {
        /// The client has offered; the developer answers.
        Offered => "offered",
        /// The developer has asked for other terms; the client answers.
        Countered => "countered",
        /// Both have signed.
        Scheduled => "scheduled",
        /// Running.
        Active => "active",
        /// Running, but nobody works.
        Paused => "paused",
        /// The client has offered to go on for good.
        ConversionOffered => "conversion_offered",
        /// The trial's days are over and somebody must decide.
        DecisionDue => "decision_due",
        /// Over, after it had begun or was agreed.
        Ended => "ended",
        /// Over before it began.
        Void => "void",
    }
}

words! {
    /// How a trial came to its end.
    pub enum Outcome {
        /// It became a lasting engagement.
        Converted => "converted",
        /// The client ended it.
        EndedByClient => "ended_by_client",
        /// The developer ended it.
        EndedByDeveloper => "ended_by_developer",
        /// Both agreed to end it.
        EndedMutually => "ended_mutually",
        /// Nobody decided in time.
        NoDecision => "no_decision",
        /// An admin ended it for cause.
        TerminatedForCause => "terminated_for_cause",
        /// The other party did not want the offer.
        Declined => "declined",
        /// The sender took the offer back.
        Withdrawn => "withdrawn",
        /// Nobody answered the offer in time.
        OfferExpired => "offer_expired",
        /// Called off after both had signed.
        CancelledBeforeStart => "cancelled_before_start",
    }
}

words! {
    /// What can be done with a trial; the last word of the URL, and the word in the events and in `allowed_actions`.
    pub enum Action {
        /// Offer a trial.
        Offer => "offer",
        /// Answer an offer with other terms.
        Counter => "counter",
        /// Answer a counter-offer with other terms.
        Revise => "revise",
        /// Sign.
        Accept => "accept",
        /// Say no.
        Decline => "decline",
        /// Take one's own offer back.
        Withdraw => "withdraw",
        /// The clock closes an unanswered offer.
        Expire => "expire",
        /// Call it off before the start.
        Cancel => "cancel",
        /// The clock begins the trial.
        Start => "start",
        /// Let it rest.
        Pause => "pause",
        /// Go on after a pause.
        Resume => "resume",
        /// Propose other terms for a trial that runs.
        Amend => "amend",
        /// Propose more days.
        Extend => "extend",
        /// Offer to go on for good.
        OfferConversion => "offer-conversion",
        /// Go on for good.
        AcceptConversion => "accept-conversion",
        /// Rather not go on for good.
        DeclineConversion => "decline-conversion",
        /// The clock closes an unanswered offer to go on for good.
        LapseConversion => "lapse-conversion",
        /// End it.
        End => "end",
        /// Propose to end it together.
        EndTogether => "end-together",
        /// Agree to the other's proposal.
        Agree => "agree",
        /// Refuse the other's proposal.
        Refuse => "refuse",
        /// The clock closes an unanswered proposal.
        LapseProposal => "lapse-proposal",
        /// End it for cause.
        Terminate => "terminate",
        /// The clock says that the trial's days are over.
        TrialOver => "trial-over",
        /// The clock says that the time to decide is over.
        GraceOver => "grace-over",
        /// Offer a trial to somebody else instead.
        Replace => "replace",
        /// Contest a termination.
        Appeal => "appeal",
        /// Answer an appeal.
        DecideAppeal => "decide-appeal",
    }
}

/// A row of the table.
pub type Row = Step<TrialState, Action, Guard, Notice, Outcome>;

const CLIENT: &[Actor] = &[Actor::Client];
const DEVELOPER: &[Actor] = &[Actor::Developer];
const PARTIES: &[Actor] = &[Actor::Client, Actor::Developer];
const ADMIN: &[Actor] = &[Actor::Admin];
const SYSTEM: &[Actor] = &[Actor::System];

const OFFERED: &[State] = &[State::Offered];
const COUNTERED: &[State] = &[State::Countered];
const SCHEDULED: &[State] = &[State::Scheduled];
const ACTIVE: &[State] = &[State::Active];
const PAUSED: &[State] = &[State::Paused];
const CONVERSION: &[State] = &[State::ConversionOffered];
/// Where the parties may change the terms, or decide.
const OPEN: &[State] = &[State::Active, State::DecisionDue];
/// Begun and not ended.
const RUNNING: &[State] = &[State::Active, State::Paused, State::ConversionOffered, State::DecisionDue];
const OVER: &[State] = &[State::Ended, State::Void];
const TERMINATED: &[State] = &[State::Ended];
/// Both have signed, and the trial has not ended: it holds hours and a seat.
pub const AGREED: &[State] = &[State::Scheduled, State::Active, State::Paused, State::ConversionOffered, State::DecisionDue];

const ENDED: To<State> = To::State(State::Ended);
const VOID: To<State> = To::State(State::Void);

/// Signing: the other party hears of it, the one who signs gets the key dates.
const SIGNED: &[Notice] = &[others(Told::Accepted), Notice { told: Told::Scheduled, to: Whom::Actor }];
/// Going on for good: the other party hears of it, the one who agrees gets the terms.
const CONVERTED: &[Notice] = &[others(Told::Converted), Notice { told: Told::Converted, to: Whom::Actor }];
const ACCEPTABLE: &[Guard] =
    &[Guard::OfferStands, Guard::AcceptPossible, Guard::StartNotPast, Guard::Vetted, Guard::HoursFree, Guard::SeatFree];

/// Offers a trial; comes from no state.
pub const CREATION: Row = Row::new(Action::Offer, &[], CLIENT, To::State(State::Offered))
    .guarded(&[Guard::JobRequestOpen, Guard::NotBlocked, Guard::Vetted, Guard::StartInReach, Guard::HoursFree])
    .telling(&[others(Told::Offer)]);

/// The lifecycle: every step that exists.
pub const STEPS: Table<TrialState, Action, Guard, Notice, Outcome> = &[
    CREATION,
    Row::new(Action::Counter, OFFERED, DEVELOPER, To::State(State::Countered))
        .guarded(&[Guard::OfferStands, Guard::StartInReach])
        .telling(&[others(Told::Countered)]),
    Row::new(Action::Revise, COUNTERED, CLIENT, To::State(State::Offered))
        .guarded(&[Guard::OfferStands, Guard::StartInReach])
        .telling(&[others(Told::Revised)]),
    Row::new(Action::Accept, OFFERED, DEVELOPER, To::State(State::Scheduled)).guarded(ACCEPTABLE).telling(SIGNED),
    Row::new(Action::Accept, COUNTERED, CLIENT, To::State(State::Scheduled)).guarded(ACCEPTABLE).telling(SIGNED),
    Row::new(Action::Decline, OFFERED, DEVELOPER, VOID).ending(Outcome::Declined).telling(&[others(Told::Declined)]),
    Row::new(Action::Decline, COUNTERED, CLIENT, VOID).ending(Outcome::Declined).telling(&[others(Told::Declined)]),
    Row::new(Action::Withdraw, OFFERED, CLIENT, VOID).ending(Outcome::Withdrawn).telling(&[others(Told::Withdrawn)]),
    Row::new(Action::Withdraw, COUNTERED, DEVELOPER, VOID).ending(Outcome::Withdrawn).telling(&[others(Told::Withdrawn)]),
    Row::new(Action::Expire, &[State::Offered, State::Countered], SYSTEM, VOID)
        .ending(Outcome::OfferExpired)
        .guarded(&[Guard::Due])
        .telling(&[others(Told::Expired)]),
    Row::new(Action::Cancel, SCHEDULED, PARTIES, VOID)
        .ending(Outcome::CancelledBeforeStart)
        .guarded(&[Guard::Reason])
        .telling(&[others(Told::Cancelled)]),
    Row::new(Action::Cancel, SCHEDULED, ADMIN, VOID)
        .ending(Outcome::CancelledBeforeStart)
        .guarded(&[Guard::WrittenReason])
        .telling(&[others(Told::Cancelled)]),
    Row::new(Action::Start, SCHEDULED, SYSTEM, To::State(State::Active)).guarded(&[Guard::Due]).telling(&[others(Told::Started)]),
    Row::new(Action::Pause, ACTIVE, PARTIES, To::State(State::Paused))
        .guarded(&[Guard::Reason, Guard::PauseLeft])
        .telling(&[others(Told::Paused)]),
    Row::new(Action::Pause, ACTIVE, ADMIN, To::State(State::Paused))
        .guarded(&[Guard::WrittenReason, Guard::PauseLeft])
        .telling(&[others(Told::Paused)]),
    Row::new(Action::Resume, PAUSED, PARTIES, To::State(State::Active))
        .guarded(&[Guard::PausedBySelf])
        .telling(&[others(Told::Resumed)]),
    Row::new(Action::Resume, PAUSED, ADMIN, To::State(State::Active)).guarded(&[Guard::WrittenReason]).telling(&[others(Told::Resumed)]),
    Row::new(Action::Resume, PAUSED, SYSTEM, To::State(State::Active)).guarded(&[Guard::Due]).telling(&[others(Told::Resumed)]),
    Row::new(Action::Amend, OPEN, PARTIES, To::Same).guarded(&[Guard::NoOpenProposal]).telling(&[others(Told::AmendProposed)]),
    Row::new(Action::Extend, OPEN, PARTIES, To::Same)
        .guarded(&[Guard::NoOpenProposal, Guard::NotExtended])
        .telling(&[others(Told::ExtendProposed)]),
    Row::new(Action::OfferConversion, OPEN, CLIENT, To::State(State::ConversionOffered)).telling(&[others(Told::ConversionOffered)]),
    Row::new(Action::AcceptConversion, CONVERSION, DEVELOPER, ENDED).ending(Outcome::Converted).telling(CONVERTED),
    Row::new(Action::DeclineConversion, CONVERSION, DEVELOPER, To::State(State::Active))
        .guarded(&[Guard::EndAhead])
        .telling(&[others(Told::ConversionDeclined)]),
    Row::new(Action::DeclineConversion, CONVERSION, DEVELOPER, To::State(State::DecisionDue))
        .guarded(&[Guard::EndPassed])
        .telling(&[others(Told::ConversionDeclined)]),
    Row::new(Action::LapseConversion, CONVERSION, SYSTEM, To::State(State::Active))
        .guarded(&[Guard::EndAhead, Guard::Due])
        .telling(&[others(Told::ConversionLapsed)]),
    Row::new(Action::LapseConversion, CONVERSION, SYSTEM, To::State(State::DecisionDue))
        .guarded(&[Guard::EndPassed, Guard::Due])
        .telling(&[others(Told::ConversionLapsed)]),
    Row::new(Action::End, RUNNING, CLIENT, ENDED).ending(Outcome::EndedByClient).guarded(&[Guard::Reason]).telling(&[others(Told::Ended)]),
    Row::new(Action::End, RUNNING, DEVELOPER, ENDED)
        .ending(Outcome::EndedByDeveloper)
        .guarded(&[Guard::Reason])
        .telling(&[others(Told::Ended)]),
    Row::new(Action::EndTogether, RUNNING, PARTIES, To::Same).guarded(&[Guard::NoOpenProposal]).telling(&[others(Told::EndProposed)]),
    Row::new(Action::Agree, RUNNING, PARTIES, ENDED)
        .ending(Outcome::EndedMutually)
        .guarded(&[Guard::ProposalOfTheOther, Guard::ToEnd])
        .telling(&[others(Told::Ended)]),
    Row::new(Action::Agree, OPEN, PARTIES, To::Same)
        .guarded(&[Guard::ProposalOfTheOther, Guard::ToAmend])
        .telling(&[others(Told::Amended)]),
    Row::new(Action::Agree, OPEN, PARTIES, To::State(State::Active))
        .guarded(&[Guard::ProposalOfTheOther, Guard::ToExtend])
        .telling(&[others(Told::Extended)]),
    Row::new(Action::Refuse, RUNNING, PARTIES, To::Same)
        .guarded(&[Guard::ProposalOfTheOther])
        .telling(&[others(Told::ProposalRefused)]),
    Row::new(Action::LapseProposal, RUNNING, SYSTEM, To::Same).guarded(&[Guard::Due]).telling(&[others(Told::ProposalLapsed)]),
    Row::new(Action::Terminate, AGREED, ADMIN, ENDED)
        .ending(Outcome::TerminatedForCause)
        .guarded(&[Guard::WrittenReason])
        .telling(&[others(Told::Terminated)]),
    Row::new(Action::TrialOver, ACTIVE, SYSTEM, To::State(State::DecisionDue))
        .guarded(&[Guard::Due])
        .telling(&[others(Told::TrialOver), Notice { told: Told::TrialOver, to: Whom::Admins }]),
    Row::new(Action::GraceOver, &[State::DecisionDue], SYSTEM, ENDED)
        .ending(Outcome::NoDecision)
        .guarded(&[Guard::Due])
        .telling(&[others(Told::GraceOver)]),
    Row::new(Action::Replace, OVER, CLIENT, To::Same).guarded(&[Guard::NotConverted, Guard::ReplacementLeft]),
    Row::new(Action::Appeal, TERMINATED, PARTIES, To::Same)
        .guarded(&[Guard::Terminated, Guard::InTimeToAppeal, Guard::NotAppealed, Guard::WrittenReason])
        .telling(&[Notice { told: Told::Appealed, to: Whom::Admins }]),
    Row::new(Action::DecideAppeal, TERMINATED, ADMIN, To::Same)
        .guarded(&[Guard::AppealOpen, Guard::NotInvolved, Guard::WrittenReason])
        .telling(&[others(Told::AppealDecided)]),
];

/// The state that `row` leads to from `state`.
///
/// # Errors
/// 500 for a row that leads back or on, which no row of this table does.
pub fn target(row: &Row, state: TrialState) -> Result<TrialState> {
    let arrival = row.to.arrive(state, None, None);
    arrival.ok_or_else(|| Error::internal(format!("`{}` in `{state}` leads nowhere", row.action)))
}

/// What `actor` may do now: the rows of the state whose standing guards hold.
pub fn allowed_actions(state: TrialState, actor: Actor, facts: &Facts) -> Vec<Action> {
    allowed_if(STEPS, state, actor, |row| guards::is_open(row, facts))
}

/// What the clock may do in `state`.
pub fn clock_steps(state: TrialState) -> Vec<Action> {
    allowed(STEPS, state, Actor::System)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::kernel::process::{is_finished, matrix};
    use crate::kernel::words::Word;
    use crate::trials::terms::Party;

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        counter      | developer        | offered             | countered
        revise       | client           | countered           | offered
        accept       | developer        | offered             | scheduled
        accept       | client           | countered           | scheduled
        decline      | developer        | offered             | void/declined
        decline      | client           | countered           | void/declined
        withdraw     | client           | offered             | void/withdrawn
        withdraw     | developer        | countered           | void/withdrawn
        expire       | system           | offered countered   | void/offer_expired
        cancel       | client developer admin | scheduled     | void/cancelled_before_start
        start        | system           | scheduled           | active
        end          | client           | active decision_due | ended/ended_by_client
        end          | developer        | active decision_due | ended/ended_by_developer
        end-together | client developer | active decision_due | (same)
        agree        | client developer | active decision_due | ended/ended_mutually
        refuse       | client developer | active decision_due | (same)
        terminate    | admin            | scheduled active paused conversion_offered decision_due | ended/terminated_for_cause
        trial-over   | system           | active              | decision_due
        grace-over   | system           | decision_due        | ended/no_decision
    ";

    // action | actor | kind and recipients, for every row that exists.
    const MAILS: &str = "
        offer        | client           | trial_offer > developer
        counter      | developer        | trial_countered > client
        revise       | client           | trial_revised > developer
        accept       | developer        | trial_accepted > client, trial_scheduled > developer
        accept       | client           | trial_accepted > developer, trial_scheduled > client
        decline      | developer        | trial_declined > client
        decline      | client           | trial_declined > developer
        withdraw     | client           | trial_withdrawn > developer
        withdraw     | developer        | trial_withdrawn > client
        expire       | system           | trial_expired > client, trial_expired > developer
        cancel       | client           | trial_cancelled > developer
        cancel       | developer        | trial_cancelled > client
        cancel       | admin            | trial_cancelled > client, trial_cancelled > developer
        start        | system           | trial_started > client, trial_started > developer
        end          | client           | trial_ended > developer
        end          | developer        | trial_ended > client
        end-together | client           | trial_end_proposed > developer
        end-together | developer        | trial_end_proposed > client
        agree        | client           | trial_ended > developer
        agree        | developer        | trial_ended > client
        refuse       | client           | trial_end_refused > developer
        refuse       | developer        | trial_end_refused > client
        terminate    | admin            | trial_terminated > client, trial_terminated > developer
        trial-over   | system           | trial_over > client, trial_over > developer, trial_over > admins
        grace-over   | system           | trial_grace_over > client, trial_grace_over > developer
    ";

    fn arrival(row: &Row, state: State) -> String {
        match (row.to, row.outcome) {
            (To::Same, None) => "(same)".to_owned(),
            (_, None) => target(row, state).unwrap().to_string(),
            (_, Some(outcome)) => format!("{}/{outcome}", target(row, state).unwrap()),
        }
    }

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STEPS, &matrix::read(RULES), arrival);
    }

    #[test]
    fn every_step_tells_whom_the_rules_say() {
        let mut told = BTreeMap::new();
        for (row, actor) in STEPS.iter().flat_map(|row| row.by.iter().map(move |actor| (row, *actor))) {
            let mails = row.mails.iter().flat_map(|mail| mail.to.recipients(actor).iter().map(move |who| format!("{} > {who}", mail.told)));
            told.insert((row.action.to_string(), actor.to_string()), mails.collect::<Vec<_>>().join(", "));
        }
        let expected = MAILS.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>()).filter(|cells| cells.len() == 3);
        let expected: BTreeMap<_, _> = expected.map(|cells| ((cells[0].to_owned(), cells[1].to_owned()), cells[2].to_owned())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_ends_have_outcomes_and_nothing_else_has() {
        let void = [Outcome::Declined, Outcome::Withdrawn, Outcome::OfferExpired, Outcome::CancelledBeforeStart];
        for row in STEPS {
            match row.to {
                To::State(State::Void) => assert!(void.contains(&row.outcome.unwrap())),
                To::State(State::Ended) => assert!(!void.contains(&row.outcome.unwrap())),
                _ => assert!(row.outcome.is_none(), "{}", row.action),
            }
        }
        let finished: Vec<&str> = State::ALL.iter().filter(|state| is_finished(STEPS, state)).map(|state| state.as_str()).collect();
        assert_eq!(finished, ["ended", "void"]);
    }

    #[test]
    fn every_state_is_reached_but_those_whose_steps_come_later() {
        let mut reached = BTreeSet::from([State::Offered]);
        loop {
            let rows = STEPS.iter().filter(|row| row.from.iter().any(|from| reached.contains(from)));
            let more: BTreeSet<State> = rows
                .filter_map(|row| match row.to {
                    To::State(to) => Some(to),
                    _ => None,
                })
                .collect();
            if more.is_subset(&reached) {
                break;
            }
            reached.extend(more);
        }
        let missing: Vec<&str> = State::ALL.iter().filter(|state| !reached.contains(state)).map(|state| state.as_str()).collect();
        assert_eq!(missing, ["paused", "conversion_offered"]);
    }

    #[test]
    fn the_clock_has_at_most_one_step_and_never_converts_or_ends_for_cause() {
        for state in State::ALL {
            assert!(allowed(STEPS, *state, Actor::System).len() <= 1, "{state}");
        }
        let ends = STEPS.iter().filter(|row| row.by.contains(&Actor::System)).filter_map(|row| row.outcome);
        assert_eq!(ends.collect::<Vec<_>>(), [Outcome::OfferExpired, Outcome::NoDecision]);
        assert_eq!(clock_step(State::Scheduled), Some(Action::Start));
        assert_eq!(clock_step(State::Ended), None);
    }

    #[test]
    fn an_admin_writes_a_reason() {
        let by_admin = STEPS.iter().filter(|row| row.by.contains(&Actor::Admin));
        assert!(by_admin.clone().count() == 2 && by_admin.clone().all(|row| row.guards == [Guard::WrittenReason]));
    }

    #[test]
    fn allowed_actions_know_the_standing_facts() {
        let names = |state, actor, facts: &Facts| allowed_actions(state, actor, facts).into_iter().map(Word::as_str).collect::<Vec<_>>();
        let fresh = Facts { offer_stands: true, start_not_past: true, ..Facts::default() };
        assert_eq!(names(State::Offered, Actor::Developer, &fresh), ["counter", "accept", "decline"]);
        let blocked = Facts { accept_blocked: Some("The hours are gone.".to_owned()), ..fresh.clone() };
        assert_eq!(names(State::Offered, Actor::Developer, &blocked), ["counter", "decline"]);
        assert_eq!(names(State::Active, Actor::Client, &fresh), ["end", "end-together"]);
        let proposed = Facts { open_proposal_by: Some(Party::Developer), ..fresh };
        let client = Facts { party: Some(Party::Client), ..proposed.clone() };
        assert_eq!(names(State::Active, Actor::Client, &client), ["end", "agree", "refuse"]);
        let developer = Facts { party: Some(Party::Developer), ..proposed };
        assert_eq!(names(State::Active, Actor::Developer, &developer), ["end"]);
    }
}
