//! The answer as people see it: each developer with the whole reason for the score.

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::kernel::craft::EngagementLength;
use crate::kernel::craft::SkillLevel;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::facets::Facets;
use crate::matching::gates::GateCount;
use crate::matching::ranking::Ranked;
use crate::matching::ratio::Points;
use crate::matching::ratio::Ratio;
use crate::matching::rules::Factor;
use crate::matching::rules::Question;
use crate::matching::score;
use crate::matching::score::Assessment;
use crate::matching::score::Confidence;
use crate::matching::score::Score;
use crate::matching::skill_fit::Fit;
use crate::words;

/// The developers who fit, best first, and what became of the pool. `One` is a [`Match`], or one that is written already.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Matches<One> {
    /// The best, at most as many as asked for.
    pub data: Vec<One>,
    /// Vetted developers whom nothing blocks.
    pub pool: u64,
    /// What each gate removed, in the order of the gates; left out when not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<GateCount>>,
    /// How many passed all gates.
    pub total: u64,
    /// What those who passed have; left out when not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
    /// By which weights and rules.
    pub scoring_version: String,
}

/// A developer who fits, and why.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Match<Card: utoipa::ToSchema> {
    /// Who.
    pub developer: Card,
    /// 0 to 100: exactly the sum of the factors' points.
    pub score: Points,
    /// How much of the score rests on what the developer has stated or shown.
    pub confidence: Confidence,
    /// All eight, in order.
    pub factors: Vec<FactorPoints>,
    /// Asked skills that are not there as asked, such as `grpc: asked 3, has 2`.
    pub missing: Vec<String>,
}

/// What one factor gave.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FactorPoints {
    /// Which.
    pub factor: Factor,
    /// What it gave.
    pub points: Points,
    /// The most that it gives: its weight.
    pub max: u32,
    /// What it was computed from.
    pub detail: Vec<Detail>,
}

/// One thing that a factor was computed from: a skill for the first three factors, a fact for the others.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Detail {
    /// An asked skill.
    Skill(SkillDetail),
    /// Something else.
    Fact(FactDetail),
}

/// An asked skill and how the developer has it. Musts stand under `must_have_skills`, the others under
/// `nice_to_have_skills`, those that the developer has under `evidence`.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SkillDetail {
    /// The asked skill.
    pub slug: String,
    /// The asked level.
    pub asked: SkillLevel,
    /// The level that is there, verified before claimed; null where the skill is not there.
    #[schema(required = true)]
    pub has: Option<SkillLevel>,
    /// The substitute by which it is there; null where it is the skill itself.
    #[schema(required = true)]
    pub via: Option<String>,
    /// Whether vetting verified that level.
    pub verified: bool,
    /// The share for which it counts in this factor, 0 to 1; left out where it counts in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub share: Option<f64>,
}

words! {
    /// What a fact is about.
    pub enum FactKind {
        /// `has`: true; the developer accepted an invitation to this request, which counts as full interest.
        AcceptedInvitation => "accepted_invitation",
        /// `asked`: the request's domains; `has`: those that the developer would like.
        PreferredDomains => "preferred_domains",
        /// `asked`: short (up to 12 weeks), medium (up to 26) or long; `has`: whether the developer would like it.
        PreferredLength => "preferred_length",
        /// `asked`: hours per week; `has`: whether they are as many as the developer would like.
        PreferredHours => "preferred_hours",
        /// `asked`: the request's domains; `has`: those that the developer has worked in.
        Domains => "domains",
        /// `has`: true; inside the budget a lower rate is not better.
        RateWithinBudget => "rate_within_budget",
        /// `asked` and `has`: shared working hours on the start date.
        OverlapHours => "overlap_hours",
        /// `asked`: 0; `has`: days between being available and the start, of which at most 14 count.
        DaysFreeBeforeStart => "days_free_before_start",
        /// `asked`: trials that ended; `has`: of these, the ones that ended well.
        TrialsEndedWell => "trials_ended_well",
        /// `asked`: offers and invitations of the last 90 days, at most 10; `has`: of these, the ones answered within 48 hours.
        AnsweredWithin48Hours => "answered_within_48_hours",
    }
}

/// A fact: what was asked, and what there is.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FactDetail {
    /// What it is about.
    pub fact: FactKind,
    /// What the request asks; null where it asks nothing.
    #[schema(required = true, examples(4))]
    pub asked: Value,
    /// What there is; null where the developer has not stated it.
    #[schema(required = true, examples(6.0))]
    pub has: Value,
}

/// The match of `ranked`, shown as `card`, with the whole reason.
pub fn explain<Card: utoipa::ToSchema>(question: &Question<'_>, ranked: &Ranked<'_>, card: Card) -> Match<Card> {
    explained(&Assessment::of(question, ranked.candidate), &ranked.score, card)
}

