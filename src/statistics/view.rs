//! What admins are told of the figures. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::week::Week;
use crate::statistics::domain::{Measure, Span, Tally};

/// At most so many skills, those that are asked for the most.
const SKILLS: usize = 50;

/// How the house does, over some weeks.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// The first week, Monday to Sunday by UTC.
    pub from: Week,
    /// The last week.
    pub to: Week,
    /// When the figures of the newest week were last rolled up; null before the first time.
    #[schema(required = true)]
    pub rolled_up_at: Option<Instant>,
    /// The vetting funnel: each state that applications came into or left.
    pub vetting: Vec<VettingFigures>,
    /// Job requests, and what came of them.
    pub matching: MatchingFigures,
    /// How long the middle one of those that were agreed took from the request to both signatures, the shorter of two, to within 3.2 %;
    /// null where nothing was agreed, and where a week before medians were counted is among these.
    #[schema(required = true)]
    pub median_hours_to_match: Option<f64>,
    /// Trials.
    pub trials: TrialFigures,
    /// Mails that were due, by state.
    pub mails: Vec<MailFigures>,
    /// Week by week, the oldest first; also weeks in which nothing happened.
    pub weeks: Vec<WeekFigures>,
    /// By skill that requests must have: the most asked for first, at most 50.
    pub skills: Vec<SkillFigures>,
}

/// A state of the vetting process.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VettingFigures {
    /// The state.
    #[schema(examples("screening_call"))]
    pub state: String,
    /// How many applications came into it.
    pub entered: i64,
    /// How many left it.
    pub left: i64,
    /// How long those were in it, on average; null where none left.
    #[schema(required = true)]
    pub average_hours: Option<f64>,
    /// How long the middle one of those was in it, the shorter of two, to within 3.2 %; null where none left, and where a week before
    /// medians were counted is among these.
    #[schema(required = true)]
    pub median_hours: Option<f64>,
}

/// Job requests, and what came of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MatchingFigures {
    /// Requests that were written in these weeks and opened by the end of the week after.
    pub requests: i64,
    /// Their seats.
    pub seats: i64,
    /// Trials that both signed in these weeks, whenever their request was written.
    pub agreed: i64,
    /// `agreed` of `seats`; null where there are no seats. More than 1 where older requests were filled.
    #[schema(required = true)]
    pub fill_rate: Option<f64>,
    /// From the request to both signatures, on average; null where nothing was agreed.
    #[schema(required = true)]
    pub average_hours_to_match: Option<f64>,
}

/// Trials.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TrialFigures {
    /// How many were offered.
    pub offered: i64,
    /// How many both have signed.
    pub agreed: i64,
    /// How those ended that came to an end, offers that came to nothing among them.
    pub outcomes: Vec<OutcomeFigures>,
}

/// How many trials ended in a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutcomeFigures {
    /// The outcome.
    #[schema(examples("converted"))]
    pub outcome: String,
    /// How many.
    pub trials: i64,
}

