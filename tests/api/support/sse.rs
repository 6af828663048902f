//! Somebody who listens to server-sent events, as a page does.

use std::time::Duration;

use serde_json::Value;

use crate::support::person::Person;

/// How long a test waits for an event that should come.
const PATIENCE: Duration = Duration::from_secs(15);

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// `id:`; empty without one.
    pub id: String,
    /// `event:`; empty for what is none: a comment, or how long to wait before coming back.
    pub event: String,
    /// `data:` as JSON.
    pub data: Value,
}

/// A connection that is kept open.
pub struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    /// Opens a stream, after the event `last` where it is not empty; gives the status where it is refused.
    pub async fn open(person: &Person, base: &str, last: &str) -> Result<Self, u16> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = http.get(format!("{base}/v1/events")).bearer_auth(&person.access);
        if !last.is_empty() {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer");
        match response.status().as_u16() {
            200 => Ok(Self { response, text: String::new() }),
            refused => Err(refused),
        }
    }

    /// The next block, an event or not; none when the stream has ended.
    pub async fn block(&mut self) -> Option<Seen> {
        let next = async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let seen = read(block);
                    self.text = rest.to_owned();
                    return Some(seen);
                }
                let chunk = self.response.chunk().await.ok()??;
                self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("something comes")
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            let seen = self.block().await?;
            if !seen.event.is_empty() {
                return Some(seen);
            }
        }
    }
}

fn read(block: &str) -> Seen {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let data = serde_json::from_str(&field("data: ")).unwrap_or_default();
    Seen { id: field("id: "), event: field("event: "), data }
}
