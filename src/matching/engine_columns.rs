//! The columns: what is known of each slot, packed and in the order of the slots.

use crate::kernel::error::Error;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::matching::domain::Commitment;
use crate::matching::engine_beside::Besides;
use crate::matching::engine_holds::Holds;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::Wanted;
use crate::matching::engine_points::MILLION;
use crate::matching::engine_record::Beside;
use crate::matching::engine_record::DEAD;
use crate::matching::engine_record::Entry;
use crate::matching::engine_record::HOLDS;
use crate::matching::engine_record::Line;
use crate::matching::engine_record::MORE_DOMAINS;
use crate::matching::engine_record::Merit;
use crate::matching::engine_record::Record;
use crate::matching::engine_skills::SkillIndex;
use crate::matching::skill_fit::CLAIMED_EVIDENCE;

/// Slots have 24 bits in a posting.
pub const MOST_SLOTS: usize = 1 << 24;

/// A developer, packed, on the way to a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Packing {
    /// Who.
    pub id: DeveloperId,
    /// What the gates read.
    pub record: Record,
    /// All skills, sorted.
    pub skills: Vec<u32>,
    /// Hundredths of points that depend on no request.
    pub steady: u32,
    /// What the score reads.
    pub merit: Merit,
    /// What did not fit.
    pub beside: Beside,
    /// Hours that trials hold.
    pub commitments: Vec<Commitment>,
    /// Microseconds since 1970 until which this is right.
    pub right_until: i64,
}

/// All slots.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    ids: Vec<DeveloperId>,
    records: Vec<Record>,
    lines: Vec<Line>,
    merits: Vec<Merit>,
    right_until: Vec<i64>,
    beside: Besides,
    holds: Holds,
    skills: SkillIndex,
    dead: usize,
}

/// One slot's columns, side by side. The first two are read by everybody, the others only when asked for.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'a> {
    columns: &'a Columns,
    slot: u32,
    /// What the gates read.
    pub record: &'a Record,
    /// The skills.
    pub line: &'a Line,
}

impl Columns {
    /// How many slots there are, the dead ones included.
    pub fn slots(&self) -> usize {
        self.records.len()
    }

    /// How many slots are dead.
    pub fn dead(&self) -> usize {
        self.dead
    }

    /// Who stands in each slot.
    pub fn ids(&self) -> &[DeveloperId] {
        &self.ids
    }

    /// The records of all slots.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Who stands in a slot; whoever stood there last if it is dead.
    pub fn id(&self, slot: u32) -> Option<DeveloperId> {
        self.ids.get(slot as usize).copied()
    }

