//! The vetted status of a developer: its lifecycle after the approval, as a table of the same kind as the application's.

use crate::developers::card::VettedStatus;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, DeveloperId, EventId, UserId};
use crate::kernel::process::{Actor, Step, Table, To, allowed, allowed_if};
use crate::vetting::appeal::{Against, AppealOutcome, Decision};
use crate::vetting::domain::days_after;
use crate::vetting::guards::{Facts, Guard};
use crate::words;

use VettedStatus as Status;

words! {
    /// What can be done with a vetted status; the last word of the URL where a person does it, and the word in the events.
    pub enum StandingAction {
        /// Vet the developer, by approving an application, for the first time or anew.
        Approve => "approve",
        /// Begin an application for renewal.
        Renew => "renew",
        /// The clock comes near to the end, then to the end.
        Expire => "expire",
        /// Take the developer out for a time.
        Suspend => "suspend",
        /// Take the developer back.
        Reinstate => "reinstate",
        /// Take the developer out for good.
        Revoke => "revoke",
        /// Appeal against a suspension or a revocation.
        Appeal => "appeal",
        /// Answer an appeal.
        DecideAppeal => "decide-appeal",
    }
}

words! {
    /// Who is told what by mail; the text is the mail's kind.
    pub enum StandingTold {
        /// The developer: the approval has ended.
        Expired => "vetting_expired",
        /// The developer: suspended.
        Suspended => "vetting_suspended",
        /// The developer: reinstated.
        Reinstated => "vetting_reinstated",
        /// The developer: revoked.
        Revoked => "vetting_revoked",
        /// The admins: an appeal came in.
        Appealed => "vetting_appealed",
        /// The developer: the appeal is decided.
        AppealDecided => "vetting_appeal_decided",
    }
}

/// A row of the table.
pub type StandingRow = Step<VettedStatus, StandingAction, Guard, StandingTold>;

const DEVELOPER: &[Actor] = &[Actor::Developer];
const ADMIN: &[Actor] = &[Actor::Admin];
const SYSTEM: &[Actor] = &[Actor::System];
const HELD: &[Status] = &[Status::Approved, Status::Expiring];
const ENDING: &[Status] = &[Status::Expiring, Status::Expired];
const TAKEN_OUT: &[Status] = &[Status::Suspended, Status::Revoked];
const APPROVED: To<Status> = To::State(Status::Approved);

/// The lifecycle: every step that exists.
pub const STANDING_STEPS: Table<VettedStatus, StandingAction, Guard, StandingTold> = &[
    StandingRow::new(StandingAction::Approve, &[], ADMIN, APPROVED),
    StandingRow::new(StandingAction::Approve, &[Status::Approved, Status::Expiring, Status::Expired], ADMIN, APPROVED),
    StandingRow::new(StandingAction::Renew, ENDING, DEVELOPER, To::Same).guarded(&[Guard::MayBegin]),
    StandingRow::new(StandingAction::Expire, &[Status::Approved], SYSTEM, To::State(Status::Expiring)).guarded(&[Guard::Due]),
    StandingRow::new(StandingAction::Expire, &[Status::Expiring], SYSTEM, To::State(Status::Expired))
        .guarded(&[Guard::Due])
        .telling(&[StandingTold::Expired]),
    StandingRow::new(StandingAction::Suspend, HELD, ADMIN, To::State(Status::Suspended))
        .guarded(&[Guard::WrittenReason])
        .telling(&[StandingTold::Suspended]),
    StandingRow::new(StandingAction::Reinstate, &[Status::Suspended], ADMIN, APPROVED)
        .guarded(&[Guard::WrittenReason])
        .telling(&[StandingTold::Reinstated]),
    StandingRow::new(StandingAction::Revoke, &[Status::Approved, Status::Expiring, Status::Suspended], ADMIN, To::State(Status::Revoked))
        .guarded(&[Guard::WrittenReason])
        .telling(&[StandingTold::Revoked]),
    StandingRow::new(StandingAction::Appeal, TAKEN_OUT, DEVELOPER, To::Same)
        .guarded(&[Guard::InTimeToAppeal, Guard::NotAppealed, Guard::WrittenReason])
        .telling(&[StandingTold::Appealed]),
    StandingRow::new(StandingAction::DecideAppeal, TAKEN_OUT, ADMIN, To::Appealed(Status::Approved))
        .guarded(&[Guard::AppealOpen, Guard::NotInvolved, Guard::WrittenReason])
        .telling(&[StandingTold::AppealDecided]),
];

