//! A request as the engine asks it: words turned into numbers and tables, once for all developers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::kernel::craft::EngagementLength;
use crate::kernel::craft::Seniority;
use crate::kernel::money::Money;
use crate::kernel::money::Rates;
use crate::kernel::words::Word as _;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Request;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_record::DEAD;
use crate::matching::engine_record::Record;
use crate::matching::engine_record::country;
use crate::matching::engine_record::day;
use crate::matching::gates::Gate;
use crate::matching::ranking::half_lot;
use crate::matching::rules::Rules;
use crate::matching::score::OVERLAP_CAP;
use crate::matching::skill_fit::tenths;
use crate::matching::working_time::Stretch;

/// One way to have an asked skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// As the dictionary numbers it.
    pub skill: u16,
    /// Its worth in hundredths: 100 for the skill itself.
    pub worth: u32,
}

/// An asked skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The skill itself and then its substitutes, the best first; those that nobody has are left out.
    pub choices: Vec<Choice>,
    /// At least this level.
    pub level: u32,
    /// At least these tenths of years.
    pub tenths: u32,
    /// How much it counts among the nice-to-haves.
    pub weight: u32,
}

/// A request, ready to be asked of every record.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The musts.
    pub musts: Vec<Wanted>,
    /// The nice-to-haves.
    pub nices: Vec<Wanted>,
    /// Asked hours per week.
    pub hours: u32,
    /// The trial's time, over which hours must be free.
    pub trial: Stretch,
    /// The start date, as [`day`] counts.
    pub start: u16,
    /// The asked domains, one that nobody has included; in the request's order, repeated as there.
    pub domains: Vec<u16>,
    /// The bit of the asked length.
    pub length: Option<u8>,
    /// Asked minutes of overlap, and how many more count.
    pub overlap: i64,
    /// See [`Self::overlap`]; 0 where more overlap is not possible.
    pub countable_overlap: i64,
    /// The lot's state after the request's half.
    pub lot: u64,
    /// The edition of the dictionary that it was made with.
    pub edition: u64,
    accepted: u8,
    /// The budget in millionths of a dollar.
    worth: i64,
    /// For every schedule the shared minutes.
    shared: Arc<[u16]>,
    /// For every currency the highest rate inside the budget.
    budget: Arc<[i64]>,
    /// For every set of languages whether it has all that are asked.
    speaking: Arc<[bool]>,
    /// For every country whether the law allows it; empty without a limit.
    countries: Vec<bool>,
}

impl Plan {
    /// The plan of `request`.
    pub fn new(request: &Request, rules: &Rules, words: &Dictionary, memory: &Memory) -> Self {
        let workday = Stretch::workday(request.time_zone, request.working_hours, request.starts_on);
        let overlap = request.overlap_minutes();
        let wanted =
            |must| request.skills.iter().filter(move |asked| asked.must == must).map(|asked| wanted(asked, rules, words)).collect();
        let days = i64::from(rules.trial_days) + i64::from(rules.grace_days);
        Self {
            musts: wanted(true),
            nices: wanted(false),
            hours: request.hours_per_week,
            trial: Stretch::dates(request.time_zone, request.starts_on, days),
            start: day(request.starts_on),
            domains: request.domains.iter().map(|domain| words.asked_domain(domain)).collect(),
            length: request.duration_weeks.map(|weeks| length_bit(EngagementLength::of(weeks))),
            overlap,
            countable_overlap: (workday.minutes() - overlap).clamp(0, OVERLAP_CAP),
            lot: half_lot(request.id),
            edition: words.edition(),
            accepted: accepted(&request.seniority),
            worth: worth(request.max_hourly_rate, &rules.rates).unwrap_or(i64::MAX),
            shared: memory.shared(workday, words),
            budget: memory.budget(request.max_hourly_rate, &rules.rates, words),
            speaking: memory.speaking(&request.languages, words),
            countries: countries(request),
        }
    }

