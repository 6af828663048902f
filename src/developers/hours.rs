//! The hours that a developer has promised, and how many are left.

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::TrialId;

/// Hours of a developer that a trial holds, from `starts_at` until just before `ends_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Commitment {
    /// The trial.
    pub trial_id: TrialId,
    /// Hours per week.
    pub hours_per_week: i64,
    /// From when on.
    pub starts_at: Instant,
    /// Until when; null after a conversion, until the developer releases the hours.
    #[schema(required = true)]
    pub ends_at: Option<Instant>,
}

impl Commitment {
    /// Whether it holds hours at `at`.
    pub fn holds_at(&self, at: Instant) -> bool {
        self.starts_at <= at && self.lasts_beyond(at)
    }

    /// Whether it holds hours at some time after `at`.
    pub fn lasts_beyond(&self, at: Instant) -> bool {
        self.ends_at.is_none_or(|ends_at| at < ends_at)
    }
}

/// The most hours per week that `commitments` hold at any one time from `from` until just before `until`.
pub fn peak_hours(commitments: &[Commitment], from: Instant, until: Instant) -> i64 {
    let held_at = |at: Instant| -> i64 { commitments.iter().filter(|each| each.holds_at(at)).map(|each| each.hours_per_week).sum() };
    // What is held grows only where a commitment begins, so that the peak is at one of these.
    let begins = commitments.iter().map(|each| each.starts_at).filter(|at| from < *at && *at < until);
    begins.chain([from]).map(held_at).max().unwrap_or_default()
}

/// The hours per week that nothing holds at `at`; never less than 0.
pub fn free_hours(hours_per_week: i64, commitments: &[Commitment], at: Instant) -> i64 {
    (hours_per_week - peak_hours(commitments, at, at)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Instant {
        Instant::from_micros(day * 86_400_000_000)
    }

    fn held(hours_per_week: i64, starts: i64, ends: Option<i64>) -> Commitment {
        Commitment { trial_id: TrialId::from_u128(7), hours_per_week, starts_at: at(starts), ends_at: ends.map(at) }
    }

    #[test]
    fn the_peak_is_not_the_sum() {
        let one_after_the_other = [held(20, 0, Some(10)), held(30, 10, Some(20))];
        assert_eq!(peak_hours(&one_after_the_other, at(0), at(30)), 30);
        let overlapping = [held(20, 0, Some(11)), held(15, 10, Some(20)), held(5, 19, None)];
        assert_eq!(peak_hours(&overlapping, at(0), at(30)), 35);
        assert_eq!(peak_hours(&overlapping, at(11), at(19)), 15);
        assert_eq!(peak_hours(&overlapping, at(11), at(20)), 20);
    }

    #[test]
    fn only_the_asked_time_counts() {
        let all = [held(20, 5, Some(10))];
        assert_eq!(peak_hours(&all, at(0), at(5)), 0);
        assert_eq!(peak_hours(&all, at(10), at(15)), 0);
        assert_eq!(peak_hours(&all, at(9), at(15)), 20);
        assert_eq!(peak_hours(&[held(8, 5, None)], at(50_000), at(50_001)), 8);
        assert_eq!(peak_hours(&[], at(0), at(1)), 0);
    }

    #[test]
    fn free_is_what_is_left() {
        let all = [held(20, 5, Some(10)), held(30, 8, None)];
        assert_eq!([0, 5, 8, 10].map(|day| free_hours(40, &all, at(day))), [40, 20, 0, 10]);
    }
}
