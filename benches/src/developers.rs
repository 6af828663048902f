//! Generated developers.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use guildhall::kernel::clock::Instant;
use guildhall::kernel::craft::{EngagementLength, Seniority, SkillLevel};
use guildhall::kernel::ids::{DeveloperId, UserId};
use guildhall::kernel::zone::{TimeZone, add_days};
use guildhall::matching::domain::{
    Candidate, ClaimedSkill, Commitment, Preferences, Responsiveness, TrackRecord, VerifiedSkill, WorkingHours,
};

use crate::random::Random;
use crate::world::{DOMAINS, World, money};
use crate::zones::PLACES;

/// The kind of stream, so that developers and requests of one number have nothing in common.
const DEVELOPER: u64 = 1;
const CHANGE: u64 = 2;
/// Days that a verification is good for: 18 months.
pub const VALID_DAYS: i64 = 547;
/// Days that a trial with its grace holds hours.
const HELD_DAYS: i64 = 35;
/// Own working hours, in hours; the rest keeps to 9–17.
const OWN_HOURS: [(u32, u32); 6] = [(8, 16), (10, 18), (7, 15), (12, 20), (14, 22), (22, 6)];
/// Hourly rates in US cents, from and to, by seniority.
const PAY: [(i64, i64); 5] = [(1500, 4500), (2500, 7000), (4000, 10_000), (5500, 13_000), (7000, 16_000)];
const SENIORITIES: [Seniority; 5] = [Seniority::Junior, Seniority::Middle, Seniority::Senior, Seniority::Staff, Seniority::Principal];

/// Three of ten developers are vetted.
pub fn is_vetted(number: u64) -> bool {
    matches!(number % 10, 0 | 3 | 7)
}

/// The vetted ones among the first `count`: the pool.
pub fn pool(world: &World, count: u64) -> impl Iterator<Item = Candidate> {
    (0..count).filter(|number| is_vetted(*number)).map(|number| developer(world, number))
}

/// The number of the vetted developer in this place of the pool.
pub fn number_of(slot: usize) -> u64 {
    let slot = slot as u64;
    slot / 3 * 10 + [0, 3, 7][(slot % 3) as usize]
}

/// The account of developer `number`.
pub fn user_of(number: u64) -> UserId {
    UserId::from_u128(version_7(4, number))
}

/// A version-7 UUID: ids grow with the number, as real ones do with time.
pub fn id_of(number: u64) -> DeveloperId {
    DeveloperId::from_u128(version_7(1, number))
}

/// The bits of a version-7 UUID for the thing `number` of a kind.
pub fn version_7(kind: u64, number: u64) -> u128 {
    let mut random = Random::of(kind + 1000, number);
    let millis = u128::from(1_767_225_600_000 + number * 20);
    (millis << 80) | (7 << 76) | (u128::from(random.below(1 << 12)) << 64) | (0b10 << 62) | u128::from(random.draw() >> 2)
}

/// Developer `number`.
pub fn developer(world: &World, number: u64) -> Candidate {
    let random = &mut Random::of(DEVELOPER, number);
    let years = experience(random);
    let rank = rank(years);
    let place = world.any_place(random);
    let at = &PLACES[place];
    let (low, high) = PAY[rank];
    let skills = claims(world, years, random);
    Candidate {
        developer_id: id_of(number),
        headline: None,
        seniority: (!random.percent(3)).then_some(SENIORITIES[rank]),
        rate: money(random.between(low / 100, high / 100) * 100, at.currency),
        hours_per_week: *random.pick(&[20, 30, 40, 40, 40, 40]),
        available_from: (!random.percent(10)).then(|| add_days(world.today, random.between(-60, 75))),
        time_zone: world.zones[place],
        working_hours: random.percent(15).then(|| own_hours(random)),
        country: Some(at.country.to_owned()),
        languages: languages(at.language, random),
        domains: if random.percent(20) { Vec::new() } else { domains(random) },
        verified: verified(world, &skills, random),
        skills: skills.into_iter().collect::<BTreeMap<_, _>>(),
        preferences: if random.percent(50) { Preferences::default() } else { preferences(random) },
        commitments: if random.percent(10) { commitments(world, random) } else { Vec::new() },
        track_record: if random.percent(25) { track_record(random) } else { TrackRecord::default() },
        responsiveness: if random.percent(35) { responsiveness(random) } else { Responsiveness::default() },
        accepted_invitations: Vec::new(),
        right_until: None,
    }
}

/// `candidate` after an edit that leaves the skills alone: another rate, another free date.
pub fn edited(world: &World, mut candidate: Candidate, round: u64) -> Candidate {
    let random = &mut Random::of(CHANGE, round);
    candidate.rate.amount = (candidate.rate.amount * random.between(80, 120) / 100).max(1);
    candidate.available_from = Some(add_days(world.today, random.between(-30, 60)));
    candidate
}

