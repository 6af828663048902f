//! The catalogue as a whole.

use std::sync::Arc;

use crate::kernel::error::Result;
use crate::skills::domain::Catalogue;

/// The skills.
pub struct Skills;

impl Skills {
    /// The catalogue as of now.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>> {
        Ok(Arc::new(Catalogue))
    }
}
