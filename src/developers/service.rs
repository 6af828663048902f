//! What people do with profiles.

use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};

use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::Conn;
use crate::db::feed::Feed;
use crate::db::lock;
use crate::db::once::once;
use crate::db::pool::Db;
use crate::developers::access::BlockTarget;
use crate::developers::access::Side;
use crate::developers::access::Sight;
use crate::developers::access::sight;
use crate::developers::access_store;
use crate::developers::card::DeveloperCard;
use crate::developers::card::DeveloperProfile;
use crate::developers::card::PublicCard;
use crate::developers::card::StoredProfile;
use crate::developers::card_cache::{CardCache, Known, PublicView};
use crate::developers::card_store;
use crate::developers::draft::Draft;
use crate::developers::draft::Resolved;
use crate::developers::hours_store;
use crate::developers::profile::Profile;
use crate::developers::store;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::clock::{Instant, SharedClock};
use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{DeveloperId, OrganizationId, TrialId, UserId};
use crate::kernel::money::Rates;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::schema::Patch;
use crate::skills::domain::Catalogue;
use crate::skills::service::Skills;

/// Profiles, cards and blocks.
pub struct Developers {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) skills: Arc<Skills>,
    pub(super) rates: Arc<Rates>,
    cards: LiveCards,
}

/// Public cards in memory, and the feed that keeps them true.
pub struct LiveCards {
    /// The cards.
    pub cache: Arc<CardCache>,
    /// Whom to ask before they are read.
    pub feed: Feed,
}

impl Developers {
    /// Profiles in `db`, whose skills stand in `skills` and whose currencies in `rates`.
    pub fn new(db: Db, clock: SharedClock, skills: Arc<Skills>, rates: Arc<Rates>, cards: LiveCards) -> Self {
        Self { db, clock, skills, rates, cards }
    }

    /// The developer's own profile.
    ///
    /// # Errors
    /// 403 for others than developers; 404 before it is created.
    pub async fn mine(&self, principal: &Principal) -> Result<DeveloperProfile> {
        let (user, now) = (principal.developer()?, self.clock.now());
        self.db
            .read(move |conn| {
                let stored = own(conn, user)?;
                view(conn, stored, now)
            })
            .await
    }

    /// Replaces the developer's own profile; the first time creates it.
    ///
    /// # Errors
    /// 403 for others than developers; 412; 422 with every fault.
    pub async fn put(&self, call: Call, draft: Draft) -> Result<Answer> {
        let (user, now) = (call.principal.developer()?, self.clock.now());
        let catalogue = self.skills.catalogue().await?;
        let profile = draft.check(&self.rates, |text| resolve(&catalogue, text))?;
        self.db
            .write(move |conn| {
                once(conn, call.once.as_ref(), now, |conn| {
                    // Two first times at once take turns here.
                    lock::user(conn, user)?;
                    let current = store::find_by_user(conn, user)?.map(|id| locked(conn, id)).transpose()?;
                    call.expected.check(current.as_ref().map_or(0, |stored| stored.version))?;
                    let stored = save(conn, user, current, profile.clone(), now)?;
                    answer(conn, stored, now)
                })
            })
            .await
    }

    /// Changes parts of the developer's own profile.
    ///
    /// # Errors
    /// 403 for others than developers; 404 before it is created; 412; 422 with every fault.
    pub async fn patch(&self, call: Call, patch: Patch<Draft>) -> Result<Answer> {
        let (user, now) = (call.principal.developer()?, self.clock.now());
        let (catalogue, rates) = (self.skills.catalogue().await?, self.rates.clone());
        self.db
            .write(move |conn| {
                once(conn, call.once.as_ref(), now, |conn| {
                    let id = own_id(conn, user)?;
                    let current = locked(conn, id)?;
                    call.expected.check(current.version)?;
                    let profile = patch.apply(&current.profile)?.check(&rates, |text| resolve(&catalogue, text))?;
                    let stored = store::replace(conn, &current, profile, now)?;
                    answer(conn, stored, now)
                })
            })
            .await
    }

