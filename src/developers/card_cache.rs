//! Public cards in memory, as JSON: what everybody may read of a developer, and reads most. A follower of the log of changes, so
//! that a change counts with the next reading.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use crate::db::Conn;
use crate::db::changes::{Change, ChangeKind};
use crate::db::feed::Follower;
use crate::developers::access::{Sight, sight};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::halves::Halves;
use crate::kernel::ids::{DeveloperId, OrganizationId, UserId};
use crate::kernel::principal::{Principal, Role};

/// How many developers are held; about four kilobytes each.
const DEVELOPERS: usize = 20_000;
/// Of how many organisations is known of each developer that they are strangers; beyond it the one known longest goes.
const STRANGERS: usize = 16;

/// A card as everybody sees it.
#[derive(Debug, Clone)]
pub struct PublicView {
    /// Whose.
    pub owner: UserId,
    /// Until when clients may find the developer; `None`: they may not.
    pub matchable_until: Option<Instant>,
    /// The JSON.
    pub card: Arc<RawValue>,
}

impl PublicView {
    fn is_matchable(&self, now: Instant) -> bool {
        self.matchable_until.is_some_and(|until| now < until)
    }
}

/// What was known when a card was asked for.
#[derive(Debug)]
pub enum Known {
    /// The viewer sees what everybody sees.
    Public(Arc<RawValue>),
    /// Not enough: to be read from the database, and then kept under this ticket.
    Unknown(Ticket),
}

/// Says when a reading began: if anybody changed since, it may be out of date and is not kept.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(u64);

/// The cards that were read lately.
#[derive(Debug)]
pub struct CardCache(Mutex<Held>);

#[derive(Debug)]
struct Held {
    /// Counts changes.
    revision: u64,
    cards: Halves<DeveloperId, Entry>,
}

#[derive(Debug)]
struct Entry {
    view: PublicView,
    /// Organisations to which the developer is not disclosed.
    strangers: Vec<OrganizationId>,
}

impl Default for CardCache {
    fn default() -> Self {
        Self(Mutex::new(Held { revision: 0, cards: Halves::new(DEVELOPERS) }))
    }
}

impl CardCache {
    /// The card of `id` for somebody who sees no more of it than everybody.
    pub fn look(&self, viewer: Option<&Principal>, id: DeveloperId, now: Instant) -> Known {
        let mut held = self.held();
        let ticket = Ticket(held.revision);
        let seen = held.cards.get(id).and_then(|entry| entry.shown(viewer, now));
        seen.map_or(Known::Unknown(ticket), Known::Public)
    }

    /// Keeps what was read after `ticket` was given out, for somebody to whom the developer is not disclosed.
    pub fn keep(&self, ticket: Ticket, viewer: Option<&Principal>, id: DeveloperId, view: PublicView) {
        let mut held = self.held();
        if held.revision != ticket.0 {
            return;
        }
        let organization = viewer.and_then(|viewer| viewer.organization);
        match held.cards.get(id) {
            Some(entry) => entry.strangers.extend(organization),
            None => held.cards.put(id, Entry { view, strangers: organization.into_iter().collect() }),
        }
        if let Some(entry) = held.cards.get(id).filter(|entry| entry.strangers.len() > STRANGERS) {
            entry.strangers.remove(0);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn shown(&self, viewer: Option<&Principal>, now: Instant) -> Option<Arc<RawValue>> {
        let unsure = viewer.is_some_and(|viewer| match viewer.organization {
            Some(organization) => !self.strangers.contains(&organization),
            None => viewer.role == Role::Client,
        });
        let sight = sight(viewer, self.view.owner, false, self.view.is_matchable(now));
        (!unsure && sight == Some(Sight::Public)).then(|| self.view.card.clone())
    }
}

impl Follower for CardCache {
    fn load(&self, _conn: &mut Conn, _now: Instant) -> Result<()> {
        let mut held = self.held();
        held.revision += 1;
        held.cards.clear();
        Ok(())
    }

    fn apply(&self, _conn: &mut Conn, changes: &[Change], _now: Instant) -> Result<()> {
        let mut held = self.held();
        for change in changes {
            let subject = match change.kind {
                ChangeKind::Developer => change.subject.parse().ok(),
                // A slug on any card may have become another.
                ChangeKind::Skills => None,
                ChangeKind::JobRequest | ChangeKind::Blocks | ChangeKind::User | ChangeKind::Event => continue,
            };
            held.revision += 1;
            match subject {
                Some(developer) => held.cards.forget(developer),
                None => held.cards.clear(),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::SessionId;

    const ID: fn() -> DeveloperId = || DeveloperId::from_u128(1);

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    fn person(user: u128, role: Role, organization: Option<u128>) -> Principal {
        let organization = organization.map(OrganizationId::from_u128);
        Principal { user: UserId::from_u128(user), session: SessionId::from_u128(1), role, organization }
    }

    fn view() -> PublicView {
        let card = serde_json::value::to_raw_value("a card").unwrap().into();
        PublicView { owner: UserId::from_u128(1), matchable_until: Some(at(10)), card }
    }

    fn is_shown(cache: &CardCache, viewer: Option<&Principal>, second: i64) -> bool {
        matches!(cache.look(viewer, ID(), at(second)), Known::Public(_))
    }

    fn keep(cache: &CardCache, viewer: Option<&Principal>) {
        let Known::Unknown(ticket) = cache.look(viewer, ID(), at(0)) else { panic!("it is known") };
        cache.keep(ticket, viewer, ID(), view());
    }

    #[test]
    fn only_those_who_see_what_everybody_sees_are_answered() {
        let cache = CardCache::default();
        keep(&cache, None);
        let (owner, another, admin) = (person(1, Role::Developer, None), person(2, Role::Developer, None), person(3, Role::Admin, None));
        assert!(is_shown(&cache, None, 1) && is_shown(&cache, Some(&another), 1));
        assert!(!is_shown(&cache, Some(&owner), 1) && !is_shown(&cache, Some(&admin), 1));
        assert!(!is_shown(&cache, None, 10), "it is not matchable any more");
        let client = person(4, Role::Client, Some(7));
        assert!(!is_shown(&cache, Some(&client), 1), "it may be disclosed to this one");
        keep(&cache, Some(&client));
        assert!(is_shown(&cache, Some(&client), 1) && !is_shown(&cache, Some(&person(5, Role::Client, Some(8))), 1));
    }

    #[test]
    fn a_change_is_not_overlooked_also_while_somebody_reads() {
        let mut conn = Conn::Sqlite(diesel::Connection::establish(":memory:").unwrap());
        let cache = CardCache::default();
        let mut change = |kind, subject: &str| cache.apply(&mut conn, &[Change { kind, subject: subject.to_owned() }], at(0)).unwrap();
        keep(&cache, None);
        change(ChangeKind::User, "user_x");
        change(ChangeKind::Developer, &DeveloperId::from_u128(2).to_string());
        assert!(is_shown(&cache, None, 1));
        change(ChangeKind::Developer, &ID().to_string());
        assert!(!is_shown(&cache, None, 1));
        keep(&cache, None);
        change(ChangeKind::Skills, "*");
        let Known::Unknown(ticket) = cache.look(None, ID(), at(0)) else { panic!("it is known") };
        change(ChangeKind::Developer, &ID().to_string());
        cache.keep(ticket, None, ID(), view());
        assert!(!is_shown(&cache, None, 1));
    }
}
