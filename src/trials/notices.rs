//! Who is told what by mail when a trial takes a step.

use crate::kernel::lifecycle::Described;
use crate::kernel::process::Actor;
use crate::kernel::words::Word;
use crate::words;

words! {
    /// What somebody is told by mail; the text is the mail's kind.
    pub enum Told {
        /// A client offers a trial.
        Offer => "trial_offer",
        /// The developer asks for other terms.
        Countered => "trial_countered",
        /// The client answers with other terms.
        Revised => "trial_revised",
        /// The other party has signed.
        Accepted => "trial_accepted",
        /// Both have signed: the key dates.
        Scheduled => "trial_scheduled",
        /// The other party said no.
        Declined => "trial_declined",
        /// The offer was taken back.
        Withdrawn => "trial_withdrawn",
        /// Nobody answered in time.
        Expired => "trial_expired",
        /// Called off.
        Cancelled => "trial_cancelled",
        /// The first day.
        Started => "trial_started",
        /// The other party would end it together.
        EndProposed => "trial_end_proposed",
        /// The other party would not, whatever was proposed.
        ProposalRefused => "trial_proposal_refused",
        /// Nobody answered a proposal in time.
        ProposalLapsed => "trial_proposal_lapsed",
        /// It rests.
        Paused => "trial_paused",
        /// It goes on after a pause.
        Resumed => "trial_resumed",
        /// The other party would change the terms.
        AmendProposed => "trial_amend_proposed",
        /// The terms have changed.
        Amended => "trial_amended",
        /// The other party would add days.
        ExtendProposed => "trial_extend_proposed",
        /// Days were added.
        Extended => "trial_extended",
        /// The client would go on for good.
        ConversionOffered => "trial_conversion_offered",
        /// Both go on for good.
        Converted => "trial_converted",
        /// The developer would rather not.
        ConversionDeclined => "trial_conversion_declined",
        /// The developer did not answer in time.
        ConversionLapsed => "trial_conversion_lapsed",
        /// A party contests a termination.
        Appealed => "trial_appealed",
        /// The appeal is answered.
        AppealDecided => "trial_appeal_decided",
        /// It has ended.
        Ended => "trial_ended",
        /// The days are over, somebody must decide.
        TrialOver => "trial_over",
        /// Nobody decided.
        GraceOver => "trial_grace_over",
        /// Stop work: ended for cause.
        Terminated => "trial_terminated",
    }
}

words! {
    /// Who receives a step's mail, seen from the one who takes the step.
    pub enum Whom {
        /// Each party but the one who acts: the other party, or both when an admin or the clock acts.
        Others => "others",
        /// The party who acts.
        Actor => "actor",
        /// The admins.
        Admins => "admins",
    }
}

words! {
    /// Somebody whom a mail goes to.
    pub enum Recipient {
        /// The members of the client's organisation who follow the trial.
        Client => "client",
        /// The developer.
        Developer => "developer",
        /// The admins.
        Admins => "admins",
    }
}

/// A mail that a step sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What is said.
    pub told: Told,
    /// To whom.
    pub to: Whom,
}

/// A mail to each party but the one who acts.
pub const fn others(told: Told) -> Notice {
    Notice { told, to: Whom::Others }
}

impl Described for Notice {
    fn word(&self) -> String {
        self.told.as_str().to_owned()
    }

    fn about(&self) -> String {
        format!("To {}: {}", self.to, Word::about(self.told))
    }
}

impl Whom {
    /// The recipients when `actor` takes the step.
    pub fn recipients(self, actor: Actor) -> &'static [Recipient] {
        match (self, actor) {
            (Self::Admins, _) => &[Recipient::Admins],
            (Self::Others, Actor::Client) | (Self::Actor, Actor::Developer) => &[Recipient::Developer],
            (Self::Others, Actor::Developer) | (Self::Actor, Actor::Client) => &[Recipient::Client],
            (Self::Others, Actor::Admin | Actor::System) => &[Recipient::Client, Recipient::Developer],
            (Self::Actor, Actor::Admin) => &[Recipient::Admins],
            (Self::Actor, Actor::System) => &[],
        }
    }
}
