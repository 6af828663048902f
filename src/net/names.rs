//! The names of hosts, looked up on threads of their own. The system's resolver blocks for as long as a name server is silent, and who
//! owns a name chooses its server: on the threads that the database shares, a few such names would hold up everybody.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::kernel::error::{Error, Result};
use crate::kernel::threads::Threads;

/// How many names a door looks up at once. A thread that waits costs little; a name server that is silent holds one until the system's
/// resolver gives up, some twenty seconds.
const AT_ONCE: usize = 64;

/// Finds the addresses of a name; may block.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// All threads are at other names; what to tell whoever asked.
    #[error("too many names are being looked up")]
    Busy(Error),
    /// It leads to an address that is not public, perhaps among others.
    #[error("its name does not lead to public addresses alone")]
    NotPublic,
    /// Nobody knows it.
    #[error(transparent)]
    Unknown(#[from] io::Error),
}

/// Finds the addresses of names, all of which may be dialled. Cheap to clone.
#[derive(Clone)]
pub struct Names {
    lookup: Lookup,
    threads: Arc<Threads>,
    is_public: fn(IpAddr) -> bool,
}

impl Names {
    /// As this machine looks them up; `is_public` says which addresses may be dialled.
    ///
    /// # Errors
    /// When there can be no threads.
    pub fn new(is_public: fn(IpAddr) -> bool) -> Result<Self> {
        Self::with(Arc::new(system), AT_ONCE, is_public)
    }

    /// The same by another `lookup`, for at most `at_once` names at once.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(lookup: Lookup, at_once: usize, is_public: fn(IpAddr) -> bool) -> Result<Self> {
        Ok(Self { lookup, threads: Arc::new(Threads::new("names", at_once)?), is_public })
    }

    /// Where a name leads. One address that is not public spoils them all: nobody mixes those by mistake.
    ///
    /// # Errors
    /// When it leads nowhere, or where nobody may go; when too many others are being looked up.
    pub async fn find(&self, name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
        let (lookup, name) = (self.lookup.clone(), name.to_owned());
        let found = self.threads.run(move || Ok(lookup(name.as_str()))).await.map_err(Unresolved::Busy)??;
        if found.iter().all(|address| (self.is_public)(address.ip())) { Ok(found) } else { Err(Unresolved::NotPublic) }
    }
}

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = BoxFuture<'static, Result<Self::Response, Unresolved>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.find(name.as_str()).await.map(Vec::into_iter) })
    }
}

fn system(name: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((name, 0_u16).to_socket_addrs()?.collect())
}
