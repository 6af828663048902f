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
    Row::new(Action::Resume, PAUSED, PARTIES, To::State(State::Active)).guarded(&[Guard::PausedBySelf]).telling(&[others(Told::Resumed)]),
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
    Row::new(Action::Refuse, RUNNING, PARTIES, To::Same).guarded(&[Guard::ProposalOfTheOther]).telling(&[others(Told::ProposalRefused)]),
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
