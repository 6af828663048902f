//! Requests that no HTTP library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection.
pub struct Raw(TcpStream);

/// An answer, not interpreted.
#[derive(Debug)]
pub struct RawAnswer {
    /// The status code.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// The body, as far as `Content-Length` says.
    pub body: String,
}

impl Raw {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Sends bytes; that the server has hung up meanwhile is no error here.
    pub async fn send(&mut self, bytes: &[u8]) {
        drop(self.0.write_all(bytes).await);
    }

    /// Reads one answer; none when the server hangs up or says nothing.
    pub async fn answer(&mut self) -> Option<RawAnswer> {
        tokio::time::timeout(PATIENCE, self.read(true)).await.ok().flatten()
    }

    /// Reads an answer to HEAD, which has no body whatever its length says.
    pub async fn head(&mut self) -> Option<RawAnswer> {
        tokio::time::timeout(PATIENCE, self.read(false)).await.ok().flatten()
    }

    /// Whether the server hangs up within some time; what it still says is added to `said`.
    pub async fn hangs_up(&mut self, within: Duration, said: &mut Vec<u8>) -> bool {
        tokio::time::timeout(within, async { while self.more(said).await.is_some() {} }).await.is_ok()
    }

    async fn read(&mut self, with_body: bool) -> Option<RawAnswer> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let stated = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
        let length = if with_body { stated } else { 0 };
        while bytes.len() < end + length {
            self.more(&mut bytes).await?;
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(RawAnswer { status, head, body: String::from_utf8_lossy(&bytes[end..end + length]).into_owned() })
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let mut chunk = [0; 4096];
        let count = self.0.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        Some(())
    }
}

/// One request on a connection of its own.
pub async fn ask(address: SocketAddr, request: &[u8]) -> Option<RawAnswer> {
    let mut connection = Raw::connect(address).await;
    connection.send(request).await;
    connection.answer().await
}