/// How many mails are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MailFigures {
    /// The state.
    #[schema(examples("sent"))]
    pub state: String,
    /// How many.
    pub mails: i64,
    /// How many of them took more than one attempt.
    pub retried: i64,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WeekFigures {
    /// Which.
    pub week: Week,
    /// Applications that were handed in.
    pub submitted: i64,
    /// Applications that were approved.
    pub approved: i64,
    /// Trials that were offered.
    pub offered: i64,
    /// Trials that went on for good.
    pub converted: i64,
    /// Mails that were given up.
    pub dead_mails: i64,
    /// Job requests, and what came of them.
    #[serde(flatten)]
    pub matching: MatchingFigures,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SkillFigures {
    /// Its slug.
    #[schema(examples("go"))]
    pub slug: String,
    /// Job requests that must have it, and what came of them.
    #[serde(flatten)]
    pub matching: MatchingFigures,
}

fn matching(tally: &Tally, requests: Measure, agreed: Measure, name: &str) -> MatchingFigures {
    let ((requests, seats), (agreed, seconds)) = (tally.get(requests, name), tally.get(agreed, name));
    MatchingFigures {
        requests,
        seats,
        agreed,
        fill_rate: ratio(agreed, seats, 1.0, 10_000.0),
        average_hours_to_match: ratio(seconds, agreed, 3600.0, 100.0),
    }
}

/// The middle one of `count`, in hours; none where not all of them were counted by how long they took.
fn median(tally: &Tally, spans: Measure, name: &str, count: i64) -> Option<f64> {
    let span = |(each, (amount, _)): (_, (i64, i64))| Span::read(each).filter(|(of, _)| *of == name).map(|(_, span)| (span, amount));
    let spans: BTreeMap<Span, i64> = tally.all(spans).filter_map(span).collect();
    if spans.values().sum::<i64>() != count {
        return None;
    }
    let mut before = 0;
    let middle = spans.iter().find(|(_, amount)| {
        before += **amount;
        before * 2 >= count
    });
    ratio(middle?.0.middle(), 1, 3600.0, 100.0)
}

fn vetting(tally: &Tally) -> Vec<VettingFigures> {
    let states: BTreeSet<&str> =
        tally.all(Measure::VettingEntered).chain(tally.all(Measure::VettingLeft)).map(|(state, _)| state).collect();
    let figures = states.into_iter().map(|state| {
        let ((entered, _), (left, seconds)) = (tally.get(Measure::VettingEntered, state), tally.get(Measure::VettingLeft, state));
        let (average_hours, median_hours) = (ratio(seconds, left, 3600.0, 100.0), median(tally, Measure::VettingSpans, state, left));
        VettingFigures { state: state.to_owned(), entered, left, average_hours, median_hours }
    });
    figures.collect()
}

fn skills(tally: &Tally) -> Vec<SkillFigures> {
    let asked = tally.all(Measure::RequestsBySkill).chain(tally.all(Measure::AgreedBySkill)).map(|(slug, _)| slug);
    let slugs: BTreeSet<&str> = asked.collect();
    let figures = slugs.into_iter().map(|slug| {
        let matching = matching(tally, Measure::RequestsBySkill, Measure::AgreedBySkill, slug);
        SkillFigures { slug: slug.to_owned(), matching }
    });
    let mut figures: Vec<SkillFigures> = figures.collect();
    figures.sort_by(|left, right| {
        let rank = |figures: &SkillFigures| (figures.matching.requests, figures.matching.agreed);
        rank(right).cmp(&rank(left)).then_with(|| left.slug.cmp(&right.slug))
    });
    figures.truncate(SKILLS);
    figures
}

/// A week's figures; their names are [`TOLD_BY_WEEK`](crate::statistics::domain::TOLD_BY_WEEK).
fn week(week: Week, tally: &Tally) -> WeekFigures {
    let amount = |measure, name| tally.get(measure, name).0;
    WeekFigures {
        week,
        submitted: amount(Measure::VettingEntered, "submitted"),
        approved: amount(Measure::VettingEntered, "approved"),
        offered: amount(Measure::Offered, ""),
        converted: amount(Measure::Outcomes, "converted"),
        dead_mails: amount(Measure::Mails, "dead"),
        matching: matching(tally, Measure::Requests, Measure::Agreed, ""),
    }
}

/// Each week from `from` to `to`: what stands at its end less what stood at the end of the one before, the first time `before`.
fn weeks(from: Week, to: Week, before: &Tally, mut standing: BTreeMap<Week, Tally>) -> Vec<WeekFigures> {
    let mut last = before.clone();
    let each = std::iter::successors(Some(from), |week| Some(week.next())).take_while(|week| *week <= to);
    let told = each.map(|each| match standing.remove(&each) {
        Some(now) => {
            let told = week(each, &now.since(&last));
            last = now;
            told
        }
        None => week(each, &Tally::default()),
    });
    told.collect()
}

/// `of` divided by `by` and `unit`, rounded to one part in `parts`; none where there is nothing to divide by.
fn ratio(of: i64, by: i64, unit: f64, parts: f64) -> Option<f64> {
    (by != 0).then(|| (of as f64 / by as f64 / unit * parts).round() / parts)
}

impl Statistics {
    /// What the weeks from `from` to `to` say: what stood before them and what stands at their end, and the same `by_week`.
    pub fn of(
        from: Week,
        to: Week,
        rolled_up_at: Option<Instant>,
        (before, until): (&Tally, &Tally),
        by_week: BTreeMap<Week, Tally>,
    ) -> Self {
        let all = until.since(before);
        let outcomes = all.all(Measure::Outcomes).map(|(outcome, (trials, _))| OutcomeFigures { outcome: outcome.to_owned(), trials });
        let mails = all.all(Measure::Mails).map(|(state, (mails, retried))| MailFigures { state: state.to_owned(), mails, retried });
        Self {
            from,
            to,
            rolled_up_at,
            vetting: vetting(&all),
            matching: matching(&all, Measure::Requests, Measure::Agreed, ""),
            median_hours_to_match: median(&all, Measure::AgreedSpans, "", all.get(Measure::Agreed, "").0),
            trials: TrialFigures {
                offered: all.get(Measure::Offered, "").0,
                agreed: all.get(Measure::Agreed, "").0,
                outcomes: outcomes.collect(),
            },
            mails: mails.collect(),
            weeks: weeks(from, to, before, by_week),
            skills: skills(&all),
        }
    }
}
