//! Percolation: which open requests does a developer fit? For now one by one.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::ids::OrganizationId;
use crate::matching::domain::Request;
use crate::matching::engine::Engine;

/// Every open request, registered so that the ones that a developer may fit are found at once.
#[derive(Default)]
pub struct Percolator {
    requests: HashMap<JobRequestId, (OrganizationId, Request)>,
}

impl Percolator {
    /// Registers an open request, or what it has become.
    pub fn put(&mut self, id: JobRequestId, organization: OrganizationId, request: Request, _engine: &Engine) {
        self.requests.insert(id, (organization, request));
    }

    /// Forgets a request that is open no more.
    pub fn remove(&mut self, id: JobRequestId) {
        self.requests.remove(&id);
    }

    /// An open request with its organisation.
    pub fn get(&self, id: JobRequestId) -> Option<&(OrganizationId, Request)> {
        self.requests.get(&id)
    }

    /// How many requests are open.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The open requests all of whose gates `developer` passes on `today`, newest first; none for somebody outside the pool.
    pub fn fits(&self, engine: &Engine, developer: DeveloperId, today: NaiveDate) -> Vec<JobRequestId> {
        let fits =
            self.requests.iter().filter(|(_, (organization, request))| engine.passes(request, Some(*organization), developer, today));
        let mut ids: Vec<JobRequestId> = fits.map(|(id, _)| *id).collect();
        ids.sort_unstable_by(|left, right| right.cmp(left));
        ids
    }
}
