//! The key dates of a trial. Days are calendar days of the contract's zone and begin at its local midnight: where that
//! does not exist at the first instant after it, where it exists twice at the earlier one.
//!
//! `decision_opens_at` and `grace_until` count calendar days from the end as well, so that they too are midnights in the
//! contract's zone when the clocks change in between. Only the deadlines of an offer count hours.

use chrono::{NaiveDate, TimeDelta};

use crate::kernel::clock::Instant;
use crate::kernel::zone::{TimeZone, add_days};

/// The numbers of the lifecycle that are configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Calendar days that a trial lasts.
    pub trial_days: i64,
    /// Calendar days before the end at which the decision opens.
    pub decision_days: i64,
    /// Calendar days after the end until an undecided trial ends by itself.
    pub grace_days: i64,
    /// Days of 24 hours in which an offer is to be answered.
    pub offer_days: i64,
    /// Days of 24 hours in which a proposal is to be answered.
    pub proposal_days: i64,
    /// Calendar days ahead that a trial may start at the most.
    pub start_within_days: i64,
    /// Calendar days that a trial may be paused, in all.
    pub pause_days: i64,
    /// Calendar days that may be added to a trial, once.
    pub extension_days: i64,
    /// Days of 24 hours in which an offer to go on for good is to be answered.
    pub conversion_days: i64,
    /// Days of 24 hours in which a termination can be appealed.
    pub appeal_days: i64,
    /// Calendar days after its end in which a trial should be replaced: the re-match clock.
    pub rematch_days: i64,
    /// How many replacements a job request may have.
    pub replacements: i64,
    /// Calendar days after the last day of work in which hand-over, timesheet and reviews are asked for.
    pub after_days: i64,
}

impl Default for Periods {
    fn default() -> Self {
        Self {
            trial_days: 30,
            decision_days: 7,
            grace_days: 5,
            offer_days: 7,
            proposal_days: 5,
            start_within_days: 365,
            pause_days: 14,
            extension_days: 14,
            conversion_days: 5,
            appeal_days: 30,
            rematch_days: 14,
            replacements: 3,
            after_days: 21,
        }
    }
}

/// What the key dates follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The contract's time zone.
    pub time_zone: TimeZone,
    /// The first day.
    pub starts_on: NaiveDate,
    /// Calendar days agreed at first.
    pub trial_days: i64,
    /// Calendar days added by agreement.
    pub extension_days: i64,
    /// Local midnights passed while paused.
    pub paused_days: i64,
}

/// When a trial begins, can be decided, and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDates {
    /// The start of `starts_on`.
    pub starts_at: Instant,
    /// When the decision opens.
    pub decision_opens_at: Instant,
    /// When the trial's days are over.
    pub ends_at: Instant,
    /// When an undecided trial ends by itself.
    pub grace_until: Instant,
}

impl Span {
    /// The day after the last day: the trial is over when it begins.
    pub fn ends_on(self) -> NaiveDate {
        add_days(self.starts_on, self.trial_days + self.extension_days + self.paused_days)
    }

    /// The key dates.
    pub fn key_dates(self, periods: &Periods) -> KeyDates {
        let ends_on = self.ends_on();
        let start_of = |days: i64| self.time_zone.start_of(add_days(ends_on, days));
        KeyDates {
            starts_at: self.time_zone.start_of(self.starts_on),
            decision_opens_at: start_of(-periods.decision_days),
            ends_at: start_of(0),
            grace_until: start_of(periods.grace_days),
        }
    }
}

/// Whether a trial that is offered at `now` may start on `starts_on`: from today to `start_within_days` ahead, on a day that
/// the zone has.
pub fn is_start_in_reach(starts_on: NaiveDate, time_zone: TimeZone, now: Instant, periods: &Periods) -> bool {
    let today = time_zone.date(now);
    (today..=add_days(today, periods.start_within_days)).contains(&starts_on) && time_zone.has(starts_on)
}

/// Whether `starts_on` is today or later in the contract's zone.
pub fn is_start_not_past(starts_on: NaiveDate, time_zone: TimeZone, now: Instant) -> bool {
    starts_on >= time_zone.date(now)
}

/// Until when an offer sent at `sent_at` can be answered: `offer_days`, or the start, whichever is first. An offer for a
/// day that has already begun can be answered while that day lasts.
pub fn offer_expires_at(sent_at: Instant, starts_on: NaiveDate, time_zone: TimeZone, periods: &Periods) -> Instant {
    let start = time_zone.start_of(starts_on);
    let latest = if start > sent_at { start } else { time_zone.start_of(add_days(starts_on, 1)) };
    sent_at.plus(TimeDelta::days(periods.offer_days)).min(latest)
}

