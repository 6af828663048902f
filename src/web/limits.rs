//! Rate limits per client address, with the headers of the IETF draft "RateLimit header fields for HTTP".

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderMap;
use actix_web::http::header::{HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Limits;
use crate::kernel::error::{Error, Result};

type Limiter = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// After so many requests, addresses that rest are forgotten.
const FORGET_EVERY: u64 = 10_000;

/// How often one address may call; app data, shared by all workers.
#[derive(Clone)]
pub struct AddressLimits {
    general: Option<Arc<Limiter>>,
    search: Option<Arc<Limiter>>,
    policy: HeaderValue,
    taken: Arc<AtomicU64>,
}

/// What is left of an address's allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left(u32);

impl Left {
    /// Nothing.
    pub const NONE: Self = Self(0);
}

impl AddressLimits {
    /// As configured.
    pub fn new(limits: &Limits) -> Self {
        let make = |per_second: u32, burst: u32| {
            let (per_second, burst) = (NonZeroU32::new(per_second)?, NonZeroU32::new(burst)?);
            let quota = Quota::per_second(per_second).allow_burst(burst);
            limits.enabled.then(|| Arc::new(RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>()))
        };
        let policy = format!("\"address\";q={};w={}", limits.burst, limits.burst.div_ceil(limits.requests_per_second.max(1)));
        Self {
            general: make(limits.requests_per_second, limits.burst),
            search: make(limits.search_per_second, limits.search_burst),
            taken: Arc::default(),
            policy: HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }

    /// Counts one request of `address`.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn take(&self, address: IpAddr) -> Result<Option<Left>> {
        self.forget();
        count("address", self.general.as_ref(), address)
    }

    /// Counts one public search of `address`.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn take_search(&self, address: IpAddr) -> Result<()> {
        count("search", self.search.as_ref(), address).map(|_| ())
    }

    /// Writes what is left into the answer.
    pub fn describe(&self, left: Left, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("ratelimit-policy"), self.policy.clone());
        if let Ok(value) = HeaderValue::from_str(&format!("\"address\";r={}", left.0)) {
            headers.insert(HeaderName::from_static("ratelimit"), value);
        }
    }

    /// Forgets addresses that have their whole allowance back, now and then, so that memory stays bounded.
    fn forget(&self) {
        if self.taken.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            for limiter in [&self.general, &self.search].into_iter().flatten() {
                limiter.retain_recent();
            }
        }
    }
}

fn count(limit: &'static str, limiter: Option<&Arc<Limiter>>, address: IpAddr) -> Result<Option<Left>> {
    let Some(limiter) = limiter else { return Ok(None) };
    match limiter.check_key(&address) {
        Ok(state) => Ok(Some(Left(state.remaining_burst_capacity()))),
        Err(wait) => {
            metrics::counter!("guildhall_throttled_total", "limit" => limit).increment(1);
            Err(Error::too_many(wait.wait_time_from(DefaultClock::default().now()).as_secs().saturating_add(1)))
        }
    }
}
