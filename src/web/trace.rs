//! W3C Trace Context: a request goes on in the trace that its caller has begun, so that the lines of several programs can be put together.

use actix_web::http::header::{HeaderMap, HeaderName};

#[cfg(feature = "otel")]
use crate::telemetry::traces::Position;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where a request stands among the programs that it goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Of the whole: the caller's, or a new one.
    pub trace_id: String,
    /// Of this program's part.
    pub span_id: String,
    /// Of the part that has called this one.
    pub parent_id: Option<String>,
    /// Whether the caller sends its part to a collector; without a caller, no.
    pub sampled: bool,
}

impl Trace {
    /// Goes on where the caller says it is, or begins anew where the caller says nothing that can be understood.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(TRACEPARENT);
        // Of several nobody knows which one is meant.
        let only = given.next().filter(|_| given.next().is_none());
        let parent = only.and_then(|value| value.to_str().ok()).and_then(parse);
        let span_id = format!("{:016x}", rand::random_range(1..=u64::MAX));
        match parent {
            Some((trace_id, parent_id, sampled)) => {
                Self { trace_id: trace_id.to_owned(), span_id, parent_id: Some(parent_id.to_owned()), sampled }
            }
            None => {
                let trace_id = format!("{:032x}", rand::random_range(1..=u128::MAX));
                Self { trace_id, span_id, parent_id: None, sampled: false }
            }
        }
    }

    /// The same for whoever exports it.
    #[cfg(feature = "otel")]
    pub fn position(&self) -> Position<'_> {
        let parent = self.parent_id.as_deref().map(|parent| (parent, self.sampled));
        Position { trace_id: &self.trace_id, span_id: &self.span_id, parent }
    }
}

/// Trace, parent and whether that is sampled, of a `traceparent`: version, trace, parent, flags, in lower-case hexadecimal digits. A later version may say more.
fn parse(text: &str) -> Option<(&str, &str, bool)> {
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        let hex = |part: &&str| part.len() == length && part.bytes().all(|each| matches!(each, b'0'..=b'9' | b'a'..=b'f'));
        parts.next().filter(hex)
    };
    let not_zero = |part: &&str| part.bytes().any(|each| each != b'0');
    let version = next(2).filter(|version| *version != "ff")?;
    let (trace, parent) = (next(32).filter(not_zero)?, next(16).filter(not_zero)?);
    let sampled = u8::from_str_radix(next(2)?, 16).is_ok_and(|flags| flags & 1 == 1);
    (version != "00" || parts.next().is_none()).then_some((trace, parent, sampled))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn of(values: &[&str]) -> Trace {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap()));
        Trace::of(&headers)
    }

    #[test]
    fn a_trace_goes_on() {
        for (header, sampled) in [(format!("00-{TRACE}-{PARENT}-01"), true), (format!("01-{TRACE}-{PARENT}-02-more"), false)] {
            let trace = of(&[&header]);
            assert_eq!((trace.trace_id.as_str(), trace.parent_id.as_deref(), trace.sampled), (TRACE, Some(PARENT), sampled));
            assert!(trace.span_id != PARENT && trace.span_id.len() == 16);
        }
    }

    #[test]
    fn what_is_no_trace_is_a_new_one() {
        let zeros = ["0".repeat(32), "0".repeat(16)];
        let good = format!("00-{TRACE}-{PARENT}-01");
        let wrong = [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", zeros[0]),
            format!("00-{TRACE}-{}-01", zeros[1]),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}x-{PARENT}-01"),
        ];
        let mut seen = std::collections::HashSet::new();
        for values in wrong.iter().map(|header| vec![header.as_str()]).chain([vec![], vec![good.as_str(), good.as_str()]]) {
            let trace = of(&values);
            assert!(trace.parent_id.is_none() && trace.trace_id.len() == 32 && trace.trace_id != TRACE, "{values:?}");
            assert!(seen.insert(trace.trace_id), "each is new");
        }
    }
}
