//! What the database holds: to see that a refusal changed nothing.

use std::collections::BTreeMap;

use diesel::{QueryableByName, RunQueryDsl as _};
use guildhall::db::Conn;

use crate::schema;
use crate::support::app::TestApp;

/// What changes although nothing was done: the clockwork of the house, and the trace of who tried what.
const MAY_CHANGE: [&str; 5] = ["audit_entries", "audit_head", "running_figures", "statistics_head", "throttles"];

/// A row, as text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Every row of every table, by table.
pub type Contents = BTreeMap<String, Vec<String>>;

impl TestApp {
    /// Every row, after everything that is due was done.
    pub async fn contents(&self) -> Contents {
        self.settle().await;
        let tables = schema::tables();
        self.read(move |conn| {
            let kept = tables.into_iter().filter(|(table, _)| !MAY_CHANGE.contains(&table.as_str()));
            kept.map(|(table, columns)| lines(conn, &table, &columns).map(|lines| (table, lines))).collect()
        })
        .await
    }
}

fn lines(conn: &mut Conn, table: &str, columns: &[String]) -> diesel::QueryResult<Vec<String>> {
    let row = match conn {
        Conn::Sqlite(_) => columns.iter().map(|column| format!("quote(\"{column}\")")).collect::<Vec<_>>().join(" || ', ' || "),
        Conn::Postgres(_) => "t::text".to_owned(),
    };
    let lines: Vec<Line> = diesel::sql_query(format!("SELECT {row} AS line FROM {table} t ORDER BY 1")).load(conn)?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// Insists that nothing has changed, and says what has.
#[track_caller]
pub fn assert_same(before: &Contents, after: &Contents) {
    for (table, rows) in before {
        let now = &after[table];
        let changed: Vec<_> = now.iter().filter(|row| !rows.contains(row)).collect();
        let gone: Vec<_> = rows.iter().filter(|row| !now.contains(row)).collect();
        assert!(changed.is_empty() && gone.is_empty(), "{table} has changed: {changed:#?} came, {gone:#?} went");
    }
}
