//! The limit: a kernel that reads what an engine of the designed layout has to read, and does nothing with it but sum it up.
//!
//! Postings are u32, records 16 bytes, lines 64 bytes. For a request it reads the postings of its rarest must (with its
//! substitutes), the record of each, and the line of those who pass that must and the gates of the records.

use guildhall::matching::domain::Request;
use guildhall_benches::question::Question;
use guildhall_benches::records::Table;

/// A cache line.
#[derive(Clone)]
#[repr(align(64))]
struct Line([u64; 8]);

/// The layout, and for each request what of it is touched.
pub struct Touch {
    postings: Vec<Vec<u32>>,
    records: Vec<[u64; 2]>,
    lines: Vec<Line>,
    /// Skills whose postings are walked, slots whose line is read.
    touched: Vec<(Vec<u16>, Vec<u32>)>,
}

impl Touch {
    /// The layout over `table` for `requests`.
    pub fn new(table: &Table, requests: &[Request]) -> Self {
        let mut postings = vec![Vec::new(); table.skill_count()];
        for (slot, record) in (0_u32..).zip(&table.records) {
            record.skills.iter().for_each(|skill| postings[usize::from(skill.skill)].push(slot));
        }
        let slots = 0..table.records.len() as u64;
        let records = slots.clone().map(|slot| [slot, slot + 1]).collect();
        let lines = slots.map(|slot| Line([slot; 8])).collect();
        let touched = requests.iter().map(|request| touched(request, table, &postings)).collect();
        Self { postings, records, lines, touched }
    }

    /// Reads what request number `index` needs.
    pub fn sum(&self, index: usize) -> u64 {
        let (skills, slots) = &self.touched[index];
        let mut sum = 0_u64;
        for skill in skills {
            for slot in &self.postings[usize::from(*skill)] {
                let record = &self.records[*slot as usize];
                sum = sum.wrapping_add(record[0]).wrapping_add(record[1]);
            }
        }
        for slot in slots {
            sum = self.lines[*slot as usize].0.iter().fold(sum, |sum, word| sum.wrapping_add(*word));
        }
        sum
    }
}

fn touched(request: &Request, table: &Table, postings: &[Vec<u32>]) -> (Vec<u16>, Vec<u32>) {
    let question = Question::new(request, table);
    let length = |skill: u16| postings[usize::from(skill)].len();
    let rarest = question.musts.iter().min_by_key(|asked| asked.options.iter().map(|(skill, _)| length(*skill)).sum::<usize>());
    let Some(rarest) = rarest else { return Default::default() };
    let skills: Vec<u16> = rarest.options.iter().map(|(skill, _)| *skill).collect();
    let passes = |slot: &u32| {
        let record = &table.records[*slot as usize];
        let is_met = record.skills.iter().any(|held| skills.contains(&held.skill) && rarest.is_met(held));
        is_met && question.passes_others(record)
    };
    let mut slots: Vec<u32> = skills.iter().flat_map(|skill| &postings[usize::from(*skill)]).copied().filter(passes).collect();
    slots.sort_unstable();
    slots.dedup();
    (skills, slots)
}
