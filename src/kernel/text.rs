//! Rules for texts, countries and languages: each is a *format* that the OpenAPI document names and every body is checked against.

use isolang::Language;

/// One rule for a text: its name in the document, its test, and what to tell the person who broke it.
pub struct Format {
    /// The `format` in the OpenAPI document.
    pub name: &'static str,
    /// Whether a text is fine.
    pub fits: fn(&str) -> bool,
    /// What would be right.
    pub sentence: &'static str,
}

/// Every format of our own, and those of JSON Schema that we hold more narrowly.
pub const FORMATS: &[Format] = &[
    Format {
        name: "email",
        fits: |text| text.parse::<crate::kernel::email::Email>().is_ok(),
        sentence: "must be an e-mail address such as jo@example.com",
    },
    Format {
        name: "currency",
        fits: |text| crate::kernel::money::Currency::parse(text).is_some(),
        sentence: "must be an ISO 4217 currency code such as USD",
    },
    Format {
        name: "time-zone",
        fits: |text| crate::kernel::zone::TimeZone::parse(text).is_some(),
        sentence: "must be an IANA time zone such as Europe/London",
    },
    Format { name: "country", fits: is_country, sentence: "must be an ISO 3166-1 alpha-2 country code such as DE" },
    Format { name: "language", fits: is_language, sentence: "must be a BCP 47 language tag such as en or pt-BR" },
    Format { name: "line", fits: is_line, sentence: "must be one line with something in it, without invisible characters" },
    Format { name: "prose", fits: |text| !text.trim().is_empty(), sentence: "must not be blank" },
    Format { name: "date", fits: is_date, sentence: "must be a date such as 2026-12-01, between 2000 and 2100" },
    Format { name: "past-date", fits: is_past_date, sentence: "must be a date such as 2012-05-01, between 1930 and 2100" },
    Format {
        name: "date-time",
        fits: is_instant,
        sentence: "must be an RFC 3339 instant such as 2026-12-01T09:00:00Z, between 2000 and 2100",
    },
    Format {
        name: "time-of-day",
        fits: |text| crate::kernel::zone::parse_time_of_day(text).is_some(),
        sentence: "must be a time of day such as 09:00",
    },
    Format { name: "web-link", fits: is_web_link, sentence: "must be an http or https link" },
];

/// Whether `text` is an ISO 3166-1 alpha-2 code, in capitals.
pub fn is_country(text: &str) -> bool {
    celes::Country::from_alpha2(text).is_ok_and(|country| country.alpha2 == text)
}

/// Whether `text` is a language tag whose language exists: `en`, `pt-BR`, `zh-Hant-TW`.
pub fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    let known = match language.len() {
        2 => Language::from_639_1(language).is_some(),
        3 => Language::from_639_3(language).is_some(),
        _ => false,
    };
    known
        && text.len() <= 35
        && subtags.all(|subtag| (2..=8).contains(&subtag.len()) && subtag.chars().all(|each| each.is_ascii_alphanumeric()))
}

/// Whether the tag `spoken` satisfies the tag `asked`: the same, or a regional form of it (RFC 4647 basic filtering).
pub fn language_satisfies(spoken: &str, asked: &str) -> bool {
    let head = spoken.get(..asked.len());
    let regional = matches!(spoken.as_bytes().get(asked.len()), None | Some(b'-'));
    head.is_some_and(|head| head.eq_ignore_ascii_case(asked)) && regional
}

/// Whether `text` is one visible line: no line breaks, no bidirectional or zero-width controls.
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(|each| each.is_control() || is_invisible(each))
}

/// Characters that can make one name look like another.
pub fn is_invisible(each: char) -> bool {
    matches!(each, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether `text` may stand in a database and on a screen: no control characters but line breaks and tabs.
pub fn is_storable(text: &str) -> bool {
    !text.chars().any(|each| each.is_control() && !matches!(each, '\n' | '\t' | '\r'))
}

fn is_date(text: &str) -> bool {
    is_date_from(2000, text)
}

/// A date of somebody's past, which may lie before the platform's own dates.
fn is_past_date(text: &str) -> bool {
    is_date_from(1930, text)
}

fn is_date_from(first_year: i32, text: &str) -> bool {
    use chrono::Datelike as _;
    text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok_and(|date| (first_year..=2100).contains(&date.year()))
}

fn is_instant(text: &str) -> bool {
    use chrono::{Datelike as _, Timelike as _};
    let offset_in_range = |at: &chrono::DateTime<chrono::FixedOffset>| at.offset().local_minus_utc().abs() <= 14 * 3600;
    // chrono takes a blank for the `T` as well, and so would take what others refuse.
    let has_t = text.as_bytes().get(10).is_some_and(|each| each.eq_ignore_ascii_case(&b'T'));
    has_t
        && chrono::DateTime::parse_from_rfc3339(text)
            .is_ok_and(|at| (2000..=2100).contains(&at.year()) && at.nanosecond() < 1_000_000_000 && offset_in_range(&at))
}

fn is_web_link(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|link| {
        matches!(link.scheme(), "http" | "https") && link.has_host() && link.password().is_none() && link.username().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        assert!(is_language("en") && is_language("pt-BR") && is_language("zh-Hant-TW"));
        assert!(!is_language("english") && !is_language("xx") && !is_language("en-") && !is_language(""));
        assert!(language_satisfies("en-GB", "en") && language_satisfies("EN", "en"));
        assert!(!language_satisfies("en", "en-GB") && !language_satisfies("eng", "en"));
    }

    #[test]
    fn dates_and_instants_stay_in_reach() {
        assert!(is_date("2026-12-01") && !is_date("2026-02-30") && !is_date("+262142-12-31") && !is_date("1999-12-31"));
        assert!(is_instant("2026-12-01T09:00:00Z") && is_instant("2026-12-01T09:00:00+02:00"));
        for wrong in ["2026-12-31T23:59:60Z", "2026-12-01 09:00:00Z", "2026-12-01T09:00:00+23:59", "9999-12-31T00:00:00Z", "2026-12-01"] {
            assert!(!is_instant(wrong), "{wrong}");
        }
    }

    #[test]
    fn names_have_no_invisible_characters() {
        assert!(is_line("Zo\u{eb} O'Neil-\u{5f20}"));
        for wrong in ["", "  ", "a\nb", "a\u{202e}b", "a\u{200b}b", "\u{feff}a"] {
            assert!(!is_line(wrong), "{wrong:?}");
        }
    }
}
