//! What a column holds of whom, and what that means when somebody asks for their data or leaves. Pure.

/// A table, and whose its rows are. In conditions, `{user}`, `{developer}` and `{organization}` stand for the ids of the person,
/// `{email}` and `{email_key}` for the address, `{trials}` for the trials in which the person is a party; `{things}` for
/// everything that is the person's own. An organisation is a person's when nobody else acts for it.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Which rows a person gets with the export; empty: none.
    pub exported: &'static str,
    /// What becomes of rows when a person leaves.
    pub erasure: Erasure,
    /// Each of its columns.
    pub columns: &'static [Column],
}

/// What becomes of a table's rows when a person leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing: it knows nobody, or what it knows goes by itself. With the reason.
    None(&'static str),
    /// These rows are deleted.
    Rows(&'static str),
    /// These rows stay, and what they tell of the person goes, as each column says.
    Columns(&'static str),
    /// The first rows are deleted; the second stay, as with [`Self::Columns`].
    RowsAndColumns(&'static str, &'static str),
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// How it is kept.
    pub kind: Kind,
    /// What it holds.
    pub class: Class,
}

/// How a column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// JSON as text.
    Json,
    /// An instant.
    Instant,
    /// A date.
    Date,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

/// What a column holds, and what that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An id: a pseudonym as soon as nothing else tells whose it was.
    Id,
    /// The id of whoever did something: exported where it is the person.
    Actor,
    /// What happened and how things stand; tells nothing once ids are pseudonyms.
    Fact,
    /// What two have agreed or done together: the other one keeps it.
    Shared,
    /// Tells of the person; becomes this SQL value.
    Personal(&'static str),
    /// Somebody's own words. `by` names the column with who wrote them, empty where nobody knows. One's own are exported, and
    /// become this SQL value; in another's, name and address of the person are replaced.
    Words {
        /// The column.
        by: &'static str,
        /// The SQL value.
        erased: &'static str,
    },
    /// The same inside of JSON: the words are the members of this name.
    WordsWithin {
        /// The member.
        member: &'static str,
        /// Who wrote them.
        by: Author,
        /// Whether both parties are given them with the export, whoever wrote them.
        shared: bool,
    },
    /// What others wrote for themselves or for the house, also where it is about the person: not exported; becomes this SQL value.
    Hidden(&'static str),
    /// What signs somebody in: never exported; becomes this SQL value.
    Secret(&'static str),
    /// The house's bookkeeping.
    Inner,
    /// Known to everybody, and about nobody.
    Public,
}

/// Who wrote the words inside of JSON. Where nobody knows, they go with either party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Whom this SQL value names, for the whole row.
    Row(&'static str),
    /// Whom the member of this name names, beside the words or above them.
    Member(&'static str),
}

impl Class {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Actor => "actor",
            Self::Fact => "fact",
            Self::Shared | Self::WordsWithin { shared: true, .. } => "shared",
            Self::Personal(_) => "personal",
            Self::Words { .. } | Self::WordsWithin { .. } => "words",
            Self::Hidden(_) => "hidden",
            Self::Secret(_) => "secret",
            Self::Inner => "inner",
            Self::Public => "public",
        }
    }

    /// What it means, for the page.
    pub fn about(self) -> &'static str {
        match self {
            Self::Id => "an id: a pseudonym as soon as nothing else tells whose it was; exported",
            Self::Actor => "the id of whoever did something; exported where it is the person",
            Self::Fact => "what happened and how things stand; exported, and tells of nobody once ids are pseudonyms",
            Self::Shared | Self::WordsWithin { shared: true, .. } => {
                "what two have agreed or done together; exported, and the other one keeps it"
            }
            Self::Personal(_) => "tells of the person; exported, erased",
            Self::Words { .. } | Self::WordsWithin { .. } => {
                "somebody's words; one's own are exported and erased, in another's name and address are replaced"
            }
            Self::Hidden(_) => "written by others for themselves or for the house; not exported, erased",
            Self::Secret(_) => "signs somebody in; never exported, erased",
            Self::Inner => "the house's bookkeeping; not exported",
            Self::Public => "known to everybody, about nobody",
        }
    }
}

/// What stands in place of a name.
pub const NOBODY: &str = "Erased";

/// A person as far as it matters for finding what is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// The person.
    pub user: String,
    /// The developer that the person is; empty for others.
    pub developer: String,
    /// The organisation that nobody else acts for; empty where others do.
    pub organization: String,
    /// How the person is called.
    pub name: String,
    /// Where mail went.
    pub email: String,
    /// The address as it is compared.
    pub email_key: String,
    /// What the organisation is called; empty where others act for it.
    pub organization_name: String,
}
