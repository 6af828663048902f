//! A peer: PostgreSQL with a GIN index over an int[] of skill and level tokens; the simple gates are conditions, the rest is
//! verified and scored by the client from the record table. A private cluster, started by `.ci/postgres`, lives as long as
//! [`Cluster`].

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use guildhall::kernel::ids::JobRequestId;
use guildhall::matching::domain::Request;
use guildhall_benches::best::{Answer, Best};
use guildhall_benches::question::Question;
use guildhall_benches::records::Table;
use postgres::{Client, NoTls, Statement};

use crate::peers::{LIMIT, Peer};

/// Sits on the cluster until its standard input ends.
const WAIT: &str = "echo \"$GUILDHALL_TEST_DATABASE\"; cat >/dev/null";
const SETTINGS: &str = "SET maintenance_work_mem = '1GB'; SET work_mem = '64MB'; SET jit = off; SET random_page_cost = 1.1; \
     SET synchronous_commit = off; SET max_parallel_workers_per_gather = 0";
const TABLE: &str = "DROP TABLE IF EXISTS pool; CREATE UNLOGGED TABLE pool (slot int NOT NULL, tokens int[] NOT NULL, seniority int NOT NULL, \
     hours int NOT NULL, available int NOT NULL, rate bigint NOT NULL, currency int NOT NULL)";

/// A PostgreSQL of our own.
pub struct Cluster {
    child: Child,
    url: String,
}

impl Cluster {
    /// Starts one, if PostgreSQL is installed.
    pub fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/postgres");
        let mut child = Command::new(script).args(["sh", "-c", WAIT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut url).ok()?;
        let cluster = Self { child, url: url.trim().to_owned() };
        // Exit code 69 and no line: nothing is installed.
        (!cluster.url.is_empty()).then_some(cluster)
    }

    /// A connection.
    ///
    /// # Errors
    /// When it is refused.
    pub fn connect(&self) -> Result<Client, postgres::Error> {
        let mut client = Client::connect(&format!("{}/postgres", self.url), NoTls)?;
        client.batch_execute(SETTINGS)?;
        Ok(client)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// The table in the cluster.
pub struct Postgres<'a> {
    table: &'a Table,
    client: Client,
    prepared: HashMap<JobRequestId, Statement>,
}

impl<'a> Postgres<'a> {
    /// `table` copied into the cluster and indexed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn new(table: &'a Table, cluster: &Cluster) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut client = cluster.connect()?;
        client.batch_execute(TABLE)?;
        let mut copy = client.copy_in("COPY pool FROM STDIN")?;
        let mut line = String::new();
        for (slot, record) in table.records.iter().enumerate() {
            line.clear();
            write!(line, "{slot}\t{{")?;
            let tokens = record.skills.iter().flat_map(|skill| (1..=skill.level).map(|level| token(skill.skill, level)));
            for (place, token) in tokens.enumerate() {
                write!(line, "{}{token}", if place == 0 { "" } else { "," })?;
            }
            let (seniority, hours, rate, currency) = (record.seniority, record.hours, record.rate, record.currency);
            writeln!(line, "}}\t{seniority}\t{hours}\t{}\t{rate}\t{currency}", record.available)?;
            copy.write_all(line.as_bytes())?;
        }
        copy.finish()?;
        client.batch_execute("CREATE INDEX ON pool USING gin (tokens) WITH (fastupdate = off)")?;
        client.batch_execute("VACUUM ANALYZE pool")?;
        Ok(Self { table, client, prepared: HashMap::new() })
    }
}

fn token(skill: u16, level: u8) -> i32 {
    i32::from(skill) * 8 + i32::from(level)
}

fn list<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

/// The query with its values in it, so that the plan fits them; prepared once, before anything is timed.
fn sql(question: &Question<'_>) -> String {
    let mut sql = format!("SELECT slot FROM pool WHERE hours >= {} AND available <= {}", question.hours, question.starts);
    let (single, many): (Vec<_>, Vec<_>) = question.musts.iter().partition(|asked| asked.options.len() == 1);
    let tokens = list(single.iter().flat_map(|asked| asked.options.iter().map(|(skill, _)| token(*skill, asked.level))));
    let _ = write!(sql, " AND tokens @> ARRAY[{tokens}]::int[]");
    for asked in many {
        let tokens = list(asked.options.iter().map(|(skill, _)| token(*skill, asked.level)));
        let _ = write!(sql, " AND tokens && ARRAY[{tokens}]::int[]");
    }
    if question.seniority != 0 {
        let _ = write!(sql, " AND seniority & {} <> 0", question.seniority);
    }
    let _ = write!(sql, " AND rate <= (ARRAY[{}]::bigint[])[currency + 1]", list(&question.budget));
    sql
}

impl Peer for Postgres<'_> {
    fn name(&self) -> &'static str {
        "PostgreSQL, GIN"
    }

    fn find(&mut self, request: &Request) -> Answer {
        let question = Question::new(request, self.table);
        let id = request.id.expect("saved requests");
        let statement = match self.prepared.get(&id) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(&sql(&question)).expect("a statement");
                self.prepared.insert(id, statement.clone());
                statement
            }
        };
        let mut best = Best::new(request.id, LIMIT);
        for row in self.client.query(&statement, &[]).expect("rows") {
            let slot: i32 = row.get(0);
            let record = &self.table.records[slot as usize];
            if (!question.asks_years() || question.passes_musts(record)) && question.passes_others(record) {
                best.offer(record.developer, question.score(record));
            }
        }
        best.answer()
    }
}
