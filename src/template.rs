//! Templates: the words and looks of pages and letters, ours by default and anybody's by choice.
//!
//! [`Templates`] holds the files of `templates/`, which are part of the binary, overlaid file by
//! file with the operator's own. Everything that can be checked without a context is checked when
//! they are loaded: syntax, filters, components, parents, includes. A variable that is not there
//! is an error and never an empty space; what may be absent is asked for with `if`.
//!
//! In `.html` every value is escaped unless the template says `| safe`; `.txt` is written as it
//! is. Files of other kinds (style sheets) are not templates: they are only kept, see
//! [`Templates::source`].
//!
//! Filters beside Tera's own: `date(format, zone)` writes an RFC 3339 instant, `wrap(width)`
//! breaks plain text at words.
//!
//! It does not read the disk: the operator's files are handed in. What fails is an [`Error`]
//! that names template and line in one sentence. The only home of `tera`.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use rust_embed::Embed;
use serde::Serialize;
use tera::{Context, ErrorKind, Kwargs, ReportError, State, Tera, TeraResult};

use crate::time::{Timestamp, Zone};

#[cfg(test)]
mod letters;

/// The defaults.
#[derive(Embed)]
#[folder = "templates"]
#[include = "*.html"]
#[include = "*.txt"]
#[include = "*.css"]
struct Defaults;

/// What a template says wrongly.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// It cannot be read, or asks for what is not there.
    #[error("template {template}, line {line}: {why}")]
    Line {
        /// The file, relative to the templates folder.
        template: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// It is wrong as a whole, or missing.
    #[error("template {template}: {why}")]
    Whole {
        /// The file, relative to the templates folder.
        template: String,
        /// What is wrong.
        why: String,
    },
}

/// A loaded set of templates. Cheap to clone; never changes.
#[derive(Clone, Debug)]
pub struct Templates(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    tera: Tera,
    sources: BTreeMap<String, String>,
}

impl Templates {
    /// The defaults with `overrides` (name relative to the templates folder, text) laid over
    /// them, each replacing the file of its name and no other. Names that are new are files for
    /// the operator's own templates to include.
    pub fn new(overrides: &[(String, String)]) -> Result<Self, Error> {
        let mut sources = defaults();
        sources.extend(overrides.iter().cloned());
        let mut tera = Tera::default();
        tera.register_filter("date", date);
        tera.register_filter("wrap", wrap);
        tera.register_filter("brief", brief);
        let templates = sources.iter().filter(|(name, _)| is_template(name));
        if let Err(error) = tera.add_raw_templates(templates) {
            return Err(explain("", &error, &sources));
        }
        Ok(Self(Arc::new(Loaded { tera, sources })))
    }

    /// The template `name` filled with `context`, which serialises to a map.
    pub fn render<C: Serialize>(&self, name: &str, context: &C) -> Result<String, Error> {
        let Loaded { tera, sources } = &*self.0;
        let context = Context::from_serialize(context);
        let text = context.and_then(|context| tera.render(name, &context));
        text.map_err(|error| explain(name, &error, sources))
    }

    /// The file `name` as it stands.
    pub fn source(&self, name: &str) -> Option<&str> {
        self.0.sources.get(name).map(String::as_str)
    }

    /// All files as they stand, by name.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.sources.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

/// The templates that are built in: names and texts.
pub fn defaults() -> BTreeMap<String, String> {
    let text = |name: &str| {
        let file = Defaults::get(name)?;
        Some((name.to_owned(), String::from_utf8_lossy(&file.data).into_owned()))
    };
    Defaults::iter().filter_map(|name| text(&name)).collect()
}

fn is_template(name: &str) -> bool {
    [".html", ".txt"].iter().any(|ending| name.ends_with(ending))
}

/// Tera's report as one sentence. `asked` is the template that was to be rendered, used where
/// the report names none.
fn explain(asked: &str, error: &tera::Error, sources: &BTreeMap<String, String>) -> Error {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            at_line(report, sources)
        }
        ErrorKind::Msg(text) => from_report(asked, text),
        ErrorKind::MissingParent { current, parent } => Error::Whole {
            template: current.clone(),
            why: format!("it extends \"{parent}\", and there is no such template"),
        },
        ErrorKind::TemplateNotFound(name) => Error::Whole {
            template: name.clone(),
            why: "there is no such template; its name is its path in the templates folder".into(),
        },
        other => Error::Whole { template: asked.to_owned(), why: sentence(&other.to_string()) },
    }
}

