//! What trials ask of the rooms before them: who the two parties are, what is free, what is open.

use std::collections::{BTreeSet, HashMap};

use crate::accounts::{store as accounts, store_recipients};
use crate::db::Conn;
use crate::developers::card::Contact;
use crate::developers::hours::peak_hours;
use crate::developers::{access_store, card_store, hours_store, store as developers};
use crate::jobs::store as jobs;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId};
use crate::notifications::recipient::Recipient;
use crate::trials::model::{Contract, Holding, Names, Trial};
use crate::trials::notices::Recipient as Who;
use crate::trials::store;

/// The names of a trial's parties.
///
/// # Errors
/// 503 when the database is down.
pub fn names(conn: &mut Conn, developer: DeveloperId, organization: OrganizationId) -> Result<Names> {
    let contact = developers::owner(conn, developer)?;
    let disclosed = access_store::is_disclosed(conn, developer, organization)?;
    Ok(names_with(accounts::organization(conn, organization)?.name, &contact, disclosed))
}

fn names_with(organization: String, contact: &Contact, disclosed: bool) -> Names {
    Names { organization, headline: contact.headline.clone(), developer: contact.name.clone(), disclosed }
}

/// The names of many pairs of parties.
pub type AllNames = HashMap<(DeveloperId, OrganizationId), Names>;

/// The names of these pairs. Three queries, however many there are.
///
/// # Errors
/// 503 when the database is down.
pub fn names_of(conn: &mut Conn, pairs: &[(DeveloperId, OrganizationId)]) -> Result<AllNames> {
    let pairs: BTreeSet<_> = pairs.iter().copied().collect();
    let people: Vec<DeveloperId> = pairs.iter().map(|(developer, _)| *developer).collect();
    let houses: Vec<OrganizationId> = pairs.iter().map(|(_, organization)| *organization).collect();
    let (contacts, organizations) = (developers::owners(conn, &people)?, accounts::organization_names(conn, &houses)?);
    let disclosed = access_store::disclosed_among(conn, &people, &houses)?;
    let named = pairs.into_iter().filter_map(|(developer, organization)| {
        let contact = contacts.get(&developer)?;
        let name = organizations.get(&organization)?.clone();
        Some(((developer, organization), names_with(name, contact, disclosed.contains(&(developer, organization)))))
    });
    Ok(named.collect())
}

/// Those who are told of a trial, read once for all the mails of a step.
pub struct Cast {
    /// The names of its parties.
    pub names: Names,
    client: Vec<Recipient>,
    developer: Vec<Recipient>,
    admins: Vec<Recipient>,
}

impl Cast {
    /// As they are now.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn of(conn: &mut Conn, trial: &Trial) -> Result<Self> {
        Self::of_all(conn, &[trial])?.pop().ok_or_else(Error::not_found)
    }

    /// Those of each of these trials, in their order. Five queries, however many there are.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub fn of_all(conn: &mut Conn, trials: &[&Trial]) -> Result<Vec<Self>> {
        let developers = distinct(trials.iter().map(|trial| trial.developer_id));
        let organizations = distinct(trials.iter().map(|trial| trial.organization_id));
        let contacts = developers::owners(conn, &developers)?;
        let disclosed = access_store::disclosed_among(conn, &developers, &organizations)?;
        let names = accounts::organization_names(conn, &organizations)?;
        let clients = store_recipients::recipients_of_all(conn, &organizations)?;
        let admins = accounts::admins(conn)?;
        let cast = |trial: &&Trial| -> Result<Self> {
            let contact = contacts.get(&trial.developer_id).ok_or_else(Error::not_found)?;
            let name = names.get(&trial.organization_id).ok_or_else(Error::not_found)?;
            Ok(Self {
                names: names_with(name.clone(), contact, disclosed.contains(&(trial.developer_id, trial.organization_id))),
                client: clients.get(&trial.organization_id).cloned().unwrap_or_default(),
                developer: vec![contact.recipient()],
                admins: admins.clone(),
            })
        };
        trials.iter().map(cast).collect()
    }

    /// Those who are told something as `who`.
    pub fn people(&self, who: Who) -> &[Recipient] {
        match who {
            Who::Client => &self.client,
            Who::Developer => &self.developer,
            Who::Admins => &self.admins,
        }
    }
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether trials can be agreed with the developer at `now`.
///
/// # Errors
/// 503 when the database is down.
pub fn is_vetted(conn: &mut Conn, developer: DeveloperId, now: Instant) -> Result<bool> {
    Ok(card_store::standing(conn, developer)?.is_some_and(|standing| standing.is_matchable(now)))
}

/// Whether the developer has the asked hours free from the start, or from `now` if that is later, until the end of the grace.
///
/// # Errors
/// 503 when the database is down.
pub fn has_hours_free(conn: &mut Conn, contract: &Contract, now: Instant) -> Result<bool> {
    can_hold(conn, &contract.trial, Holding { hours: contract.terms.hours_per_week, until: Some(contract.trial.grace_until) }, now)
}

/// Whether the developer has the hours of `holding` free beside all others, from the trial's start, or from `now` if that is later.
///
/// # Errors
/// 503 when the database is down.
pub fn can_hold(conn: &mut Conn, trial: &Trial, holding: Holding, now: Instant) -> Result<bool> {
    let mut held = hours_store::commitments(conn, trial.developer_id)?;
    held.retain(|each| each.trial_id != trial.id);
    let peak = peak_hours(&held, trial.starts_at.max(now), holding.until.unwrap_or(Instant::from_micros(i64::MAX)));
    let most = developers::profile(conn, trial.developer_id)?.profile.hours_per_week.unwrap_or_default();
    Ok(peak + holding.hours <= most)
}

/// Whether the job request has a seat that no trial holds.
///
/// # Errors
/// 503 when the database is down.
pub fn has_seat_free(conn: &mut Conn, trial: &Trial) -> Result<bool> {
    let taken = store::seats_taken(conn, trial.job_request_id)?;
    Ok(taken < jobs::get(conn, trial.job_request_id)?.fields.seats)
}
