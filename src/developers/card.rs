//! What others see of a developer, and what the developer sees of oneself.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::developers::hours::Commitment;
use crate::developers::hours::free_hours;
use crate::developers::profile::ClaimedSkill;
use crate::developers::profile::EngagementPreferences;
use crate::developers::profile::Experience;
use crate::developers::profile::Profile;
use crate::developers::profile::ProfileLink;
use crate::developers::profile::WorkingHours;
use crate::kernel::clock::Instant;
use crate::kernel::craft::Seniority;
use crate::kernel::craft::SkillLevel;
use crate::kernel::email::Email;
use crate::kernel::ids::{DeveloperId, UserId};
use crate::kernel::money::Money;
use crate::kernel::zone::TimeZone;
use crate::notifications::recipient::Recipient;
use crate::words;

words! {
    /// Where a developer stands after vetting.
    pub enum VettedStatus {
        /// Vetted.
        Approved => "approved",
        /// Vetted, for at most 30 more days.
        Expiring => "expiring",
        /// No longer vetted: the time is over.
        Expired => "expired",
        /// Taken out by an admin for a time.
        Suspended => "suspended",
        /// Taken out by an admin for good.
        Revoked => "revoked",
    }
}

/// Where a developer stands after vetting, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// Where.
    pub status: VettedStatus,
    /// Until when the vetting holds.
    pub valid_until: Instant,
}

impl Standing {
    /// Whether clients may find and hire the developer at `now`.
    pub fn is_matchable(self, now: Instant) -> bool {
        matches!(self.status, VettedStatus::Approved | VettedStatus::Expiring) && now < self.valid_until
    }
}

/// A skill whose level vetting has verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerifiedSkill {
    /// The skill.
    pub slug: String,
    /// The verified level.
    pub level: SkillLevel,
    /// When it was verified.
    pub verified_at: Instant,
    /// Until when that holds.
    pub expires_at: Instant,
}

/// How to reach the person behind a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The person.
    pub user_id: UserId,
    /// The name.
    pub name: String,
    /// The profile's line about the person.
    pub headline: Option<String>,
    /// The address.
    pub email: Email,
    /// The person's own zone, for mails; the profile may name another for work.
    pub time_zone: TimeZone,
    /// Whether the account is in use: not suspended.
    pub active: bool,
}

impl Contact {
    /// The person as somebody mail goes to.
    pub fn recipient(&self) -> Recipient {
        Recipient { key: self.user_id.to_string(), email: self.email.clone(), name: self.name.clone(), time_zone: self.time_zone }
    }
}

/// What everybody may know of a developer: nothing that tells who it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicCard {
    /// The developer.
    pub id: DeveloperId,
    /// One line about the developer at work.
    #[schema(required = true)]
    pub headline: Option<String>,
    /// How senior.
    #[schema(required = true)]
    pub seniority: Option<Seniority>,
    /// The rate per hour, in minor units.
    #[schema(required = true)]
    pub hourly_rate: Option<Money>,
    /// The most hours per week for all engagements together.
    #[schema(required = true)]
    pub hours_per_week: Option<i64>,
    /// The first day at work; in the past: now.
    #[schema(required = true, value_type = Option<String>, format = "date")]
    pub available_from: Option<NaiveDate>,
    /// The zone of work.
    #[schema(required = true)]
    pub time_zone: Option<TimeZone>,
    /// The daily hours of work in that zone; null: 09:00 to 17:00.
    #[schema(required = true)]
    pub working_hours: Option<WorkingHours>,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    /// Business domains.
    pub domains: Vec<String>,
    /// What the developer says to know.
    pub skills: Vec<ClaimedSkill>,
    /// What vetting has verified.
    pub verified_skills: Vec<VerifiedSkill>,
}

impl PublicCard {
    /// The card of the developer `id`.
    pub fn new(id: DeveloperId, profile: Profile, verified_skills: Vec<VerifiedSkill>) -> Self {
        Self {
            id,
            headline: profile.headline,
            seniority: profile.seniority,
            hourly_rate: profile.hourly_rate,
            hours_per_week: profile.hours_per_week,
            available_from: profile.available_from,
            time_zone: profile.time_zone,
            working_hours: profile.working_hours,
            languages: profile.languages,
            domains: profile.domains,
            skills: profile.skills,
            verified_skills,
        }
    }
}

/// A developer as somebody sees them. Who the developer is stands there only for those to whom it is disclosed: an
/// organisation from the moment that a trial with it is scheduled, admins, and the developer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeveloperCard {
    /// What everybody may know.
    #[serde(flatten)]
    pub card: PublicCard,
    /// The name; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// More about the developer; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// ISO 3166-1 alpha-2; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Where the developer has worked; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experience: Option<Vec<Experience>>,
    /// The developer's pages elsewhere; once disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<ProfileLink>>,
}

impl DeveloperCard {
    /// What everybody sees.
    pub fn public(card: PublicCard) -> Self {
        Self { card, name: None, email: None, summary: None, country: None, experience: None, links: None }
    }

    /// What those see to whom the developer is disclosed.
    pub fn disclosed(id: DeveloperId, profile: Profile, verified_skills: Vec<VerifiedSkill>, contact: Contact) -> Self {
        Self {
            name: Some(contact.name),
            email: Some(contact.email),
            summary: profile.summary.clone(),
            country: profile.country.clone(),
            experience: Some(profile.experience.clone()),
            links: Some(profile.links.clone()),
            card: PublicCard::new(id, profile, verified_skills),
        }
    }
}

