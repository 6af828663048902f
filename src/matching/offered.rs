//! An open request as developers see it before an offer, and why it fits one of them or does not.

use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::card::Standing;
use crate::developers::card::VettedStatus;
use crate::jobs::domain::JobRequest;
use crate::jobs::view::Work;
use crate::kernel::clock::Instant;
use crate::kernel::ids::JobRequestId;
use crate::kernel::words::Word as _;
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
    /// What is to be done.
    #[serde(flatten)]
    pub work: Work,
    /// When it was written.
    pub created_at: Instant,
}

impl From<JobRequest> for OpenRequest {
    fn from(job: JobRequest) -> Self {
        Self { id: job.id, work: job.fields.into(), created_at: job.created_at }
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
