//! Letters: each is composed once and rendered as HTML and as text, so that both say the same.
//!
//! The look is `templates/letter.mjml`. MJML makes `templates/letter.html` of it when the layout is changed (a test does that,
//! and sees that the two agree), and askama compiles it: no mail is ever read as MJML, so nothing a person wrote can be an
//! instruction to it, and a mail costs microseconds.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use chrono::NaiveDate;
use url::form_urlencoded::byte_serialize;

use crate::kernel::error::{Error, Result};
use crate::kernel::ids::MailTokenId;
use crate::kernel::text::is_invisible;
use crate::kernel::zone::TimeZone;
use crate::notifications::calendar::CalendarEvents;
use crate::notifications::domain::Letter;
use crate::notifications::letters_accounts as accounts;
use crate::notifications::letters_invitations as invited;
use crate::notifications::letters_matching as matching;
use crate::notifications::letters_timesheets as sheets;
use crate::notifications::letters_trials as trials;
use crate::notifications::letters_trials_running as later;
use crate::notifications::letters_vetting as vetting;
use crate::notifications::letters_webhooks as hooks;
use crate::notifications::preferences::OptionalMail;
use crate::notifications::recipient::Recipient;
use crate::notifications::summaries::InvitationSummary;
use crate::notifications::trial_dates::attached;

/// The most characters of a name.
const NAME: usize = 80;
/// The most characters of a subject line.
const SUBJECT: usize = 160;
/// The most characters of what a mailbox shows beside the subject.
const PREHEADER: usize = 140;
/// The most characters of a longer text.
const PROSE: usize = 5000;
const FOOTER: &str = "Guildhall sends you this mail because it concerns you. Replies to it are not read.";

/// Makes the secret text of a link from the id of its token; the database never holds the text.
pub type TokenMaker = Arc<dyn Fn(&MailTokenId) -> String + Send + Sync>;

/// Makes the address that switches a person's mails of a kind off, from the person's key; it needs no sign-in.
pub type UnsubscribeMaker = Arc<dyn Fn(&str, OptionalMail) -> String + Send + Sync>;

/// Where the links in mails point.
#[derive(Debug, Clone)]
pub struct Links {
    /// `server.frontend_url` or else `server.public_url`; never what a request says.
    pub base: String,
}

impl Links {
    /// `<base>/<page>?token=…`.
    fn with_token(&self, page: &str, token: &str) -> String {
        let token: String = byte_serialize(token.as_bytes()).collect();
        self.to(&format!("{page}?token={token}"))
    }

    /// `<base>/<page>`.
    fn to(&self, page: &str) -> String {
        format!("{}/{page}", self.base.trim_end_matches('/'))
    }
}