/// `candidate` after learning: a new skill, and a level more in one.
pub fn learned(world: &World, mut candidate: Candidate, round: u64) -> Candidate {
    let random = &mut Random::of(CHANGE, round);
    let slug = world.skills[world.any_skill(random)].clone();
    candidate.skills.insert(slug, ClaimedSkill { level: level(random.small(1, 5)), years: 1.0 });
    if let Some(claim) = candidate.skills.values_mut().next() {
        claim.level = level(u32::from(claim.level.number()) % 5 + 1);
    }
    candidate
}

/// Years of work: many with a few, some with many.
fn experience(random: &mut Random) -> u32 {
    random.small(1, 14).min(random.small(1, 20)) + if random.percent(25) { random.small(1, 15) } else { 0 }
}

fn rank(years: u32) -> usize {
    match years {
        ..=2 => 0,
        3..=5 => 1,
        6..=11 => 2,
        12..=19 => 3,
        _ => 4,
    }
}

fn level(number: u32) -> SkillLevel {
    u8::try_from(number).ok().and_then(SkillLevel::new).unwrap_or(SkillLevel::MIN)
}

/// Go and 4 to 19 more, of which the first ones are known best; years in halves.
fn claims(world: &World, years: u32, random: &mut Random) -> Vec<(String, ClaimedSkill)> {
    let count = 5 + random.index(8) + random.index(9);
    let walked = world.walk(vec![world.go], count, random);
    let claim = |(place, skill): (usize, usize)| {
        let best = if place < 4 { random.small(2, 5) } else { random.small(1, 4) };
        let halves = 1 + random.below(u64::from(years * 2));
        (world.skills[skill].clone(), ClaimedSkill { level: level(best), years: halves as f64 / 2.0 })
    };
    walked.into_iter().enumerate().map(claim).collect()
}

/// For 60 of 100 one to four of the best skills, all found in one vetting of the last 17 months.
fn verified(world: &World, skills: &[(String, ClaimedSkill)], random: &mut Random) -> BTreeMap<String, VerifiedSkill> {
    let count = if random.percent(60) { 1 + random.index(4) } else { 0 };
    let day = add_days(world.today, -random.between(0, VALID_DAYS - 30));
    let verified_at = TimeZone::UTC.at(day, 12 * 60);
    let expires_at = verified_at.plus(TimeDelta::days(VALID_DAYS));
    let verify = |(slug, claim): &(String, ClaimedSkill)| {
        let found = i64::from(claim.level.number()) + random.between(-1, 1);
        let found = level(u32::try_from(found.clamp(1, 5)).unwrap_or(1));
        (slug.clone(), VerifiedSkill { level: found, verified_at, expires_at })
    };
    skills.iter().take(count).map(verify).collect()
}

fn own_hours(random: &mut Random) -> WorkingHours {
    let (from, to) = *random.pick(&OWN_HOURS);
    WorkingHours { from: from * 60, to: to * 60 }
}

fn languages(local: &str, random: &mut Random) -> Vec<String> {
    let mut spoken = Vec::with_capacity(2);
    if random.percent(94) {
        spoken.push(if random.percent(10) { "en-US" } else { "en" }.to_owned());
    }
    if spoken.is_empty() || random.percent(60) {
        spoken.push(local.to_owned());
    }
    spoken
}

/// One to three.
pub fn domains(random: &mut Random) -> Vec<String> {
    let (first, count) = (random.index(DOMAINS.len()), 1 + random.index(3));
    let step = 1 + random.index(3);
    (0..count).map(|each| DOMAINS[(first + each * step) % DOMAINS.len()].to_owned()).collect()
}

fn preferences(random: &mut Random) -> Preferences {
    let lengths = [EngagementLength::Short, EngagementLength::Medium, EngagementLength::Long];
    Preferences {
        domains: random.percent(70).then(|| domains(random)),
        lengths: random.percent(70).then(|| lengths[random.index(2)..].to_vec()),
        min_hours: random.percent(50).then_some(20),
        max_hours: random.percent(30).then_some(40),
    }
}

fn commitments(world: &World, random: &mut Random) -> Vec<Commitment> {
    let one = |random: &mut Random| {
        let from = TimeZone::UTC.start_of(add_days(world.today, random.between(-30, 40)));
        Commitment { hours: *random.pick(&[10, 20, 20, 40]), from, until: held_until(from) }
    };
    (0..1 + random.index(2)).map(|_| one(random)).collect()
}

fn held_until(from: Instant) -> Instant {
    from.plus(TimeDelta::days(HELD_DAYS))
}

fn track_record(random: &mut Random) -> TrackRecord {
    let ended = random.small(1, 6);
    TrackRecord { ended, good: random.small(0, ended) }
}

fn responsiveness(random: &mut Random) -> Responsiveness {
    let asked = random.small(1, Responsiveness::COUNTED);
    Responsiveness { asked, answered_within_48h: random.small(asked / 2, asked) }
}
