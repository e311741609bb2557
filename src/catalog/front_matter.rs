//! Front matter: where it ends, in which language it is written, and the table it holds.
//!
//! A [`Document`] is a file parted into a [`Table`] and a body. Read are TOML between `+++`, YAML
//! between `---` (closed by `---` or `...`), a JSON object, what `---json` and its like announce, the `Key: value` lines of
//! MultiMarkdown and Pelican, the `.. key:` lines of Nikola, and files with none of them. A byte
//! order mark, CRLF, blank lines before and blanks behind the fence are accepted.
//!
//! It promises that a value keeps its spelling (`title: 007`, `title: No`, `id: 1.10`), that a
//! line number counts from the top of the file, and that what cannot be read is a [`Fault`]
//! naming its line. Two slips that authors make daily, tabs for indentation and a title that
//! needs quotes, are repaired with a warning; nothing else is guessed, since a lost `draft: true`
//! would publish. What looks like front matter and is none is refused for the same reason
//! (`suspect`).
//!
//! It does not know what the keys mean: that is `fields`.

use std::borrow::Cow;

use serde_json::{Map, Value};

mod suspect;
#[cfg(test)]
mod tests;
mod yaml;

/// What is wrong with a file, and on which line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from 1.
    pub(super) line: Option<usize>,
    /// One sentence.
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(line: Option<usize>, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// A file parted into front matter and body.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// The front matter.
    pub(super) table: Table,
    /// What follows it.
    pub(super) body: &'t str,
    /// The line of the file on which the body begins.
    pub(super) body_line: usize,
}

/// The keys of a front matter, in lower case, with `-` as `_`.
#[derive(Debug, Default)]
pub(super) struct Table {
    values: Map<String, Value>,
    text: String,
    first_line: usize,
    /// What was repaired.
    pub(super) repaired: Vec<Fault>,
}

/// Tables whose keys count as if they stood on the top level.
const NESTED: [&str; 2] = ["extra", "params"];

/// The text with its line ends as LF and without a byte order mark.
pub(super) fn normal(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.contains('\r') {
        return Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Cow::Borrowed(text)
}

impl<'t> Document<'t> {
    /// Parts a text that [`normal`] has seen.
    pub(super) fn read(text: &'t str) -> Result<Self, Fault> {
        if let Some(fault) = suspect::conflict(text) {
            return Err(fault);
        }
        let start = text.len() - text.trim_start_matches(|c: char| c.is_whitespace()).len();
        let (blank, rest) = text.split_at(start);
        let first_line = 1 + blank.matches('\n').count();
        let (opening, inside) = rest.split_once('\n').unwrap_or((rest, ""));
        match opening.trim_end() {
            "---" if looks_like_yaml(inside) => fenced(inside, first_line, Fence::Yaml),
            "+++" => fenced(inside, first_line, Fence::Toml),
            // Eleventy names the language behind the fence.
            "---yaml" | "---yml" => fenced(inside, first_line, Fence::Yaml),
            "---toml" => fenced(inside, first_line, Fence::NamedToml),
            "---json" => fenced(inside, first_line, Fence::Json),
            _ if rest.starts_with('{') && opens_json(rest) => json(rest, first_line),
            _ => match headed(rest, first_line) {
                Some(document) => Ok(document),
                None => Self::bare(text, suspect::lost(rest, first_line)),
            },
        }
    }

    /// A text that is all body, unless there is a doubt about it.
    fn bare(text: &'t str, doubt: Option<Fault>) -> Result<Self, Fault> {
        let table = Table::default();
        doubt.map_or(Ok(Self { table, body: text, body_line: 1 }), Err)
    }
}

impl Table {
    fn new(values: Map<String, Value>, text: &str, first_line: usize) -> Self {
        let lower = |(key, value): (String, Value)| (key.to_lowercase().replace('-', "_"), value);
        Self {
            values: values.into_iter().map(lower).collect(),
            text: text.to_owned(),
            first_line,
            repaired: Vec::new(),
        }
    }

    /// The first of `keys` that has a value, on the top level or in the tables where Zola and
    /// Hugo keep what is not their own. An empty text is no value.
    pub(super) fn get<'k>(&self, keys: &[&'k str]) -> Option<(&'k str, &Value)> {
        let nested = NESTED.iter().filter_map(|key| self.values.get(*key)?.as_object());
        let mut tables = std::iter::once(&self.values).chain(nested);
        tables.find_map(|table| {
            keys.iter().find_map(|key| {
                let value = table.get(*key).or_else(|| spelled(table, key))?;
                let empty = value.is_null() || value.as_str().is_some_and(|t| t.trim().is_empty());
                (!empty).then_some((*key, value))
            })
        })
    }

    /// The keys of the top level and of the tables that count as one with it.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let nested = NESTED.iter().filter_map(|key| self.values.get(*key)?.as_object());
        std::iter::once(&self.values).chain(nested).flat_map(Map::keys).map(String::as_str)
    }

    /// The value as text in the author's spelling, when it is a single one.
    pub(super) fn text(&self, key: &str, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(_) | Value::Bool(_) => {
                Some(self.spelling(key).unwrap_or_else(|| value.to_string()))
            }
            _ => None,
        }
    }

    /// Whether it is written in Nikola's `.. key:` lines, where the tag `draft` is a state.
    pub(super) fn is_nikola(&self) -> bool {
        self.text.trim_start_matches("<!--").trim_start().starts_with(".. ")
    }

    /// The line of the file on which `key` stands.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let place = self.text.lines().position(|line| value_on(line, key).is_some())?;
        Some(self.first_line + place)
    }

    /// What stands behind `key`, without a comment and quotes.
    fn spelling(&self, key: &str) -> Option<String> {
        let value = self.text.lines().find_map(|line| value_on(line, key))?;
        let value = value.split(" #").next().unwrap_or(value).trim().trim_end_matches(',');
        (!value.is_empty()).then(|| value.trim_matches(['"', '\'']).to_owned())
    }
}

