//! `guildhall audit`.

use guildhall::app::App;
use guildhall::audit::chain::{Anchor, Verified};

use crate::commands::plain;

/// Reads only: what is not sealed yet is the worker's, a second later.
pub async fn verify(app: &App, expect: Option<Anchor>) -> anyhow::Result<()> {
    let Verified { head, erased_reasons } = app.audit.verify(expect).await.map_err(plain)??;
    let Anchor { position: entries, .. } = head;
    println!("the audit log is whole: {entries} entries, {erased_reasons} of their reasons erased\nanchor {head}");
    Ok(())
}
