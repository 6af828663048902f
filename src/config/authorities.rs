//! Authorities of certificates that an operator trusts beside the public ones.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The authorities in a PEM file; none where no file is named.
///
/// # Errors
/// One line that says what is wrong with the file.
pub fn read(file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    if file.is_empty() {
        return Ok(Vec::new());
    }
    let read = CertificateDer::pem_file_iter(file).and_then(|found| found.collect::<Result<Vec<_>, _>>());
    let found = read.map_err(|error| format!("`{file}` cannot be read as PEM: {error}"))?;
    if found.is_empty() { Err(format!("`{file}` has no certificate in it")) } else { Ok(found) }
}
