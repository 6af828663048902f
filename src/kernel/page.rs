//! Pages of a list: a limit, an opaque cursor, and `{"data": […], "next_cursor": …}`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::kernel::error::{Code, Error, Result};

/// The most rows a page may have.
pub const MAX_LIMIT: i64 = 100;

/// Which page is asked for.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// The default of `limit`.
pub fn default_limit() -> i64 {
    20
}

impl Default for PageQuery {
    fn default() -> Self {
        Self { limit: default_limit(), cursor: None }
    }
}

impl PageQuery {
    /// How many rows to read for [`Page::cut`]: one more than the page has, which tells whether another page follows.
    pub fn rows_to_read(&self) -> i64 {
        self.limit.saturating_add(1)
    }

    /// The key after which this page begins, as [`Page::cut`] wrote it.
    ///
    /// # Errors
    /// 400 when the cursor is not one of ours.
    pub fn after(&self) -> Result<Option<String>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
        let key = String::from_utf8(bytes).map_err(|_| bad_cursor())?;
        if key.contains('\0') { Err(bad_cursor()) } else { Ok(Some(key)) }
    }

    /// The same, as a typed key.
    ///
    /// # Errors
    /// 400 when the cursor is not one of ours.
    pub fn after_as<T: std::str::FromStr>(&self) -> Result<Option<T>> {
        self.after()?.map(|key| key.parse().map_err(|_| bad_cursor())).transpose()
    }
}

/// The cursor that [`PageQuery::after`] reads as `key`.
pub fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn bad_cursor() -> Error {
    Error::new(Code::MalformedRequest, "`cursor` must be the `next_cursor` of the previous page; leave it out to begin.")
}

/// One page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of the first `limit` of `rows`, of which [`PageQuery::rows_to_read`] were read;
    /// `key` is what the next page begins after.
    pub fn cut(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| cursor(&key(row)));
        Self { data: rows, next_cursor }
    }

    /// The same page with every row changed by `change`.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}
