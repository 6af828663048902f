//! What admins are told of the figures. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::week::Week;
use crate::statistics::domain::{Figure, Measure, Span};

/// What counts by how long it took.
const SPANS: [Measure; 3] = [Measure::VettingSpans, Measure::AgreedSpans, Measure::AgreedSpansBySkill];
/// What tells how requests were met.
const IN_ALL: [Measure; 3] = [Measure::Requests, Measure::Agreed, Measure::AgreedSpans];
/// The same by skill.
const BY_SKILL: [Measure; 3] = [Measure::RequestsBySkill, Measure::AgreedBySkill, Measure::AgreedSpansBySkill];

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
    /// Requests that were written in these weeks and opened.
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
    /// How long the middle one of those took, the shorter of two, to within 3.2 %; null where nothing was agreed, and where a week before
    /// medians were counted is among these.
    #[schema(required = true)]
    pub median_hours_to_match: Option<f64>,
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

/// Amounts and totals by measure and name, and amounts by measure, name and how long it took.
#[derive(Default)]
struct Sums {
    sums: BTreeMap<(Measure, String), (i64, i64)>,
    spans: BTreeMap<(Measure, String), BTreeMap<Span, i64>>,
}

impl Sums {
    fn add(&mut self, figure: &Figure) {
        if SPANS.contains(&figure.measure) {
            if let Some((name, span)) = Span::read(&figure.name) {
                *self.spans.entry((figure.measure, name.to_owned())).or_default().entry(span).or_default() += figure.amount;
            }
            return;
        }
        let sum = self.sums.entry((figure.measure, figure.name.clone())).or_default();
        sum.0 += figure.amount;
        sum.1 += figure.total;
    }

    fn get(&self, measure: Measure, name: &str) -> (i64, i64) {
        self.sums.get(&(measure, name.to_owned())).copied().unwrap_or_default()
    }

    fn all(&self, measure: Measure) -> impl Iterator<Item = (&str, (i64, i64))> {
        self.sums.iter().filter(move |((each, _), _)| *each == measure).map(|((_, name), sum)| (name.as_str(), *sum))
    }

    /// The middle one of `count`, in hours; none where not all of them were counted by how long they took.
    fn median(&self, spans: Measure, name: &str, count: i64) -> Option<f64> {
        let spans = self.spans.get(&(spans, name.to_owned()))?;
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

    fn matching(&self, [requests, agreed, spans]: [Measure; 3], name: &str) -> MatchingFigures {
        let ((requests, seats), (agreed, seconds)) = (self.get(requests, name), self.get(agreed, name));
        MatchingFigures {
            requests,
            seats,
            agreed,
            fill_rate: ratio(agreed, seats, 1.0, 10_000.0),
            average_hours_to_match: ratio(seconds, agreed, 3600.0, 100.0),
            median_hours_to_match: self.median(spans, name, agreed),
        }
    }

    fn vetting(&self) -> Vec<VettingFigures> {
        let states: std::collections::BTreeSet<&str> =
            self.all(Measure::VettingEntered).chain(self.all(Measure::VettingLeft)).map(|(state, _)| state).collect();
        let figures = states.into_iter().map(|state| {
            let ((entered, _), (left, seconds)) = (self.get(Measure::VettingEntered, state), self.get(Measure::VettingLeft, state));
            let (average_hours, median_hours) = (ratio(seconds, left, 3600.0, 100.0), self.median(Measure::VettingSpans, state, left));
            VettingFigures { state: state.to_owned(), entered, left, average_hours, median_hours }
        });
        figures.collect()
    }

    fn skills(&self) -> Vec<SkillFigures> {
        let asked = self.all(Measure::RequestsBySkill).chain(self.all(Measure::AgreedBySkill)).map(|(slug, _)| slug);
        let slugs: std::collections::BTreeSet<&str> = asked.collect();
        let figures = slugs.into_iter().map(|slug| {
            let matching = self.matching(BY_SKILL, slug);
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

    fn week(&self, week: Week) -> WeekFigures {
        let amount = |measure, name| self.get(measure, name).0;
        WeekFigures {
            week,
            submitted: amount(Measure::VettingEntered, "submitted"),
            approved: amount(Measure::VettingEntered, "approved"),
            offered: amount(Measure::Offered, ""),
            converted: amount(Measure::Outcomes, "converted"),
            dead_mails: amount(Measure::Mails, "dead"),
            matching: self.matching(IN_ALL, ""),
        }
    }
}

/// `of` divided by `by` and `unit`, rounded to one part in `parts`; none where there is nothing to divide by.
fn ratio(of: i64, by: i64, unit: f64, parts: f64) -> Option<f64> {
    (by != 0).then(|| (of as f64 / by as f64 / unit * parts).round() / parts)
}

impl Statistics {
    /// What `figures` say of the weeks from `from` to `to`.
    pub fn of(from: Week, to: Week, rolled_up_at: Option<Instant>, figures: &[(Week, Figure)]) -> Self {
        let (mut all, mut by_week) = (Sums::default(), BTreeMap::<Week, Sums>::new());
        for (week, figure) in figures {
            all.add(figure);
            by_week.entry(*week).or_default().add(figure);
        }
        let weeks = std::iter::successors(Some(from), |week| Some(week.next())).take_while(|week| *week <= to);
        let weeks = weeks.map(|week| by_week.remove(&week).unwrap_or_default().week(week)).collect();
        let outcomes = all.all(Measure::Outcomes).map(|(outcome, (trials, _))| OutcomeFigures { outcome: outcome.to_owned(), trials });
        let mails = all.all(Measure::Mails).map(|(state, (mails, retried))| MailFigures { state: state.to_owned(), mails, retried });
        Self {
            from,
            to,
            rolled_up_at,
            vetting: all.vetting(),
            matching: all.matching(IN_ALL, ""),
            trials: TrialFigures {
                offered: all.get(Measure::Offered, "").0,
                agreed: all.get(Measure::Agreed, "").0,
                outcomes: outcomes.collect(),
            },
            mails: mails.collect(),
            weeks,
            skills: all.skills(),
        }
    }
}
