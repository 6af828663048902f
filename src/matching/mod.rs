//! Which vetted developers fit a request, and why: gates, score, explanation.
