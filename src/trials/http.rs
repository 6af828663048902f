//! Routes of trials.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::answer::Call;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::trials::expansion::{Expand, TrialPage};
use crate::trials::model::StepBody;
use crate::trials::offer::{NewTrial, Replacement};
use crate::trials::process::{Action, TrialState};
use crate::trials::service::Trials;
use crate::trials::terms::TermsPatch;
use crate::trials::views::{EventView, TrialView};
use crate::web::answer;
use crate::web::ask::{Ask, Signed};
use crate::web::page;
use crate::web::path::Path;
use crate::web::problem::Problem;
use crate::web::query::Query;

/// Which trials.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<TrialState>,
    /// What to read along, in `included`: `developer`, `job_request`, or both with a comma between them.
    #[param(pattern = "^(developer|job_request)(,(developer|job_request))?$", max_length = 40, example = "developer,job_request")]
    pub expand: Option<String>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// A step, with a reason where it needs one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialReason {
    /// The reason, as a word such as `not_the_right_fit`.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// Other terms: only what is to change, in the shape of the offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherTerms {
    /// Another first day.
    pub starts_on: Option<NaiveDate>,
    /// The terms that are to change.
    #[serde(default)]
    #[schema(inline = false)]
    pub terms: Option<TermsPatch>,
    /// The reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// An end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndOfTrial {
    /// The reason, as a word such as `not_the_right_fit`.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
    /// The last day of work, in the contract's zone; the earliest possible when left out.
    pub last_day: Option<NaiveDate>,
}

/// What may change while a trial runs: only what is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendedTerms {
    /// What an hour costs.
    pub hourly_rate: Option<Money>,
    /// Hours per week that the trial holds.
    #[schema(minimum = 1, maximum = 168)]
    pub hours_per_week: Option<i64>,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 4000, format = "prose")]
    pub scope: Option<String>,
}

/// Other terms for a trial that runs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The terms that are to change.
    pub terms: AmendedTerms,
    /// The reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// More days.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// How many calendar days.
    #[schema(minimum = 1, maximum = 366, examples(7))]
    pub days: i64,
    /// The reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// The reason, in words; the other party reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// An offer to go on for good; what is left out is as in the trial.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionOffer {
    /// The first day; the day on which the trial ends, or tomorrow, when left out.
    pub starts_on: Option<NaiveDate>,
    /// Rate and hours.
    #[serde(default)]
    #[schema(inline = false)]
    pub terms: Option<EngagementTerms>,
    /// The reason, as a word.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 60)]
    pub reason_code: Option<String>,
    /// What else is offered, in words; the developer reads it.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: Option<String>,
}

/// What is agreed about the time after the trial.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementTerms {
    /// What an hour costs.
    pub hourly_rate: Option<Money>,
    /// Hours per week.
    #[schema(minimum = 1, maximum = 168)]
    pub hours_per_week: Option<i64>,
}

impl From<Amendment> for StepBody {
    fn from(Amendment { terms, reason_code, message }: Amendment) -> Self {
        let AmendedTerms { hourly_rate, hours_per_week, scope } = terms;
        let terms = TermsPatch { hourly_rate, hours_per_week, scope, ..TermsPatch::default() };
        Self { reason_code, message, terms, ..Self::default() }
    }
}

impl From<Extension> for StepBody {
    fn from(Extension { days, reason_code, message }: Extension) -> Self {
        Self { reason_code, message, days: Some(days), ..Self::default() }
    }
}

impl From<ConversionOffer> for StepBody {
    fn from(ConversionOffer { starts_on, terms, reason_code, message }: ConversionOffer) -> Self {
        let EngagementTerms { hourly_rate, hours_per_week } = terms.unwrap_or(EngagementTerms { hourly_rate: None, hours_per_week: None });
        let terms = TermsPatch { hourly_rate, hours_per_week, ..TermsPatch::default() };
        Self { reason_code, message, starts_on, terms, ..Self::default() }
    }
}

impl From<TrialReason> for StepBody {
    fn from(TrialReason { reason_code, message }: TrialReason) -> Self {
        Self { reason_code, message, ..Self::default() }
    }
}

impl From<OtherTerms> for StepBody {
    fn from(OtherTerms { starts_on, terms, reason_code, message }: OtherTerms) -> Self {
        Self { reason_code, message, starts_on, terms: terms.unwrap_or_default(), ..Self::default() }
    }
}

impl From<EndOfTrial> for StepBody {
    fn from(EndOfTrial { reason_code, message, last_day }: EndOfTrial) -> Self {
        Self { reason_code, message, last_day, ..Self::default() }
    }
}

