//! Time as the gates see it: shared working hours in real zones, and the peak of what is already held.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::kernel::zone::add_days;
use crate::matching::domain::Commitment;
use crate::matching::domain::WorkingHours;

/// A stretch of time, from its first instant to just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first instant.
    pub from: Instant,
    /// The first instant after it.
    pub until: Instant,
}

impl Stretch {
    /// The working hours (09:00–17:00 unless others are set) that begin on `date` by the zone's wall clock. On a day
    /// when clocks change it is shorter or longer than on others; on a date that the zone leaves out it is empty.
    pub fn workday(zone: TimeZone, hours: Option<WorkingHours>, date: NaiveDate) -> Self {
        let WorkingHours { from, to } = hours.unwrap_or(WorkingHours::DEFAULT);
        let end_date = if to > from { date } else { add_days(date, 1) };
        Self { from: zone.at(date, from), until: zone.at(end_date, to) }
    }

    /// `days` calendar days of the zone from `date` on.
    pub fn dates(zone: TimeZone, date: NaiveDate, days: i64) -> Self {
        Self { from: zone.start_of(date), until: zone.start_of(add_days(date, days)) }
    }

    /// Whole minutes.
    pub fn minutes(self) -> i64 {
        self.until.since(self.from).num_minutes()
    }

    /// The minutes that both have; 0 where they do not meet.
    pub fn shared_minutes(self, other: Self) -> i64 {
        let shared = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        shared.minutes().max(0)
    }

    /// The minutes of this stretch inside the daily working hours of somebody in `zone`.
    ///
    /// Their local date may be the day before or after, and working hours may cross midnight: every workday that begins
    /// from the local day before the stretch to the local day of its end can meet it, and no two workdays overlap.
    pub fn minutes_worked_in(self, zone: TimeZone, hours: Option<WorkingHours>) -> i64 {
        let (first, last) = (add_days(zone.date(self.from), -1), zone.date(self.until));
        first.iter_days().take_while(|date| *date <= last).map(|date| self.shared_minutes(Self::workday(zone, hours, date))).sum()
    }

