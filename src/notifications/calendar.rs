//! Calendars of key dates (RFC 5545), for attachments of mails and for whoever asks for a trial's. Pure: told all it writes.
//!
//! Instants stand in UTC, which every calendar shows in its reader's zone; the contract's wall clock is in the description.

use icalendar::{Calendar as Ical, Component as _, EventLike as _, EventStatus};

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;
use crate::notifications::letters::name;

/// What the calendar says of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// They take place.
    Publish,
    /// They are called off.
    Cancel,
}

/// A key date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDate {
    /// The same for the same date of the same trial, for ever: by it a calendar finds what it has to change.
    pub uid: String,
    /// What it is called; one line.
    pub summary: String,
    /// When it is (UTC).
    pub starts_at: Instant,
}

/// Key dates that change together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarEvents {
    /// Whether they take place.
    pub method: Method,
    /// Rises with every change, or a calendar keeps what it has: the trial's version.
    pub sequence: u32,
    /// When they were last changed (UTC).
    pub stamped_at: Instant,
    /// The contract's zone.
    pub zone: TimeZone,
    /// The dates.
    pub dates: Vec<KeyDate>,
}

impl Method {
    /// As RFC 5546 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Cancel => "CANCEL",
        }
    }
}

impl CalendarEvents {
    /// The calendar as `text/calendar`: lines end with CRLF and are folded, texts are escaped.
    pub fn to_ics(&self) -> String {
        ics(self.method, std::slice::from_ref(self))
    }

    fn event(&self, date: &KeyDate) -> icalendar::Event {
        let status = match self.method {
            Method::Publish => EventStatus::Confirmed,
            Method::Cancel => EventStatus::Cancelled,
        };
        icalendar::Event::new()
            .uid(&date.uid)
            .sequence(self.sequence)
            .timestamp(self.stamped_at.utc())
            .summary(&name(&date.summary))
            .description(&self.zone.display(date.starts_at))
            .starts(date.starts_at.utc())
            .status(status)
            // A key date is no appointment: it leaves the hour free.
            .add_property("TRANSP", "TRANSPARENT")
            .done()
    }
}

/// All of `events` as one calendar to subscribe to, as [`CalendarEvents::to_ics`] writes them. A feed is published whatever it says of
/// its events; those that are called off say so themselves.
pub fn feed(events: &[CalendarEvents]) -> String {
    ics(Method::Publish, events)
}

fn ics(method: Method, all: &[CalendarEvents]) -> String {
    let mut calendar = Ical::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Guildhall//Guildhall//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", method.as_str()));
    for events in all {
        for date in &events.dates {
            calendar.push(events.event(date));
        }
    }
    calendar.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        serde_json::from_value(serde_json::Value::from(text)).unwrap()
    }

    fn events(method: Method, summary: &str) -> CalendarEvents {
        CalendarEvents {
            method,
            sequence: 3,
            stamped_at: instant("2026-11-24T03:00:00Z"),
            zone: TimeZone::parse("Europe/London").unwrap(),
            dates: vec![KeyDate {
                uid: "trial_1-start@guildhall".to_owned(),
                summary: summary.to_owned(),
                starts_at: instant("2026-12-01T09:00:00Z"),
            }],
        }
    }

    /// The content lines, unfolded, sorted: their order within a component means nothing.
    fn lines(ics: &str) -> Vec<String> {
        assert!(ics.ends_with("\r\n"), "the last line ends too");
        let bare = ics.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "a line break stands alone");
        for line in ics.split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
        }
        let mut lines: Vec<String> = ics.replace("\r\n ", "").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_calendar_says_all_that_a_reader_needs() {
        let expected = [
            "BEGIN:VCALENDAR",
            "BEGIN:VEVENT",
            "CALSCALE:GREGORIAN",
            "DESCRIPTION:Tue 1 Dec 2026\\, 09:00 (Europe/London)",
            "DTSTAMP:20261124T030000Z",
            "DTSTART:20261201T090000Z",
            "END:VCALENDAR",
            "END:VEVENT",
            "METHOD:PUBLISH",
            "PRODID:-//Guildhall//Guildhall//EN",
            "SEQUENCE:3",
            "STATUS:CONFIRMED",
            "SUMMARY:The trial starts",
            "TRANSP:TRANSPARENT",
            "UID:trial_1-start@guildhall",
            "VERSION:2.0",
        ];
        assert_eq!(lines(&events(Method::Publish, "The trial starts").to_ics()), expected);
    }

    #[test]
    fn what_is_called_off_says_so_twice() {
        let lines = lines(&events(Method::Cancel, "The trial starts").to_ics());
        assert!(lines.contains(&"METHOD:CANCEL".to_owned()) && lines.contains(&"STATUS:CANCELLED".to_owned()), "{lines:?}");
    }

    #[test]
    fn what_a_person_wrote_stays_in_its_line() {
        let hostile = "Trial; with, \\n \u{e9}\r\nEND:VEVENT\nBEGIN:VALARM\u{2028}\u{202e}";
        let lines = lines(&events(Method::Publish, hostile).to_ics());
        assert_eq!(lines.iter().filter(|line| line.starts_with("END:") || line.starts_with("BEGIN:")).count(), 4, "{lines:?}");
        assert!(lines.contains(&"SUMMARY:Trial\\; with\\, \\\\n \u{e9} END:VEVENT BEGIN:VALARM".to_owned()), "{lines:?}");
    }

    #[test]
    fn long_lines_of_wide_letters_are_folded_between_letters() {
        let wide = "\u{1f600}\u{e9}".repeat(39);
        assert!(lines(&events(Method::Publish, &wide).to_ics()).contains(&format!("SUMMARY:{wide}")));
    }
}
