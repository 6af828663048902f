//! People decide who is vetted: applications, scorecards, decisions.