async fn take(trials: &Trials, call: Call, id: TrialId, action: Action, body: impl Into<StepBody>) -> Result<HttpResponse> {
    Ok(answer::ok(trials.step(call, id, action, body.into()).await?))
}

/// Offer a trial to a developer. The client signs the terms with it; the developer has 7 days, or until the start, to
/// answer. Role: client.
#[utoipa::path(tag = "trials", request_body = NewTrial, responses((status = 201, body = TrialView, description = "The offer")), security(("bearer" = [])))]
#[post("/v1/trials")]
async fn offer_trial(ask: Ask<NewTrial>, trials: Data<Trials>) -> Result<HttpResponse> {
    Ok(answer::created(trials.offer(ask.call, ask.body).await?, "/v1/trials"))
}

/// List one's own trials, newest first. Role: client (the organisation's), developer (own), admin (all).
///
/// `expand` adds the developers, as you may see each, and the job requests that the trials name.
#[utoipa::path(tag = "trials", params(TrialQuery), responses((status = 200, body = TrialPage, description = "The trials")), security(("bearer" = [])))]
#[get("/v1/trials")]
async fn list_trials(Signed(principal): Signed, query: Query<TrialQuery>, trials: Data<Trials>) -> Result<HttpResponse> {
    let TrialQuery { state, expand, limit, cursor } = query.0;
    let asked = |word: &str| expand.iter().flat_map(|list| list.split(',')).any(|each| each == word);
    let expand = Expand { developer: asked("developer"), job_request: asked("job_request") };
    answer::json(&trials.list_with(principal, state, PageQuery { limit, cursor }, expand).await?)
}

/// Read a trial: its terms, signatures, key dates, and what can be done. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = TrialView, description = "The trial")), security(("bearer" = [])))]
#[get("/v1/trials/{id}")]
async fn read_trial(Signed(principal): Signed, id: Path<TrialId>, trials: Data<Trials>) -> Result<HttpResponse> {
    let view = trials.get(principal, id.0).await?;
    answer::versioned(view.version, &view)
}

/// List the steps of a trial, the first one first. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial"), PageQuery), responses((status = 200, body = Page<EventView>, description = "The steps")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/events")]
async fn list_trial_events(
    Signed(principal): Signed,
    id: Path<TrialId>,
    page: Query<PageQuery>,
    trials: Data<Trials>,
) -> Result<HttpResponse> {
    answer::json(&trials.events(principal, id.0, page.0).await?)
}

/// Read the key dates of a trial as a calendar (RFC 5545): the same that is attached to mails. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = String, content_type = "text/calendar", description = "The calendar"), (status = 409, body = Problem, content_type = "application/problem+json", description = "There are no key dates now")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/calendar.ics")]
async fn read_trial_calendar(Signed(principal): Signed, id: Path<TrialId>, trials: Data<Trials>) -> Result<HttpResponse> {
    let calendar = trials.calendar(principal, id.0).await?;
    Ok(HttpResponse::Ok().content_type("text/calendar; charset=utf-8").body(calendar))
}

/// Read the contract as a page to be printed: the terms, who pays with an example worked out, both signatures with the hash of
/// what was signed, and the history. Role: the two parties, admin.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), responses((status = 200, body = String, content_type = "text/html", description = "The contract")), security(("bearer" = [])))]
#[get("/v1/trials/{id}/contract")]
async fn read_contract(Signed(principal): Signed, id: Path<TrialId>, trials: Data<Trials>) -> Result<HttpResponse> {
    Ok(page::html(StatusCode::OK, trials.contract_page(principal, id.0).await?))
}

/// Offer a trial to somebody else instead of one that came to nothing, for the same job request; at most three times. Role: client.
#[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial that came to nothing")), request_body = Replacement, responses((status = 201, body = TrialView, description = "The offer")), security(("bearer" = [])))]
#[post("/v1/trials/{id}/replace")]
async fn replace_trial(id: Path<TrialId>, ask: Ask<Replacement>, trials: Data<Trials>) -> Result<HttpResponse> {
    Ok(answer::created(trials.replace(ask.call, id.0, ask.body).await?, "/v1/trials"))
}

/// Declares the handler of one step; all of them answer with the trial as it is then.
macro_rules! step {
    ($(#[doc = $doc:literal])+ $name:ident, $path:literal, $body:ty, $action:ident) => {
        $(#[doc = $doc])+
        #[utoipa::path(tag = "trials", params(("id" = TrialId, Path, description = "The trial")), request_body = $body,
            responses((status = 200, body = TrialView, description = "The trial after the step")), security(("bearer" = [])))]
        #[post($path)]
        async fn $name(id: Path<TrialId>, ask: Ask<$body>, trials: Data<Trials>) -> Result<HttpResponse> {
            take(&trials, ask.call, id.0, Action::$action, ask.body).await
        }
    };
}

