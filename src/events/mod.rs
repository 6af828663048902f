//! Events: what happened, as those whom it concerns are told outside. Addressed by value: knows no other room. Other rooms publish
//! theirs in the transaction of the step.

pub mod domain;
pub mod store;
