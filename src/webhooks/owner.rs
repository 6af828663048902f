//! Whose a webhook is, and of which lifecycles it hears. Pure.

use std::fmt;

use crate::kernel::error::{Fault, Result};
use crate::kernel::ids::OrganizationId;
use crate::kernel::principal::{Principal, Role};
use crate::webhooks::event_types::EventType;

/// Whose a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An organisation's: it hears what concerns the organisation.
    Organization(OrganizationId),
    /// The house's own, which admins make: it hears what concerns anybody, as far as admins may read it.
    House,
}

/// Lifecycles of which organisations hear nothing, and why.
const THE_HOUSES: &[(&str, &str)] = &[("vetting", NO_ORGANIZATIONS), ("vetted_status", NO_ORGANIZATIONS)];
/// Lifecycles of which the house hears nothing, and why.
const ORGANIZATIONS: &[(&str, &str)] = &[("invitation", BETWEEN_TWO)];
const NO_ORGANIZATIONS: &str = "is told to webhooks of admins alone: vetting is between the developer and the house";
const BETWEEN_TWO: &str = "is told to webhooks of organisations alone: what begins with an invitation is not for admins";

impl Owner {
    /// For whom somebody makes webhooks: an admin for the house, a client for the organisation.
    ///
    /// # Errors
    /// 403 for developers, and for whoever is no longer a member.
    pub fn of(principal: &Principal) -> Result<Self> {
        match principal.role {
            Role::Admin => Ok(Self::House),
            Role::Client | Role::Developer => principal.client().map(Self::Organization),
        }
    }

    /// The organisation; none: the house.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(organization) => Some(organization),
            Self::House => None,
        }
    }

    /// Why nothing is told of events of this type; none where it is.
    pub fn untold(self, kind: &str) -> Option<&'static str> {
        let lifecycle = kind.split('.').next().unwrap_or_default();
        let others = match self {
            Self::Organization(_) => THE_HOUSES,
            Self::House => ORGANIZATIONS,
        };
        others.iter().find(|(word, _)| *word == lifecycle).map(|(_, why)| *why)
    }

    /// The types among these that are not for its webhooks.
    pub fn faults(self, types: &[EventType]) -> Vec<Fault> {
        let fault = |(place, each): (usize, &EventType)| Some(Fault::new(format!("/event_types/{place}"), self.untold(each.as_str())?));
        types.iter().enumerate().filter_map(fault).collect()
    }
}

impl From<Option<OrganizationId>> for Owner {
    fn from(organization: Option<OrganizationId>) -> Self {
        organization.map_or(Self::House, Self::Organization)
    }
}

/// As buckets of limits name it.
impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(organization) => fmt::Display::fmt(organization, formatter),
            Self::House => formatter.write_str("house"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::event_types::all;

    #[test]
    fn everything_is_told_to_somebody_and_vetting_to_no_organisation() {
        let organization = Owner::Organization(OrganizationId::from_u128(1));
        for kind in all() {
            let told = [organization, Owner::House].map(|owner| owner.untold(kind).is_none());
            let expected = match kind.split('.').next() {
                Some("vetting" | "vetted_status") => [false, true],
                Some("invitation") => [true, false],
                _ => [true, true],
            };
            assert_eq!(told, expected, "{kind}");
        }
    }

    #[test]
    fn a_type_that_is_anothers_is_named_by_its_place() {
        let types: Vec<EventType> = serde_json::from_value(serde_json::json!(["trial.offer", "vetting.approve"])).unwrap();
        let faults = Owner::Organization(OrganizationId::from_u128(1)).faults(&types);
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/event_types/1"]);
        assert!(Owner::House.faults(&types).is_empty());
    }
}
