//! An open request as developers see it before an offer, and why it fits one of them or does not.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::Standing;
use crate::developers::card::VettedStatus;
use crate::developers::profile::WorkingHours;
use crate::jobs::domain::JobRequest;
use crate::jobs::domain::JobRequestFields;
use crate::jobs::domain::LegalCountryLimit;
use crate::jobs::domain::RequestedSkill;
use crate::kernel::clock::Instant;
use crate::kernel::craft::Seniority;
use crate::kernel::ids::JobRequestId;
use crate::kernel::money::Money;
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::matching::domain::Candidate;
use crate::matching::explanation::FactorPoints;
use crate::matching::explanation::explain;
use crate::matching::gates::Gate;
use crate::matching::ranking::Ranked;
use crate::matching::ratio::Points;
use crate::matching::reasons::reason;
use crate::matching::rules::Question;
use crate::matching::score::Confidence;
use crate::matching::score::Score;

/// An open request as any developer may see it: what is to be done, for how much, when; not who asks.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpenRequest {
    /// Its id.
    pub id: JobRequestId,
    /// One line that says what is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// What a developer must know, and what else would be good.
    pub skills: Vec<RequestedSkill>,
    /// The accepted seniorities; empty accepts all.
    pub seniority: Vec<Seniority>,
    /// Business domains.
    pub domains: Vec<String>,
    /// Where the law limits the countries.
    #[schema(required = true)]
    pub legal_country_limit: Option<LegalCountryLimit>,
    /// The most that an hour may cost, in minor units.
    pub max_hourly_rate: Money,
    /// Hours per week.
    pub hours_per_week: i64,
    /// The first day.
    #[schema(value_type = String, format = "date", examples("2026-12-01"))]
    pub starts_on: NaiveDate,
    /// How many weeks; null is open-ended.
    #[schema(required = true)]
    pub duration_weeks: Option<i64>,
    /// Where the working hours and the first day count.
    pub time_zone: TimeZone,
    /// The team's daily hours; 09:00 to 17:00 where null.
    #[schema(required = true)]
    pub working_hours: Option<WorkingHours>,
    /// Hours per day that the developer's working hours share with these.
    pub overlap_hours: f64,
    /// The languages, all of which are needed.
    pub languages: Vec<String>,
    /// When it was written.
    pub created_at: Instant,
}

impl From<JobRequest> for OpenRequest {
    fn from(job: JobRequest) -> Self {
        let JobRequestFields { title, description, skills, seniority, domains, legal_country_limit, max_hourly_rate, .. } = job.fields;
        let JobRequestFields { hours_per_week, starts_on, duration_weeks, time_zone, working_hours, overlap_hours, .. } = job.fields;
        Self {
            id: job.id,
            title,
            description,
            skills,
            seniority,
            domains,
            legal_country_limit,
            max_hourly_rate,
            hours_per_week,
            starts_on,
            duration_weeks,
            time_zone,
            working_hours,
            overlap_hours,
            languages: job.fields.languages,
            created_at: job.created_at,
        }
    }
}

/// An open request that fits, with the explanation that its client sees.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FittingRequest {
    /// The request.
    pub job_request: OpenRequest,
    /// 0 to 100: exactly the sum of the factors' points.
    pub score: Points,
    /// How much of the score rests on what the developer has stated or shown.
    pub confidence: Confidence,
    /// All eight, in order.
    pub factors: Vec<FactorPoints>,
    /// Asked skills that are not there as asked, such as `grpc: asked 3, has 2`.
    pub missing: Vec<String>,
}

/// A page of open requests that fit, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FittingRequests {
    /// The requests.
    pub data: Vec<FittingRequest>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// Why no request can fit, and what would change that; null where requests can.
    #[schema(required = true)]
    pub reason: Option<String>,
}

/// What one gate says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GateAnswer {
    /// Which.
    pub gate: Gate,
    /// Whether it is open to the developer.
    pub passes: bool,
    /// What would open it; null where it is open.
    #[schema(required = true, examples("You state 20 hours a week, of which 8 are held; this request asks 32."))]
    pub reason: Option<String>,
}

/// Why an open request fits a developer, or does not.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WhyMatched {
    /// The request.
    pub job_request: OpenRequest,
    /// Whether the client finds the developer.
    pub fits: bool,
    /// Why the developer is found by nobody, and what would change that; null where clients find the developer.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// All eight, in order; empty for somebody whom nobody finds.
    pub gates: Vec<GateAnswer>,
    /// The score that there is, or would be with every gate open; null for somebody whom nobody finds.
    #[schema(required = true)]
    pub score: Option<Points>,
    /// How much of it rests on what the developer has stated or shown.
    #[schema(required = true)]
    pub confidence: Option<Confidence>,
    /// What it is the sum of.
    pub factors: Vec<FactorPoints>,
    /// Asked skills that are not there as asked.
    pub missing: Vec<String>,
}

/// The request with what `question` comes to for `candidate`.
pub fn fitting(question: &Question<'_>, candidate: &Candidate, job: JobRequest) -> FittingRequest {
    let ranked = Ranked { candidate, score: Score::of(question, candidate) };
    let explained = explain(question, &ranked, ());
    FittingRequest {
        job_request: job.into(),
        score: explained.score,
        confidence: explained.confidence,
        factors: explained.factors,
        missing: explained.missing,
    }
}

/// Why the request fits `candidate` or does not, gate by gate.
pub fn why(question: &Question<'_>, candidate: &Candidate, job: JobRequest) -> WhyMatched {
    let answer = |gate: &Gate| {
        let reason = reason(*gate, question, candidate);
        GateAnswer { gate: *gate, passes: reason.is_none(), reason }
    };
    let gates: Vec<GateAnswer> = Gate::ALL.iter().map(answer).collect();
    let FittingRequest { job_request, score, confidence, factors, missing } = fitting(question, candidate, job);
    let fits = gates.iter().all(|gate| gate.passes);
    WhyMatched { job_request, fits, reason: None, gates, score: Some(score), confidence: Some(confidence), factors, missing }
}

/// The same for somebody whom nobody finds.
pub fn why_not(reason: String, job: JobRequest) -> WhyMatched {
    let (gates, factors, missing) = (Vec::new(), Vec::new(), Vec::new());
    WhyMatched { job_request: job.into(), fits: false, reason: Some(reason), gates, score: None, confidence: None, factors, missing }
}

/// Why nobody finds a developer who stands so after vetting.
pub fn not_matchable(standing: Option<Standing>, now: Instant) -> &'static str {
    match standing {
        None => "You are not vetted yet: apply for vetting, and once you are approved the open requests that fit you stand here.",
        Some(Standing { status: VettedStatus::Suspended, .. }) => "Your vetting is suspended: nothing is matched until it is reinstated.",
        Some(Standing { status: VettedStatus::Revoked, .. }) => "Your vetting was revoked: nothing is matched any more.",
        Some(standing) if !standing.is_matchable(now) => "Your vetting has expired: renew it, and what fits you stands here again.",
        Some(_) => "Your profile names no rate, no hours or no time zone: without all three nobody can find you. Add what is missing.",
    }
}
