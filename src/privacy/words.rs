//! Words inside of JSON. Pure.

use serde_json::Value;

use crate::privacy::domain::{NOBODY, Traces};

/// What to do with each text.
#[derive(Debug, Clone, Copy)]
pub enum Treatment<'a> {
    /// It was the person's own, or may have been.
    Erase,
    /// It is another's, which may name the person.
    Mask(&'a Traces),
}

/// Treats every text that is a member of this name, however deep.
pub fn treat(value: &mut Value, member: &str, treatment: Treatment<'_>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| treat(value, member, treatment)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(text) if name == member => *text = treated(text, treatment),
                    value => treat(value, member, treatment),
                }
            }
        }
        _ => {}
    }
}

fn treated(text: &str, treatment: Treatment<'_>) -> String {
    match treatment {
        Treatment::Erase => NOBODY.to_owned(),
        Treatment::Mask(traces) => {
            let names = [&traces.name, &traces.email, &traces.organization_name];
            names.into_iter().filter(|name| !name.is_empty()).fold(text.to_owned(), |text, name| text.replace(name.as_str(), NOBODY))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_one_name_are_treated_wherever_they_stand() {
        let mut days = json!([{ "minutes": 60, "note": "Met Jo Canary.", "date": "2026-12-01" }, { "note": null }]);
        let traces = Traces {
            user: String::new(),
            developer: String::new(),
            organization: String::new(),
            name: "Jo Canary".to_owned(),
            email: String::new(),
            email_key: String::new(),
            organization_name: String::new(),
        };
        treat(&mut days, "note", Treatment::Mask(&traces));
        assert_eq!(days[0], json!({ "minutes": 60, "note": "Met Erased.", "date": "2026-12-01" }));
        treat(&mut days, "note", Treatment::Erase);
        assert_eq!(days, json!([{ "minutes": 60, "note": "Erased", "date": "2026-12-01" }, { "note": null }]));
    }
}
