//! Which mails only remind, and which of them their recipient may switch off.

use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::preferences::OptionalMail;

/// What a trial plans ahead: planned anew with every step.
pub const TRIAL_REMINDERS: [LetterKind; 11] = [
    LetterKind::TrialOfferWaiting,
    LetterKind::TrialStartsSoon,
    LetterKind::TrialCheckIn,
    LetterKind::TrialCheckInSilent,
    LetterKind::TrialDecisionOpens,
    LetterKind::TrialUndecided,
    LetterKind::TrialEndsSoon,
    LetterKind::TrialGraceEnds,
    LetterKind::TrialHandOver,
    LetterKind::TrialFinalTimesheet,
    LetterKind::TrialReviewDue,
];

impl Letter {
    /// Whether this only reminds: worthless once its moment has passed, and the recipient may switch it off.
    /// Contract, ending, security and privacy mails are never of this sort.
    pub fn is_reminder(&self) -> bool {
        matches!(self, Self::VettingQuestionsWaiting { .. } | Self::VettingExpiring { .. })
            || TRIAL_REMINDERS.contains(&self.kind())
            || self.optional().is_some()
    }

    /// Under which name its recipient may switch it off; none for mails that cannot be switched off.
    pub fn optional(&self) -> Option<OptionalMail> {
        match self {
            Self::VettingIdle { .. } => Some(OptionalMail::VettingDigest),
            Self::NewMatches { .. } => Some(OptionalMail::NewMatchesDigest),
            Self::FittingRequests { .. } => Some(OptionalMail::FittingRequestsDigest),
            Self::TrialCheckIn { .. } => Some(OptionalMail::TrialCheckIns),
            Self::JobInvitationWaiting { .. } => Some(OptionalMail::InvitationReminders),
            Self::JobInvitationMessage { .. } => Some(OptionalMail::InvitationMessages),
            _ => None,
        }
    }
}
