//! A fresh database per test: an SQLite file, or where `GUILDHALL_TEST_DATABASE` names a PostgreSQL cluster (`.ci/postgres`
//! starts one), a database there.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::ManageConnection as _;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use guildhall::db::opener::Opener;
use guildhall::db::pool::Db;
use guildhall::db::url::DatabaseUrl;
use guildhall::db::{Conn, migrate};
use guildhall::kernel::clock::SystemClock;
use guildhall::skills::service::Skills;

use crate::support::proxy::{Proxy, Target};

const VARIABLE: &str = "GUILDHALL_TEST_DATABASE";
/// The name of an SQLite file.
const FILE: &str = "guildhall.db";
/// The prepared database that every other is copied from.
const TEMPLATE: &str = "guildhall_template";

/// A database that goes with its test.
pub enum TestDatabase {
    /// A folder with the file.
    Sqlite(PathBuf),
    /// A database of a cluster.
    Postgres { cluster: String, name: String },
}

/// A row that counts.
#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// Where a cluster listens: its URL names a folder, percent-encoded, or a host.
fn target(cluster: &str) -> Target {
    let (_, host) = cluster.rsplit_once('@').expect("a host");
    match host.strip_prefix("%2F") {
        Some(_) => Target::Unix(PathBuf::from(host.replace("%2F", "/")).join(".s.PGSQL.5432")),
        None => Target::Tcp(if host.contains(':') { host.to_owned() } else { format!("{host}:5432") }),
    }
}

/// The cluster that the environment names, if any.
pub fn cluster() -> Option<String> {
    let cluster = std::env::var(VARIABLE).ok()?;
    assert!(cluster.starts_with("postgres://"), "{VARIABLE} must be the URL of a cluster: run `.ci/postgres cargo test …`");
    Some(cluster)
}

impl TestDatabase {
    /// A database with the schema and the catalogue of skills: a copy of one that was made once.
    pub async fn prepared() -> Self {
        let Some(cluster) = cluster() else {
            let folder = folder();
            std::fs::copy(sqlite_template().await, folder.join(FILE)).expect("a copy of the template");
            return Self::Sqlite(folder);
        };
        Self::prepared_on(cluster).await
    }

