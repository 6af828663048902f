//! Scorecards, verified skills, and what follows from them.

use chrono::{Months, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::craft::SkillLevel;
use crate::kernel::error::Faults;
use crate::kernel::words::Word;
use crate::vetting::process::Stage;
use crate::words;

/// The room of our timers.
pub const ROOM: &str = "vetting";

/// Days before its end from which an approval counts as expiring, where the settings say nothing.
pub const EXPIRING_DAYS: i64 = 30;

words! {
    /// A reviewer's judgement, on one criterion or over all.
    pub enum Score {
        /// Far from what is needed.
        DefinitelyNot => "definitely_not",
        /// Not what is needed.
        No => "no",
        /// What is needed.
        Yes => "yes",
        /// Clearly more than what is needed.
        StrongYes => "strong_yes",
    }
}

/// One thing that was judged, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// What was judged, in free words; one criterion `overall` suffices.
    #[schema(min_length = 1, max_length = 200, format = "line", examples("overall"))]
    pub criterion: String,
    /// The judgement.
    pub score: Score,
    /// What was seen.
    #[schema(min_length = 1, max_length = 4000, format = "prose")]
    pub evidence: String,
}

/// A skill with the level that people have verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillVerdict {
    /// The skill.
    #[schema(min_length = 1, max_length = 100, format = "line", examples("go"))]
    pub slug: String,
    /// The level.
    pub level: SkillLevel,
}

/// A reviewer's record of one stage. The developer reads the feedback and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// What was judged.
    #[schema(min_items = 1, max_items = 50)]
    pub criteria: Vec<Criterion>,
    /// The judgement over all.
    pub recommendation: Score,
    /// The levels that this stage showed.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub verified_skills: Vec<SkillVerdict>,
    /// One line that the developer reads once the stage is passed.
    #[schema(min_length = 1, max_length = 1000, format = "prose")]
    pub feedback: Option<String>,
    /// For reviewers only.
    #[schema(min_length = 1, max_length = 10000, format = "prose")]
    pub private_notes: Option<String>,
}

impl Scorecard {
    /// Notes a fault for each criterion that is given twice.
    pub fn check(&self, faults: &mut Faults) {
        repetitions(self.criteria.iter().map(|each| each.criterion.as_str()), "/criteria", "criterion", faults);
    }

    /// What the card says, in ten-thousandths: half the criteria's mean, half the recommendation.
    fn worth(&self) -> u32 {
        let criteria = mean(self.criteria.iter().map(|each| each.score.worth())).unwrap_or_else(|| self.recommendation.worth());
        u32::midpoint(criteria, self.recommendation.worth())
    }
}

impl Score {
    /// In ten-thousandths: a third for each step up.
    fn worth(self) -> u32 {
        match self {
            Self::DefinitelyNot => 0,
            Self::No => 3_333,
            Self::Yes => 6_667,
            Self::StrongYes => 10_000,
        }
    }
}

/// The slugs of `skills`.
pub fn slugs(skills: &[SkillVerdict]) -> impl Iterator<Item = &str> {
    skills.iter().map(|skill| skill.slug.as_str())
}

/// Notes a fault at `<list>/<index>/<field>` for every name that came before.
pub fn repetitions<'a>(names: impl Iterator<Item = &'a str>, list: &str, field: &str, faults: &mut Faults) {
    let mut seen = std::collections::BTreeSet::new();
    for (index, name) in names.enumerate() {
        faults.check(seen.insert(name), &format!("{list}/{index}/{field}"), "must not be given twice");
    }
}

/// From 0 to 100 over all stages: the mean of the stages, each the mean of its cards; 0 without cards.
/// Shown to admins; matching never uses it.
pub fn vetting_score(cards: &[(Stage, Scorecard)]) -> u8 {
    let of_stage = |stage: &Stage| mean(cards.iter().filter(|(of, _)| of == stage).map(|(_, card)| card.worth()));
    let stages = Stage::ALL.iter().filter_map(of_stage);
    let percent = (mean(stages).unwrap_or_default() + 50) / 100;
    u8::try_from(percent).unwrap_or(100)
}

