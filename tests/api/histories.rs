//! Whole histories (reliability R75, R77): sixteen clients read and change a few things on two nodes, with random faults between them and
//! the nodes and between the nodes and the database. Afterwards all that they saw must be what one after the other would have seen: each
//! thing's versions are one chain, every acknowledged change is in it once, nothing is in it that nobody asked for, and nobody sees a
//! version older than one that was known before they asked.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Moment};

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use crate::support::person::Person;
use crate::support::proxy::{Fault, Proxy, Target};
use crate::support::seeds::draft;

const CLIENTS: usize = 16;
const THINGS: usize = 4;

#[actix_web::test]
async fn a_history_with_faults_is_one_that_could_have_been() {
    run(Duration::from_secs(5)).await;
}

mod long {
    #[actix_web::test]
    async fn twenty_minutes_of_history() {
        super::run(std::time::Duration::from_secs(20 * 60)).await;
    }
}

/// What a client did with one thing, and what came of it.
#[derive(Debug)]
struct Operation {
    thing: usize,
    begun: Moment,
    ended: Moment,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Saw this version with this title.
    Read(u64, String),
    /// Changed the version before this one.
    Wrote(u64, String),
    /// Was told that this version is old.
    Stale(u64, String),
    /// Tried to change it to this title, and was not told what came of it.
    Unknown(String),
}

struct Client {
    number: u64,
    /// The same person at each node, through a proxy.
    nodes: Vec<Person>,
    paths: Vec<String>,
    stop: Arc<AtomicBool>,
}

impl Client {
    async fn work(self) -> Vec<Operation> {
        let (mut dice, mut known, mut operations) = (StdRng::seed_from_u64(self.number), [1; THINGS], Vec::new());
        while !self.stop.load(Ordering::SeqCst) {
            let (thing, node) = (dice.random_range(0..THINGS), &self.nodes[dice.random_range(0..self.nodes.len())]);
            let (path, begun) = (&self.paths[thing], Moment::now());
            let what = if dice.random_bool(0.5) {
                let answer = node.try_get(path).await.filter(|answer| answer.status != 503);
                answer.map(|answer| What::Read(version(&answer), answer.text_at("/title")))
            } else {
                let (title, seen) = (format!("{}-{}", self.number, operations.len()), known[thing]);
                let guarded = node.with("if-match", &format!("\"{seen}\""));
                let answer = guarded.try_send(Method::PATCH, path, Some(json!({ "title": title }))).await;
                Some(match answer {
                    Some(answer) if answer.status == 200 => What::Wrote(version(&answer), title),
                    Some(answer) if answer.status == 412 => What::Stale(seen, title),
                    Some(answer) => {
                        answer.problem(503, "unavailable");
                        What::Unknown(title)
                    }
                    None => What::Unknown(title),
                })
            };
            if let Some(What::Read(version, _) | What::Wrote(version, _)) = &what {
                known[thing] = *version;
            }
            operations.extend(what.map(|what| Operation { thing, begun, ended: Moment::now(), what }));
        }
        operations
    }
}

fn version(answer: &Answer) -> u64 {
    answer.header("etag").trim_matches('"').parse().expect("a version")
}

