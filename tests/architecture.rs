//! The layer rule: a file's path says what is in it, an import's direction says what it may know. Reads the `use` lines.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the ground up: each may import what stands before it, none what stands after it.
/// (`config` stands before all others because everybody may be configured; `auth` before `web`, which asks it who is there;
/// `scheduler` before `db`, whose change feed is a task.)
const ORDER: [&str; 31] = [
    "kernel",
    "config",
    "net",
    "telemetry",
    "auth",
    "scheduler",
    "db",
    "web", // ground
    "audit",
    "events",
    "notifications",
    "accounts",
    "skills",
    "developers",
    "vetting",
    "jobs",
    "invitations",
    "trials",
    "calendar_feeds",
    "check_ins",
    "hand_overs",
    "reviews",
    "timesheets",
    "matching",
    "webhooks",
    "streams",
    "reports",
    "statistics",
    "suspensions",
    "privacy",
    "meta", // rooms
];
/// How many of them are ground: they know no room.
const GROUND: usize = 8;
/// What puts the house together may know everything: `app` builds, `services` hands out, `server` mounts, `rights` says who may, `demo` fills,
/// `main` starts, and `commands` are what it starts: a file for each.
const COMPOSITION: [&str; 8] = ["app", "services", "server", "rights", "demo", "commands", "main", "lib"];
/// Macros stand at the crate's root; this is where they live.
const MACROS: [(&str, &str); 5] = [("words", "kernel"), ("sql_words", "db"), ("sql_value", "db"), ("each", "db"), ("insert_rows", "db")];

/// The longest file and the longest function, in lines.
const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 100;
/// Lists rather than code.
const MAY_BE_LONG: [&str; 3] = ["db/schema.rs", "notifications/domain.rs", "privacy/columns.rs"];

/// What a file of a room holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Types, tables, policy: pure.
    Domain,
    /// SQL, and the doors to mail servers and endpoints.
    Store,
    /// Use cases; owns the transaction.
    Service,
    /// Background work.
    Tasks,
    /// Routes.
    Http,
    /// Only for tests.
    Test,
}

use Kind::{Domain, Http, Service, Store, Tasks, Test};

/// What each kind may import: ground modules, and kinds of files of its own and of earlier rooms.
const MAY_IMPORT: [(Kind, &[&str], &[Kind]); 5] = [
    (Domain, &["kernel"], &[Domain]),
    (Store, &["kernel", "config", "net", "db"], &[Domain, Store]),
    (Service, &["kernel", "config", "auth", "db", "scheduler"], &[Domain, Store, Service]),
    (Tasks, &["kernel", "config", "scheduler"], &[Domain, Service, Tasks]),
    (Http, &["kernel", "auth", "web"], &[Domain, Service, Http]),
];

