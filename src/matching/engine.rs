//! The matching engine: every vetted developer in memory, and the best of them for a request in microseconds.
//!
//! It gives the answer of the reference matcher ([`crate::matching::ranking`]), to the hundredth and in the same order; a
//! property test holds the two against each other. Nothing here reads a clock, a file or the database: whoever keeps it
//! puts in what changed.
//!
//! # The layout
//! Each developer stands in a *slot*. What is known of a slot lies in columns, so that a question reads only what it asks:
//!
//! ```text
//!              slot 0        slot 1        slot 2     …
//! records   │ 16 bytes    │ 16 bytes    │ 16 bytes    │   what the gates read: rate, hours, start, zone, languages …
//! lines     │ 64 bytes    │ 64 bytes    │ 64 bytes    │   up to 15 skills with level, years, verified: one cache line
//! merits    │ 28 bytes    │ 28 bytes    │ 28 bytes    │   what only the score reads: domains, wishes, verification dates
//! ids, until│ 16 + 8      │ 16 + 8      │ 16 + 8      │   who it is, and until when the slot is right by itself
//! beside      for the few: more than 15 skills, many domains, dates that differ
//! holds       slot → the hours that trials hold, of those whose record says that any do
//!
//! few       rare skill   → [ slot:24 │ level:3 │ years:5 ] …     4 bytes for each who has it, sorted by slot
//! many      common skill → a bit for each slot and level          5 bits for each slot
//! ```
//!
//! Words (skills, zones with working hours, sets of languages, domains, currencies) are numbered by a dictionary; a request
//! becomes a *plan*, with one table for each kind of word: shared minutes for each zone, the highest rate for each currency.
//!
//! # A question
//! The *sweep* is led by the must that the fewest developers have: it walks its postings, 256 at a time, or, when it is a
//! common skill, combines the bits of all common musts, 64 slots at a time. What is left goes through the other musts (bits,
//! else lines) and the gates (records), each step a loop without branches that keeps or drops. When gates are to be counted
//! the lines come first, since a gate counts only whom the musts left; when not, the gates do, since they read less. Whoever
//! passes is scored with integers and offered to a heap of the asked size; the score of who cannot reach the heap's worst is
//! broken off before the third column is read. Pool and total are exact in any case.
//!
//! A saved request is asked again whenever its page is looked at: its answer stands (see [`crate::matching::engine_standing`]),
//! and every change corrects it.
//!
//! # A change
//! Same skills: the slot is overwritten in place. Other skills: the old slot is buried (a dead record, an empty line, no bits)
//! and a new one appended, so that postings stay sorted. The cost is that of the developer's skills, whatever
//! the number of developers. When every tenth slot is dead, [`Engine::rebuilt`] makes a compact copy beside, the slots with
//! the most steady points (track record, responsiveness) first.
//!
//! # Limits
//! 16,777,216 slots (24 bits), 65,534 skills, schedules, sets of languages and domains each (16 bits), 255 currencies. A
//! [`Engine::put`] beyond them is an error; nothing wraps around. About 250 bytes a developer.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use hashbrown::HashMap;

use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::Candidate;
use crate::matching::domain::Request;
use crate::matching::engine_ask::Ask;
use crate::matching::engine_ask::Found;
use crate::matching::engine_best::Newest;
use crate::matching::engine_best::TopRanks;
use crate::matching::engine_best::best;
use crate::matching::engine_columns::Columns;
use crate::matching::engine_columns::Packing;
use crate::matching::engine_count::FacetCounts;
use crate::matching::engine_count::tally;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_ids::Places;
use crate::matching::engine_member::Member;
use crate::matching::engine_pack::pack;
use crate::matching::engine_plan::Memory;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::relevant;
use crate::matching::engine_points::Scale;
use crate::matching::engine_standing::DEPTH;
use crate::matching::engine_standing::Standing;
use crate::matching::engine_standing::StandingAnswer;
use crate::matching::engine_sweep::Sweep;
use crate::matching::engine_sweep::Verdicts;
use crate::matching::ratio::Points;
use crate::matching::rules::Rules;
use crate::matching::search::Search;
use crate::matching::search::SearchPage;

