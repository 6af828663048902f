//! Copies of an SQLite database: made while a server writes to it, and put back while none does.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};

use crate::db::migrate;
use crate::db::url::DatabaseUrl;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};

/// How many faults of a broken file are told.
const TOLD: usize = 5;

/// What a file holds that has been looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its size.
    pub bytes: u64,
    /// The last migration that it has seen.
    pub schema: String,
    /// Where the database stands that was there before, if there was one.
    pub before: Option<PathBuf>,
}

/// A line of one column.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Copies the database in `from`, as it is at one moment, to a new file `to` that only its owner can read. Others read and write
/// meanwhile. The copy is looked through before it has its name.
///
/// # Errors
/// When `from` is no database or `to` is there already, and when the disk is full: then there is no `to`.
pub fn back_up(from: &Path, to: &Path) -> Result<Copied> {
    if to.exists() {
        return Err(told(format!("{} is there already: a backup replaces nothing; name a new file", to.display())));
    }
    let half = beside(to, "part");
    let done = copy(from, &half).and_then(|copied| {
        // Unlike a renaming, this fails where somebody was faster.
        fs::hard_link(&half, to).map_err(|error| at(to, &error))?;
        sync_folder(to)?;
        Ok(copied)
    });
    drop(fs::remove_file(&half));
    done
}

/// Puts the copy `from` in the place of the database `to`, which nobody may have open. What was there is kept beside it.
///
/// # Errors
/// When `from` is no whole database of this release or an earlier one, or a process holds `to`: then nothing has changed.
pub fn restore(from: &Path, to: &Path, now: Instant) -> Result<Copied> {
    let half = beside(to, "part");
    if let Some(folder) = folder_of(to) {
        fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
    }
    let done = copy(from, &half).and_then(|copied| {
        let before = beside(to, &format!("before-{}", now.utc().format("%Y%m%dT%H%M%SZ")));
        let before = set_aside(to, &before)?.then_some(before);
        fs::hard_link(&half, to).map_err(|error| at(to, &error))?;
        sync_folder(to)?;
        Ok(Copied { before, ..copied })
    });
    drop(fs::remove_file(&half));
    done
}

/// A whole copy of `from` in the new file `to`, without a log beside it.
fn copy(from: &Path, to: &Path) -> Result<Copied> {
    drop(fs::remove_file(to));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(|error| at(to, &error))?;
    let mut source = open(from)?;
    // A copy is made of the tables alone, and would hide that an index is broken.
    look_through(from, &mut source)?;
    let target = to.to_string_lossy().replace('\'', "''");
    source.batch_execute(&format!("VACUUM INTO '{target}'")).map_err(|refusal| told(format!("{}: {refusal}", from.display())))?;
    file.sync_all().map_err(|error| at(to, &error))?;
    let schema = look_through(to, &mut open(to)?)?;
    let bytes = file.metadata().map_err(|error| at(to, &error))?.len();
    Ok(Copied { bytes, schema, before: None })
}

/// A connection that makes no file and changes no setting of one.
fn open(path: &Path) -> Result<SqliteConnection> {
    if !path.is_file() {
        return Err(told(format!("{}: there is no such file", path.display())));
    }
    let mut conn =
        SqliteConnection::establish(&path.to_string_lossy()).map_err(|refusal| told(format!("{}: {refusal}", path.display())))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(Error::from)?;
    Ok(conn)
}

/// Refuses what is broken, or none of ours; gives the last migration.
fn look_through(file: &Path, conn: &mut SqliteConnection) -> Result<String> {
    let wrong = |what: String| told(format!("{}: {what}", file.display()));
    let checked: Result<Vec<Line>, _> = sql_query("SELECT integrity_check AS line FROM pragma_integrity_check").load(conn);
    let faults: Vec<String> = match checked {
        Ok(lines) => lines.into_iter().map(|line| line.line).filter(|line| line != "ok").take(TOLD).collect(),
        Err(refusal) => vec![refusal.to_string()],
    };
    if !faults.is_empty() {
        return Err(wrong(format!("the database is broken: {}", faults.join("; "))));
    }
    let statement = "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version";
    let seen: Vec<Line> = sql_query(statement).load(conn).map_err(|_| wrong("this is no database of Guildhall".to_owned()))?;
    let ours = migrate::versions_on_sqlite()?;
    if let Some(Line { line }) = seen.iter().find(|seen| !ours.contains(&seen.line)) {
        return Err(wrong(format!("it was made by a newer release, which knows migration {line}: restore it with that one")));
    }
    seen.into_iter().next_back().map(|line| line.line).ok_or_else(|| wrong("this is no database of Guildhall".to_owned()))
}

/// Gives the database at `path` another name, whole and without its log, while nobody else can open it; false when there is none.
fn set_aside(path: &Path, aside: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    let mut conn = open(path)?;
    let in_use = |refusal: diesel::result::Error| match refusal.to_string() {
        locked if locked.contains("locked") => told(format!("{} is in use: stop every `guildhall` that uses it first", path.display())),
        other => told(format!("{}: {other}; move it away, then restore", path.display())),
    };
    // Whoever has the file open holds a lock that keeps this one out, also while idle.
    let alone = "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
    conn.batch_execute(alone).map_err(in_use)?;
    fs::rename(path, aside).map_err(|error| at(aside, &error))?;
    // Nothing was written.
    conn.batch_execute("ROLLBACK").map_err(Error::from)?;
    Ok(true)
}

