//! One letter of every kind, to look at: `guildhall mail preview` and the tests render them.

use std::sync::Arc;

use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, InvitationId, JobRequestId, MailTokenId, TrialId, WebhookId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::letters::{Links, Rendered, Scribe};
use crate::notifications::recipient::Recipient;
use crate::notifications::summaries::{
    DeveloperLine, Engagement, IdleApplication, InvitationSummary, SkillLevel, TrialDate, TrialDateKind, TrialSummary, WeekOfHours,
};

/// An instant, from RFC 3339.
fn instant(text: &str) -> Option<Instant> {
    serde_json::from_value(text.into()).ok()
}

/// Somebody in Berlin.
pub fn recipient(name: &str) -> Option<Recipient> {
    let (key, email) = ("user_1".to_owned(), "developer@example.com".parse().ok()?);
    Some(Recipient { key, email, name: name.to_owned(), time_zone: TimeZone::parse("Europe/Berlin")? })
}

/// A trial under London's clock with `other`.
pub fn trial(other: &str) -> Option<TrialSummary> {
    Some(TrialSummary {
        trial_id: TrialId::from_u128(7),
        other: other.to_owned(),
        starts_on: "2026-12-01".parse().ok()?,
        ends_at: instant("2026-12-31T00:00:00Z")?,
        time_zone: TimeZone::parse("Europe/London")?,
        hourly_rate: Money { amount: 8000, currency: Currency::parse("USD")? },
        hours_per_week: 40,
        version: 2,
        changed_at: instant("2026-11-23T10:00:00Z")?,
        key_dates: vec![TrialDate { kind: TrialDateKind::Start, day: 0, at: instant("2026-12-01T00:00:00Z")? }],
    })
}

/// What comes after the trial.
fn engagement() -> Option<Engagement> {
    Some(Engagement {
        hourly_rate: Money { amount: 9000, currency: Currency::parse("USD")? },
        hours_per_week: 32,
        starts_on: "2026-12-31".parse().ok()?,
    })
}

/// An invitation to talk with `other`.
fn invitation(other: &str) -> Option<InvitationSummary> {
    Some(InvitationSummary {
        invitation_id: InvitationId::from_u128(3),
        title: other.to_owned(),
        other: other.to_owned(),
        answer_by: instant("2026-11-25T10:00:00Z")?,
        lapses_at: instant("2026-12-07T10:00:00Z")?,
    })
}

/// One letter of every kind, about `other` and with the words `message` wherever somebody writes something.
pub fn letters(other: &str, message: &str) -> Option<Vec<Letter>> {
    let all = [
        accounts(other)?,
        vetting(message)?,
        invitations(other, message)?,
        agreeing(other, message)?,
        running(other, message)?,
        timesheets(other, message)?,
        matches(other, message)?,
        webhooks(other),
    ];
    Some(all.concat())
}

fn accounts(other: &str) -> Option<Vec<Letter>> {
    let token_id = MailTokenId::from_u128(5);
    Some(vec![
        Letter::VerifyEmail { token_id },
        Letter::AlreadyRegistered,
        Letter::ResetPassword { token_id },
        Letter::PasswordChanged,
        Letter::SessionReuse,
        Letter::SecondFactorOn,
        Letter::SecondFactorOff,
        Letter::SecondFactorReset,
        Letter::RecoveryCodeUsed { left: 9 },
        Letter::RecoveryCodesRenewed,
        Letter::IdentityLinked { provider: "github".to_owned() },
        Letter::IdentityUnlinked { provider: "github".to_owned() },
        Letter::Invitation { organization: Some(other.to_owned()), token_id },
        Letter::SetPassword { token_id },
        Letter::AccountClosed { erased_by: instant("2026-11-30T12:00:00Z")? },
        Letter::KeepData { token_id, erased_on: instant("2028-12-23T12:00:00Z")? },
        Letter::OrganizationPassed { organization: other.to_owned() },
        Letter::ApiKeyMade {
            name: other.to_owned(),
            scopes: vec!["job_requests:read".to_owned(), "events:read".to_owned(), other.to_owned()],
            made_by: other.to_owned(),
            expires_at: instant("2027-11-24T12:00:00Z")?,
        },
    ])
}

