//! How an event looks on the wire (server-sent events, as the HTML standard has them). Pure.

use crate::events::domain::Heard;

/// What a stream begins with: how many milliseconds to wait before coming back.
pub const GREETING: &str = "retry: 2000\n\n";
/// What is sent when nothing happens, so that nobody takes the connection for dead.
pub const HEARTBEAT: &str = ": nothing new\n\n";
/// Sent instead of what was missed, where that is forgotten or too much: read anew what you show.
pub const RESET: &str = "event: reset\ndata: {}\n\n";

/// An event; JSON has no line breaks, so it is one line of data.
pub fn frame(heard: &Heard) -> String {
    format!("id: {}\nevent: {}\ndata: {}\n\n", heard.id, heard.kind, heard.body)
}
