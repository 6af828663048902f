//! Shortlists: the organisation's own, per job request.

use std::collections::HashMap;

use crate::db::Conn;
use crate::developers::card::PublicCard;
use crate::developers::{access_store, card_store, store as developers};
use crate::jobs::service::Jobs;
use crate::jobs::shortlist::{ShortlistEntry, ShortlistNotes, Shortlisted};
use crate::jobs::{store, store_shortlist};
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{DeveloperId, JobRequestId, OrganizationId};
use crate::kernel::page::{Page, PageQuery};
use crate::kernel::principal::Principal;

impl Jobs {
    /// Puts a developer on the shortlist of a job request, or changes the notes.
    ///
    /// # Errors
    /// 403 for others than clients; 404 for another's request, and for a developer whom the organisation cannot see.
    pub async fn shortlist(&self, call: Call, job: JobRequestId, developer: DeveloperId, body: ShortlistNotes) -> Result<Answer> {
        let (organization, user, now) = (call.principal.client()?, call.principal.user, self.clock.now());
        let work = move |conn: &mut Conn| {
            store::find_for(conn, organization, job)?;
            if store_shortlist::find(conn, job, developer)?.is_none() && !can_see(conn, organization, developer, now)? {
                return Err(Error::not_found());
            }
            store_shortlist::put(conn, job, developer, body.notes.as_deref(), user, now)?;
            let row = store_shortlist::find(conn, job, developer)?.ok_or_else(Error::not_found)?;
            Answer::plain(&entries(conn, vec![row])?.pop().ok_or_else(Error::not_found)?)
        };
        self.db.write(work).await
    }

    /// Takes a developer off the shortlist; whoever is not on it stays off.
    ///
    /// # Errors
    /// 403 for others than clients; 404 for another's request.
    pub async fn unshortlist(&self, principal: Principal, job: JobRequestId, developer: DeveloperId) -> Result<()> {
        let organization = principal.client()?;
        let work = move |conn: &mut Conn| {
            store::find_for(conn, organization, job)?;
            store_shortlist::remove(conn, job, developer)
        };
        self.db.write(work).await
    }

    /// The shortlist of a job request.
    ///
    /// # Errors
    /// 403 for others than clients; 404 for another's request; 400 for a cursor that is not one of ours.
    pub async fn shortlisted(&self, principal: Principal, job: JobRequestId, page: PageQuery) -> Result<Page<ShortlistEntry>> {
        let organization = principal.client()?;
        let read = move |conn: &mut Conn| {
            store::find_for(conn, organization, job)?;
            let rows = store_shortlist::list(conn, job, &page)?;
            let Page { data, next_cursor } = Page::cut(rows, page.limit, |row| row.developer.to_string());
            Ok(Page { data: entries(conn, data)?, next_cursor })
        };
        self.db.read(read).await
    }
}

/// Whether the organisation sees anything of the developer: by matching, or because the developer is disclosed to it.
fn can_see(conn: &mut Conn, organization: OrganizationId, developer: DeveloperId, now: Instant) -> Result<bool> {
    let contact = match developers::owner(conn, developer) {
        Err(error) if error.code == Code::NotFound => return Ok(false),
        contact => contact?,
    };
    let standing = card_store::standing(conn, developer)?;
    let matchable = contact.active && standing.is_some_and(|standing| standing.is_matchable(now));
    Ok(matchable || access_store::is_disclosed(conn, developer, organization)?)
}

fn entries(conn: &mut Conn, rows: Vec<Shortlisted>) -> Result<Vec<ShortlistEntry>> {
    let ids: Vec<DeveloperId> = rows.iter().map(|row| row.developer).collect();
    let mut cards: HashMap<DeveloperId, PublicCard> = card_store::cards(conn, &ids)?.into_iter().map(|card| (card.id, card)).collect();
    Ok(rows.into_iter().filter_map(|row| cards.remove(&row.developer).map(|card| ShortlistEntry::new(row, card))).collect())
}
