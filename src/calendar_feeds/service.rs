//! The use cases of calendar feeds.

use rand::Rng as _;

use crate::accounts::domain::AccountStatus;
use crate::accounts::store as accounts;
use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::calendar_feeds::domain::{CalendarFeed, FeedSecret, NewCalendarFeed};
use crate::calendar_feeds::store;
use crate::db::Conn;
use crate::db::lock;
use crate::db::pool::Db;
use crate::developers::store as developers;
use crate::kernel::clock::SharedClock;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::principal::{Principal, Role};
use crate::notifications::calendar::feed;
use crate::trials::model::Viewer;
use crate::trials::service::Trials;

/// The room of calendar feeds.
#[derive(Clone)]
pub struct CalendarFeeds {
    db: Db,
    clock: SharedClock,
    trials: Trials,
    base: String,
}

impl CalendarFeeds {
    /// Feeds of the dates that `trials` knows, on the server that `public_url` leads to.
    pub fn new(db: Db, clock: SharedClock, trials: Trials, public_url: &str) -> Self {
        Self { db, clock, trials, base: public_url.trim_end_matches('/').to_owned() }
    }

    /// Gives the person a feed with a new secret; one that was there before is dead.
    ///
    /// # Errors
    /// 403 for admins, who have no trials.
    pub async fn create(&self, principal: Principal) -> Result<NewCalendarFeed> {
        let now = self.clock.now();
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        let secret = FeedSecret::new(bytes);
        let hash = secret.hash();
        let create = move |conn: &mut Conn| {
            lock::user(conn, principal.user)?;
            store::delete(conn, principal.user)?;
            store::insert(conn, principal.user, &hash, now)?;
            record(conn, &Entry::of(Some(principal.user), principal.role.into(), "calendar_feed.create", principal.user, now))
        };
        self.db.write(create).await?;
        Ok(NewCalendarFeed { url: secret.address(&self.base), created_at: now })
    }

    /// The person's feed, without its secret.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn show(&self, principal: Principal) -> Result<CalendarFeed> {
        let none = || Error::new(Code::NotFound, "You have no calendar feed: make one with POST /v1/me/calendar-feed.");
        let created_at = self.db.read(move |conn| store::find(conn, principal.user)).await?.ok_or_else(none)?;
        Ok(CalendarFeed { created_at })
    }

    /// Takes the person's feed away: its address is dead at once. Again changes nothing.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn revoke(&self, principal: Principal) -> Result<()> {
        let now = self.clock.now();
        let revoke = move |conn: &mut Conn| {
            if store::delete(conn, principal.user)? {
                let revoked = Entry::of(Some(principal.user), principal.role.into(), "calendar_feed.revoke", principal.user, now);
                record(conn, &revoked)?;
            }
            Ok(())
        };
        self.db.write(revoke).await
    }

    /// The calendar behind a secret: what its owner may see now, and nothing while the owner is kept out.
    ///
    /// # Errors
    /// 404 for a secret that is nobody's, or no longer.
    pub async fn read(&self, secret: FeedSecret) -> Result<String> {
        let (hash, this) = (secret.hash(), self.clone());
        let read = move |conn: &mut Conn| {
            let id = store::user_of(conn, &hash)?.ok_or_else(Error::not_found)?;
            let user = Some(accounts::user(conn, id)?).filter(|user| user.status == AccountStatus::Active);
            let user = user.ok_or_else(Error::not_found)?;
            let viewer = match user.role {
                Role::Client => accounts::membership(conn, id)?.map(|membership| Viewer::Client(membership.id)),
                Role::Developer => developers::find_by_user(conn, id)?.map(Viewer::Developer),
                Role::Admin => None,
            };
            let dates = viewer.map(|viewer| this.trials.dates_of(conn, viewer)).transpose()?;
            Ok(feed(&dates.unwrap_or_default()))
        };
        self.db.read(read).await
    }
}
