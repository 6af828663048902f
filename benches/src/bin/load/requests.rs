//! The job requests that are asked for: generated ones with at least a page of matches, opened over HTTP.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use guildhall::matching::domain::{AskedSkill, Request, WorkingHours};
use guildhall_benches::requests::request;
use guildhall_benches::world::World;
use serde_json::{Value, json};

use crate::processes::Folder;
use crate::{Outcome, bare};
use guildhall_benches::client::Connection;

/// So many.
const WANTED: usize = 5;
/// Generated ones to choose from.
const TRIED: u64 = 60;
/// As many matches each, at least: the page that is asked for.
const PAGE: usize = 20;

/// A job request's matches.
pub struct Answer {
    id: String,
    pub path: String,
    pub body: Vec<u8>,
}

/// Opens the first job requests that have a page of matches.
pub fn open(address: SocketAddr, client: &str, world: &World) -> Outcome<Vec<Answer>> {
    let mut connection = Connection::open(address)?;
    let mut answers = Vec::new();
    for number in 0..TRIED {
        if answers.len() == WANTED {
            break;
        }
        let made = connection.ask("POST", "/v1/job-requests", client, Some(&body(&request(world, number))))?;
        let id = made["id"].as_str().ok_or("a job request without an id")?.to_owned();
        connection.ask("POST", &format!("/v1/job-requests/{id}/open"), client, Some(&json!({})))?;
        let path = format!("/v1/job-requests/{id}/matches?limit={PAGE}");
        let reply = connection.call("GET", &path, client, None)?;
        let matches: Value = serde_json::from_slice(&reply.body)?;
        if reply.status == 200 && matches["data"].as_array().is_some_and(|data| data.len() == PAGE) {
            answers.push(Answer { id, path, body: reply.body });
        }
    }
    if answers.len() < WANTED { Err("too few developers: no requests with a page of matches".into()) } else { Ok(answers) }
}

/// Puts the answers where the bare handler finds them.
pub fn keep(answers: &[Answer], folder: &Folder) -> Outcome<()> {
    answers.iter().try_for_each(|answer| keep_one(&answer.id, &answer.body, folder))
}

/// Puts one answer there, under an id or the name of a route.
pub fn keep_one(name: &str, body: &[u8], folder: &Folder) -> Outcome<()> {
    Ok(std::fs::write(folder.path().join(format!("{name}.{}", bare::ANSWER)), body)?)
}

/// As a client writes it.
fn body(request: &Request) -> Value {
    let once = |texts: &[String]| texts.iter().cloned().collect::<BTreeSet<_>>();
    let limit = request.legal_country_limit.as_ref();
    json!({
        "title": "Go engineer for a payments ledger",
        "description": "Build a double-entry ledger in Go on PostgreSQL.",
        "skills": request.skills.iter().map(skill).collect::<Vec<_>>(),
        "seniority": request.seniority,
        "domains": once(&request.domains),
        "legal_country_limit": limit.map(|limit| json!({ "countries": once(&limit.countries), "reason": limit.reason })),
        "max_hourly_rate": request.max_hourly_rate,
        "hours_per_week": request.hours_per_week,
        "starts_on": request.starts_on,
        "duration_weeks": request.duration_weeks,
        "time_zone": request.time_zone,
        "working_hours": request.working_hours.map(hours),
        "overlap_hours": request.overlap_hours,
        "languages": request.languages,
    })
}

fn skill(asked: &AskedSkill) -> Value {
    json!({
        "slug": asked.slug,
        "min_level": asked.min_level,
        "min_years": asked.min_years,
        "must": asked.must,
        "weight": asked.weight,
        "allow_adjacent": asked.allow_adjacent,
    })
}

fn hours(hours: WorkingHours) -> Value {
    let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    json!({ "from": time(hours.from), "to": time(hours.to) })
}
