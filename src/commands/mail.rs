//! `guildhall mail`.

use std::io::Write as _;
use std::path::Path;

use guildhall::kernel::words::Word as _;
use guildhall::notifications::domain::LetterKind;
use guildhall::notifications::previews;

use crate::commands::plain;

/// Renders mails of one kind, or of all, to a folder or to standard output.
pub fn preview(kind: Option<&str>, text: bool, to: Option<&Path>) -> anyhow::Result<()> {
    let kinds = match kind {
        Some(kind) => {
            vec![LetterKind::parse(kind).ok_or_else(|| anyhow::anyhow!("there is no mail `{kind}`; leave it out to render all"))?]
        }
        None => LetterKind::ALL.to_vec(),
    };
    anyhow::ensure!(kind.is_some() || to.is_some(), "name the folder for all mails: --to FOLDER");
    for kind in kinds {
        for (number, letter) in previews::preview(kind, "https://guildhall.example").map_err(plain)?.into_iter().enumerate() {
            let (content, suffix) = if text { (letter.text, "txt") } else { (letter.html, "html") };
            let Some(folder) = to else {
                std::io::stdout().write_all(content.as_bytes())?;
                continue;
            };
            std::fs::create_dir_all(folder)?;
            let name = if number == 0 { kind.to_string() } else { format!("{kind}-{}", number + 1) };
            std::fs::write(folder.join(format!("{name}.{suffix}")), content)?;
        }
    }
    Ok(())
}
