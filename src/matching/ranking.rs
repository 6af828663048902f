//! The reference matcher: every developer of the pool through the gates, those who pass scored and put in order.
//!
//! It is slow and plain on purpose: the engine has to give the same answer, fast.

use std::cmp::Reverse;

use chrono::NaiveDate;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::matching::domain::Candidate;
use crate::matching::domain::Request;
use crate::matching::gates::Tally;
use crate::matching::gates::Verdict;
use crate::matching::rules::Question;
use crate::matching::rules::Rules;
use crate::matching::score::Score;

/// A developer who passed, with the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'a> {
    /// Who.
    pub candidate: &'a Candidate,
    /// How well.
    pub score: Score,
}

/// Everybody who passed, best first, and how the others fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<'a> {
    /// How many there were, were removed and passed.
    pub tally: Tally,
    /// All who passed; whoever asks cuts by score and number.
    pub passing: Vec<Ranked<'a>>,
}

/// Ranks `candidates` (the pool: vetted developers whom nothing blocks) for `request` on the UTC day `today`. The order
/// does not depend on that of the candidates.
pub fn rank<'a>(request: &Request, candidates: impl IntoIterator<Item = &'a Candidate>, rules: &Rules, today: NaiveDate) -> Ranking<'a> {
    let question = Question::new(request, rules, today);
    let mut ranking = Ranking { tally: Tally::default(), passing: Vec::new() };
    for candidate in candidates {
        let verdict = Verdict::of(&question, candidate);
        ranking.tally.count(verdict);
        if verdict == Verdict::Passes {
            ranking.passing.push(Ranked { candidate, score: Score::of(&question, candidate) });
        }
    }
    ranking.passing.sort_by_cached_key(|ranked| order(request.id, ranked));
    ranking
}

/// The better score first; then the lot drawn for this request; then, should two lots ever be the same, the older profile.
fn order(request: Option<JobRequestId>, ranked: &Ranked<'_>) -> impl Ord + use<> {
    let developer = ranked.candidate.developer_id;
    (Reverse(ranked.score.total()), lot(request, developer), developer)
}

/// The lot that decides between equal scores, the smaller first: FNV-1a with 64 bits over the 16 bytes of the job request's
/// UUID (zeros for a search that is not saved) and the 16 of the developer's. The same on every node and in every
/// version, fair over many requests, and not to be chosen by anybody.
pub fn lot(request: Option<JobRequestId>, developer: DeveloperId) -> u64 {
    roll(half_lot(request), developer)
}

/// The lot after the request's half.
pub fn half_lot(request: Option<JobRequestId>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    hash(OFFSET_BASIS, &request.map_or([0; 16], |id| *id.as_bytes()))
}

/// The lot of `developer`, from the request's half.
pub fn roll(half: u64, developer: DeveloperId) -> u64 {
    hash(half, developer.as_bytes())
}

fn hash(start: u64, bytes: &[u8; 16]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_fixed_for_ever() {
        // By hand: 32 zero bytes only multiply, so that the lot is the basis times the prime to the 32nd power.
        let prime_to_the_32nd = (0..5).fold(0x0000_0100_0000_01b3_u64, |power, _| power.wrapping_mul(power));
        let expected = 0xcbf2_9ce4_8422_2325_u64.wrapping_mul(prime_to_the_32nd);
        assert_eq!(lot(None, DeveloperId::from_u128(0)), expected);
        let lots = |request| (1..=9).map(|number| lot(request, DeveloperId::from_u128(number))).collect::<Vec<_>>();
        assert_ne!(lots(None), lots(Some(JobRequestId::from_u128(7))), "another request, another draw");
    }
}
