//! The list of a hand-over.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::trials::terms::Party;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverItem {
    /// What.
    #[schema(format = "line", min_length = 1, max_length = 200)]
    pub what: String,
    /// Whose task it is.
    pub who: Party,
    /// Whether it is done.
    pub done: bool,
}

/// The list, as it is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverList {
    /// Everything there is to do.
    #[schema(min_items = 1, max_items = 50)]
    pub items: Vec<HandOverItem>,
}

/// The list of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HandOver {
    /// Everything there is to do.
    pub items: Vec<HandOverItem>,
    /// Whether all of it is done.
    pub finished: bool,
    /// Grows with every change; 0 for the list that every trial begins with. Also the `ETag`.
    pub version: i64,
}

impl HandOver {
    /// The list that every trial begins with.
    pub fn first() -> Self {
        let item = |who, what: &str| HandOverItem { what: what.to_owned(), who, done: false };
        let items = vec![
            item(Party::Developer, "Push and document what is not finished"),
            item(Party::Developer, "Delete what is confidential from own machines"),
            item(Party::Client, "Take back access and rotate shared secrets"),
            item(Party::Client, "Name who goes on with the work"),
        ];
        Self { items, finished: false, version: 0 }
    }

    /// The next version, with these items.
    pub fn with(&self, items: Vec<HandOverItem>) -> Self {
        Self { finished: items.iter().all(|item| item.done), items, version: self.version + 1 }
    }
}
