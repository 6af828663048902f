//! Which mails only remind, and which of them their recipient may switch off.

use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::preferences::{OPTIONAL, OptionalMail};

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

/// The wall-clock minute at which reminders of a day go: 09:00 of the recipient.
pub const MORNING: u32 = 9 * 60;

/// The reminders of a day; that of an unanswered offer goes at the hour of the offer.
pub const DAILY: [LetterKind; 12] = [
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
    LetterKind::VettingQuestionsWaiting,
    LetterKind::VettingExpiring,
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
        OPTIONAL.iter().find(|(.., letter)| *letter == self.kind()).map(|(kind, ..)| *kind)
    }
}
