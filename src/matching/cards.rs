//! What is shown of developers, kept in memory: the public card as JSON, and the candidate from which matches are explained.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::db::Conn;
use crate::db::pool::Db;
use crate::developers::card::{PublicCard, VerifiedSkill};
use crate::developers::profile::{ClaimedSkill, TimeOfDay, WorkingHours};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::DeveloperId;
use crate::matching::domain::Candidate;
use crate::matching::store;
use crate::matching::store::Scope;

/// How many developers a half keeps; there are two, and about four kilobytes each.
const HALF: usize = 10_000;

/// What is shown of a developer.
#[derive(Debug)]
pub struct Shown {
    /// The [`PublicCard`], as JSON.
    pub card: Box<RawValue>,
    /// What a match is explained from; read together with the card.
    pub candidate: Candidate,
}

impl Shown {
    fn new(candidate: Candidate) -> Result<Arc<Self>> {
        let card = to_raw_value(&card(&candidate)).map_err(Error::internal)?;
        Ok(Arc::new(Self { card, candidate }))
    }
}

/// The public card of a candidate; claimed skills the best first, then by slug, as everywhere.
fn card(candidate: &Candidate) -> PublicCard {
    let claimed = candidate.skills.iter().map(|(slug, skill)| ClaimedSkill { slug: slug.clone(), level: skill.level, years: skill.years });
    let mut skills: Vec<ClaimedSkill> = claimed.collect();
    skills.sort_by_key(|skill| std::cmp::Reverse(skill.level));
    let verified = candidate.verified.iter().map(|(slug, skill)| VerifiedSkill {
        slug: slug.clone(),
        level: skill.level,
        verified_at: skill.verified_at,
        expires_at: skill.expires_at,
    });
    let hours = candidate.working_hours.and_then(|hours| TimeOfDay::new(hours.from).zip(TimeOfDay::new(hours.to)));
    PublicCard {
        id: candidate.developer_id,
        headline: candidate.headline.clone(),
        seniority: candidate.seniority,
        hourly_rate: Some(candidate.rate),
        hours_per_week: Some(candidate.hours_per_week.into()),
        available_from: candidate.available_from,
        time_zone: Some(candidate.time_zone),
        working_hours: hours.map(|(from, to)| WorkingHours { from, to }),
        languages: candidate.languages.clone(),
        domains: candidate.domains.clone(),
        skills,
        verified_skills: verified.collect(),
    }
}

/// A [`PublicCard`] in an answer, written as it was kept.
#[derive(Debug, Clone)]
pub struct ShownCard(pub Arc<Shown>);

impl Serialize for ShownCard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.card.serialize(serializer)
    }
}

impl PartialSchema for ShownCard {
    fn schema() -> RefOr<Schema> {
        PublicCard::schema()
    }
}

impl ToSchema for ShownCard {
    fn name() -> std::borrow::Cow<'static, str> {
        PublicCard::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        PublicCard::schemas(schemas);
    }
}

/// The developers who were shown lately. A half that is full becomes the old one, and what nobody has asked for since is
/// forgotten with it.
#[derive(Default)]
pub struct Cards(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    tickets: u64,
    young: HashMap<DeveloperId, Place>,
    old: HashMap<DeveloperId, Place>,
}

/// What there is of a developer. Whoever reads leaves a ticket in the place; when something changes meanwhile the ticket
/// goes, and what was read is not kept.
enum Place {
    Reading(u64),
    Kept(Arc<Shown>),
}

impl Cards {
    /// What is shown of `ids`, in their order, as of `now`; those who are not matchable any more are left out. What is not
    /// in memory comes from one visit to the database.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn of(&self, db: &Db, ids: &[DeveloperId], now: Instant) -> Result<Vec<Arc<Shown>>> {
        let (ticket, mut shown, missing) = self.halves().look_up(ids, now);
        if !missing.is_empty() {
            let wanted = missing.clone();
            let read = db.read(move |conn| read(conn, &wanted, now)).await?;
            self.halves().keep(ticket, &missing, &read);
            for (place, id) in shown.iter_mut().zip(ids).filter(|(place, _)| place.is_none()) {
                *place = read.iter().find(|each| each.candidate.developer_id == *id).cloned();
            }
        }
        Ok(shown.into_iter().flatten().collect())
    }

    /// Forgets developers who have changed.
    pub fn forget<'a>(&self, ids: impl IntoIterator<Item = &'a DeveloperId>) {
        let mut halves = self.halves();
        for id in ids {
            halves.young.remove(id);
            halves.old.remove(id);
        }
    }

    /// Forgets everybody.
    pub fn clear(&self) {
        let mut halves = self.halves();
        halves.young.clear();
        halves.old.clear();
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type LookedUp = (u64, Vec<Option<Arc<Shown>>>, Vec<DeveloperId>);

impl Halves {
    /// A ticket, what there is in the order of `ids`, and who has to be read.
    fn look_up(&mut self, ids: &[DeveloperId], now: Instant) -> LookedUp {
        self.tickets += 1;
        let (mut shown, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            let kept = self.kept(*id).filter(|kept| kept.candidate.right_until.is_none_or(|until| now < until));
            if kept.is_none() {
                self.put(*id, Place::Reading(self.tickets));
                missing.push(*id);
            }
            shown.push(kept);
        }
        (self.tickets, shown, missing)
    }

    fn kept(&mut self, id: DeveloperId) -> Option<Arc<Shown>> {
        if !self.young.contains_key(&id) {
            let place = self.old.remove(&id)?;
            self.put(id, place);
        }
        match self.young.get(&id)? {
            Place::Kept(shown) => Some(shown.clone()),
            Place::Reading(_) => None,
        }
    }

    fn put(&mut self, id: DeveloperId, place: Place) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&id);
        self.young.insert(id, place);
    }

    fn keep(&mut self, ticket: u64, wanted: &[DeveloperId], read: &[Arc<Shown>]) {
        let waits = |place: Option<&Place>| matches!(place, Some(Place::Reading(own)) if *own == ticket);
        for id in wanted {
            let Some(half) = [&mut self.young, &mut self.old].into_iter().find(|half| waits(half.get(id))) else { continue };
            match read.iter().find(|each| each.candidate.developer_id == *id) {
                Some(each) => drop(half.insert(*id, Place::Kept(each.clone()))),
                None => drop(half.remove(id)),
            }
        }
    }
}

fn read(conn: &mut Conn, ids: &[DeveloperId], now: Instant) -> Result<Vec<Arc<Shown>>> {
    store::candidates(conn, Scope::Ids(ids), now)?.into_iter().map(Shown::new).collect()
}
