//! Lists as CSV (RFC 4180) for spreadsheets, asked for with `Accept: text/csv`: the whole list from the cursor on, read and sent page by
//! page, so that memory holds one page however long the list is.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, Accept, Header as _};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use csv::{Terminator, WriterBuilder};
use futures_util::stream::try_unfold;
use serde::Serialize;
use serde_json::Value;

use crate::kernel::error::{Error, Result};
use crate::kernel::page::{Page, PageQuery};
use crate::web::answer;

/// Rows that are read at once for a file.
const ROWS: i64 = 200;
/// Spreadsheets take a text that begins so for a formula, or skip the sign and then do; some of them also where it is written wide.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The form in which a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// A page.
    Json,
    /// All of it from the cursor on.
    Csv,
}

/// How a list looks as a file.
#[derive(Debug)]
pub struct Sheet {
    /// The file's name, without its ending.
    pub name: &'static str,
    /// The columns: each a path into a row such as `hourly_rate.amount`, which is also its heading.
    pub columns: &'static [&'static str],
}

impl Sheet {
    /// The first line of the file.
    pub fn heading(&self) -> String {
        format!("{}\r\n", self.columns.join(","))
    }
}

impl FromRequest for Listing {
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self, Infallible>>;

    /// The first that is understood of what `Accept` prefers.
    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let ranked = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
        let first = ranked.iter().find_map(|kind| match kind.essence_str() {
            "text/csv" => Some(Self::Csv),
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            _ => None,
        });
        ready(Ok(first.unwrap_or(Self::Json)))
    }
}

/// A list, which `read` reads page by page: as JSON the page that is asked for, as CSV everything from there on.
///
/// # Errors
/// What the first page is refused with. A later page that cannot be read breaks the answer off.
pub async fn listed<T, F, R>(form: Listing, sheet: &'static Sheet, page: PageQuery, read: F) -> Result<HttpResponse>
where
    T: Serialize + 'static,
    F: Fn(PageQuery) -> R + 'static,
    R: Future<Output = Result<Page<T>>> + 'static,
{
    if form == Listing::Json {
        return answer::json(&read(page).await?);
    }
    let (begin, first) = (lines(&[sheet.columns.iter().map(ToString::to_string).collect()])?, read(whole(page.cursor)).await?);
    let rows = try_unfold((Some(first), Some(begin), read), move |(page, begin, read)| async move {
        let Some(page) = page else { return Ok::<_, Error>(None) };
        let mut piece = begin.unwrap_or_default();
        piece.extend(lines(&page.data.iter().map(|row| cells(sheet, row)).collect::<Result<Vec<_>>>()?)?);
        let next = match page.next_cursor {
            Some(cursor) => Some(read(whole(Some(cursor))).await.inspect_err(|error| tracing::error!(%error, "a file broke off"))?),
            None => None,
        };
        Ok(Some((Bytes::from(piece), (next, None, read))))
    });
    let file = format!("attachment; filename=\"{}.csv\"", sheet.name);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, file))
        .streaming(rows))
}

fn whole(cursor: Option<String>) -> PageQuery {
    PageQuery { limit: ROWS, cursor }
}

/// Lines that end with CRLF, with quotes where a cell needs them.
fn lines(rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.write_record(row)).map_err(Error::internal)?;
    writer.into_inner().map_err(Error::internal)
}

fn cells(sheet: &Sheet, row: &impl Serialize) -> Result<Vec<String>> {
    let row = serde_json::to_value(row).map_err(Error::internal)?;
    Ok(sheet.columns.iter().map(|path| at(&row, path)).collect())
}

fn at(row: &Value, path: &str) -> String {
    cell(row.pointer(&format!("/{}", path.replace('.', "/"))))
}

/// The line of `row` below this heading.
pub fn line(heading: &str, row: &Value) -> String {
    let cells = heading.trim_end().split(',').map(|path| at(row, path)).collect();
    String::from_utf8_lossy(&lines(&[cells]).unwrap_or_default()).into_owned()
}

/// A value as a cell. Texts that a spreadsheet would take for a formula begin with an apostrophe, which makes them texts.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(number @ (Value::Number(_) | Value::Bool(_))) => return number.to_string(),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        Some(other) => other.to_string(),
    };
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{ff1d}1"] {
            assert_eq!(cell(Some(&json!(text))), format!("'{text}"));
        }
        assert_eq!(cell(Some(&json!(["=1", "x"]))), "'=1; x");
        assert_eq!([json!(-5), json!(true), json!("a=1"), json!(null)].map(|value| cell(Some(&value))), ["-5", "true", "a=1", ""]);
        assert_eq!(cell(Some(&json!({ "a": [1] }))), r#"{"a":[1]}"#);
    }

    #[test]
    fn lines_are_as_rfc_4180_has_them() {
        let rows = [vec!["a".to_owned(), "b,c".to_owned()], vec!["say \"x\"".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(lines(&rows).expect("lines"), b"a,\"b,c\"\r\n\"say \"\"x\"\"\",\"two\nlines\"\r\n");
    }
}
