//! A list of trials with what a page needs beside it: the developers and the job requests that the trials name, each once.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::db::Conn;
use crate::developers::card::DeveloperCard;
use crate::developers::seen::{Cards, cards_seen};
use crate::jobs::domain::JobRequest;
use crate::jobs::process::JobRequestState;
use crate::jobs::store as jobs;
use crate::jobs::view::Work;
use crate::kernel::error::Result;
use crate::kernel::ids::{DeveloperId, JobRequestId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;
use crate::trials::process::TrialState;
use crate::trials::service::Trials;
use crate::trials::views::TrialView;

/// What is to be read beside trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expand {
    /// Their developers.
    pub developer: bool,
    /// Their job requests.
    pub job_request: bool,
}

/// One page of trials.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialPage {
    /// The rows.
    pub data: Vec<TrialView>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// What `expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<TrialsIncluded>,
}

/// What trials name.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TrialsIncluded {
    /// By id, as you may see each; whom you may not see is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, DeveloperCard>>)]
    pub developers: Option<Cards>,
    /// By id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, RequestBeside>>)]
    pub job_requests: Option<BTreeMap<JobRequestId, RequestBeside>>,
}

/// The job request of a trial, as both parties may see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RequestBeside {
    /// Its id.
    pub id: JobRequestId,
    /// Where it stands.
    pub state: JobRequestState,
    /// What is to be done.
    #[serde(flatten)]
    pub work: Work,
}

impl From<JobRequest> for RequestBeside {
    fn from(request: JobRequest) -> Self {
        Self { id: request.id, state: request.state, work: request.fields.into() }
    }
}

impl Trials {
    /// One's own trials, as [`Trials::list`] has them, with what `expand` asks for: one query for each kind of thing, however many rows.
    ///
    /// # Errors
    /// 400 for a cursor that is not one of ours.
    pub async fn list_with(&self, principal: Principal, state: Option<TrialState>, page: PageQuery, expand: Expand) -> Result<TrialPage> {
        let Page { data, next_cursor } = self.list(principal.clone(), state, page).await?;
        let developers: Vec<DeveloperId> = distinct(data.iter().map(|trial| trial.developer_id));
        let requests: Vec<JobRequestId> = distinct(data.iter().map(|trial| trial.job_request_id));
        let (mut included, now) = (TrialsIncluded::default(), self.clock.now());
        if expand.job_request {
            let found = self.db.read(move |conn: &mut Conn| jobs::find(conn, &requests)).await?;
            included.job_requests = Some(found.into_iter().map(|request| (request.id, request.into())).collect());
        }
        if expand.developer {
            included.developers = Some(self.db.write(move |conn| cards_seen(conn, &principal, &developers, now)).await?);
        }
        Ok(TrialPage { data, next_cursor, included: Some(included).filter(|_| expand != Expand::default()) })
    }
}

fn distinct<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}
