//! The vetting application's lifecycle: states, stages, and the one table from which everything about them is made.

use crate::kernel::error::{Error, Result};
use crate::kernel::process::{Actor, Step, Table, To, allowed_if};
use crate::kernel::words::Word;
use crate::vetting::guards::{Facts, Guard};
use crate::words;

use ApplicationState as State;

words! {
    /// Where an application stands.
    pub enum ApplicationState {
        /// Begun; the developer fills in the profile.
        Draft => "draft",
        /// Handed in; nobody has taken it yet.
        Submitted => "submitted",
        /// The profile is being read.
        ProfileReview => "profile_review",
        /// A conversation about experience and expectations.
        ScreeningCall => "screening_call",
        /// A technical task.
        TechnicalAssessment => "technical_assessment",
        /// A technical conversation.
        TechnicalInterview => "technical_interview",
        /// All stages are passed; somebody decides.
        Decision => "decision",
        /// Passed.
        Approved => "approved",
        /// Not passed.
        Rejected => "rejected",
        /// Waits for the developer's answer.
        NeedsInfo => "needs_info",
        /// Rests, for a reason.
        OnHold => "on_hold",
        /// Taken back by the developer.
        Withdrawn => "withdrawn",
        /// Questions stayed without an answer.
        Lapsed => "lapsed",
    }
}

words! {
    /// A stage that ends with a scorecard.
    pub enum Stage {
        /// The profile is being read.
        ProfileReview => "profile_review",
        /// A conversation about experience and expectations.
        ScreeningCall => "screening_call",
        /// A technical task; may be waived.
        TechnicalAssessment => "technical_assessment",
        /// A technical conversation; whoever scores it does not approve.
        TechnicalInterview => "technical_interview",
    }
}

words! {
    /// What can be done with an application; the last word of the URL, and the word in the events.
    pub enum ApplicationAction {
        /// Begin an application.
        Apply => "apply",
        /// Hand it in.
        Submit => "submit",
        /// Take it as reviewer.
        Claim => "claim",
        /// Ask the developer something.
        Ask => "ask",
        /// Answer the questions.
        Answer => "answer",
        /// Pass the stage.
        Advance => "advance",
        /// Go on without the technical assessment.
        Waive => "waive",
        /// Let it rest.
        Hold => "hold",
        /// Go on after a rest.
        Release => "release",
        /// Decide yes.
        Approve => "approve",
        /// Decide no.
        Reject => "reject",
        /// Take it back.
        Withdraw => "withdraw",
        /// The clock closes it: the questions stayed without an answer.
        Lapse => "lapse",
        /// Appeal against the rejection.
        Appeal => "appeal",
        /// Answer the appeal.
        DecideAppeal => "decide-appeal",
        /// Begin another application after one that came to nothing.
        Reapply => "reapply",
        /// Begin an application for the renewal of an approval that ends.
        Renew => "renew",
    }
}

words! {
    /// What the developer, or the admins, are told by mail; the text is the mail's kind.
    pub enum Told {
        /// The application came in.
        Received => "vetting_received",
        /// A reviewer has begun.
        Taken => "vetting_taken",
        /// A stage is passed.
        StagePassed => "vetting_stage_passed",
        /// There are questions.
        Questions => "vetting_questions",
        /// The questions stayed without an answer.
        Lapsed => "vetting_lapsed",
        /// Approved: levels, validity.
        Approved => "vetting_approved",
        /// Rejected: reason, retry date.
        Rejected => "vetting_rejected",
        /// The application rests.
        OnHold => "vetting_on_hold",
        /// The application goes on.
        Released => "vetting_released",
        /// The withdrawal is noted.
        Withdrawn => "vetting_withdrawn",
        /// An appeal came in; to the admins.
        Appealed => "vetting_appealed",
        /// The appeal is decided.
        AppealDecided => "vetting_appeal_decided",
    }
}

/// The same; the whole name keeps it apart from what is done with a trial, in the document too.
pub type Action = ApplicationAction;

/// A row of the table.
pub type Row = Step<ApplicationState, Action, Guard, Told>;