/// A letter ready to be rendered. Everything in it is clean: no control or invisible characters, nothing endless.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject line.
    pub subject: String,
    /// What a mailbox shows beside the subject.
    pub preheader: String,
    /// The salutation.
    pub greeting: String,
    /// What it says.
    pub paragraphs: Vec<String>,
    /// Labels with their values.
    pub facts: Vec<(&'static str, String)>,
    /// The one thing to do: a label and a link.
    pub action: Option<(&'static str, String)>,
    /// Why the person gets it.
    pub footer: &'static str,
    /// Where the person switches such mails off; none for those that cannot be.
    pub unsubscribe: Option<String>,
}

impl Composed {
    /// A letter that begins with `first`.
    pub(super) fn new(subject: &str, first: &str) -> Self {
        let first = prose(first);
        Self {
            subject: subject_line(subject),
            preheader: line(&first, PREHEADER),
            greeting: "Hello,".to_owned(),
            paragraphs: vec![first],
            facts: Vec::new(),
            action: None,
            footer: FOOTER,
            unsubscribe: None,
        }
    }

    /// Adds a paragraph.
    pub(super) fn say(mut self, paragraph: &str) -> Self {
        self.paragraphs.push(prose(paragraph));
        self
    }

    /// Adds what somebody wrote, if anything.
    pub(super) fn quote(self, label: &str, message: Option<&str>) -> Self {
        match message.map(str::trim) {
            Some(message) if !message.is_empty() => self.say(&format!("{label}: \u{201c}{message}\u{201d}")),
            _ => self,
        }
    }

    /// Leads to a page that needs no token.
    pub(super) fn leads_to(self, label: &'static str, page: String) -> Self {
        Self { action: Some((label, page)), ..self }
    }

    /// Adds a labelled value.
    pub(super) fn fact(mut self, label: &'static str, value: &str) -> Self {
        self.facts.push((label, line(value, PROSE)));
        self
    }
}

impl fmt::Debug for Composed {
    /// Without what it says: its links open doors.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Composed").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// A letter as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
    /// Where such mails are switched off, with one POST.
    pub unsubscribe: Option<String>,
    /// Key dates, to be attached.
    pub calendar: Option<CalendarEvents>,
}

impl fmt::Debug for Rendered {
    /// Without what it says: its links open doors.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rendered").field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    letter: &'a Composed,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    letter: &'a Composed,
}

/// Writes letters: knows where links point and how their tokens are made.
#[derive(Clone)]
pub struct Scribe {
    links: Links,
    tokens: TokenMaker,
    unsubscribe: UnsubscribeMaker,
}

impl Scribe {
    /// A scribe with the base of its links, the maker of their tokens, and that of the links that switch mails off.
    pub fn new(links: Links, tokens: TokenMaker, unsubscribe: UnsubscribeMaker) -> Self {
        Self { links, tokens, unsubscribe }
    }

    /// What `letter` says to `recipient`.
    pub fn compose(&self, letter: &Letter, recipient: &Recipient) -> Composed {
        let unsubscribe = letter.optional().map(|kind| (self.unsubscribe)(&recipient.key, kind));
        let composed = Composed { unsubscribe, ..self.body(letter, recipient.time_zone) };
        let name = name(&recipient.name);
        if name.is_empty() { composed } else { Composed { greeting: format!("Hello {name},"), ..composed } }
    }

    /// The same in HTML and in plain text.
    ///
    /// # Errors
    /// Never with the templates of this crate.
    pub fn render(&self, letter: &Letter, recipient: &Recipient) -> Result<Rendered> {
        let calendar = attached(letter);
        let letter = &self.compose(letter, recipient);
        let html = Html { letter }.render().map_err(Error::internal)?;
        let text = Text { letter }.render().map_err(Error::internal)?;
        Ok(Rendered { subject: letter.subject.clone(), html, text, unsubscribe: letter.unsubscribe.clone(), calendar })
    }

    /// The subject line of `letter`.
    pub fn subject_line(&self, letter: &Letter) -> String {
        self.body(letter, TimeZone::UTC).subject
    }

    fn link(&self, page: &str, token: &MailTokenId) -> String {
        self.links.with_token(page, &(self.tokens)(token))
    }

    fn invitation(&self, invitation: &InvitationSummary) -> String {
        self.links.to(&format!("invitations/{}", invitation.invitation_id))
    }

    fn body(&self, letter: &Letter, own: TimeZone) -> Composed {
        let composed = words(letter, own);
        let page = composed.action.as_ref().map(|(label, page)| (*label, self.links.to(page)));
        Composed { action: self.action(letter).or(page), ..composed }
    }

    /// What a letter asks for, and where it leads.
    fn action(&self, letter: &Letter) -> Option<(&'static str, String)> {
        Some(match letter {
            Letter::VerifyEmail { token_id } => ("Verify your e-mail", self.link("verify-email", token_id)),
            Letter::ResetPassword { token_id } => ("Choose a new password", self.link("reset-password", token_id)),
            Letter::Invitation { token_id, .. } => ("Accept the invitation", self.link("invitation", token_id)),
            Letter::SetPassword { token_id } => ("Choose a password", self.link("reset-password", token_id)),
            Letter::KeepData { token_id, .. } => ("Keep my data", self.link("keep-my-data", token_id)),
            Letter::VettingAppealed { about, .. } => ("Read the appeal", self.links.to(&format!("appeals/{about}"))),
            Letter::VettingIdle { .. } => ("See the applications", self.links.to("vetting/applications")),
            Letter::JobInvitation { invitation, .. } => ("See the invitation", self.invitation(invitation)),
            Letter::JobInvitationWaiting { invitation } => ("Answer the invitation", self.invitation(invitation)),
            Letter::JobInvitationAccepted { invitation, .. } => ("Answer", self.invitation(invitation)),
            Letter::JobInvitationMessage { invitation } => ("Read the message", self.invitation(invitation)),
            Letter::NewMatches { job_request_id, .. } => ("See who fits", self.links.to(&format!("job-requests/{job_request_id}"))),
            Letter::FittingRequests { .. } => ("See what fits you", self.links.to("developers/me/job-requests")),
            Letter::WebhookDisabled { webhook_id, .. } => ("See its deliveries", self.links.to(&format!("webhooks/{webhook_id}"))),
            _ => return None,
        })
    }
}

/// What a letter says.
fn words(letter: &Letter, own: TimeZone) -> Composed {
    match letter {
        Letter::VerifyEmail { .. } => accounts::verify_email(),
        Letter::AlreadyRegistered => accounts::already_registered(),
        Letter::ResetPassword { .. } => accounts::reset_password(),
        Letter::PasswordChanged => accounts::password_changed(),
        Letter::SessionReuse => accounts::session_reuse(),
        Letter::SecondFactorOn | Letter::SecondFactorOff => accounts::second_factor(letter),
        Letter::SecondFactorReset => accounts::second_factor_reset(),
        Letter::RecoveryCodeUsed { left } => accounts::recovery_code_used(*left),
        Letter::RecoveryCodesRenewed => accounts::recovery_codes_renewed(),
        Letter::IdentityLinked { provider } | Letter::IdentityUnlinked { provider } => accounts::identity(letter, provider),
        Letter::Invitation { organization, .. } => accounts::invitation(organization.as_deref()),
        Letter::SetPassword { .. } => accounts::set_password(),
        Letter::AccountClosed { erased_by } => accounts::account_closed(*erased_by, own),
        Letter::KeepData { erased_on, .. } => accounts::keep_data(*erased_on, own),
        Letter::OrganizationPassed { organization } => accounts::organization_passed(organization),
        Letter::ApiKeyMade { name, scopes, made_by, expires_at } => accounts::api_key_made([name, made_by], scopes, *expires_at, own),
        Letter::VettingReceived { stages, kept } => vetting::received(stages, kept),
        Letter::VettingTaken => vetting::taken(),
        Letter::VettingStagePassed { stage, next, feedback } => vetting::stage_passed(stage, next, feedback.as_deref()),
        Letter::VettingQuestions { questions, answer_by } => vetting::questions(questions, *answer_by, own),
        Letter::VettingQuestionsWaiting { questions, answer_by } => vetting::questions_waiting(questions, *answer_by, own),
        Letter::VettingLapsed => vetting::lapsed(),
        Letter::VettingApproved { levels, valid_until } => vetting::approved(levels, *valid_until, own),
        Letter::VettingRejected { reason_code, message, retry_after, appeal_by } => {
            vetting::rejected(reason_code, message, [*retry_after, *appeal_by], own)
        }
        Letter::VettingAppealed { about, against, message } => vetting::appealed(about, against, message),
        Letter::VettingAppealDecided { against, overturned, answer } => vetting::appeal_decided(against, *overturned, answer),
        Letter::VettingWithdrawn => vetting::withdrawn(),
        Letter::VettingOnHold => vetting::on_hold(),
        Letter::VettingReleased => vetting::released(),
        Letter::VettingExpiring { valid_until, renew_from } => vetting::expiring(*valid_until, *renew_from, own),
        Letter::VettingExpired => vetting::expired(),
        Letter::VettingSuspended { reason, appeal_by } => vetting::suspended(reason, *appeal_by, own),
        Letter::VettingReinstated { valid_until } => vetting::reinstated(*valid_until, own),
        Letter::VettingRevoked { reason, appeal_by } => vetting::revoked(reason, *appeal_by, own),
        Letter::VettingIdle { count, applications } => vetting::idle(*count, applications),
        Letter::JobInvitation { invitation, message } => invited::received(invitation, message, own),
        Letter::JobInvitationWaiting { invitation } => invited::waiting(invitation, own),
        Letter::JobInvitationAccepted { invitation, message, call_times: at } => invited::accepted(invitation, message.as_deref(), at, own),
        Letter::JobInvitationDeclined { invitation, message } => invited::declined(invitation, message.as_deref()),
        Letter::JobInvitationLapsed { invitation } => invited::lapsed(invitation),
        Letter::JobInvitationMessage { invitation } => invited::new_message(invitation),
        Letter::TrialOffer { trial, answer_by } => trials::offer(trial, *answer_by, own),
        Letter::TrialCountered { trial, answer_by } => trials::countered(trial, *answer_by, own),
        Letter::TrialRevised { trial, answer_by } => trials::revised(trial, *answer_by, own),
        Letter::TrialAccepted { trial } => trials::accepted(trial, own),
        Letter::TrialScheduled { trial } => trials::scheduled(trial, own),
        Letter::TrialDeclined { trial, message } => trials::declined(trial, message.as_deref(), own),
        Letter::TrialWithdrawn { trial } => trials::withdrawn(trial, own),
        Letter::TrialExpired { trial } => trials::expired(trial, own),
        Letter::TrialOfferWaiting { trial, answer_by } => trials::offer_waiting(trial, *answer_by, own),
        Letter::TrialOfferUndeliverable { trial } => trials::offer_undeliverable(trial, own),
        Letter::TrialCancelled { trial, message } => trials::cancelled(trial, message.as_deref(), own),
        Letter::TrialStartsSoon { trial, days } => trials::starts_soon(trial, *days, own),
        Letter::TrialStarted { trial } => trials::started(trial, own),
        Letter::TrialEndProposed { trial, message } => trials::end_proposed(trial, message.as_deref(), own),
        Letter::TrialProposalRefused { trial, message } => later::proposal_refused(trial, message.as_deref(), own),
        Letter::TrialProposalLapsed { trial } => later::proposal_lapsed(trial, own),
        Letter::TrialPaused { trial, message, until } => later::paused(trial, message.as_deref(), *until, own),
        Letter::TrialResumed { trial } => later::resumed(trial, own),
        Letter::TrialAmendProposed { trial, changes, message, answer_by: by } => later::amend(trial, changes, message.as_deref(), *by, own),
        Letter::TrialAmended { trial } => later::amended(trial, own),
        Letter::TrialExtendProposed { trial, days, message, answer_by: by } => later::extend(trial, *days, message.as_deref(), *by, own),
        Letter::TrialExtended { trial } => later::extended(trial, own),
        Letter::TrialConversionOffered { trial, engagement: on, message, answer_by: by } => later::go_on(trial, on, message, *by, own),
        Letter::TrialConverted { trial, engagement } => later::converted(trial, engagement, own),
        Letter::TrialConversionDeclined { trial, message } => later::conversion_declined(trial, message.as_deref(), own),
        Letter::TrialConversionLapsed { trial } => later::conversion_lapsed(trial, own),
        Letter::TrialAppealed { trial, message } => later::appealed(trial, message.as_deref(), own),
        Letter::TrialAppealDecided { trial, message } => later::appeal_decided(trial, message.as_deref(), own),
        Letter::TrialCheckIn { trial, first, .. } => later::check_in(trial, *first, own),
        Letter::TrialCheckInNo { trial, day, party, message } => later::check_in_no(trial, *day, party, message.as_deref(), own),
        Letter::TrialCheckInSilent { trial } => later::check_in_silent(trial, own),
        Letter::TrialDecisionOpens { trial } => later::decision_opens(trial, own),
        Letter::TrialUndecided { trial } => later::undecided(trial, own),
        Letter::TrialEndsSoon { trial, days } => later::ends_soon(trial, *days, own),
        Letter::TrialGraceEnds { trial, grace_until } => later::grace_ends(trial, *grace_until, own),
        Letter::TrialHandOver { trial } => later::hand_over(trial, own),
        Letter::TrialFinalTimesheet { trial } => later::final_timesheet(trial, own),
        Letter::TrialReviewDue { trial } => later::review_due(trial, own),
        Letter::TrialEnded { trial, outcome, last_day, message } => trials::ended(trial, outcome, *last_day, message.as_deref(), own),
        Letter::TrialOver { trial, grace_until } => trials::over(trial, *grace_until, own),
        Letter::TrialGraceOver { trial } => trials::grace_over(trial, own),
        Letter::TrialTerminated { trial, reason } => trials::terminated(trial, reason, own),
        Letter::TrialNoLongerPossible { trial } => trials::no_longer_possible(trial, own),
        Letter::TimesheetSubmitted { trial, hours, answer_by } => sheets::submitted(trial, hours, *answer_by, own),
        Letter::TimesheetQueried { trial, hours, message, answer_by: by } => sheets::queried(trial, hours, message.as_deref(), *by, own),
        Letter::TimesheetAnswered { trial, hours, message } => sheets::answered(trial, hours, message.as_deref(), own),
        Letter::TimesheetApproved { trial, hours } => sheets::approved(trial, hours, own),
        Letter::TimesheetOverdue { trial, hours } => sheets::overdue(trial, hours, own),
        Letter::TimesheetDecided { trial, hours, message } => sheets::decided(trial, hours, message.as_deref(), own),
        Letter::TimesheetCap { trial, hours, percent, agreed_hours } => sheets::cap(trial, hours, *percent, *agreed_hours, own),
        Letter::NewMatches { title, count, developers, .. } => matching::new_matches(title, *count, developers),
        Letter::FittingRequests { count, titles } => matching::fitting_requests(*count, titles),
        Letter::WebhookDisabled { host, because, .. } => hooks::disabled(host, because),
    }
}

/// A name fit for a subject, a salutation or a header: one visible line of bounded length.
pub(super) fn name(text: &str) -> String {
    line(text, NAME)
}

/// A subject line without control characters, of bounded length.
pub(super) fn subject_line(text: &str) -> String {
    line(text, SUBJECT)
}

/// A word such as `profile_review` for people to read.
pub(super) fn spoken(word: &str) -> String {
    name(&word.replace('_', " "))
}

/// `Tue 1 Dec 2026`.
pub(super) fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b %Y").to_string()
}

fn line(text: &str, most: usize) -> String {
    let visible = text.chars().map(|each| if each.is_control() || is_invisible(each) { ' ' } else { each });
    let visible: String = visible.collect();
    cut(&visible.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

fn prose(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let fine = |each: &char| *each == '\n' || !(each.is_control() || is_invisible(*each));
    cut(text.chars().filter(fine).collect::<String>().trim(), PROSE)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut shorter: String = text.chars().take(most.saturating_sub(1)).collect();
    shorter.push('\u{2026}');
    shorter
}
