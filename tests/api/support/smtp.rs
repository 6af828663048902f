//! An SMTP server of the tests' own: keeps what it is given, and misbehaves on request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailparse::{MailHeaderMap as _, ParsedMail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long a test waits for a mail that should come.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the server does with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Takes it.
    Accept,
    /// Answers RCPT with this code.
    RefuseRecipient(u16),
    /// Answers the end of the data with this code.
    RefuseData(u16),
    /// Takes it, then hangs up instead of saying so.
    DropAfterData,
    /// Never answers from this point on.
    Stall(Point),
    /// Takes its time: answers the end of the data once the mode is another, as that one says.
    Hold,
}

/// Where a server stalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before the greeting; for all recipients only.
    Greeting,
    /// At RCPT.
    Recipient,
    /// After the data.
    Data,
}

/// A mail that the server was given.
#[derive(Debug, Clone)]
pub struct Received {
    /// The envelope's recipients.
    pub recipients: Vec<String>,
    /// Header and body as they came, dots unstuffed.
    pub raw: Vec<u8>,
}

impl Received {
    /// The mail, parsed.
    pub fn parsed(&self) -> ParsedMail<'_> {
        mailparse::parse_mail(&self.raw).expect("a mail that can be parsed")
    }

    /// The decoded value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        self.parsed().headers.get_first_value(name).unwrap_or_default()
    }

    /// The subject line.
    pub fn subject(&self) -> String {
        self.header("Subject")
    }

    /// The decoded plain text part.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The decoded HTML part.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The token in the mail's link.
    pub fn token(&self) -> String {
        let text = self.text();
        let (_, rest) = text.split_once("?token=").expect("a link with a token");
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    fn part(&self, kind: &str) -> String {
        let parsed = self.parsed();
        let part = parsed.parts().find(|part| part.ctype.mimetype == kind).expect("a part of this kind");
        part.get_body().expect("a body that can be decoded").replace("\r\n", "\n")
    }
}

#[derive(Default)]
struct State {
    mode: Option<Mode>,
    by_recipient: HashMap<String, Mode>,
    received: Vec<Received>,
}

impl State {
    fn mode(&self, recipients: &[String]) -> Mode {
        let own = recipients.iter().find_map(|recipient| self.by_recipient.get(recipient));
        own.copied().or(self.mode).unwrap_or(Mode::Accept)
    }
}

/// The running server; ends with the test's runtime.
#[derive(Clone)]
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    count: Arc<watch::Sender<usize>>,
}

impl SmtpServer {
    /// Starts a server on a free port of this host.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, state: Arc::default(), count: Arc::new(watch::Sender::new(0)) };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = accepting.clone();
                tokio::spawn(async move { drop(server.converse(stream).await) });
            }
        });
        server
    }

    /// What goes into `mail.url`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// From now on does this with every mail.
    pub fn set_mode(&self, mode: Mode) {
        self.state().mode = Some(mode);
        self.count.send_modify(|_| {});
    }

    /// From now on does this with the mails to `address`.
    pub fn set_mode_for(&self, address: &str, mode: Mode) {
        self.state().by_recipient.insert(address.to_owned(), mode);
        self.count.send_modify(|_| {});
    }

    /// All mails so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The mails to `address` so far, oldest first.
    pub fn received_by(&self, address: &str) -> Vec<Received> {
        self.received().into_iter().filter(|mail| mail.recipients.iter().any(|each| each == address)).collect()
    }

    /// The first mail to `address` that `fits`, now or as soon as it comes.
    pub async fn wait_for(&self, address: &str, fits: impl Fn(&Received) -> bool) -> Received {
        let mut news = self.count.subscribe();
        let search = async {
            loop {
                if let Some(mail) = self.received_by(address).into_iter().find(&fits) {
                    return mail;
                }
                news.changed().await.expect("the server runs");
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(mail) => mail,
            Err(_) => panic!("no such mail to {address}; it has {:?}", self.subjects(address)),
        }
    }

    fn subjects(&self, address: &str) -> Vec<String> {
        self.received_by(address).iter().map(Received::subject).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, recipients: &[String], raw: &[u8]) {
        self.state().received.push(Received { recipients: recipients.to_vec(), raw: raw.to_vec() });
        self.count.send_modify(|count| *count += 1);
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.state().mode(&[]) == Mode::Stall(Point::Greeting) {
            std::future::pending::<()>().await;
        }
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 tests ESMTP\r\n").await?;
        let mut recipients = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let reply = match verb(&line).as_str() {
                "EHLO" => "250-tests\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN\r\n250 SIZE 10000000".to_owned(),
                "RCPT" => self.recipient(&line, &mut recipients).await,
                "DATA" => match self.data(&mut stream, &mut recipients).await? {
                    Some(reply) => reply,
                    None => return Ok(()),
                },
                "AUTH" => "235 welcome".to_owned(),
                "QUIT" => return stream.write_all(b"221 bye\r\n").await,
                _ => "250 fine".to_owned(),
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
    }

    async fn recipient(&self, line: &str, recipients: &mut Vec<String>) -> String {
        let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address);
        let asked = [address.to_owned()];
        let mode = self.state().mode(&asked);
        match mode {
            Mode::RefuseRecipient(code) => format!("{code} not <{address}>"),
            Mode::Stall(Point::Recipient) => std::future::pending().await,
            _ => {
                recipients.push(address.to_owned());
                "250 fine".to_owned()
            }
        }
    }

    /// Reads a mail; the reply, or none to hang up.
    async fn data(&self, stream: &mut BufReader<TcpStream>, recipients: &mut Vec<String>) -> std::io::Result<Option<String>> {
        stream.write_all(b"354 go on\r\n").await?;
        let raw = read_data(stream).await?;
        let recipients = std::mem::take(recipients);
        let mode = self.mode_after_holding(&recipients).await;
        if matches!(mode, Mode::Accept | Mode::DropAfterData) {
            self.keep(&recipients, &raw);
        }
        Ok(match mode {
            Mode::RefuseData(code) => Some(format!("{code} not this")),
            Mode::DropAfterData => None,
            Mode::Stall(Point::Data) => std::future::pending().await,
            _ => Some("250 taken".to_owned()),
        })
    }

    async fn mode_after_holding(&self, recipients: &[String]) -> Mode {
        let mut news = self.count.subscribe();
        loop {
            let mode = self.state().mode(recipients);
            if mode != Mode::Hold {
                return mode;
            }
            news.changed().await.expect("the server runs");
        }
    }
}

fn verb(line: &str) -> String {
    line.split_whitespace().next().unwrap_or_default().to_uppercase()
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let (mut raw, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
