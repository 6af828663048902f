//! A contract, for the tests of what follows from one.

use serde_json::json;

use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId, TrialId, UserId};
use crate::trials::model::{Contract, Trial};
use crate::trials::process::TrialState;
use crate::trials::tests_stage::at;

/// Thirty days from 1 December 2026 by London's clock, offered on 21 November, begun.
pub fn contract() -> Contract {
    let terms = json!({
        "hourly_rate": {"amount": 8000, "currency": "USD"}, "hours_per_week": 40, "time_zone": "Europe/London",
        "overlap_hours": 4, "scope": "Ledger core and its API.", "notice_days": 3, "billing": {"rule": "client_pays_all"},
    });
    let terms = serde_json::from_value(terms).unwrap();
    Contract { trial: trial(), terms, sha256: String::new(), proposal: None, conversion: None, appealed: false }
}

fn trial() -> Trial {
    Trial {
        id: TrialId::from_u128(1),
        job_request_id: JobRequestId::from_u128(1),
        developer_id: DeveloperId::from_u128(1),
        organization_id: OrganizationId::from_u128(1),
        offered_by: UserId::from_u128(1),
        state: TrialState::Active,
        outcome: None,
        terms_version: 1,
        starts_on: "2026-12-01".parse().unwrap(),
        starts_at: at("2026-12-01T00:00:00Z"),
        trial_days: 30,
        extension_days: 0,
        paused_days: 0,
        ends_at: at("2026-12-31T00:00:00Z"),
        grace_until: at("2027-01-05T00:00:00Z"),
        paused_at: None,
        paused_by: None,
        offer_expires_at: at("2026-11-28T10:00:00Z"),
        accept_blocked: None,
        last_day: None,
        reason_code: None,
        message: None,
        replaces: None,
        version: 3,
        created_at: at("2026-11-21T10:00:00Z"),
        changed_at: at("2026-12-01T00:00:00Z"),
    }
}
