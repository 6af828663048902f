//! The score in integers: the same hundredths as [`crate::matching::score`], which explains them, from packed records.

use chrono::NaiveDate;

use crate::matching::engine_columns::Packed;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_record::Entry;
use crate::matching::engine_record::HOURS_WISHED;
use crate::matching::engine_record::Record;
use crate::matching::engine_record::day;
use crate::matching::rules::Factor;
use crate::matching::rules::Rules;
use crate::matching::score::START_SLACK_CAP;
use crate::matching::skill_fit::CLAIMED_EVIDENCE;

/// The whole of a share of evidence: shares are cut to millionths.
pub const MILLION: u64 = 1_000_000;

/// `numerator / denominator` of `max` points in hundredths, rounded half-up. All of them stay far below 2^64: the largest
/// numerator is twenty skills of a million millionths.
#[inline]
pub fn share_of(numerator: u64, denominator: u64, max: u32) -> u32 {
    let rounded = (2 * numerator * u64::from(max) * 100 + denominator) / (2 * denominator).max(1);
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

/// The weights and numbers that a score is computed with, on a day.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    must: u32,
    nice: u32,
    evidence: u32,
    interest: u32,
    domain: u32,
    logistics: u32,
    neutral: u64,
    today: u16,
}

/// The entries that show the asked skills; a request asks for thirty at the most.
struct Shown {
    entries: [Entry; Self::MOST],
    count: usize,
}

impl Shown {
    const MOST: usize = 32;

    fn push(&mut self, entry: Entry) {
        if let Some(place) = self.entries.get_mut(self.count) {
            *place = entry;
            self.count += 1;
        }
    }
}

impl Scale {
    /// The scale of `rules` on `today`.
    pub fn new(rules: &Rules, today: NaiveDate) -> Self {
        let max = |factor| rules.weights.of(factor);
        Self {
            must: max(Factor::MustHaveSkills),
            nice: max(Factor::NiceToHaveSkills),
            evidence: max(Factor::Evidence),
            interest: max(Factor::DeveloperInterest),
            domain: max(Factor::Domain),
            logistics: max(Factor::Logistics),
            neutral: u64::from(rules.neutral.min(100)),
            today: day(today),
        }
    }

    /// The score in hundredths of a developer who passes all gates; `None` if it is certainly below `least`, which is known
    /// before the third cache line is read.
    pub fn score(&self, plan: &Plan, packed: &Packed<'_>, invited: bool, least: u32) -> Option<u32> {
        let mut evidence = Shown { entries: [Entry(0); Shown::MOST], count: 0 };
        let (mut worths, mut verified, mut shown) = (0, 0, 0);
        for (_, worth, entry) in plan.musts.iter().filter_map(|must| packed.best_must(must)) {
            (worths, verified, shown) = (worths + u64::from(worth), verified + u64::from(entry.is_verified()), shown + 1);
            evidence.push(entry);
        }
        let (mut value, mut weights) = (0, 0);
        for nice in &plan.nices {
            weights += u64::from(nice.weight);
            let Some((product, entry)) = packed.best_nice(nice) else { continue };
            // Sixty is divisible by every level: the shares have one denominator.
            value += u64::from(nice.weight) * u64::from(product) * (60 / u64::from(nice.level.max(1)));
            (verified, shown) = (verified + u64::from(entry.is_verified()), shown + 1);
            evidence.push(entry);
        }
        let musts = u64::try_from(plan.musts.len()).unwrap_or(u64::MAX);
        let certain = full_or(musts == 0, self.must, || share_of(worths, 100 * musts, self.must))
            + full_or(weights == 0, self.nice, || share_of(value, 6_000 * weights, self.nice))
            + self.logistics(plan, packed.record)
            + packed.line.steady();
        let most_shown = verified * MILLION + (shown - verified) * u64::from(CLAIMED_EVIDENCE) * (MILLION / 100);
        let asked = musts > 0 || !plan.nices.is_empty();
        let bound = certain + self.shown(most_shown, shown, asked) + (self.interest + self.domain) * 100;
        if bound < least {
            return None;
        }
        let evidence = evidence.entries.iter().take(evidence.count).map(|entry| packed.evidence(*entry, self.today)).sum();
        let interest = if invited { self.interest * 100 } else { self.interest(plan, packed) };
        Some(certain + self.shown(evidence, shown, asked) + interest + self.domain(plan, packed))
    }

    fn shown(&self, millionths: u64, shown: u64, asked: bool) -> u32 {
        match (asked, shown) {
            (false, _) => self.evidence * 100,
            (true, 0) => 0,
            (true, shown) => share_of(millionths, MILLION * shown, self.evidence),
        }
    }

    fn logistics(&self, plan: &Plan, record: &Record) -> u32 {
        let open_ended = plan.overlap == 0 || plan.countable_overlap == 0;
        let countable = if open_ended { 1 } else { plan.countable_overlap };
        let above = if open_ended { 1 } else { (plan.shared_minutes(record) - plan.overlap).clamp(0, countable) };
        let (countable, above) = (countable.unsigned_abs(), above.unsigned_abs());
        let slack = u64::from(plan.start.saturating_sub(record.starts)).min(START_SLACK_CAP.unsigned_abs());
        let start = if record.starts == 0 { 14 * self.neutral } else { 100 * slack };
        share_of(1_400 * (countable + above) + start * countable, 3 * 1_400 * countable, self.logistics)
    }

    fn interest(&self, plan: &Plan, packed: &Packed<'_>) -> u32 {
        let merit = packed.merit();
        let asked = u64::try_from(plan.domains.len()).unwrap_or(u64::MAX).max(1);
        let (whole, neutral) = (100 * asked, self.neutral * asked);
        let (mut sum, mut parts) = (0, 1);
        if !plan.domains.is_empty() {
            sum += shared(&plan.domains, packed.wishes()).map_or(neutral, |shared| 100 * shared);
            parts += 1;
        }
        if let Some(length) = plan.length {
            sum += if merit.lengths == 0 { neutral } else { whole * u64::from(merit.lengths & length != 0) };
            parts += 1;
        }
        let most = if merit.most_hours == u8::MAX { u32::MAX } else { u32::from(merit.most_hours) };
        let liked = u64::from((u32::from(merit.least_hours)..=most).contains(&plan.hours));
        sum += if merit.flags & HOURS_WISHED == 0 { neutral } else { whole * liked };
        share_of(sum, whole * parts, self.interest)
    }

    fn domain(&self, plan: &Plan, packed: &Packed<'_>) -> u32 {
        let asked = u64::try_from(plan.domains.len()).unwrap_or(u64::MAX);
        let stated = shared(&plan.domains, packed.domains());
        full_or(asked == 0, self.domain, || match stated {
            Some(shared) => share_of(shared, asked, self.domain),
            None => share_of(self.neutral, 100, self.domain),
        })
    }
}

#[inline]
fn full_or(full: bool, max: u32, points: impl FnOnce() -> u32) -> u32 {
    if full { max * 100 } else { points() }
}

/// How many of `asked` are among `own`, which a zero ends; `None` where none are stated.
#[inline]
fn shared(asked: &[u16], own: &[u16]) -> Option<u64> {
    let stated = own.first().is_some_and(|domain| *domain != 0);
    stated.then(|| asked.iter().map(|domain| u64::from(own.contains(domain))).sum())
}
