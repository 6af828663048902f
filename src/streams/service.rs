//! Listening: a place for what comes, and what was missed since the last time.

use std::sync::Arc;

use crate::config;
use crate::db::Conn;
use crate::db::pool::Db;
use crate::developers::store as developers;
use crate::events::domain::{Audience, Heard, KEPT};
use crate::events::store;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::EventId;
use crate::kernel::principal::{Principal, Role};
use crate::streams::listeners::{Listeners, Place};

/// How many events that were missed are told at the most.
const MISSED: i64 = 500;

/// Everything about streams. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    db: Db,
    clock: SharedClock,
    listeners: Arc<Listeners>,
    most: usize,
    /// Seconds between two signs of life.
    pub heartbeat: u64,
}

/// What somebody who listens gets.
pub struct Listening {
    /// What comes from now on; nobody's, for a developer without a profile, whom nothing concerns yet.
    pub place: Place,
    /// What was missed, oldest first; none when it is forgotten or too much.
    pub missed: Option<Vec<Heard>>,
}

impl Streams {
    /// Streams to those who listen at this node.
    pub fn new(db: Db, clock: SharedClock, listeners: Arc<Listeners>, settings: &config::told::Events) -> Self {
        Self { db, clock, listeners, most: settings.streams_per_account, heartbeat: settings.heartbeat }
    }

    /// Ends every stream of this node.
    pub fn close(&self) {
        self.listeners.close();
    }

    /// Begins to listen to what concerns somebody; after the event `last`, if there is one. What comes while this is asked may come twice.
    ///
    /// # Errors
    /// 403 for admins; 404 for a developer without a profile; 429 with too many streams.
    pub async fn listen(&self, principal: &Principal, last: Option<EventId>) -> Result<Listening> {
        let audience = self.audience(principal).await?;
        let place = self.listeners.take(principal.user, audience, self.most).ok_or_else(|| {
            Error::new(Code::TooManyRequests, format!("An account has {} streams at most: close another one first.", self.most))
        })?;
        let missed = match last {
            Some(last) => self.missed(audience, last).await?,
            None => Some(Vec::new()),
        };
        Ok(Listening { place, missed })
    }

    async fn missed(&self, audience: Audience, last: EventId) -> Result<Option<Vec<Heard>>> {
        if last < EventId::first_at(self.clock.now().minus(KEPT)) {
            return Ok(None);
        }
        let missed = self.db.read(move |conn| store::since(conn, audience, last, MISSED + 1)).await?;
        Ok(Some(missed).filter(|missed| i64::try_from(missed.len()).is_ok_and(|count| count <= MISSED)))
    }

    async fn audience(&self, principal: &Principal) -> Result<Audience> {
        match principal.role {
            Role::Client => Ok(Audience::Organization(principal.client()?)),
            Role::Developer => {
                let user = principal.user;
                let developer = self.db.read(move |conn: &mut Conn| developers::find_by_user(conn, user)).await?;
                developer.map(Audience::Developer).ok_or_else(Error::not_found)
            }
            Role::Admin => Err(Error::not_allowed("Only clients and developers have events of their own.")),
        }
    }
}
