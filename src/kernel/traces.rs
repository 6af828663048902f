//! Which spans are traces: those of one target. They leave the house where a build with the feature `otel` is told to where, with their
//! own fields and nothing else, so a field is no place for anything personal or secret. Everywhere else they cost next to nothing.

/// The target of spans that are exported: `tracing::trace_span!(target: TRACES, …)`. Of level `trace`, so that logs do without them.
pub const TRACES: &str = "guildhall::traces";
