//! Who is asking.

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::{OrganizationId, SessionId, UserId};
use crate::words;

words! {
    /// What a person is here for.
    pub enum Role { Client => "client", Developer => "developer", Admin => "admin" }
}

/// The person behind a request, as the database knows them now: rights are never older than the last change that this node made, nor
/// than half a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub user: UserId,
    /// The session whose access token came with the request.
    pub session: SessionId,
    /// What the person is here for.
    pub role: Role,
    /// The organisation a client acts for.
    pub organization: Option<OrganizationId>,
}

impl Principal {
    /// Refuses everybody but admins.
    ///
    /// # Errors
    /// 403.
    pub fn admin(&self) -> Result<UserId> {
        self.require(Role::Admin, "Only admins may do this.").map(|()| self.user)
    }

    /// Refuses everybody but developers.
    ///
    /// # Errors
    /// 403.
    pub fn developer(&self) -> Result<UserId> {
        self.require(Role::Developer, "Only developers may do this.").map(|()| self.user)
    }

    /// Refuses everybody but members of an organisation.
    ///
    /// # Errors
    /// 403.
    pub fn client(&self) -> Result<OrganizationId> {
        self.require(Role::Client, "Only clients may do this.")?;
        self.organization.ok_or_else(|| Error::not_allowed("You are no longer a member of an organisation."))
    }

    fn require(&self, role: Role, otherwise: &str) -> Result<()> {
        if self.role == role { Ok(()) } else { Err(Error::new(Code::NotAllowed, otherwise)) }
    }
}
