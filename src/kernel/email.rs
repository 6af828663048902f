//! E-mail addresses in one canonical form, so that twins cannot both register.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

/// An address: local part as given (ASCII), domain in lower case and punycode. Unique without regard to the case of the local part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// A text that is not an address we would send mail to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as jo@example.com")]
pub struct WrongEmail;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be unique: the address in lower case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// Whether it stands in place of the address of somebody who has left: no mail goes there (RFC 2606).
    pub fn is_erased(&self) -> bool {
        self.0.ends_with("@erased.invalid")
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = WrongEmail;

    /// Narrower than RFC 5321 on purpose: no quoted local parts, no address literals, no lists, and a domain with a dot.
    fn from_str(text: &str) -> Result<Self, WrongEmail> {
        let text: String = text.nfc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or(WrongEmail)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| WrongEmail)?;
        let fine = fits(local, &domain) && local_is_plain(local) && domain.contains('.');
        let address = format!("{local}@{domain}");
        let sendable = fine && address.parse::<lettre::Address>().is_ok();
        if sendable { Ok(Self(address)) } else { Err(WrongEmail) }
    }
}

fn fits(local: &str, domain: &str) -> bool {
    (1..=64).contains(&local.len()) && domain.len() <= 190 && !domain.starts_with('[')
}

/// RFC 5322 atoms and dots, in ASCII: a letter of another script that looks the same would make a twin.
fn local_is_plain(local: &str) -> bool {
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    !dots && local.chars().all(|each| each.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(each))
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl serde::Serialize for Email {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Email {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(254))
            .examples([serde_json::json!("jo@example.com")])
            .into()
    }
}
impl utoipa::ToSchema for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_canonical_form() {
        let canonical = |text: &str| text.parse::<Email>().map(|email| email.as_str().to_owned());
        assert_eq!(canonical("Jo.Do+x@EXAMPLE.com"), Ok("Jo.Do+x@example.com".to_owned()));
        assert_eq!(canonical("jo@b\u{fc}cher.example"), Ok("jo@xn--bcher-kva.example".to_owned()));
        for wrong in [
            "",
            "jo",
            "a@b",
            "jo@[127.0.0.1]",
            "\"a b\"@c.com",
            "a@b.com\r\nBcc: x@y.com",
            "a@b.com,c@d.com",
            "jo\u{200b}@example.com",
            "<jo@example.com>",
            ".jo@example.com",
            "j\u{43e}@example.com",
        ] {
            assert_eq!(canonical(wrong), Err(WrongEmail), "{wrong}");
        }
    }
}
