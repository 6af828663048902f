//! Answers that stand: what was found for a saved request is kept, and kept true by whoever changes, so that a page of matches
//! that is looked at again and again is not found anew each time.
//!
//! A change takes the developer out of every standing answer as they were, and puts them in again as they have become: two
//! verdicts and at most two scores for each answer, whatever the number of developers. Of the best, twice the longest page is
//! kept; whoever comes in below the last of them is left out, since others who are not kept may stand before. When so many
//! have left that a page cannot be filled, the answer falls, and the next question is asked of everybody.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use hashbrown::HashMap;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::Request;
use crate::matching::engine_ask::Ask;
use crate::matching::engine_ask::Found;
use crate::matching::engine_best::Rank;
use crate::matching::engine_best::best;
use crate::matching::engine_best::rank;
use crate::matching::engine_count::tally;
use crate::matching::engine_member::Member;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_points::Scale;
use crate::matching::engine_sweep::Verdicts;

/// How many of the best are kept: twice the longest page. The small pools of tests shall fill it, too.
pub const DEPTH: usize = if cfg!(test) { 6 } else { 100 };
/// How many answers stand at the most, each of about seven kilobytes: every change of a developer goes through all of them,
/// some fifty microseconds.
const MOST: usize = 256;

/// One answer, as of now.
#[derive(Debug)]
pub struct StandingAnswer {
    request: Request,
    organization: Option<OrganizationId>,
    invited: Vec<DeveloperId>,
    today: NaiveDate,
    plan: Plan,
    scale: Scale,
    verdicts: Verdicts,
    /// The best first: exactly the first ones of all who pass.
    ranks: Vec<Rank>,
    /// Whether somebody has asked since room was last made.
    asked: bool,
}

impl StandingAnswer {
    /// What was found of everybody for `ask`: each verdict, and at least [`DEPTH`] of the best where so many pass.
    pub fn new(ask: &Ask<'_>, plan: Plan, scale: Scale, verdicts: Verdicts, ranks: Vec<Rank>) -> Self {
        let (request, invited) = (ask.request.clone(), ask.invited.to_vec());
        Self { request, organization: ask.organization, invited, today: ask.today, plan, scale, verdicts, ranks, asked: true }
    }

    fn is_of(&self, ask: &Ask<'_>) -> bool {
        let asked = (ask.organization, ask.today, ask.invited) == (self.organization, self.today, self.invited.as_slice());
        asked && *ask.request == self.request
    }

    /// Whether everybody who passes is kept.
    fn holds_all(&self) -> bool {
        self.verdicts.first().is_some_and(|passing| *passing == self.ranks.len() as u64)
    }

    /// The answer to `ask`, which is the question that it stands for; `None` where too few are kept.
    pub fn found(&self, ask: &Ask<'_>, pool: u64) -> Option<Found> {
        if self.ranks.len() < ask.limit && !self.holds_all() {
            return None;
        }
        let best = self.ranks.iter().map(|rank| best(*rank)).take_while(|best| best.score >= ask.min_score).take(ask.limit);
        Some(Found { best: best.collect(), tally: tally(pool, &self.verdicts, ask.gates), facets: None })
    }

    fn leave(&mut self, member: &Member<'_>) {
        let Some(verdict) = member.verdict(&self.plan, self.organization) else { return };
        if let Some(count) = self.verdicts.get_mut(usize::from(verdict)) {
            *count = count.saturating_sub(1);
        }
        if verdict == 0 {
            self.ranks.retain(|rank| best(*rank).developer != member.id);
        }
    }

    fn join(&mut self, member: &Member<'_>) {
        let Some(verdict) = member.verdict(&self.plan, self.organization) else { return };
        if verdict == 0 {
            self.take_place(member);
        }
        if let Some(count) = self.verdicts.get_mut(usize::from(verdict)) {
            *count += 1;
        }
    }

    fn take_place(&mut self, member: &Member<'_>) {
        let Some(score) = self.scale.score(&self.plan, &member.packed, self.invited.contains(&member.id), 0) else { return };
        let rank = rank(self.plan.lot, score, member.id);
        let place = self.ranks.partition_point(|each| *each > rank);
        if place < self.ranks.len() || self.holds_all() {
            self.ranks.insert(place, rank);
            self.ranks.truncate(DEPTH);
        }
    }
}

/// All answers that stand.
#[derive(Debug, Default)]
pub struct Standing(Mutex<HashMap<JobRequestId, StandingAnswer>>);

impl Standing {
    /// The answer to `ask`, if one stands; `pool` are those whom nothing blocks.
    pub fn found(&self, id: JobRequestId, ask: &Ask<'_>, pool: u64) -> Option<Found> {
        let mut answers = self.lock();
        let answer = answers.get_mut(&id).filter(|answer| answer.is_of(ask))?;
        answer.asked = true;
        answer.found(ask, pool)
    }

    /// Keeps an answer. Where there is no room, those go first that nobody has asked for since room was last made; if all were
    /// asked for, the new one is not kept.
    pub fn keep(&self, id: JobRequestId, answer: StandingAnswer) {
        let mut answers = self.lock();
        if answers.len() >= MOST && !answers.contains_key(&id) {
            answers.retain(|_, answer| std::mem::take(&mut answer.asked));
        }
        if answers.len() < MOST || answers.contains_key(&id) {
            answers.insert(id, answer);
        }
    }

    /// Whether none stands.
    pub fn is_empty(&mut self) -> bool {
        self.all().is_empty()
    }

    /// Lets those fall that were made with another edition of the dictionary.
    pub fn keep_edition(&mut self, edition: u64) {
        self.all().retain(|_, answer| answer.plan.edition == edition);
    }

    /// Takes a developer out as they are.
    pub fn leave(&mut self, member: &Member<'_>) {
        self.all().values_mut().for_each(|answer| answer.leave(member));
    }

    /// Puts a developer in as they are.
    pub fn join(&mut self, member: &Member<'_>) {
        self.all().values_mut().for_each(|answer| answer.join(member));
    }

    fn all(&mut self) -> &mut HashMap<JobRequestId, StandingAnswer> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobRequestId, StandingAnswer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