/// Slots are rebuilt when one in so many is dead, and at least [`WORTH_REBUILDING`] are.
const DEAD_SHARE: usize = 10;
/// Below it a rebuild is not worth its time.
const WORTH_REBUILDING: usize = 1_000;
/// Due is not known: it is looked up when asked for.
const UNKNOWN: i64 = i64::MIN;

/// All vetted developers, in memory; see the module's text for how.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<Rules>,
    words: Dictionary,
    columns: Columns,
    places: Places,
    blocks: HashMap<OrganizationId, Vec<DeveloperId>>,
    memory: Memory,
    standing: Standing,
    /// The first instant at which a slot stops being right, in microseconds; or [`UNKNOWN`].
    due: AtomicI64,
}

impl Engine {
    /// Without anybody.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            words: Dictionary::default(),
            columns: Columns::default(),
            places: Places::default(),
            blocks: HashMap::new(),
            memory: Memory::default(),
            standing: Standing::default(),
            due: AtomicI64::new(i64::MAX),
        }
    }

    /// With `candidates`, as of `today`, compact.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn build(rules: Arc<Rules>, candidates: impl IntoIterator<Item = Candidate>, today: NaiveDate) -> Result<Self> {
        let mut engine = Self::new(rules);
        for candidate in candidates {
            engine.put(&candidate, today)?;
        }
        engine.rebuilt()
    }

    /// Adds `candidate`, or replaces what was known, as of `today`.
    ///
    /// # Errors
    /// When a limit of the layout is reached; the message names it. Nothing has changed then.
    pub fn put(&mut self, candidate: &Candidate, today: NaiveDate) -> Result<()> {
        let packing = pack(candidate, &mut self.words, &self.rules, today)?;
        self.change(packing.id, |engine| engine.place(packing))
    }

    /// Takes a developer out; nothing happens where there is none.
    pub fn remove(&mut self, id: DeveloperId) {
        self.change(id, |engine| {
            if let Some(slot) = engine.slot(id) {
                engine.places.move_to(id, slot, None);
                engine.forget_due(slot);
                engine.columns.bury(slot);
            }
        });
    }

    /// Changes what is known of one developer, and with it the answers that stand.
    fn change<T>(&mut self, id: DeveloperId, change: impl FnOnce(&mut Self) -> T) -> T {
        let mut standing = std::mem::take(&mut self.standing);
        if standing.is_empty() {
            return change(self);
        }
        standing.keep_edition(self.words.edition());
        self.member(id).iter().for_each(|member| standing.leave(member));
        let changed = change(self);
        self.member(id).iter().for_each(|member| standing.join(member));
        self.standing = standing;
        changed
    }

    /// Overwrites the developer's slot, or puts them into a new one.
    fn place(&mut self, packing: Packing) -> Result<()> {
        let (id, due) = (packing.id, packing.right_until);
        if let Some(slot) = self.slot(id) {
            self.forget_due(slot);
            if !self.columns.overwrite(slot, &packing) {
                let fresh = self.columns.append(packing)?;
                self.columns.bury(slot);
                self.places.move_to(id, slot, Some(fresh));
            }
        } else {
            let slot = self.columns.append(packing)?;
            self.places.insert(id, slot, self.columns.ids());
        }
        if self.due.load(Ordering::Relaxed) != UNKNOWN {
            self.due.fetch_min(due, Ordering::Relaxed);
        }
        Ok(())
    }

    /// If this slot was the first to be due, the next one has to be looked up.
    fn forget_due(&self, slot: u32) {
        if self.columns.right_until(slot) == self.due.load(Ordering::Relaxed) {
            self.due.store(UNKNOWN, Ordering::Relaxed);
        }
    }

    /// From now on exactly `blocked` and `organization` are never matched.
    pub fn block(&mut self, organization: OrganizationId, blocked: impl IntoIterator<Item = DeveloperId>) {
        let blocked: Vec<DeveloperId> = blocked.into_iter().collect();
        self.standing = Standing::default();
        if blocked.is_empty() {
            self.blocks.remove(&organization);
        } else {
            self.blocks.insert(organization, blocked);
        }
    }

    /// Other substitutes or rates from now on. Weights are packed into the slots: other weights need a new engine.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
        self.words.renew();
        self.memory.forget_budgets();
        self.standing = Standing::default();
    }

    /// By which rules it scores.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether a developer is in the pool.
    pub fn contains(&self, id: DeveloperId) -> bool {
        self.slot(id).is_some()
    }

    /// How many developers there are.
    pub fn len(&self) -> usize {
        self.places.count()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.places.count() == 0
    }

    /// How many slots are dead.
    pub fn dead(&self) -> usize {
        self.columns.dead()
    }

    /// The first instant at which somebody's slot stops being right by itself.
    pub fn due(&self) -> Option<Instant> {
        let mut due = self.due.load(Ordering::Relaxed);
        if due == UNKNOWN {
            due = self.columns.first_due();
            self.due.store(due, Ordering::Relaxed);
        }
        (due != i64::MAX).then(|| Instant::from_micros(due))
    }

    /// Those whose slots are not right any more at `now`: to be read again and put, or removed.
    pub fn overdue(&self, now: Instant) -> Vec<DeveloperId> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.columns.overdue(now.micros()).filter_map(|slot| self.columns.id(slot)).collect()
    }

    /// Whether so many slots are dead that [`Self::rebuilt`] is worth its time.
    pub fn wants_rebuild(&self) -> bool {
        let dead = self.columns.dead();
        dead >= WORTH_REBUILDING && dead * DEAD_SHARE >= self.columns.slots()
    }

    /// A compact copy with the same answers, for whoever holds the only writing end to put in the place of this one.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn rebuilt(&self) -> Result<Self> {
        let columns = self.columns.compact()?;
        let places = Places::of(columns.ids());
        let due = AtomicI64::new(UNKNOWN);
        let (rules, words, blocks) = (self.rules.clone(), self.words.clone(), self.blocks.clone());
        Ok(Self { rules, words, columns, places, blocks, memory: Memory::default(), standing: Standing::default(), due })
    }

    /// Bytes of memory that the slots, their postings and the way from an id to its slot take.
    pub fn memory_bytes(&self) -> usize {
        self.columns.bytes() + self.places.bytes()
    }

    /// The best for a request, found among everybody.
    pub fn find(&self, ask: &Ask<'_>) -> Found {
        let (plan, scale) = (self.plan(ask.request), Scale::new(&self.rules, ask.today));
        let mut facets = ask.facets.then(|| FacetCounts::new(&self.columns, &self.words));
        let mut top = TopRanks::new(plan.lot, ask.limit, ask.min_score);
        let verdicts = self.sweep(ask, (&plan, &scale), &mut top, &mut facets);
        let best = top.into_ranks().into_iter().map(best).collect();
        Found { best, tally: tally(self.pool(ask.organization), &verdicts, ask.gates), facets: facets.map(FacetCounts::facets) }
    }

    /// The same as [`Self::find`] for a saved request that is asked again and again: what was found stands, and is kept true
    /// with every change. Facets are always counted anew.
    pub fn answer(&self, ask: &Ask<'_>) -> Found {
        let Some(id) = ask.request.id.filter(|_| !ask.facets) else { return self.find(ask) };
        let pool = self.pool(ask.organization);
        self.standing.found(id, ask, pool).unwrap_or_else(|| {
            let standing = self.stand(ask);
            let found = standing.found(ask, pool).unwrap_or_else(|| self.find(ask));
            self.standing.keep(id, standing);
            found
        })
    }

    fn stand(&self, ask: &Ask<'_>) -> StandingAnswer {
        let (plan, scale) = (self.plan(ask.request), Scale::new(&self.rules, ask.today));
        let mut top = TopRanks::new(plan.lot, DEPTH, Points::default());
        let verdicts = self.sweep(&Ask { gates: true, ..*ask }, (&plan, &scale), &mut top, &mut None);
        StandingAnswer::new(ask, plan, scale, verdicts, top.into_ranks())
    }

    /// Offers everybody who passes to `top`, and to `facets` where they are counted.
    fn sweep(&self, ask: &Ask<'_>, (plan, scale): (&Plan, &Scale), top: &mut TopRanks, facets: &mut Option<FacetCounts<'_>>) -> Verdicts {
        let (excluded, invited) = (self.blocked(ask.organization), self.slots_of(ask.invited));
        Sweep::new(&self.columns, plan, &excluded, u8::MAX).run(ask.gates, |slots| {
            self.columns.fetch_lines(slots);
            // While nobody can be left out by the bound, or all are counted, everybody's merits are read: all at once.
            if facets.is_some() || !top.is_full() {
                self.columns.fetch_merits(slots);
            }
            for slot in slots.iter().copied() {
                let Some(packed) = self.columns.packed(slot) else { continue };
                let score = scale.score(plan, &packed, invited.binary_search(&slot).is_ok(), top.threshold());
                if let Some((score, developer)) = score.zip(self.columns.id(slot)) {
                    top.offer(score, developer);
                }
            }
            if let Some(facets) = facets {
                facets.count_all(slots);
            }
        })
    }

    /// How many developers nothing blocks.
    fn pool(&self, organization: Option<OrganizationId>) -> u64 {
        u64::try_from(self.places.count() - self.blocked(organization).len()).unwrap_or(u64::MAX)
    }

    /// One page of a search.
    pub fn search(&self, search: &Search) -> SearchPage {
        let plan = Plan::new(&search.request, &self.rules, &self.words, &self.memory);
        let domains: Vec<u16> = search.domains.iter().map(|domain| self.words.asked_domain(domain)).collect();
        let sweep = Sweep::new(&self.columns, &plan, &[], relevant(&search.asked));
        let (mut facets, mut found) = (FacetCounts::new(&self.columns, &self.words), Newest::new(search));
        sweep.run(false, |slots| {
            for slot in slots.iter().copied() {
                let Some(packed) = self.columns.packed(slot) else { continue };
                if domains.is_empty() || packed.domains().iter().any(|domain| domains.contains(domain)) {
                    facets.count(slot);
                    self.columns.id(slot).into_iter().for_each(|id| found.offer(id));
                }
            }
        });
        found.page(facets.facets())
    }

    /// A request made ready for many questions by [`Member::passes`].
    pub fn plan(&self, request: &Request) -> Plan {
        Plan::new(request, &self.rules, &self.words, &self.memory)
    }

    /// Whether `plan` was made with words and rules that have changed since.
    pub fn is_stale(&self, plan: &Plan) -> bool {
        plan.edition != self.words.edition()
    }

    /// A developer of the pool.
    pub fn member(&self, id: DeveloperId) -> Option<Member<'_>> {
        let packed = self.columns.packed(self.slot(id)?)?;
        Some(Member { id, packed, words: &self.words, rules: &self.rules, blocks: &self.blocks })
    }

    /// The number of a skill that somebody has, or has had.
    pub fn skill(&self, slug: &str) -> Option<u16> {
        self.words.skills.known(slug)
    }

    /// How many developers of the pool, about, have a skill.
    pub fn having(&self, slug: &str) -> usize {
        self.words.skills.known(slug).map_or(0, |skill| self.columns.skills().count(skill))
    }

    fn slot(&self, id: DeveloperId) -> Option<u32> {
        self.places.slot(id, self.columns.ids())
    }

    /// The slots of those whom an organisation's blocks keep out, sorted.
    fn blocked(&self, organization: Option<OrganizationId>) -> Vec<u32> {
        organization.and_then(|organization| self.blocks.get(&organization)).map_or_else(Vec::new, |blocked| self.slots_of(blocked))
    }

    fn slots_of(&self, ids: &[DeveloperId]) -> Vec<u32> {
        let mut slots: Vec<u32> = ids.iter().filter_map(|id| self.slot(*id)).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}
