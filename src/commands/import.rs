//! `guildhall skills import` and `guildhall developers import`: JSON Lines, a thousand rows a transaction.
//!
//! Both can be run again at any time: what is there already stays, so that an import that was interrupted, or whose file was mended, is
//! simply begun anew.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::ExitCode;

use guildhall::app::App;
use guildhall::config::Settings;
use guildhall::kernel::error::Result;
use guildhall::kernel::imported::Imported;
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
    let (mut source, mut line, mut told) = (BufReader::new(source), 0, Told::default());
    loop {
        let begins = line;
        let (texts, bytes) = batch(&mut source, &mut line)?;
        if texts.is_empty() {
            break;
        }
        let (mut answers, good) = parsed(&texts);
        let taken = take(good)
            .await
            .map_err(plain)
            .map_err(|error| anyhow::anyhow!("{error:#}; what stands before line {} is taken in: run the import again", begins + 1))?;
        let mut taken = taken.into_iter();
        for (number, answer) in texts.iter().map(|(number, _)| number).zip(&mut answers) {
            let Some(answer) = answer.take().or_else(|| taken.next()) else { break };
            told.note(*number, answer, &bar);
        }
        bar.inc(bytes);
        bar.set_message(format!("{} rows", told.added + told.changed + told.known + told.refused));
    }
    bar.finish_and_clear();
    println!("{} added, {} changed, {} there already, {} refused", told.added, told.changed, told.known, told.refused);
    Ok(if told.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

/// A row as it stands in the file, with the number of its line.
type Row = (u64, Vec<u8>);

/// The next rows, and how many bytes they take in the file. Empty lines are none.
fn batch(source: &mut impl BufRead, line: &mut u64) -> anyhow::Result<(Vec<Row>, u64)> {
    let (mut rows, mut read) = (Vec::new(), 0);
    while rows.len() < BATCH {
        let mut text = Vec::new();
        let limit = u64::try_from(LONGEST)?;
        let mut bytes = source.by_ref().take(limit).read_until(b'\n', &mut text)?;
        if bytes == LONGEST && !text.ends_with(b"\n") {
            bytes += source.skip_until(b'\n')?;
        }
        if bytes == 0 {
            break;
        }
        *line += 1;
        read += u64::try_from(bytes)?;
        if !text.trim_ascii().is_empty() {
            rows.push((*line, text));
        }
    }
    Ok((rows, read))
}

/// A refusal for each row that cannot be read, nothing for the others; and those.
fn parsed(texts: &[Row]) -> (Vec<Option<Imported>>, Vec<Value>) {
    let (mut answers, mut good) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
    for (_, text) in texts {
        let read: std::result::Result<Value, String> = match text.len() {
            LONGEST => Err(format!("is longer than {} KiB", LONGEST / 1024)),
            _ => serde_json::from_slice(text).map_err(|error| format!("is no JSON: {error}")),
        };
        answers.push(read.map(|value| good.push(value)).err().map(Imported::Refused));
    }
    (answers, good)
}
