//! Who sees how much of a developer, and who wants nothing to do with whom.

use std::str::FromStr;

use crate::kernel::ids::{DeveloperId, OrganizationId, UserId, WrongId};
use crate::kernel::principal::{Principal, Role};
use crate::words;

/// How much of a developer somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// What everybody may know.
    Public,
    /// Also who it is.
    Disclosed,
}

/// What `viewer` sees of the developer whose user is `owner`; `None`: not even that there is one.
///
/// `disclosed`: whether the developer is disclosed to the viewer's organisation. `matchable`: whether clients may find the developer.
pub fn sight(viewer: Option<&Principal>, owner: UserId, disclosed: bool, matchable: bool) -> Option<Sight> {
    let knows = viewer.is_some_and(|viewer| match viewer.role {
        Role::Admin => true,
        Role::Developer => viewer.user == owner,
        Role::Client => disclosed,
    });
    if knows { Some(Sight::Disclosed) } else { matchable.then_some(Sight::Public) }
}

words! {
    /// From which side a block comes.
    pub enum Side { Client => "client", Developer => "developer" }
}

/// Whom to block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockTarget {
    /// A client's organisation.
    Organization(OrganizationId),
    /// A developer.
    Developer(DeveloperId),
}

impl FromStr for BlockTarget {
    type Err = WrongId;

    fn from_str(text: &str) -> Result<Self, WrongId> {
        text.parse().map(Self::Organization).or_else(|_| text.parse().map(Self::Developer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::SessionId;

    fn person(role: Role) -> Principal {
        Principal { user: UserId::from_u128(1), session: SessionId::from_u128(1), role, organization: None }
    }

    #[test]
    fn who_sees_what() {
        let (oneself, another) = (UserId::from_u128(1), UserId::from_u128(2));
        let see = |role, owner, disclosed| sight(Some(&person(role)), owner, disclosed, false);
        assert_eq!(see(Role::Admin, another, false), Some(Sight::Disclosed));
        assert_eq!(see(Role::Developer, oneself, false), Some(Sight::Disclosed));
        assert_eq!(see(Role::Developer, another, true), None);
        assert_eq!(see(Role::Client, another, true), Some(Sight::Disclosed));
        assert_eq!(see(Role::Client, another, false), None);
        assert_eq!(sight(Some(&person(Role::Client)), another, false, true), Some(Sight::Public));
        assert_eq!(sight(None, another, false, true), Some(Sight::Public));
        assert_eq!(sight(None, another, true, false), None);
    }

    #[test]
    fn a_target_is_told_by_its_prefix() {
        let (organization, developer) = (OrganizationId::from_u128(1), DeveloperId::from_u128(1));
        assert_eq!(organization.to_string().parse(), Ok(BlockTarget::Organization(organization)));
        assert_eq!(developer.to_string().parse(), Ok(BlockTarget::Developer(developer)));
        assert!(UserId::from_u128(1).to_string().parse::<BlockTarget>().is_err());
    }
}
