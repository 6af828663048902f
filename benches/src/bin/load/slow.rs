//! Clients who take their time: half of them never end their headers, half of them never end their body; a byte a second each.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use guildhall_benches::client::Outcome;

const SOCKETS: usize = 1000;
const BEGINNINGS: [&str; 2] = [
    "GET /v1/skills HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{\"email\":\"",
];

/// Holds them open for so long; whoever is thrown out comes back. How often that was.
pub fn clients(address: SocketAddr, time: Duration) -> Outcome<usize> {
    let open = |number: usize| -> Outcome<TcpStream> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nonblocking(true)?;
        let beginning = BEGINNINGS.iter().cycle().nth(number % BEGINNINGS.len()).copied().unwrap_or_default();
        socket.write_all(beginning.as_bytes())?;
        Ok(socket)
    };
    let mut sockets = (0..SOCKETS).map(open).collect::<Outcome<Vec<_>>>()?;
    let (began, mut thrown_out) = (Instant::now(), 0);
    while began.elapsed() < time {
        for (number, socket) in sockets.iter_mut().enumerate() {
            if socket.write_all(b"x").is_err() {
                *socket = open(number)?;
                thrown_out += 1;
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(thrown_out)
}