/// A developer's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Whose.
    pub developer_id: DeveloperId,
    /// The application that was approved; none for seeded developers.
    pub application_id: Option<ApplicationId>,
    /// Where it stands.
    pub status: VettedStatus,
    /// When it was given.
    pub approved_at: Instant,
    /// Until when it holds.
    pub valid_until: Instant,
    /// Grows by one with every step.
    pub version: i64,
    /// When the last step was taken.
    pub changed_at: Instant,
}

/// One step that was taken. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VettedEvent {
    /// The event.
    pub id: EventId,
    /// Whose approval.
    pub developer_id: DeveloperId,
    /// Its version after the step.
    pub version: i64,
    /// What was done.
    pub action: StandingAction,
    /// In which role.
    pub actor: Actor,
    /// By whom.
    pub user_id: Option<UserId>,
    /// From where; none for the first.
    pub from_status: Option<VettedStatus>,
    /// To where.
    pub to_status: VettedStatus,
    /// Why, as a word.
    pub reason_code: Option<String>,
    /// Why, in words.
    pub message: Option<String>,
    /// When.
    pub occurred_at: Instant,
}

impl Pass {
    /// The status that `row` leads to; an appeal only where it is overturned.
    ///
    /// # Errors
    /// 500 when the row leads nowhere from here.
    pub fn arrival(&self, row: &StandingRow, outcome: Option<AppealOutcome>) -> Result<VettedStatus> {
        if matches!(row.to, To::Appealed(_)) && outcome != Some(AppealOutcome::Overturned) {
            return Ok(self.status);
        }
        let arrival = row.to.arrive(self.status, None, None);
        arrival.ok_or_else(|| Error::internal(format!("`{}` in `{}` leads nowhere", row.action, self.status)))
    }

    /// What the clock does to it next, and when; nothing happens before the step that made it possible.
    pub fn clock_step(&self, expiring_days: i64) -> Option<(StandingAction, Instant)> {
        let action = allowed(STANDING_STEPS, self.status, Actor::System).first().copied()?;
        let at = if self.status == Status::Approved { self.expiring_at(expiring_days) } else { self.valid_until };
        Some((action, at.max(self.changed_at)))
    }

    /// From when it counts as expiring and can be renewed.
    pub fn expiring_at(&self, expiring_days: i64) -> Instant {
        days_after(self.valid_until, -expiring_days)
    }
}

/// The decision that can be appealed: the last suspension or revocation.
pub fn last_decision(events: &[VettedEvent]) -> Option<Decision> {
    let decision = |event: &VettedEvent| {
        let against = match event.action {
            StandingAction::Suspend => Against::Suspension,
            StandingAction::Revoke => Against::Revocation,
            _ => return None,
        };
        Some(Decision { against, version: event.version, at: event.occurred_at })
    };
    events.iter().rev().find_map(decision)
}

/// Whether the admin has taken part in what an appeal may be against.
pub fn is_involved(events: &[VettedEvent], admin: UserId) -> bool {
    let decisions = [StandingAction::Suspend, StandingAction::Reinstate, StandingAction::Revoke];
    events.iter().any(|event| decisions.contains(&event.action) && event.user_id == Some(admin))
}

