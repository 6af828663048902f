//! The schema: what the migrations make on both databases, and what Diesel believes about it, are one and the same.
//! A module of the `api` binary, so that it shares the test databases.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, RunQueryDsl as _};
use diesel_migrations::MigrationHarness as _;
use guildhall::db::Conn;
use guildhall::db::migrate::Story;
use guildhall::privacy::columns::TABLES;
use guildhall::privacy::domain::Kind;

use crate::support::database::TestDatabase;

/// What PostgreSQL alone has, in `migrations/postgres`: columns and indexes, by table.
const POSTGRES_ONLY: [(&str, &str); 2] = [("changes", "xid"), ("changes", "changes_xid (xid, id)")];
const DIESEL: &str = include_str!("../src/db/schema.rs");

/// A table: its columns with type and whether they may be null, and its indexes with their columns.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeMap<String, (String, bool)>,
    primary_key: Vec<String>,
    indexes: BTreeSet<String>,
}

type Schema = BTreeMap<String, Table>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    column_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    nullable: i64,
    /// The place in the primary key, from 1; 0 outside of it.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    key: i64,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = diesel::sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    description: String,
}

const SQLITE_COLUMNS: &str = "SELECT t.name AS table_name, c.name AS column_name, upper(c.type) AS kind, \
    1 - c.\"notnull\" AS nullable, c.pk AS key \
    FROM sqlite_master t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'";
const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text, c.column_name::text, upper(c.data_type)::text AS kind, \
    (c.is_nullable = 'YES')::int::bigint AS nullable, coalesce(k.ordinal_position, 0)::bigint AS key \
    FROM information_schema.columns c \
    LEFT JOIN (information_schema.table_constraints t JOIN information_schema.key_column_usage k \
        ON k.constraint_name = t.constraint_name AND k.table_schema = t.table_schema AND t.constraint_type = 'PRIMARY KEY') \
    ON k.table_name = c.table_name AND k.column_name = c.column_name AND k.table_schema = c.table_schema \
    WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_\\_diesel%'";
const SQLITE_INDEXES: &str = "SELECT t.name AS table_name, i.name || (CASE WHEN i.\"unique\" THEN ' unique' ELSE '' END) || ' (' || \
    (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' AS description \
    FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'";
const POSTGRES_INDEXES: &str = "SELECT r.relname::text AS table_name, \
    i.relname || (CASE WHEN x.indisunique THEN ' unique' ELSE '' END) || ' (' || \
    (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY k(number, place) \
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number) || ')' AS description \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class r ON r.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = r.relnamespace \
    WHERE n.nspname = 'public' AND NOT x.indisprimary AND r.relname NOT LIKE '\\_\\_diesel%'";

/// One word for what each side calls a type.
fn kind(name: &str) -> &'static str {
    match name {
        "TEXT" | "Text" => "text",
        "BIGINT" | "INTEGER" | "BigInt" => "integer",
        "BOOLEAN" | "Bool" => "boolean",
        "DATE" | "Date" => "date",
        "DOUBLE PRECISION" | "DOUBLE" | "REAL" | "Double" => "number",
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" | "InstantSql" => "instant",
        "XID8" => "transaction",
        "BYTEA" | "BLOB" | "Binary" => "bytes",
        other => panic!("an unknown type: {other}"),
    }
}

fn read(conn: &mut Conn) -> Schema {
    let (columns, indexes) = match conn {
        Conn::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_INDEXES),
        Conn::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_INDEXES),
    };
    let mut columns: Vec<Column> = diesel::sql_query(columns).load(conn).expect("columns");
    let indexes: Vec<Index> = diesel::sql_query(indexes).load(conn).expect("indexes");
    columns.sort_by_key(|column| column.key);
    let mut schema = Schema::new();
    for column in columns {
        let table = schema.entry(column.table_name).or_default();
        if column.key > 0 {
            table.primary_key.push(column.column_name.clone());
        }
        table.columns.insert(column.column_name, (kind(&column.kind).to_owned(), column.nullable == 1));
    }
    for index in indexes {
        schema.entry(index.table_name).or_default().indexes.insert(index.description);
    }
    schema
}

/// Reads the `table!` macros; they know no indexes.
fn believed() -> Schema {
    let mut schema = Schema::new();
    let mut current = None;
    for line in DIESEL.lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            let primary_key = key.split(", ").map(ToOwned::to_owned).collect();
            schema.insert(name.to_owned(), Table { primary_key, ..Table::default() });
            current = Some(name.to_owned());
        } else if let Some((column, sql_type)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let inner = sql_type.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
            let name = inner.unwrap_or(sql_type).rsplit("::").next().unwrap_or_default();
            let table = current.as_ref().and_then(|table| schema.get_mut(table)).expect("a table before its columns");
            table.columns.insert(column.trim_start_matches("r#").to_owned(), (kind(name).to_owned(), inner.is_some()));
        }
    }
    schema
}

/// Every table with its columns.
pub fn tables() -> Vec<(String, Vec<String>)> {
    believed().into_iter().map(|(name, table)| (name, table.columns.into_keys().collect())).collect()
}

