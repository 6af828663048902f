//! The words of the mail about webhooks.

use crate::notifications::letters::{Composed, name};

/// What to do once an endpoint answers again.
const AGAIN: &str =
    "Once the endpoint answers again, switch the webhook on. What was not delivered is in its log for 30 days and can be sent again.";
/// What to do about an endpoint that may be somebody's who has left.
const YOURS: &str = "If the endpoint is yours, give the webhook another secret, as whoever left may know this one, and switch it on again. \
    Otherwise take it away.";

pub(super) fn disabled(host: &str, because: &str) -> Composed {
    let host = name(host);
    let (why, then) = match because {
        "gone" => (format!("The endpoint at {host} has answered that it is gone (410), so we send it nothing more."), AGAIN),
        "maker_left" => {
            (format!("Whoever set up the webhook to {host} no longer acts for your organisation, so we send it nothing more."), YOURS)
        }
        "admin_left" => {
            (format!("Whoever set up the webhook to {host} for the house is no longer an admin, so we send it nothing more."), YOURS)
        }
        _ => (format!("For days nothing that we sent to the endpoint at {host} went through, so we send it nothing more."), AGAIN),
    };
    Composed::new(&format!("A webhook was switched off: {host}"), &why).say(then)
}
