//! When digests go, and what decides that a request's first fits are to be recorded anew. Pure.

use crate::jobs::domain::JobRequestFields;
use crate::kernel::clock::Instant;
use crate::kernel::digest;
use crate::kernel::zone::TimeZone;
use crate::kernel::zone::add_days;
use crate::notifications::reminders::MORNING;

/// The next 09:00 in `zone` after `now`.
pub fn next_morning(now: Instant, zone: TimeZone) -> Instant {
    let today = zone.date(now);
    let morning = zone.at(today, MORNING);
    if now < morning { morning } else { zone.at(add_days(today, 1), MORNING) }
}

/// Whether it is 09:00 or later on the local day.
pub fn is_morning(now: Instant, zone: TimeZone) -> bool {
    zone.at(zone.date(now), MORNING) <= now
}

/// SHA-256 over what a request demands of developers, in hex: the same as long as the same developers fit.
pub fn demands(fields: &JobRequestFields) -> String {
    let demanded = JobRequestFields { title: String::new(), description: String::new(), seats: 1, published: false, ..fields.clone() };
    // The fields of a struct stand in the order of their declaration.
    let text = serde_json::to_string(&demanded).unwrap_or_default();
    digest::sha256(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn digests_go_at_nine_of_the_recipient_once_a_day() {
        let zone = TimeZone::parse("America/New_York").unwrap();
        for (now, next) in [
            ("2026-11-23T13:59:59Z", "2026-11-23T14:00:00Z"),
            ("2026-11-23T14:00:00Z", "2026-11-24T14:00:00Z"),
            ("2026-11-24T03:00:00Z", "2026-11-24T14:00:00Z"),
            // Clocks go back on 1 November 2026.
            ("2026-10-31T14:00:00Z", "2026-11-01T14:00:00Z"),
        ] {
            assert_eq!(next_morning(at(now), zone), at(next), "{now}");
        }
        assert!(!is_morning(at("2026-11-23T13:59:59Z"), zone) && is_morning(at("2026-11-23T14:00:00Z"), zone));
    }
}
