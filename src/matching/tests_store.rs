//! Candidates from a fresh SQLite file: right until the instant they name, in whatever order they are read; and how fast.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::ManageConnection as _;
use proptest::prelude::*;

use crate::db::Conn;
use crate::db::migrate;
use crate::db::opener::Opener;
use crate::db::url::DatabaseUrl;
use crate::kernel::clock::Instant;
use crate::kernel::ids::DeveloperId;
use crate::matching::domain::Candidate;
use crate::matching::store::{Scope, candidates};

const HOUR: i64 = 3_600_000_000;
/// 23 November 2026, 10:00 UTC, in microseconds.
const NOW: i64 = 1_795_428_000_000_000;

/// A file that goes with its test.
struct Scratch(std::path::PathBuf, Conn);

impl Drop for Scratch {
    fn drop(&mut self) {
        for beside in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{beside}", self.0.display())));
        }
    }
}

fn scratch(name: &str) -> Scratch {
    let path = std::env::temp_dir().join(format!("guildhall-matching-{name}-{}.db", std::process::id()));
    drop(std::fs::remove_file(&path));
    let mut conn = Opener(DatabaseUrl::Sqlite(path.clone())).connect().unwrap();
    migrate::run(&mut conn).unwrap();
    conn.batch_execute("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;").unwrap();
    Scratch(path, conn)
}

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

/// Somebody who is vetted until an instant.
fn vetted(id: DeveloperId, valid_until: i64) -> String {
    format!(
        "INSERT INTO users (id, email, email_key, name, role, status, time_zone, created_at)
             VALUES ('user-{id}', '{id}', '{id}', 'Jo', 'developer', 'active', 'UTC', 0);
         INSERT INTO developers (id, user_id, rate_amount, rate_currency, hours_per_week, time_zone, languages_json, domains_json,
             experience_json, links_json, preferences_json, created_at, updated_at)
             VALUES ('{id}', 'user-{id}', 8000, 'USD', 40, 'Europe/Berlin', '[\"en\"]', '[\"payments\"]', '[]', '[]', '{{}}', 0, 0);
         INSERT INTO vetted_developers (developer_id, status, approved_at, valid_until) VALUES ('{id}', 'approved', 0, {valid_until});
         INSERT INTO developer_skills (developer_id, slug, level, years) VALUES ('{id}', 'go', 4, 3.5);"
    )
}

/// An offer, and when it was answered.
fn offer(id: DeveloperId, number: usize, offered: i64, answered: Option<i64>, outcome: Option<&str>) -> String {
    let trial = crate::kernel::ids::TrialId::from_u128(u128::try_from(number).unwrap() + 1);
    let (state, outcome) = outcome.map_or(("offered", "NULL".to_owned()), |outcome| ("ended", format!("'{outcome}'")));
    let mut sql = format!(
        "INSERT INTO trials (id, job_request_id, developer_id, organization_id, offered_by, state, outcome, terms_version, starts_on,
             starts_at, trial_days, ends_at, grace_until, offer_expires_at, created_at, changed_at)
             VALUES ('{trial}', 'j', '{id}', 'o', 'u', '{state}', {outcome}, 1, '2026-12-01', 0, 30, 0, 0, 0, {offered}, {offered});"
    );
    if let Some(at) = answered {
        sql += &format!(
            "INSERT INTO trial_events (id, trial_id, version, action, actor, to_state, occurred_at)
                 VALUES ('evt-{trial}', '{trial}', 1, 'decline', 'developer', 'ended', {at});"
        );
    }
    sql
}

/// Everything but the instant, which may move on as others pass.
fn rows(conn: &mut Conn, now: i64) -> Vec<Candidate> {
    let found = candidates(conn, Scope::After(None), at(now)).unwrap();
    found.into_iter().map(|candidate| Candidate { right_until: None, ..candidate }).collect()
}

