//! What must hold besides state and actor before an application takes a step.

use crate::kernel::error::{Code, Error, Faults, Result};
use crate::kernel::process::{Actor, allowed};
use crate::vetting::process::{STEPS, Stage};
use crate::words;

words! {
    /// A condition of a step.
    pub enum Guard {
        /// Headline, summary, at least three skills with a core skill among them, rate, hours, time zone.
        ProfileComplete => "profile_complete",
        /// Questions in text.
        Questions => "questions",
        /// Answers in text.
        Answers => "answers",
        /// The stage that the request names is the current one, so that two reviewers never advance twice.
        FromStage => "from_stage",
        /// The current stage has a scorecard.
        ScorecardIn => "scorecard_in",
        /// A reason in text.
        WrittenReason => "written_reason",
        /// A reason code, and a text that the developer reads.
        Verdict => "verdict",
        /// Whoever scored the technical interview does not approve.
        FourEyes => "four_eyes",
        /// A core skill is among the skills that the approval verifies.
        CoreSkillVerified => "core_skill_verified",
        /// The time has come.
        Due => "due",
        /// Nothing stands in the way of a new application: no open one, no retry date ahead, no undecided appeal.
        MayBegin => "may_begin",
        /// The time to appeal has not run out.
        InTimeToAppeal => "in_time_to_appeal",
        /// Nobody has appealed against this decision yet.
        NotAppealed => "not_appealed",
        /// An appeal waits for an answer.
        AppealOpen => "appeal_open",
        /// The admin had no part in what is appealed.
        NotInvolved => "not_involved",
    }
}

/// How many skills a complete profile names, where the settings say nothing.
pub const MIN_SKILLS: usize = 3;

/// What of the profile is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileFacts {
    /// There is a headline.
    pub headline: bool,
    /// There is a summary.
    pub summary: bool,
    /// How many skills it names.
    pub skills: usize,
    /// How many of them are core skills.
    pub core_skills: usize,
    /// There is an hourly rate.
    pub hourly_rate: bool,
    /// There are hours per week.
    pub hours_per_week: bool,
    /// There is a time zone.
    pub time_zone: bool,
}

/// What the guards look at. A fact that nobody filled in refuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The developer's profile.
    pub profile: ProfileFacts,
    /// How many skills it must name; [`MIN_SKILLS`] where nobody says.
    pub minimum_skills: Option<usize>,
    /// The stage worked on now.
    pub stage: Option<Stage>,
    /// The stage that the request believes to be current.
    pub from_stage: Option<Stage>,
    /// The current stage has at least one scorecard.
    pub scorecard_in: bool,
    /// The admin did not score the technical interview, or `vetting.four_eyes` is off.
    pub second_pair_of_eyes: bool,
    /// A core skill is among the approved ones.
    pub core_skill_verified: bool,
    /// The slugs of the core skills, for the sentences.
    pub core_skills: Vec<String>,
    /// A reason code was given.
    pub reason_code: bool,
    /// A text that is not blank was given.
    pub message: bool,
    /// Questions that are not blank were given.
    pub questions: bool,
    /// Answers that are not blank were given.
    pub answers: bool,
    /// The step's time has come.
    pub due: bool,
    /// A new application may begin.
    pub may_begin: bool,
    /// The time to appeal has not run out.
    pub in_time_to_appeal: bool,
    /// There is a decision against which nobody has appealed.
    pub not_appealed: bool,
    /// An appeal waits for an answer.
    pub appeal_open: bool,
    /// The admin had no part in what is appealed.
    pub not_involved: bool,
}

impl Guard {
    /// Whether it can be told before anybody sends a body, and so decides about `allowed_actions`.
    pub fn is_standing(self) -> bool {
        matches!(self, Self::ScorecardIn | Self::FourEyes | Self::MayBegin)
            || matches!(self, Self::InTimeToAppeal | Self::NotAppealed | Self::AppealOpen | Self::NotInvolved)
    }

