//! Client job requests ("jobs" never means background work).
