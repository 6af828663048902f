//! What the two parties sign: the terms, the document they stand in, and its hash.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::kernel::clock::Instant;
use crate::kernel::digest;
use crate::kernel::error::{Error, Faults, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, UserId};
use crate::kernel::money::{Money, Rates};
use crate::kernel::process::Actor;
use crate::kernel::zone::TimeZone;
use crate::words;

words! {
    /// One of the two who sign.
    pub enum Party {
        /// The client's organisation.
        Client => "client",
        /// The developer.
        Developer => "developer",
    }
}

impl Party {
    /// The one across the table.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Developer,
            Self::Developer => Self::Client,
        }
    }

    /// The party that `actor` acts for, if any.
    pub fn of(actor: Actor) -> Option<Self> {
        match actor {
            Actor::Client => Some(Self::Client),
            Actor::Developer => Some(Self::Developer),
            Actor::Admin | Actor::System => None,
        }
    }
}

/// Who bears the cost of the first days. The developer is paid for every logged hour in all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Billing {
    /// The client pays from the first hour.
    ClientPaysAll {},
    /// The client pays nothing if the trial ends early.
    FreeIfEndedWithin {
        /// Calendar days from `starts_on`.
        days: i64,
    },
    /// The platform pays at first, the client afterwards.
    PlatformCoversFirst {
        /// Calendar days from `starts_on`.
        days: i64,
    },
}

impl ToSchema for Billing {}

/// By hand, because what the derive makes of a tagged enum takes members that serde refuses.
impl PartialSchema for Billing {
    fn schema() -> RefOr<Schema> {
        let form = |rule: &str, about: &str| {
            let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([rule]));
            let form = ObjectBuilder::new().description(Some(about)).property("rule", word).required("rule");
            form.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let days = |form: ObjectBuilder| {
            let days = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(30));
            form.property("days", days.description(Some("Calendar days from `starts_on`."))).required("days")
        };
        OneOfBuilder::new()
            .description(Some("Who bears the cost of the first days. The developer is paid for every logged hour in all three."))
            .item(form("client_pays_all", "The client pays from the first hour."))
            .item(days(form("free_if_ended_within", "The client pays nothing if the trial ends early.")))
            .item(days(form("platform_covers_first", "The platform pays at first, the client afterwards.")))
            .into()
    }
}

impl Billing {
    /// The rule in plain words, the same for both before either signs.
    pub fn explanation(self) -> String {
        let rule = match self {
            Self::ClientPaysAll {} => "The client pays for every logged hour from the first day.".to_owned(),
            Self::FreeIfEndedWithin { days } => format!(
                "If the trial is ended within its first {0}, the client pays nothing for the hours of those {0}; if it goes on, \
                 the client pays for every logged hour from the first day.",
                count_of_days(days)
            ),
            Self::PlatformCoversFirst { days } => format!(
                "The platform pays for the hours logged in the first {} of the trial; the client pays for those after.",
                count_of_days(days)
            ),
        };
        format!("{rule} The developer is paid for every logged hour in any case.")
    }
}

fn count_of_days(days: i64) -> String {
    if days == 1 { "day".to_owned() } else { format!("{days} days") }
}

/// The terms of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What an hour costs.
    pub hourly_rate: Money,
    /// Hours per week that the trial holds.
    #[schema(minimum = 1, maximum = 168, examples(40))]
    pub hours_per_week: i64,
    /// The contract's time zone: its days begin at this zone's midnight.
    pub time_zone: TimeZone,
    /// Hours per day during which both sides work.
    #[schema(minimum = 0, maximum = 24, examples(4))]
    pub overlap_hours: f64,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 4000, format = "prose")]
    pub scope: String,
    /// Days between ending the trial and the last day of work.
    #[schema(minimum = 0, maximum = 30, examples(3))]
    pub notice_days: i64,
    /// Who bears the cost of the first days.
    pub billing: Billing,
}

impl Terms {
    /// Notes what is wrong with them beyond what their schema says, under `/terms`.
    pub fn check(&self, trial_days: i64, rates: &Rates, faults: &mut Faults) {
        rates.check(self.hourly_rate, "/terms/hourly_rate", faults);
        let days = match self.billing {
            Billing::ClientPaysAll {} => 0,
            Billing::FreeIfEndedWithin { days } | Billing::PlatformCoversFirst { days } => days,
        };
        faults.check(days <= trial_days, "/terms/billing/days", "must not be longer than the trial");
    }
}