/// Rounded to the nearest; `None` of nothing.
fn mean(values: impl Iterator<Item = u32>) -> Option<u32> {
    let (sum, count) = values.fold((0, 0), |(sum, count), value| (sum + value, count + 1));
    (sum + count / 2).checked_div(count)
}

/// Until when an approval of `approved_at` holds: `months` calendar months on, by UTC.
pub fn valid_until(approved_at: Instant, months: u32) -> Instant {
    approved_at.utc().checked_add_months(Months::new(months)).map_or(approved_at, Instant::new)
}

/// From when a passed stage still counts at `now`: `months` calendar months back, by UTC.
pub fn kept_since(now: Instant, months: u32) -> Instant {
    now.utc().checked_sub_months(Months::new(months)).map_or(now, Instant::new)
}

/// `days` days of 24 hours after `at`.
pub fn days_after(at: Instant, days: i64) -> Instant {
    at.plus(TimeDelta::days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(scores: &[Score], recommendation: Score) -> Scorecard {
        let criterion = |(index, score): (usize, &Score)| Criterion {
            criterion: format!("criterion {index}"),
            score: *score,
            evidence: "Seen.".to_owned(),
        };
        let criteria = scores.iter().enumerate().map(criterion).collect();
        Scorecard { criteria, recommendation, verified_skills: Vec::new(), feedback: None, private_notes: None }
    }

    #[test]
    fn the_score_spans_nought_to_a_hundred_and_grows_with_every_word() {
        assert_eq!(vetting_score(&[]), 0);
        let scores: Vec<u8> = Score::ALL.iter().map(|score| vetting_score(&[(Stage::ScreeningCall, card(&[*score], *score))])).collect();
        assert_eq!(scores, [0, 33, 67, 100]);
        let mixed = card(&[Score::Yes, Score::StrongYes], Score::No);
        assert_eq!(vetting_score(&[(Stage::ScreeningCall, mixed.clone())]), 58);
        // Two cards in one stage weigh as much as one in another.
        let yes = |stage| (stage, card(&[Score::StrongYes], Score::StrongYes));
        let no = |stage| (stage, card(&[Score::DefinitelyNot], Score::DefinitelyNot));
        assert_eq!(vetting_score(&[yes(Stage::ScreeningCall), yes(Stage::ScreeningCall), no(Stage::TechnicalInterview)]), 50);
    }

    #[test]
    fn a_card_is_read_as_clients_send_it() {
        let card: Scorecard = serde_json::from_str(
            r#"{"criteria": [{"criterion": "overall", "score": "yes", "evidence": "…"}], "recommendation": "strong_yes",
                "verified_skills": [{"slug": "go", "level": 5}], "feedback": "read by the developer", "private_notes": "…"}"#,
        )
        .unwrap();
        assert_eq!(card.verified_skills[0].level.number(), 5);
        let faults = |card: &Scorecard| {
            let mut faults = Faults::default();
            card.check(&mut faults);
            faults.finish()
        };
        assert!(faults(&card).is_ok());
        let criterion = card.criteria[0].clone();
        let twice = Scorecard { criteria: vec![criterion.clone(), criterion], ..card };
        assert_eq!(faults(&twice).unwrap_err().faults[0].pointer, "/criteria/1/criterion");
        assert!(serde_json::from_str::<SkillVerdict>(r#"{"slug": "go", "level": 6}"#).is_err());
        assert!(serde_json::from_str::<SkillVerdict>(r#"{"slug": "go", "level": 5, "years": 1}"#).is_err());
    }

    #[test]
    fn the_schema_holds_the_limits() {
        let schema = serde_json::to_value(<Criterion as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["properties"]["evidence"]["maxLength"], 4000);
        assert_eq!(schema["properties"]["evidence"]["format"], "prose");
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn dates_of_a_decision() {
        let at = |text: &str| Instant::new(text.parse().unwrap());
        assert_eq!(valid_until(at("2026-08-31T10:00:00Z"), 18), at("2028-02-29T10:00:00Z"));
        assert_eq!(days_after(at("2026-01-01T23:00:00Z"), 90), at("2026-04-01T23:00:00Z"));
    }
}