/// The same from an assessment that is there already.
pub fn explained<Card: utoipa::ToSchema>(assessment: &Assessment<'_>, score: &Score, card: Card) -> Match<Card> {
    let rules = assessment.question.rules;
    let factor = |(factor, points)| FactorPoints { factor, points, max: rules.weights.of(factor), detail: detail(factor, assessment) };
    Match {
        developer: card,
        score: score.total(),
        confidence: score.confidence(rules),
        factors: score.factors().map(factor).collect(),
        missing: assessment.fits.iter().filter_map(|(asked, fit)| Fit::shortfall(asked, fit.as_ref())).collect(),
    }
}

fn detail(factor: Factor, assessment: &Assessment<'_>) -> Vec<Detail> {
    let &Assessment { question, candidate, shared_minutes, .. } = assessment;
    match factor {
        Factor::MustHaveSkills => skills(assessment, |asked| asked.must, |fit| fit.must_share()),
        Factor::NiceToHaveSkills => skills(assessment, |asked| !asked.must, |fit| fit.nice_share()),
        Factor::Evidence => evidence(assessment),
        Factor::DeveloperInterest => interest(question, candidate),
        Factor::Domain => domain(question, candidate),
        Factor::Logistics => logistics(question, candidate, shared_minutes),
        Factor::TrackRecord => vec![fact(FactKind::TrialsEndedWell, candidate.track_record.ended, candidate.track_record.good)],
        Factor::Responsiveness => responsiveness(candidate),
    }
}

fn skills(assessment: &Assessment<'_>, wanted: fn(&AskedSkill) -> bool, share: fn(&Fit<'_>) -> Ratio) -> Vec<Detail> {
    let wanted = assessment.fits.iter().filter(|(asked, _)| wanted(asked));
    wanted.map(|(asked, fit)| skill(asked, fit.as_ref(), fit.as_ref().map_or(Ratio::ZERO, share))).collect()
}

fn evidence(assessment: &Assessment<'_>) -> Vec<Detail> {
    let had = assessment.fits.iter().filter_map(|(asked, fit)| Some((asked, fit.as_ref()?)));
    had.map(|(asked, fit)| skill(asked, Some(fit), fit.held.evidence(assessment.question.today))).collect()
}

fn skill(asked: &AskedSkill, fit: Option<&Fit<'_>>, share: Ratio) -> Detail {
    Detail::Skill(SkillDetail {
        slug: asked.slug.clone(),
        asked: asked.min_level,
        has: fit.map(|fit| fit.held.level),
        via: fit.and_then(|fit| fit.via).map(str::to_owned),
        verified: fit.is_some_and(|fit| fit.held.verified.is_some()),
        share: (share != Ratio::ONE).then(|| share.to_f64()),
    })
}

fn fact(fact: FactKind, asked: impl Into<Value>, has: impl Into<Value>) -> Detail {
    Detail::Fact(FactDetail { fact, asked: asked.into(), has: has.into() })
}

/// Only what the request asks; of the preferences no more is told than whether they meet it.
fn interest(question: &Question<'_>, candidate: &Candidate) -> Vec<Detail> {
    if candidate.accepted(question.request) {
        return vec![fact(FactKind::AcceptedInvitation, Value::Null, true)];
    }
    let request = question.request;
    let would = |share: Option<Ratio>| share.map(|share| share == Ratio::ONE);
    let domains = score::preferred_domains(question, candidate).map(|stated| {
        let preferred = candidate.preferences.domains.as_deref().unwrap_or_default();
        let shared = stated.map(|_| score::shared_domains(&request.domains, preferred));
        fact(FactKind::PreferredDomains, json!(request.domains), json!(shared))
    });
    let length = score::preferred_length(question, candidate).map(|stated| {
        let asked = request.duration_weeks.map(EngagementLength::of);
        fact(FactKind::PreferredLength, json!(asked), would(stated))
    });
    let hours = fact(FactKind::PreferredHours, request.hours_per_week, would(score::preferred_hours(question, candidate)));
    domains.into_iter().chain(length).chain([hours]).collect()
}

fn domain(question: &Question<'_>, candidate: &Candidate) -> Vec<Detail> {
    let asked = &question.request.domains;
    if asked.is_empty() {
        return Vec::new();
    }
    let shared = (!candidate.domains.is_empty()).then(|| score::shared_domains(asked, &candidate.domains));
    vec![fact(FactKind::Domains, json!(asked), json!(shared))]
}

fn logistics(question: &Question<'_>, candidate: &Candidate, shared_minutes: i64) -> Vec<Detail> {
    let hours = |minutes: i64| json!(Ratio::new(minutes, 60).to_f64());
    vec![
        fact(FactKind::RateWithinBudget, Value::Null, true),
        fact(FactKind::OverlapHours, hours(question.overlap_minutes), hours(shared_minutes)),
        fact(FactKind::DaysFreeBeforeStart, 0, score::start_slack(question, candidate)),
    ]
}

fn responsiveness(candidate: &Candidate) -> Vec<Detail> {
    let counted = candidate.responsiveness;
    vec![fact(FactKind::AnsweredWithin48Hours, counted.asked, counted.answered_within_48h)]
}
