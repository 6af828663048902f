//! From a candidate to its packed form.

use chrono::NaiveDate;

use crate::kernel::error::Error;
use crate::kernel::error::Result;
use crate::matching::domain::Candidate;
use crate::matching::engine_columns::Packing;
use crate::matching::engine_dictionary::Dictionary;
use crate::matching::engine_plan::length_bit;
use crate::matching::engine_plan::seniority_bit;
use crate::matching::engine_points::share_of;
use crate::matching::engine_record::Beside;
use crate::matching::engine_record::HOLDS;
use crate::matching::engine_record::HOURS_WISHED;
use crate::matching::engine_record::Line;
use crate::matching::engine_record::MORE_DOMAINS;
use crate::matching::engine_record::Merit;
use crate::matching::engine_record::Record;
use crate::matching::engine_record::UNSTATED;
use crate::matching::engine_record::country;
use crate::matching::engine_record::day;
use crate::matching::engine_record::entry;
use crate::matching::rules::Factor;
use crate::matching::rules::Rules;
use crate::matching::skill_fit::Held;
use crate::matching::skill_fit::tenths;

/// Packs `candidate` as of `today`: whichever level counts today is the one that is packed.
///
/// # Errors
/// When a number does not fit its place or the dictionary is full; the message says which.
pub fn pack(candidate: &Candidate, words: &mut Dictionary, rules: &Rules, today: NaiveDate) -> Result<Packing> {
    let mut beside = Beside::default();
    let (skills, verifications) = skills(candidate, words, today)?;
    beside.skills = skills.get(Line::ENTRIES..).unwrap_or(&[]).into();
    Ok(Packing {
        id: candidate.developer_id,
        record: record(candidate, words)?,
        steady: steady(candidate, rules),
        merit: merit(candidate, words, verifications, &mut beside)?,
        skills,
        beside,
        commitments: candidate.commitments.clone(),
        right_until: candidate.right_until.map_or(i64::MAX, |until| until.micros()),
    })
}

fn record(candidate: &Candidate, words: &mut Dictionary) -> Result<Record> {
    Ok(Record {
        rate: u32::try_from(candidate.rate.amount).map_err(|_| too_large("hourly rate"))?,
        schedule: words.schedule(candidate.time_zone, candidate.working_hours)?,
        languages: words.language_set(&candidate.languages)?,
        starts: candidate.available_from.map_or(0, day),
        country: candidate.country.as_deref().map_or(0, country),
        hours: u8::try_from(candidate.hours_per_week).map_err(|_| too_large("number of hours per week"))?,
        seniority: candidate.seniority.map_or(UNSTATED, seniority_bit),
        currency: words.currency(candidate.rate.currency)?,
        flags: if candidate.commitments.is_empty() { 0 } else { HOLDS },
    })
}

fn too_large(what: &str) -> Error {
    Error::internal(format!("the matching engine has no room for this {what}"))
}

/// Skill, day of verification, valid days.
type Verifications = Vec<(u16, u16, u16)>;

/// The entries by skill, and the verifications among them.
fn skills(candidate: &Candidate, words: &mut Dictionary, today: NaiveDate) -> Result<(Vec<u32>, Verifications)> {
    let unclaimed = candidate.verified.keys().filter(|slug| !candidate.skills.contains_key(*slug));
    let (mut entries, mut verifications) = (Vec::new(), Vec::new());
    for slug in candidate.skills.keys().chain(unclaimed) {
        let Some(held) = Held::of(candidate, slug, today) else { continue };
        let skill = words.skill(slug)?;
        entries.push(entry(skill, held.level.number(), tenths(held.years), held.verified.is_some()));
        if let Some(verified) = held.verified {
            let on = verified.verified_at.date();
            let days = (verified.expires_at.date() - on).num_days().max(1);
            verifications.push((skill, day(on), u16::try_from(days).unwrap_or(u16::MAX)));
        }
    }
    entries.sort_unstable();
    Ok((entries, verifications))
}

fn steady(candidate: &Candidate, rules: &Rules) -> u32 {
    let (record, answers) = (candidate.track_record, candidate.responsiveness);
    let track = share_of(u64::from(record.good.min(record.ended)) + 2, u64::from(record.ended) + 4, rules.weights.of(Factor::TrackRecord));
    let max = rules.weights.of(Factor::Responsiveness);
    let answering = match answers.asked {
        0 => share_of(u64::from(rules.neutral.min(100)), 100, max),
        asked => share_of(u64::from(answers.answered_within_48h.min(asked)), u64::from(asked), max),
    };
    track + answering
}

fn merit(candidate: &Candidate, words: &mut Dictionary, verifications: Verifications, beside: &mut Beside) -> Result<Merit> {
    let wishes = &candidate.preferences;
    let mut merit = Merit {
        least_hours: wishes.min_hours.map_or(0, |hours| u8::try_from(hours).unwrap_or(u8::MAX)),
        most_hours: wishes.max_hours.map_or(u8::MAX, |hours| u8::try_from(hours).unwrap_or(u8::MAX)),
        lengths: wishes.lengths.iter().flatten().fold(0, |all, length| all | length_bit(*length)),
        flags: if wishes.min_hours.is_some() || wishes.max_hours.is_some() { HOURS_WISHED } else { 0 },
        ..Merit::default()
    };
    match verifications.first() {
        Some((_, on, days)) if verifications.iter().all(|(_, other, others)| (other, others) == (on, days)) => {
            (merit.verified_on, merit.valid_days) = (*on, *days);
        }
        Some(_) => beside.verifications = verifications.into(),
        None => {}
    }
    let domains = numbers(&candidate.domains, words)?;
    let liked = numbers(wishes.domains.as_deref().unwrap_or_default(), words)?;
    if domains.len() > merit.domains.len() || liked.len() > merit.wishes.len() {
        merit.flags |= MORE_DOMAINS;
        (beside.domains, beside.wishes) = (domains.into(), liked.into());
        return Ok(merit);
    }
    merit.domains.iter_mut().zip(domains).for_each(|(place, domain)| *place = domain);
    merit.wishes.iter_mut().zip(liked).for_each(|(place, domain)| *place = domain);
    Ok(merit)
}

/// Every domain once.
fn numbers(domains: &[String], words: &mut Dictionary) -> Result<Vec<u16>> {
    let mut numbers = domains.iter().map(|domain| words.domain(domain)).collect::<Result<Vec<u16>>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}
