//! How webhooks end that nobody has switched off: endpoints that fail, makers who have left. And who may lead one anywhere.

use serde_json::json;

use crate::accounts::members::acts_for;
use crate::accounts::store as accounts;
use crate::accounts::store_recipients::owners_of;
use crate::audit::domain::Entry;
use crate::audit::store::record;
use crate::db::{Conn, lock};
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::principal::{Principal, Role};
use crate::kernel::process::Actor;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::store::enqueue;
use crate::webhooks::domain::{DisabledBecause, Webhook};
use crate::webhooks::owner::Owner;
use crate::webhooks::{store, store_deliveries};

/// Switches a webhook off, gives up what waits for it, says so in the audit log, and writes to those whose it is.
pub(crate) fn disable(conn: &mut Conn, webhook: Webhook, because: DisabledBecause, now: Instant) -> Result<()> {
    let id = webhook.id;
    tell_owners(conn, &webhook, because, now)?;
    store::update(conn, webhook.disabled(because, now))?;
    store_deliveries::give_up(conn, id, now)?;
    record(conn, &Entry::of(None, Actor::System, "webhook.disable", id, now).with(json!({ "because": because })))
}

/// Not to whoever no longer acts for them.
fn tell_owners(conn: &mut Conn, webhook: &Webhook, because: DisabledBecause, now: Instant) -> Result<()> {
    let host = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default();
    let (mut owners, why) = match (webhook.owner, because) {
        (Owner::Organization(organization), _) => (owners_of(conn, organization)?, because.to_string()),
        (Owner::House, DisabledBecause::MakerLeft) => (accounts::admins(conn)?, "admin_left".to_owned()),
        (Owner::House, _) => (accounts::admins(conn)?, because.to_string()),
    };
    let letter = Letter::WebhookDisabled { webhook_id: webhook.id, host, because: why };
    owners.retain(|owner| because != DisabledBecause::MakerLeft || owner.key != webhook.created_by.to_string());
    owners.into_iter().try_for_each(|owner| enqueue(conn, now, &NewMail::now(letter.clone(), webhook.id, webhook.version, owner)))
}

/// Switches off what somebody made who no longer acts for those whose it is: it may lead to them, and would go on telling them.
///
/// # Errors
/// 503 when the database is down; 412 when one of them is changed at the same moment.
pub(crate) fn end_those_of(conn: &mut Conn, maker: UserId, owner: Owner, now: Instant) -> Result<()> {
    let mut own = match owner {
        Owner::Organization(organization) => store::enabled(conn, [organization])?,
        Owner::House => store::enabled_of_house(conn)?,
    };
    own.retain(|webhook| webhook.created_by == maker);
    own.into_iter().try_for_each(|webhook| disable(conn, webhook, DisabledBecause::MakerLeft, now))
}

/// Refuses whoever was let in and has lost the right since: what ended with it would begin again. The lock is the removal's.
pub(crate) fn still_acts(conn: &mut Conn, principal: &Principal, owner: Owner) -> Result<()> {
    lock::user(conn, principal.user)?;
    let acts = match owner {
        Owner::Organization(organization) => acts_for(conn, principal.user, organization)?,
        Owner::House => {
            let user = accounts::user(conn, principal.user)?;
            user.role == Role::Admin && user.may_sign_in()
        }
    };
    if acts { Ok(()) } else { Err(Error::not_signed_in()) }
}