/// What a counter-offer or a revision changes; what is left out, or null, stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsPatch {
    /// What an hour costs.
    pub hourly_rate: Option<Money>,
    /// Hours per week that the trial holds.
    #[schema(minimum = 1, maximum = 168)]
    pub hours_per_week: Option<i64>,
    /// The contract's time zone.
    pub time_zone: Option<TimeZone>,
    /// Hours per day during which both sides work.
    #[schema(minimum = 0, maximum = 24)]
    pub overlap_hours: Option<f64>,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 4000, format = "prose")]
    pub scope: Option<String>,
    /// Days between ending the trial and the last day of work.
    #[schema(minimum = 0, maximum = 30)]
    pub notice_days: Option<i64>,
    /// Who bears the cost of the first days.
    pub billing: Option<Billing>,
}

impl TermsPatch {
    /// What would change, in words: each term as it is and as it would be.
    pub fn told(&self, terms: &Terms) -> Vec<String> {
        let rate = self.hourly_rate.filter(|rate| *rate != terms.hourly_rate);
        let rate = rate.map(|rate| format!("the rate: {} instead of {} per hour", rate.display(), terms.hourly_rate.display()));
        let hours = self.hours_per_week.filter(|hours| *hours != terms.hours_per_week);
        let hours = hours.map(|hours| format!("the hours: {hours} instead of {} per week", terms.hours_per_week));
        let scope = self.scope.as_ref().filter(|scope| **scope != terms.scope).map(|scope| format!("the scope: {scope}"));
        [rate, hours, scope].into_iter().flatten().collect()
    }

    /// The terms with the changes made.
    pub fn apply(self, terms: &Terms) -> Terms {
        Terms {
            hourly_rate: self.hourly_rate.unwrap_or(terms.hourly_rate),
            hours_per_week: self.hours_per_week.unwrap_or(terms.hours_per_week),
            time_zone: self.time_zone.unwrap_or(terms.time_zone),
            overlap_hours: self.overlap_hours.unwrap_or(terms.overlap_hours),
            scope: self.scope.unwrap_or_else(|| terms.scope.clone()),
            notice_days: self.notice_days.unwrap_or(terms.notice_days),
            billing: self.billing.unwrap_or(terms.billing),
        }
    }
}

/// Between whom a trial is agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// The client's organisation.
    pub client: OrganizationId,
    /// The developer.
    pub developer: DeveloperId,
}

/// What a version of the offer says: what both sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Between whom.
    pub parties: Parties,
    /// For which job request.
    pub job_request_id: JobRequestId,
    /// The first day, in the contract's zone.
    pub starts_on: NaiveDate,
    /// How many calendar days the trial lasts.
    pub trial_days: i64,
    /// Which version of the terms this is, from 1.
    pub version: i64,
    /// The terms.
    pub terms: Terms,
}

/// A version that can no longer change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The canonical JSON (RFC 8785).
    pub document: String,
    /// The SHA-256 of its UTF-8 bytes, lower-case hex.
    pub sha256: String,
}

impl Document {
    /// The canonical text and its hash. Whoever holds the document can repeat both.
    ///
    /// # Errors
    /// 500 when a number is not finite, which no request can contain.
    pub fn freeze(&self) -> Result<Frozen> {
        let document = serde_json_canonicalizer::to_string(self).map_err(Error::internal)?;
        let sha256 = digest::sha256(document.as_bytes());
        Ok(Frozen { document, sha256 })
    }
}