/// A key of a nested table, whatever its case.
fn spelled<'v>(table: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    table.iter().find(|(name, _)| means(name, key)).map(|(_, value)| value)
}

/// Whether `name` is a spelling of `key`: in any case, with `-` for `_`.
fn means(name: &str, key: &str) -> bool {
    if !name.is_ascii() {
        return name.to_lowercase().replace('-', "_") == key;
    }
    let same = |(name, key): (u8, u8)| match name {
        b'-' => key == b'_',
        name => name.to_ascii_lowercase() == key,
    };
    name.len() == key.len() && name.bytes().zip(key.bytes()).all(same)
}

/// The value on a line `key: value`, `key = value` or `"key": value`.
fn value_on<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let (name, value) = line.split_once([':', '='])?;
    let name = name.trim().trim_start_matches(".. ").trim_matches(['"', '\'']);
    means(name, key).then_some(value)
}

#[derive(Clone, Copy, PartialEq)]
enum Fence {
    Yaml,
    Toml,
    NamedToml,
    Json,
}

/// Whether a `---` opens front matter rather than drawing a rule.
fn looks_like_yaml(inside: &str) -> bool {
    let first = inside.lines().map(str::trim_end).find(|l| !l.is_empty() && !l.starts_with('#'));
    first.is_some_and(|line| {
        let key = line.split_once(':').map(|(key, _)| key.trim_matches(['"', '\'']));
        let is_key = |key: &str| {
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c))
        };
        matches!(line, "---" | "...") || key.is_some_and(is_key)
    })
}

fn fenced(inside: &str, opened: usize, fence: Fence) -> Result<Document<'_>, Fault> {
    let mut end = 0;
    for line in inside.split_inclusive('\n') {
        let closes = match line.trim_end() {
            "+++" => fence == Fence::Toml,
            "---" => fence != Fence::Toml,
            "..." => fence == Fence::Yaml,
            _ => false,
        };
        if closes {
            let (text, rest) = inside.split_at(end);
            let body = rest.get(line.len()..).unwrap_or_default();
            let table = match fence {
                Fence::Yaml => yaml::read(text, opened + 1)?,
                Fence::Toml | Fence::NamedToml => toml(text, opened + 1)?,
                Fence::Json => json(text, opened + 1)?.table,
            };
            let body_line = opened + 2 + text.matches('\n').count();
            return Ok(Document { table, body, body_line });
        }
        end += line.len();
    }
    let mark = if fence == Fence::Toml { "+++" } else { "---" };
    Err(Fault::new(
        Some(opened),
        format!("the front matter that opens here is never closed; end it with a line {mark}"),
    ))
}

fn toml(text: &str, first_line: usize) -> Result<Table, Fault> {
    let read: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| first_line + before.matches('\n').count());
        let why = error.message().trim().replace('\n', ", ");
        Fault::new(line, format!("the front matter is no TOML: {why}"))
    })?;
    let values = read.into_iter().map(|(key, value)| (key, from_toml(value))).collect();
    Ok(Table::new(values, text, first_line))
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(values) => values.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, from_toml(value))).collect())
        }
    }
}

fn json(rest: &str, first_line: usize) -> Result<Document<'_>, Fault> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Map<String, Value>>();
    let read = values.next().unwrap_or_else(|| Ok(Map::new())).map_err(|error| {
        let line = first_line + error.line().saturating_sub(1);
        Fault::new(Some(line), format!("the front matter is no JSON: {error}"))
    })?;
    let (text, body) = rest.split_at_checked(values.byte_offset()).unwrap_or((rest, ""));
    let body_line = first_line + text.matches('\n').count();
    Ok(Document { table: Table::new(read, text, first_line), body, body_line })
}

/// Whether a brace opens an object rather than a template mark.
fn opens_json(rest: &str) -> bool {
    rest.chars().skip(1).find(|c| !c.is_whitespace()).is_some_and(|c| matches!(c, '"' | '}'))
}

/// `Key: value` lines up to a blank one, or Nikola's `.. key: value` lines, also in a comment.
fn headed(rest: &str, first_line: usize) -> Option<Document<'_>> {
    let mut values = Map::new();
    let mut read = 0;
    let nikola = rest.starts_with(".. ") || rest.starts_with("<!--\n.. ");
    for line in rest.split_inclusive('\n') {
        let bare = line.trim();
        if bare.is_empty() || (nikola && bare == "-->") {
            read += line.len();
            break;
        }
        read += line.len();
        if nikola && bare == "<!--" {
            continue;
        }
        let pair = if nikola { bare.strip_prefix(".. ")? } else { bare };
        let (key, value) = pair.split_once(':')?;
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        values.insert(key.to_lowercase(), Value::String(value.trim().to_owned()));
        is_key.then_some(())?;
    }
    values.contains_key("title").then_some(())?;
    let (text, body) = rest.split_at_checked(read)?;
    let body_line = first_line + text.matches('\n').count();
    Some(Document { table: Table::new(values, text, first_line), body, body_line })
}
