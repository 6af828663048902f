//! The public search: which vetted developers pass the filters that are set, newest profile first, and their facets.

use chrono::NaiveDate;

use crate::kernel::ids::DeveloperId;
use crate::matching::domain::Candidate;
use crate::matching::domain::Request;
use crate::matching::facets::Facets;
use crate::matching::gates;
use crate::matching::gates::Gate;
use crate::matching::rules::Question;
use crate::matching::rules::Rules;

/// What somebody searches for: a request of which only some gates are asked, and domains of which one is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The filters' values; what is not asked holds anything.
    pub request: Request,
    /// Which gates count.
    pub asked: Vec<Gate>,
    /// One of these domains, whatever their capitals; empty asks for none.
    pub domains: Vec<String>,
    /// Only developers whose profile is older than this one: where the page before ended. Stays right whoever comes or goes.
    pub before: Option<DeveloperId>,
    /// How many at most.
    pub limit: usize,
}

/// One page of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// Newest first.
    pub developers: Vec<DeveloperId>,
    /// Whether there are more.
    pub more: bool,
    /// How many there are on all pages.
    pub total: u64,
    /// Of all pages.
    pub facets: Facets,
}

/// The reference search: every candidate, one by one.
pub fn search<'a>(search: &Search, candidates: impl IntoIterator<Item = &'a Candidate>, rules: &Rules, today: NaiveDate) -> SearchPage {
    let question = Question::new(&search.request, rules, today);
    let fits =
        |candidate: &&Candidate| search.asked.iter().all(|gate| gates::passes(*gate, &question, candidate)) && in_domain(search, candidate);
    let fitting: Vec<&Candidate> = candidates.into_iter().filter(fits).collect();
    let facets = Facets::of(fitting.iter().copied(), today);
    let total = u64::try_from(fitting.len()).unwrap_or(u64::MAX);
    let ids = fitting.iter().map(|candidate| candidate.developer_id);
    let mut developers: Vec<DeveloperId> = ids.filter(|id| search.before.is_none_or(|before| *id < before)).collect();
    developers.sort_unstable_by(|left, right| right.cmp(left));
    let more = developers.len() > search.limit;
    developers.truncate(search.limit);
    SearchPage { developers, more, total, facets }
}

fn in_domain(search: &Search, candidate: &Candidate) -> bool {
    let has = |asked: &String| candidate.domains.iter().any(|own| own.eq_ignore_ascii_case(asked));
    search.domains.is_empty() || search.domains.iter().any(has)
}