fn at_line(report: &ReportError, sources: &BTreeMap<String, String>) -> Error {
    let span = report.span();
    let written =
        sources.get(report.filename()).map_or("", |source| whole_name(source, &span.range));
    let mut why = sentence(report.message());
    if written.starts_with(char::is_alphabetic) && !written.contains('\n') && !why.contains(written)
    {
        why = format!("\"{written}\": {why}");
    }
    Error::Line { template: report.filename().to_owned(), line: span.start_line, why }
}

/// What stands at `range`, with the path before it: the report points at `nme` of `site.nme`.
fn whole_name<'a>(source: &'a str, range: &Range<usize>) -> &'a str {
    let before = source.get(..range.start).unwrap_or_default();
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '?');
    let start = before.trim_end_matches(is_path).len();
    source.get(start..range.end).unwrap_or_default()
}

/// Errors found when all templates are checked together come as drawn reports in one text:
/// `error: WHY`, then ` --> FILE:LINE:COLUMN`. The first is told; mending it shows the next.
fn from_report(asked: &str, text: &str) -> Error {
    let mut lines = text.lines();
    let why = sentence(lines.next().unwrap_or_default().trim_start_matches("error: "));
    let place = lines.find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut parts = place.unwrap_or_default().rsplitn(3, ':');
    let line = parts.nth(1).and_then(|line| line.parse().ok());
    match (parts.next(), line) {
        (Some(file), Some(line)) => Error::Line { template: file.to_owned(), line, why },
        _ => Error::Whole { template: asked.to_owned(), why },
    }
}

/// One line, one sentence.
fn sentence(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').replace(". Available", "; available").replace(". ", "; ")
}

/// `post.published | date(format="%-d %B %Y", zone="Europe/Stockholm")`: an RFC 3339 instant in
/// strftime's words; in UTC unless told otherwise.
fn date(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let instant = Timestamp::parse_rfc3339(text)
        .ok_or_else(|| tera::Error::message(format!("\"{text}\" is no RFC 3339 date")))?;
    let zone = match options.get::<&str>("zone")? {
        Some(name) => name.parse::<Zone>().map_err(tera::Error::message)?,
        None => Zone::utc(),
    };
    Ok(instant.format(options.get::<&str>("format")?.unwrap_or("%-d %B %Y"), &zone))
}

/// `summary | wrap(width=72)`: plain text in lines of at most so many characters, broken at
/// spaces. A word that is longer keeps a line to itself, so addresses stay whole.
fn wrap(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let width = options.get::<usize>("width")?.unwrap_or(72);
    let lines: Vec<String> = text.lines().map(|line| wrap_line(line, width)).collect();
    Ok(lines.join("\n"))
}

/// `summary | brief(length=140)`: at most so many characters, cut after a word and marked `…`.
fn brief(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let length = options.get::<usize>("length")?.unwrap_or(140);
    let Some((end, _)) = text.char_indices().nth(length) else { return Ok(text.to_owned()) };
    let kept = text.get(..end).unwrap_or(text);
    let kept = kept.rfind(char::is_whitespace).and_then(|cut| kept.get(..cut)).unwrap_or(kept);
    Ok(format!("{}…", kept.trim_end_matches([' ', ',', ';', ':', '.', '–'])))
}

