//! Many developers at once, each as somebody may see them: for lists that name developers.

use std::collections::BTreeMap;

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::developers::access::{Sight, sight};
use crate::developers::card::{DeveloperCard, PublicCard};
use crate::developers::{access_store, card_store, store};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::DeveloperId;
use crate::kernel::principal::{Principal, Role};

/// Cards by the developer's id.
pub type Cards = BTreeMap<DeveloperId, DeveloperCard>;

/// The cards of these developers as `viewer` sees them at `now`; whom the viewer may not see is left out. Six queries, however many there
/// are. That somebody else is told who a developer is, is written down.
///
/// # Errors
/// 503 when the database is down.
pub fn cards_seen(conn: &mut Conn, viewer: &Principal, ids: &[DeveloperId], now: Instant) -> Result<Cards> {
    let house: Vec<_> = viewer.organization.filter(|_| viewer.role == Role::Client).into_iter().collect();
    let disclosed = access_store::disclosed_among(conn, ids, &house)?;
    let (standings, mut contacts) = (card_store::standings(conn, ids)?, store::owners(conn, ids)?);
    let mut verified = card_store::verified(conn, ids)?;
    let mut cards = Cards::new();
    for stored in store::profiles(conn, ids)? {
        let Some(contact) = contacts.remove(&stored.id) else { continue };
        let matchable = contact.active && standings.get(&stored.id).is_some_and(|standing| standing.is_matchable(now));
        let is_disclosed = house.iter().any(|house| disclosed.contains(&(stored.id, *house)));
        let (id, verified) = (stored.id, verified.remove(&stored.id).unwrap_or_default());
        let card = match sight(Some(viewer), stored.user_id, is_disclosed, matchable) {
            None => continue,
            Some(Sight::Public) => DeveloperCard::public(PublicCard::new(id, stored.profile, verified)),
            Some(Sight::Disclosed) => {
                if viewer.role != Role::Developer {
                    record(conn, &Entry::of(Some(viewer.user), viewer.role.into(), "developer.look", id, now))?;
                }
                DeveloperCard::disclosed(id, stored.profile, verified, contact)
            }
        };
        cards.insert(id, card);
    }
    Ok(cards)
}