fn vetting(message: &str) -> Option<Vec<Letter>> {
    let answer_by = instant("2026-11-30T00:00:00Z")?;
    let said = || Some(message.to_owned());
    Some(vec![
        Letter::VettingReceived {
            stages: vec!["profile_review".to_owned(), "technical_interview".to_owned()],
            kept: vec!["screening_call".to_owned()],
        },
        Letter::VettingTaken,
        Letter::VettingStagePassed { stage: "profile_review".to_owned(), next: "screening_call".to_owned(), feedback: said() },
        Letter::VettingQuestions { questions: message.to_owned(), answer_by },
        Letter::VettingQuestionsWaiting { questions: message.to_owned(), answer_by },
        Letter::VettingLapsed,
        Letter::VettingApproved {
            levels: vec![SkillLevel { skill: "go".to_owned(), level: 5 }, SkillLevel { skill: "grpc".to_owned(), level: 3 }],
            valid_until: instant("2028-05-23T12:00:00Z")?,
        },
        Letter::VettingRejected {
            reason_code: "skills_below_bar".to_owned(),
            message: message.to_owned(),
            retry_after: instant("2027-02-21T12:00:00Z")?,
            appeal_by: instant("2026-12-23T12:00:00Z")?,
        },
        Letter::VettingAppealed {
            about: ApplicationId::from_u128(4).to_string(),
            against: "rejection".to_owned(),
            message: message.to_owned(),
        },
        Letter::VettingAppealDecided { against: "suspension".to_owned(), overturned: true, answer: message.to_owned() },
        Letter::VettingWithdrawn,
        Letter::VettingOnHold,
        Letter::VettingReleased,
        Letter::VettingExpiring { valid_until: instant("2028-05-23T12:00:00Z")?, renew_from: instant("2028-04-23T12:00:00Z")? },
        Letter::VettingExpired,
        Letter::VettingSuspended { reason: message.to_owned(), appeal_by: answer_by },
        Letter::VettingReinstated { valid_until: instant("2028-05-23T12:00:00Z")? },
        Letter::VettingRevoked { reason: message.to_owned(), appeal_by: answer_by },
        Letter::VettingIdle {
            count: 2,
            applications: vec![IdleApplication {
                application_id: ApplicationId::from_u128(4),
                state: "screening_call".to_owned(),
                working_days: 4,
            }],
        },
    ])
}

fn invitations(other: &str, message: &str) -> Option<Vec<Letter>> {
    let answer_by = instant("2026-11-30T00:00:00Z")?;
    let said = || Some(message.to_owned());
    Some(vec![
        Letter::JobInvitation { invitation: invitation(other)?, message: message.to_owned() },
        Letter::JobInvitationWaiting { invitation: invitation(other)? },
        Letter::JobInvitationAccepted { invitation: invitation(other)?, message: said(), call_times: vec![answer_by] },
        Letter::JobInvitationDeclined { invitation: invitation(other)?, message: said() },
        Letter::JobInvitationLapsed { invitation: invitation(other)? },
        Letter::JobInvitationMessage { invitation: invitation(other)? },
    ])
}

fn agreeing(other: &str, message: &str) -> Option<Vec<Letter>> {
    let answer_by = instant("2026-11-30T00:00:00Z")?;
    let summary = trial(other)?;
    let trial = || summary.clone();
    let said = || Some(message.to_owned());
    Some(vec![
        Letter::TrialOffer { trial: trial(), answer_by },
        Letter::TrialCountered { trial: trial(), answer_by },
        Letter::TrialRevised { trial: trial(), answer_by },
        Letter::TrialAccepted { trial: trial() },
        Letter::TrialScheduled { trial: trial() },
        Letter::TrialDeclined { trial: trial(), message: said() },
        Letter::TrialWithdrawn { trial: trial() },
        Letter::TrialExpired { trial: trial() },
        Letter::TrialOfferWaiting { trial: trial(), answer_by },
        Letter::TrialOfferUndeliverable { trial: trial() },
        Letter::TrialCancelled { trial: trial(), message: said() },
        Letter::TrialStartsSoon { trial: trial(), days: 3 },
        Letter::TrialStarted { trial: trial() },
        Letter::TrialEndProposed { trial: trial(), message: said() },
        Letter::TrialProposalRefused { trial: trial(), message: said() },
        Letter::TrialProposalLapsed { trial: trial() },
        Letter::TrialPaused { trial: trial(), message: said(), until: answer_by },
    ])
}

