//! Who accepted an invitation to which job request, both ways round.

use std::collections::{BTreeSet, HashMap};

use crate::kernel::ids::{DeveloperId, JobRequestId};

/// Accepted invitations of those whom the engine knows.
#[derive(Debug, Default)]
pub struct Invited {
    by_request: HashMap<JobRequestId, BTreeSet<DeveloperId>>,
    by_developer: HashMap<DeveloperId, Vec<JobRequestId>>,
}

impl Invited {
    /// The developer accepted these, and no others.
    pub fn set(&mut self, developer: DeveloperId, requests: &[JobRequestId]) {
        for request in self.by_developer.remove(&developer).unwrap_or_default() {
            if let Some(developers) = self.by_request.get_mut(&request) {
                developers.remove(&developer);
                if developers.is_empty() {
                    self.by_request.remove(&request);
                }
            }
        }
        if requests.is_empty() {
            return;
        }
        for request in requests {
            self.by_request.entry(*request).or_default().insert(developer);
        }
        self.by_developer.insert(developer, requests.to_vec());
    }

    /// Who accepted an invitation to a request.
    pub fn to(&self, request: Option<JobRequestId>) -> Vec<DeveloperId> {
        let developers = request.and_then(|request| self.by_request.get(&request));
        developers.map(|developers| developers.iter().copied().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_anew_replaces_what_was() {
        let (one, other) = (DeveloperId::from_u128(1), DeveloperId::from_u128(2));
        let [first, second] = [1, 2].map(JobRequestId::from_u128);
        let mut invited = Invited::default();
        invited.set(other, &[first, second]);
        invited.set(one, &[first]);
        assert_eq!((invited.to(Some(first)), invited.to(Some(second))), (vec![one, other], vec![other]));
        invited.set(other, &[second]);
        invited.set(one, &[]);
        assert_eq!((invited.to(Some(first)), invited.to(Some(second)), invited.to(None)), (vec![], vec![other], vec![]));
        assert_eq!((invited.by_request.len(), invited.by_developer.len()), (1, 1));
    }
}
