//! The database of a run: a copy of a filled file, in which a client and some developers are signed in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use diesel::prelude::*;
use guildhall::accounts::domain::{AccountStatus, MemberRole, User};
use guildhall::accounts::{store, store_sessions};
use guildhall::auth::token::Tokens;
use guildhall::db::Conn;
use guildhall::kernel::clock::Instant;
use guildhall::kernel::ids::{OrganizationId, SessionId, UserId};
use guildhall::kernel::principal::Role;
use guildhall::kernel::zone::TimeZone;
use guildhall_benches::developers::{is_vetted, user_of};
use guildhall_benches::fill;
use guildhall_benches::world::World;

use crate::processes::Folder;
use guildhall_benches::client::Outcome;

/// What the server signs with.
pub const SECRET: &str = "the secret of a load test, which guards nothing at all";
/// Longer than any run: nobody's token ends in the middle of it.
const MINUTES: i64 = 24 * 60;
/// Developers who change their profiles; so many that nobody has two changes on the way at once.
const CHANGING: usize = 2000;
/// What decides what is in a file.
const SOURCES: [&str; 4] =
    [include_str!("../../fill.rs"), include_str!("../../developers.rs"), include_str!("../../world.rs"), include_str!("../../zones.rs")];

/// Access tokens.
pub struct People {
    pub client: String,
    /// Vetted, by their number.
    pub developers: Vec<(u64, String)>,
}

/// A file of this run with `count` developers; what is copied is kept for the next runs of the same day and sources.
pub fn fresh_copy(folder: &Folder, world: &World, count: u64, now: Instant) -> Outcome<PathBuf> {
    let mut hash = DefaultHasher::new();
    (SOURCES, count, world.today).hash(&mut hash);
    let kept = std::env::temp_dir().join(format!("guildhall-load-{count}-{:016x}.db", hash.finish()));
    if !kept.exists() {
        let new = folder.path().join("new.db");
        fill::fill(&mut fill::open(&new)?, world, count, now)?;
        std::fs::rename(&new, &kept)?;
    }
    let file = folder.path().join("load.db");
    std::fs::copy(&kept, &file)?;
    Ok(file)
}

/// Gives a new client and some of the developers a session each, as if they had signed in.
pub fn sign_in(file: &Path, count: u64, now: Instant) -> Outcome<People> {
    let tokens = Tokens::new(&SECRET.into(), &[], MINUTES)?;
    let vetted: Vec<u64> = (0..count).filter(|number| is_vetted(*number)).collect();
    let chosen = vetted.iter().step_by((vetted.len() / CHANGING).max(1)).take(CHANGING);
    let session = |conn: &mut Conn, user: UserId| -> Outcome<String> {
        let id = SessionId::new(now);
        store_sessions::insert(conn, id, user, "load", now, now.plus(TimeDelta::days(1)))?;
        Ok(tokens.access(user, id, now)?.0)
    };
    fill::open(file)?.transaction(|conn| {
        let client = insert_client(conn, now)?;
        let developer = |number: &u64| Ok((*number, session(conn, user_of(*number))?));
        let developers = chosen.map(developer).collect::<Outcome<_>>()?;
        Ok(People { client: session(conn, client)?, developers })
    })
}

fn insert_client(conn: &mut Conn, now: Instant) -> Outcome<UserId> {
    let (id, organization) = (UserId::new(now), OrganizationId::new(now));
    let user = User {
        id,
        email: "client@load.example".parse().map_err(|_| "an address")?,
        name: "Client".to_owned(),
        role: Role::Client,
        status: AccountStatus::Active,
        time_zone: TimeZone::UTC,
        password_hash: None,
        verified_at: Some(now),
        version: 1,
        created_at: now,
    };
    store::insert_user(conn, &user)?;
    store::insert_organization(conn, organization, "Load", now)?;
    store::insert_member(conn, organization, id, MemberRole::Owner, now)?;
    Ok(id)
}