/// A developer's own profile with what the platform knows beside it. `ETag` stands for the profile, not for what is beside it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeveloperProfile {
    /// The developer.
    pub id: DeveloperId,
    /// Grows with every change of the profile.
    pub version: i64,
    /// One line that everybody can read.
    #[schema(required = true)]
    pub headline: Option<String>,
    /// More about oneself.
    #[schema(required = true)]
    pub summary: Option<String>,
    /// How senior.
    #[schema(required = true)]
    pub seniority: Option<Seniority>,
    /// The rate per hour, in minor units.
    #[schema(required = true)]
    pub hourly_rate: Option<Money>,
    /// The most hours per week for all engagements together.
    #[schema(required = true)]
    pub hours_per_week: Option<i64>,
    /// The first day at work; in the past: now.
    #[schema(required = true, value_type = Option<String>, format = "date")]
    pub available_from: Option<NaiveDate>,
    /// The zone of work.
    #[schema(required = true)]
    pub time_zone: Option<TimeZone>,
    /// The daily hours of work in that zone; null: 09:00 to 17:00.
    #[schema(required = true)]
    pub working_hours: Option<WorkingHours>,
    /// ISO 3166-1 alpha-2.
    #[schema(required = true)]
    pub country: Option<String>,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    /// Business domains.
    pub domains: Vec<String>,
    /// What one says to know, under the slugs of the catalogue.
    pub skills: Vec<ClaimedSkill>,
    /// Where one has worked.
    pub experience: Vec<Experience>,
    /// One's pages elsewhere.
    pub links: Vec<ProfileLink>,
    /// What one would like.
    pub preferences: EngagementPreferences,
    /// Where one stands after vetting; null before the first approval.
    #[schema(required = true)]
    pub vetting: Option<Standing>,
    /// What vetting has verified.
    pub verified_skills: Vec<VerifiedSkill>,
    /// Hours per week that no trial holds at the moment; null until `hours_per_week` is stated.
    #[schema(required = true)]
    pub free_hours: Option<i64>,
    /// The hours that trials hold, now and in the future.
    pub commitments: Vec<Commitment>,
    /// When the profile was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// What the platform knows beside a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Where the developer stands after vetting.
    pub standing: Option<Standing>,
    /// What vetting has verified.
    pub verified_skills: Vec<VerifiedSkill>,
    /// All hours that trials hold or held.
    pub commitments: Vec<Commitment>,
}

/// A profile as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    /// The developer.
    pub id: DeveloperId,
    /// The person.
    pub user_id: UserId,
    /// What the developer says.
    pub profile: Profile,
    /// Whether it was made for demonstration.
    pub synthetic: bool,
    /// Grows with every change.
    pub version: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

impl StoredProfile {
    /// What the developer sees of oneself at `now`.
    pub fn view(self, mut beside: Beside, now: Instant) -> DeveloperProfile {
        beside.commitments.retain(|each| each.lasts_beyond(now));
        let profile = self.profile;
        DeveloperProfile {
            id: self.id,
            version: self.version,
            headline: profile.headline,
            summary: profile.summary,
            seniority: profile.seniority,
            hourly_rate: profile.hourly_rate,
            hours_per_week: profile.hours_per_week,
            available_from: profile.available_from,
            time_zone: profile.time_zone,
            working_hours: profile.working_hours,
            country: profile.country,
            languages: profile.languages,
            domains: profile.domains,
            skills: profile.skills,
            experience: profile.experience,
            links: profile.links,
            preferences: profile.preferences,
            vetting: beside.standing,
            verified_skills: beside.verified_skills,
            free_hours: profile.hours_per_week.map(|hours| free_hours(hours, &beside.commitments, now)),
            commitments: beside.commitments,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        serde_json::from_value(json!({
            "headline": "Go engineer", "summary": "secret summary", "country": "DE",
            "experience": [{"title": "Engineer", "employer": "secret employer", "from": "2019-01-01"}],
            "links": [{"label": "Code", "url": "https://secret.example"}]
        }))
        .unwrap()
    }

    #[test]
    fn a_public_card_does_not_tell_who_it_is() {
        let card = DeveloperCard::public(PublicCard::new(DeveloperId::from_u128(1), profile(), vec![]));
        let json = serde_json::to_value(&card).unwrap();
        let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "id",
            "headline",
            "seniority",
            "hourly_rate",
            "hours_per_week",
            "available_from",
            "time_zone",
            "working_hours",
            "languages",
            "domains",
            "skills",
            "verified_skills",
        ];
        assert_eq!(fields, expected);
        assert!(!json.to_string().contains("secret"));
    }

    #[test]
    fn a_disclosed_card_does() {
        let email = "jo@example.com".parse().unwrap();
        let contact =
            Contact { user_id: UserId::from_u128(1), name: "Jo".to_owned(), headline: None, email, time_zone: TimeZone::UTC, active: true };
        let card = serde_json::to_value(DeveloperCard::disclosed(DeveloperId::from_u128(1), profile(), vec![], contact)).unwrap();
        assert_eq!(card["name"], "Jo");
        assert_eq!(card["email"], "jo@example.com");
        assert_eq!(card["experience"][0]["employer"], "secret employer");
        assert_eq!(card["headline"], "Go engineer");
    }

    #[test]
    fn matchable_until_the_date() {
        let until = Instant::from_micros(10);
        let matchable = |status, now| Standing { status, valid_until: until }.is_matchable(Instant::from_micros(now));
        assert!(matchable(VettedStatus::Approved, 9) && matchable(VettedStatus::Expiring, 9));
        assert!(!matchable(VettedStatus::Approved, 10));
        assert!(![VettedStatus::Expired, VettedStatus::Suspended, VettedStatus::Revoked].iter().any(|status| matchable(*status, 0)));
    }
}
