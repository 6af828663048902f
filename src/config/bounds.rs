//! The bounds of every number that is configured, as a table: within them the house can work, and no period leads out of time.

use std::ops::RangeInclusive;

use crate::config::Settings;

/// A setting's key, its value and its bounds.
type Bound = (&'static str, i64, RangeInclusive<i64>);

/// The longest period, in days: ten years.
const LONGEST: i64 = 3650;
/// More than anybody does or has.
const MANY: i64 = 1_000_000_000;
/// The most memory that a password is hashed in, and verified: a corrupted row must not be a memory bomb.
pub const MOST_MEMORY_KIB: u32 = 262_144;
/// The most passes over it.
pub const MOST_PASSES: u32 = 16;

/// Refuses a number that is out of its bounds.
///
/// # Errors
/// One line that names the key and its bounds.
pub fn check(settings: &Settings) -> Result<(), String> {
    match all(settings).into_iter().find(|(_, value, bounds)| !bounds.contains(value)) {
        Some((key, value, bounds)) => Err(format!("{key} must be from {} to {}, not {value}", bounds.start(), bounds.end())),
        None => Ok(()),
    }
}

fn all(settings: &Settings) -> Vec<Bound> {
    [serving, people, limits, privacy, vetting, trials].iter().flat_map(|room| room(settings)).collect()
}

/// A number of another type; what has no room is above every bound.
fn number(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn serving(settings: &Settings) -> Vec<Bound> {
    let (server, database) = (&settings.server, &settings.database);
    vec![
        ("server.shutdown_grace", number(server.shutdown_grace), 0..=3600),
        ("server.workers", number(server.workers), 0..=1024),
        ("server.body_limit", number(server.body_limit), 1024..=MANY),
        ("server.auth_body_limit", number(server.auth_body_limit), 1024..=MANY),
        ("server.header_deadline", number(server.header_deadline), 1..=3600),
        ("server.body_deadline", number(server.body_deadline), 1..=3600),
        ("server.connections", number(server.connections), 1..=MANY),
        ("database.connections", number(database.connections), 1..=1024),
        ("database.patience", number(database.patience), 1..=600_000),
        ("database.changes_kept_minutes", database.changes_kept_minutes, 1..=10_080),
        ("mail.deadline", number(settings.mail.deadline), 1..=600),
        ("webhooks.deadline", number(settings.webhooks.deadline), 1..=60),
        ("events.heartbeat", number(settings.events.heartbeat), 1..=60),
        ("events.streams_per_account", number(settings.events.streams_per_account), 1..=MANY),
    ]
}

fn people(settings: &Settings) -> Vec<Bound> {
    let (auth, invitations) = (&settings.auth, &settings.invitations);
    vec![
        // No weaker than OWASP's least for argon2id.
        ("auth.memory_kib", number(auth.memory_kib), 19_456..=i64::from(MOST_MEMORY_KIB)),
        ("auth.passes", number(auth.passes), 2..=i64::from(MOST_PASSES)),
        ("auth.hashing_permits", number(auth.hashing_permits), 0..=1024),
        ("auth.access_minutes", auth.access_minutes, 1..=15),
        ("auth.refresh_days", auth.refresh_days, 1..=LONGEST),
        ("auth.session_days", auth.session_days, 1..=LONGEST),
        ("auth.verify_hours", auth.verify_hours, 1..=720),
        ("auth.reset_minutes", auth.reset_minutes, 1..=1440),
        ("invitations.answer_hours", invitations.answer_hours, 1..=24 * LONGEST),
        ("invitations.lapse_days", invitations.lapse_days, 1..=LONGEST),
        ("invitations.mail_minutes", invitations.mail_minutes, 0..=1440),
    ]
}

fn limits(settings: &Settings) -> Vec<Bound> {
    let limits = &settings.limits;
    vec![
        ("limits.sign_in_failures", limits.sign_in_failures, 1..=MANY),
        ("limits.sign_in_failures_per_address", limits.sign_in_failures_per_address, 1..=MANY),
        ("limits.sign_in_failures_in_all", limits.sign_in_failures_in_all, 1..=MANY),
        ("limits.sign_in_window_minutes", limits.sign_in_window_minutes, 1..=1440),
        ("limits.account_mails_per_hour", limits.account_mails_per_hour, 1..=MANY),
        ("limits.offers_per_day", limits.offers_per_day, 0..=MANY),
        ("limits.job_requests_per_day", limits.job_requests_per_day, 0..=MANY),
        ("limits.invitations_per_day", limits.invitations_per_day, 0..=MANY),
        ("limits.messages_per_day", limits.messages_per_day, 0..=MANY),
        ("limits.reports_per_day", limits.reports_per_day, 0..=MANY),
        ("limits.webhook_repeats_per_day", limits.webhook_repeats_per_day, 0..=MANY),
        ("limits.webhook_urls_per_day", limits.webhook_urls_per_day, 0..=MANY),
    ]
}

/// Nothing may be kept for ever, nor go before somebody could have read it.
fn privacy(settings: &Settings) -> Vec<Bound> {
    let privacy = &settings.privacy;
    vec![
        ("privacy.erasure_days", privacy.erasure_days, 1..=30),
        ("privacy.exports_per_day", privacy.exports_per_day, 1..=1000),
        ("privacy.idle_months", privacy.idle_months.into(), 6..=120),
        ("privacy.idle_notice_days", privacy.idle_notice_days, 7..=365),
        ("privacy.unverified_days", privacy.unverified_days, 2..=365),
        ("privacy.mail_content_days", privacy.mail_content_days, 3..=365),
        ("privacy.mail_code_days", privacy.mail_code_days, 1..=365),
        ("privacy.failed_application_days", privacy.failed_application_days, 30..=LONGEST),
        ("privacy.unanswered_invitation_days", privacy.unanswered_invitation_days, 1..=LONGEST),
        ("privacy.closed_report_days", privacy.closed_report_days, 1..=LONGEST),
        ("privacy.audit_reason_days", privacy.audit_reason_days, 1..=LONGEST),
    ]
}

fn vetting(settings: &Settings) -> Vec<Bound> {
    let vetting = &settings.vetting;
    let each = |key, days: &[i64]| days.iter().map(move |day| (key, *day, 0..=LONGEST)).collect::<Vec<_>>();
    let mut all = vec![
        ("vetting.minimum_skills", number(vetting.minimum_skills), 0..=100),
        ("vetting.retry_after_days", vetting.retry_after_days, 0..=LONGEST),
        ("vetting.valid_months", vetting.valid_months.into(), 1..=120),
        ("vetting.kept_months", vetting.kept_months.into(), 0..=120),
        ("vetting.answer_days", vetting.answer_days, 1..=LONGEST),
        ("vetting.answer_reminder_before_days", vetting.answer_reminder_before_days, 0..=LONGEST),
        ("vetting.expiring_days", vetting.expiring_days, 0..=LONGEST),
        ("vetting.appeal_days", vetting.appeal_days, 1..=LONGEST),
        ("vetting.idle_working_days", vetting.idle_working_days, 0..=LONGEST),
    ];
    all.extend(each("vetting.answer_reminders_after_days", &vetting.answer_reminders_after_days));
    all.extend(each("vetting.expiry_reminders_before_days", &vetting.expiry_reminders_before_days));
    all
}

fn trials(settings: &Settings) -> Vec<Bound> {
    let trials = &settings.trials;
    vec![
        ("trials.trial_days", trials.trial_days, 1..=LONGEST),
        ("trials.offer_days", trials.offer_days, 1..=LONGEST),
        ("trials.proposal_days", trials.proposal_days, 1..=LONGEST),
        ("trials.conversion_days", trials.conversion_days, 1..=LONGEST),
        ("trials.start_within_days", trials.start_within_days, 1..=LONGEST),
        ("trials.decision_days", trials.decision_days, 0..=LONGEST),
        ("trials.grace_days", trials.grace_days, 0..=LONGEST),
        ("trials.pause_days", trials.pause_days, 0..=LONGEST),
        ("trials.extension_days", trials.extension_days, 0..=LONGEST),
        ("trials.appeal_days", trials.appeal_days, 0..=LONGEST),
        ("trials.rematch_days", trials.rematch_days, 0..=LONGEST),
        ("trials.replacements", trials.replacements, 0..=LONGEST),
        ("trials.review_blind_days", trials.review_blind_days, 0..=LONGEST),
        ("trials.timesheet_answer_days", trials.timesheet_answer_days, 0..=LONGEST),
        ("trials.reminders.after_days", trials.reminders.after_days, 0..=LONGEST),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;
    use crate::config::load::load_from;

    fn load(key: &str, value: &str) -> Result<Settings, String> {
        let variable = format!("GUILDHALL_{}", key.to_uppercase().replace('.', "__"));
        load_from(None, HashMap::from([(variable, value.to_owned())]))
    }

    /// The keys of a section's numbers, and of its lists of numbers.
    fn numbers(section: &str, values: &toml::Value) -> Vec<String> {
        let is_number =
            |value: &toml::Value| value.is_integer() || value.as_array().is_some_and(|list| list.iter().any(toml::Value::is_integer));
        let members = values.as_table().into_iter().flatten().filter(|(_, value)| is_number(value));
        members.map(|(key, _)| format!("{section}.{key}")).collect()
    }

    #[test]
    fn every_number_of_the_defaults_has_bounds() {
        // What a request may cost is bounded by its type; weights are looked at by their sum.
        let elsewhere =
            ["limits.burst", "limits.requests_per_second", "limits.search_burst", "limits.search_per_second", "matching.neutral"];
        let defaults: toml::Table = include_str!("../../config/default.toml").parse().expect("TOML");
        let there: BTreeSet<String> = defaults.iter().flat_map(|(section, values)| numbers(section, values)).collect();
        let settings = load_from(None, HashMap::new()).expect("the defaults");
        let bounded: BTreeSet<String> = all(&settings).iter().map(|(key, ..)| (*key).to_owned()).collect();
        let missing: Vec<&String> = there.difference(&bounded).collect();
        assert_eq!(missing, elsewhere);
    }

    #[test]
    fn a_number_out_of_its_bounds_is_refused_with_its_key() {
        let settings = load_from(None, HashMap::new()).expect("the defaults");
        let mut keys: Vec<Bound> = all(&settings);
        keys.retain(|(key, ..)| !key.starts_with("trials.reminders.") && !key.ends_with("_before_days") && !key.ends_with("_after_days"));
        for (key, _, bounds) in keys {
            for wrong in [bounds.start().checked_sub(1), bounds.end().checked_add(1)].into_iter().flatten().filter(|wrong| *wrong >= 0) {
                let refused = load(key, &wrong.to_string()).map(|_| ()).expect_err(key);
                let expected = format!("{key} must be from {} to {}, not {wrong}", bounds.start(), bounds.end());
                assert!(refused.starts_with(&expected), "{refused}");
            }
            assert!(load(key, "9223372036854775807").is_err(), "{key}");
        }
        assert!(load("vetting.expiry_reminders_before_days", "1, 9223372036854775807").is_err());
    }
}
