//! To whom a letter goes. Pure.

use crate::kernel::email::Email;
use crate::kernel::zone::TimeZone;

/// To whom a mail goes, by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The person's user id as text: whose mails keep their order.
    pub key: String,
    /// The address.
    pub email: Email,
    /// The person's name.
    pub name: String,
    /// In which zone the mail shows times.
    pub time_zone: TimeZone,
}
