//! JSON as strict as it gets: no member twice, no deep nesting, no text that a database or a screen would choke on.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::kernel::error::{Code, Error, Faults, Result};
use crate::kernel::text::is_storable;

/// How deep arrays and objects may nest.
const DEPTH: usize = 32;
/// The largest whole number that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads one JSON value; texts come out in Unicode normal form C.
///
/// # Errors
/// 400 when it is not JSON, nests too deep or names a member twice; 422 for texts with control characters.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { left: DEPTH }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| malformed(&error))?;
    let mut faults = Faults::default();
    refuse_controls(&value, &mut String::new(), &mut faults);
    faults.finish()?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    let reason = error.to_string();
    let detail = if let Some(name) = reason.strip_prefix("twice: ") {
        format!("The body names the member {} twice.", name.split(" at line").next().unwrap_or_default())
    } else if reason.starts_with("too deep") {
        format!("The body nests more than {DEPTH} levels deep.")
    } else {
        format!("The body is not well-formed JSON (at {place}).")
    };
    Error::new(Code::MalformedRequest, detail)
}

fn refuse_controls(value: &Value, pointer: &mut String, faults: &mut Faults) {
    let length = pointer.len();
    let mut descend = |name: &str, value: &Value, faults: &mut Faults| {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        refuse_controls(value, pointer, faults);
        pointer.truncate(length);
    };
    match value {
        Value::String(text) if !is_storable(text) => faults.add(pointer.clone(), "must not contain control characters"),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, each)| descend(&index.to_string(), each, faults)),
        Value::Object(object) => object.iter().for_each(|(name, each)| descend(name, each, faults)),
        _ => {}
    }
}

#[derive(Clone, Copy)]
struct Strict {
    /// How many levels may still follow below this one.
    left: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.left.checked_sub(1).map(|left| Self { left }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// `40.0` is the whole number 40 (RFC 8259 §6 makes no difference).
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the exact range of f64")]
            return Ok((value as i64).into());
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.nfc().collect()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(below)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(below)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("twice: {name:?}")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::Code;

    fn code(text: &[u8]) -> Option<Code> {
        parse(text).err().map(|error| error.code)
    }

    #[test]
    fn hostile_texts_are_refused_and_nothing_panics() {
        let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
        let malformed: &[&[u8]] = &[
            b"",
            b"{",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":{\"b\":1,\"b\":1}}",
            b"{} x",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"1e400",
            b"NaN",
            b"{'a':1}",
            b"[1,]",
            deep.as_bytes(),
        ];
        for text in malformed {
            assert_eq!(code(text), Some(Code::MalformedRequest), "{}", String::from_utf8_lossy(text));
        }
        let deepest = format!("{}1{}", "[".repeat(32), "]".repeat(32));
        assert_eq!(code(deepest.as_bytes()), None);
        let controls: &[&[u8]] = &[b"{\"a\":\"x\\u0000\"}", b"[\"\\u0007\"]", b"\"\\u009f\""];
        for text in controls {
            assert_eq!(code(text), Some(Code::ValidationFailed), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn texts_are_normalised_and_whole_floats_are_integers() {
        assert_eq!(parse("\"e\u{301}\"".as_bytes()).expect("JSON"), Value::String("\u{e9}".into()));
        assert_eq!(parse(b"40.0").expect("JSON"), serde_json::json!(40));
        assert_eq!(parse(b"1.5").expect("JSON"), serde_json::json!(1.5));
    }
}
