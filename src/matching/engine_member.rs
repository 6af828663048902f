//! One developer of the pool, looked up once and asked about many requests.

use hashbrown::HashMap;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::OrganizationId;
use crate::kernel::money::Currency;
use crate::kernel::money::Money;
use crate::matching::engine_columns::Packed;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_plan::HOURS_FAIL;
use crate::matching::engine_plan::Plan;
use crate::matching::engine_plan::worth;
use crate::matching::engine_record::Entry;
use crate::matching::engine_record::Record;
use crate::matching::rules::Rules;

/// A developer of the pool.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Who.
    pub id: DeveloperId,
    /// What is known.
    pub(crate) packed: Packed<'a>,
    /// What the numbers mean.
    pub(crate) words: &'a Dictionary,
    /// What money is worth.
    pub(crate) rules: &'a Rules,
    /// Who is kept from whom.
    pub(crate) blocks: &'a HashMap<OrganizationId, Vec<DeveloperId>>,
}

impl<'a> Member<'a> {
    /// Whether all gates of a plan are passed, which is `organization`'s.
    pub fn passes(&self, plan: &Plan, organization: Option<OrganizationId>) -> bool {
        plan.verdict(self.packed.record) == 0 && self.verdict(plan, organization) == Some(0)
    }

    /// What the gates of a plan, which is `organization`'s, say of whoever meets its musts: see [`Plan::verdict`]; `None` for
    /// whoever does not, or is blocked.
    pub fn verdict(&self, plan: &Plan, organization: Option<OrganizationId>) -> Option<u8> {
        let blocked = || organization.and_then(|organization| self.blocks.get(&organization)).is_some_and(|ids| ids.contains(&self.id));
        let counts = plan.musts.iter().all(|must| self.packed.best_must(must).is_some()) && !blocked();
        let hours = || if self.packed.has_free_hours(plan) { 0 } else { HOURS_FAIL };
        counts.then(|| plan.verdict(self.packed.record) | hours())
    }

    /// What the gates read.
    pub fn record(&self) -> &'a Record {
        self.packed.record
    }

    /// The level of every skill, by its number; 0 where there is none.
    pub fn levels(&self) -> Vec<u8> {
        let mut levels = vec![0; self.words.skills.all().len() + 1];
        for entry in self.packed.skills().map(Entry) {
            if let Some(level) = levels.get_mut(usize::from(entry.skill())) {
                *level = u8::try_from(entry.level()).unwrap_or(0);
            }
        }
        levels
    }

    /// What the hourly rate is [`worth`]; the least there is for a currency without a rate.
    pub fn worth(&self) -> i64 {
        let rate = |currency: &Currency| Money { amount: self.record().rate.into(), currency: *currency };
        let money = self.words.currencies.word(self.record().currency.into()).map(rate);
        money.and_then(|money| worth(money, &self.rules.rates)).unwrap_or(i64::MIN)
    }
}
