//! What is told of a step: that it was taken, and of what; whoever wants to know more reads it. Pure.

use std::fmt::Display;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::kernel::clock::Instant;
use crate::kernel::ids::{DeveloperId, EventId, OrganizationId};

/// How long events are kept.
pub const KEPT: TimeDelta = TimeDelta::days(7);

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The lifecycle's word and the step's, such as `trial.accept`.
    pub kind: String,
    /// The organisation whom it concerns.
    pub organization: Option<OrganizationId>,
    /// The developer whom it concerns.
    pub developer: Option<DeveloperId>,
    /// Ids, the state and the version: what both may know, and nothing that a person wrote.
    pub data: Value,
    /// When it happened, which for what the clock does may be a while ago.
    pub at: Instant,
}

impl NewEvent {
    /// A step of `lifecycle` that concerns nobody yet.
    pub fn new(lifecycle: &str, action: impl Display, data: Value, at: Instant) -> Self {
        Self { kind: format!("{lifecycle}.{action}"), organization: None, developer: None, data, at }
    }

    /// The same, concerning an organisation.
    pub fn concerning(self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization), ..self }
    }

    /// The same, concerning a developer.
    pub fn concerning_developer(self, developer: DeveloperId) -> Self {
        Self { developer: Some(developer), ..self }
    }
}

/// Whom events concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The members of an organisation.
    Organization(OrganizationId),
    /// A developer.
    Developer(DeveloperId),
}

/// An event as whoever listens hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// The organisation whom it concerns.
    pub organization: Option<OrganizationId>,
    /// The developer whom it concerns.
    pub developer: Option<DeveloperId>,
    /// The [`EventPayload`] as JSON.
    pub body: String,
}

impl Heard {
    /// Everybody whom it concerns.
    pub fn audiences(&self) -> impl Iterator<Item = Audience> {
        let developer = self.developer.map(Audience::Developer);
        self.organization.map(Audience::Organization).into_iter().chain(developer)
    }
}

/// What is sent of an event: thin, so that it tells nothing that its reader may no longer know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPayload {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(examples("trial.accept"))]
    pub kind: String,
    /// When.
    pub timestamp: Instant,
    /// Ids, the state and the version of what it happened to.
    #[schema(value_type = Object, examples(json!({ "trial_id": "trial_01h455vb4pex5vsknk084sn02q", "state": "scheduled", "version": 2 })))]
    pub data: Value,
}