step!(
    /// Answer an offer with other terms: only what is to change, `terms` in the shape of the offer. They become the next
    /// version, which the developer signs with it. Role: developer.
    counter_trial, "/v1/trials/{id}/counter", OtherTerms, Counter
);
step!(
    /// Answer a counter-offer with new terms, which the client signs with it. Role: client.
    revise_trial, "/v1/trials/{id}/revise", OtherTerms, Revise
);
step!(
    /// Sign: the trial is scheduled, its hours and its seat are held. Role: developer of an offer, client of a counter-offer.
    accept_trial, "/v1/trials/{id}/accept", TrialReason, Accept
);
step!(
    /// Say no to an offer. Role: developer of an offer, client of a counter-offer.
    decline_trial, "/v1/trials/{id}/decline", TrialReason, Decline
);
step!(
    /// Take one's own offer back. Role: client of an offer, developer of a counter-offer.
    withdraw_trial, "/v1/trials/{id}/withdraw", TrialReason, Withdraw
);
step!(
    /// Call a scheduled trial off, with a reason. Role: the two parties; admin with the reason in words.
    cancel_trial, "/v1/trials/{id}/cancel", TrialReason, Cancel
);
step!(
    /// Let a trial rest, with a reason: its end moves by the days of the pause, at most 14 in all. Role: the two parties;
    /// admin with the reason in words.
    pause_trial, "/v1/trials/{id}/pause", TrialReason, Pause
);
step!(
    /// Go on after a pause. Role: of the two parties, whoever has paused it; admin with the reason in words.
    resume_trial, "/v1/trials/{id}/resume", TrialReason, Resume
);
step!(
    /// Propose another rate, other hours or another scope from now on; the other party agrees or refuses within 5 days.
    /// Role: the two parties.
    amend_trial, "/v1/trials/{id}/amend", Amendment, Amend
);
step!(
    /// Propose more days, once, at most 14; the other party agrees or refuses within 5 days. Role: the two parties.
    extend_trial, "/v1/trials/{id}/extend", Extension, Extend
);
step!(
    /// Offer to go on for good; the developer answers within 5 days. The trial's clock keeps running. Role: client.
    offer_conversion, "/v1/trials/{id}/offer-conversion", ConversionOffer, OfferConversion
);
step!(
    /// Agree to go on for good: the trial is over, the hours stay with this client until you release them. Role: developer.
    accept_conversion, "/v1/trials/{id}/accept-conversion", TrialReason, AcceptConversion
);
step!(
    /// Rather not go on for good: the trial stands as before. Role: developer.
    decline_conversion, "/v1/trials/{id}/decline-conversion", TrialReason, DeclineConversion
);
step!(
    /// Contest a termination, once, within 30 days, with the reason in words. Role: the two parties.
    appeal_termination, "/v1/trials/{id}/appeal", TrialReason, Appeal
);
step!(
    /// Answer an appeal in words. Role: an admin who was not involved.
    decide_trial_appeal, "/v1/trials/{id}/decide-appeal", TrialReason, DecideAppeal
);
step!(
    /// End a trial, with a reason. Work goes on through the last day, which leaves the agreed notice. Role: the two parties.
    end_trial, "/v1/trials/{id}/end", EndOfTrial, End
);
step!(
    /// Propose to end a trial together, without notice; the other party agrees or refuses within 5 days. Role: the two parties.
    propose_to_end_trial, "/v1/trials/{id}/end-together", EndOfTrial, EndTogether
);
step!(
    /// Agree to what the other party proposes. Role: the two parties.
    agree_to_proposal, "/v1/trials/{id}/agree", TrialReason, Agree
);
step!(
    /// Refuse what the other party proposes. Role: the two parties.
    refuse_proposal, "/v1/trials/{id}/refuse", TrialReason, Refuse
);
step!(
    /// End a trial for cause, with the reason in words: work stops at once. Role: admin.
    terminate_trial, "/v1/trials/{id}/terminate", TrialReason, Terminate
);

/// All of them.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(offer_trial)
        .service(list_trials)
        .service(read_trial)
        .service(list_trial_events)
        .service(read_trial_calendar)
        .service(read_contract);
    config.service(counter_trial).service(revise_trial).service(accept_trial).service(decline_trial).service(withdraw_trial);
    config.service(cancel_trial).service(end_trial).service(propose_to_end_trial).service(agree_to_proposal);
    config.service(refuse_proposal).service(terminate_trial).service(pause_trial).service(resume_trial);
    config.service(amend_trial).service(extend_trial).service(offer_conversion).service(accept_conversion);
    config.service(replace_trial).service(decline_conversion).service(appeal_termination).service(decide_trial_appeal);
}