/// Until when a proposal made at `proposed_at` can be answered; afterwards it no longer stands in the way of another.
pub fn proposal_lapses_at(proposed_at: Instant, periods: &Periods) -> Instant {
    proposed_at.plus(TimeDelta::days(periods.proposal_days))
}

/// The paused days of a pause from `from` until `until`: the local midnights in between.
pub fn paused_days(from: Instant, until: Instant, time_zone: TimeZone) -> i64 {
    time_zone.date(until).signed_duration_since(time_zone.date(from)).num_days().max(0)
}

/// When a pause that began at `from` has used up the days that were left: the clock ends it at that local midnight.
pub fn pause_ends_at(from: Instant, days_left: i64, time_zone: TimeZone) -> Instant {
    time_zone.start_of(add_days(time_zone.date(from), days_left))
}

/// When whoever is to answer an offer is reminded: after 48 hours, and 24 hours before it expires; none that would come
/// with the offer, after it, or out of this order.
pub fn offer_reminders(sent_at: Instant, expires_at: Instant) -> Vec<Instant> {
    let last = expires_at.plus(TimeDelta::hours(-24));
    let first = Some(sent_at.plus(TimeDelta::hours(48))).filter(|at| *at < last);
    first.into_iter().chain(Some(last).filter(|at| *at > sent_at)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::new(text.parse().unwrap())
    }

    fn dates(zone_name: &str, starts_on: &str) -> [String; 4] {
        let span = Span { time_zone: zone(zone_name), starts_on: date(starts_on), trial_days: 30, extension_days: 0, paused_days: 0 };
        let dates = span.key_dates(&Periods::default());
        [dates.starts_at, dates.decision_opens_at, dates.ends_at, dates.grace_until].map(|at| at.to_string())
    }

    #[test]
    fn days_are_calendar_days_of_the_contracts_zone() {
        let winter = ["2026-12-01T00:00:00Z", "2026-12-24T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-05T00:00:00Z"];
        assert_eq!(dates("Europe/London", "2026-12-01"), winter);
        // London's clocks go back on 25 October 2026: the decision opens by summer time, the trial ends by winter time.
        let autumn = ["2026-09-29T23:00:00Z", "2026-10-22T23:00:00Z", "2026-10-30T00:00:00Z", "2026-11-04T00:00:00Z"];
        let dates_in_autumn = dates("Europe/London", "2026-09-30");
        assert_eq!(dates_in_autumn, autumn);
        // Santiago has no midnight on 6 September 2026: the trial ends at 01:00 by the wall clock.
        let santiago = ["2026-08-07T04:00:00Z", "2026-08-30T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-11T03:00:00Z"];
        assert_eq!(dates("America/Santiago", "2026-08-07"), santiago);
        // Samoa had no 30 December 2011: what would end with its beginning ends with the next day's.
        let samoa = dates("Pacific/Apia", "2011-11-30");
        assert_eq!(samoa[2], "2011-12-30T10:00:00Z");
        assert_eq!(zone("Pacific/Apia").date(at(&samoa[2])), date("2011-12-31"));
    }

    #[test]
    fn an_offer_stands_seven_days_or_until_the_start() {
        let expires = |sent: &str, starts_on: &str| {
            offer_expires_at(at(sent), date(starts_on), zone("Europe/London"), &Periods::default()).to_string()
        };
        assert_eq!(expires("2026-11-01T10:00:00Z", "2026-12-01"), "2026-11-08T10:00:00Z");
        assert_eq!(expires("2026-11-28T10:00:00Z", "2026-12-01"), "2026-12-01T00:00:00Z");
        assert_eq!(expires("2026-11-30T23:59:59.999999Z", "2026-12-01"), "2026-12-01T00:00:00Z");
        for sent in ["2026-12-01T00:00:00Z", "2026-12-01T10:00:00Z"] {
            assert_eq!(expires(sent, "2026-12-01"), "2026-12-02T00:00:00Z", "the day has begun");
        }
    }

    #[test]
    fn starts_are_in_reach_from_today_to_a_year_ahead() {
        let reach =
            |starts_on: &str| is_start_in_reach(date(starts_on), zone("Pacific/Apia"), at("2026-11-30T12:00:00Z"), &Periods::default());
        // In Apia it is already 1 December.
        assert!(reach("2026-12-01") && reach("2027-12-01"));
        assert!(!reach("2026-11-30") && !reach("2027-12-02"));
        assert!(!is_start_in_reach(date("2011-12-30"), zone("Pacific/Apia"), at("2011-12-01T00:00:00Z"), &Periods::default()));
        assert!(!is_start_not_past(date("2026-11-30"), zone("Pacific/Apia"), at("2026-11-30T12:00:00Z")));
        assert!(is_start_not_past(date("2026-11-30"), TimeZone::UTC, at("2026-11-30T12:00:00Z")));
    }

    #[test]
    fn reminders_of_an_offer() {
        let reminders = |expires: &str| {
            let texts = offer_reminders(at("2026-11-01T10:00:00Z"), at(expires)).into_iter().map(|at| at.to_string());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(reminders("2026-11-08T10:00:00Z"), ["2026-11-03T10:00:00Z", "2026-11-07T10:00:00Z"]);
        assert_eq!(reminders("2026-11-04T10:00:00Z"), ["2026-11-03T10:00:00Z"]);
        assert_eq!(reminders("2026-11-03T00:00:00Z"), ["2026-11-02T00:00:00Z"]);
        assert!(reminders("2026-11-02T10:00:00Z").is_empty());
    }

    fn spans() -> impl Strategy<Value = Span> {
        let names = prop_oneof![
            Just("Europe/London"),
            Just("America/Santiago"),
            Just("Pacific/Apia"),
            Just("America/New_York"),
            Just("Africa/Cairo"),
            Just("Asia/Kathmandu"),
        ];
        // 2011 to 2030: with Samoa's missing day, and some twenty years of changing clocks.
        let days = 0_i64..7_300;
        let lengths = (1_i64..60, 0_i64..=14, 0_i64..=14);
        let spans = (names, days, lengths).prop_map(|(name, day, (trial_days, extension_days, paused_days))| Span {
            time_zone: zone(name),
            starts_on: add_days(date("2011-01-01"), day),
            trial_days,
            extension_days,
            paused_days,
        });
        // An offer for a day that the zone does not have is refused.
        spans.prop_filter("a day of the zone", |span| span.time_zone.has(span.starts_on))
    }

    proptest! {
        #[test]
        fn every_key_date_is_the_first_instant_of_its_local_day(span in spans()) {
            let dates = span.key_dates(&Periods::default());
            let ends_on = add_days(span.starts_on, span.trial_days + span.extension_days + span.paused_days);
            let expected = [
                (dates.starts_at, span.starts_on),
                (dates.decision_opens_at, add_days(ends_on, -7)),
                (dates.ends_at, ends_on),
                (dates.grace_until, add_days(ends_on, 5)),
            ];
            for (instant, day) in expected {
                if span.time_zone.has(day) {
                    prop_assert_eq!(span.time_zone.date(instant), day);
                }
                // An instant before, it is another day.
                prop_assert!(span.time_zone.date(instant.plus(TimeDelta::microseconds(-1))) < day);
            }
        }

        #[test]
        fn more_days_never_end_earlier_and_the_order_holds(span in spans(), more in 1_i64..30) {
            let dates = span.key_dates(&Periods::default());
            prop_assert!(dates.starts_at < dates.ends_at);
            prop_assert!(dates.decision_opens_at < dates.ends_at && dates.ends_at < dates.grace_until);
            let longer = Span { extension_days: span.extension_days + more, ..span }.key_dates(&Periods::default());
            prop_assert!(longer.starts_at == dates.starts_at && longer.ends_at >= dates.ends_at);
            let paused = Span { paused_days: span.paused_days + more, ..span }.key_dates(&Periods::default());
            prop_assert_eq!(paused, longer);
        }

        #[test]
        fn an_offer_never_expires_before_it_is_sent_nor_after_seven_days(span in spans(), hours in 0_i64..24 * 400) {
            let end_of_first_day = span.time_zone.start_of(add_days(span.starts_on, 1));
            let sent_at = end_of_first_day.plus(TimeDelta::hours(-hours - 1));
            let expires_at = offer_expires_at(sent_at, span.starts_on, span.time_zone, &Periods::default());
            prop_assert!(sent_at < expires_at && expires_at <= sent_at.plus(TimeDelta::days(7)));
            let reminders = offer_reminders(sent_at, expires_at);
            prop_assert!(reminders.is_sorted() && reminders.iter().all(|at| sent_at < *at && *at < expires_at));
        }
    }
}
