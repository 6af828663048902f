//! The table, held against the rules written by hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::process::{Actor, To};
use crate::kernel::process::{find_open, is_finished, matrix};
use crate::kernel::words::Word;
use crate::trials::guards;
use crate::trials::guards::{Facts, Guard};
use crate::trials::process::{Action, Outcome, Row, STEPS, TrialState, allowed_actions, clock_steps, target};
use crate::trials::terms::Party;
use TrialState as State;

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
    pause        | client developer admin | active          | paused
    resume       | client developer admin system | paused   | active
    amend        | client developer | active decision_due | (same)
    extend       | client developer | active decision_due | (same)
    offer-conversion   | client     | active decision_due | conversion_offered
    accept-conversion  | developer  | conversion_offered  | ended/converted
    decline-conversion | developer  | conversion_offered  | active
    lapse-conversion   | system     | conversion_offered  | active
    end          | client           | active paused conversion_offered decision_due | ended/ended_by_client
    end          | developer        | active paused conversion_offered decision_due | ended/ended_by_developer
    end-together | client developer | active paused conversion_offered decision_due | (same)
    agree        | client developer | active paused conversion_offered decision_due | ended/ended_mutually
    refuse       | client developer | active paused conversion_offered decision_due | (same)
    lapse-proposal | system         | active paused conversion_offered decision_due | (same)
    replace      | client           | ended void          | (same)
    appeal       | client developer | ended               | (same)
    decide-appeal | admin           | ended               | (same)
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
    refuse       | client           | trial_proposal_refused > developer
    refuse       | developer        | trial_proposal_refused > client
    lapse-proposal | system         | trial_proposal_lapsed > client, trial_proposal_lapsed > developer
    pause        | client           | trial_paused > developer
    pause        | developer        | trial_paused > client
    pause        | admin            | trial_paused > client, trial_paused > developer
    resume       | client           | trial_resumed > developer
    resume       | developer        | trial_resumed > client
    resume       | admin            | trial_resumed > client, trial_resumed > developer
    resume       | system           | trial_resumed > client, trial_resumed > developer
    amend        | client           | trial_amend_proposed > developer
    amend        | developer        | trial_amend_proposed > client
    extend       | client           | trial_extend_proposed > developer
    extend       | developer        | trial_extend_proposed > client
    offer-conversion   | client     | trial_conversion_offered > developer
    accept-conversion  | developer  | trial_converted > client, trial_converted > developer
    decline-conversion | developer  | trial_conversion_declined > client
    lapse-conversion   | system     | trial_conversion_lapsed > client, trial_conversion_lapsed > developer
    replace      | client           | (nobody)
    appeal       | client           | trial_appealed > admins
    appeal       | developer        | trial_appealed > admins
    decide-appeal | admin           | trial_appeal_decided > client, trial_appeal_decided > developer
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
        let mails = mails.collect::<Vec<_>>().join(", ");
        // The rows of one action for other proposals tell the same people, in other words.
        let mails = if mails.is_empty() { "(nobody)".to_owned() } else { mails };
        told.entry((row.action.to_string(), actor.to_string())).or_insert(mails);
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
fn every_state_is_reached() {
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
    assert_eq!(reached.len(), State::ALL.len());
}

#[test]
fn the_clock_never_converts_or_ends_for_cause() {
    let ends = STEPS.iter().filter(|row| row.by.contains(&Actor::System)).filter_map(|row| row.outcome);
    assert_eq!(ends.collect::<Vec<_>>(), [Outcome::OfferExpired, Outcome::NoDecision]);
    assert_eq!(clock_steps(State::Scheduled), [Action::Start]);
    assert_eq!(clock_steps(State::Paused), [Action::Resume, Action::LapseProposal]);
    assert_eq!(clock_steps(State::ConversionOffered), [Action::LapseConversion, Action::LapseProposal]);
    assert!(clock_steps(State::Ended).is_empty());
}

#[test]
fn an_answer_leads_where_the_question_did() {
    let answer = |state, proposed, actor| {
        let facts = Facts { party: Some(Party::Client), open_proposal_by: Some(Party::Developer), proposed, ..Facts::default() };
        let row = find_open(STEPS, state, Action::Agree, actor, |row| guards::is_open(row, &facts)).unwrap();
        (target(row, state).unwrap(), row.outcome)
    };
    for state in [State::Active, State::DecisionDue] {
        let agreed = |proposed| answer(state, Some(proposed), Actor::Client);
        assert_eq!(agreed(Action::EndTogether), (State::Ended, Some(Outcome::EndedMutually)));
        assert_eq!(agreed(Action::Amend), (state, None));
        assert_eq!(agreed(Action::Extend), (State::Active, None));
    }
    for (end_passed, to) in [(false, State::Active), (true, State::DecisionDue)] {
        let facts = Facts { end_passed, due: true, ..Facts::default() };
        for (action, actor) in [(Action::DeclineConversion, Actor::Developer), (Action::LapseConversion, Actor::System)] {
            let row = find_open(STEPS, State::ConversionOffered, action, actor, |row| guards::is_open(row, &facts)).unwrap();
            assert_eq!(target(row, State::ConversionOffered).unwrap(), to);
        }
    }
}

#[test]
fn an_admin_writes_a_reason() {
    let by_admin = STEPS.iter().filter(|row| row.by.contains(&Actor::Admin));
    assert!(by_admin.clone().count() == 5 && by_admin.clone().all(|row| row.guards.contains(&Guard::WrittenReason)));
}

#[test]
fn allowed_actions_know_the_standing_facts() {
    let names = |state, actor, facts: &Facts| allowed_actions(state, actor, facts).into_iter().map(Word::as_str).collect::<Vec<_>>();
    let fresh = Facts { offer_stands: true, start_not_past: true, ..Facts::default() };
    assert_eq!(names(State::Offered, Actor::Developer, &fresh), ["counter", "accept", "decline"]);
    let blocked = Facts { accept_blocked: Some("The hours are gone.".to_owned()), ..fresh.clone() };
    assert_eq!(names(State::Offered, Actor::Developer, &blocked), ["counter", "decline"]);
    assert_eq!(names(State::Active, Actor::Client, &fresh), ["amend", "extend", "offer-conversion", "end", "end-together"]);
    let proposed = Facts { open_proposal_by: Some(Party::Developer), proposed: Some(Action::EndTogether), ..fresh };
    let client = Facts { party: Some(Party::Client), ..proposed.clone() };
    assert_eq!(names(State::Active, Actor::Client, &client), ["offer-conversion", "end", "agree", "refuse"]);
    let developer = Facts { party: Some(Party::Developer), ..proposed };
    assert_eq!(names(State::Active, Actor::Developer, &developer), ["end"]);
}
