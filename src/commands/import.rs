//! `guildhall skills import` and `guildhall developers import`: JSON Lines, a thousand rows a transaction.
//!
//! Both can be run again at any time: what is there already stays, so that an import that was interrupted, or whose file was mended, is
//! simply begun anew.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use guildhall::app::App;
use guildhall::config::Settings;
use guildhall::kernel::error::Result;
use guildhall::kernel::imported::Imported;
use guildhall::kernel::json_lines::{JsonLines, Row};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::commands::plain;

/// Rows of a transaction.
const BATCH: usize = 1_000;
/// Bytes of the longest row.
const LONGEST: usize = 256 * 1024;
/// Milliseconds that a transaction of so many rows may take: nobody waits for it as for an answer.
const PATIENCE: u64 = 60_000;

/// What became of the file.
#[derive(Default)]
struct Told {
    added: u64,
    changed: u64,
    known: u64,
    refused: u64,
}

/// The same settings with time for large transactions.
pub fn patient(settings: Settings) -> Settings {
    let mut settings = settings;
    settings.database.patience = settings.database.patience.max(PATIENCE);
    settings
}

/// Adds skills, or changes those that are there.
pub async fn skills(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    app.prepare(false).await.map_err(plain)?;
    rows(file, async |rows| app.skills.import(rows).await).await
}

/// Invites developers.
pub async fn developers(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    app.prepare(false).await.map_err(plain)?;
    let days = app.settings.privacy.unverified_days;
    rows(file, async |rows| app.developers.import(rows, days).await).await
}

/// Has every row taken in; says what became of them, and of each that is refused why. Fails when any is.
async fn rows(file: &Path, take: impl AsyncFn(Vec<Value>) -> Result<Vec<Imported>>) -> anyhow::Result<ExitCode> {
    let source = File::open(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    let bar = ProgressBar::new(source.metadata()?.len());
    bar.set_style(ProgressStyle::with_template("{bar:40} {percent}%  {msg}  {elapsed} of {duration}")?);
    let (mut source, mut told) = (JsonLines::new(BufReader::new(source), LONGEST), Told::default());
    loop {
        let begins = source.line() + 1;
        let rows = source.batch(BATCH)?;
        if rows.is_empty() {
            break;
        }
        let (answers, good) = parted(rows);
        let taken = take(good)
            .await
            .map_err(plain)
            .map_err(|error| anyhow::anyhow!("{error:#}; what stands before line {begins} is taken in: run the import again"))?;
        let mut taken = taken.into_iter();
        for (line, refused) in answers {
            let Some(answer) = refused.or_else(|| taken.next()) else { break };
            told.note(line, answer, &bar);
        }
        bar.set_position(source.read());
        bar.set_message(format!("{} rows", told.added + told.changed + told.known + told.refused));
    }
    bar.finish_and_clear();
    println!("{} added, {} changed, {} there already, {} refused", told.added, told.changed, told.known, told.refused);
    Ok(if told.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each line with a refusal when it cannot be read; and what the others say.
fn parted(rows: Vec<Row>) -> (Vec<(u64, Option<Imported>)>, Vec<Value>) {
    let mut good = Vec::with_capacity(rows.len());
    let part = |row: Row| (row.line, row.said.map(|value| good.push(value)).err().map(Imported::Refused));
    let answers = rows.into_iter().map(part).collect();
    (answers, good)
}

impl Told {
    fn note(&mut self, line: u64, answer: Imported, bar: &ProgressBar) {
        match answer {
            Imported::Added => self.added += 1,
            Imported::Changed => self.changed += 1,
            Imported::Known => self.known += 1,
            Imported::Refused(why) => {
                self.refused += 1;
                bar.suspend(|| println!("line {line}: {why}"));
            }
        }
    }
}