fn wrap_line(line: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(line.len() + 8);
    let mut column = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(name: &str, text: &str) -> Result<Templates, Error> {
        Templates::new(&[(name.to_owned(), text.to_owned())])
    }

    fn rendered(name: &str, text: &str) -> String {
        let context = json!({ "title": "Salt & <b>", "at": "2026-11-24T23:30:00Z" });
        match with(name, text).and_then(|templates| templates.render(name, &context)) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_file_and_line_in_one_sentence() {
        for (text, told) in [
            ("one\n{{ titel }}", "template own/a.html, line 2: Variable `titel` is not defined"),
            ("{{ title.nme }}", "line 1: \"title.nme\": Field `nme` is not defined"),
            ("{% if titel.x %}{% endif %}", "Variable `titel` is not defined"),
            ("\n\n{{ title | upr }}", "template own/a.html, line 3: Unknown filter `upr`"),
            ("{% if title %}", "template own/a.html, line 1: Unexpected end of input"),
            ("{{ <card /> }}", "template own/a.html, line 1: "),
            ("{% extends \"b.html\" %}", "template own/a.html: it extends \"b.html\""),
            ("{% include \"b.html\" %}", "template own/a.html, line 1: "),
            ("{{ title | date }}", "\"Salt & <b>\" is no RFC 3339 date"),
            ("{{ at | date(zone=\"Mars\") }}", "no time zone \"Mars\""),
        ] {
            let error = rendered("own/a.html", text);
            assert!(error.contains(told), "{text}\n{error}");
            assert!(error.starts_with("template own/a.html"), "{text}\n{error}");
            assert!(!error.contains('\n') && !error.contains(". "), "{error}");
        }
    }

    #[test]
    fn a_template_that_is_not_there_is_named() {
        let error = Templates::new(&[]).unwrap().render("web/none.html", &json!({})).unwrap_err();
        assert!(error.to_string().starts_with("template web/none.html: there is no"), "{error}");
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        assert_eq!(rendered("own/a.html", "{{ title }}'"), "Salt &amp; &lt;b&gt;'");
        assert_eq!(rendered("own/a.html", "{{ title | safe }}"), "Salt & <b>");
        assert_eq!(rendered("own/a.txt", "{{ title }}"), "Salt & <b>");
    }

    #[test]
    fn dates_are_written_by_the_clocks_of_a_zone() {
        for (template, written) in [
            ("{{ at | date }}", "24 November 2026"),
            ("{{ at | date(zone=\"Europe/Stockholm\") }}", "25 November 2026"),
            ("{{ at | date(format=\"%H:%M\") }}", "23:30"),
        ] {
            assert_eq!(rendered("own/a.txt", template), written);
        }
    }

    #[test]
    fn text_is_wrapped_at_words_and_addresses_stay_whole() {
        for (text, wrapped) in [
            ("one two three", "one two\nthree"),
            ("one  https://x.example/long two", "one\nhttps://x.example/long\ntwo"),
            ("one\n\ntwo", "one\n\ntwo"),
            ("", ""),
        ] {
            let state_free = text.lines().map(|line| wrap_line(line, 8)).collect::<Vec<_>>();
            assert_eq!(state_free.join("\n"), wrapped);
        }
    }

    #[test]
    fn a_teaser_is_cut_after_a_word() {
        for (text, expected) in [
            ("{{ 'Short enough' | brief(length=12) }}", "Short enough"),
            ("{{ 'One, two and three' | brief(length=6) }}", "One…"),
            ("{{ 'Unbreakable' | brief(length=4) }}", "Unbr…"),
        ] {
            assert_eq!(rendered("x.txt", text), expected);
        }
    }

    #[test]
    fn an_override_replaces_its_own_file_and_no_other() {
        let ours = Templates::new(&[]).unwrap();
        let theirs = with("web/style.css", "body{{color:red}}").unwrap();
        assert_eq!(theirs.source("web/style.css"), Some("body{{color:red}}"));
        for name in ours.0.sources.keys().filter(|name| *name != "web/style.css") {
            assert_eq!(ours.source(name), theirs.source(name), "{name}");
        }
        assert_eq!(ours.source("web/none.css"), None);
    }
}
