//! The score: eight factors, each an exact share of its weight, rounded half-up to hundredths; the score is their sum.
//!
//! What a request does not ask gives its factor in full to everybody; what a developer has not stated gives the neutral
//! share, and how many points rest on that decides the confidence.

use crate::kernel::craft::EngagementLength;
use crate::kernel::words::Word;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::gates::shared_minutes;
use crate::matching::ratio::Points;
use crate::matching::ratio::Ratio;
use crate::matching::rules::Factor;
use crate::matching::rules::Question;
use crate::matching::rules::Rules;
use crate::matching::skill_fit::Fit;
use crate::words;

/// Minutes of overlap above need beyond which more is not better.
pub const OVERLAP_CAP: i64 = 120;
/// Days between being available and the start beyond which more is not better.
pub const START_SLACK_CAP: i64 = 14;

words! {
    /// How much of a score rests on what the developer has stated or shown.
    pub enum Confidence {
        /// Nearly all.
        High => "high",
        /// Most.
        Medium => "medium",
        /// Too little to rely on.
        Low => "low",
    }
}

/// What one factor comes to: the share of its points, and the share of it that nothing is known about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    share: Ratio,
    unstated: Ratio,
}

impl Part {
    /// A share that rests on what is known.
    fn known(share: Ratio) -> Self {
        Self { share, unstated: Ratio::ZERO }
    }

    /// The mean of asked things, `None` being what is not stated; of nothing asked it is all.
    fn mean(question: &Question<'_>, asked: &[Option<Ratio>]) -> Self {
        let neutral = question.neutral();
        let share = Ratio::mean(asked.iter().map(|each| each.unwrap_or(neutral)));
        let unstated = Ratio::mean(asked.iter().map(|each| Ratio::whole_if(each.is_none())));
        Self { share: share.unwrap_or(Ratio::ONE), unstated: unstated.unwrap_or(Ratio::ZERO) }
    }
}

/// A developer under a question, with what several rules and the explanation ask for looked up once.
#[derive(Debug, Clone)]
pub struct Assessment<'a> {
    /// What is asked.
    pub question: &'a Question<'a>,
    /// Of whom.
    pub candidate: &'a Candidate,
    /// Every asked skill, in order, and how it is had.
    pub fits: Vec<(&'a AskedSkill, Option<Fit<'a>>)>,
    /// Minutes of the request's workday that are also the developer's.
    pub shared_minutes: i64,
}

impl<'a> Assessment<'a> {
    /// `candidate` under `question`.
    pub fn of(question: &'a Question<'a>, candidate: &'a Candidate) -> Self {
        let fits = question.request.skills.iter().map(|asked| (asked, Fit::best(question, candidate, asked)));
        Self { question, candidate, fits: fits.collect(), shared_minutes: shared_minutes(question, candidate) }
    }
}

type Rule = fn(&Assessment<'_>) -> Part;

/// Every factor with its rule, in the order in which they are explained.
const FACTORS: [(Factor, Rule); 8] = [
    (Factor::MustHaveSkills, must_have_skills),
    (Factor::NiceToHaveSkills, nice_to_have_skills),
    (Factor::Evidence, evidence),
    (Factor::DeveloperInterest, developer_interest),
    (Factor::Domain, domain),
    (Factor::Logistics, logistics),
    (Factor::TrackRecord, track_record),
    (Factor::Responsiveness, responsiveness),
];

/// The mean over the musts, so that no surplus in one hides a gap in another.
fn must_have_skills(assessment: &Assessment<'_>) -> Part {
    let musts = assessment.fits.iter().filter(|(asked, _)| asked.must);
    let shares = musts.map(|(_, fit)| fit.map_or(Ratio::ZERO, |fit| fit.must_share()));
    Part::known(Ratio::mean(shares).unwrap_or(Ratio::ONE))
}

fn nice_to_have_skills(assessment: &Assessment<'_>) -> Part {
    let nices = assessment.fits.iter().filter(|(asked, _)| !asked.must);
    let shares = nices.map(|(asked, fit)| (asked.weight, fit.map_or(Ratio::ZERO, |fit| fit.nice_share())));
    Part::known(Ratio::weighted_mean(shares).unwrap_or(Ratio::ONE))
}

/// The mean over those asked skills that the developer has; who has none of them shows nothing.
fn evidence(assessment: &Assessment<'_>) -> Part {
    let fits = assessment.fits.iter().filter_map(|(_, fit)| *fit);
    let shown = Ratio::mean(fits.map(|fit| fit.held.evidence(assessment.question.today)));
    Part::known(shown.unwrap_or(Ratio::whole_if(assessment.fits.is_empty())))
}

fn developer_interest(&Assessment { question, candidate, .. }: &Assessment<'_>) -> Part {
    if candidate.accepted(question.request) {
        return Part::known(Ratio::ONE);
    }
    let asked = [preferred_domains(question, candidate), preferred_length(question, candidate), Some(preferred_hours(question, candidate))];
    Part::mean(question, &asked.into_iter().flatten().collect::<Vec<_>>())
}

/// What is asked and, inside, what is stated about it: the share of the request's domains that the developer would like.
pub fn preferred_domains(question: &Question<'_>, candidate: &Candidate) -> Option<Option<Ratio>> {
    let preferred = candidate.preferences.domains.as_deref().unwrap_or_default();
    share_of_domains(&question.request.domains, preferred)
}

/// Likewise for the length: whether it is one that the developer would like.
pub fn preferred_length(question: &Question<'_>, candidate: &Candidate) -> Option<Option<Ratio>> {
    let length = EngagementLength::of(question.request.duration_weeks?);
    let stated = candidate.preferences.lengths.as_ref().filter(|lengths| !lengths.is_empty());
    Some(stated.map(|lengths| Ratio::whole_if(lengths.contains(&length))))
}

/// Whether the asked hours, which every request states, are as many as the developer would like.
pub fn preferred_hours(question: &Question<'_>, candidate: &Candidate) -> Option<Ratio> {
    let (asked, preferences) = (question.request.hours_per_week, &candidate.preferences);
    let stated = preferences.min_hours.is_some() || preferences.max_hours.is_some();
    let least = preferences.min_hours.unwrap_or_default();
    let most = preferences.max_hours.unwrap_or(u32::MAX);
    stated.then(|| Ratio::whole_if((least..=most).contains(&asked)))
}

fn domain(&Assessment { question, candidate, .. }: &Assessment<'_>) -> Part {
    let share = share_of_domains(&question.request.domains, &candidate.domains);
    Part::mean(question, share.as_slice())
}

/// Which share of the asked domains is among `own`: the outer `None` where none are asked, the inner where none are stated.
fn share_of_domains(asked: &[String], own: &[String]) -> Option<Option<Ratio>> {
    let shared = shared_domains(asked, own).len();
    let count = |length: usize| i128::try_from(length).unwrap_or(i128::MAX);
    let share = (!own.is_empty()).then(|| Ratio::new(count(shared), count(asked.len())));
    (!asked.is_empty()).then_some(share)
}

/// Those of `asked` that are among `own`, whatever their capitals.
pub fn shared_domains<'a>(asked: &'a [String], own: &[String]) -> Vec<&'a str> {
    let has = |domain: &&String| own.iter().any(|own| own.eq_ignore_ascii_case(domain));
    asked.iter().filter(has).map(String::as_str).collect()
}

