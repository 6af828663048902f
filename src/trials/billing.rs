//! Money for hours: what the client owes, what the platform pays, and what the developer is due, in whole minor units.
//!
//! - A day's hours cost the rate that was agreed when the day began, rounded once, half up, per day; so weeks and totals are
//!   sums and every rule splits the same amount. A rate agreed on a day counts from the next day on: no hour that is
//!   already worked changes its price.
//! - The days of a rule are calendar days from `starts_on`, the first one is day 1; paused and added days count as days.
//! - `free_if_ended_within(n)`: ended means that a party, both or an admin have ended it by the end of day n; then the hours
//!   until day n are free. What is worked after day n, such as in the days of notice, is paid.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::money::{Currency, Money};
use crate::kernel::week::Week;
use crate::kernel::zone::{TimeZone, add_days};
use crate::trials::model::{Dossier, Event, Trial};
use crate::trials::process::{Outcome, TrialState};
use crate::trials::terms::{Billing, Party};

const MINUTES_PER_HOUR: i128 = 60;

/// What of a contract money depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Who bears the cost of the first days.
    pub billing: Billing,
    /// Day 1.
    pub starts_on: NaiveDate,
    /// The day on which its end was said; nothing while it runs, and when it went on for good.
    pub ended_on: Option<NaiveDate>,
    /// The rates per hour by the day from which on they count, the earliest first; the first one counts before it as well.
    pub rates: Vec<(NaiveDate, Money)>,
}

/// Minutes worked on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worked {
    /// The day, in the contract's zone.
    pub date: NaiveDate,
    /// How long.
    pub minutes: i64,
}

/// An amount and who pays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Split {
    /// What the developer is due.
    pub developer_due: Money,
    /// What the client owes.
    pub client_owes: Money,
    /// What the platform pays.
    pub platform_pays: Money,
}

/// The money of a week, or of all weeks, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Minutes worked.
    pub minutes: i64,
    /// What they cost.
    pub split: Split,
}

impl Agreement {
    /// What the contract of `dossier`, which has taken the steps `events`, says about money.
    pub fn of(dossier: &Dossier, events: &[Event]) -> Self {
        let trial = &dossier.contract.trial;
        let terms = &dossier.contract.terms;
        Self {
            billing: terms.billing,
            starts_on: trial.starts_on,
            ended_on: ended_on(trial, events, terms.time_zone),
            rates: rates(dossier),
        }
    }

    /// What an hour of `date` costs.
    fn rate(&self, date: NaiveDate) -> Option<Money> {
        let counting = self.rates.iter().rev().find(|(from, _)| *from <= date);
        counting.or(self.rates.first()).map(|(_, rate)| *rate)
    }

    /// Whether the platform pays for the hours of `date`.
    fn is_covered(&self, date: NaiveDate) -> bool {
        let last = |days: i64| add_days(self.starts_on, days - 1);
        match self.billing {
            Billing::ClientPaysAll {} => false,
            Billing::PlatformCoversFirst { days } => date <= last(days),
            Billing::FreeIfEndedWithin { days } => self.ended_on.is_some_and(|ended_on| ended_on <= last(days)) && date <= last(days),
        }
    }

    /// Whether the split of the hours worked until now can no longer change at `today`.
    pub fn is_settled(&self, today: NaiveDate) -> bool {
        match self.billing {
            Billing::FreeIfEndedWithin { days } => self.ended_on.is_some() || today >= add_days(self.starts_on, days),
            Billing::ClientPaysAll {} | Billing::PlatformCoversFirst { .. } => true,
        }
    }

    /// What a day's work costs, and who pays it.
    pub fn of_day(&self, worked: Worked) -> Option<Line> {
        let rate = self.rate(worked.date)?;
        let cost = i128::from(rate.amount) * i128::from(worked.minutes);
        let due = i64::try_from((cost + MINUTES_PER_HOUR / 2).div_euclid(MINUTES_PER_HOUR)).unwrap_or(i64::MAX);
        let platform = if self.is_covered(worked.date) { due } else { 0 };
        let money = |amount| Money { amount, currency: rate.currency };
        let split = Split { developer_due: money(due), client_owes: money(due - platform), platform_pays: money(platform) };
        Some(Line { minutes: worked.minutes, split })
    }

    /// What `worked` costs: a line for each week and currency, in their order.
    pub fn weeks(&self, worked: &[Worked]) -> Vec<(Week, Line)> {
        let mut lines: Vec<(Week, Line)> = Vec::new();
        let mut days = worked.to_vec();
        days.sort_by_key(|day| day.date);
        for (week, line) in days.iter().filter_map(|day| Some((Week::of(day.date), self.of_day(*day)?))) {
            match lines.iter_mut().find(|(other, sum)| *other == week && sum.currency() == line.currency()) {
                Some((_, sum)) => *sum = sum.plus(&line),
                None => lines.push((week, line)),
            }
        }
        lines
    }
}

