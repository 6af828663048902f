//! All trials, for admins.

use serde::Serialize;
use utoipa::ToSchema;

use crate::db::Conn;
use crate::kernel::error::Result;
use crate::kernel::ids::TrialId;
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::trials::model::{Trial, Viewer};
use crate::trials::process::TrialState;
use crate::trials::service::{Trials, parties};
use crate::trials::store_risks::{Risk, at_risk, risks};
use crate::trials::views::TrialView;
use crate::trials::{neighbors, store, store_terms};

/// A trial, as admins look for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminTrial {
    /// The trial.
    #[serde(flatten)]
    pub trial: TrialView,
    /// Why it may go wrong; nothing for most.
    pub risks: Vec<Risk>,
}

impl Trials {
    /// Everybody's trials, newest first; only those that may go wrong when `risky`.
    ///
    /// # Errors
    /// 403 for others than admins; 400 for a cursor that is not one of ours.
    pub async fn overview(
        &self,
        principal: Principal,
        state: Option<TrialState>,
        risky: bool,
        page: PageQuery,
    ) -> Result<Page<AdminTrial>> {
        principal.admin()?;
        let (now, this) = (self.clock.now(), self.clone());
        let read = move |conn: &mut Conn| {
            let trials = if risky {
                let ids = at_risk(conn, &this.rules, now, &page)?;
                let trials: Result<Vec<Trial>> = ids.into_iter().map(|id| store::find(conn, id, Viewer::Admin)).collect();
                trials?.into_iter().filter(|trial| state.is_none_or(|state| trial.state == state)).collect()
            } else {
                store::list(conn, Viewer::Admin, state, &page)?
            };
            let Page { data: trials, next_cursor } = Page::cut(trials, page.limit, |trial: &Trial| trial.id.to_string());
            let ids: Vec<TrialId> = trials.iter().map(|trial| trial.id).collect();
            let mut found = risks(conn, &this.rules, now, &ids)?;
            let mut data = Vec::with_capacity(trials.len());
            let names = neighbors::names_of(conn, &parties(&trials))?;
            for dossier in store_terms::dossiers(conn, trials)? {
                let id = dossier.contract.trial.id;
                let risks = found.iter_mut().find(|(trial, _)| *trial == id).map(|(_, risks)| std::mem::take(risks));
                let trial = this.scene_with(&names, Viewer::Admin, now, &dossier)?.view(&dossier);
                data.push(AdminTrial { trial, risks: risks.unwrap_or_default() });
            }
            Ok(Page { data, next_cursor })
        };
        self.db.read(read).await
    }
}