    /// A slot's columns.
    #[inline]
    pub fn packed(&self, slot: u32) -> Option<Packed<'_>> {
        let place = slot as usize;
        Some(Packed { columns: self, slot, record: self.records.get(place)?, line: self.lines.get(place)? })
    }

    /// Who has which skill.
    pub fn skills(&self) -> &SkillIndex {
        &self.skills
    }

    /// Fetches what the gates read of `slots`.
    pub fn fetch_records(&self, slots: &[u32]) {
        fetch(&self.records, slots, |record| record.rate);
    }

    /// Fetches the skills of `slots`.
    pub fn fetch_lines(&self, slots: &[u32]) {
        fetch(&self.lines, slots, Line::steady);
    }

    /// Fetches what only the score reads of `slots`, and who they are.
    pub fn fetch_merits(&self, slots: &[u32]) {
        fetch(&self.merits, slots, |merit| merit.beside);
        fetch(&self.ids, slots, |id| u32::from(id.as_bytes().last().copied().unwrap_or(0)));
    }

    /// Fetches the skills of `slots` that stand beside; their merits are there already. First where the lists stand, then the
    /// lists, each all at once.
    pub fn fetch_more_skills(&self, slots: &[u32]) {
        let lists = || slots.iter().filter_map(|slot| self.packed(*slot)?.more_skills());
        std::hint::black_box(lists().fold(0, |all, list| all ^ list.len()));
        std::hint::black_box(lists().filter_map(|list| list.first()).fold(0, |all, entry| all ^ entry));
    }

    /// Puts somebody new into the next slot.
    ///
    /// # Errors
    /// When the slots are used up: a posting has no room for another.
    pub fn append(&mut self, packing: Packing) -> Result<u32> {
        let full = || Error::internal(format!("the matching engine holds at most {MOST_SLOTS} slots"));
        let slot = u32::try_from(self.slots()).ok().filter(|_| self.slots() < MOST_SLOTS).ok_or_else(full)?;
        packing.skills.iter().for_each(|skill| self.skills.note(slot, Entry(*skill)));
        self.ids.push(packing.id);
        self.records.push(packing.record);
        self.lines.push(Line::new(&packing.skills, packing.steady));
        self.right_until.push(packing.right_until);
        self.holds.put(slot, &packing.commitments);
        self.merits.push(Merit { beside: self.beside.put(packing.beside), ..packing.merit });
        Ok(slot)
    }

    /// Overwrites a slot if its skills are the same, so that its postings stay right; says whether it has.
    pub fn overwrite(&mut self, slot: u32, packing: &Packing) -> bool {
        let place = slot as usize;
        let Some(before) = self.packed(slot).filter(|before| before.skills().eq(packing.skills.iter().copied())) else { return false };
        let beside = before.merit().beside;
        self.beside.free(beside);
        let merit = Merit { beside: self.beside.put(packing.beside.clone()), ..packing.merit };
        set(&mut self.records, place, packing.record);
        set(&mut self.lines, place, Line::new(&packing.skills, packing.steady));
        set(&mut self.right_until, place, packing.right_until);
        set(&mut self.merits, place, merit);
        self.holds.put(slot, &packing.commitments);
        true
    }

    /// Buries a slot: no gate, no must and no posting leads to it any more.
    pub fn bury(&mut self, slot: u32) {
        let place = slot as usize;
        let Some(beside) = self.packed(slot).filter(|packed| !packed.is_dead()).map(|packed| packed.merit().beside) else { return };
        self.beside.free(beside);
        set(&mut self.records, place, Record { flags: DEAD, ..Record::default() });
        set(&mut self.lines, place, Line::default());
        set(&mut self.merits, place, Merit::default());
        set(&mut self.right_until, place, i64::MAX);
        self.skills.forget(slot);
        self.holds.put(slot, &[]);
        self.dead += 1;
    }

    /// Until when a slot is right.
    pub fn right_until(&self, slot: u32) -> i64 {
        self.right_until.get(slot as usize).copied().unwrap_or(i64::MAX)
    }

    /// The slots that are right only until `now` or less, in microseconds since 1970.
    pub fn overdue(&self, now: i64) -> impl Iterator<Item = u32> {
        (0..).zip(&self.right_until).filter(move |(_, until)| **until <= now).map(|(slot, _)| slot)
    }

    /// The first instant, in microseconds since 1970, at which a slot stops being right.
    pub fn first_due(&self) -> i64 {
        self.right_until.iter().copied().min().unwrap_or(i64::MAX)
    }

    /// A copy without the dead, the slots with the most steady points first: a threshold is found early, and postings, records
    /// and lines are read in one direction.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn compact(&self) -> Result<Self> {
        let live = || (0..).zip(self.records.iter().zip(&self.lines)).filter(|(_, (record, _))| record.flags & DEAD == 0);
        let mut order: Vec<(u32, u32)> = live().map(|(slot, (_, line))| (u32::MAX - line.steady(), slot)).collect();
        order.sort_unstable();
        let mut compact = Self::with_capacity(order.len());
        for slot in order.iter().filter_map(|(_, slot)| self.packed(*slot)) {
            compact.append(slot.packing())?;
        }
        compact.beside.shrink();
        compact.skills.settle(order.len());
        Ok(compact)
    }

    fn with_capacity(slots: usize) -> Self {
        Self {
            ids: Vec::with_capacity(slots),
            records: Vec::with_capacity(slots),
            lines: Vec::with_capacity(slots),
            merits: Vec::with_capacity(slots),
            right_until: Vec::with_capacity(slots),
            ..Self::default()
        }
    }

    /// Bytes of all columns, postings and of what stands beside.
    pub fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<DeveloperId>()
            + self.records.capacity() * size_of::<Record>()
            + self.lines.capacity() * size_of::<Line>()
            + self.merits.capacity() * size_of::<Merit>()
            + self.right_until.capacity() * size_of::<i64>()
            + self.skills.bytes()
            + self.holds.bytes()
            + self.beside.bytes()
    }
}

/// Reads one number from the place of every slot, so that they come into the cache together instead of one by one: a loop of
/// nothing but loads keeps as many under way as the processor can. (What a prefetch instruction would do, without `unsafe`.)
#[inline]
fn fetch<T>(column: &[T], slots: &[u32], number: impl Fn(&T) -> u32) {
    let places = slots.iter().filter_map(|slot| column.get(*slot as usize));
    std::hint::black_box(places.fold(0, |all, place| all ^ number(place)));
}

fn set<T>(column: &mut [T], place: usize, value: T) {
    if let Some(slot) = column.get_mut(place) {
        *slot = value;
    }
}

static NO_MERIT: Merit = Merit {
    domains: [0; 4],
    wishes: [0; 4],
    verified_on: 0,
    valid_days: 0,
    least_hours: 0,
    most_hours: 0,
    lengths: 0,
    flags: 0,
    beside: 0,
};

