//! What a database says when it refuses, in the kernel's words.

use diesel::result::{DatabaseErrorKind, Error as Refusal};

use crate::kernel::error::Error;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::DatabaseError(kind, info) => from_database(kind, info.message()),
            Refusal::BrokenTransactionManager | Refusal::RollbackTransaction => Self::unavailable(&refusal),
            // What the commit met is what happened; that the rollback found no transaction any more is no news.
            Refusal::RollbackErrorOnCommit { .. } => from_commit(refusal),
            _ => Self::internal(&refusal),
        }
    }
}

fn from_commit(refusal: Refusal) -> Error {
    match refusal {
        Refusal::RollbackErrorOnCommit { commit_error, .. } => from_commit(*commit_error),
        refusal => refusal.into(),
    }
}

/// Messages are matched only where Diesel has no kind of its own for the condition.
fn from_database(kind: &DatabaseErrorKind, message: &str) -> Error {
    let says = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => Error {
            cause: Some(message.to_owned()),
            ..Error::conflict("Something else changed at the same time. Read it again and repeat your change.")
        },
        DatabaseErrorKind::SerializationFailure => again(message),
        _ if says(&["deadlock detected", "database is locked", "database table is locked"]) => again(message),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Error::unavailable(message),
        _ if says(&[
            "server closed the connection",
            "terminating connection",
            "connection to server",
            "no connection to the server",
            "timeout",
            "is full",
            "No space left",
            "disk I/O error",
            "unable to open database file",
            "starting up",
            "shutting down",
        ]) =>
        {
            Error::unavailable(message)
        }
        _ => Error::internal(message),
    }
}

fn again(message: &str) -> Error {
    Error { transient: true, ..Error::unavailable(message) }
}

impl From<diesel::r2d2::PoolError> for Error {
    fn from(refusal: diesel::r2d2::PoolError) -> Self {
        Self::unavailable(refusal)
    }
}
