//! What comes next in a trial, by whom, by when, and why: for people to read.

use chrono::TimeDelta;

use crate::kernel::clock::Instant;
use crate::kernel::process::Actor;
use crate::trials::calendar::{Periods, pause_ends_at, proposal_lapses_at};
use crate::trials::model::{Contract, Trial};
use crate::trials::process::{Action, Outcome, TrialState};
use crate::trials::views::{ConversionView, NextStep, ReplacementView};

/// The day of the trial that `now` is, from 1, while it runs; paused days are counted like all others.
pub fn day(contract: &Contract, now: Instant) -> Option<i64> {
    let trial = &contract.trial;
    let running = [TrialState::Active, TrialState::Paused, TrialState::ConversionOffered, TrialState::DecisionDue].contains(&trial.state);
    let passed = contract.time_zone().date(now).signed_duration_since(trial.starts_on).num_days();
    (running && passed >= 0).then_some(passed + 1)
}

/// What stands on the table after the trial.
pub fn conversion_view(contract: &Contract, periods: &Periods) -> Option<ConversionView> {
    let lapses_at = contract.conversion_lapses_at(periods).filter(|_| contract.trial.state == TrialState::ConversionOffered);
    contract.conversion.clone().map(|offer| ConversionView { offer, lapses_at })
}

/// The re-match clock, from the day on which the trial came to nothing.
pub fn replacement(contract: &Contract, periods: &Periods, now: Instant) -> Option<ReplacementView> {
    let Trial { state, outcome, changed_at, .. } = contract.trial;
    if !matches!(state, TrialState::Ended | TrialState::Void) || outcome == Some(Outcome::Converted) {
        return None;
    }
    let rematch_until = changed_at.plus(TimeDelta::days(periods.rematch_days));
    let days_left = rematch_until.utc().signed_duration_since(now.utc()).num_days().max(0);
    Some(ReplacementView { rematch_until, days_left })
}

const PARTIES: [Actor; 2] = [Actor::Client, Actor::Developer];

/// What waits for somebody, and what the clock will do, the earliest first.
pub fn next(contract: &Contract, periods: &Periods) -> Vec<NextStep> {
    let mut steps: Vec<NextStep> = proposal(contract, periods).into_iter().chain(of_state(contract, periods)).collect();
    steps.sort_by_key(|step| step.at.unwrap_or(Instant::from_micros(i64::MAX)));
    steps
}

fn step(by: &[Actor], action: Action, at: Option<Instant>, why: &'static str) -> NextStep {
    NextStep { by: by.to_vec(), action, at, why }
}

fn proposal(contract: &Contract, periods: &Periods) -> Option<NextStep> {
    let proposal = contract.proposal.as_ref()?;
    if proposal.action == Action::Appeal {
        return Some(step(&[Actor::Admin], Action::DecideAppeal, None, "An admin who was not involved answers the appeal."));
    }
    let other = if proposal.party == crate::trials::terms::Party::Client { Actor::Developer } else { Actor::Client };
    let until = Some(proposal_lapses_at(proposal.proposed_at, periods));
    Some(step(&[other], Action::Agree, until, "The other party agrees to what is proposed, or refuses; unanswered it lapses."))
}

fn of_state(contract: &Contract, periods: &Periods) -> Vec<NextStep> {
    let Trial { state, starts_at, ends_at, grace_until, offer_expires_at, paused_at, paused_days, .. } = contract.trial;
    let pause_ends = || paused_at.map(|from| pause_ends_at(from, periods.pause_days - paused_days, contract.time_zone()));
    match state {
        TrialState::Offered => {
            vec![step(
                &[Actor::Developer],
                Action::Accept,
                Some(offer_expires_at),
                "The developer accepts, declines, or answers with other terms.",
            )]
        }
        TrialState::Countered => {
            vec![step(&[Actor::Client], Action::Accept, Some(offer_expires_at), "The client accepts, declines, or answers with new terms.")]
        }
        TrialState::Scheduled => {
            vec![step(&[Actor::System], Action::Start, Some(starts_at), "Both have signed: it starts on its first day.")]
        }
        TrialState::Active => {
            vec![step(&[Actor::System], Action::TrialOver, Some(ends_at), "Then its days are over and the parties decide.")]
        }
        TrialState::Paused => vec![step(&[Actor::System], Action::Resume, pause_ends(), "Then the days that it may rest are used up.")],
        TrialState::ConversionOffered => vec![step(
            &[Actor::Developer],
            Action::AcceptConversion,
            contract.conversion_lapses_at(periods),
            "The developer answers the offer to go on for good.",
        )],
        TrialState::DecisionDue => vec![
            step(&PARTIES, Action::End, Some(grace_until), "The parties decide: go on for good, add days, or end it."),
            step(&[Actor::System], Action::GraceOver, Some(grace_until), "If nobody decides it ends without a decision."),
        ],
        TrialState::Ended | TrialState::Void => Vec::new(),
    }
}

/// What happens next, for people to read.
pub fn what_is_next(contract: &Contract) -> &'static str {
    if contract.proposal.is_some() {
        return "Something is proposed, and waits for an answer. Until then everything stays as it is.";
    }
    match contract.trial.state {
        TrialState::Offered => "The developer accepts, declines, or answers with other terms; without an answer the offer expires.",
        TrialState::Countered => "The client accepts, declines, or answers with new terms; without an answer the offer expires.",
        TrialState::Scheduled => "The trial starts by itself on its first day. Until then either party can call it off.",
        TrialState::Active => "The trial runs until its days are over; then the parties decide how they go on.",
        TrialState::Paused => "Nobody works until the trial is resumed.",
        TrialState::ConversionOffered => "The developer answers the offer to go on for good.",
        TrialState::DecisionDue => "The parties decide. If nobody does, the trial ends without a decision when the grace time is over.",
        TrialState::Ended => "The trial is over. If there is a last day of work ahead, work goes on until then.",
        TrialState::Void => "Nothing was agreed, or it was called off before the start. Nothing follows.",
    }
}
