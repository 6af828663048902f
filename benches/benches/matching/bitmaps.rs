//! A peer: roaring bitmaps of the developers who have a skill at a level or above, who have a seniority, who speak a language.
//! They are ANDed; what is left is verified and scored from the record table.

use guildhall::matching::domain::Request;
use guildhall_benches::best::{Answer, Best};
use guildhall_benches::question::{Asked, Question};
use guildhall_benches::records::Table;
use roaring::RoaringBitmap;

use crate::peers::{LIMIT, Peer};

/// Skills have levels 1 to 5.
const LEVELS: usize = 5;

/// The bitmaps.
pub struct Bitmaps<'a> {
    table: &'a Table,
    /// By skill and level.
    skills: Vec<RoaringBitmap>,
    /// By the seniority's bit.
    seniority: Vec<RoaringBitmap>,
    /// By the language's bit.
    languages: Vec<RoaringBitmap>,
}

impl<'a> Bitmaps<'a> {
    /// The bitmaps over `table`.
    pub fn new(table: &'a Table) -> Self {
        let empty = |count: usize| vec![RoaringBitmap::new(); count];
        let mut all = Self { table, skills: empty(table.skill_count() * LEVELS), seniority: empty(8), languages: empty(128) };
        for (slot, record) in (0_u32..).zip(&table.records) {
            for skill in &record.skills {
                let first = usize::from(skill.skill) * LEVELS;
                add(&mut all.skills, first..first + usize::from(skill.level), slot);
            }
            add(&mut all.seniority, set_bits(record.seniority.into()), slot);
            add(&mut all.languages, set_bits(record.languages), slot);
        }
        for bitmap in all.skills.iter_mut().chain(&mut all.seniority).chain(&mut all.languages) {
            bitmap.optimize();
        }
        all
    }

    fn of(&self, asked: &Asked) -> std::borrow::Cow<'_, RoaringBitmap> {
        let bitmap = |skill: u16| &self.skills[usize::from(skill) * LEVELS + usize::from(asked.level) - 1];
        union(asked.options.iter().map(|(skill, _)| bitmap(*skill)).collect())
    }
}

fn add(bitmaps: &mut [RoaringBitmap], places: impl IntoIterator<Item = usize>, slot: u32) {
    for place in places {
        bitmaps[place].insert(slot);
    }
}

/// One is borrowed, many are ORed.
fn union(bitmaps: Vec<&RoaringBitmap>) -> std::borrow::Cow<'_, RoaringBitmap> {
    use roaring::MultiOps as _;
    match bitmaps.as_slice() {
        [one] => std::borrow::Cow::Borrowed(one),
        many => std::borrow::Cow::Owned(many.iter().copied().union()),
    }
}

fn set_bits(set: u128) -> impl Iterator<Item = usize> {
    (0..128).filter(move |bit| set >> bit & 1 == 1)
}

impl Peer for Bitmaps<'_> {
    fn name(&self) -> &'static str {
        "roaring bitmaps"
    }

    fn find(&mut self, request: &Request) -> Answer {
        let question = Question::new(request, self.table);
        let mut sets: Vec<_> = question.musts.iter().map(|asked| self.of(asked)).collect();
        if question.seniority != 0 {
            sets.push(union(set_bits(question.seniority.into()).map(|bit| &self.seniority[bit]).collect()));
        }
        sets.extend(question.languages.iter().map(|set| union(set_bits(*set).map(|bit| &self.languages[bit]).collect())));
        // The smallest first, so that the work shrinks as it goes.
        sets.sort_by_key(|set| set.len());
        let left = sets.iter().skip(1).fold(sets[0].clone().into_owned(), |left, set| left & set.as_ref());
        let mut best = Best::new(request.id, LIMIT);
        for slot in &left {
            let record = &self.table.records[slot as usize];
            if (!question.asks_years() || question.passes_musts(record)) && question.passes_others(record) {
                best.offer(record.developer, question.score(record));
            }
        }
        best.answer()
    }
}