    /// The same on this cluster.
    pub async fn prepared_on(cluster: String) -> Self {
        let name = unique_name();
        let mut conn = connect(&cluster, "postgres");
        make_template(&mut conn, &cluster).await;
        run(&mut conn, &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
        Self::Postgres { cluster, name }
    }

    /// An empty database of the engine that the tests run on.
    pub fn empty() -> Self {
        Self::empty_postgres().unwrap_or_else(Self::empty_sqlite)
    }

    /// What a start does: the schema, then the catalogue.
    async fn prepare(&self) {
        self.migrate();
        Skills::new(self.db(), Arc::new(SystemClock)).install().await.expect("the catalogue");
    }

    /// An empty SQLite file.
    pub fn empty_sqlite() -> Self {
        Self::Sqlite(folder())
    }

    /// An empty PostgreSQL database, where there is a cluster.
    pub fn empty_postgres() -> Option<Self> {
        let (cluster, name) = (cluster()?, unique_name());
        run(&mut connect(&cluster, "postgres"), &format!("CREATE DATABASE {name}"));
        Some(Self::Postgres { cluster, name })
    }

    /// What goes into `database.url`.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.join(FILE).display()),
            Self::Postgres { cluster, name } => format!("{cluster}/{name}"),
        }
    }

    /// What goes into `database.url` when PostgreSQL is reached through a proxy.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        match self {
            Self::Sqlite(_) => self.url(),
            Self::Postgres { cluster, name } => {
                let (user, _) = cluster.strip_prefix("postgres://").and_then(|rest| rest.split_once('@')).expect("a user");
                format!("postgres://{user}@{}/{name}", proxy.address)
            }
        }
    }

    /// Where the PostgreSQL server listens; nowhere for SQLite.
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres { cluster, .. } => Some(target(cluster)),
        }
    }

    /// The database as a process opens it, to write to it beside the house.
    pub fn db(&self) -> Db {
        Db::open(DatabaseUrl::parse(&self.url().into()).expect("a database URL"), 1).expect("a database")
    }

    /// A connection with the settings that the house makes.
    pub fn connect(&self) -> Conn {
        let url = DatabaseUrl::parse(&self.url().into()).expect("a database URL");
        Opener(url).connect().expect("a connection")
    }

    /// Brings the schema up to date.
    pub fn migrate(&self) {
        migrate::run(&mut self.connect()).expect("migrations");
    }

    /// Everything that the database holds, as text: to look for what must not be there.
    pub fn dump(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                let files = ["", "-wal"].map(|end| std::fs::read(folder.join(format!("{FILE}{end}"))).unwrap_or_default());
                files.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
            }
            Self::Postgres { cluster, name } => dump_postgres(&mut connect(cluster, name)),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(folder) => drop(std::fs::remove_dir_all(folder)),
            Self::Postgres { cluster, name } => {
                drop(connect(cluster, "postgres").batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")));
            }
        }
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("guildhall_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(unique_name());
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn connect(cluster: &str, name: &str) -> PgConnection {
    PgConnection::establish(&format!("{cluster}/{name}")).expect("the cluster runs")
}

fn run(conn: &mut PgConnection, statement: &str) {
    conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The file that every SQLite database is copied from: made once by each build of the tests.
async fn sqlite_template() -> PathBuf {
    let built = std::env::current_exe().and_then(|file| file.metadata()?.modified()).expect("the test's own file");
    let age = built.duration_since(std::time::UNIX_EPOCH).expect("a time after 1970").as_nanos();
    let template = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("guildhall-{age}.db"));
    if !template.exists() {
        let made = TestDatabase::empty_sqlite();
        made.prepare().await;
        let half = template.with_extension(format!("half{}", std::process::id()));
        made.connect().batch_execute(&format!("VACUUM INTO '{}'", half.display())).expect("a copy");
        std::fs::rename(half, &template).expect("the template in its place");
    }
    template
}

/// Tests run in processes of their own: the first of them makes the template while the others wait.
async fn make_template(conn: &mut PgConnection, cluster: &str) {
    run(conn, "SELECT pg_advisory_lock(1)");
    let query = format!("SELECT count(*) AS count FROM pg_database WHERE datname = '{TEMPLATE}'");
    let Count { count } = diesel::sql_query(query).get_result(conn).expect("a count");
    if count == 0 {
        let made = TestDatabase::Postgres { cluster: cluster.to_owned(), name: "guildhall_new".to_owned() };
        run(conn, "DROP DATABASE IF EXISTS guildhall_new");
        run(conn, "CREATE DATABASE guildhall_new");
        made.prepare().await;
        std::mem::forget(made);
        // PostgreSQL takes the numbers that the template has drawn ahead for written down, which in a copy they are not: after a crash
        // of the cluster the copy would give them out again.
        let drawn = "SELECT setval(pg_get_serial_sequence('changes', 'id'), (SELECT coalesce(max(id), 1) FROM changes))";
        run(&mut connect(cluster, "guildhall_new"), drawn);
        // The pool's connections may still be closing.
        run(conn, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'guildhall_new'");
        run(conn, &format!("ALTER DATABASE guildhall_new RENAME TO {TEMPLATE}"));
    }
    run(conn, "SELECT pg_advisory_unlock(1)");
}

/// Every row, and the bytes of every file: what was erased may still be where nothing refers to.
fn dump_postgres(conn: &mut PgConnection) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    conn.batch_execute("CHECKPOINT").expect("files that are written");
    let mut lines = |query: &str| -> Vec<String> {
        let rows: Vec<Line> = diesel::sql_query(query).load(conn).expect("rows");
        rows.into_iter().map(|row| row.line).collect()
    };
    let tables = lines("SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'");
    let rows = tables.iter().flat_map(|table| lines(&format!("SELECT t::text AS line FROM {table} t"))).collect::<Vec<_>>().join("\n");
    let folder =
        lines("SELECT current_setting('data_directory') || '/base/' || oid AS line FROM pg_database WHERE datname = current_database()");
    let files = folder.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the database's files"));
    let files = files.filter_map(|file| std::fs::read(file.expect("a file").path()).ok());
    files.fold(rows, |all, bytes| all + "\n" + &String::from_utf8_lossy(&bytes))
}
