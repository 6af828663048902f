//! Every mail there is, as plain values: what a letter says. Knows no database, no SMTP, no other room.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::kernel::clock::Instant;
use crate::kernel::ids::{JobRequestId, MailTokenId, WebhookId};
use crate::notifications::summaries::{
    DeveloperLine, Engagement, IdleApplication, InvitationSummary, SkillLevel, TrialSummary, WeekOfHours,
};
use crate::words;

/// Declares the letters: the enum [`Letter`] with its values, and the words of [`LetterKind`].
macro_rules! letters {
    ($($(#[doc = $doc:literal])* $letter:ident => $kind:literal $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? })?;)+) => {
        words! {
            /// Which mail it is.
            pub enum LetterKind { $($(#[doc = $doc])* $letter => $kind),+ }
        }

        /// A mail's content as plain values. The outbox keeps it as JSON; a token is never in it, only the token's id.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Letter { $(
            $(#[doc = $doc])*
            #[serde(rename = $kind)]
            $letter $({ $($(#[$field_meta])* $field: $type),+ })?
        ),+ }

        impl Letter {
            /// Which mail it is.
            pub fn kind(&self) -> LetterKind {
                match self { $(Self::$letter { .. } => LetterKind::$letter),+ }
            }
        }
    };
}

letters! {
    // accounts
    /// The address must be confirmed.
    VerifyEmail => "verify_email" { /// What the link proves.
        token_id: MailTokenId };
    /// Somebody registered with an address that has an account.
    AlreadyRegistered => "already_registered";
    /// A new password was asked for.
    ResetPassword => "reset_password" { /// What the link proves.
        token_id: MailTokenId };
    /// The password was changed.
    PasswordChanged => "password_changed";
    /// An old refresh token was used again: its session is over.
    SessionReuse => "session_reuse";
    /// Sign-ins ask for a second factor from now on.
    SecondFactorOn => "second_factor_on";
    /// The person switched the second factor off.
    SecondFactorOff => "second_factor_off";
    /// The house took the second factor off the account.
    SecondFactorReset => "second_factor_reset";
    /// Somebody signed in with a recovery code.
    RecoveryCodeUsed => "recovery_code_used" { /// How many are left.
        left: i64 };
    /// There are new recovery codes.
    RecoveryCodesRenewed => "recovery_codes_renewed";
    /// One can sign in with a provider of identities from now on.
    IdentityLinked => "identity_linked" { /// What the operator calls the provider.
        provider: String };
    /// One can no longer sign in with a provider of identities.
    IdentityUnlinked => "identity_unlinked" { /// What the operator calls the provider.
        provider: String };
    /// An organisation, or the admins, invite somebody.
    Invitation => "invitation" { /// Who invites: the organisation's name; none for admins.
        organization: Option<String>, /// What the link proves.
        token_id: MailTokenId };
    /// An account was made for somebody, who now chooses a password.
    SetPassword => "set_password" { /// What the link proves.
        token_id: MailTokenId };
    /// The account is closed, and its data will be erased.
    AccountClosed => "account_closed" { /// By when everything is erased.
        erased_by: Instant };
    /// Nobody has seen the person for long: shall the data be kept?
    KeepData => "keep_data" { /// What the link proves.
        token_id: MailTokenId, /// When it is erased otherwise.
        erased_on: Instant };
    /// The owner has left, and the recipient is the owner from now on.
    OrganizationPassed => "organization_passed" { /// The organisation's name.
        organization: String };
    /// There is a new API key; to the owners, and to whoever made it.
    ApiKeyMade => "api_key_made" { /// What it is for.
        name: String, /// What it may be used for, as words.
        scopes: Vec<String>, /// The name of whoever made it.
        made_by: String, /// Until when it is good.
        expires_at: Instant };

    // vetting
    /// An application came in.
    VettingReceived => "vetting_received" { /// The stages still ahead, in order.
        stages: Vec<String>, /// The stages that were passed lately and still count.
        kept: Vec<String> };
    /// A reviewer has begun.
    VettingTaken => "vetting_taken";
    /// A stage is passed.
    VettingStagePassed => "vetting_stage_passed" { /// The stage passed.
        stage: String, /// The stage that follows.
        next: String, /// The reviewer's line for the developer.
        feedback: Option<String> };
    /// The reviewer asks something.
    VettingQuestions => "vetting_questions" { /// What is asked.
        questions: String, /// Until when an answer is awaited.
        answer_by: Instant };
    /// The reviewer's questions wait for an answer.
    VettingQuestionsWaiting => "vetting_questions_waiting" { /// What is asked.
        questions: String, /// Until when an answer is awaited.
        answer_by: Instant };
    /// The questions stayed without an answer.
    VettingLapsed => "vetting_lapsed";
    /// Passed.
    VettingApproved => "vetting_approved" { /// What was verified.
        levels: Vec<SkillLevel>, /// Until when it holds.
        valid_until: Instant };
    /// Not passed.
    VettingRejected => "vetting_rejected" { /// Why, as a word.
        reason_code: String, /// Why, in the reviewer's words for the developer.
        message: String, /// From when a new application is welcome.
        retry_after: Instant, /// Until when one can appeal.
        appeal_by: Instant };
    /// An appeal came in; to the admins.
    VettingAppealed => "vetting_appealed" { /// The id of the application, or of the suspended or revoked developer.
        about: String, /// Against what: a word.
        against: String, /// What the developer wrote.
        message: String };
    /// An appeal is decided.
    VettingAppealDecided => "vetting_appeal_decided" { /// Against what: a word.
        against: String, /// Whether the decision was taken back.
        overturned: bool, /// The written answer.
        answer: String };
    /// The developer withdrew.
    VettingWithdrawn => "vetting_withdrawn";
    /// The application rests.
    VettingOnHold => "vetting_on_hold";
    /// The application goes on.
    VettingReleased => "vetting_released";
    /// An approval ends before long.
    VettingExpiring => "vetting_expiring" { /// Until when it holds.
        valid_until: Instant, /// From when it can be renewed.
        renew_from: Instant };
    /// An approval has ended.
    VettingExpired => "vetting_expired";
    /// An admin takes a developer out for a time.
    VettingSuspended => "vetting_suspended" { /// The admin's written reason.
        reason: String, /// Until when one can appeal.
        appeal_by: Instant };
    /// A suspended developer is back.
    VettingReinstated => "vetting_reinstated" { /// Until when the approval holds.
        valid_until: Instant };
    /// An admin takes a developer out for good.
    VettingRevoked => "vetting_revoked" { /// The admin's written reason.
        reason: String, /// Until when one can appeal.
        appeal_by: Instant };
    /// Applications in which nothing happens; to an admin, once a day.
    VettingIdle => "vetting_idle" { /// How many they are.
        count: usize, /// The longest idle first.
        applications: Vec<IdleApplication> };

    // invitations
    /// A client would like to talk about a job request.
    JobInvitation => "job_invitation" { /// The invitation.
        invitation: InvitationSummary, /// What the client wrote.
        message: String };
    /// An invitation waits for an answer.
    JobInvitationWaiting => "job_invitation_waiting" { /// The invitation.
        invitation: InvitationSummary };
    /// The developer would like to talk.
    JobInvitationAccepted => "job_invitation_accepted" { /// The invitation.
        invitation: InvitationSummary, /// What the developer wrote.
        message: Option<String>, /// When the developer could talk.
        call_times: Vec<Instant> };
    /// The developer would rather not.
    JobInvitationDeclined => "job_invitation_declined" { /// The invitation.
        invitation: InvitationSummary, /// What the developer wrote.
        message: Option<String> };
    /// Nobody answered in time; to both.
    JobInvitationLapsed => "job_invitation_lapsed" { /// The invitation.
        invitation: InvitationSummary };
    /// The other side has written.
    JobInvitationMessage => "job_invitation_message" { /// The invitation.
        invitation: InvitationSummary };

    // trials
    /// A client offers a trial.
    TrialOffer => "trial_offer" { /// The trial.
        trial: TrialSummary, /// When the offer lapses.
        answer_by: Instant };
    /// The developer answers an offer with other terms.
    TrialCountered => "trial_countered" { /// The trial.
        trial: TrialSummary, /// When the offer lapses.
        answer_by: Instant };
    /// The client answers a counter-offer with new terms.
    TrialRevised => "trial_revised" { /// The trial.
        trial: TrialSummary, /// When the offer lapses.
        answer_by: Instant };
    /// The other party has signed.
    TrialAccepted => "trial_accepted" { /// The trial.
        trial: TrialSummary };
    /// To the one who signed last: the key dates.
    TrialScheduled => "trial_scheduled" { /// The trial.
        trial: TrialSummary };
    /// The other party declines.
    TrialDeclined => "trial_declined" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// The other party takes the offer back.
    TrialWithdrawn => "trial_withdrawn" { /// The trial.
        trial: TrialSummary };
    /// Nobody answered in time; to both.
    TrialExpired => "trial_expired" { /// The trial.
        trial: TrialSummary };
    /// An offer waits for an answer.
    TrialOfferWaiting => "trial_offer_waiting" { /// The trial.
        trial: TrialSummary, /// When the offer lapses.
        answer_by: Instant };
    /// The offer's mail could not be delivered to the developer; to the one who offered.
    TrialOfferUndeliverable => "trial_offer_undeliverable" { /// The trial.
        trial: TrialSummary };
    /// Called off before its start.
    TrialCancelled => "trial_cancelled" { /// The trial.
        trial: TrialSummary, /// What the other party, or an admin, said.
        message: Option<String> };
    /// The start is near.
    TrialStartsSoon => "trial_starts_soon" { /// The trial.
        trial: TrialSummary, /// Days until the start.
        days: i64 };
    /// The first day.
    TrialStarted => "trial_started" { /// The trial.
        trial: TrialSummary };
    /// The other party proposes to end it together.
    TrialEndProposed => "trial_end_proposed" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// The trial has ended.
    TrialEnded => "trial_ended" { /// The trial.
        trial: TrialSummary, /// How: a word of the lifecycle.
        outcome: String, /// The last day of work, in the contract's zone.
        last_day: Option<NaiveDate>, /// What the other party said.
        message: Option<String> };
    /// The 30 days are over and somebody must decide.
    TrialOver => "trial_over" { /// The trial.
        trial: TrialSummary, /// When it ends by itself, undecided.
        grace_until: Instant };
    /// Nobody decided in time.
    TrialGraceOver => "trial_grace_over" { /// The trial.
        trial: TrialSummary };
    /// An admin ended it for cause.
    TrialTerminated => "trial_terminated" { /// The trial.
        trial: TrialSummary, /// The admin's written reason.
        reason: String };
    /// An offer can no longer be accepted: the hours or the seats are gone.
    TrialNoLongerPossible => "trial_no_longer_possible" { /// The trial.
        trial: TrialSummary };
    /// The other party does not agree to what was proposed.
    TrialProposalRefused => "trial_proposal_refused" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// Nobody answered what was proposed.
    TrialProposalLapsed => "trial_proposal_lapsed" { /// The trial.
        trial: TrialSummary };
    /// It rests.
    TrialPaused => "trial_paused" { /// The trial.
        trial: TrialSummary, /// Why.
        message: Option<String>, /// When it goes on by itself at the latest.
        until: Instant };
    /// It goes on after a pause.
    TrialResumed => "trial_resumed" { /// The trial.
        trial: TrialSummary };
    /// The other party proposes other terms.
    TrialAmendProposed => "trial_amend_proposed" { /// The trial.
        trial: TrialSummary, /// What would change, in words.
        changes: Vec<String>, /// What the other party said.
        message: Option<String>, /// When it lapses.
        answer_by: Instant };
    /// The terms have changed.
    TrialAmended => "trial_amended" { /// The trial.
        trial: TrialSummary };
    /// The other party proposes more days.
    TrialExtendProposed => "trial_extend_proposed" { /// The trial.
        trial: TrialSummary, /// How many.
        days: i64, /// What the other party said.
        message: Option<String>, /// When it lapses.
        answer_by: Instant };
    /// Days were added.
    TrialExtended => "trial_extended" { /// The trial.
        trial: TrialSummary };
    /// The client offers to go on for good.
    TrialConversionOffered => "trial_conversion_offered" { /// The trial.
        trial: TrialSummary, /// What.
        engagement: Engagement, /// What the other party said.
        message: Option<String>, /// When it lapses.
        answer_by: Instant };
    /// Both go on for good.
    TrialConverted => "trial_converted" { /// The trial.
        trial: TrialSummary, /// As what.
        engagement: Engagement };
    /// The developer would rather not go on for good.
    TrialConversionDeclined => "trial_conversion_declined" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// The offer to go on for good was not answered.
    TrialConversionLapsed => "trial_conversion_lapsed" { /// The trial.
        trial: TrialSummary };
    /// A party contests a termination; to admins.
    TrialAppealed => "trial_appealed" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// The appeal is answered.
    TrialAppealDecided => "trial_appeal_decided" { /// The trial.
        trial: TrialSummary, /// What the other party said.
        message: Option<String> };
    /// How does it go? The first one asks whether it has begun.
    TrialCheckIn => "trial_check_in" { /// The trial.
        trial: TrialSummary, /// Days since the start.
        day: i64, /// Whether it asks how the trial has begun.
        first: bool };
    /// A party has said that it does not go well; to admins.
    TrialCheckInNo => "trial_check_in_no" { /// The trial.
        trial: TrialSummary, /// Days since the start.
        day: i64, /// Which party says it: `client` or `developer`.
        party: String, /// What it says.
        message: Option<String> };
    /// Nobody has said how it began; to admins.
    TrialCheckInSilent => "trial_check_in_silent" { /// The trial.
        trial: TrialSummary };
    /// The decision opens.
    TrialDecisionOpens => "trial_decision_opens" { /// The trial.
        trial: TrialSummary };
    /// Nothing is decided yet; to the client.
    TrialUndecided => "trial_undecided" { /// The trial.
        trial: TrialSummary };
    /// The days are over soon.
    TrialEndsSoon => "trial_ends_soon" { /// The trial.
        trial: TrialSummary, /// Days until the end.
        days: i64 };
    /// The time to decide is almost over.
    TrialGraceEnds => "trial_grace_ends" { /// The trial.
        trial: TrialSummary, /// When.
        grace_until: Instant };
    /// The hand-over is not finished.
    TrialHandOver => "trial_hand_over" { /// The trial.
        trial: TrialSummary };
    /// The last timesheet is missing.
    TrialFinalTimesheet => "trial_final_timesheet" { /// The trial.
        trial: TrialSummary };
    /// A review is missing.
    TrialReviewDue => "trial_review_due" { /// The trial.
        trial: TrialSummary };

    // timesheets
    /// Hours wait for an answer; to the client.
    TimesheetSubmitted => "timesheet_submitted" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours, /// When they count without one.
        answer_by: Instant };
    /// The client doubts hours.
    TimesheetQueried => "timesheet_queried" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours, /// What the client said.
        message: Option<String>, /// Until when an answer is awaited.
        answer_by: Instant };
    /// The developer has answered a query; to the client and the admins.
    TimesheetAnswered => "timesheet_answered" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours, /// What the developer said.
        message: Option<String> };
    /// The hours count.
    TimesheetApproved => "timesheet_approved" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours };
    /// A query was not answered in time; to the admins.
    TimesheetOverdue => "timesheet_overdue" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours };
    /// An admin has decided which hours count.
    TimesheetDecided => "timesheet_decided" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours, /// The admin's written reason.
        message: Option<String> };
    /// The hours of a week come to 80 % or 100 % of what is agreed; to both.
    TimesheetCap => "timesheet_cap" { /// The trial.
        trial: TrialSummary, /// The week.
        hours: WeekOfHours, /// Of what is agreed.
        percent: i64, /// What is agreed, in hours per week.
        agreed_hours: i64 };

    // matching
    /// Developers have come to fit a job request; to the client.
    NewMatches => "new_matches" { /// The request.
        job_request_id: JobRequestId, /// Its title.
        title: String, /// How many they are.
        count: usize, /// The best of them.
        developers: Vec<DeveloperLine> };
    /// Open job requests fit; to the developer.
    FittingRequests => "fitting_requests" { /// How many they are.
        count: usize, /// The titles of the newest.
        titles: Vec<String> };

    // webhooks
    /// The house has switched a webhook off; to the owners, or, of its own, to the admins.
    WebhookDisabled => "webhook_disabled" { /// Which.
        webhook_id: WebhookId, /// Where it led.
        host: String, /// Why: a word.
        because: String };
}