const DEVELOPER: &[Actor] = &[Actor::Developer];
const ADMIN: &[Actor] = &[Actor::Admin];
const SYSTEM: &[Actor] = &[Actor::System];
const STAGES: &[State] = &[State::ProfileReview, State::ScreeningCall, State::TechnicalAssessment, State::TechnicalInterview];
const ASSESSMENT: &[State] = &[State::TechnicalAssessment];
const UNDER_REVIEW: &[State] =
    &[State::ProfileReview, State::ScreeningCall, State::TechnicalAssessment, State::TechnicalInterview, State::Decision];
const UNDECIDED: &[State] = &[
    State::Draft,
    State::Submitted,
    State::ProfileReview,
    State::ScreeningCall,
    State::TechnicalAssessment,
    State::TechnicalInterview,
    State::Decision,
    State::NeedsInfo,
    State::OnHold,
];

/// The ends after which a new application may be begun with this one in mind.
const CAME_TO_NOTHING: &[State] = &[State::Rejected, State::Lapsed, State::Withdrawn];

/// The lifecycle: every step that exists.
pub const STEPS: Table<ApplicationState, Action, Guard, Told> = &[
    Row::new(Action::Apply, &[], DEVELOPER, To::State(State::Draft)),
    Row::new(Action::Renew, &[], DEVELOPER, To::State(State::Draft)).guarded(&[Guard::MayBegin]),
    Row::new(Action::Reapply, CAME_TO_NOTHING, DEVELOPER, To::New(State::Draft)).guarded(&[Guard::MayBegin]),
    Row::new(Action::Submit, &[State::Draft], DEVELOPER, To::State(State::Submitted))
        .guarded(&[Guard::ProfileComplete])
        .telling(&[Told::Received]),
    Row::new(Action::Claim, &[State::Submitted], ADMIN, To::State(State::ProfileReview)).telling(&[Told::Taken]),
    Row::new(Action::Ask, STAGES, ADMIN, To::State(State::NeedsInfo)).guarded(&[Guard::Questions]).telling(&[Told::Questions]),
    Row::new(Action::Answer, &[State::NeedsInfo], DEVELOPER, To::Remembered).guarded(&[Guard::Answers]),
    Row::new(Action::Lapse, &[State::NeedsInfo], SYSTEM, To::State(State::Lapsed)).guarded(&[Guard::Due]).telling(&[Told::Lapsed]),
    Row::new(Action::Advance, STAGES, ADMIN, To::Next).guarded(&[Guard::FromStage, Guard::ScorecardIn]).telling(&[Told::StagePassed]),
    Row::new(Action::Waive, ASSESSMENT, DEVELOPER, To::Next),
    Row::new(Action::Waive, ASSESSMENT, ADMIN, To::Next).guarded(&[Guard::WrittenReason]),
    Row::new(Action::Hold, STAGES, ADMIN, To::State(State::OnHold)).guarded(&[Guard::WrittenReason]).telling(&[Told::OnHold]),
    Row::new(Action::Release, &[State::OnHold], ADMIN, To::Remembered).guarded(&[Guard::WrittenReason]).telling(&[Told::Released]),
    Row::new(Action::Approve, &[State::Decision], ADMIN, To::State(State::Approved))
        .guarded(&[Guard::FourEyes, Guard::CoreSkillVerified])
        .telling(&[Told::Approved]),
    Row::new(Action::Reject, UNDER_REVIEW, ADMIN, To::State(State::Rejected)).guarded(&[Guard::Verdict]).telling(&[Told::Rejected]),
    Row::new(Action::Withdraw, UNDECIDED, DEVELOPER, To::State(State::Withdrawn)).telling(&[Told::Withdrawn]),
    Row::new(Action::Appeal, &[State::Rejected], DEVELOPER, To::Same)
        .guarded(&[Guard::InTimeToAppeal, Guard::NotAppealed, Guard::WrittenReason])
        .telling(&[Told::Appealed]),
    Row::new(Action::DecideAppeal, &[State::Rejected], ADMIN, To::Appealed(State::Decision))
        .guarded(&[Guard::AppealOpen, Guard::NotInvolved, Guard::WrittenReason])
        .telling(&[Told::AppealDecided]),
];

