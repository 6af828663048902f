//! Where settings come from: layers, each over the one before. Each value knows its origin, so that whatever is wrong with it is
//! named by file and line, or by the variable of the environment.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

use toml::de::DeTable;
use toml::{Table, Value};

/// The manual: every setting there is, with its default.
const DEFAULT: &str = include_str!("../../config/default.toml");
/// What of the environment is a setting: `GUILDHALL_SECTION__KEY`.
const PREFIX: &str = "GUILDHALL_";
/// Settings that name each currency as they like.
const RATES: &str = "money.rates.";
/// Settings that name each provider of identities as they like.
const PROVIDERS: &str = "auth.providers.";
/// How alike two keys are when one may be meant for the other, of 1 (Jaro-Winkler).
const ALIKE: f64 = 0.8;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in: `default`, or the name of an environment.
    BuiltIn(&'static str),
    /// A line of a file, counted from 1.
    File(String, usize),
    /// A variable of the environment.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(layer) => formatter.write_str(layer),
            Self::File(file, line) => write!(formatter, "{file}, line {line}"),
            Self::Variable(name) => formatter.write_str(name),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
}

/// Every setting by its key, such as `server.listen`.
#[derive(Debug, Clone)]
pub struct Layers {
    settings: BTreeMap<String, Setting>,
    /// Keys that are no settings.
    unknown: Vec<(String, Origin)>,
}

impl Layers {
    /// The defaults.
    ///
    /// # Errors
    /// Never for the file that is built in.
    pub fn defaults() -> Result<Self, String> {
        let mut this = Self { settings: BTreeMap::new(), unknown: Vec::new() };
        for (key, value, _) in leaves(DEFAULT).map_err(|error| error.to_string())? {
            this.settings.insert(key, Setting { value, origin: Origin::BuiltIn("default") });
        }
        Ok(this)
    }

    /// Puts a layer that is built in over what there is.
    ///
    /// # Errors
    /// Never for the files that are built in.
    pub fn built_in(&mut self, name: &'static str, text: &str) -> Result<(), String> {
        for (key, value, _) in leaves(text).map_err(|error| error.to_string())? {
            self.put(key, value, Origin::BuiltIn(name));
        }
        Ok(())
    }

    /// Puts a file over what there is.
    ///
    /// # Errors
    /// When it cannot be read, or is no TOML: with its name, and the line.
    pub fn file(&mut self, path: &Path) -> Result<(), String> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        for (key, value, line) in leaves(&text).map_err(|error| format!("{name}: {error}"))? {
            self.put(key, value, Origin::File(name.clone(), line));
        }
        Ok(())
    }

    /// Puts the environment over what there is. A text becomes what the setting's default is.
    pub fn environment(&mut self, variables: &HashMap<String, String>) {
        let own = variables.iter().filter_map(|(name, text)| Some((name, name.strip_prefix(PREFIX)?, text)));
        for (name, rest, text) in own.filter(|(_, rest, _)| rest.contains("__")) {
            let key = rest.to_lowercase().replace("__", ".");
            let text_alone = Value::String(String::new());
            let default = self.settings.get(&spelled(&key)).map(|setting| &setting.value);
            // An id or a secret that is all digits stays a text.
            let value = read_like(if key.starts_with(PROVIDERS) { Some(&text_alone) } else { default }, text);
            self.put(key, value, Origin::Variable(name.clone()));
        }
        if let Some(url) = variables.get("DATABASE_URL") {
            self.put("database.url".to_owned(), Value::String(url.clone()), Origin::Variable("DATABASE_URL".to_owned()));
        }
    }

    fn put(&mut self, key: String, value: Value, origin: Origin) {
        let key = spelled(&key);
        let section = format!("{key}.");
        let is_known = self.settings.contains_key(&key) || [RATES, PROVIDERS].iter().any(|open| key.starts_with(open));
        // A value in place of a section has its own refusal, which knows what it should be.
        if is_known || self.settings.keys().any(|known| known.starts_with(&section)) {
            self.settings.insert(key, Setting { value, origin });
        } else {
            self.unknown.push((key, origin));
        }
    }

    /// Refuses keys that are no settings: all at once, a line each, with the nearest one there is.
    ///
    /// # Errors
    /// When there are any.
    pub fn all_known(&self) -> Result<(), String> {
        let mut lines: Vec<String> = self.unknown.iter().map(|(key, origin)| self.refusal(key, origin)).collect();
        lines.sort();
        if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
    }

    fn refusal(&self, key: &str, origin: &Origin) -> String {
        let likeness = |known: &String| strsim::jaro_winkler(known, key);
        let nearest = self.settings.keys().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let advice = match nearest.filter(|known| likeness(known) >= ALIKE) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "`guildhall config` shows those there are".to_owned(),
        };
        format!("`{key}` ({origin}) is no setting; {advice}")
    }

    /// Every setting, by key.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    /// Where the setting stands that a refusal names; nothing where it has its default.
    pub fn origin_of(&self, refusal: &str) -> Option<&Origin> {
        let named = self.settings.iter().filter(|(key, _)| refusal.contains(key.as_str())).max_by_key(|(key, _)| key.len());
        named.map(|(_, setting)| &setting.origin).filter(|origin| !matches!(origin, Origin::BuiltIn(_)))
    }

    /// All of them as sections.
    pub fn table(&self) -> Table {
        let mut root = Table::new();
        for (key, setting) in &self.settings {
            insert(&mut root, key, setting.value.clone());
        }
        root
    }
}

/// As it is kept: currencies are written in capitals, everything else in small letters.
fn spelled(key: &str) -> String {
    match key.strip_prefix(RATES) {
        Some(currency) => format!("{RATES}{}", currency.to_uppercase()),
        None => key.to_owned(),
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((section, rest)) => {
            // Where somebody has put a value in place of this section, that is what will be refused.
            if let Value::Table(below) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
                insert(below, rest, value);
            }
        }
    }
}

/// Each value of a TOML document with its key and the line of that key.
fn leaves(text: &str) -> Result<Vec<(String, Value, usize)>, toml::de::Error> {
    let (spans, values) = (DeTable::parse(text)?, text.parse::<Table>()?);
    let mut found = Vec::new();
    walk(text, "", spans.get_ref(), &values, &mut found);
    Ok(found)
}

fn walk(text: &str, section: &str, spans: &DeTable<'_>, values: &Table, found: &mut Vec<(String, Value, usize)>) {
    for (name, span) in spans {
        let key = if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        match (span.get_ref().as_table(), values.get(name.get_ref().as_ref())) {
            (Some(spans), Some(Value::Table(values))) => walk(text, &key, spans, values, found),
            (_, Some(value)) => {
                let before = text.get(..name.span().start).unwrap_or_default();
                found.push((key, value.clone(), before.split('\n').count()));
            }
            (_, None) => {}
        }
    }
}

/// The text of a variable as the kind of value that its default is; what cannot be read so stays a text, and is refused as one.
fn read_like(default: Option<&Value>, text: &str) -> Value {
    let read = match default {
        Some(Value::Integer(_)) => text.trim().parse().ok().map(Value::Integer),
        Some(Value::Float(_)) | None => text.trim().parse().ok().map(Value::Float),
        Some(Value::Boolean(_)) => text.trim().to_lowercase().parse().ok().map(Value::Boolean),
        Some(Value::Array(list)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let text = Value::String(String::new());
            Some(Value::Array(parts.map(|part| read_like(Some(list.first().unwrap_or(&text)), part)).collect()))
        }
        Some(_) => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}
