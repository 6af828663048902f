//! What a review is, and who sees it when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, TrialId, UserId};
use crate::trials::terms::Party;

/// A review, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// From 1, bad, to 5, very good.
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i64,
    /// In words.
    #[schema(format = "prose", min_length = 1, max_length = 4000)]
    pub message: String,
}

/// A review, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Of which trial.
    pub trial_id: TrialId,
    /// Who says it.
    pub party: Party,
    /// The trial's developer, of whom or by whom it is.
    pub developer_id: DeveloperId,
    /// 1 to 5.
    pub rating: i64,
    /// In words.
    pub message: String,
    /// The person.
    pub written_by: UserId,
    /// When.
    pub written_at: Instant,
    /// Since when the other party sees it.
    pub visible_at: Option<Instant>,
}

/// A review, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewView {
    /// Who says it.
    pub party: Party,
    /// From 1, bad, to 5, very good.
    pub rating: i64,
    /// In words.
    pub message: String,
    /// When it was written.
    pub written_at: Instant,
    /// Since when the other party sees it; null as long as it does not.
    #[schema(required = true)]
    pub visible_at: Option<Instant>,
}

/// The reviews of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewsView {
    /// The reader's own, and the other party's once it is to be seen; admins see both.
    pub data: Vec<ReviewView>,
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        let Review { party, rating, message, written_at, visible_at, .. } = review;
        Self { party, rating, message, written_at, visible_at }
    }
}

/// Those of `reviews` that `reader` sees; nobody in particular, an admin, sees all.
pub fn seen_by(reader: Option<Party>, reviews: Vec<Review>) -> ReviewsView {
    let sees = |review: &Review| reader.is_none_or(|reader| review.party == reader || review.visible_at.is_some());
    ReviewsView { data: reviews.into_iter().filter(sees).map(ReviewView::from).collect() }
}