    /// The developer's own card as clients see it, also before clients can see it.
    ///
    /// # Errors
    /// 403 for others than developers; 404 before the profile is created.
    pub async fn my_card(&self, principal: &Principal) -> Result<PublicCard> {
        let user = principal.developer()?;
        self.db
            .read(move |conn| {
                let id = own_id(conn, user)?;
                card_store::cards(conn, &[id])?.pop().ok_or_else(Error::not_found)
            })
            .await
    }

    /// A developer as `viewer` sees them, as the JSON of a [`DeveloperCard`]. Whoever is told who it is, and what they have done, is
    /// written down first.
    ///
    /// # Errors
    /// 404 for whom the viewer may not see.
    pub async fn card(&self, viewer: Option<Principal>, id: DeveloperId) -> Result<Arc<RawValue>> {
        let (now, LiveCards { cache, feed }) = (self.clock.now(), &self.cards);
        feed.fresh().await?;
        let ticket = match cache.look(viewer.as_ref(), id, now) {
            Known::Public(card) => return Ok(card),
            Known::Unknown(ticket) => ticket,
        };
        let asking = viewer.clone();
        let (shown, public) = self.db.read(move |conn| card(conn, asking.as_ref(), id, now)).await?;
        match (public, viewer) {
            (Some(public), viewer) => cache.keep(ticket, viewer.as_ref(), id, public),
            (None, Some(viewer)) => self.note_look(&viewer, id).await?,
            (None, None) => {}
        }
        Ok(shown)
    }

    /// Writes down that somebody else is told who the developer is.
    pub(crate) async fn note_look(&self, viewer: &Principal, id: DeveloperId) -> Result<()> {
        if viewer.role == Role::Developer {
            return Ok(());
        }
        let look = Entry::of(Some(viewer.user), viewer.role.into(), "developer.look", id, self.clock.now());
        self.db.write(move |conn| record(conn, &look)).await
    }

    /// Blocks a developer as a client, or an organisation as a developer: never matched or offered to each other again.
    ///
    /// # Errors
    /// 403 for admins; 404 when there is nobody of that id whom this side could block.
    pub async fn block(&self, principal: &Principal, target: BlockTarget) -> Result<()> {
        let (blocking, now) = (Blocking::new(principal, target)?, self.clock.now());
        self.db
            .write(move |conn| {
                let (developer, organization, side) = blocking.parties(conn)?;
                access_store::block(conn, developer, organization, side, now)
            })
            .await
    }

    /// Takes a block back; the other side's stays.
    ///
    /// # Errors
    /// As [`Self::block`].
    pub async fn unblock(&self, principal: &Principal, target: BlockTarget) -> Result<()> {
        let (blocking, now) = (Blocking::new(principal, target)?, self.clock.now());
        self.db
            .write(move |conn| {
                let (developer, organization, side) = blocking.parties(conn)?;
                access_store::unblock(conn, developer, organization, side, now)
            })
            .await
    }

    /// Frees the hours that a converted trial holds without an end.
    ///
    /// # Errors
    /// 403 for others than developers; 404 when the trial holds no hours of this developer; 409 while the trial's own end governs them.
    pub async fn release_hours(&self, principal: &Principal, trial: TrialId) -> Result<()> {
        let (user, now) = (principal.developer()?, self.clock.now());
        self.db
            .write(move |conn| {
                let id = own_id(conn, user)?;
                lock::developer(conn, id)?;
                let held = hours_store::commitments(conn, id)?.into_iter().find(|each| each.trial_id == trial);
                match held.ok_or_else(Error::not_found)?.ends_at {
                    None => hours_store::release_hours(conn, trial, id, now, now),
                    Some(ends_at) if ends_at <= now => Ok(()),
                    Some(_) => {
                        Err(Error::conflict("These hours end with the trial itself; only hours of a conversion are yours to release."))
                    }
                }
            })
            .await
    }
}