impl Line {
    fn currency(&self) -> Currency {
        self.split.developer_due.currency
    }

    /// The sum of two lines of one currency.
    fn plus(self, other: &Self) -> Self {
        let plus = |left: Money, right: Money| Money { amount: left.amount.saturating_add(right.amount), ..left };
        Self {
            minutes: self.minutes + other.minutes,
            split: Split {
                developer_due: plus(self.split.developer_due, other.split.developer_due),
                client_owes: plus(self.split.client_owes, other.split.client_owes),
                platform_pays: plus(self.split.platform_pays, other.split.platform_pays),
            },
        }
    }
}

/// The sums of `lines`, one for each currency.
pub fn totals<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<Line> {
    let mut totals: Vec<Line> = Vec::new();
    for line in lines {
        match totals.iter_mut().find(|sum| sum.currency() == line.currency()) {
            Some(sum) => *sum = sum.plus(line),
            None => totals.push(*line),
        }
    }
    totals
}

/// The day on which its end was said; an appeal, or a replacement, never makes it a later one.
fn ended_on(trial: &Trial, events: &[Event], time_zone: TimeZone) -> Option<NaiveDate> {
    let over = trial.state == TrialState::Ended && trial.outcome != Some(Outcome::Converted);
    let ended = events.iter().find(|event| event.to == TrialState::Ended).filter(|_| over)?;
    let said_on = time_zone.date(ended.at);
    Some(trial.last_day.map_or(said_on, |last_day| last_day.min(said_on)))
}