/// What `actor` may do now: the rows of the status whose standing guards hold. Approving is a step of the application.
pub fn standing_actions(status: VettedStatus, actor: Actor, facts: &Facts) -> Vec<StandingAction> {
    let open = |row: &StandingRow| row.guards.iter().all(|guard| !guard.is_standing() || guard.check(facts).is_ok());
    allowed_if(STANDING_STEPS, status, actor, |row| row.action != StandingAction::Approve && open(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::process::{is_finished, matrix};
    use crate::kernel::words::Word as _;

    // From the rules as agreed, not from the table.
    const RULES: &str = "
        approve       | admin     | approved expiring expired   | approved
        renew         | developer | expiring expired            | (same)
        expire        | system    | approved                    | expiring
        expire        | system    | expiring                    | expired
        suspend       | admin     | approved expiring           | suspended
        reinstate     | admin     | suspended                   | approved
        revoke        | admin     | approved expiring suspended | revoked
        appeal        | developer | suspended revoked           | (same)
        decide-appeal | admin     | suspended revoked           | (same) or approved
    ";

    fn pass(status: VettedStatus) -> Pass {
        let at = |day: i64| Instant::from_micros(day * 86_400_000_000);
        Pass {
            developer_id: DeveloperId::from_u128(1),
            application_id: None,
            status,
            approved_at: at(0),
            valid_until: at(540),
            version: 1,
            changed_at: at(0),
        }
    }

    fn arrival(row: &StandingRow, status: VettedStatus) -> String {
        let arrive = |outcome| pass(status).arrival(row, outcome).unwrap();
        match row.to {
            To::Same => "(same)".to_owned(),
            To::Appealed(_) => {
                assert_eq!((arrive(Some(AppealOutcome::Upheld)), arrive(None)), (status, status));
                format!("(same) or {}", arrive(Some(AppealOutcome::Overturned)))
            }
            _ => arrive(None).to_string(),
        }
    }

    #[test]
    fn the_table_is_the_rules() {
        matrix::check(STANDING_STEPS, &matrix::read(RULES), arrival);
    }

    #[test]
    fn only_a_revocation_is_the_end_and_the_clock_takes_nobody_out() {
        let finished: Vec<_> = Status::ALL.iter().filter(|status| is_finished(STANDING_STEPS, status)).collect();
        assert_eq!(finished, [&Status::Revoked]);
        let clock = STANDING_STEPS.iter().filter(|row| row.by.contains(&Actor::System));
        assert!(clock.map(|row| row.action).all(|action| action == StandingAction::Expire));
        let by_admins = STANDING_STEPS.iter().filter(|row| row.by == ADMIN && row.action != StandingAction::Approve);
        assert!(by_admins.into_iter().all(|row| row.guards.contains(&Guard::WrittenReason)));
    }

    #[test]
    fn the_clock_waits_for_the_dates_and_for_the_last_step() {
        let day = |pass: &Pass| pass.clock_step(30).map(|(_, at)| at.micros() / 86_400_000_000);
        assert_eq!(Status::ALL.iter().map(|status| day(&pass(*status))).collect::<Vec<_>>(), [Some(510), Some(540), None, None, None]);
        let late = Pass { changed_at: Instant::from_micros(600 * 86_400_000_000), ..pass(Status::Approved) };
        assert_eq!(day(&late), Some(600), "nobody who was suspended beyond the end expires before the reinstatement");
    }

    #[test]
    fn what_is_offered_follows_the_facts() {
        let names = |status, actor, facts: &Facts| {
            standing_actions(status, actor, facts).into_iter().map(crate::kernel::words::Word::as_str).collect::<Vec<_>>()
        };
        let none = Facts::default();
        assert_eq!(names(Status::Approved, Actor::Admin, &none), ["suspend", "revoke"]);
        assert_eq!(names(Status::Suspended, Actor::Admin, &none), ["reinstate", "revoke"]);
        let appealed = Facts { appeal_open: true, not_involved: true, ..Facts::default() };
        assert_eq!(names(Status::Suspended, Actor::Admin, &appealed), ["reinstate", "revoke", "decide-appeal"]);
        let open = Facts { in_time_to_appeal: true, not_appealed: true, may_begin: true, ..Facts::default() };
        assert_eq!(names(Status::Revoked, Actor::Developer, &open), ["appeal"]);
        assert_eq!(
            (names(Status::Expiring, Actor::Developer, &open), names(Status::Expiring, Actor::Developer, &none)),
            (vec!["renew"], vec![])
        );
    }
}