/// The card as `viewer` sees it, and as everybody does where that is the same.
fn card(conn: &mut Conn, viewer: Option<&Principal>, id: DeveloperId, now: Instant) -> Result<(Arc<RawValue>, Option<PublicView>)> {
    let stored = store::profile(conn, id)?;
    let organization = viewer.filter(|viewer| viewer.role == Role::Client).and_then(|viewer| viewer.organization);
    let disclosed = organization.map(|organization| access_store::is_disclosed(conn, id, organization)).transpose()?;
    let standing = card_store::standing(conn, id)?;
    let contact = store::owner(conn, id)?;
    let matchable = contact.active && standing.is_some_and(|standing| standing.is_matchable(now));
    let sight = sight(viewer, stored.user_id, disclosed.unwrap_or_default(), matchable).ok_or_else(Error::not_found)?;
    let verified = card_store::verified(conn, &[id])?.remove(&id).unwrap_or_default();
    let (owner, matchable_until) = (stored.user_id, standing.map(|standing| standing.valid_until).filter(|_| matchable));
    let card = match sight {
        Sight::Public => DeveloperCard::public(PublicCard::new(id, stored.profile, verified)),
        Sight::Disclosed => DeveloperCard::disclosed(id, stored.profile, verified, contact),
    };
    let card: Arc<RawValue> = to_raw_value(&card).map_err(Error::internal)?.into();
    let public = PublicView { owner, matchable_until, card: card.clone() };
    Ok((card, Some(public).filter(|_| sight == Sight::Public)))
}

/// Who wants to block whom, as far as it is known without the database.
#[derive(Debug, Clone, Copy)]
enum Blocking {
    Client(OrganizationId, DeveloperId),
    Developer(UserId, OrganizationId),
}

impl Blocking {
    fn new(principal: &Principal, target: BlockTarget) -> Result<Self> {
        match (principal.role, target) {
            (Role::Client, BlockTarget::Developer(developer)) => Ok(Self::Client(principal.client()?, developer)),
            (Role::Developer, BlockTarget::Organization(organization)) => Ok(Self::Developer(principal.user, organization)),
            (Role::Admin, _) => Err(Error::not_allowed("Only clients and developers block each other.")),
            _ => Err(Error::not_found()),
        }
    }

    fn parties(self, conn: &mut Conn) -> Result<(DeveloperId, OrganizationId, Side)> {
        Ok(match self {
            Self::Client(organization, developer) => (developer, organization, Side::Client),
            Self::Developer(user, organization) => (own_id(conn, user)?, organization, Side::Developer),
        })
    }
}

/// What `text` names in the catalogue.
pub(super) fn resolve(catalogue: &Catalogue, text: &str) -> Resolved {
    let nearest = || catalogue.nearest(text).iter().map(ToString::to_string).collect();
    catalogue.resolve(text).map(|slug| slug.to_string()).ok_or_else(nearest)
}

fn own_id(conn: &mut Conn, user: UserId) -> Result<DeveloperId> {
    let none = || Error::new(Code::NotFound, "You have no profile yet: create it with PUT /v1/developers/me.");
    store::find_by_user(conn, user)?.ok_or_else(none)
}

fn own(conn: &mut Conn, user: UserId) -> Result<StoredProfile> {
    let id = own_id(conn, user)?;
    store::profile(conn, id)
}

/// Replaces the profile that is there, or creates the first.
pub(crate) fn save(conn: &mut Conn, user: UserId, current: Option<StoredProfile>, profile: Profile, now: Instant) -> Result<StoredProfile> {
    match current {
        Some(stored) => store::replace(conn, &stored, profile, now),
        None => store::insert(conn, user, profile, now),
    }
}

/// The profile, which nobody else can change until the transaction ends.
pub(crate) fn locked(conn: &mut Conn, id: DeveloperId) -> Result<StoredProfile> {
    lock::developer(conn, id)?;
    store::profile(conn, id)
}

fn view(conn: &mut Conn, stored: StoredProfile, now: Instant) -> Result<DeveloperProfile> {
    let beside = card_store::beside(conn, stored.id)?;
    Ok(stored.view(beside, now))
}

fn answer(conn: &mut Conn, stored: StoredProfile, now: Instant) -> Result<Answer> {
    let view = view(conn, stored, now)?;
    Answer::versioned(view.version, &view)
}