/// Which kind a file is, by its name; files that are not named here are pure.
const KINDS: [(&str, Kind); 67] = [
    ("accounts/admins.rs", Service),
    ("accounts/api_keys.rs", Service),
    ("accounts/guessing.rs", Service),
    ("accounts/http_admin.rs", Http),
    ("accounts/http_factor.rs", Http),
    ("accounts/http_keys.rs", Http),
    ("accounts/http_providers.rs", Http),
    ("accounts/linking.rs", Service),
    ("accounts/members.rs", Service),
    ("accounts/providers.rs", Service),
    ("accounts/second_factor.rs", Service),
    ("accounts/session_cache.rs", Service),
    ("accounts/sessions.rs", Service),
    ("accounts/sign_in.rs", Service),
    ("developers/card_cache.rs", Service),
    ("developers/http_resume.rs", Http),
    ("developers/import.rs", Service),
    ("developers/resumes.rs", Service),
    ("developers/seen.rs", Service),
    ("invitations/mails.rs", Service),
    ("invitations/messages.rs", Service),
    ("jobs/shortlists.rs", Service),
    ("matching/cards.rs", Service),
    ("matching/told.rs", Service),
    ("matching/fitness.rs", Service),
    ("matching/fits.rs", Service),
    ("matching/http_own.rs", Http),
    ("matching/index.rs", Service),
    ("matching/own.rs", Service),
    ("matching/runs.rs", Service),
    ("privacy/markdown.rs", Service),
    ("privacy/retention.rs", Service),
    ("skills/catalogue.rs", Store),
    ("skills/import.rs", Service),
    ("skills/merge.rs", Store),
    ("streams/listeners.rs", Service),
    ("timesheets/mails.rs", Service),
    ("trials/afterwards.rs", Service),
    ("trials/clock.rs", Service),
    ("trials/contract_page.rs", Service),
    ("trials/conversions.rs", Service),
    ("trials/dates.rs", Service),
    ("trials/effects.rs", Service),
    ("trials/http_admin.rs", Http),
    ("trials/expansion.rs", Service),
    ("trials/mails.rs", Service),
    ("trials/neighbors.rs", Service),
    ("trials/offer.rs", Service),
    ("trials/outlook.rs", Service),
    ("trials/overview.rs", Service),
    ("trials/proposals.rs", Service),
    ("trials/steps.rs", Service),
    ("trials/undelivered.rs", Service),
    ("trials/views.rs", Service),
    ("vetting/clock.rs", Service),
    ("vetting/digests.rs", Service),
    ("vetting/facts.rs", Service),
    ("vetting/http_vetted.rs", Http),
    ("vetting/mails.rs", Service),
    ("vetting/mails_standing.rs", Service),
    ("vetting/scorecards.rs", Service),
    ("vetting/standing_steps.rs", Service),
    ("vetting/steps.rs", Service),
    ("webhooks/courier.rs", Service),
    ("webhooks/dialer.rs", Store),
    ("webhooks/ending.rs", Service),
    ("webhooks/listen.rs", Http),
];

fn kind(file: &str) -> Kind {
    let (_, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.trim_end_matches(".rs");
    if let Some((_, kind)) = KINDS.iter().find(|(named, _)| *named == file) {
        return *kind;
    }
    match stem {
        "service" => Service,
        "tasks" => Tasks,
        "http" | "pages" => Http,
        "mailer" => Store,
        "sample" | "samples" | "properties" => Test,
        _ if stem.starts_with("tests_") => Test,
        _ if stem.starts_with("store") || stem.ends_with("_store") => Store,
        _ => Domain,
    }
}

/// A source file: its path below `src`, and its text without its own tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(number, line)| (number + 1, line))
    }

    /// The paths that it imports from this crate, with their line; `self::` and `super::` stay in the module.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut imports = Vec::new();
        let mut open: Option<(usize, String)> = None;
        for (number, line) in self.lines() {
            let line = line.trim();
            if let Some((_, path)) = &mut open {
                path.push_str(line);
            } else if let Some(path) = line.strip_prefix("use crate::").or_else(|| line.strip_prefix("pub use crate::")) {
                open = Some((number, path.to_owned()));
            }
            if line.ends_with(';') {
                imports.extend(open.take());
            }
        }
        imports
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        let own_tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let path = path.strip_prefix(&root).expect("a path below src").to_string_lossy().replace('\\', "/");
        Source { path, text: text[..own_tests].to_owned() }
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|each| *each == module)
}

/// The module that an import leads to, and the files of it; `room::{a, b::C}` leads to two.
fn target(path: &str) -> (String, Vec<String>) {
    let (module, rest) = path.trim_end_matches(';').split_once("::").unwrap_or((path.trim_end_matches(';'), ""));
    if let Some((_, home)) = MACROS.iter().find(|(name, _)| *name == module) {
        return ((*home).to_owned(), Vec::new());
    }
    let list = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
    let (mut depth, mut files) = (0_usize, vec![String::new()]);
    for each in list.chars() {
        match each {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => files.push(String::new()),
            _ => {}
        }
        files.last_mut().expect("one at least").push(each);
    }
    let first =
        |item: String| item.split(|each: char| !each.is_alphanumeric() && each != '_').find(|word| !word.is_empty()).map(ToOwned::to_owned);
    (module.to_owned(), files.into_iter().filter_map(first).collect())
}