/// A file of another name in the same folder, so that it can be renamed.
fn beside(path: &Path, word: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!("{name}.{word}"))
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

/// A new name is on disk when its folder is.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = folder_of(path).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, &error))
}

fn at(path: &Path, error: &std::io::Error) -> Error {
    told(format!("{}: {error}", path.display()))
}

/// For the operator, who can do something about it.
fn told(what: String) -> Error {
    Error::internal(what)
}

/// The file of an SQLite database, and what to do with any other.
///
/// # Errors
/// On PostgreSQL, which has tools of its own.
pub fn only_sqlite<'a>(url: &'a DatabaseUrl, advice: &str) -> Result<&'a Path> {
    match url {
        DatabaseUrl::Sqlite(path) => Ok(path),
        DatabaseUrl::Postgres(_) => Err(told(format!("this copies SQLite files; for PostgreSQL use {advice}"))),
    }
}

#[cfg(test)]
mod tests {
    use diesel::r2d2::ManageConnection as _;

    use super::*;
    use crate::db::Conn;
    use crate::db::opener::Opener;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("guildhall-backup-{name}-{}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn database(path: &Path) -> Conn {
        let mut conn = Opener(DatabaseUrl::Sqlite(path.to_owned())).connect().unwrap();
        migrate::run(&mut conn).unwrap();
        conn
    }

    fn note(conn: &mut Conn, word: &str) {
        sql_query(format!("INSERT INTO changes (kind, subject, at) VALUES ('user', '{word}', 0)")).execute(conn).unwrap();
    }

    fn notes(path: &Path) -> Vec<String> {
        let lines: Vec<Line> = sql_query("SELECT subject AS line FROM changes ORDER BY id").load(&mut open(path).unwrap()).unwrap();
        lines.into_iter().map(|line| line.line).collect()
    }

    fn why<T: std::fmt::Debug>(done: Result<T>) -> String {
        done.unwrap_err().cause.unwrap()
    }

    #[test]
    fn a_copy_comes_back_and_what_was_there_is_kept() {
        let folder = Folder::new("round");
        let (home, copy) = (folder.file("it's home.db"), folder.file("copy.db"));
        let mut conn = database(&home);
        note(&mut conn, "before");
        let copied = back_up(&home, &copy).unwrap();
        assert_eq!((copied.bytes, copied.before), (fs::metadata(&copy).unwrap().len(), None));
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy).unwrap().permissions()) & 0o777, 0o600);
        note(&mut conn, "after");
        assert!(why(back_up(&home, &copy)).contains("there already"));
        assert!(why(restore(&copy, &home, Instant::from_micros(0))).contains("is in use"), "somebody is connected, and idle");
        assert_eq!(notes(&home), ["before", "after"]);
        drop(conn);
        let before = restore(&copy, &home, Instant::from_micros(0)).unwrap().before.unwrap();
        assert_eq!((notes(&home), notes(&before)), (vec!["before".to_owned()], vec!["before".to_owned(), "after".to_owned()]));
        assert_eq!(before, folder.file("it's home.db.before-19700101T000000Z"));
        let mut names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["copy.db", "it's home.db", "it's home.db.before-19700101T000000Z"], "nothing half done is left");
        note(&mut database(&home), "goes on");
    }

    #[test]
    fn what_is_no_whole_database_of_ours_is_refused() {
        let folder = Folder::new("broken");
        let (home, copy) = (folder.file("home.db"), folder.file("copy.db"));
        let refused = |what: &str| {
            let why = why(restore(&copy, &home, Instant::from_micros(0)));
            assert!(why.contains(what), "{why}");
            assert!(!home.exists(), "{what}");
        };
        refused("no such file");
        fs::write(&copy, "no database at all, but long enough to be looked at as one").unwrap();
        refused("not a database");
        fs::remove_file(&copy).unwrap();
        open_new(&copy).batch_execute("CREATE TABLE other (id TEXT)").unwrap();
        refused("no database of Guildhall");
        fs::remove_file(&copy).unwrap();
        drop(database(&copy));
        open_new(&copy).batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231235959')").unwrap();
        refused("newer release");
        open_new(&copy).batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20991231235959'").unwrap();
        assert!(restore(&copy, &home, Instant::from_micros(0)).is_ok());
        // Whatever stands in the middle of the file is gone.
        let mut bytes = fs::read(&copy).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8192].fill(0xAB);
        fs::write(&copy, bytes).unwrap();
        fs::remove_file(&home).unwrap();
        let why = why(restore(&copy, &home, Instant::from_micros(0)));
        assert!(why.contains("broken") || why.contains("malformed"), "{why}");
        assert!(!home.exists());
    }

    fn open_new(path: &Path) -> SqliteConnection {
        SqliteConnection::establish(&path.to_string_lossy()).unwrap()
    }
}
