//! Matches as they are told: a developer's whole reason for a request as JSON, made once for as long as neither changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::matching::cards::{Shown, ShownCard};
use crate::matching::domain::Request;
use crate::matching::explanation::{FactorPoints, explained};
use crate::matching::facets::Facets;
use crate::matching::gates::{GateCount, Verdict};
use crate::matching::ratio::Points;
use crate::matching::rules::{Question, Rules};
use crate::matching::score::{Assessment, Score};

/// How many matches a half keeps; there are two, and about three kilobytes each.
const HALF: usize = 10_000;

/// [`Matches`](crate::matching::explanation::Matches) as they are sent: the same members in the same order.
#[derive(Debug, Serialize)]
pub struct ToldMatches {
    /// The best, at most as many as asked for.
    pub data: Vec<Told>,
    /// Vetted developers whom nothing blocks.
    pub pool: u64,
    /// What each gate removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<GateCount>>,
    /// How many passed all gates.
    pub total: u64,
    /// What those who passed have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
    /// By which weights and rules.
    pub scoring_version: String,
}

/// What a match is made from. Each part is made anew when it changes, so that the same parts are the same match.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is asked.
    pub request: Arc<Request>,
    /// By which rules.
    pub rules: Arc<Rules>,
    /// On which UTC day.
    pub today: NaiveDate,
    /// Of whom.
    pub shown: Arc<Shown>,
}

impl Parts {
    fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.request, &other.request)
            && Arc::ptr_eq(&self.rules, &other.rules)
            && Arc::ptr_eq(&self.shown, &other.shown)
            && self.today == other.today
    }

    fn question(&self) -> Question<'_> {
        Question::new(&self.request, &self.rules, self.today)
    }
}

/// A developer who fits, and why; shared with whoever is told the same.
#[derive(Debug, Clone)]
pub struct Told(Arc<Made>);

#[derive(Debug)]
struct Made {
    parts: Parts,
    score: Points,
    json: Box<RawValue>,
}

impl Told {
    /// The match; `None` for a developer who does not pass the gates.
    fn new(parts: Parts) -> Option<Self> {
        let question = parts.question();
        if Verdict::of(&question, &parts.shown.candidate) != Verdict::Passes {
            return None;
        }
        let assessment = Assessment::of(&question, &parts.shown.candidate);
        let score = Score::from(&assessment);
        let json = to_raw_value(&explained(&assessment, &score, ShownCard(parts.shown.clone()))).ok()?;
        let score = score.total();
        Some(Self(Arc::new(Made { parts, score, json })))
    }

    /// Who.
    pub fn developer(&self) -> DeveloperId {
        self.0.parts.shown.candidate.developer_id
    }

    /// 0 to 100.
    pub fn score(&self) -> Points {
        self.0.score
    }

    /// What each factor gave, computed once more.
    pub fn factors(&self) -> Vec<FactorPoints> {
        let Made { parts, .. } = &*self.0;
        let question = parts.question();
        let assessment = Assessment::of(&question, &parts.shown.candidate);
        explained(&assessment, &Score::from(&assessment), ShownCard(parts.shown.clone())).factors
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

type Key = (JobRequestId, DeveloperId);

/// The matches of saved requests that were told lately. A half that is full becomes the old one, and what nobody has asked
/// for since is forgotten with it.
#[derive(Default)]
pub struct Matched(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<Key, Told>,
    old: HashMap<Key, Told>,
}

impl Matched {
    /// The match of these parts, from memory where the request is saved and has not changed; `None` for a developer who
    /// does not pass the gates.
    pub fn of(&self, parts: Parts) -> Option<Told> {
        let Some(request) = parts.request.id else { return Told::new(parts) };
        let key = (request, parts.shown.candidate.developer_id);
        // A statement of its own: the lock is not held while a match is made.
        let kept = self.halves().kept(&key).filter(|told| told.0.parts.are(&parts));
        if kept.is_some() {
            return kept;
        }
        let told = Told::new(parts)?;
        self.halves().put(key, told.clone());
        Some(told)
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn kept(&mut self, key: &Key) -> Option<Told> {
        if let Some(told) = self.old.remove(key) {
            self.put(*key, told);
        }
        self.young.get(key).cloned()
    }

    fn put(&mut self, key: Key, told: Told) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, told);
    }
}