    /// The most hours per week that `commitments` hold at any one time of this stretch.
    pub fn peak_hours(self, commitments: &[Commitment]) -> u64 {
        let held_at = |at: Instant| -> u64 {
            commitments.iter().filter(|each| each.from <= at && at < each.until).map(|each| u64::from(each.hours)).sum()
        };
        // What is held grows only where a commitment begins, so that the peak is at one of these.
        let begins = commitments.iter().map(|each| each.from).filter(|from| self.from < *from && *from < self.until);
        begins.chain([self.from]).map(held_at).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    fn hours(from: u32, to: u32) -> Option<WorkingHours> {
        Some(WorkingHours { from: from * 60, to: to * 60 })
    }

    fn shared(client: &str, own: Option<WorkingHours>, date: &str, developer: &str, theirs: Option<WorkingHours>) -> i64 {
        Stretch::workday(zone(client), own, date.parse().unwrap()).minutes_worked_in(zone(developer), theirs)
    }

    #[test]
    fn london_and_santiago_through_their_four_clock_changes() {
        // London's day in UTC is 9–17 in winter, 8–16 in summer; Santiago's (-4 in its winter, -3 in its summer) is
        // 13–21 or 12–20. The two hemispheres change on different dates, so that all four combinations exist.
        for (date, expected_hours) in [
            ("2026-12-01", 5), // 9–17 and 12–20
            ("2026-03-30", 4), // London already in summer (29 March), Santiago still (until 5 April): 8–16 and 12–20
            ("2026-07-01", 3), // 8–16 and 13–21
            ("2026-09-07", 4), // Santiago in summer since 6 September: 8–16 and 12–20
        ] {
            assert_eq!(shared("Europe/London", None, date, "America/Santiago", None), expected_hours * 60, "{date}");
        }
    }

    #[test]
    fn apia_is_almost_a_day_ahead() {
        // Apia's 9–17 (+13) is 20–04 UTC. London's winter day 9–17 UTC shares nothing with it.
        assert_eq!(shared("Europe/London", None, "2026-12-01", "Pacific/Apia", None), 0);
        // London 18–02 is 18–02 UTC: 20–02 of Apia's *next* local day.
        assert_eq!(shared("Europe/London", hours(18, 2), "2026-12-01", "Pacific/Apia", None), 6 * 60);
        // London 00–08: 00–04 UTC of Apia's *same* local date.
        assert_eq!(shared("Europe/London", hours(0, 8), "2026-12-01", "Pacific/Apia", None), 4 * 60);
        // Honolulu (-10) 9–17 is 19–03 UTC, Apia 20–04 UTC of the following date: 7 hours.
        assert_eq!(shared("Pacific/Honolulu", None, "2026-12-01", "Pacific/Apia", None), 7 * 60);
        // A client in Apia, a developer in Honolulu whose date is the day *before*.
        assert_eq!(shared("Pacific/Apia", None, "2026-12-02", "Pacific/Honolulu", None), 7 * 60);
    }

    #[test]
    fn a_date_that_was_left_out_has_no_hours() {
        assert_eq!(shared("Pacific/Apia", None, "2011-12-30", "Pacific/Apia", None), 0);
        assert_eq!(shared("Pacific/Apia", None, "2011-12-31", "Pacific/Apia", None), 8 * 60);
        // London's 30 December 2011 18–02 (UTC) ends at 02:00 UTC of the 31st; Apia's 9–17 of the 31st (+14) is 19 of the
        // 30th to 03 UTC.
        assert_eq!(shared("Europe/London", hours(18, 2), "2011-12-30", "Pacific/Apia", None), 7 * 60);
    }

    #[test]
    fn windows_that_cross_midnight_meet_on_both_sides() {
        // 22–06 UTC against 20–04 UTC: 22–04.
        assert_eq!(shared("UTC", hours(22, 6), "2026-12-01", "UTC", hours(20, 4)), 6 * 60);
        // 00–08 against 22–06: the developer's window of the evening before.
        assert_eq!(shared("UTC", hours(0, 8), "2026-12-01", "UTC", hours(22, 6)), 6 * 60);
        // All day against 22–06: six hours in the morning and two in the evening.
        assert_eq!(shared("UTC", hours(0, 24), "2026-12-01", "UTC", hours(22, 6)), 8 * 60);
        assert_eq!(shared("UTC", hours(9, 9), "2026-12-01", "UTC", hours(5, 5)), 24 * 60);
    }

    #[test]
    fn a_night_in_which_clocks_change_has_its_real_length() {
        // London, 28 to 29 March 2026: 22–06 lasts seven hours; 24 to 25 October nine.
        assert_eq!(shared("Europe/London", hours(22, 6), "2026-03-28", "Europe/London", hours(22, 6)), 7 * 60);
        assert_eq!(shared("Europe/London", hours(22, 6), "2026-10-24", "Europe/London", hours(22, 6)), 9 * 60);
        // Half-hour zones: Kolkata 9–17 is 03:30–11:30 UTC, London's winter day 9–17.
        assert_eq!(shared("Europe/London", None, "2026-12-01", "Asia/Kolkata", None), 150);
    }

    #[test]
    fn the_peak_is_of_what_is_held_at_once() {
        let day = |text: &str| zone("UTC").start_of(text.parse().unwrap());
        let hold = |hours, from, until| Commitment { hours, from: day(from), until: day(until) };
        let trial = Stretch::dates(zone("UTC"), "2026-12-01".parse().unwrap(), 35);
        assert_eq!(trial.until, day("2027-01-05"));
        let commitments = [
            hold(20, "2026-11-01", "2026-12-01"), // over when the trial begins
            hold(10, "2026-11-15", "2026-12-10"),
            hold(15, "2026-12-10", "2026-12-20"), // begins when the other ends
            hold(8, "2026-12-15", "2027-02-01"),
            hold(40, "2027-01-05", "2027-02-01"), // begins when the grace is over
        ];
        assert_eq!(trial.peak_hours(&commitments), 23);
        assert_eq!(trial.peak_hours(&[]), 0);
    }
}
