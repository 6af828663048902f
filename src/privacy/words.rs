//! Words inside of JSON. Pure.

use serde_json::Value;

use crate::privacy::domain::{Author, NOBODY, Traces};

/// Why somebody looks at words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The person gets what is their own, and null for what others wrote.
    Export,
    /// The person's own go; in another's stands no name any more.
    Erasure,
}

/// Words of one name, and whose they may be.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The member that holds them.
    pub member: &'a str,
    /// Who wrote them.
    pub by: Author,
    /// The person.
    pub whose: &'a Traces,
    /// What for.
    pub purpose: Purpose,
}

impl Words<'_> {
    /// Treats every text that is a member of this name, however deep; `author` wrote what does not say itself who did.
    pub fn treat(&self, value: &mut Value, author: &str) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.treat(value, author)),
            Value::Object(members) => {
                let named = members.get(self.naming()).and_then(Value::as_str).map(ToOwned::to_owned);
                let author = named.as_deref().unwrap_or(author);
                for (name, value) in members.iter_mut() {
                    if name == self.member && value.is_string() {
                        *value = self.treated(value.as_str().unwrap_or_default(), author);
                    } else if name == self.naming() && self.purpose == Purpose::Export {
                        // Who somebody else is, is not told.
                        *value = Some(author).filter(|author| *author == self.whose.user).into();
                    } else {
                        self.treat(value, author);
                    }
                }
            }
            _ => {}
        }
    }

    fn naming(&self) -> &'static str {
        if let Author::Member(name) = self.by { name } else { "" }
    }

    fn treated(&self, text: &str, author: &str) -> Value {
        let own = author == self.whose.user;
        match self.purpose {
            Purpose::Export => Some(text).filter(|_| own).into(),
            Purpose::Erasure if own || (author.is_empty() && self.is_party()) => NOBODY.into(),
            Purpose::Erasure => self.masked(text).into(),
        }
    }

    /// Whether the person leaves as a party: with a member of an organisation that stays, only what is known to be theirs goes.
    fn is_party(&self) -> bool {
        !self.whose.developer.is_empty() || !self.whose.organization.is_empty()
    }

    fn masked(&self, text: &str) -> String {
        let names = [&self.whose.name, &self.whose.email, &self.whose.organization_name];
        names.into_iter().filter(|name| !name.is_empty()).fold(text.to_owned(), |text, name| text.replace(name.as_str(), NOBODY))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn jo(developer: &str) -> Traces {
        Traces {
            user: "usr_jo".to_owned(),
            developer: developer.to_owned(),
            organization: String::new(),
            name: "Jo Canary".to_owned(),
            email: String::new(),
            email_key: String::new(),
            organization_name: String::new(),
        }
    }

    fn treated(words: Words<'_>, mut value: Value, author: &str) -> Value {
        words.treat(&mut value, author);
        value
    }

    #[test]
    fn texts_of_one_name_are_treated_wherever_they_stand() {
        let days = json!([{ "minutes": 60, "note": "Met Jo Canary.", "date": "2026-12-01" }, { "note": null }]);
        let with = |note: Value| json!([{ "minutes": 60, "note": note, "date": "2026-12-01" }, { "note": null }]);
        let whose = jo("dev_jo");
        let erasure = Words { member: "note", by: Author::Row(""), whose: &whose, purpose: Purpose::Erasure };
        let export = Words { purpose: Purpose::Export, ..erasure };
        assert_eq!(treated(erasure, days.clone(), "usr_sam"), with(json!("Met Erased.")));
        assert_eq!(treated(erasure, days.clone(), "usr_jo"), with(json!("Erased")));
        assert_eq!(treated(export, days.clone(), "usr_sam"), with(Value::Null));
        assert_eq!(treated(export, days.clone(), "usr_jo"), days);
    }

    #[test]
    fn what_nobody_is_known_to_have_written_goes_with_a_party_alone() {
        let items = json!([{ "what": "The keys", "by": "usr_jo" }, { "what": "The laptop", "by": "usr_sam" }, { "what": "The code" }]);
        let what = |whose: &Traces, purpose: Purpose| {
            let items = treated(Words { member: "what", by: Author::Member("by"), whose, purpose }, items.clone(), "");
            [0, 1, 2].map(|index: usize| items[index]["what"].clone())
        };
        assert_eq!(what(&jo("dev_jo"), Purpose::Erasure), [json!("Erased"), json!("The laptop"), json!("Erased")]);
        assert_eq!(what(&jo(""), Purpose::Erasure), [json!("Erased"), json!("The laptop"), json!("The code")]);
        assert_eq!(what(&jo(""), Purpose::Export), [json!("The keys"), Value::Null, Value::Null]);
    }

    #[test]
    fn an_export_names_nobody_else() {
        let content = json!({ "message": "Fewer hours?", "user_id": "usr_sam", "terms": { "hours_per_week": 20 } });
        let whose = jo("dev_jo");
        let words = Words { member: "message", by: Author::Member("user_id"), whose: &whose, purpose: Purpose::Export };
        let expected = json!({ "message": null, "user_id": null, "terms": { "hours_per_week": 20 } });
        assert_eq!(treated(words, content, ""), expected);
    }
}