    /// What the gates say of a record, without a branch: bit 0 is [`DEAD`], bits 1 to 7 are set for every gate but the first
    /// that the record fails, in the gates' order, so that the lowest bit names the gate that removes it and a single bit
    /// one that alone does. Hours that trials hold are not looked into.
    #[inline]
    pub fn verdict(&self, record: &Record) -> u8 {
        let rate = self.budget.get(usize::from(record.currency)).is_none_or(|most| i64::from(record.rate) > *most);
        let speaks = self.speaking.get(usize::from(record.languages)).copied().unwrap_or(false);
        let allowed = self.countries.is_empty() || self.countries.get(usize::from(record.country)).copied().unwrap_or(false);
        (record.flags & DEAD)
            | u8::from(record.seniority & self.accepted == 0) << 1
            | u8::from(u32::from(record.hours) < self.hours) << 2
            | u8::from(record.starts > self.start) << 3
            | u8::from(self.overlap > 0 && self.shared_minutes(record) < self.overlap) << 4
            | u8::from(rate) << 5
            | u8::from(!speaks) << 6
            | u8::from(!allowed) << 7
    }

    /// Reads, and only reads, what [`Self::verdict`] will read for a record, and where the musts stand.
    #[inline]
    pub fn fetch(&self, record: &Record) -> u32 {
        let budget = self.budget.get(usize::from(record.currency)).map_or(0, |most| most.count_ones());
        let speaks = self.speaking.get(usize::from(record.languages)).copied().unwrap_or(false);
        let shared = self.shared.get(usize::from(record.schedule)).copied().unwrap_or(0);
        let musts = self.musts.iter().map(|must| must.choices.first().map_or(0, |choice| choice.worth));
        budget ^ u32::from(speaks) ^ u32::from(shared) ^ musts.fold(0, |all, worth| all ^ worth)
    }

    /// The gates that compare a number with a number; enough to pass over most requests, see [`Quick`].
    pub fn quick(&self) -> Quick {
        Quick { worth: self.worth, hours: self.hours, start: self.start, accepted: self.accepted }
    }

    /// Minutes that a developer's day shares with the request's.
    #[inline]
    pub fn shared_minutes(&self, record: &Record) -> i64 {
        i64::from(self.shared.get(usize::from(record.schedule)).copied().unwrap_or(0))
    }
}

/// Four gates of a plan, small enough to stand in a list.
#[derive(Debug, Clone, Copy)]
pub struct Quick {
    worth: i64,
    hours: u32,
    start: u16,
    accepted: u8,
}

impl Quick {
    /// Whether a record passes the four, hours that trials hold not counted. `worth` is that of its rate, see [`worth`].
    #[inline]
    pub fn may_pass(self, record: &Record, worth: i64) -> bool {
        (worth <= self.worth)
            & (u32::from(record.hours) >= self.hours)
            & (record.starts <= self.start)
            & (record.seniority & self.accepted != 0)
    }
}

/// Money in millionths of a dollar, in which whatever is within a budget is worth at most as much as the budget; `None` for a
/// currency without a rate.
pub fn worth(money: Money, rates: &Rates) -> Option<i64> {
    rates.to_micro_dollars(money).map(|worth| i64::try_from(worth).unwrap_or(i64::MAX))
}

/// The bit of a verdict that says that too few hours are free.
pub const HOURS_FAIL: u8 = 1 << 2;

/// The bits of a verdict that are asked, and the one of the dead.
pub fn relevant(asked: &[Gate]) -> u8 {
    let bit = |gate: &Gate| Gate::ALL.iter().position(|each| each == gate).map_or(0, |place| 1 << place);
    // The first gate has no bit of its own: a verdict begins with the dead.
    asked.iter().filter(|gate| **gate != Gate::MustSkills).map(bit).fold(DEAD, |all, bit| all | bit)
}

fn wanted(asked: &AskedSkill, rules: &Rules, words: &Dictionary) -> Wanted {
    let substitutes = rules.substitutes.of(&asked.slug).iter().filter(|_| asked.allow_adjacent);
    let ways = std::iter::once((asked.slug.as_str(), 100)).chain(substitutes.map(|each| (each.slug.as_str(), each.weight.min(100))));
    let choice = |(slug, worth)| Some(Choice { skill: words.skills.known(slug)?, worth });
    Wanted {
        choices: ways.filter_map(choice).collect(),
        level: u32::from(asked.min_level.number()),
        tenths: asked.min_years.map_or(0, tenths),
        weight: asked.weight,
    }
}