impl<'a> Packed<'a> {
    /// What the score reads.
    #[inline]
    pub fn merit(&self) -> &'a Merit {
        self.columns.merits.get(self.slot as usize).unwrap_or(&NO_MERIT)
    }

    /// What did not fit.
    pub fn beside(&self) -> Option<&'a Beside> {
        self.columns.beside.of(self.merit().beside)
    }

    /// Whether nobody stands here any more.
    pub fn is_dead(&self) -> bool {
        self.record.flags & DEAD != 0
    }

    /// The entry of a skill; zero where there is none.
    #[inline]
    pub fn find(&self, skill: u16) -> Entry {
        let found = self.line.find(skill);
        // Entries are sorted: what would stand in the line stands nowhere else.
        if found == 0 && self.line.has_more() && skill > self.line.last_skill() {
            let more = self.more_skills().unwrap_or(&[]).iter().find(|entry| Entry(**entry).skill() == skill);
            return Entry(more.copied().unwrap_or(0));
        }
        Entry(found)
    }

    /// Every entry.
    pub fn skills(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.line.entries().chain(self.more_skills().unwrap_or(&[]).iter().copied())
    }

    /// The entries that did not fit the line.
    #[inline]
    pub fn more_skills(&self) -> Option<&'a [u32]> {
        if self.line.has_more() { self.beside().map(|beside| &*beside.skills) } else { None }
    }

    /// The first, which is the best, of the choices that meet a must: its place, its worth and its entry.
    #[inline]
    pub fn best_must(&self, must: &Wanted) -> Option<(usize, u32, Entry)> {
        must.choices.iter().enumerate().find_map(|(place, choice)| {
            let entry = self.find(choice.skill);
            (entry.0 != 0 && entry.meets(must.level, must.tenths)).then_some((place, choice.worth, entry))
        })
    }

    /// Of the choices of a nice-to-have the one with the most levels times worth, and that product; the first of equals.
    #[inline]
    pub fn best_nice(&self, nice: &Wanted) -> Option<(u32, Entry)> {
        let mut best: Option<(u32, Entry)> = None;
        for choice in &nice.choices {
            let entry = self.find(choice.skill);
            let value = entry.level().min(nice.level) * choice.worth;
            if entry.0 != 0 && best.is_none_or(|(most, _)| value > most) {
                best = Some((value, entry));
            }
        }
        best
    }

    /// The share of evidence of an entry in millionths: verified 1, falling to 0.5 at its expiry; claimed only 0.3.
    #[inline]
    pub fn evidence(&self, entry: Entry, today: u16) -> u64 {
        if !entry.is_verified() {
            return u64::from(CLAIMED_EVIDENCE) * (MILLION / 100);
        }
        let (on, days) = self.verification(entry.skill());
        let days = u64::from(days.max(1));
        let age = u64::from(today.saturating_sub(on)).min(days);
        (2 * (2 * days - age) * MILLION + 2 * days) / (4 * days)
    }

    fn verification(&self, skill: u16) -> (u16, u16) {
        let merit = self.merit();
        if merit.valid_days > 0 {
            return (merit.verified_on, merit.valid_days);
        }
        let listed = self.beside().and_then(|beside| beside.verifications.iter().find(|(each, ..)| *each == skill));
        listed.map_or((0, 1), |(_, on, days)| (*on, *days))
    }

    /// The developer's domains; a zero ends them.
    #[inline]
    pub fn domains(&self) -> &'a [u16] {
        self.more_domains().map_or(&self.merit().domains, |beside| &beside.domains)
    }

    /// The domains that the developer would like; a zero ends them.
    #[inline]
    pub fn wishes(&self) -> &'a [u16] {
        self.more_domains().map_or(&self.merit().wishes, |beside| &beside.wishes)
    }

    fn more_domains(&self) -> Option<&'a Beside> {
        if self.merit().flags & MORE_DOMAINS == 0 { None } else { self.beside() }
    }

    /// Hours that trials hold.
    #[inline]
    fn commitments(&self) -> &'a [Commitment] {
        if self.record.flags & HOLDS == 0 { &[] } else { self.columns.holds.of(self.slot) }
    }

    /// Whether what trials hold leaves the asked hours at every moment of the trial.
    pub fn has_free_hours(&self, plan: &Plan) -> bool {
        plan.trial.peak_hours(self.commitments()) + u64::from(plan.hours) <= u64::from(self.record.hours)
    }

    /// The slot's content, to be put elsewhere.
    fn packing(&self) -> Packing {
        let beside = self.beside().cloned().unwrap_or_default();
        let skills = self.skills().collect();
        let commitments = self.commitments().to_vec();
        Packing {
            id: self.columns.ids.get(self.slot as usize).copied().unwrap_or(DeveloperId::from_u128(0)),
            record: *self.record,
            skills,
            steady: self.line.steady(),
            merit: *self.merit(),
            beside,
            commitments,
            right_until: self.columns.right_until.get(self.slot as usize).copied().unwrap_or(i64::MAX),
        }
    }
}