    /// Holds the facts to this guard.
    ///
    /// # Errors
    /// 422 with a pointer per missing field, 409 when something must happen first, 403 when somebody else must act.
    pub fn check(self, facts: &Facts) -> Result<()> {
        match self {
            Self::ProfileComplete => profile_complete(facts),
            Self::Questions => given(facts.questions, "/questions", "must say what you would like to know"),
            Self::Answers => given(facts.answers, "/answers", "must answer the reviewer's questions"),
            Self::FromStage => from_stage(facts),
            Self::ScorecardIn => scorecard_in(facts),
            Self::WrittenReason => given(facts.message, "/message", "must give the reason in words"),
            Self::Verdict => verdict(facts),
            Self::FourEyes => four_eyes(facts),
            Self::Due => conflict(facts.due, "The time of this step has not come."),
            Self::MayBegin => conflict(facts.may_begin, "A new application is not possible now."),
            Self::InTimeToAppeal => conflict(facts.in_time_to_appeal, "The time to appeal has run out."),
            Self::NotAppealed => conflict(facts.not_appealed, "You have appealed already: a decision is appealed once."),
            Self::AppealOpen => conflict(facts.appeal_open, "No appeal waits for an answer."),
            Self::NotInvolved => not_involved(facts),
            Self::CoreSkillVerified => given(facts.core_skill_verified, "/skills", &must_include_core(facts)),
        }
    }
}

/// Holds the facts to every guard of a row, in the row's order.
///
/// # Errors
/// The first guard's that does not hold; one guard reports all its faults at once.
pub fn check_all(guards: &[Guard], facts: &Facts) -> Result<()> {
    guards.iter().try_for_each(|guard| guard.check(facts))
}

fn given(fine: bool, pointer: &str, detail: &str) -> Result<()> {
    if fine { Ok(()) } else { Err(Error::fault(pointer, detail)) }
}

fn conflict(fine: bool, sentence: &str) -> Result<()> {
    if fine { Ok(()) } else { Err(Error::conflict(sentence)) }
}

fn must_include_core(facts: &Facts) -> String {
    match facts.core_skills.as_slice() {
        [] => "must include a core skill".to_owned(),
        [only] => format!("must include the core skill {only}"),
        many => format!("must include one of the core skills {}", many.join(", ")),
    }
}

fn profile_complete(facts: &Facts) -> Result<()> {
    let profile = &facts.profile;
    let minimum = facts.minimum_skills.unwrap_or(MIN_SKILLS);
    let mut faults = Faults::default();
    faults.check(profile.headline, "/headline", "must be in your profile before you submit");
    faults.check(profile.summary, "/summary", "must be in your profile before you submit");
    faults.check(profile.hourly_rate, "/hourly_rate", "must be in your profile before you submit");
    faults.check(profile.hours_per_week, "/hours_per_week", "must be in your profile before you submit");
    faults.check(profile.time_zone, "/time_zone", "must be in your profile before you submit");
    faults.check(profile.skills >= minimum, "/skills", &format!("must name at least {minimum} skills before you submit"));
    faults.check(profile.core_skills >= 1, "/skills", &must_include_core(facts));
    faults.finish()
}

fn from_stage(facts: &Facts) -> Result<()> {
    let Some(asked) = facts.from_stage else {
        return Err(Error::fault("/from_stage", "must name the stage that is passed"));
    };
    let Some(current) = facts.stage.filter(|current| *current != asked) else { return Ok(()) };
    let sentence = format!("`from_stage` says `{asked}`, but the application is in `{current}`: read it again before you advance it.");
    Err(Error::new(Code::InvalidTransition, sentence)
        .with("state", current)
        .with("allowed_actions", allowed(STEPS, current.state(), Actor::Admin)))
}

fn scorecard_in(facts: &Facts) -> Result<()> {
    if facts.scorecard_in {
        return Ok(());
    }
    let stage = facts.stage.map_or("the current stage".to_owned(), |stage| format!("`{stage}`"));
    Err(Error::conflict(format!("Write the scorecard of {stage} first; then the application can advance.")))
}