fn offers() -> impl Strategy<Value = Vec<(i64, Option<i64>, Option<&'static str>)>> {
    let outcome = prop::option::of(prop::sample::select(&["withdrawn", "declined", "converted"][..]));
    prop::collection::vec((1..100 * 24_i64, prop::option::of(0..80_i64), outcome), 0..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn rows_are_right_until_the_instant_they_name_and_not_a_microsecond_less_is_promised(
        valid in 1..4000_i64, verified in prop::collection::vec(-200..4000_i64, 0..3),
        held in prop::collection::vec((-500..500_i64, 1..900_i64), 0..3), offers in offers(), shares in prop::collection::vec(0.0..1.0_f64, 4),
    ) {
        let (mut scratch, id) = (scratch("right-until"), DeveloperId::from_u128(7));
        let mut sql = vetted(id, NOW + valid * HOUR);
        for (slug, hours) in ["go", "rust", "sql"].iter().zip(verified) {
            sql += &format!("INSERT INTO verified_skills VALUES ('{id}', '{slug}', 3, 0, {});", NOW + hours * HOUR);
        }
        for (number, (from, long)) in held.into_iter().enumerate() {
            let (from, until) = (NOW + from * HOUR, NOW + (from + long) * HOUR);
            sql += &format!("INSERT INTO commitments VALUES ('hold_{number:026}', '{id}', 't{number}', 10, {from}, {until});");
        }
        for (number, (ago, answered, outcome)) in offers.into_iter().enumerate() {
            let offered = NOW - ago * HOUR;
            let answered = answered.map(|after| offered + after * HOUR).filter(|at| *at <= NOW);
            sql += &offer(id, number, offered, answered, outcome);
        }
        scratch.1.batch_execute(&sql).unwrap();
        let mut now = NOW;
        // From one named instant to the next, until the vetting is over.
        while let Some(candidate) = candidates(&mut scratch.1, Scope::Ids(&[id]), at(now)).unwrap().pop() {
            let until = candidate.right_until.unwrap().micros();
            prop_assert!(until > now);
            let before = rows(&mut scratch.1, now);
            for share in &shares {
                #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant in between will do")]
                let between = (now + ((until - now) as f64 * share) as i64).min(until - 1);
                prop_assert_eq!(rows(&mut scratch.1, between), before.clone());
            }
            prop_assert_eq!(rows(&mut scratch.1, until - 1), before);
            now = until;
        }
        prop_assert_eq!(now, NOW + valid * HOUR, "the last instant is the end of the vetting");
    }
}

#[test]
fn chunks_follow_each_other_and_leave_out_who_is_not_matchable() {
    let mut scratch = scratch("chunks");
    let ids: Vec<DeveloperId> = (1..=5).map(DeveloperId::from_u128).collect();
    let sql: String = ids.iter().map(|id| vetted(*id, NOW + HOUR)).collect();
    scratch.1.batch_execute(&sql).unwrap();
    let out = format!(
        "UPDATE vetted_developers SET status = 'suspended' WHERE developer_id = '{}'; UPDATE developers SET time_zone = NULL WHERE id = '{}';",
        ids[1], ids[2]
    );
    scratch.1.batch_execute(&out).unwrap();
    let mut found = |scope: Scope<'_>| -> Vec<DeveloperId> {
        candidates(&mut scratch.1, scope, at(NOW)).unwrap().into_iter().map(|candidate| candidate.developer_id).collect()
    };
    assert_eq!(found(Scope::After(None)), [ids[0], ids[3], ids[4]]);
    assert_eq!(found(Scope::After(Some(ids[3]))), [ids[4]]);
    assert_eq!(found(Scope::After(Some(ids[4]))), []);
    assert_eq!(found(Scope::Ids(&[ids[4], ids[1], ids[0]])), [ids[0], ids[4]]);
    assert_eq!(candidates(&mut scratch.1, Scope::After(None), at(NOW + HOUR)).unwrap(), []);
}

/// `cargo test --release --lib -- --ignored --nocapture loading`: 300,000 vetted developers of a million, ten skills each.
#[test]
#[ignore = "takes minutes to fill its file"]
fn loading_many_takes_seconds() {
    let (mut scratch, developers) = (scratch("many"), 300_000_u128);
    scratch.1.batch_execute("BEGIN").unwrap();
    for number in 0..developers {
        let id = DeveloperId::from_u128((0x0192_0000_0000_7000_8000_u128 << 48) + number * 0x1_0000_01b3);
        let mut sql = vetted(id, NOW + 9000 * HOUR);
        for skill in 0..9 {
            sql += &format!("INSERT INTO developer_skills VALUES ('{id}', 'skill-{}', 3, 2.5);", (number * 7 + skill * 31) % 900);
        }
        for skill in 0..3 {
            let slug = (number * 7 + skill * 31) % 900;
            sql += &format!("INSERT INTO verified_skills VALUES ('{id}', 'skill-{slug}', 4, {NOW}, {});", NOW + 9000 * HOUR);
        }
        scratch.1.batch_execute(&sql).unwrap();
    }
    scratch.1.batch_execute("COMMIT").unwrap();
    let (begun, mut read, mut after) = (std::time::Instant::now(), 0, None);
    loop {
        let chunk = candidates(&mut scratch.1, Scope::After(after), at(NOW)).unwrap();
        let Some(last) = chunk.last() else { break };
        (after, read) = (Some(last.developer_id), read + chunk.len());
    }
    println!("{read} candidates read in {:?}", begun.elapsed());
    assert_eq!(read as u128, developers);
    assert!(begun.elapsed() < TimeDelta::seconds(15).to_std().unwrap());
}