#[track_caller]
fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn nobody_imports_from_below() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !COMPOSITION.contains(&source.module())) {
        let own = rank(source.module()).unwrap_or_else(|| panic!("{} stands nowhere in the order", source.path));
        for (line, import) in source.imports() {
            let (module, _) = target(&import);
            if rank(&module).is_none_or(|rank| rank > own || (own < GROUND && rank >= GROUND)) {
                wrong.push(format!("src/{}:{line} imports {import}", source.path));
            }
        }
    }
    assert_none(&wrong, "a module may import only what stands before it in ORDER");
}

#[test]
fn a_file_imports_what_its_kind_may_know() {
    let sources = sources();
    let exists = |path: &str| sources.iter().any(|source| source.path == path);
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| rank(source.module()).is_some_and(|rank| rank >= GROUND) && source.path.contains('/')) {
        let own = kind(&source.path);
        let Some((_, ground, kinds)) = MAY_IMPORT.iter().find(|(kind, ..)| *kind == own) else { continue };
        for (line, import) in source.imports().into_iter().filter(|(_, import)| !MACROS.iter().any(|(name, _)| import.starts_with(name))) {
            let (module, files) = target(&import);
            let fine = if rank(&module).is_some_and(|rank| rank < GROUND) {
                ground.contains(&module.as_str())
            } else {
                let known = |file: &String| !exists(file) || kinds.contains(&kind(file));
                files.iter().all(|file| known(&format!("{module}/{file}.rs")))
            };
            if !fine {
                wrong.push(format!("src/{}:{line} ({own:?}) imports {import}", source.path));
            }
        }
    }
    assert_none(&wrong, "a file may import only what MAY_IMPORT gives its kind");
}

#[test]
fn what_is_pure_has_no_io() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| rank(source.module()).is_some_and(|rank| rank >= GROUND) && kind(&source.path) == Domain)
    {
        for (number, line) in source.lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let io = ["async ", ".await", "diesel::", "actix_web::", "Utc::now", "SystemTime", "rand::", "std::fs", "tokio::"];
            if let Some(found) = io.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("src/{}:{number} has `{}`", source.path, found.trim()));
            }
        }
    }
    assert_none(&wrong, "domain files are pure: no async, no database, no HTTP, no clock, no chance");
}

#[test]
fn only_the_web_knows_http_and_only_stores_know_sql() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| rank(source.module()).is_some_and(|rank| rank >= GROUND)) {
        let kind = kind(&source.path);
        for (number, line) in source.lines() {
            let http = line.contains("actix_web") && !matches!(kind, Http | Test);
            let sql = (line.contains("use diesel::") || line.contains("diesel::insert_into") || line.contains("sql_query"))
                && !matches!(kind, Store | Test);
            if http || sql {
                wrong.push(format!("src/{}:{number} {}", source.path, line.trim()));
            }
        }
    }
    assert_none(&wrong, "actix is for http.rs, diesel for store.rs");
}

#[test]
fn an_import_is_one_path_to_where_the_thing_is() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| kind(&source.path) != Test) {
        for (number, line) in source.lines().map(|(number, line)| (number, line.trim())) {
            let reexport = line.starts_with("pub use ") || line.starts_with("pub(crate) use ");
            let glob = line.starts_with("use ") && line.ends_with("::*;") && line != "use diesel::prelude::*;";
            if reexport || glob {
                wrong.push(format!("src/{}:{number} {line}", source.path));
            }
        }
    }
    assert_none(&wrong, "no re-exports, and no globs but diesel's prelude");
}

#[test]
fn the_picture_of_the_house_shows_every_room_in_its_place() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let (_, picture) = readme.split_once("## The house").and_then(|(_, rest)| rest.split_once("```mermaid")).expect("a picture");
    let (picture, _) = picture.split_once("```").expect("its end");
    let words: Vec<&str> = picture.split(|each: char| !each.is_alphanumeric() && each != '_').collect();
    let mut places: Vec<(usize, &str)> = Vec::new();
    for room in ORDER {
        let place = words.iter().position(|word| *word == room).unwrap_or_else(|| panic!("the README's picture lacks {room}"));
        places.push((place, room));
    }
    let (rooms, ground) = (&places[GROUND..], &places[..GROUND]);
    assert!(rooms.is_sorted() && ground.is_sorted(), "the README's picture shows another order: {places:?}");
    for part in COMPOSITION.iter().filter(|part| **part != "lib") {
        assert!(words.contains(part), "the README's picture lacks {part}");
    }
}