async fn run(span: Duration) {
    let database = TestDatabase::prepared().await;
    let to_database = database.target().map(Proxy::start);
    let url = to_database.as_ref().map_or(database.url(), |proxy| database.url_through(proxy));
    let app = TestApp::on(database, &[("database.url", &url), ("database.patience", "2500")]).await;
    let other = app.another_node().await;
    let person = app.client().await;
    let jobs = join_all((0..THINGS).map(|_| draft(&person, json!({ "title": "The first" })))).await;
    let paths: Vec<String> = jobs.iter().map(|id| format!("/v1/job-requests/{id}")).collect();
    let to_nodes: Vec<Proxy> = [&app, &other].map(|node| Proxy::start(Target::Tcp(node.address.to_string()))).into();
    let nodes: Vec<Person> = to_nodes.iter().map(|proxy| person.at(&format!("http://{}", proxy.address))).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let clients = (0..CLIENTS).map(|number| {
        let (nodes, paths, stop) = (nodes.clone(), paths.clone(), stop.clone());
        Client { number: number.try_into().expect("a number"), nodes, paths, stop }.work()
    });
    let breaking = async {
        let (mut dice, begun) = (StdRng::seed_from_u64(1), Moment::now());
        let proxies: Vec<&Proxy> = to_nodes.iter().chain(&to_database).collect();
        while begun.elapsed() < span {
            let faults = [
                Fault::Down,
                Fault::Silence,
                Fault::Latency(Duration::from_millis(20)),
                Fault::CutReply(dice.random_range(0..2000)),
                Fault::CutAfter(b"COMMIT"),
            ];
            let (proxy, fault) = (proxies[dice.random_range(0..proxies.len())], faults[dice.random_range(0..faults.len())]);
            proxy.set(fault);
            tokio::time::sleep(Duration::from_millis(dice.random_range(20..400))).await;
            proxy.set(Fault::None);
            tokio::time::sleep(Duration::from_millis(dice.random_range(20..400))).await;
        }
        stop.store(true, Ordering::SeqCst);
    };
    let (histories, ()) = join(join_all(clients), breaking).await;
    let operations: Vec<Operation> = histories.into_iter().flatten().collect();
    // What was under way when its client was told to go may still be done; a silent moment, then the last word.
    app.settle().await;
    for (thing, path) in paths.iter().enumerate() {
        let last = person.get(path).await.expect(200);
        let of_it: Vec<&Operation> = operations.iter().filter(|operation| operation.thing == thing).collect();
        insist_on_a_chain(&of_it, version(&last), &last.text_at("/title"));
    }
    let count = |fits: fn(&What) -> bool| operations.iter().filter(|operation| fits(&operation.what)).count();
    println!(
        "{} operations: {} read, {} wrote, {} were stale, {} never knew; the history is consistent",
        operations.len(),
        count(|what| matches!(what, What::Read(..))),
        count(|what| matches!(what, What::Wrote(..))),
        count(|what| matches!(what, What::Stale(..))),
        count(|what| matches!(what, What::Unknown(..))),
    );
    assert!(count(|what| matches!(what, What::Wrote(..))) > 0 && count(|what| matches!(what, What::Unknown(..))) > 0);
}

/// One thing's history against a register whose versions count up by one.
fn insist_on_a_chain(operations: &[&Operation], last: u64, last_title: &str) {
    let mut chain = BTreeMap::from([(1, "The first".to_owned()), (last, last_title.to_owned())]);
    let mut acknowledged = HashSet::new();
    for operation in operations {
        if let What::Read(version, title) | What::Wrote(version, title) = &operation.what {
            assert!(*version <= last, "{operation:?} is beyond the last version, {last}");
            let there = chain.entry(*version).or_insert_with(|| title.clone());
            assert_eq!(there, title, "two saw different things as version {version}");
        }
        if let What::Wrote(version, _) = &operation.what {
            assert!(acknowledged.insert(*version), "version {version} was acknowledged twice");
        }
    }
    let titles: HashSet<&String> = chain.values().collect();
    assert_eq!(titles.len(), chain.len(), "a change was made twice");
    let unknown: HashSet<&String> =
        operations.iter().filter_map(|each| if let What::Unknown(title) = &each.what { Some(title) } else { None }).collect();
    let others = usize::try_from(last).expect("a number") - 1 - acknowledged.len();
    assert!(others <= unknown.len(), "{others} changes that nobody acknowledged, and {} that nobody knows of", unknown.len());
    for (version, title) in &chain {
        assert!(*version == 1 || acknowledged.contains(version) || unknown.contains(title), "nobody asked for {title}");
    }
    for operation in operations {
        if let What::Stale(seen, title) = &operation.what {
            assert!(*seen < last && !titles.contains(title), "{operation:?}");
        }
    }
    insist_on_time(operations);
}

/// Nobody sees less than was known before they asked.
fn insist_on_time(operations: &[&Operation]) {
    let seen = |operation: &Operation| match operation.what {
        What::Read(version, _) => Some((version, false)),
        What::Wrote(version, _) => Some((version, true)),
        _ => None,
    };
    let mut by_end: Vec<_> = operations.iter().filter_map(|operation| Some((operation.ended, seen(operation)?.0))).collect();
    by_end.sort();
    let mut by_begin: Vec<&&Operation> = operations.iter().filter(|operation| seen(operation).is_some()).collect();
    by_begin.sort_by_key(|operation| operation.begun);
    let (mut known, mut ended) = (0, by_end.into_iter().peekable());
    for operation in by_begin {
        while let Some((_, version)) = ended.next_if(|(end, _)| *end < operation.begun) {
            known = known.max(version);
        }
        let (version, wrote) = seen(operation).expect("a version");
        assert!(version > known || (version == known && !wrote), "{operation:?} after version {known} was known");
    }
}
