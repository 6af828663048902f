//! A TCP proxy that breaks what passes through it, on request. On a thread of its own, so that a test that blocks does not stop it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What the proxy does with connections, those that are open included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Passes everything on.
    None,
    /// Hangs up on everybody.
    Down,
    /// Takes connections and what is sent, and passes nothing on until the fault is over.
    Silence,
    /// Passes each piece on so much later.
    Latency(Duration),
    /// Passes so many bytes a second.
    Limit(u32),
    /// Passes so many bytes more of what the server answers on a connection, then hangs up.
    CutReply(usize),
    /// Passes on what the client sends, and hangs up instead of passing the answer once these bytes were in it.
    CutAfter(&'static [u8]),
    /// The same with the commit that follows these bytes on their connection.
    CutCommitAfter(&'static [u8]),
}

/// Where connections lead.
#[derive(Debug, Clone)]
pub enum Target {
    /// A host and a port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// The running proxy.
#[derive(Clone)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    fault: Arc<watch::Sender<Fault>>,
    cuts: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts a proxy to `target` on a free port of this host, without a fault.
    pub fn start(target: Target) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("an address");
        let proxy = Self { address, fault: Arc::new(watch::Sender::new(Fault::None)), cuts: Arc::default(), open: Arc::default() };
        let running = proxy.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        std::thread::spawn(move || runtime.block_on(running.accept(listener, target)));
        proxy
    }

    /// From now on does this.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Hangs up on everybody who is connected, once.
    pub async fn reset(&self) {
        self.set(Fault::Down);
        while self.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.set(Fault::None);
    }

    /// How many connections it has cut because of what passed through them.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    async fn accept(self, listener: std::net::TcpListener, target: Target) {
        let listener = TcpListener::from_std(listener).expect("a listener");
        loop {
            let (client, _) = listener.accept().await.expect("connections");
            let (proxy, target) = (self.clone(), target.clone());
            self.open.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut fault = proxy.fault.subscribe();
                tokio::select! {
                    _ = proxy.connection(&client, target) => {}
                    _ = fault.wait_for(|fault| *fault == Fault::Down) => {}
                }
                // A reset, as of a peer that is gone, not a farewell.
                drop(client.set_zero_linger());
                drop(client);
                proxy.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    async fn connection(&self, client: &TcpStream, target: Target) -> std::io::Result<()> {
        passing(&mut self.fault.subscribe()).await;
        match target {
            Target::Tcp(address) => self.carry(client, TcpStream::connect(address).await?.into_split()).await,
            Target::Unix(path) => self.carry(client, UnixStream::connect(path).await?.into_split()).await,
        }
    }

    async fn carry(
        &self,
        client: &TcpStream,
        (answers, requests): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let armed = AtomicBool::new(false);
        tokio::select! {
            done = self.up(client, requests, &armed) => done,
            done = self.down(answers, client, &armed) => done,
        }
    }

    async fn up(&self, client: &TcpStream, mut server: impl AsyncWrite + Unpin, armed: &AtomicBool) -> std::io::Result<()> {
        let (mut fault, mut buffer, mut seen) = (self.fault.subscribe(), vec![0; 16 * 1024], false);
        loop {
            let piece = read(client, &mut buffer).await?;
            let has = |needle: &[u8]| piece.windows(needle.len()).any(|window| window == needle);
            match passing(&mut fault).await {
                Fault::CutAfter(needle) => {
                    armed.fetch_or(has(needle), Ordering::SeqCst);
                }
                Fault::CutCommitAfter(needle) => {
                    seen |= has(needle);
                    armed.fetch_or(seen && has(b"COMMIT"), Ordering::SeqCst);
                }
                _ => slow(&mut fault, piece.len()).await,
            }
            server.write_all(piece).await?;
        }
    }

    async fn down(&self, mut server: impl AsyncRead + Unpin, client: &TcpStream, armed: &AtomicBool) -> std::io::Result<()> {
        let (mut fault, mut buffer, mut passed) = (self.fault.subscribe(), vec![0; 16 * 1024], 0);
        loop {
            let count = server.read(&mut buffer).await?;
            if count == 0 || armed.load(Ordering::SeqCst) {
                self.cuts.fetch_add(usize::from(count > 0), Ordering::SeqCst);
                return Ok(());
            }
            let mut piece = &buffer[..count];
            match passing(&mut fault).await {
                Fault::CutReply(after) => {
                    piece = &piece[..count.min(after.saturating_sub(passed))];
                    passed += piece.len();
                    if piece.len() < count {
                        write(client, piece).await?;
                        self.cuts.fetch_add(1, Ordering::SeqCst);
                        return Ok(());
                    }
                }
                _ => slow(&mut fault, count).await,
            }
            write(client, piece).await?;
        }
    }
}

/// The fault, once it is not silence.
async fn passing(fault: &mut watch::Receiver<Fault>) -> Fault {
    *fault.wait_for(|fault| *fault != Fault::Silence).await.expect("a proxy that runs")
}

/// Takes as long over a piece as the fault says, or until it is over: what is under way is not slower than what comes after it.
async fn slow(fault: &mut watch::Receiver<Fault>, bytes: usize) {
    let now = *fault.borrow_and_update();
    let takes = match now {
        Fault::Latency(delay) => delay,
        Fault::Limit(rate) => Duration::from_secs(1) * u32::try_from(bytes).expect("a piece that is small") / rate,
        _ => return,
    };
    drop(tokio::time::timeout(takes, fault.wait_for(|fault| *fault != now)).await);
}

async fn read<'a>(client: &TcpStream, buffer: &'a mut [u8]) -> std::io::Result<&'a [u8]> {
    loop {
        client.readable().await?;
        match client.try_read(buffer) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => return Ok(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(client: &TcpStream, mut piece: &[u8]) -> std::io::Result<()> {
    while !piece.is_empty() {
        client.writable().await?;
        match client.try_write(piece) {
            Ok(count) => piece = &piece[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
