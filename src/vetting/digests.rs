//! The admins' daily digest of applications in which nothing happens: at 09:00 of each admin, none when nothing is idle.

use crate::accounts::store as accounts;
use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::words::Word as _;
use crate::kernel::zone::add_days;
use crate::notifications::domain::Letter;
use crate::notifications::outbox::NewMail;
use crate::notifications::preferences::OptionalMail;
use crate::notifications::preferences_store;
use crate::notifications::recipient::Recipient;
use crate::notifications::reminders::MORNING;
use crate::notifications::store::enqueue;
use crate::notifications::summaries::IdleApplication;
use crate::vetting::application::Application;
use crate::vetting::calendar::working_days;
use crate::vetting::domain::{ROOM, days_after};
use crate::vetting::outlook::WaitsFor;
use crate::vetting::process::ApplicationState;
use crate::vetting::service::Vetting;
use crate::vetting::store;

/// How many applications a digest names.
const NAMED: usize = 20;

impl Vetting {
    /// Writes today's digest to each admin whose 09:00 has come since `since`, or at all today; gives the time up to which it
    /// looked. A digest that is there already is not written again.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn send_digests(&self, since: Option<Instant>) -> Result<Instant> {
        let now = self.clock.now();
        let admins = self.db.read(accounts::admins).await?;
        let awake: Vec<Recipient> = admins.into_iter().filter(|admin| has_come(admin, since, now)).collect();
        if awake.is_empty() {
            return Ok(now);
        }
        let least = self.settings.idle_working_days;
        let before = days_after(now, -least);
        let waiting = self.db.read(move |conn| store::unchanged_since(conn, &waiting_states(), before)).await?;
        if !waiting.is_empty() {
            let write = move |conn: &mut Conn| awake.iter().try_for_each(|admin| digest(conn, admin, &waiting, least, now));
            self.db.write(write).await?;
            self.wake();
        }
        Ok(now)
    }
}

/// The states in which a reviewer has to act.
fn waiting_states() -> Vec<ApplicationState> {
    ApplicationState::ALL.iter().copied().filter(|state| WaitsFor::of(*state) == WaitsFor::Reviewer).collect()
}

fn has_come(admin: &Recipient, since: Option<Instant>, now: Instant) -> bool {
    let nine = admin.time_zone.at(admin.time_zone.date(now), MORNING);
    nine <= now && since.is_none_or(|since| since < nine)
}

fn digest(conn: &mut Conn, admin: &Recipient, waiting: &[Application], least: i64, now: Instant) -> Result<()> {
    let (zone, today) = (admin.time_zone, admin.time_zone.date(now));
    let idle: Vec<IdleApplication> = waiting.iter().map(|each| line(each, admin, now)).filter(|each| each.working_days > least).collect();
    if idle.is_empty() || !preferences_store::is_on(conn, &admin.key, OptionalMail::VettingDigest)? {
        return Ok(());
    }
    let letter = Letter::VettingIdle { count: idle.len(), applications: idle.into_iter().take(NAMED).collect() };
    let mail = NewMail::now(letter, ROOM, today, admin.clone()).later(now, zone.start_of(add_days(today, 1)));
    enqueue(conn, now, &mail)
}

fn line(application: &Application, admin: &Recipient, now: Instant) -> IdleApplication {
    let working_days = working_days(application.changed_at, now, admin.time_zone);
    IdleApplication { application_id: application.id, state: application.state.to_string(), working_days }
}
