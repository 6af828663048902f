//! Which mails a person may switch off, and which ones are. Contract, ending, security and privacy mails are not among them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::error::{Faults, Result};
use crate::kernel::principal::Role;
use crate::notifications::domain::LetterKind;
use crate::words;

words! {
    /// A kind of mail that its recipients may switch off.
    pub enum OptionalMail {
        /// Applications for vetting in which nothing happens, once a day.
        VettingDigest => "vetting_digest",
        /// Developers who have come to fit one's open job request, at most once a day for each.
        NewMatchesDigest => "new_matches_digest",
        /// Open job requests that have come to fit oneself, at most once a day.
        FittingRequestsDigest => "fitting_requests_digest",
        /// How a trial goes, on days 3, 7, 14 and 21.
        TrialCheckIns => "trial_check_ins",
        /// An invitation to talk that waits for one's answer.
        InvitationReminders => "invitation_reminders",
        /// New messages about an invitation.
        InvitationMessages => "invitation_messages",
    }
}

/// Every mail that can be switched off: who gets it, and as which letter.
pub const OPTIONAL: [(OptionalMail, Role, LetterKind); 8] = [
    (OptionalMail::VettingDigest, Role::Admin, LetterKind::VettingIdle),
    (OptionalMail::NewMatchesDigest, Role::Client, LetterKind::NewMatches),
    (OptionalMail::FittingRequestsDigest, Role::Developer, LetterKind::FittingRequests),
    (OptionalMail::TrialCheckIns, Role::Client, LetterKind::TrialCheckIn),
    (OptionalMail::TrialCheckIns, Role::Developer, LetterKind::TrialCheckIn),
    (OptionalMail::InvitationReminders, Role::Developer, LetterKind::JobInvitationWaiting),
    (OptionalMail::InvitationMessages, Role::Client, LetterKind::JobInvitationMessage),
    (OptionalMail::InvitationMessages, Role::Developer, LetterKind::JobInvitationMessage),
];

impl OptionalMail {
    /// The kinds that somebody of this role gets.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        OPTIONAL.iter().filter(move |(_, to, _)| *to == role).map(|(kind, ..)| *kind)
    }
}

/// Whether one kind of mail is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "kind": "trial_check_ins", "enabled": false })))]
pub struct Preference {
    /// Which.
    pub kind: OptionalMail,
    /// Whether such mails are sent.
    pub enabled: bool,
}

/// The mails that a person may switch off, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// When written, a kind that is left out is on.
    #[schema(max_items = 20)]
    pub preferences: Vec<Preference>,
}

impl Preferences {
    /// All kinds of the role, with what `stored` says of them; on where it says nothing.
    pub fn complete(role: Role, stored: &[Preference]) -> Self {
        let enabled = |kind| stored.iter().find(|each| each.kind == kind).is_none_or(|each| each.enabled);
        Self { preferences: OptionalMail::of(role).map(|kind| Preference { kind, enabled: enabled(kind) }).collect() }
    }

    /// What somebody of this role has written, complete.
    ///
    /// # Errors
    /// Faults for kinds that stand twice and for those that the role does not get.
    pub fn check(self, role: Role) -> Result<Self> {
        let mut faults = Faults::default();
        for (position, each) in self.preferences.iter().enumerate() {
            let pointer = format!("/preferences/{position}/kind");
            if !OptionalMail::of(role).any(|kind| kind == each.kind) {
                faults.add(pointer, format!("{} is no mail that a {role} gets: leave it out", each.kind));
            } else if self.preferences.iter().take(position).any(|before| before.kind == each.kind) {
                faults.add(pointer, format!("{} stands twice: name each kind once", each.kind));
            }
        }
        faults.finish().map(|()| Self::complete(role, &self.preferences))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::words::Word as _;

    #[test]
    fn every_kind_is_somebodys_and_on_until_it_is_off() {
        for kind in OptionalMail::ALL {
            assert!(OPTIONAL.iter().any(|(of, ..)| of == kind), "{kind}");
        }
        let off = Preference { kind: OptionalMail::NewMatchesDigest, enabled: false };
        let on = Preference { kind: OptionalMail::InvitationMessages, enabled: true };
        let check_ins = Preference { kind: OptionalMail::TrialCheckIns, enabled: true };
        assert_eq!(Preferences::complete(Role::Client, &[off]).preferences, [off, check_ins, on]);
        assert!(Preferences::complete(Role::Developer, &[]).preferences.iter().all(|each| each.enabled));
        let digest = Preference { kind: OptionalMail::VettingDigest, enabled: true };
        assert_eq!(Preferences::complete(Role::Admin, &[]).preferences, [digest]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let on = |kind| Preference { kind, enabled: true };
        let written = [OptionalMail::FittingRequestsDigest, OptionalMail::NewMatchesDigest, OptionalMail::FittingRequestsDigest].map(on);
        let refused = Preferences { preferences: written.to_vec() }.check(Role::Developer).unwrap_err();
        let pointers: Vec<&str> = refused.faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/preferences/1/kind", "/preferences/2/kind"]);
    }
}
