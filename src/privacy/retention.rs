//! What is kept for how long, and why: a table that a task carries out, and that `docs/privacy.md` shows. Pure.

use crate::config::Privacy;

/// What is kept for how long.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What.
    pub what: &'static str,
    /// What becomes of it.
    pub then: &'static str,
    /// Why no longer.
    pub why: &'static str,
    /// For how long.
    pub period: Period,
    /// What the task does; $1 is the instant before which it is too old.
    pub statements: &'static [&'static str],
}

/// For how long.
#[derive(Debug, Clone, Copy)]
pub enum Period {
    /// As many days as this setting says.
    Days(&'static str, fn(&Privacy) -> i64),
    /// In words: another room sees to it.
    Elsewhere(&'static str),
}

/// The rules, in the order in which they are carried out.
pub const RULES: &[Rule] = &[
    Rule {
        what: "An account whose address nobody has verified",
        then: "deleted, with its organisation and mails",
        why: "Nobody has shown that it is theirs.",
        period: Period::Days("privacy.unverified_days", |privacy| privacy.unverified_days),
        statements: &[
            "DELETE FROM outbox WHERE recipient_key IN (SELECT id FROM users WHERE verified_at IS NULL AND created_at < $1)",
            // Whoever was erased had verified the address: that row stays, as what others' history refers to.
            "DELETE FROM users WHERE verified_at IS NULL AND created_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = users.id)",
            "DELETE FROM organizations WHERE created_at < $1 AND NOT EXISTS (SELECT 1 FROM members m WHERE m.organization_id = organizations.id) \
             AND NOT EXISTS (SELECT 1 FROM job_requests j WHERE j.organization_id = organizations.id) \
             AND NOT EXISTS (SELECT 1 FROM trials t WHERE t.organization_id = organizations.id)",
        ],
    },
    Rule {
        what: "What a mail said, once it is sent or given up",
        then: "erased; that it was sent stays",
        why: "Its reader has it.",
        period: Period::Days("privacy.mail_content_days", |privacy| privacy.mail_content_days),
        statements: &["UPDATE outbox SET letter_json = 'null', last_error = NULL \
             WHERE state IN ('sent', 'dead', 'cancelled') AND due_at < $1 AND letter_json <> 'null'"],
    },
    Rule {
        what: "A mail's code that has run out, with the invited address",
        then: "deleted",
        why: "It opens nothing any more.",
        period: Period::Days("privacy.mail_code_days", |privacy| privacy.mail_code_days),
        statements: &["DELETE FROM mail_tokens WHERE expires_at < $1"],
    },
    Rule {
        what: "What reviewers wrote about an application that came to nothing",
        then: "erased; that it was judged, and how, stays",
        why: "It decides nothing any more once passed stages no longer count.",
        period: Period::Days("privacy.failed_application_days", |privacy| privacy.failed_application_days),
        statements: &["UPDATE scorecards SET private_notes = NULL, criteria_json = '[]' \
             WHERE (private_notes IS NOT NULL OR criteria_json <> '[]') AND application_id IN \
             (SELECT id FROM vetting_applications WHERE state IN ('rejected', 'withdrawn', 'lapsed') AND changed_at < $1)"],
    },
    Rule {
        what: "An invitation that was declined or not answered, with its messages",
        then: "deleted",
        why: "Nothing came of it.",
        period: Period::Days("privacy.unanswered_invitation_days", |privacy| privacy.unanswered_invitation_days),
        statements: &["DELETE FROM invitations WHERE state IN ('declined', 'lapsed') AND changed_at < $1"],
    },
    Rule {
        what: "The words of a report of abuse that is closed",
        then: "erased; who reported whom for what stays",
        why: "They name people who may have done nothing.",
        period: Period::Days("privacy.closed_report_days", |privacy| privacy.closed_report_days),
        statements: &["UPDATE reports SET message = '', note = NULL \
             WHERE state IN ('resolved', 'dismissed') AND handled_at < $1 AND message <> ''"],
    },
    Rule {
        what: "The reasons that admins gave, in the audit log",
        then: "erased; the chain stays whole without them",
        why: "They may name people; who did what to what is told by ids.",
        period: Period::Days("privacy.audit_reason_days", |privacy| privacy.audit_reason_days),
        statements: &["DELETE FROM audit_reasons WHERE EXISTS (SELECT 1 FROM audit_entries e WHERE e.id = entry_id AND e.at < $1)"],
    },
    Rule {
        what: "A developer's profile without a sign of its owner",
        then: "erased with the account, after a mail that asks whether to keep it",
        why: "Nobody is found by clients who may have forgotten that they can be.",
        period: Period::Elsewhere("`privacy.idle_months`, then `privacy.idle_notice_days`"),
        statements: &[],
    },
    Rule {
        what: "An answer that was given about a job request",
        then: "deleted",
        why: "It explains a decision while somebody may ask about it.",
        period: Period::Elsewhere("6 months"),
        statements: &[],
    },
    Rule {
        what: "A mail, without its content",
        then: "deleted",
        why: "It is in nobody's list any more.",
        period: Period::Elsewhere("90 days"),
        statements: &[],
    },
    Rule {
        what: "A session that is over",
        then: "deleted",
        why: "It tells its person where they were signed in.",
        period: Period::Elsewhere("30 days"),
        statements: &[],
    },
    Rule {
        what: "From where somebody has signed in, as a pseudonym",
        then: "deleted",
        why: "It keeps the owner of an account from being locked out by others who guess.",
        period: Period::Elsewhere("90 days"),
        statements: &[],
    },
    Rule {
        what: "An answer kept for repeats; how often somebody did something",
        then: "deleted",
        why: "A repeat comes soon or never.",
        period: Period::Elsewhere("1 day"),
        statements: &[],
    },
];