/// The bit of a seniority in a record.
pub fn seniority_bit(seniority: Seniority) -> u8 {
    Seniority::ALL.iter().position(|each| *each == seniority).map_or(0, |place| 1 << place)
}

fn accepted(seniority: &[Seniority]) -> u8 {
    if seniority.is_empty() { u8::MAX } else { seniority.iter().map(|each| seniority_bit(*each)).fold(0, |all, bit| all | bit) }
}

/// The bit of a length in a record.
pub fn length_bit(length: EngagementLength) -> u8 {
    EngagementLength::ALL.iter().position(|each| *each == length).map_or(0, |place| 1 << place)
}

/// For every currency the highest amount that is within `budget`: conversion only ever grows with the amount.
fn budget(budget: Money, rates: &Rates, words: &Dictionary) -> Arc<[i64]> {
    let most = |currency: &_| if *currency == budget.currency { budget.amount } else { rates.most_within(*currency, budget).unwrap_or(-1) };
    std::iter::once(-1).chain(words.currencies.all().iter().map(most)).collect()
}

fn countries(request: &Request) -> Vec<bool> {
    let Some(limit) = &request.legal_country_limit else { return Vec::new() };
    let mut allowed = vec![false; 1 + 26 * 26];
    for place in limit.countries.iter().map(|code| usize::from(country(code))).filter(|place| *place != 0) {
        if let Some(allowed) = allowed.get_mut(place) {
            *allowed = true;
        }
    }
    allowed
}

/// What many requests ask alike, remembered: the shared minutes of a workday with every schedule, the sets that speak some
/// languages, and what a budget is in every currency. Bounded; whatever was made with fewer words is made again.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    shared: HashMap<(i64, i64), Arc<[u16]>>,
    speaking: HashMap<Vec<String>, Arc<[bool]>>,
    budgets: HashMap<Money, Arc<[i64]>>,
}

/// The most workdays, and lists of languages, that are remembered: 2 bytes × schedules each.
const REMEMBERED: usize = 1024;

impl Memory {
    /// For every schedule (by its number) the minutes that it shares with `workday`.
    fn shared(&self, workday: Stretch, words: &Dictionary) -> Arc<[u16]> {
        let (schedules, key) = (words.schedules.all(), (workday.from.micros(), workday.until.micros()));
        self.remember(
            |all| &mut all.shared,
            key,
            schedules.len() + 1,
            || {
                let minutes = |(zone, hours): &(_, _)| u16::try_from(workday.minutes_worked_in(*zone, Some(*hours))).unwrap_or(u16::MAX);
                std::iter::once(0).chain(schedules.iter().map(minutes)).collect()
            },
        )
    }

    fn speaking(&self, asked: &[String], words: &Dictionary) -> Arc<[bool]> {
        self.remember(|all| &mut all.speaking, asked.to_vec(), words.languages.all().len() + 1, || words.speaking(asked).into())
    }

    fn budget(&self, most: Money, rates: &Rates, words: &Dictionary) -> Arc<[i64]> {
        self.remember(|all| &mut all.budgets, most, words.currencies.all().len() + 1, || budget(most, rates, words))
    }

    /// Other rates: what was made of the old ones is forgotten.
    pub fn forget_budgets(&self) {
        self.lock().budgets.clear();
    }

    fn remember<K: std::hash::Hash + Eq, V>(
        &self,
        part: fn(&mut Remembered) -> &mut HashMap<K, Arc<[V]>>,
        key: K,
        length: usize,
        make: impl FnOnce() -> Arc<[V]>,
    ) -> Arc<[V]> {
        let known = part(&mut self.lock()).get(&key).cloned().filter(|known| known.len() == length);
        if let Some(known) = known {
            return known;
        }
        // Made without the lock: two that ask at once both make it, and both are right.
        let made = make();
        let mut remembered = self.lock();
        let table = part(&mut remembered);
        if table.len() >= REMEMBERED {
            table.clear();
        }
        table.insert(key, made.clone());
        made
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
