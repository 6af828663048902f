//! Generated requests.

use guildhall::kernel::craft::{Seniority, SkillLevel};
use guildhall::kernel::ids::{JobRequestId, OrganizationId};
use guildhall::kernel::zone::add_days;
use guildhall::matching::domain::{AskedSkill, LegalCountryLimit, Request, WorkingHours};

use crate::developers::{domains, version_7};
use crate::random::Random;
use crate::world::{World, money};
use crate::zones::PLACES;

const REQUEST: u64 = 3;
/// What clients state budgets in.
const CURRENCIES: [&str; 4] = ["USD", "USD", "EUR", "GBP"];
const SENIORITIES: [Seniority; 5] = [Seniority::Junior, Seniority::Middle, Seniority::Senior, Seniority::Staff, Seniority::Principal];

/// The id of request `number`.
pub fn id_of(number: u64) -> JobRequestId {
    JobRequestId::from_u128(version_7(REQUEST, number))
}

/// Whose all generated requests are.
pub fn organization() -> OrganizationId {
    OrganizationId::from_u128(version_7(REQUEST, 0))
}

/// Request `number`: two to four musts, one to three nice-to-haves, a start within 90 days.
pub fn request(world: &World, number: u64) -> Request {
    let random = &mut Random::of(REQUEST, number);
    let place = world.any_place(random);
    Request {
        id: Some(id_of(number)),
        skills: skills(world, random),
        seniority: if random.percent(30) { Vec::new() } else { seniority(random) },
        domains: if random.percent(50) { domains(random) } else { Vec::new() },
        legal_country_limit: random.percent(5).then(|| legal_limit(world, random)),
        max_hourly_rate: money(random.between(50, 130) * 100, CURRENCIES[random.index(CURRENCIES.len())]),
        hours_per_week: *random.pick(&[20, 30, 40, 40]),
        starts_on: add_days(world.today, random.between(1, 90)),
        duration_weeks: (!random.percent(30)).then(|| random.small(4, 52)),
        time_zone: world.zones[place],
        working_hours: random.percent(10).then_some(WorkingHours { from: 10 * 60, to: 18 * 60 }),
        overlap_hours: random.between(4, 12) as f64 / 2.0,
        languages: languages(place, random),
    }
}

fn skills(world: &World, random: &mut Random) -> Vec<AskedSkill> {
    let (musts, nices) = (2 + random.index(3), 1 + random.index(3));
    let begin = if random.percent(70) { vec![world.go] } else { Vec::new() };
    let walked = world.walk(begin, musts + nices, random);
    let ask = |(place, skill): (usize, usize)| {
        let must = place < musts;
        AskedSkill {
            slug: world.skills[skill].clone(),
            min_level: SkillLevel::new(*random.pick(&[2, 2, 2, 3, 3, 3, 3, 4])).unwrap_or(SkillLevel::MIN),
            min_years: (must && random.percent(25)).then(|| random.between(2, 8) as f64 / 2.0),
            must,
            weight: if must { 1 } else { random.small(1, 3) },
            allow_adjacent: random.percent(30),
        }
    };
    walked.into_iter().enumerate().map(ask).collect()
}

/// Two or three neighbouring ranks.
fn seniority(random: &mut Random) -> Vec<Seniority> {
    let first = random.index(3);
    SENIORITIES[first..=first + 1 + random.index(2)].to_vec()
}

fn legal_limit(world: &World, random: &mut Random) -> LegalCountryLimit {
    let country = |random: &mut Random| PLACES[world.any_place(random)].country.to_owned();
    let countries = (0..12).map(|_| country(random)).collect();
    LegalCountryLimit { countries, reason: "Export control.".to_owned() }
}

fn languages(place: usize, random: &mut Random) -> Vec<String> {
    if random.percent(4) { vec![PLACES[place].language.to_owned()] } else { vec!["en".to_owned()] }
}
