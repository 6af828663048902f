//! What the guards look at, read from the database.

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, UserId};
use crate::vetting::appeal::{Appeal, Decision, with_appeal};
use crate::vetting::application::{Application, is_involved, last_decision};
use crate::vetting::begin::Past;
use crate::vetting::guards::Facts;
use crate::vetting::process::Stage;
use crate::vetting::service::Vetting;
use crate::vetting::view::Dossier;
use crate::vetting::{store, store_appeals, store_cards, store_vetted};

impl Vetting {
    /// What a developer comes with.
    pub(crate) fn past(&self, conn: &mut Conn, developer: DeveloperId) -> Result<Past> {
        let applications = store::of_developer(conn, developer)?;
        let appeal = match applications.first() {
            Some(latest) => store_appeals::latest(conn, &latest.id.to_string())?,
            None => None,
        };
        Ok(Past { applications, pass: store_vetted::pass(conn, developer)?, appeal })
    }

    /// An application with everything that stands beside it.
    pub(crate) fn dossier(&self, conn: &mut Conn, application: Application) -> Result<Dossier> {
        let (cards, events) = (store_cards::cards(conn, application.id)?, store::events(conn, application.id)?);
        let appeal = store_appeals::latest(conn, &application.id.to_string())?;
        Ok(Dossier { application, cards, events, appeal })
    }

    /// What the developer's steps are held to before any body is sent.
    pub(crate) fn own_facts(&self, dossier: &Dossier, past: &Past, now: Instant) -> Facts {
        let is_latest = past.latest().is_some_and(|latest| latest.id == dossier.application.id);
        let may_begin = is_latest && past.may_begin(self.settings.expiring_days, now).is_ok();
        let facts = Facts { may_begin, stage: dossier.application.state.stage(), ..Facts::default() };
        self.with_appeal(facts, last_decision(&dossier.events), dossier.appeal.as_ref(), now)
    }

    /// What the admin's steps are held to before any body is sent.
    pub(crate) fn standing_facts(&self, conn: &mut Conn, dossier: &Dossier, admin: UserId, now: Instant) -> Result<Facts> {
        let Dossier { application, cards, events, appeal } = dossier;
        let stage = application.state.stage();
        let facts = Facts {
            stage,
            scorecard_in: cards.iter().any(|card| Some(card.stage) == stage),
            second_pair_of_eyes: !self.settings.four_eyes || !scored_interview(conn, application, admin)?,
            core_skills: self.settings.core_skills.clone(),
            not_involved: !is_involved(events, cards, admin),
            ..Facts::default()
        };
        Ok(self.with_appeal(facts, last_decision(events), appeal.as_ref(), now))
    }

    /// `facts` with those about appeals.
    pub(crate) fn with_appeal(&self, facts: Facts, decision: Option<Decision>, appeal: Option<&Appeal>, now: Instant) -> Facts {
        with_appeal(facts, decision, appeal, self.settings.appeal_days, now)
    }
}

/// Whether the admin has scored the interview that counts: of this application, or of an earlier one if it was kept.
fn scored_interview(conn: &mut Conn, application: &Application, admin: UserId) -> Result<bool> {
    let mut ids = vec![application.id];
    if application.skipped_stages.contains(&Stage::TechnicalInterview) {
        let all = store::of_developer(conn, application.developer_id)?;
        ids.extend(all.iter().map(|each| each.id));
    }
    store_cards::has_scored(conn, &ids, Stage::TechnicalInterview, admin)
}