impl Stage {
    /// The state in which this stage is worked on.
    pub fn state(self) -> ApplicationState {
        match self {
            Self::ProfileReview => State::ProfileReview,
            Self::ScreeningCall => State::ScreeningCall,
            Self::TechnicalAssessment => State::TechnicalAssessment,
            Self::TechnicalInterview => State::TechnicalInterview,
        }
    }
}

impl std::str::FromStr for Stage {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or("is not a stage")
    }
}

impl ApplicationState {
    /// The scored stage that is worked on in this state, if any.
    pub fn stage(self) -> Option<Stage> {
        Stage::ALL.iter().copied().find(|stage| stage.state() == self)
    }
}

/// The state that follows once the stage of `state` is passed; `None` where nothing is scored.
pub fn next_stage(state: ApplicationState) -> Option<ApplicationState> {
    let place = UNDER_REVIEW.iter().position(|each| *each == state)?;
    UNDER_REVIEW.get(place + 1).copied()
}

/// The state that `row` leads to from `state`, given the stage that was left for a side state.
///
/// # Errors
/// 500 when the row leads back and no stage was remembered.
pub fn target(row: &Row, state: ApplicationState, remembered: Option<ApplicationState>) -> Result<ApplicationState> {
    let arrival = row.to.arrive(state, remembered, next_stage(state));
    arrival.ok_or_else(|| Error::internal(format!("`{}` in `{state}` leads nowhere", row.action)))
}

/// What `actor` may do now: the rows of the state whose standing guards hold.
pub fn allowed_actions(state: ApplicationState, actor: Actor, facts: &Facts) -> Vec<Action> {
    allowed_if(STEPS, state, actor, |row| row.guards.iter().all(|guard| !guard.is_standing() || guard.check(facts).is_ok()))
}

