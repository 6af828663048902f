//! Percolation: which open requests does a developer fit? The other way round from a question, and as fast.
//!
//! Each request is registered under the skills of the must that the fewest developers have (and its allowed substitutes),
//! together with the levels of its other musts and three of its gates, so that a developer meets only the requests that ask for one of their own
//! skills, passes over most of these by comparing a few numbers, and is asked about the rest in full. A request without
//! musts is asked about everybody, and so is one for a skill that nobody had when it was registered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Request;
use crate::matching::engine::Engine;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Quick;
use crate::matching::engine_record::Record;

/// An open request.
struct Open {
    organization: OrganizationId,
    request: Arc<Request>,
    /// Made again when the engine has learned a word since.
    plan: RwLock<Arc<Plan>>,
}

/// How many musts beside the one under which a request is registered are compared at once.
const NEEDS: usize = 3;

/// A request as it is registered under one skill: levels by the skills' numbers, skill 0 asking for nothing.
struct Registered {
    id: JobRequestId,
    least_level: u8,
    needs: [(u16, u8); NEEDS],
    gates: Quick,
}

impl Registered {
    /// Whether a developer with `level` of the skill and `levels` of all has what can be compared at once.
    #[inline]
    fn may_fit(&self, level: u8, levels: &[u8], record: &Record) -> bool {
        let has = |(skill, least): (u16, u8)| levels.get(usize::from(skill)).copied().unwrap_or(0) >= least;
        (level >= self.least_level) & self.gates.may_pass(record) & self.needs.into_iter().fold(true, |all, need| all & has(need))
    }
}

/// Every open request, registered so that the ones that a developer may fit are found at once.
#[derive(Default)]
pub struct Percolator {
    open: HashMap<JobRequestId, Open>,
    /// By the skill's number.
    by_skill: Vec<Vec<Registered>>,
    for_everybody: Vec<JobRequestId>,
}

impl Percolator {
    /// Registers an open request, or what it has become.
    pub fn put(&mut self, id: JobRequestId, organization: OrganizationId, request: Request, engine: &Engine) {
        self.remove(id);
        let plan = engine.plan(&request);
        self.register(id, &request, plan.quick(), engine);
        let plan = RwLock::new(plan.into());
        self.open.insert(id, Open { organization, request: request.into(), plan });
    }

    /// Registers every request under the skills that the engine's rules and developers make of it now.
    pub fn register_anew(&mut self, engine: &Engine) {
        self.by_skill.clear();
        self.for_everybody.clear();
        let open: Vec<(JobRequestId, Arc<Request>)> = self.open.iter().map(|(id, open)| (*id, open.request.clone())).collect();
        for (id, request) in open {
            self.register(id, &request, engine.plan(&request).quick(), engine);
        }
    }

    fn register(&mut self, id: JobRequestId, request: &Request, gates: Quick, engine: &Engine) {
        let musts = || request.skills.iter().filter(|asked| asked.must);
        let having = |asked: &&AskedSkill| ways(asked, engine).iter().map(|slug| engine.having(slug)).sum::<usize>();
        let rarest = musts().min_by_key(having);
        let numbers = rarest.and_then(|rarest| ways(rarest, engine).iter().map(|slug| engine.skill(slug)).collect::<Option<Vec<u16>>>());
        let (Some(rarest), Some(numbers)) = (rarest, numbers) else { return self.for_everybody.push(id) };
        let mut needs = [(0, 0); NEEDS];
        let others = musts().filter(|asked| asked.slug != rarest.slug && ways(asked, engine).len() == 1);
        let others = others.filter_map(|asked| Some((engine.skill(&asked.slug)?, asked.min_level.number())));
        needs.iter_mut().zip(others).for_each(|(place, need)| *place = need);
        for number in numbers.into_iter().map(usize::from) {
            if self.by_skill.len() <= number {
                self.by_skill.resize_with(number + 1, Vec::new);
            }
            if let Some(registered) = self.by_skill.get_mut(number) {
                registered.push(Registered { id, least_level: rarest.min_level.number(), needs, gates });
            }
        }
    }

    /// Forgets a request that is open no more.
    pub fn remove(&mut self, id: JobRequestId) {
        if self.open.remove(&id).is_some() {
            self.by_skill.iter_mut().for_each(|registered| registered.retain(|each| each.id != id));
            self.for_everybody.retain(|each| *each != id);
        }
    }

    /// An open request with its organisation.
    pub fn get(&self, id: JobRequestId) -> Option<(OrganizationId, &Arc<Request>)> {
        self.open.get(&id).map(|open| (open.organization, &open.request))
    }

    /// How many requests are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The open requests all of whose gates `developer` passes, newest first; none for somebody outside the pool.
    pub fn fits(&self, engine: &Engine, developer: DeveloperId) -> Vec<JobRequestId> {
        let Some(record) = engine.record(developer) else { return Vec::new() };
        let levels = engine.levels(developer);
        let own = levels.iter().zip(&self.by_skill).filter(|(level, _)| **level > 0);
        let may =
            own.flat_map(|(level, registered)| registered.iter().filter(|each| each.may_fit(*level, &levels, &record)).map(|each| each.id));
        self.verified(engine, developer, may.chain(self.for_everybody.iter().copied()))
    }

    /// The same by asking about every open request: the reference that [`Self::fits`] is held against.
    pub fn fits_one_by_one(&self, engine: &Engine, developer: DeveloperId) -> Vec<JobRequestId> {
        self.verified(engine, developer, self.open.keys().copied())
    }

    fn verified(&self, engine: &Engine, developer: DeveloperId, candidates: impl Iterator<Item = JobRequestId>) -> Vec<JobRequestId> {
        let fits = |id: &JobRequestId| self.open.get(id).is_some_and(|open| open.is_fit(engine, developer));
        let mut fitting: Vec<JobRequestId> = candidates.filter(fits).collect();
        fitting.sort_unstable_by(|left, right| right.cmp(left));
        fitting.dedup();
        fitting
    }
}

/// The skills by which an asked skill can be had.
fn ways(asked: &AskedSkill, engine: &Engine) -> Vec<String> {
    let substitutes = engine.rules().substitutes.of(&asked.slug).iter().filter(|_| asked.allow_adjacent);
    std::iter::once(asked.slug.clone()).chain(substitutes.map(|each| each.slug.clone())).collect()
}

impl Open {
    fn is_fit(&self, engine: &Engine, developer: DeveloperId) -> bool {
        let known = self.plan.read().unwrap_or_else(PoisonError::into_inner);
        if !engine.is_stale(&known) {
            return engine.passes(&known, Some(self.organization), developer);
        }
        drop(known);
        let plan = Arc::new(engine.plan(&self.request));
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = plan.clone();
        engine.passes(&plan, Some(self.organization), developer)
    }
}
