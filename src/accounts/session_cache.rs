//! Who is behind the sessions that are in use, in memory: a follower of the log of changes, so that a revocation, a suspension
//! or the end of a membership counts with the next request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::accounts::store_sessions::Holder;
use crate::db::Conn;
use crate::db::changes::{Change, ChangeKind};
use crate::db::feed::{Feed, Follower};
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{SessionId, UserId};

/// How many sessions of one person are held; beyond it the one held longest goes.
const SESSIONS_EACH: usize = 16;

/// Principals by person and session, of the people who asked last.
pub struct SessionCache {
    /// Half of how many people are held at the most.
    half: usize,
    held: Mutex<Held>,
}

/// Who is signed in, in memory, and what keeps that true.
#[derive(Clone)]
pub struct LiveSessions {
    /// The people.
    pub cache: Arc<SessionCache>,
    /// Its followers include the cache.
    pub feed: Feed,
}

type Entries = HashMap<UserId, Vec<Holder>>;

/// Two generations of people: when the young fill their half, the old are let go, and the young are the old.
#[derive(Default)]
struct Held {
    /// Counts what has made people unknown.
    revision: u64,
    young: Entries,
    old: Entries,
}

/// What was known when somebody was looked for.
pub enum Found {
    /// The person, as the database knows them.
    Known(Holder),
    /// Nobody: to be read from the database, and then kept under this ticket.
    Unknown(Ticket),
}

/// Says when a reading began: if anybody became unknown since, it may be out of date and is not kept.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(u64);

impl SessionCache {
    /// For at most so many people.
    pub fn new(people: usize) -> Self {
        Self { half: people / 2, held: Mutex::default() }
    }

    /// The person behind a session that has not ended at `now`.
    pub fn look(&self, user: UserId, session: SessionId, now: Instant) -> Found {
        let mut held = self.held();
        match held.holder(user, session, self.half).filter(|holder| holder.ends_at > now) {
            Some(holder) => Found::Known(holder),
            None => Found::Unknown(Ticket(held.revision)),
        }
    }

    /// Keeps what was read after `ticket` was given out.
    pub fn keep(&self, ticket: Ticket, holder: Holder) {
        let mut held = self.held();
        if held.revision != ticket.0 {
            return;
        }
        let session = holder.principal.session;
        let entries = held.of(holder.principal.user, self.half);
        entries.retain(|held| held.principal.session != session);
        if entries.len() >= SESSIONS_EACH {
            entries.remove(0);
        }
        entries.push(holder);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn holder(&mut self, user: UserId, session: SessionId, half: usize) -> Option<Holder> {
        if !self.young.contains_key(&user) {
            let entries = self.old.remove(&user)?;
            *self.of(user, half) = entries;
        }
        self.young.get(&user)?.iter().find(|held| held.principal.session == session).cloned()
    }

    /// What is held of a person, who is young from now on.
    fn of(&mut self, user: UserId, half: usize) -> &mut Vec<Holder> {
        if self.young.len() >= half && !self.young.contains_key(&user) {
            self.old = std::mem::take(&mut self.young);
        }
        let before = self.old.remove(&user);
        self.young.entry(user).or_insert_with(|| before.unwrap_or_default())
    }

    fn forget(&mut self, user: UserId) {
        self.young.remove(&user);
        self.old.remove(&user);
    }

    fn forget_all(&mut self) {
        *self = Self { revision: self.revision + 1, ..Self::default() };
    }
}

impl Follower for SessionCache {
    fn load(&self, _conn: &mut Conn, _now: Instant) -> Result<()> {
        self.held().forget_all();
        Ok(())
    }

    fn apply(&self, _conn: &mut Conn, changes: &[Change], _now: Instant) -> Result<()> {
        let mut held = self.held();
        for change in changes.iter().filter(|change| change.kind == ChangeKind::User) {
            held.revision += 1;
            match change.subject.parse() {
                Ok(user) => held.forget(user),
                Err(_) => held.forget_all(),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::principal::{Principal, Role};

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    fn person(number: u128, session: u128) -> Principal {
        Principal { user: UserId::from_u128(number), session: SessionId::from_u128(session), role: Role::Developer, organization: None }
    }

    fn ticket(cache: &SessionCache, principal: &Principal) -> Ticket {
        match cache.look(principal.user, principal.session, at(0)) {
            Found::Unknown(ticket) => ticket,
            Found::Known(_) => panic!("known already"),
        }
    }

    fn holder(principal: &Principal) -> Holder {
        Holder { principal: principal.clone(), has_second_factor: false, ends_at: at(100) }
    }

    fn keep(cache: &SessionCache, principal: &Principal) {
        cache.keep(ticket(cache, principal), holder(principal));
    }

    fn is_known(cache: &SessionCache, principal: &Principal, second: i64) -> bool {
        matches!(cache.look(principal.user, principal.session, at(second)), Found::Known(found) if found.principal == *principal)
    }

    fn change(cache: &SessionCache, kind: ChangeKind, subject: &str) {
        let mut conn = Conn::Sqlite(diesel::Connection::establish(":memory:").unwrap());
        cache.apply(&mut conn, &[Change { kind, subject: subject.to_owned() }], at(0)).unwrap();
    }

    #[test]
    fn a_session_is_known_until_it_ends_or_its_person_changes() {
        let (cache, one, other) = (SessionCache::new(100), person(1, 1), person(2, 2));
        keep(&cache, &one);
        keep(&cache, &other);
        assert!(is_known(&cache, &one, 99) && !is_known(&cache, &one, 100));
        change(&cache, ChangeKind::Developer, &one.user.to_string());
        assert!(is_known(&cache, &one, 0));
        change(&cache, ChangeKind::User, &one.user.to_string());
        assert!(!is_known(&cache, &one, 0) && is_known(&cache, &other, 0));
        change(&cache, ChangeKind::User, "nobody's id");
        assert!(!is_known(&cache, &other, 0));
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_kept_after_it() {
        let (cache, one) = (SessionCache::new(100), person(1, 1));
        let before = ticket(&cache, &one);
        change(&cache, ChangeKind::User, &one.user.to_string());
        cache.keep(before, holder(&one));
        assert!(!is_known(&cache, &one, 0));
        keep(&cache, &one);
        assert!(is_known(&cache, &one, 0));
    }

    #[test]
    fn those_who_asked_last_are_held_and_no_more() {
        let cache = SessionCache::new(100);
        let first = person(0, 0);
        keep(&cache, &first);
        for number in 1..1000 {
            keep(&cache, &person(number, number));
            assert!(is_known(&cache, &first, 0), "who asks again and again stays");
        }
        let held = cache.held();
        assert!(held.young.len() + held.old.len() <= 100);
        drop(held);
        assert!(is_known(&cache, &person(999, 999), 0) && !is_known(&cache, &person(1, 1), 0));
        for session in 0..100 {
            cache.keep(Ticket(0), holder(&person(0, session)));
        }
        assert!(cache.held().young.values().all(|entries| entries.len() <= SESSIONS_EACH));
    }
}
