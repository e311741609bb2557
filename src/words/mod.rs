//! Words: what letters and pages say in the reader's language, and how it writes a date.
//!
//! [`Words`] holds one set of messages for each language, from files in Project Fluent's syntax
//! named after it (`words/de.ftl`). A language is looked for by its whole tag (BCP 47), then by
//! its primary part (`pt` for `pt-BR`), then English answers; so does English for a message that
//! a language lacks. Of two files of one name the later one goes over the earlier, message by
//! message: an operator who wants another word writes that word alone.
//!
//! Plurals follow each language's own rules (CLDR). No invisible marks are put round what is
//! filled in, since a subject and a plain text would show them.
//!
//! It reads no files: texts are handed in. A file that cannot be read is an [`Error`] that names
//! it and the line; a message that nobody has is `None`. The only home of `fluent_bundle`.

use std::collections::BTreeMap;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

use crate::time::{Timestamp, Zone};

/// Where the files stand among the templates.
pub const FOLDER: &str = "words/";

/// The ending of their names.
pub const ENDING: &str = ".ftl";

/// The language that answers where another one cannot.
const FALLBACK: &str = "en";

/// A file of words that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("template {file}, line {line}: this is no message of Project Fluent's: {why}")]
pub struct Error {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What the parser said.
    pub why: String,
}

/// Something to be filled into a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Words.
    Text(String),
    /// A count, by which plurals are chosen.
    Number(i64),
}

/// The messages of all languages.
pub struct Words {
    languages: BTreeMap<String, FluentBundle<FluentResource>>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.languages.keys()).finish()
    }
}

/// The language that a file is about: `words/pt-BR.ftl` is about `pt-br`.
pub fn language_of(file: &str) -> Option<String> {
    let name = file.strip_prefix(FOLDER)?.strip_suffix(ENDING)?;
    (!name.is_empty() && !name.contains('/')).then(|| name.to_ascii_lowercase())
}

impl Words {
    /// The words in `files` (name, text); what is called otherwise is passed over.
    pub fn new<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut languages: BTreeMap<String, FluentBundle<FluentResource>> = BTreeMap::new();
        for (file, text) in files {
            let Some(language) = language_of(file) else { continue };
            let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, faults)| {
                let first = faults.into_iter().next();
                let at = first.as_ref().map_or(0, |fault| fault.pos.start);
                Error {
                    file: file.to_owned(),
                    line: text.get(..at).unwrap_or_default().matches('\n').count() + 1,
                    why: first.map_or_else(String::new, |fault| fault.kind.to_string()),
                }
            })?;
            let tag = language.parse().unwrap_or_default();
            let bundle = languages.entry(language).or_insert_with(|| {
                let mut bundle = FluentBundle::new_concurrent(vec![tag]);
                bundle.set_use_isolating(false);
                bundle
            });
            bundle.add_resource_overriding(resource);
        }
        Ok(Self { languages })
    }

    /// The languages there are words in.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// Whether a language has words of its own.
    pub fn speaks(&self, language: &str) -> bool {
        let own = chain(language);
        own.iter().take(own.len() - 1).any(|tag| self.languages.contains_key(tag))
            || own.first().is_some_and(|tag| tag == FALLBACK)
    }

    /// The message `key` in `language`, filled with `values`; `None`: there is no such message.
    pub fn say(&self, language: &str, key: &str, values: &[(&str, Value)]) -> Option<String> {
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set(
                *name,
                match value {
                    Value::Text(text) => FluentValue::from(text.clone()),
                    Value::Number(number) => FluentValue::from(*number),
                },
            );
        }
        chain(language).iter().find_map(|tag| {
            let bundle = self.languages.get(tag)?;
            let pattern = bundle.get_message(key)?.value()?;
            // What is missing among the values shows as its name, as in `{$count}`.
            Some(bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned())
        })
    }

    /// The message `key` without anything to fill in; the key itself where there is none.
    pub fn word(&self, language: &str, key: &str) -> String {
        self.say(language, key, &[]).unwrap_or_else(|| key.to_owned())
    }

    /// The day of `at` by the calendar of `zone`, as the language writes it.
    pub fn date(&self, language: &str, at: Timestamp, zone: &Zone) -> String {
        self.day(language, ("date", "month"), at, zone)
    }

    /// Day and month of `at`, in short.
    pub fn date_short(&self, language: &str, at: Timestamp, zone: &Zone) -> String {
        self.day(language, ("date-short", "month-short"), at, zone)
    }

    fn day(
        &self,
        language: &str,
        (date, month): (&str, &str),
        at: Timestamp,
        zone: &Zone,
    ) -> String {
        let part = |format: &str| Value::Number(at.format(format, zone).parse().unwrap_or(0));
        let name = self.say(language, month, &[("month", part("%-m"))]).unwrap_or_default();
        let values = [("year", part("%Y")), ("day", part("%-d")), ("name", Value::Text(name))];
        self.say(language, date, &values).unwrap_or_else(|| at.format("%Y-%m-%d", zone))
    }
}

/// The tags under which words of `language` are looked for, best first.
fn chain(language: &str) -> Vec<String> {
    let whole = language.to_ascii_lowercase().replace('_', "-");
    let cuts = whole.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
    let shorter = cuts.into_iter().rev().filter_map(|at| whole.get(..at).map(str::to_owned));
    let mut chain: Vec<String> = shorter.collect();
    chain.insert(0, whole);
    chain.push(FALLBACK.to_owned());
    chain
}

#[cfg(test)]
mod tests;