/// A third each: the rate, flat since the gate let it in; overlap above need; days free before the start.
fn logistics(assessment: &Assessment<'_>) -> Part {
    let (question, candidate) = (assessment.question, assessment.candidate);
    let start = start_slack(question, candidate).map(|days| Ratio::new(days, START_SLACK_CAP));
    Part::mean(question, &[Some(Ratio::ONE), Some(overlap_above_need(question, assessment.shared_minutes)), start])
}

/// The share of the overlap above need that counts; all of it where no more is possible or none is asked.
fn overlap_above_need(question: &Question<'_>, shared_minutes: i64) -> Ratio {
    let asked = question.overlap_minutes;
    let countable = (question.workday.minutes() - asked).min(OVERLAP_CAP);
    if asked == 0 || countable <= 0 {
        return Ratio::ONE;
    }
    Ratio::new((shared_minutes - asked).clamp(0, countable), countable)
}

/// Days between being available and the start, 0 to [`START_SLACK_CAP`]; `None` where availability is not stated.
pub fn start_slack(question: &Question<'_>, candidate: &Candidate) -> Option<i64> {
    candidate.available_from.map(|date| (question.request.starts_on - date).num_days().clamp(0, START_SLACK_CAP))
}

/// Good endings over all, shrunk to the mean by a Beta(2, 2): two good and two bad ones are assumed before the first, so
/// that nobody is made or broken by one trial, and without any it is exactly half.
fn track_record(&Assessment { candidate, .. }: &Assessment<'_>) -> Part {
    let (ended, good) = (candidate.track_record.ended, candidate.track_record.good);
    let share = Ratio::new(u64::from(good.min(ended)) + 2, u64::from(ended) + 4);
    Part { share, unstated: Ratio::whole_if(ended == 0) }
}

fn responsiveness(&Assessment { question, candidate, .. }: &Assessment<'_>) -> Part {
    let (asked, answered) = (candidate.responsiveness.asked, candidate.responsiveness.answered_within_48h);
    Part::mean(question, &[(asked > 0).then(|| Ratio::new(answered.min(asked), asked))])
}

/// The points of every factor, in order, and how many of them rest on what is not stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    points: [Points; 8],
    unstated: Points,
}

impl Score {
    /// The score of `candidate`, who need not pass the gates: an unmet must then counts nothing.
    pub fn of(question: &Question<'_>, candidate: &Candidate) -> Self {
        Self::from(&Assessment::of(question, candidate))
    }
}

impl From<&Assessment<'_>> for Score {
    fn from(assessment: &Assessment<'_>) -> Self {
        let parts = FACTORS.map(|(factor, rule)| (assessment.question.rules.weights.of(factor), rule(assessment)));
        Self { points: parts.map(|(max, part)| part.share.of(max)), unstated: parts.iter().map(|(max, part)| part.unstated.of(*max)).sum() }
    }
}

impl Score {
    /// The score: the sum of the points of the factors, 0 to 100.
    pub fn total(&self) -> Points {
        self.points.iter().copied().sum()
    }

    /// Every factor with its points, in order.
    pub fn factors(&self) -> impl Iterator<Item = (Factor, Points)> {
        Factor::ALL.iter().copied().zip(self.points)
    }

    /// How much of the score rests on what is stated or shown.
    pub fn confidence(&self, rules: &Rules) -> Confidence {
        match self.unstated {
            unstated if unstated <= rules.high_confidence => Confidence::High,
            unstated if unstated <= rules.medium_confidence => Confidence::Medium,
            _ => Confidence::Low,
        }
    }
}
