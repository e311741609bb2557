//! YAML front matter, as authors write it.
//!
//! A value keeps its spelling: `No`, `007` and `1_000` are texts. Two daily slips are repaired with
//! a warning, a tab for indentation and a line of prose that needs quotes; nothing else is.

use serde_json::{Map, Value};

use super::{Fault, Table};

/// The table of a YAML front matter whose text begins on `first_line`.
pub(super) fn read(text: &str, first_line: usize) -> Result<Table, Fault> {
    match values(text, first_line) {
        Ok(values) => Ok(Table::new(values, text, first_line)),
        Err(fault) => {
            let (mended, mut repaired) = mended(text, first_line);
            let values = values(&mended, first_line).map_err(|_| fault.clone())?;
            if repaired.is_empty() {
                repaired.push(fault);
            }
            Ok(Table { repaired, ..Table::new(values, &mended, first_line) })
        }
    }
}

fn values(text: &str, first_line: usize) -> Result<Map<String, Value>, Fault> {
    // Words such as `no` and figures such as 007 are texts unless the key wants otherwise.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
    };
    let read = serde_saphyr::from_str_with_options::<Value>(text, options).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location().map(|l| usize::try_from(l.line()).unwrap_or(1).max(1) - 1);
        let why = error.to_string();
        let why = why.lines().next().unwrap_or_default().trim().to_owned();
        Fault::new(place.map(|p| p + first_line), format!("the front matter is no YAML: {why}"))
    })?;
    match read {
        Value::Object(values) => Ok(values),
        Value::Null => Ok(Map::new()),
        _ => Err(Fault::new(
            Some(first_line),
            "the front matter holds no keys; write lines like \"title: A title\"",
        )),
    }
}

/// The keys whose value is one line of prose, which people forget to quote.
const PROSE: [&str; 6] = ["title", "description", "summary", "excerpt", "subtitle", "author"];

/// The text with tabs as blanks and with quotes where a line of prose needs them.
fn mended(text: &str, first_line: usize) -> (String, Vec<Fault>) {
    let mut repaired = Vec::new();
    let mut mended = String::with_capacity(text.len() + 16);
    for (place, line) in text.split_inclusive('\n').enumerate() {
        let line_number = Some(first_line + place);
        let tabs = line.bytes().take_while(|&b| b == b'\t' || b == b' ').collect::<Vec<_>>();
        let (indent, content) = line.split_at(tabs.len());
        if indent.contains('\t') {
            repaired.push(Fault::new(line_number, "YAML is indented with blanks, here is a tab"));
        }
        mended.push_str(&indent.replace('\t', "  "));
        match content.split_once(": ").filter(|(key, value)| wants_quotes(key, value)) {
            Some((key, value)) => {
                let why =
                    format!("the {key} needs quotes around it; it was read as if it had them");
                repaired.push(Fault::new(line_number, why));
                mended.push_str(&format!("{key}: {}\n", Value::String(value.trim().to_owned())));
            }
            None => mended.push_str(content),
        }
    }
    (mended, repaired)
}

fn wants_quotes(key: &str, value: &str) -> bool {
    let value = value.trim();
    let ambiguous = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inside = value.get(1..).unwrap_or_default();
            inside.find(quote).is_some_and(|at| at + 1 < inside.len())
        }
        Some('[') => !value.ends_with(']'),
        Some('|' | '>') => false,
        Some('@' | '`' | '*' | '&' | '!' | '%' | '{') => true,
        _ => value.contains(": ") || value.ends_with(':'),
    };
    PROSE.contains(&key) && ambiguous
}
