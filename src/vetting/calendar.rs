//! When somebody is reminded: 09:00 of the recipient on days counted from what happened or from where it ends.

use chrono::{Datelike as _, NaiveDate, Weekday};

use crate::kernel::clock::Instant;
use crate::kernel::zone::{TimeZone, add_days};
use crate::notifications::reminders::MORNING;

/// A reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When it goes.
    pub due_at: Instant,
    /// From when on it would say nothing any more: the next one is due, or its time has passed.
    pub until: Instant,
}

/// The days of the reminders of questions.
#[derive(Debug, Clone, Copy)]
pub struct AnswerReminders<'a> {
    /// Days after the questions.
    pub after: &'a [i64],
    /// Days before the end.
    pub before: i64,
}

/// The reminders of questions that were asked at `asked_at` and wait until `answer_by`, for somebody in `zone`.
pub fn answer_reminders(days: AnswerReminders<'_>, asked_at: Instant, answer_by: Instant, zone: TimeZone) -> Vec<Planned> {
    let after = days.after.iter().map(|days| nine(zone, asked_at, *days));
    let due = after.chain([nine(zone, answer_by, -days.before)]).collect();
    between(due, asked_at, answer_by)
}

/// The reminders, `days` days before it each, of an end at `ends_at` that are still ahead at `now`, for somebody in `zone`.
pub fn end_reminders(days: &[i64], ends_at: Instant, now: Instant, zone: TimeZone) -> Vec<Planned> {
    between(days.iter().map(|days| nine(zone, ends_at, -days)).collect(), now, ends_at)
}

/// How many working days, Monday to Friday where `zone` is, have begun after the day of `since`, up to that of `now`.
pub fn working_days(since: Instant, now: Instant, zone: TimeZone) -> i64 {
    let (first, last) = (zone.date(since), zone.date(now));
    let days = last.signed_duration_since(first).num_days().max(0);
    let rest = (days / 7 * 7 + 1..=days).filter(|day| is_working_day(add_days(first, *day)));
    days / 7 * 5 + i64::try_from(rest.count()).unwrap_or_default()
}

fn is_working_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// 09:00 on the day so many days after that of `at`.
fn nine(zone: TimeZone, at: Instant, days: i64) -> Instant {
    zone.at(add_days(zone.date(at), days), MORNING)
}

/// Each is good until the next one, so that what was missed while nothing ran collapses into the last.
fn between(mut due: Vec<Instant>, from: Instant, to: Instant) -> Vec<Planned> {
    due.sort_unstable();
    due.dedup();
    due.retain(|at| from < *at && *at < to);
    let untils = due.iter().skip(1).copied().chain([to]);
    due.iter().copied().zip(untils).map(|(due_at, until)| Planned { due_at, until }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        serde_json::from_value(text.into()).unwrap()
    }

    fn shown(planned: &[Planned]) -> Vec<String> {
        planned.iter().map(|each| format!("{} … {}", each.due_at, each.until)).collect()
    }

    const DAYS: AnswerReminders<'_> = AnswerReminders { after: &[5, 10], before: 1 };

    #[test]
    fn questions_are_remembered_at_nine_where_the_developer_is() {
        let (asked_at, answer_by) = (at("2026-11-23T10:00:00Z"), at("2026-12-07T10:00:00Z"));
        let tokyo = TimeZone::parse("Asia/Tokyo").unwrap();
        let expected = [
            "2026-11-28T00:00:00Z … 2026-12-03T00:00:00Z",
            "2026-12-03T00:00:00Z … 2026-12-06T00:00:00Z",
            "2026-12-06T00:00:00Z … 2026-12-07T10:00:00Z",
        ];
        assert_eq!(shown(&answer_reminders(DAYS, asked_at, answer_by, tokyo)), expected);
        let short = answer_reminders(DAYS, asked_at, at("2026-11-28T10:00:00Z"), TimeZone::UTC);
        assert_eq!(shown(&short), ["2026-11-27T09:00:00Z … 2026-11-28T09:00:00Z", "2026-11-28T09:00:00Z … 2026-11-28T10:00:00Z"]);
    }

    #[test]
    fn working_days_leave_out_saturdays_and_sundays() {
        let count = |since, now| working_days(at(since), at(now), TimeZone::UTC);
        // 23 November 2026 is a Monday.
        assert_eq!(count("2026-11-23T10:00:00Z", "2026-11-23T23:00:00Z"), 0);
        assert_eq!(count("2026-11-23T10:00:00Z", "2026-11-27T09:00:00Z"), 4);
        assert_eq!(count("2026-11-27T10:00:00Z", "2026-11-29T23:00:00Z"), 0);
        assert_eq!(count("2026-11-28T10:00:00Z", "2026-12-14T09:00:00Z"), 11);
        assert_eq!(count("2026-11-27T10:00:00Z", "2026-11-20T10:00:00Z"), 0);
        let auckland = TimeZone::parse("Pacific/Auckland").unwrap();
        assert_eq!(working_days(at("2026-11-22T10:00:00Z"), at("2026-11-22T11:30:00Z"), auckland), 1, "Monday has begun there");
    }

    #[test]
    fn an_end_is_announced_only_as_far_as_it_is_ahead() {
        let ends_at = at("2028-05-23T10:00:00Z");
        let planned = |now| shown(&end_reminders(&[60, 30, 7], ends_at, at(now), TimeZone::UTC));
        let all = [
            "2028-03-24T09:00:00Z … 2028-04-23T09:00:00Z",
            "2028-04-23T09:00:00Z … 2028-05-16T09:00:00Z",
            "2028-05-16T09:00:00Z … 2028-05-23T10:00:00Z",
        ];
        assert_eq!(planned("2026-11-23T10:00:00Z"), all);
        assert_eq!(planned("2028-04-23T08:59:59.999999Z"), all[1..]);
        assert_eq!(planned("2028-04-23T09:00:00Z"), all[2..], "it is no longer ahead");
        assert!(planned("2028-05-20T00:00:00Z").is_empty());
    }

    #[test]
    fn nothing_is_said_when_it_is_over() {
        let planned = |ends_at| shown(&end_reminders(&[7, 0], at(ends_at), at("2028-05-01T00:00:00Z"), TimeZone::UTC));
        assert_eq!(planned("2028-05-23T09:00:00Z"), ["2028-05-16T09:00:00Z … 2028-05-23T09:00:00Z"]);
        let last = "2028-05-23T09:00:00Z … 2028-05-23T09:00:00.000001Z";
        assert_eq!(planned("2028-05-23T09:00:00.000001Z"), ["2028-05-16T09:00:00Z … 2028-05-23T09:00:00Z", last]);
    }
}
