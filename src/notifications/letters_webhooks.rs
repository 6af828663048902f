//! The words of the mail about webhooks.

use crate::notifications::letters::{Composed, name};

pub(super) fn disabled(host: &str, gone: bool) -> Composed {
    let host = name(host);
    let why = if gone {
        format!("The endpoint at {host} has answered that it is gone (410), so we send it nothing more.")
    } else {
        format!("For days nothing that we sent to the endpoint at {host} went through, so we send it nothing more.")
    };
    Composed::new(&format!("A webhook was switched off: {host}"), &why).say(
        "Once the endpoint answers again, switch the webhook on. What was not delivered is in its log for 30 days and can be sent again.",
    )
}