#[test]
fn files_and_functions_are_short() {
    let mut wrong = Vec::new();
    for source in sources() {
        let length = source.text.lines().count();
        if length > LONGEST_FILE && kind(&source.path) != Test && !MAY_BE_LONG.contains(&source.path.as_str()) {
            wrong.push(format!("src/{} has {length} lines", source.path));
        }
        for (start, name, length) in functions(&source) {
            if length > LONGEST_FUNCTION {
                wrong.push(format!("src/{}:{start} {name} has {length} lines", source.path));
            }
        }
    }
    assert_none(&wrong, "at most 400 lines a file, 100 a function");
}

/// Every function with its first line and its length; rustfmt closes it at the indentation where it began.
fn functions(source: &Source) -> Vec<(usize, String, usize)> {
    let mut functions = Vec::new();
    let mut open: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for (number, line) in source.lines() {
        let text = line.trim_start();
        let indentation = line.len() - text.len();
        let begins = ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(crate) fn ", "pub(crate) async fn ", "pub(super) fn "];
        if begins.iter().any(|begin| text.starts_with(begin)) && !text.ends_with('}') && !text.ends_with(';') {
            let name = text.split('(').next().unwrap_or_default().rsplit(' ').next().unwrap_or_default();
            open.insert(indentation, (number, name.to_owned()));
        } else if text.trim_end() == "}"
            && let Some((start, name)) = open.remove(&indentation)
        {
            functions.push((start, name, number - start + 1));
        }
    }
    functions
}

/// What opens a door is a `SecretString`, or its type does not derive `Debug`: then no log, panic or error can show it.
#[test]
fn what_is_secret_is_never_shown() {
    const SECRET: [&str; 9] =
        ["password", "new_password", "password_hash", "secret", "token", "access_token", "refresh_token", "code", "totp"];
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| kind(&source.path) != Test) {
        let mut shown = false;
        for (number, line) in source.lines() {
            if line.starts_with('}') || line.starts_with("#[derive(") {
                shown = line.contains("Debug");
            }
            let field = line.strip_prefix("    ").map(|field| field.trim_start_matches("pub ").split_once(": ")).unwrap_or_default();
            let Some((_, of)) = field.filter(|(name, of)| SECRET.contains(name) && of.ends_with(',')) else { continue };
            seen += 1;
            if shown
                && ["String,", "String>,", "str>,", "[u8]>,", "Vec<u8>,"].iter().any(|plain| of.ends_with(plain))
                && !of.contains("SecretString")
            {
                wrong.push(format!("src/{}:{number} {}", source.path, line.trim()));
            }
        }
    }
    assert!(seen > 10, "{seen}");
    assert_none(&wrong, "a secret in a type that derives Debug is a SecretString");
}

/// Of two types with one name, the OpenAPI document would show one, for both; `#[schema(as = …)]` gives one of them another name.
#[test]
fn a_schema_has_a_name_of_its_own() {
    let (mut known, mut wrong) = (BTreeMap::new(), Vec::new());
    for source in sources().iter().filter(|source| kind(&source.path) != Test) {
        for (number, name) in schemas(source) {
            if let Some(other) = known.insert(name.clone(), format!("src/{}:{number}", source.path)) {
                wrong.push(format!("{name}: {other} and src/{}:{number}", source.path));
            }
        }
    }
    assert!(known.len() > 100);
    assert_none(&wrong, "no two schemas of the document have one name");
}