/// That a party has signed a version, and which one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// For whom.
    pub party: Party,
    /// By whom.
    pub user_id: UserId,
    /// When.
    pub at: Instant,
    /// The version signed.
    pub terms_version: i64,
    /// The hash of the document signed.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"hourly_rate": {"amount": 8000, "currency": "USD"}, "hours_per_week": 40, "time_zone": "Europe/London",
        "overlap_hours": 4, "scope": "Ledger core and its API.", "notice_days": 3, "billing": {"rule": "client_pays_all"}}"#;

    fn terms() -> Terms {
        serde_json::from_str(BODY).unwrap()
    }

    fn document(terms: Terms) -> Document {
        let parties = Parties { client: OrganizationId::from_u128(1), developer: DeveloperId::from_u128(2) };
        let starts_on = "2026-12-01".parse().unwrap();
        Document { parties, job_request_id: JobRequestId::from_u128(3), starts_on, trial_days: 30, version: 1, terms }
    }

    #[test]
    fn the_document_is_canonical() {
        let frozen = document(terms()).freeze().unwrap();
        let expected = concat!(
            r#"{"job_request_id":"job_00000000000000000000000003","#,
            r#""parties":{"client":"org_00000000000000000000000001","developer":"dev_00000000000000000000000002"},"#,
            r#""starts_on":"2026-12-01","terms":{"billing":{"rule":"client_pays_all"},"#,
            r#""hourly_rate":{"amount":8000,"currency":"USD"},"hours_per_week":40,"notice_days":3,"overlap_hours":4,"#,
            r#""scope":"Ledger core and its API.","time_zone":"Europe/London"},"trial_days":30,"version":1}"#,
        );
        assert_eq!(frozen.document, expected);
        assert_eq!(frozen.sha256, digest::sha256(expected.as_bytes()));
        assert_eq!(digest::sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let read: Document = serde_json::from_str(&frozen.document).unwrap();
        assert_eq!(read.freeze().unwrap(), frozen);
    }

    #[test]
    fn numbers_that_are_equal_are_written_alike_and_every_change_shows() {
        let frozen = |body: &str| document(serde_json::from_str(body).unwrap()).freeze().unwrap();
        let overlap = |number: &str| frozen(&BODY.replace("\"overlap_hours\": 4", &format!("\"overlap_hours\": {number}")));
        assert_eq!(overlap("4"), overlap("4.0"));
        assert_eq!(overlap("4"), overlap("0.4e1"));
        assert!(overlap("4.5").document.contains(r#""overlap_hours":4.5,"#));
        assert_ne!(overlap("4").sha256, overlap("4.5").sha256);
        let later = Document { version: 2, ..document(terms()) };
        assert_ne!(later.freeze().unwrap().sha256, document(terms()).freeze().unwrap().sha256);
    }

    #[test]
    fn billing_is_told_by_its_rule() {
        let read = |text: &str| serde_json::from_str::<Billing>(text);
        for text in [
            r#"{"rule":"client_pays_all"}"#,
            r#"{"rule":"free_if_ended_within","days":7}"#,
            r#"{"rule":"platform_covers_first","days":14}"#,
        ] {
            let billing = read(text).unwrap();
            assert_eq!(serde_json::to_string(&billing).unwrap(), text);
            assert!(billing.explanation().ends_with("paid for every logged hour in any case."));
        }
        assert!(read(r#"{"rule":"client_pays_all","days":7}"#).is_err());
        assert!(read(r#"{"rule":"free_if_ended_within"}"#).is_err());
        assert!(read(r#"{"rule":"free_if_ended_within","days":7,"hours":1}"#).is_err());
        assert!(read(r#"{"rule":"free"}"#).is_err());
        assert!(Billing::FreeIfEndedWithin { days: 7 }.explanation().starts_with("If the trial is ended within its first 7 days, "));
        assert!(Billing::PlatformCoversFirst { days: 1 }.explanation().contains("in the first day of the trial"));
    }

    #[test]
    fn the_schema_holds_the_limits() {
        let schema = serde_json::to_value(<Billing as utoipa::PartialSchema>::schema()).unwrap();
        let rules = schema["oneOf"].as_array().unwrap();
        assert_eq!(rules.len(), 3);
        assert_eq!(rules[1]["properties"]["days"]["maximum"], 30, "{schema:#}");
        assert_eq!(rules[1]["properties"]["rule"]["enum"], serde_json::json!(["free_if_ended_within"]), "{schema:#}");
        let schema = serde_json::to_value(<TermsPatch as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["properties"]["hours_per_week"]["maximum"], 168);
        assert_eq!(schema.get("required"), None);
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let patched = |text: &str| serde_json::from_str::<TermsPatch>(text).unwrap().apply(&terms());
        assert_eq!(Terms { notice_days: 3, ..patched(r#"{"notice_days": 5}"#) }, terms());
        for nothing in ["{}", r#"{"overlap_hours": 4.0}"#, r#"{"scope": null}"#] {
            assert_eq!(patched(nothing), terms());
        }
        assert!(serde_json::from_str::<TermsPatch>(r#"{"trial_days": 60}"#).is_err());
    }
}
