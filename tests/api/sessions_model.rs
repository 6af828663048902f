//! Refresh tokens against a model of them: whatever is presented in whatever order, there is one live lineage or none (reliability
//! R12, R13). Many sessions go through their own stories side by side, so that ten thousand stories take seconds.

use std::net::{IpAddr, Ipv4Addr};

use chrono::TimeDelta;
use futures_util::future::join_all;
use guildhall::accounts::store_sessions;
use guildhall::auth::gate::Gate as _;
use guildhall::auth::token::Tokens;
use guildhall::kernel::clock::{Clock as _, Instant};
use guildhall::kernel::ids::{SessionId, UserId};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use secrecy::ExposeSecret as _;

use crate::support::app::{SECRET, TestApp};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const STEPS: usize = 12;

/// What a session should be.
struct Lineage {
    session: SessionId,
    newest: i64,
    rotated_at: Instant,
    alive: bool,
}

impl Lineage {
    /// What presenting the token of `generation` should give: the generation of the answer's token.
    fn present(&mut self, generation: i64, now: Instant) -> Option<i64> {
        if !self.alive {
            return None;
        }
        if generation == self.newest {
            (self.newest, self.rotated_at) = (self.newest + 1, now);
            return Some(self.newest);
        }
        let again = generation + 1 == self.newest && now.since(self.rotated_at) <= TimeDelta::seconds(10);
        self.alive = again;
        again.then_some(self.newest)
    }
}

struct World {
    app: TestApp,
    tokens: Tokens,
    user: UserId,
    lineages: Vec<Lineage>,
    random: StdRng,
}

impl World {
    async fn new(stories: usize, seed: u64) -> Self {
        let app = TestApp::start().await;
        let user: UserId = app.client().await.get("/v1/me").await.expect(200).text_at("/id").parse().expect("an id");
        let now = app.clock.now();
        let lineages: Vec<Lineage> =
            (0..stories).map(|_| Lineage { session: SessionId::new(now), newest: 1, rotated_at: now, alive: true }).collect();
        let (sessions, ends_at): (Vec<_>, _) = (lineages.iter().map(|each| each.session).collect(), now.plus(TimeDelta::days(90)));
        let insert = move |conn: &mut guildhall::db::Conn| {
            sessions.iter().try_for_each(|session| store_sessions::insert(conn, *session, user, "a model", now, ends_at))
        };
        app.house.db.write(insert).await.expect("sessions");
        let tokens = Tokens::new(&SECRET.into(), &[], 15).expect("tokens");
        Self { app, tokens, user, lineages, random: StdRng::seed_from_u64(seed) }
    }

    /// Every session presents some token that it was once given, mostly a late one.
    async fn step(&mut self) {
        let now = self.app.clock.now();
        let (mut asked, mut expected) = (Vec::new(), Vec::new());
        for lineage in &mut self.lineages {
            let back = [0, 0, 0, 0, 1, 1, 1, 2, 3][self.random.random_range(0..9)];
            let generation = (lineage.newest - back).max(1);
            asked.push(self.tokens.refresh(lineage.session, generation));
            expected
                .push(lineage.present(generation, now).map(|next| self.tokens.refresh(lineage.session, next).expose_secret().to_owned()));
        }
        let accounts = &self.app.house.accounts;
        let answers = join_all(asked.iter().map(|token| accounts.refresh(token.expose_secret(), HERE))).await;
        let given: Vec<Option<String>> = answers.into_iter().map(|answer| answer.ok().map(|pair| pair.refresh_token)).collect();
        assert_eq!(given, expected);
        self.app.clock.advance(TimeDelta::milliseconds(self.random.random_range(0..8000)));
    }

    /// An access token is as good as its session.
    async fn check_access(&self) {
        for lineage in &self.lineages {
            let (access, _) = self.tokens.access(self.user, lineage.session, self.app.clock.now()).expect("a token");
            assert_eq!(self.app.house.accounts.principal(&access).await.is_ok(), lineage.alive, "{:?}", lineage.session);
        }
    }

    async fn check_traces(&self) {
        use diesel::prelude::*;
        use guildhall::db::schema::{audit_entries, outbox};
        let over = i64::try_from(self.lineages.iter().filter(|lineage| !lineage.alive).count()).expect("a number");
        let audited = audit_entries::table.filter(audit_entries::action.eq("auth.refresh_reused")).count();
        let mailed = outbox::table.filter(outbox::kind.eq("session_reuse")).count();
        let counts: (i64, i64) = self.app.read(move |conn| Ok((audited.get_result(conn)?, mailed.get_result(conn)?))).await;
        assert_eq!(counts, (over, over));
    }
}

async fn stories(count: usize, seed: u64) {
    let mut world = World::new(count, seed).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.check_access().await;
    world.check_traces().await;
    let alive = world.lineages.iter().filter(|lineage| lineage.alive).count();
    assert!((1..count).contains(&alive), "{alive} of {count} live on: the model tries both ends");
}

#[actix_web::test]
async fn three_hundred_sessions_do_what_the_model_says() {
    stories(300, 7).await;
}

mod long {
    #[actix_web::test]
    async fn ten_thousand_sessions_do_what_the_model_says() {
        for seed in 0..10 {
            super::stories(1000, seed).await;
        }
    }
}
