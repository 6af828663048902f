//! The one door to SMTP: builds the message and hands it over, to a server or as a file, within a hard deadline.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use crate::config::{self, authorities};
use crate::kernel::clock::Instant;
use crate::notifications::calendar::CalendarEvents;
use crate::notifications::letters::{Rendered, name, subject_line};
use crate::notifications::outbox::Outcome;
use crate::notifications::recipient::Recipient;

/// SMTP replies that refuse us (authentication, policy of the relay), not the mail: an operator can put them right.
const OURS: [u16; 5] = [530, 534, 535, 538, 454];

/// How mails leave.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `smtp://user:password@host:port`, with `?tls=required` for STARTTLS; `smtps://…`; or `file:DIRECTORY`.
    pub url: SecretString,
    /// The sender, such as `Guildhall <no-reply@example.com>`.
    pub from: String,
    /// After how long an attempt is given up.
    pub deadline: Duration,
    /// A PEM file of authorities whose certificate the server may have beside those of the public ones; empty: none.
    pub extra_ca: String,
}

impl From<&config::Mail> for MailSettings {
    fn from(mail: &config::Mail) -> Self {
        let deadline = Duration::from_secs(mail.deadline);
        Self { url: mail.url.clone(), from: mail.from.clone(), deadline, extra_ca: mail.extra_ca.clone() }
    }
}

/// Why settings for mail cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongMail {
    /// An unknown scheme, or a URL that is none.
    #[error("mail.url must be `file:DIRECTORY`, `smtp://host:port` (with `?tls=required` for STARTTLS) or `smtps://host:port`")]
    Url,
    /// A `tls` that we do not take.
    #[error("mail.url: `tls` may only be `required`, and only with `smtp://`; `smtps://` is encrypted from the start")]
    Tls,
    /// No usable sender.
    #[error("mail.from must be an address such as `Guildhall <no-reply@example.com>`")]
    From,
    /// Authorities that are none.
    #[error("mail.extra_ca: {0}")]
    Authorities(String),
    /// The directory for mails as files.
    #[error("mail.url: the directory cannot be made: {0}")]
    Directory(String),
    /// Not for production.
    #[error("mail.url: in production mails must go to a server, encrypted (`smtps://` or `?tls=required`) unless it is on this host")]
    Unsafe,
}

enum Transport {
    /// Opens a connection per mail, so that nothing outlives a timeout.
    Smtp { transport: AsyncSmtpTransport<Tokio1Executor>, in_clear_to_another_host: bool },
    /// One file per mail.
    File(PathBuf),
}

/// Sends mails.
pub struct Mailer {
    transport: Transport,
    from: Mailbox,
    deadline: Duration,
}

impl Mailer {
    /// A mailer with these settings; for `file:` makes the directory, for nobody else to read.
    ///
    /// # Errors
    /// One line that says what is wrong, without the password.
    pub fn new(settings: &MailSettings) -> Result<Self, WrongMail> {
        let from = settings.from.parse().map_err(|_| WrongMail::From)?;
        let transport = transport(settings)?;
        Ok(Self { transport, from, deadline: settings.deadline })
    }

    /// Refuses what must not be used in production.
    ///
    /// # Errors
    /// When mails would stay here as files, or leave this host unencrypted.
    pub fn fit_for_production(&self) -> Result<(), WrongMail> {
        match &self.transport {
            Transport::Smtp { in_clear_to_another_host: false, .. } => Ok(()),
            _ => Err(WrongMail::Unsafe),
        }
    }

    /// Whether mails can leave: says hello to the mail server, and signs in there; or writes to the directory.
    ///
    /// # Errors
    /// One line that says why not.
    pub async fn reach(&self) -> Result<(), String> {
        match &self.transport {
            Transport::Smtp { transport, .. } => match tokio::time::timeout(self.deadline, transport.test_connection()).await {
                Ok(Ok(true)) => Ok(()),
                Ok(Ok(false)) => Err("the mail server does not answer as one".to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer after {} s", self.deadline.as_secs_f32())),
            },
            Transport::File(directory) => {
                let file = directory.join(".written-by-doctor");
                let written = tokio::fs::write(&file, b"").await.map_err(|error| format!("{}: {error}", directory.display()));
                drop(tokio::fs::remove_file(&file).await);
                written
            }
        }
    }

    /// Sends one mail; `id` is its stable name, the same on every attempt.
    pub async fn send(&self, id: &str, now: Instant, recipient: &Recipient, letter: Rendered) -> Outcome {
        let message = match self.message(id, now, recipient, letter) {
            Ok(message) => message,
            Err(error) => return Outcome::Permanent(format!("the message cannot be built: {error}")),
        };
        match tokio::time::timeout(self.deadline, self.hand_over(id, now, message)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::Retry(format!("no end after {} s", self.deadline.as_secs_f32())),
        }
    }

    async fn hand_over(&self, id: &str, now: Instant, message: Message) -> Outcome {
        match &self.transport {
            Transport::Smtp { transport, .. } => transport.send(message).await.map_or_else(|error| classify(&error), |_| Outcome::Sent),
            Transport::File(directory) => match write(directory, id, now, &message.formatted()).await {
                Ok(()) => Outcome::Sent,
                Err(error) => Outcome::Retry(error.to_string()),
            },
        }
    }

    fn message(&self, id: &str, now: Instant, recipient: &Recipient, letter: Rendered) -> Result<Message, Box<dyn std::error::Error>> {
        let address: Address = recipient.email.as_str().parse()?;
        let shown = Some(name(&recipient.name)).filter(|name| !name.is_empty());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(shown, address))
            .subject(subject_line(&letter.subject))
            .date(now.utc().into())
            .message_id(Some(format!("<{}@{}>", file_safe(id), self.from.email.domain())))
            .header(AutoSubmitted);
        let message = match &letter.unsubscribe {
            Some(url) => message.header(ListUnsubscribe(format!("<{url}>"))).header(ListUnsubscribePost),
            None => message,
        };
        let both = MultiPart::alternative_plain_html(letter.text, letter.html);
        Ok(message.multipart(match &letter.calendar {
            Some(events) => MultiPart::mixed().multipart(both).singlepart(calendar(events)?),
            None => both,
        })?)
    }
}

