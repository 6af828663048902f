//! Four people to sign in as. Their password is made by lot with the first demo and kept beside its database.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rand::RngExt as _;
use rand::distr::Alphanumeric;

use crate::kernel::error::{Error, Result};
use crate::kernel::principal::Role;

/// Somebody to sign in as.
pub struct SignIn {
    /// Where mail goes.
    pub email: &'static str,
    /// How they are called.
    pub name: &'static str,
    /// What they are here for.
    pub role: Role,
}

/// Two admins, because approval needs four eyes; a client; a developer, who is vetted.
pub const SIGN_INS: [SignIn; 4] = [
    SignIn { email: "reviewer@demo.example", name: "First admin", role: Role::Admin },
    SignIn { email: "approver@demo.example", name: "Second admin", role: Role::Admin },
    SignIn { email: "client@demo.example", name: "Client", role: Role::Client },
    SignIn { email: "developer@demo.example", name: "Developer", role: Role::Developer },
];

/// The password of all four.
///
/// # Errors
/// When the file cannot be written or read.
pub fn password(path: &Path) -> Result<String> {
    if let Ok(password) = std::fs::read_to_string(path) {
        return Ok(password.trim().to_owned());
    }
    let letters: String = rand::rng().sample_iter(Alphanumeric).take(20).map(char::from).collect();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::internal)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(Error::internal)?;
    writeln!(file, "{letters}").map_err(Error::internal)?;
    Ok(letters)
}