/// The rate of each version that both have signed, from the day after the second signature; the one that the trial began
/// with counts from the beginning.
fn rates(dossier: &Dossier) -> Vec<(NaiveDate, Money)> {
    let zone = dossier.contract.time_zone();
    let signed = |version: i64, party: Party| {
        let mut signatures = dossier.signatures.iter();
        signatures.find(|each| each.terms_version == version && each.party == party).map(|each| each.at)
    };
    let agreed = dossier.history.iter().filter_map(|version| {
        let number = version.document.version;
        let at = signed(number, Party::Client)?.max(signed(number, Party::Developer)?);
        Some((add_days(zone.date(at), 1), version.document.terms.hourly_rate))
    });
    let mut rates: Vec<(NaiveDate, Money)> = agreed.collect();
    if rates.is_empty() {
        rates.push((dossier.contract.trial.starts_on, dossier.contract.terms.hourly_rate));
    }
    rates
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    const START: &str = "2026-12-01";

    fn day(number: i64) -> NaiveDate {
        add_days(START.parse().unwrap(), number - 1)
    }

    fn usd(amount: i64) -> Money {
        Money { amount, currency: Currency::USD }
    }

    fn agreement(billing: Billing, ended: Option<i64>) -> Agreement {
        Agreement { billing, starts_on: day(1), ended_on: ended.map(day), rates: vec![(day(1), usd(8000))] }
    }

    fn hours(days: impl IntoIterator<Item = i64>, hours: i64) -> Vec<Worked> {
        days.into_iter().map(|number| Worked { date: day(number), minutes: hours * 60 }).collect()
    }

    /// Due, owed by the client, paid by the platform: in dollars.
    fn dollars(agreement: &Agreement, worked: &[Worked]) -> (i64, i64, i64) {
        let lines: Vec<Line> = agreement.weeks(worked).into_iter().map(|(_, line)| line).collect();
        let split = totals(&lines).first().map(|line| line.split).unwrap();
        (split.developer_due.amount / 100, split.client_owes.amount / 100, split.platform_pays.amount / 100)
    }

    #[test]
    fn free_if_ended_within_is_decided_by_the_day_on_which_the_end_is_said() {
        let free = Billing::FreeIfEndedWithin { days: 7 };
        let worked = hours(1..=7, 8);
        assert_eq!(dollars(&agreement(free, Some(7)), &worked), (4480, 0, 4480), "on day n");
        assert_eq!(dollars(&agreement(free, Some(8)), &worked), (4480, 4480, 0), "on day n + 1");
        assert_eq!(dollars(&agreement(free, None), &worked), (4480, 4480, 0), "still running, or gone on for good");
        assert_eq!(dollars(&agreement(free, Some(7)), &hours(7..=12, 1)), (480, 400, 80), "the days of notice after day n are paid");
    }

    #[test]
    fn the_platform_covers_calendar_days_from_the_start_paused_and_added_ones_too() {
        let covers = Billing::PlatformCoversFirst { days: 14 };
        assert_eq!(dollars(&agreement(covers, None), &hours([14], 8)), (640, 0, 640), "day n");
        assert_eq!(dollars(&agreement(covers, None), &hours([15], 8)), (640, 640, 0), "day n + 1");
        // Days 3 to 10 paused: nothing is worked, the covered days pass all the same; day 40 is an added one.
        assert_eq!(dollars(&agreement(covers, None), &hours([1, 2, 11, 14, 15, 40], 8)), (3840, 1280, 2560));
        assert_eq!(dollars(&agreement(covers, Some(2)), &hours([1, 2], 8)), (1280, 0, 1280), "an end changes nothing");
        assert_eq!(dollars(&agreement(Billing::ClientPaysAll {}, Some(2)), &hours([1, 2], 8)), (1280, 1280, 0));
    }

    #[test]
    fn weeks_begin_on_monday_and_a_rate_counts_from_its_day() {
        // Day 1 is a Tuesday, day 6 the Sunday, day 7 the Monday after; the new rate counts from day 7 on, mid-trial.
        let mut agreement = agreement(Billing::ClientPaysAll {}, None);
        agreement.rates.push((day(7), usd(9001)));
        let lines = agreement.weeks(&[hours([6, 7], 1), vec![Worked { date: day(8), minutes: 15 }]].concat());
        let due: Vec<_> = lines.iter().map(|(week, line)| (week.to_string(), line.minutes, line.split.developer_due.amount)).collect();
        // A quarter of 90.01 is 22.5025: rounded down; half of it is 45.005: rounded up.
        assert_eq!(due, [("2026-W49".to_owned(), 60, 8000), ("2026-W50".to_owned(), 75, 9001 + 2250)]);
        assert_eq!(agreement.of_day(Worked { date: day(8), minutes: 30 }).unwrap().split.developer_due, usd(4501));
    }

    #[test]
    fn a_change_of_currency_makes_lines_and_totals_of_their_own() {
        let mut agreement = agreement(Billing::ClientPaysAll {}, None);
        let euro = Money { amount: 7000, currency: Currency::parse("EUR").unwrap() };
        agreement.rates.push((day(3), euro));
        let lines: Vec<Line> = agreement.weeks(&hours([2, 3, 4], 1)).into_iter().map(|(_, line)| line).collect();
        let due: Vec<String> = totals(&lines).iter().map(|line| line.split.developer_due.display()).collect();
        assert_eq!(due, ["80.00 USD", "140.00 EUR"]);
    }

    #[test]
    fn a_split_is_settled_when_no_end_can_change_it() {
        let free = Billing::FreeIfEndedWithin { days: 7 };
        assert!(!agreement(free, None).is_settled(day(7)) && agreement(free, None).is_settled(day(8)));
        assert!(agreement(free, Some(3)).is_settled(day(3)) && agreement(Billing::ClientPaysAll {}, None).is_settled(day(1)));
    }

    fn rules() -> impl Strategy<Value = Billing> {
        prop_oneof![
            any::<bool>().prop_map(|_| Billing::ClientPaysAll {}),
            (1_i64..=30).prop_map(|days| Billing::FreeIfEndedWithin { days }),
            (1_i64..=30).prop_map(|days| Billing::PlatformCoversFirst { days }),
        ]
    }

    proptest! {
        #[test]
        fn client_and_platform_pay_what_the_developer_is_due_and_no_rule_changes_that(
            billing in rules(),
            ended in proptest::option::of(1_i64..60),
            rates in proptest::collection::vec((1_i64..60, 0_i64..1_000_000), 1..4),
            worked in proptest::collection::btree_map(1_i64..60, 0_i64..=1440, 0..40),
        ) {
            let mut rates: Vec<_> = rates.into_iter().map(|(from, amount)| (day(from), usd(amount))).collect();
            rates.sort_by_key(|(from, _)| *from);
            let worked: Vec<Worked> = worked.into_iter().map(|(number, minutes)| Worked { date: day(number), minutes }).collect();
            let agreement = Agreement { rates, ..agreement(billing, ended) };
            let lines: Vec<Line> = agreement.weeks(&worked).into_iter().map(|(_, line)| line).collect();
            for Line { split, .. } in lines.iter().chain(&totals(&lines)) {
                prop_assert_eq!(split.client_owes.amount + split.platform_pays.amount, split.developer_due.amount);
                prop_assert!(split.client_owes.amount >= 0 && split.platform_pays.amount >= 0);
            }
            let all = Agreement { billing: Billing::ClientPaysAll {}, ..agreement.clone() };
            let due = |agreement: &Agreement| agreement.weeks(&worked).iter().map(|(_, line)| line.split.developer_due.amount).collect::<Vec<_>>();
            prop_assert_eq!(due(&agreement), due(&all));
            prop_assert_eq!(lines.iter().map(|line| line.minutes).sum::<i64>(), worked.iter().map(|day| day.minutes).sum::<i64>());
        }
    }
}