/// What happens next, in a sentence for the developer.
pub fn what_is_next(state: ApplicationState) -> &'static str {
    match state {
        State::Draft => "Complete your profile, then submit the application.",
        State::Submitted => "A reviewer will take your application; there is nothing for you to do now.",
        State::ProfileReview => "Your profile is being read; the screening call comes next.",
        State::ScreeningCall => "The screening call comes next; the technical assessment follows it.",
        State::TechnicalAssessment => "The technical assessment comes next; you may waive it without any penalty.",
        State::TechnicalInterview => "The technical interview comes next; the decision follows it.",
        State::Decision => "All stages are passed; a second reviewer decides.",
        State::Approved => "You are approved: clients can find you and offer you trials.",
        State::Rejected => "You can read the reason here; from the retry date on a new application is welcome.",
        State::NeedsInfo => "Answer the reviewer's questions; the review goes on from where it was.",
        State::OnHold => "Your application rests for now; a reviewer will take it up again.",
        State::Withdrawn => "You withdrew this application; you can begin a new one.",
        State::Lapsed => "The questions stayed without an answer; you can begin a new application.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kernel::process::{is_finished, matrix};

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        submit   | developer | draft                | submitted
        claim    | admin     | submitted            | profile_review
        ask      | admin     | profile_review screening_call technical_assessment technical_interview | needs_info
        answer   | developer | needs_info           | (remembered)
        lapse    | system    | needs_info           | lapsed
        advance  | admin     | profile_review       | screening_call
        advance  | admin     | screening_call       | technical_assessment
        advance  | admin     | technical_assessment | technical_interview
        advance  | admin     | technical_interview  | decision
        waive    | developer admin | technical_assessment | technical_interview
        hold     | admin     | profile_review screening_call technical_assessment technical_interview | on_hold
        release  | admin     | on_hold              | (remembered)
        approve  | admin     | decision             | approved
        reject   | admin     | profile_review screening_call technical_assessment technical_interview decision | rejected
        withdraw | developer | draft submitted profile_review screening_call technical_assessment technical_interview decision needs_info on_hold | withdrawn
        reapply  | developer | rejected lapsed withdrawn | (new) draft
        appeal   | developer | rejected             | (same)
        decide-appeal | admin | rejected            | (same) or decision
    ";

    fn arrival(row: &Row, state: ApplicationState) -> String {
        if row.to == To::Remembered {
            let back = |stage: &Stage| target(row, state, Some(stage.state())).unwrap() == stage.state();
            assert!(Stage::ALL.iter().all(back) && target(row, state, None).is_err());
            return "(remembered)".to_owned();
        }
        let to = target(row, state, None).unwrap();
        match row.to {
            To::Same => "(same)".to_owned(),
            To::New(_) => format!("(new) {to}"),
            To::Appealed(_) => format!("(same) or {to}"),
            _ => to.to_string(),
        }
    }

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STEPS, &matrix::read(RULES), arrival);
    }

    #[test]
    fn finished_is_where_no_step_leads_out() {
        let finished: Vec<&str> = State::ALL.iter().filter(|state| is_finished(STEPS, state)).map(|state| state.as_str()).collect();
        assert_eq!(finished, ["approved", "rejected", "withdrawn", "lapsed"]);
    }

    #[test]
    fn every_state_is_reached() {
        let mut reached = BTreeSet::from([State::Draft]);
        while let Some(new) = ways(&reached).into_iter().find(|to| !reached.contains(to)) {
            reached.insert(new);
        }
        let missing: Vec<_> = State::ALL.iter().filter(|state| !reached.contains(state)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn ways(reached: &BTreeSet<State>) -> Vec<State> {
        let rows_from = |state: State| STEPS.iter().filter(move |row| row.from.contains(&state)).map(move |row| (row, state));
        reached.iter().copied().flat_map(rows_from).filter_map(|(row, state)| row.to.arrive(state, None, next_stage(state))).collect()
    }

    #[test]
    fn people_decide_and_admins_give_reasons() {
        let appeal = STEPS.iter().filter(|row| row.action == Action::DecideAppeal);
        assert!(appeal.into_iter().all(|row| row.guards.contains(&Guard::NotInvolved)));
        let clock = STEPS.iter().filter(|row| row.by.contains(&Actor::System)).map(|row| row.action);
        assert_eq!(clock.collect::<Vec<_>>(), [Action::Lapse], "no clock decides about an application");
        let twins = STEPS.iter().filter(|row| matches!(row.action, Action::Waive | Action::Hold | Action::Release));
        assert!(twins.filter(|row| row.by.contains(&Actor::Admin)).all(|row| row.guards == [Guard::WrittenReason]));
    }

    #[test]
    fn who_is_told() {
        let told: Vec<(&str, Vec<&str>)> = STEPS
            .iter()
            .filter(|row| !row.mails.is_empty())
            .map(|row| (row.action.as_str(), row.mails.iter().map(|told| told.as_str()).collect()))
            .collect();
        let expected = [
            ("submit", "vetting_received"),
            ("claim", "vetting_taken"),
            ("ask", "vetting_questions"),
            ("lapse", "vetting_lapsed"),
            ("advance", "vetting_stage_passed"),
            ("hold", "vetting_on_hold"),
            ("release", "vetting_released"),
            ("approve", "vetting_approved"),
            ("reject", "vetting_rejected"),
            ("withdraw", "vetting_withdrawn"),
            ("appeal", "vetting_appealed"),
            ("decide-appeal", "vetting_appeal_decided"),
        ];
        assert_eq!(told, expected.map(|(action, kind)| (action, vec![kind])));
    }

    #[test]
    fn allowed_actions_know_the_standing_facts() {
        let facts = Facts { scorecard_in: true, ..Facts::default() };
        let names = |state, facts: &Facts| allowed_actions(state, Actor::Admin, facts).into_iter().map(Word::as_str).collect::<Vec<_>>();
        assert_eq!(names(State::ScreeningCall, &Facts::default()), ["ask", "hold", "reject"]);
        assert_eq!(names(State::ScreeningCall, &facts), ["ask", "advance", "hold", "reject"]);
        assert_eq!(names(State::Decision, &facts), ["reject"]);
        assert_eq!(names(State::Decision, &Facts { second_pair_of_eyes: true, ..facts }), ["approve", "reject"]);
    }
}
