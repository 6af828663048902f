//! What the room's tests begin with.

use serde_json::{Value, json};

use crate::kernel::clock::Instant;
use crate::kernel::money::{Currency, Rates};
use crate::skills::domain::{Catalogue, Skill};

/// 1 December 2026, 23:30 in London.
pub fn now() -> Instant {
    serde_json::from_value(json!("2026-12-01T23:30:00Z")).unwrap()
}

/// Rates for two currencies.
pub fn rates() -> Rates {
    Rates::new([("USD", 1_000_000), ("EUR", 1_160_000)].map(|(code, rate)| (Currency::parse(code).unwrap(), rate)))
}

/// A catalogue of two skills.
pub fn catalogue() -> Catalogue {
    let skill = |slug: &str, name: &str, alias: &str| Skill {
        slug: slug.parse().unwrap(),
        name: name.to_owned(),
        category: "other".to_owned(),
        aliases: vec![alias.to_owned()],
        version: 1,
    };
    Catalogue::new(vec![skill("go", "Go", "golang"), skill("postgresql", "PostgreSQL", "postgres")], vec![], vec![])
}

/// A request with nothing that is optional.
pub fn body() -> Value {
    json!({
        "title": "Go engineer for a payments ledger", "description": "Build a ledger.\nThen run it.",
        "skills": [{"slug": "golang", "min_level": 4, "must": true}, {"slug": "postgresql", "min_level": 3, "must": false}],
        "max_hourly_rate": {"amount": 10_000, "currency": "USD"}, "hours_per_week": 40, "starts_on": "2026-12-08",
        "time_zone": "Europe/London",
    })
}
