//! Percolation: which open requests does a developer fit? The other way round from a question, and as fast.
//!
//! Each request is registered under the skills of the must that the fewest developers have (and its allowed substitutes), there
//! beside those that ask for the same next rarest skill as well, together with the levels of its other musts and four of its
//! gates. So a developer meets only the requests that ask for two of their own skills, passes over most of these by comparing
//! a few numbers, and is asked about the rest in full. A request without
//! musts is asked about everybody, and so is one for a skill that nobody had when it was registered.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Request;
use crate::matching::engine::Engine;
use crate::matching::engine_member::Member;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Quick;
use crate::matching::engine_record::Record;

/// An open request.
struct Open {
    organization: OrganizationId,
    request: Arc<Request>,
    /// Made again by [`Percolator::renew`] when the engine has learned a word since.
    plan: Plan,
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
    fn may_fit(&self, level: u8, levels: &[u8], record: &Record, worth: i64) -> bool {
        let has = |(skill, least): (u16, u8)| levels.get(usize::from(skill)).copied().unwrap_or(0) >= least;
        (level >= self.least_level) & self.gates.may_pass(record, worth) & self.needs.into_iter().fold(true, |all, need| all & has(need))
    }
}

/// Requests of one skill that ask for the same other skill too; 0 is none.
struct Group {
    other: u16,
    registered: Vec<Registered>,
}

impl Group {
    /// Whether a developer with `levels` has the other skill, at whatever level.
    #[inline]
    fn may_fit(&self, levels: &[u8]) -> bool {
        self.other == 0 || levels.get(usize::from(self.other)).is_some_and(|level| *level > 0)
    }
}

/// Every open request, registered so that the ones that a developer may fit are found at once.
#[derive(Default)]
pub struct Percolator {
    open: HashMap<JobRequestId, Open>,
    /// By the skill's number.
    by_skill: Vec<Vec<Group>>,
    for_everybody: Vec<JobRequestId>,
}

impl Percolator {
    /// Registers an open request, or what it has become.
    pub fn put(&mut self, id: JobRequestId, organization: OrganizationId, request: Request, engine: &Engine) {
        self.remove(id);
        let plan = engine.plan(&request);
        self.register(id, &request, plan.quick(), engine);
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
        let mut others: Vec<&AskedSkill> = musts().filter(|asked| asked.slug != rarest.slug && ways(asked, engine).len() == 1).collect();
        others.sort_by_key(|asked| engine.having(&asked.slug));
        let others = others.into_iter().filter_map(|asked| Some((engine.skill(&asked.slug)?, asked.min_level.number())));
        needs.iter_mut().zip(others).for_each(|(place, need)| *place = need);
        for number in numbers {
            self.push(number, Registered { id, least_level: rarest.min_level.number(), needs, gates });
        }
    }

    fn push(&mut self, skill: u16, registered: Registered) {
        let (place, [(other, _), ..]) = (usize::from(skill), registered.needs);
        if self.by_skill.len() <= place {
            self.by_skill.resize_with(place + 1, Vec::new);
        }
        let Some(groups) = self.by_skill.get_mut(place) else { return };
        match groups.iter_mut().find(|group| group.other == other) {
            Some(group) => group.registered.push(registered),
            None => groups.push(Group { other, registered: vec![registered] }),
        }
    }

    /// Makes at most `most` plans again that are older than the engine's words; until then they are made for each question.
    pub fn renew(&mut self, engine: &Engine, most: usize) {
        let stale = self.open.values_mut().filter(|open| engine.is_stale(&open.plan));
        stale.take(most).for_each(|open| open.plan = engine.plan(&open.request));
    }

    /// Forgets a request that is open no more.
    pub fn remove(&mut self, id: JobRequestId) {
        if self.open.remove(&id).is_some() {
            self.by_skill.iter_mut().flatten().for_each(|group| group.registered.retain(|each| each.id != id));
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
        let Some(member) = engine.member(developer) else { return Vec::new() };
        let (record, levels, worth) = (member.record(), member.levels(), member.worth());
        let mut may: Vec<(JobRequestId, &Open)> = Vec::with_capacity(64);
        may.extend(self.for_everybody.iter().filter_map(|id| self.named(*id)));
        for (level, groups) in levels.iter().zip(&self.by_skill).filter(|(level, _)| **level > 0) {
            for group in groups.iter().filter(|group| group.may_fit(&levels)) {
                let registered = group.registered.iter().filter(|each| each.may_fit(*level, &levels, record, worth));
                registered.filter_map(|each| self.named(each.id)).for_each(|named| may.push(named));
            }
        }
        // What the plans say of this record comes into the cache all at once, before they are asked one by one.
        std::hint::black_box(may.iter().fold(0, |all, (_, open)| all ^ open.plan.fetch(record)));
        verified(engine, member, may)
    }

    fn named(&self, id: JobRequestId) -> Option<(JobRequestId, &Open)> {
        Some((id, self.open.get(&id)?))
    }

    /// The same by asking about every open request: the reference that [`Self::fits`] is held against.
    pub fn fits_one_by_one(&self, engine: &Engine, developer: DeveloperId) -> Vec<JobRequestId> {
        let Some(member) = engine.member(developer) else { return Vec::new() };
        verified(engine, member, self.open.iter().map(|(id, open)| (*id, open)))
    }
}

/// Those of `open` that a developer fits in full, newest first.
fn verified<'a>(engine: &Engine, member: Member<'_>, open: impl IntoIterator<Item = (JobRequestId, &'a Open)>) -> Vec<JobRequestId> {
    let fitting = open.into_iter().filter(|(_, open)| open.is_fit(engine, member));
    let mut fitting: Vec<JobRequestId> = fitting.map(|(id, _)| id).collect();
    fitting.sort_unstable_by(|left, right| right.cmp(left));
    fitting.dedup();
    fitting
}

/// The skills by which an asked skill can be had.
fn ways(asked: &AskedSkill, engine: &Engine) -> Vec<String> {
    let substitutes = engine.rules().substitutes.of(&asked.slug).iter().filter(|_| asked.allow_adjacent);
    std::iter::once(asked.slug.clone()).chain(substitutes.map(|each| each.slug.clone())).collect()
}

impl Open {
    fn is_fit(&self, engine: &Engine, member: Member<'_>) -> bool {
        if engine.is_stale(&self.plan) {
            return member.passes(&engine.plan(&self.request), Some(self.organization));
        }
        member.passes(&self.plan, Some(self.organization))
    }
}
