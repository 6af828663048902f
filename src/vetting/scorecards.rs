//! Writing scorecards: each admin the own one, while its stage is worked on.

use crate::db::Conn;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Faults, Result};
use crate::kernel::ids::{ApplicationId, UserId};
use crate::kernel::process::Actor;
use crate::vetting::application::{Application, Card};
use crate::vetting::domain::Scorecard;
use crate::vetting::process::{Stage, allowed_actions};
use crate::vetting::service::{Vetting, canonical};
use crate::vetting::store_cards;
use crate::vetting::view::ScorecardView;

impl Vetting {
    /// Writes the admin's own card of the current stage, for the first time or anew.
    ///
    /// # Errors
    /// 403 for others than admins; 404; 409 while another stage is worked on; 412 when stale; 422 with every fault.
    pub async fn write_scorecard(&self, call: Call, id: ApplicationId, stage: Stage, scorecard: Scorecard) -> Result<Answer> {
        call.principal.admin()?;
        self.change(call, move |this, conn, call, now| {
            let application = this.current(conn, &call.principal, id, now)?;
            if application.state != stage.state() {
                return Err(this.wrong_stage(conn, application, stage, call.principal.user, now)?);
            }
            let scorecard = resolved(conn, &scorecard)?;
            let version = current_version(conn, id, stage, call.principal.user)?;
            call.expected.check(version)?;
            write(conn, id, Card { stage, reviewer_id: call.principal.user, scorecard, version: version + 1, written_at: now })
        })
        .await
    }

    fn wrong_stage(&self, conn: &mut Conn, application: Application, stage: Stage, admin: UserId, now: Instant) -> Result<Error> {
        let state = application.state;
        let dossier = self.dossier(conn, application)?;
        let facts = self.standing_facts(conn, &dossier, admin, now)?;
        let sentence = format!("The scorecard of `{stage}` can be written while that stage is worked on; the state is `{state}`.");
        let actions = allowed_actions(state, Actor::Admin, &facts);
        Ok(Error::new(Code::InvalidTransition, sentence).with("state", state).with("allowed_actions", actions))
    }
}

/// 0 before the first card.
fn current_version(conn: &mut Conn, id: ApplicationId, stage: Stage, reviewer: UserId) -> Result<i64> {
    let cards = store_cards::cards(conn, id)?;
    Ok(cards.iter().find(|card| card.stage == stage && card.reviewer_id == reviewer).map_or(0, |card| card.version))
}

fn resolved(conn: &mut Conn, scorecard: &Scorecard) -> Result<Scorecard> {
    let mut faults = Faults::default();
    let verified_skills = canonical(conn, &scorecard.verified_skills, "/verified_skills", &mut faults)?;
    scorecard.check(&mut faults);
    faults.finish()?;
    Ok(Scorecard { verified_skills, ..scorecard.clone() })
}

fn write(conn: &mut Conn, id: ApplicationId, card: Card) -> Result<Answer> {
    store_cards::write(conn, id, &card)?;
    Answer::versioned(card.version, &ScorecardView::from(card))
}
