//! The secret of the house.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Settings;
use crate::kernel::error::{Error, Result};

/// The configured secret, or one that is made once and kept in a file that only its owner can read.
///
/// # Errors
/// When the file can be neither made nor read.
pub fn secret(settings: &Settings) -> Result<SecretString> {
    if !settings.auth.secret.expose_secret().is_empty() {
        return Ok(settings.auth.secret.clone());
    }
    let path = std::path::Path::new(&settings.auth.secret_file);
    let wrong = |error: std::io::Error| Error::internal(format!("auth.secret_file {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut bytes = [0_u8; 48];
    rand::rng().fill_bytes(&mut bytes);
    let made = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => file.write_all(made.as_bytes()).map_err(wrong)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(wrong(error)),
    }
    Ok(std::fs::read_to_string(path).map_err(wrong)?.trim().to_owned().into())
}