fn running(other: &str, message: &str) -> Option<Vec<Letter>> {
    let answer_by = instant("2026-11-30T00:00:00Z")?;
    let summary = trial(other)?;
    let trial = || summary.clone();
    let said = || Some(message.to_owned());
    Some(vec![
        Letter::TrialResumed { trial: trial() },
        Letter::TrialAmendProposed { trial: trial(), changes: vec![message.to_owned()], message: said(), answer_by },
        Letter::TrialAmended { trial: trial() },
        Letter::TrialExtendProposed { trial: trial(), days: 7, message: said(), answer_by },
        Letter::TrialExtended { trial: trial() },
        Letter::TrialConversionOffered { trial: trial(), engagement: engagement()?, message: said(), answer_by },
        Letter::TrialConverted { trial: trial(), engagement: engagement()? },
        Letter::TrialConversionDeclined { trial: trial(), message: said() },
        Letter::TrialConversionLapsed { trial: trial() },
        Letter::TrialAppealed { trial: trial(), message: said() },
        Letter::TrialAppealDecided { trial: trial(), message: said() },
        Letter::TrialCheckIn { trial: trial(), day: 3, first: true },
        Letter::TrialCheckIn { trial: trial(), day: 14, first: false },
        Letter::TrialCheckInNo { trial: trial(), day: 7, party: "developer".to_owned(), message: said() },
        Letter::TrialCheckInSilent { trial: trial() },
        Letter::TrialDecisionOpens { trial: trial() },
        Letter::TrialUndecided { trial: trial() },
        Letter::TrialEndsSoon { trial: trial(), days: 1 },
        Letter::TrialGraceEnds { trial: trial(), grace_until: answer_by },
        Letter::TrialHandOver { trial: trial() },
        Letter::TrialFinalTimesheet { trial: trial() },
        Letter::TrialReviewDue { trial: trial() },
        Letter::TrialEnded {
            trial: trial(),
            outcome: "ended_by_client".to_owned(),
            last_day: Some("2026-12-20".parse().ok()?),
            message: said(),
        },
        Letter::TrialOver { trial: trial(), grace_until: instant("2027-01-05T00:00:00Z")? },
        Letter::TrialGraceOver { trial: trial() },
        Letter::TrialTerminated { trial: trial(), reason: message.to_owned() },
        Letter::TrialNoLongerPossible { trial: trial() },
    ])
}

fn timesheets(other: &str, message: &str) -> Option<Vec<Letter>> {
    let answer_by = instant("2026-12-10T23:59:00Z")?;
    let summary = trial(other)?;
    let trial = || summary.clone();
    let hours = |minutes| WeekOfHours { week: "2026-W49".to_owned(), minutes };
    let said = || Some(message.to_owned());
    Some(vec![
        Letter::TimesheetSubmitted { trial: trial(), hours: hours(2250), answer_by },
        Letter::TimesheetQueried { trial: trial(), hours: hours(2250), message: said(), answer_by },
        Letter::TimesheetAnswered { trial: trial(), hours: hours(2100), message: said() },
        Letter::TimesheetApproved { trial: trial(), hours: hours(2100) },
        Letter::TimesheetOverdue { trial: trial(), hours: hours(2250) },
        Letter::TimesheetDecided { trial: trial(), hours: hours(2100), message: said() },
        Letter::TimesheetCap { trial: trial(), hours: hours(1920), percent: 80, agreed_hours: 40 },
    ])
}

fn matches(other: &str, message: &str) -> Option<Vec<Letter>> {
    Some(vec![
        Letter::NewMatches {
            job_request_id: JobRequestId::from_u128(9),
            title: other.to_owned(),
            count: 3,
            developers: vec![
                DeveloperLine { headline: Some(message.to_owned()), seniority: Some("senior".to_owned()) },
                DeveloperLine { headline: None, seniority: None },
            ],
        },
        Letter::FittingRequests { count: 1, titles: vec![other.to_owned()] },
    ])
}

fn webhooks(other: &str) -> Vec<Letter> {
    ["failing", "gone", "maker_left", "admin_left"]
        .map(|because| Letter::WebhookDisabled {
            webhook_id: WebhookId::from_u128(11),
            host: other.to_owned(),
            because: because.to_owned(),
        })
        .to_vec()
}

/// What a letter of this kind looks like, as sent to somebody in Berlin; more than one where it says different things.
///
/// # Errors
/// Never with the samples and templates of this crate.
pub fn preview(kind: LetterKind, base: &str) -> Result<Vec<Rendered>> {
    let scribe = Scribe::new(
        Links { base: base.to_owned() },
        Arc::new(|_| "preview".to_owned()),
        Arc::new(|_, kind| format!("/unsubscribe?token=preview.{kind}")),
    );
    let missing = || Error::internal("a sample is not what it should be");
    let (recipient, letters) =
        (recipient("Jo Do").ok_or_else(missing)?, letters("Ledger Works", "Thank you.\nSee you soon.").ok_or_else(missing)?);
    letters.iter().filter(|letter| letter.kind() == kind).map(|letter| scribe.render(letter, &recipient)).collect()
}
