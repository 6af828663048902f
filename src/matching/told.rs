//! Matches as they are told: a developer's whole reason for a request as JSON, made once for as long as neither changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use hashbrown::HashMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::matching::cards::{Shown, ShownCard};
use crate::matching::domain::Request;
use crate::matching::explanation::{FactorPoints, Matches, explained};
use crate::matching::gates::Verdict;
use crate::matching::ratio::Points;
use crate::matching::rules::{Question, Rules};
use crate::matching::score::{Assessment, Score};

/// How many matches a half keeps; there are two, and about three kilobytes each.
const HALF: usize = 10_000;

/// What matches are made from besides the developer. Each part is made anew when it changes, so that the same parts and the
/// same developer are the same match.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What is asked.
    pub request: Arc<Request>,
    /// By which rules.
    pub rules: Arc<Rules>,
    /// On which UTC day.
    pub today: NaiveDate,
}

impl Asked {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.request, &other.request) && Arc::ptr_eq(&self.rules, &other.rules) && self.today == other.today
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
    asked: Asked,
    shown: Arc<Shown>,
    score: Points,
    json: Box<RawValue>,
}

impl Matches<Told> {
    /// About how many bytes the answer takes.
    pub fn bytes(&self) -> usize {
        /// What stands around the matches: gates and facets, mostly.
        const AROUND: usize = 4 * 1024;
        AROUND + self.data.iter().map(|told| told.bytes() + 1).sum::<usize>()
    }
}

impl Told {
    /// The match; `None` for a developer who does not pass the gates.
    fn new(asked: &Asked, shown: Arc<Shown>) -> Option<Self> {
        let question = asked.question();
        if Verdict::of(&question, &shown.candidate) != Verdict::Passes {
            return None;
        }
        let assessment = Assessment::of(&question, &shown.candidate);
        let score = Score::from(&assessment);
        let json = to_raw_value(&explained(&assessment, &score, ShownCard(shown.clone()))).ok()?;
        Some(Self(Arc::new(Made { score: score.total(), json, asked: asked.clone(), shown })))
    }

    /// Who.
    pub fn developer(&self) -> DeveloperId {
        self.0.shown.candidate.developer_id
    }

    /// How many bytes it takes in an answer.
    pub fn bytes(&self) -> usize {
        self.0.json.get().len()
    }

    /// 0 to 100.
    pub fn score(&self) -> Points {
        self.0.score
    }

    /// What each factor gave, computed once more.
    pub fn factors(&self) -> Vec<FactorPoints> {
        let Made { asked, shown, .. } = &*self.0;
        let question = asked.question();
        let assessment = Assessment::of(&question, &shown.candidate);
        explained(&assessment, &Score::from(&assessment), ShownCard(shown.clone())).factors
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
    /// The match of each of `shown`, in their order, from memory where the request is saved and nothing has changed; `None`
    /// for a developer who does not pass the gates.
    pub fn of(&self, asked: &Asked, shown: Vec<Arc<Shown>>) -> Vec<Option<Told>> {
        let Some(request) = asked.request.id else { return shown.into_iter().map(|each| Told::new(asked, each)).collect() };
        let key = |shown: &Shown| (request, shown.candidate.developer_id);
        // A statement of its own: the lock is not held while matches are made.
        let mut told = self.halves().all_kept(asked, &shown, key);
        for (told, shown) in told.iter_mut().zip(shown).filter(|(told, _)| told.is_none()) {
            let key = key(&shown);
            *told = Told::new(asked, shown);
            told.iter().for_each(|told| self.halves().put(key, told.clone()));
        }
        told
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn all_kept(&mut self, asked: &Asked, shown: &[Arc<Shown>], key: impl Fn(&Shown) -> Key) -> Vec<Option<Told>> {
        let same = |told: &Told, shown: &Arc<Shown>| told.0.asked.is(asked) && Arc::ptr_eq(&told.0.shown, shown);
        shown.iter().map(|shown| self.kept(&key(shown)).filter(|told| same(told, shown)).cloned()).collect()
    }

    fn kept(&mut self, key: &Key) -> Option<&Told> {
        if !self.young.contains_key(key) {
            let told = self.old.remove(key)?;
            self.put(*key, told);
        }
        self.young.get(key)
    }

    fn put(&mut self, key: Key, told: Told) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, told);
    }
}
