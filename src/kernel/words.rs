//! Closed sets of words: one macro gives an enum its text form for JSON, the database, the OpenAPI document and the tests.

use std::convert::Infallible;

/// A type whose values are short stable texts, the same in JSON and in the database.
pub trait Word: Sized + Copy + 'static {
    /// Every value, in the order of declaration.
    const ALL: &'static [Self];

    /// The text that stands in JSON and in the database.
    fn as_str(self) -> &'static str;

    /// What the word means: the sentences that its declaration carries.
    fn about(self) -> &'static str;

    /// The value that `text` names, if any.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.as_str() == text)
    }
}

/// The word of a table that names no guards, mails or outcomes: there is none.
impl Word for Infallible {
    const ALL: &'static [Self] = &[];

    fn as_str(self) -> &'static str {
        match self {}
    }

    fn about(self) -> &'static str {
        match self {}
    }
}

/// Declares an enum of [`Word`]s with `Display`, serde and an OpenAPI schema.
///
/// ```
/// guildhall::words! {
///     /// What a signal says.
///     pub enum Light {
///         /// Stop.
///         Red => "red",
///         /// Go.
///         Green => "green",
///     }
/// }
/// # use guildhall::kernel::words::Word;
/// assert_eq!((Light::parse("green"), Light::Red.about()), (Some(Light::Green), "Stop."));
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[doc = $doc:literal])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!("`", $text, "`. ")] $(#[doc = $doc])* $variant),+ }

        impl $crate::kernel::words::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!("" $(, $doc)*).trim()),+ }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::kernel::words::Word::as_str(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::kernel::words::Word>::parse(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($text),+]))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text),+]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str($crate::kernel::words::Word::as_str(*self))
            }
        }
    };
}
