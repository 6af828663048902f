//! Forty job requests of the demo's client: Go, with what the sample's people also know.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::kernel::zone::add_days;

/// What is to be done, and with which skills beside Go: the first is a must, the others are nice to have.
const WORK: [(&str, &str, [&str; 3]); 10] = [
    ("Payments ledger", "payments", ["postgresql", "docker", "redis"]),
    ("Order routing", "e-commerce", ["docker", "postgresql", "kubernetes"]),
    ("Fleet tracking API", "logistics", ["redis", "aws", "docker"]),
    ("Claims intake", "health", ["postgresql", "aws", "linux"]),
    ("Match-making server", "gaming", ["redis", "linux", "docker"]),
    ("Video ingest", "media", ["aws", "docker", "elasticsearch"]),
    ("Audit log search", "security", ["elasticsearch", "docker", "linux"]),
    ("Network inventory", "telecom", ["mysql", "linux", "kubernetes"]),
    ("Meter readings", "energy", ["postgresql", "mongodb", "docker"]),
    ("Course catalogue", "education", ["mysql", "redis", "javascript"]),
];
/// Where the client's team sits, and how many hours a day it wants to share with the developer.
const PLACES: [(&str, i64); 4] = [("Europe/London", 4), ("Europe/Berlin", 5), ("America/New_York", 3), ("Asia/Singapore", 2)];

/// The bodies of the requests, as a client would send them, for a demo that begins on `today`.
pub fn bodies(today: NaiveDate) -> Vec<Value> {
    WORK.iter().flat_map(|work| PLACES.iter().enumerate().map(move |(turn, place)| body(work, *place, turn, today))).collect()
}

fn body(
    (title, domain, [must, nice, also]): &(&str, &str, [&str; 3]),
    (zone, overlap): (&str, i64),
    turn: usize,
    today: NaiveDate,
) -> Value {
    let step = i64::try_from(turn).unwrap_or_default();
    json!({
        "title": format!("{title} in Go ({zone})"),
        "description": format!("Work on the {} with our team; trial of 30 days first.", title.to_lowercase()),
        "skills": [
            {"slug": "go", "min_level": 3 + step % 2, "must": true},
            {"slug": must, "min_level": 2, "must": true, "allow_adjacent": true},
            {"slug": nice, "min_level": 3, "must": false, "weight": 2},
            {"slug": also, "min_level": 2, "must": false},
        ],
        "domains": [domain],
        "max_hourly_rate": {"amount": 6000 + 1500 * step, "currency": "USD"},
        "hours_per_week": 20 + 10 * (step % 2),
        "starts_on": add_days(today, 21 + step),
        "duration_weeks": 26,
        "time_zone": zone,
        "overlap_hours": overlap,
        "languages": ["en"],
        "seats": 1 + step % 2,
    })
}
