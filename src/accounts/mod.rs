//! People and their organisations: sign-up, sign-in, sessions.
