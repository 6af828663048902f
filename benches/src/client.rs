//! As little of HTTP/1.1 as the set-up and the updates need: one connection, one question at a time, and next to no work that
//! would be taken from the server under load.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// What may go wrong in a benchmark.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept alive.
pub struct Connection(BufReader<TcpStream>);

/// What came back.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl Connection {
    /// A connection to `address`.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// `method` is the request line's, such as `GET`; an answer must tell its length.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is none.
    pub fn call(&mut self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Outcome<Reply> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let question = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(question.as_bytes())?;
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status line")?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Reply { status, body })
    }

    /// The same, for what must succeed.
    ///
    /// # Errors
    /// As [`Self::call`], and for another status than 2xx.
    pub fn ask(&mut self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Outcome<Value> {
        let reply = self.call(method, path, token, body)?;
        if !(200..300).contains(&reply.status) {
            return Err(format!("{method} {path}: {} {}", reply.status, String::from_utf8_lossy(&reply.body)).into());
        }
        Ok(serde_json::from_slice(&reply.body)?)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        if line.is_empty() { Err("the connection was closed".into()) } else { Ok(line.trim_end().to_owned()) }
    }
}