/// The names under which types that derive `ToSchema` are in the document, with their lines.
fn schemas(source: &Source) -> Vec<(usize, String)> {
    let (mut schemas, mut derived, mut renamed) = (Vec::new(), false, None);
    for (number, line) in source.lines() {
        derived |= line.starts_with("#[derive(") && line.contains("ToSchema");
        renamed = line.strip_prefix("#[schema(as = ").map(|rest| rest.trim_end_matches(")]").to_owned()).or(renamed);
        let named = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")).or_else(|| line.strip_prefix("struct "));
        if let Some(name) = named {
            let name = name.split(|each: char| !each.is_alphanumeric()).next().unwrap_or_default().to_owned();
            let name = renamed.take().unwrap_or(name);
            schemas.extend(std::mem::take(&mut derived).then_some((number, name)));
        }
    }
    schemas
}

/// What comes in is bound to a statement, never written into it: what a statement is made of are constants (`{LIKE_THIS}`), our own
/// words, in four files the names of tables and columns, and in one a path from the command line, with its quotes doubled.
#[test]
fn a_statement_is_made_of_our_own_words() {
    const OURS: [&str; 2] = ["milliseconds", "skip"];
    const KNOWN: [&str; 5] = ["db/backup.rs", "db/wipe.rs", "privacy/statements.rs", "privacy/store.rs", "skills/merge.rs"];
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| kind(&source.path) != Test && !KNOWN.contains(&source.path.as_str())) {
        for (number, line) in source.lines() {
            let statement = ["sql_query(format!", "batch_execute(&format!", "SELECT ", "INSERT ", "UPDATE ", "DELETE ", " WHERE "];
            let Some((_, made)) = line.split_once("format!(").filter(|_| statement.iter().any(|word| line.contains(word))) else {
                continue;
            };
            seen += 1;
            let mut named = made.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
            let fine = |name: &str| {
                OURS.contains(&name) || (!name.is_empty() && name.bytes().all(|each| each.is_ascii_uppercase() || each == b'_'))
            };
            if !named.all(fine) {
                wrong.push(format!("src/{}:{number} {}", source.path, line.trim()));
            }
        }
    }
    assert!(seen > 2, "{seen}");
    assert_none(&wrong, "a statement is made of constants; values are bound");
}

/// `docs/reliability.md` names for each promise the tests that show it: they are there, and run.
#[test]
fn every_promise_is_shown_by_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/reliability.md")).expect("the promises");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| R")).collect();
    let mut wrong = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        if !row.starts_with(&format!("| R{} |", place + 1)) {
            wrong.push(format!("not in order: {row}"));
        }
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
        if named.is_empty() && !["*open*", "no subject", ".ci/", "`benches/"].iter().any(|word| row.contains(word)) {
            wrong.push(format!("nothing shows it: {row}"));
        }
        wrong.extend(named.into_iter().filter(|name| !is_a_test_that_runs(root, name)).map(ToOwned::to_owned));
    }
    assert_eq!(rows.len(), 90);
    assert_none(&wrong, "docs/reliability.md names tests that there are");
}

/// `file::name` of a test of the API, or a path and its name.
fn is_a_test_that_runs(root: &Path, named: &str) -> bool {
    let Some((file, name)) = named.rsplit_once("::") else { return false };
    let (file, long) = file.strip_suffix("::long").map_or((file, false), |file| (file, true));
    let path = if file.contains('/') { root.join(file) } else { root.join(format!("tests/api/{file}.rs")) };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let text = if long { text.split_once("mod long {").map_or("", |(_, long)| long) } else { &text };
    let marks = text.split_once(&format!("fn {name}(")).map(|(before, _)| before.rsplit("\n\n").next().unwrap_or_default());
    marks.is_some_and(|marks| marks.contains("test]") && !marks.contains("#[ignore"))
}

#[test]
fn the_test_itself_can_see() {
    let sources = sources();
    let accounts = sources.iter().find(|source| source.path == "accounts/service.rs").expect("a room");
    assert!(accounts.imports().len() > 10);
    assert!(functions(accounts).len() > 10);
    assert_eq!(target("db::{Conn, migrate};"), ("db".to_owned(), vec!["Conn".to_owned(), "migrate".to_owned()]));
    assert_eq!(target("jobs::store::{self, JobRow};"), ("jobs".to_owned(), vec!["store".to_owned()]));
    assert_eq!(target("words;"), ("kernel".to_owned(), Vec::new()));
}