/// Key dates as a file (RFC 6047 §2.4: the method stands in the content type as well).
fn calendar(events: &CalendarEvents) -> Result<SinglePart, Box<dyn std::error::Error>> {
    let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", events.method.as_str()))?;
    Ok(Attachment::new("trial.ics".to_owned()).body(events.to_ics(), kind))
}

fn transport(settings: &MailSettings) -> Result<Transport, WrongMail> {
    let url = settings.url.expose_secret();
    if let Some(directory) = url.strip_prefix("file:") {
        return file_transport(directory.strip_prefix("//").unwrap_or(directory));
    }
    let parsed = Url::parse(url).map_err(|_| WrongMail::Url)?;
    let encrypted = match (parsed.scheme(), query(&parsed)?.as_deref()) {
        ("smtp", None) => false,
        ("smtp", Some("required")) | ("smtps", None) => true,
        ("smtp" | "smtps", Some(_)) => return Err(WrongMail::Tls),
        _ => return Err(WrongMail::Url),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| WrongMail::Url)?;
    let trusted = trusting(parsed.host_str().unwrap_or_default(), &settings.extra_ca)?;
    let builder = match parsed.scheme() {
        "smtps" => builder.tls(Tls::Wrapper(trusted)),
        _ if encrypted => builder.tls(Tls::Required(trusted)),
        _ => builder,
    };
    let in_clear_to_another_host = !encrypted && !is_this_host(&parsed);
    Ok(Transport::Smtp { transport: builder.timeout(Some(settings.deadline)).build(), in_clear_to_another_host })
}

/// TLS with whoever proves to be `host` by a public authority, or by one of a PEM file where one is named.
fn trusting(host: &str, extra_ca: &str) -> Result<TlsParameters, WrongMail> {
    let wrong = |error: SmtpError| WrongMail::Authorities(error.to_string());
    let mut parameters = TlsParameters::builder(host.to_owned());
    for authority in authorities::read(extra_ca).map_err(WrongMail::Authorities)? {
        parameters = parameters.add_root_certificate(Certificate::from_der(authority.to_vec()).map_err(wrong)?);
    }
    parameters.build().map_err(wrong)
}

/// The value of `tls`, the only parameter there is.
fn query(url: &Url) -> Result<Option<String>, WrongMail> {
    let mut pairs = url.query_pairs();
    let first = pairs.next();
    if pairs.next().is_some() || first.as_ref().is_some_and(|(key, _)| key != "tls") {
        return Err(WrongMail::Url);
    }
    Ok(first.map(|(_, value)| value.into_owned()))
}

fn is_this_host(url: &Url) -> bool {
    // The url crate parses hosts only of schemes it knows; for others an address is a domain to it.
    let text = url.host_str().unwrap_or_default();
    match Host::parse(text) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(domain)) => domain == "localhost",
        Err(_) => false,
    }
}

fn file_transport(directory: &str) -> Result<Transport, WrongMail> {
    if directory.is_empty() {
        return Err(WrongMail::Url);
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory).map_err(|error| WrongMail::Directory(error.to_string()))?;
    Ok(Transport::File(directory.into()))
}

/// Writes one mail under a name that sorts by time; a reader never sees half of it.
async fn write(directory: &Path, id: &str, now: Instant, bytes: &[u8]) -> std::io::Result<()> {
    let stem = format!("{}-{}", now.utc().format("%Y%m%dT%H%M%S%.6fZ"), file_safe(id));
    let half = directory.join(format!(".{stem}"));
    tokio::fs::write(&half, bytes).await?;
    tokio::fs::rename(&half, directory.join(format!("{stem}.eml"))).await
}

fn file_safe(id: &str) -> String {
    id.chars().filter(|each| each.is_ascii_alphanumeric() || *each == '_').take(64).collect()
}

/// Only a clear "never" of the server is one. A cut reply or a stall may well have delivered the mail, and is tried again.
fn classify(error: &SmtpError) -> Outcome {
    let text: String = error.to_string().chars().map(|each| if each.is_control() { ' ' } else { each }).take(300).collect();
    let ours = error.status().is_some_and(|code| OURS.contains(&u16::from(code)));
    if error.is_permanent() && !ours { Outcome::Permanent(text) } else { Outcome::Retry(text) }
}

/// RFC 2369: where such mails are switched off.
#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// RFC 8058: one POST there does it, without a sign-in.
#[derive(Clone)]
struct ListUnsubscribePost;

impl Header for ListUnsubscribePost {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".to_owned())
    }
}

/// RFC 3834: no out-of-office answers to this.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