/// Every column that holds text, as `table.column`.
pub fn texts() -> Vec<String> {
    let text = |table: Table| table.columns.into_iter().filter(|(_, (kind, _))| kind == "text").map(|(column, _)| column);
    believed().into_iter().flat_map(|(name, table)| text(table).map(move |column| format!("{name}.{column}"))).collect()
}

fn without_indexes(mut schema: Schema) -> Schema {
    schema.values_mut().for_each(|table| table.indexes.clear());
    schema
}

fn without_postgres_only(mut schema: Schema) -> Schema {
    for (table, name) in POSTGRES_ONLY {
        let table = schema.get_mut(table).expect("a table");
        table.columns.remove(name);
        table.indexes.remove(name);
    }
    schema
}

/// Compares table by table, so that a difference can be read.
fn assert_same(left: &Schema, right: &Schema, who: &str) {
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "tables: {who}");
    for (name, table) in left {
        assert_eq!(Some(table), right.get(name), "{name}: {who}");
    }
}

/// The databases to look at: SQLite always, PostgreSQL where there is one.
fn databases() -> Vec<TestDatabase> {
    std::iter::once(TestDatabase::empty_sqlite()).chain(TestDatabase::empty_postgres()).collect()
}

#[test]
fn both_databases_have_the_schema_that_diesel_believes_in() {
    let believed = believed();
    assert!(believed.len() > 10, "{}", believed.len());
    let schemas: Vec<Schema> = databases()
        .iter()
        .map(|database| {
            database.migrate();
            without_postgres_only(read(&mut database.connect()))
        })
        .collect();
    if let [sqlite, postgres] = schemas.as_slice() {
        assert_same(sqlite, postgres, "SQLite and PostgreSQL");
    }
    for schema in schemas {
        assert_same(&without_indexes(schema), &believed, "the database and src/db/schema.rs");
    }
}

/// How `privacy` says that a column of such a type is kept.
fn kinds(kind: &str) -> &'static [Kind] {
    match kind {
        "text" => &[Kind::Text, Kind::Json],
        "integer" | "number" | "transaction" => &[Kind::Number],
        "boolean" => &[Kind::Flag],
        "date" => &[Kind::Date],
        "instant" => &[Kind::Instant],
        other => panic!("src/privacy/columns.rs knows no such type: {other}"),
    }
}

#[test]
fn every_column_is_classified() {
    for database in databases() {
        database.migrate();
        let schema = read(&mut database.connect());
        let classified: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
        let there: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
        assert_eq!(there, classified, "classify the table in src/privacy/columns.rs");
        for table in TABLES {
            let (name, columns) = (table.name, &schema[table.name].columns);
            let known =
                table.columns.iter().filter(|column| !POSTGRES_ONLY.contains(&(name, column.name)) || columns.contains_key(column.name));
            let known: BTreeMap<&str, Kind> = known.map(|column| (column.name, column.kind)).collect();
            let there: Vec<&str> = columns.keys().map(String::as_str).collect();
            assert_eq!(there, known.keys().copied().collect::<Vec<_>>(), "{name}: classify the column in src/privacy/columns.rs");
            for (column, (kind, _)) in columns {
                assert!(kinds(kind).contains(&known[column.as_str()]), "{name}.{column} is kept as {kind}");
                assert_eq!(known[column.as_str()] == Kind::Json, column.ends_with("_json") || column == "document", "{name}.{column}");
            }
        }
    }
}

#[test]
fn every_foreign_key_has_an_index() {
    #[derive(QueryableByName)]
    struct Key {
        #[diesel(sql_type = diesel::sql_types::Text)]
        place: String,
    }
    const UNCOVERED: &str = "SELECT t.name || '.' || f.\"from\" AS place FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f \
        WHERE t.type = 'table' AND f.on_delete = 'CASCADE' AND f.seq = 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) i \
        JOIN pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = f.\"from\") ORDER BY 1";
    let database = TestDatabase::empty_sqlite();
    database.migrate();
    let uncovered: Vec<Key> = diesel::sql_query(UNCOVERED).load(&mut database.connect()).expect("keys");
    let places: Vec<String> = uncovered.into_iter().map(|key| key.place).collect();
    assert!(places.is_empty(), "deleting a parent would read the whole table: {places:?}");
}

#[test]
fn migrations_can_be_taken_back_and_made_again() {
    for database in databases() {
        let mut conn = database.connect();
        for _ in 0..2 {
            let story = Story::of(&conn);
            conn.run_pending_migrations(story).expect("migrations up");
            assert!(!read(&mut conn).is_empty());
            conn.revert_all_migrations(story).expect("migrations down");
            assert_eq!(read(&mut conn), Schema::new());
        }
    }
}

#[test]
fn two_nodes_that_start_together_migrate_once() {
    for database in databases() {
        std::thread::scope(|scope| {
            let runs: Vec<_> =
                (0..4).map(|_| scope.spawn(|| guildhall::db::migrate::run(&mut database.connect()).map(|names| names.len()))).collect();
            let applied: Vec<usize> = runs.into_iter().map(|run| run.join().expect("a thread").expect("migrations")).collect();
            assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
        });
    }
}
