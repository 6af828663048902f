//! The survey's developers, as the demo loads them, but all of them vetted so that there are enough to match.

use chrono::TimeDelta;

use guildhall::demo::sample::{self, Respondent};
use guildhall::developers::profile::Profile;
use guildhall::kernel::zone::{TimeZone, add_days};
use guildhall::matching::domain::{Candidate, ClaimedSkill, Preferences, Responsiveness, TrackRecord, VerifiedSkill};

use crate::developers::{VALID_DAYS, id_of};
use crate::world::{RESPONDENTS, World};

/// Respondents begin at this number, far from the generated developers.
const FIRST: u64 = 1 << 32;

/// All respondents whose profile can be matched.
pub fn pool(world: &World) -> Vec<Candidate> {
    let sample = sample::profiles(RESPONDENTS, world.today).expect("the sample");
    sample.into_iter().enumerate().filter_map(|(place, (respondent, profile))| candidate(world, place, &respondent, profile)).collect()
}

fn candidate(world: &World, place: usize, respondent: &Respondent, profile: Profile) -> Option<Candidate> {
    let vetted_on = add_days(world.today, -i64::try_from(place % 300).unwrap_or_default());
    let verified_at = TimeZone::UTC.at(vetted_on, 12 * 60);
    let expires_at = verified_at.plus(TimeDelta::days(VALID_DAYS));
    let shown = respondent.best(4);
    let small = |number: i64| u32::try_from(number).unwrap_or_default();
    let shown = profile.skills.iter().filter(|claim| shown.contains(&claim.slug.as_str()));
    let verified = shown.map(|claim| (claim.slug.clone(), VerifiedSkill { level: claim.level, verified_at, expires_at })).collect();
    let preferences = Preferences {
        domains: Some(profile.preferences.domains).filter(|list| !list.is_empty()),
        lengths: Some(profile.preferences.lengths).filter(|list| !list.is_empty()),
        min_hours: profile.preferences.min_hours.map(small),
        max_hours: profile.preferences.max_hours.map(small),
    };
    Some(Candidate {
        developer_id: id_of(FIRST + place as u64),
        headline: None,
        seniority: profile.seniority,
        rate: profile.hourly_rate?,
        hours_per_week: small(profile.hours_per_week?),
        available_from: profile.available_from,
        time_zone: profile.time_zone?,
        working_hours: None,
        country: profile.country,
        languages: profile.languages,
        domains: profile.domains,
        skills: profile.skills.into_iter().map(|claim| (claim.slug, ClaimedSkill { level: claim.level, years: claim.years })).collect(),
        verified,
        preferences,
        commitments: Vec::new(),
        track_record: TrackRecord::default(),
        responsiveness: Responsiveness::default(),
        accepted_invitations: Vec::new(),
        right_until: None,
    })
}
