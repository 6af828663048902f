//! JSON Lines, as operators bring them: read in bounded memory, each row by the number of its line.

use std::io::{self, BufRead, Read as _};

use serde_json::Value;

/// A line that says something.
#[derive(Debug)]
pub struct Row {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What it says, or why it cannot be read.
    pub said: Result<Value, String>,
}

/// A file of rows.
#[derive(Debug)]
pub struct JsonLines<R> {
    source: R,
    longest: usize,
    line: u64,
    read: u64,
}

impl<R: BufRead> JsonLines<R> {
    /// The rows of `source`. Those of more than `longest` bytes are refused, and never in memory.
    pub fn new(source: R, longest: usize) -> Self {
        Self { source, longest, line: 0, read: 0 }
    }

    /// Bytes that were read so far.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The number of the last line that was read, 0 before the first.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next rows, `most` at once; none at the end. Empty lines are no rows.
    ///
    /// # Errors
    /// When `source` cannot be read.
    pub fn batch(&mut self, most: usize) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        while rows.len() < most {
            let Some(text) = self.next_line()? else { break };
            if let Some(said) = said(&text, self.longest) {
                rows.push(Row { line: self.line, said });
            }
        }
        Ok(rows)
    }

    /// The next line without its end; of one that is too long, enough to tell that it is.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        let mut bytes = self.source.by_ref().take((self.longest as u64).saturating_add(1)).read_until(b'\n', &mut text)?;
        if bytes == 0 {
            return Ok(None);
        }
        if text.ends_with(b"\n") {
            text.pop();
        } else if text.len() > self.longest {
            bytes = bytes.saturating_add(self.source.skip_until(b'\n')?);
        }
        self.line = self.line.saturating_add(1);
        self.read = self.read.saturating_add(bytes as u64);
        Ok(Some(text))
    }
}

/// Nothing of an empty line.
fn said(text: &[u8], longest: usize) -> Option<Result<Value, String>> {
    if text.len() > longest {
        return Some(Err(format!("is longer than {longest} bytes")));
    }
    (!text.trim_ascii().is_empty()).then(|| serde_json::from_slice(text).map_err(|error| format!("is no JSON: {error}")))
}