fn verdict(facts: &Facts) -> Result<()> {
    let mut faults = Faults::default();
    faults.check(facts.reason_code, "/reason_code", "must name the reason");
    faults.check(facts.message, "/message", "must explain the reason to the developer");
    faults.finish()
}

fn four_eyes(facts: &Facts) -> Result<()> {
    if facts.second_pair_of_eyes {
        return Ok(());
    }
    Err(Error::not_allowed("You scored the technical interview, so another admin must approve this application."))
}

fn not_involved(facts: &Facts) -> Result<()> {
    if facts.not_involved {
        return Ok(());
    }
    Err(Error::not_allowed("You took part in what is appealed, so another admin must answer this appeal."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::words::Word;

    fn refusal(guard: Guard, facts: &Facts) -> (Code, Vec<String>) {
        let error = guard.check(facts).unwrap_err();
        assert!(error.detail.ends_with('.'), "{}", error.detail);
        (error.code, error.faults.into_iter().map(|fault| fault.pointer).collect())
    }

    fn good() -> Facts {
        let profile = ProfileFacts {
            headline: true,
            summary: true,
            skills: 3,
            core_skills: 1,
            hourly_rate: true,
            hours_per_week: true,
            time_zone: true,
        };
        Facts {
            profile,
            minimum_skills: None,
            stage: Some(Stage::ScreeningCall),
            from_stage: Some(Stage::ScreeningCall),
            scorecard_in: true,
            second_pair_of_eyes: true,
            core_skill_verified: true,
            core_skills: vec!["go".to_owned()],
            reason_code: true,
            message: true,
            questions: true,
            answers: true,
            due: true,
            may_begin: true,
            in_time_to_appeal: true,
            not_appealed: true,
            appeal_open: true,
            not_involved: true,
        }
    }

    #[test]
    fn what_nobody_filled_in_refuses_and_good_facts_pass() {
        for guard in Guard::ALL {
            assert!(guard.check(&good()).is_ok(), "{guard}");
            assert!(guard.check(&Facts::default()).is_err(), "{guard}");
        }
    }

    #[test]
    fn a_profile_is_told_everything_that_is_missing_at_once() {
        let (code, pointers) = refusal(Guard::ProfileComplete, &Facts::default());
        assert_eq!(code, Code::ValidationFailed);
        assert_eq!(pointers, ["/headline", "/hourly_rate", "/hours_per_week", "/skills", "/skills", "/summary", "/time_zone"]);
        let profile = ProfileFacts { core_skills: 0, ..good().profile };
        let error = Guard::ProfileComplete.check(&Facts { profile, ..good() }).unwrap_err();
        assert_eq!(error.detail, "/skills must include the core skill go.");
        let profile = ProfileFacts { skills: 2, ..good().profile };
        assert_eq!(refusal(Guard::ProfileComplete, &Facts { profile, ..good() }).1, ["/skills"]);
    }

    #[test]
    fn each_refusal_has_its_kind() {
        assert_eq!(refusal(Guard::ScorecardIn, &Facts { scorecard_in: false, ..good() }).0, Code::Conflict);
        assert_eq!(refusal(Guard::FourEyes, &Facts { second_pair_of_eyes: false, ..good() }).0, Code::NotAllowed);
        assert_eq!(refusal(Guard::CoreSkillVerified, &Facts::default()), (Code::ValidationFailed, vec!["/skills".to_owned()]));
        assert_eq!(refusal(Guard::Verdict, &Facts::default()).1, ["/message", "/reason_code"]);
        let stale = Facts { from_stage: Some(Stage::ProfileReview), ..good() };
        let error = Guard::FromStage.check(&stale).unwrap_err();
        assert_eq!(error.code, Code::InvalidTransition);
        assert_eq!(error.extra["state"], "screening_call");
        assert_eq!(error.extra["allowed_actions"], serde_json::json!(["ask", "advance", "hold", "reject"]));
    }
}
