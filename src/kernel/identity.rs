//! Who somebody is elsewhere.

use crate::kernel::email::Email;

/// Somebody, as a provider of identities knows them: issuer and subject together are one person for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so: the provider's own name, a URL.
    pub issuer: String,
    /// Whom the provider means: opaque, 1 to 255 characters.
    pub subject: String,
    /// The address, where the provider has verified it; any other is none.
    pub email: Option<Email>,
}
