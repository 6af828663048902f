//! Matches for a saved request or a search, each with its whole reason.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::db::pool::Db;
use crate::developers::card::PublicCard;
use crate::developers::card_store;
use crate::jobs::domain::{JobRequestFields, RequestedSkill};
use crate::jobs::draft::{JobRequestDraft, Rules as DraftRules};
use crate::jobs::store as job_store;
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::Result;
use crate::kernel::ids::{JobRequestId, OrganizationId};
use crate::kernel::principal::Principal;
use crate::matching::domain::{AskedSkill, LegalCountryLimit, Request, WorkingHours};
use crate::matching::explanation::{Match, Matches, explain};
use crate::matching::ranking::{Ranked, Ranking, rank};
use crate::matching::ratio::Points;
use crate::matching::rules::{Question, Rules, Substitute, Substitutes};
use crate::matching::runs::{MatchRuns, RunHead};
use crate::matching::store;
use crate::skills::domain::Catalogue;
use crate::skills::service::Skills;

/// Which part of the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// So many matches at most, 1 to 50.
    pub limit: usize,
    /// None below this score.
    pub min_score: Points,
    /// Whether the gates are counted.
    pub gates: bool,
}

/// The matching room.
pub struct Matching {
    db: Db,
    clock: SharedClock,
    skills: Arc<Skills>,
    rules: Arc<Rules>,
    runs: Arc<MatchRuns>,
}

impl Matching {
    /// `rules` as configured; the substitutes come from the catalogue with every question.
    pub fn new(db: Db, clock: SharedClock, skills: Arc<Skills>, rules: Rules, runs: Arc<MatchRuns>) -> Self {
        Self { db, clock, skills, rules: rules.into(), runs }
    }

    /// The developers who fit a saved request of the client's organisation, best first.
    ///
    /// # Errors
    /// 403 for everybody but clients, 404 for another's request.
    pub async fn matches(&self, principal: Principal, id: JobRequestId, wanted: Wanted) -> Result<Matches<PublicCard>> {
        let organization = principal.client()?;
        let saved = self.db.read(move |conn| job_store::find_for(conn, organization, id)).await?;
        let version = saved.version;
        let matches = self.answer(request(Some(id), saved.fields), Some(organization), wanted).await?;
        let head = RunHead {
            job_request: id,
            request_version: version,
            organization,
            asked_by: principal.user,
            scoring_version: matches.scoring_version.clone(),
            day: self.clock.now().date(),
            index_version: 0,
            pool: matches.pool,
            total: matches.total,
            gates: matches.gates.clone(),
        };
        let scored: Vec<_> = matches.data.iter().map(|each| (each.developer.id, each.score)).collect();
        self.runs.record(head, &scored, || matches.data.iter().map(|each| each.factors.clone()).collect());
        Ok(matches)
    }

    /// The same for a request that is not saved. A client's blocks hold here too.
    ///
    /// # Errors
    /// 422 with every fault of the request.
    pub async fn search(&self, viewer: Option<Principal>, body: Value, wanted: Wanted) -> Result<Matches<PublicCard>> {
        let catalogue = self.skills.catalogue().await?;
        let rules = DraftRules { rates: &self.rules.rates, catalogue: &catalogue, now: self.clock.now(), current: None };
        let fields = JobRequestDraft(titled(body)).check(&rules)?;
        self.answer(request(None, fields), viewer.and_then(|viewer| viewer.organization), wanted).await
    }

    async fn answer(&self, request: Request, organization: Option<OrganizationId>, wanted: Wanted) -> Result<Matches<PublicCard>> {
        let (now, catalogue) = (self.clock.now(), self.skills.catalogue().await?);
        let rules = Rules { substitutes: substitutes(&catalogue), ..(*self.rules).clone() };
        self.db
            .read(move |conn| {
                let pool = store::pool(conn, organization, now)?;
                let ranking = rank(&request, &pool, &rules, now.date());
                let best = best(&ranking, wanted);
                let ids: Vec<_> = best.iter().map(|ranked| ranked.candidate.developer_id).collect();
                let cards = card_store::cards(conn, &ids)?;
                Ok(view(&request, &rules, now, &ranking, &best, cards, wanted))
            })
            .await
    }
}

/// A search needs no title and no description; the rules for the rest are those of a saved request.
fn titled(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        for name in ["title", "description"] {
            fields.entry(name).or_insert_with(|| json!("search"));
        }
    }
    body
}

fn best<'a, 'b>(ranking: &'b Ranking<'a>, wanted: Wanted) -> Vec<&'b Ranked<'a>> {
    let good = ranking.passing.iter().filter(|ranked| ranked.score.total() >= wanted.min_score);
    good.take(wanted.limit).collect()
}

fn view(
    request: &Request,
    rules: &Rules,
    now: Instant,
    ranking: &Ranking<'_>,
    best: &[&Ranked<'_>],
    cards: Vec<PublicCard>,
    wanted: Wanted,
) -> Matches<PublicCard> {
    let question = Question::new(request, rules, now.date());
    let explained = best.iter().filter_map(|ranked| {
        let card = cards.iter().find(|card| card.id == ranked.candidate.developer_id)?;
        Some(explain(&question, ranked, card.clone()))
    });
    let data: Vec<Match<PublicCard>> = explained.collect();
    Matches {
        data,
        pool: ranking.tally.pool,
        gates: wanted.gates.then(|| ranking.tally.gates()),
        total: ranking.tally.total,
        scoring_version: rules.scoring_version.clone(),
    }
}

/// The substitutes of the catalogue.
pub fn substitutes(catalogue: &Catalogue) -> Substitutes {
    let rows = catalogue.skills().flat_map(|skill| {
        let of = catalogue.substitutes_of(&skill.slug);
        of.iter().map(move |(slug, weight)| {
            let weight = u32::try_from(*weight).unwrap_or_default();
            (skill.slug.to_string(), Substitute { slug: slug.to_string(), weight })
        })
    });
    Substitutes::new(rows)
}

/// A job request's fields as the matcher reads them.
pub fn request(id: Option<JobRequestId>, fields: JobRequestFields) -> Request {
    let small = |number: i64| u32::try_from(number).unwrap_or_default();
    Request {
        id,
        skills: fields.skills.into_iter().map(asked).collect(),
        seniority: fields.seniority,
        domains: fields.domains,
        legal_country_limit: fields.legal_country_limit.map(|limit| LegalCountryLimit { countries: limit.countries, reason: limit.reason }),
        max_hourly_rate: fields.max_hourly_rate,
        hours_per_week: small(fields.hours_per_week),
        starts_on: fields.starts_on,
        duration_weeks: fields.duration_weeks.map(small),
        time_zone: fields.time_zone,
        working_hours: fields.working_hours.map(|hours| WorkingHours { from: hours.from.minutes(), to: hours.to.minutes() }),
        overlap_hours: fields.overlap_hours,
        languages: fields.languages,
    }
}

fn asked(skill: RequestedSkill) -> AskedSkill {
    AskedSkill {
        slug: skill.slug,
        min_level: skill.min_level,
        min_years: skill.min_years,
        must: skill.must,
        weight: u32::try_from(skill.weight).unwrap_or(1),
        allow_adjacent: skill.allow_adjacent,
    }
}
