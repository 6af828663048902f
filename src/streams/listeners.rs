//! Who listens at this node. A follower of the log of changes: what was committed, here or elsewhere, is handed to those whom it concerns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::db::Conn;
use crate::db::changes::{Change, ChangeKind};
use crate::db::feed::Follower;
use crate::events::domain::{Audience, Heard};
use crate::events::store;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::{EventId, UserId};

/// How far a listener may fall behind; whoever falls further has to come back.
const BACKLOG: usize = 256;

/// What a listener is told.
#[derive(Debug, Clone)]
pub enum Signal {
    /// Something happened.
    Heard(Arc<Heard>),
    /// The own account has changed: ask again whether the session still counts.
    Recheck,
}

struct Listener {
    number: u64,
    user: UserId,
    sender: Sender<Signal>,
}

/// Everybody who listens.
#[derive(Default)]
pub struct Listeners {
    held: Mutex<HashMap<Audience, Vec<Listener>>>,
    next: AtomicU64,
}

/// A place among the listeners, until it is dropped.
pub struct Place {
    listeners: Arc<Listeners>,
    number: u64,
    audience: Audience,
    /// What comes.
    pub signals: Receiver<Signal>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.listeners.keep(self.audience, |listener| listener.number != self.number);
    }
}

impl Listeners {
    /// Takes a place; none when the person has `most` already.
    pub fn take(self: &Arc<Self>, user: UserId, audience: Audience, most: usize) -> Option<Place> {
        let (sender, signals) = channel(BACKLOG);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut held = self.held();
        let listeners = held.entry(audience).or_default();
        if listeners.iter().filter(|listener| listener.user == user).count() >= most {
            return None;
        }
        listeners.push(Listener { number, user, sender });
        drop(held);
        metrics::gauge!("guildhall_event_streams").increment(1.0);
        Some(Place { listeners: self.clone(), number, audience, signals })
    }

    /// Ends every stream: the process stops, or something was missed. Whoever comes back is told what was missed.
    pub fn close(&self) {
        self.held().clear();
    }

    /// Whether anybody listens at all.
    fn is_empty(&self) -> bool {
        self.held().is_empty()
    }

    fn keep(&self, audience: Audience, stays: impl Fn(&Listener) -> bool) {
        let mut held = self.held();
        if let Some(listeners) = held.get_mut(&audience) {
            listeners.retain(stays);
            if listeners.is_empty() {
                held.remove(&audience);
            }
        }
        drop(held);
        metrics::gauge!("guildhall_event_streams").decrement(1.0);
    }

    /// Whoever does not keep up loses the place, and comes back.
    fn tell(&self, signal: &Signal, concerned: impl Fn(&Listener) -> bool) {
        let mut held = self.held();
        for listeners in held.values_mut() {
            listeners.retain(|listener| !concerned(listener) || listener.sender.try_send(signal.clone()).is_ok());
        }
    }

    fn tell_audience(&self, heard: &Arc<Heard>) {
        let mut held = self.held();
        for audience in heard.audiences() {
            if let Some(listeners) = held.get_mut(&audience) {
                listeners.retain(|listener| listener.sender.try_send(Signal::Heard(heard.clone())).is_ok());
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Audience, Vec<Listener>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower for Listeners {
    /// Something may have been missed.
    fn load(&self, _conn: &mut Conn, _now: Instant) -> Result<()> {
        self.close();
        Ok(())
    }

    fn apply(&self, conn: &mut Conn, changes: &[Change], _now: Instant) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let of = |kind| changes.iter().filter(move |change| change.kind == kind);
        let ids: Vec<EventId> = of(ChangeKind::Event).filter_map(|change| change.subject.parse().ok()).collect();
        if !ids.is_empty() {
            store::find(conn, ids)?.into_iter().for_each(|heard| self.tell_audience(&Arc::new(heard)));
        }
        for change in of(ChangeKind::User) {
            self.tell(&Signal::Recheck, |listener| listener.user.to_string() == change.subject);
        }
        Ok(())
    }
}
