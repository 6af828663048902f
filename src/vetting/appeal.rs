//! Appeals: a row beside the decision that it is against, made once in time and answered once by somebody who was not involved.

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, UserId};
use crate::vetting::guards::Facts;
use crate::words;

words! {
    /// What an appeal is against.
    pub enum Against {
        /// An application was rejected.
        Rejection => "rejection",
        /// A developer was suspended.
        Suspension => "suspension",
        /// A developer's approval was revoked.
        Revocation => "revocation",
    }
}

words! {
    /// How an appeal is decided.
    pub enum AppealOutcome {
        /// The decision stays.
        Upheld => "upheld",
        /// The decision is taken back.
        Overturned => "overturned",
    }
}

/// A decision that can be appealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What it was.
    pub against: Against,
    /// The version that it made.
    pub version: i64,
    /// When it was taken.
    pub at: Instant,
}

/// An appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// The application's id, or the developer's.
    pub subject: String,
    /// The version that the decision made.
    pub decision_version: i64,
    /// Who appeals.
    pub developer_id: DeveloperId,
    /// Why.
    pub message: String,
    /// How it was decided.
    pub outcome: Option<AppealOutcome>,
    /// The written answer.
    pub answer: Option<String>,
    /// The admin who decided.
    pub decided_by: Option<UserId>,
    /// When it was made.
    pub made_at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
}

/// An appeal as both sides see it; never who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AppealView {
    /// What the developer wrote.
    pub message: String,
    /// When.
    pub made_at: Instant,
    /// How it was decided; null while it is open.
    #[schema(required = true)]
    pub outcome: Option<AppealOutcome>,
    /// The written answer.
    #[schema(required = true)]
    pub answer: Option<String>,
    /// When it was decided.
    #[schema(required = true)]
    pub decided_at: Option<Instant>,
}

impl From<Appeal> for AppealView {
    fn from(appeal: Appeal) -> Self {
        let Appeal { message, made_at, outcome, answer, decided_at, .. } = appeal;
        Self { message, made_at, outcome, answer, decided_at }
    }
}

impl Appeal {
    /// A new one of `developer` against `decision` about `subject`.
    pub fn made(subject: impl ToString, developer: DeveloperId, decision: Decision, message: String, at: Instant) -> Self {
        Self {
            subject: subject.to_string(),
            decision_version: decision.version,
            developer_id: developer,
            message,
            outcome: None,
            answer: None,
            decided_by: None,
            made_at: at,
            decided_at: None,
        }
    }
}

impl Decision {
    /// Until when it can be appealed: `days` days of 24 hours later.
    pub fn appeal_by(self, days: i64) -> Instant {
        self.at.plus(TimeDelta::days(days))
    }
}

/// `facts` with what the guards of appeals look at: the last decision, and the appeal against it if there is one.
pub fn with_appeal(facts: Facts, decision: Option<Decision>, appeal: Option<&Appeal>, days: i64, now: Instant) -> Facts {
    let appeal = appeal.filter(|appeal| decision.is_some_and(|decision| decision.version == appeal.decision_version));
    Facts {
        in_time_to_appeal: decision.is_some_and(|decision| now < decision.appeal_by(days)),
        not_appealed: decision.is_some() && appeal.is_none(),
        appeal_open: appeal.is_some_and(|appeal| appeal.outcome.is_none()),
        ..facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_appealed_once_and_in_time() {
        let at = |day: i64| Instant::from_micros(day * 86_400_000_000);
        let decision = Decision { against: Against::Rejection, version: 7, at: at(0) };
        let appeal = |version, outcome| {
            let made = Appeal::made("app", DeveloperId::from_u128(1), Decision { version, ..decision }, "Please.".to_owned(), at(1));
            Appeal { outcome, ..made }
        };
        let seen = |decision, appeal: Option<Appeal>, day| {
            let facts = with_appeal(Facts::default(), decision, appeal.as_ref(), 30, at(day));
            (facts.in_time_to_appeal, facts.not_appealed, facts.appeal_open)
        };
        assert_eq!(seen(None, None, 1), (false, false, false));
        assert_eq!(seen(Some(decision), None, 29), (true, true, false));
        assert_eq!(seen(Some(decision), None, 30), (false, true, false));
        assert_eq!(seen(Some(decision), Some(appeal(7, None)), 1), (true, false, true));
        assert_eq!(seen(Some(decision), Some(appeal(7, Some(AppealOutcome::Upheld))), 1), (true, false, false));
        assert_eq!(seen(Some(decision), Some(appeal(5, None)), 1), (true, true, false), "an earlier decision's appeal is another one");
    }
}
