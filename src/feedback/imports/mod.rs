//! Imports: what analytics tools say of readers a day, from their exports and their APIs.
//!
//! A file is recognised by what it holds, whatever it is called ([`read`]):
//!
//! | Tool | As CSV | As JSON |
//! |---|---|---|
//! | GoatCounter | its export of pageviews, version 1 and 2 | `stats/hits`; its export (`paths.jsonl`, `hit_stats.jsonl`) |
//! | Plausible | `imported_pages` of its export | Stats API, version 2, and version 1 of one day |
//! | Umami | `website_event.csv` of its export | `metrics` of type `path` or `url`, of one day |
//! | Matomo | Page URLs of several days, with their dates | Page URLs of several days |
//!
//! Archives are opened ([`zip`]), gzip data is the caller's. What a tool calls a visitor of a page
//! on a day is a reader; robots are the tool's own business. Where there are only single views,
//! those count that a visitor makes first.
//!
//! It promises that each line (in JSON: each entry) is counted with what became of it. It keeps no
//! session of a tool longer than it reads the file. It is pure: it reads no disk and asks nobody.

mod json;
mod table;
#[cfg(test)]
mod tests;
pub mod zip;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use crate::time::{Timestamp, Zone, parse_day};

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is of no tool that is known.
    #[error(
        "{0} is no export of GoatCounter, Plausible, Umami or Matomo and no access log; \
         docs/popularity.md tells what is understood"
    )]
    Unknown(String),
    /// It does not say of which day it is.
    #[error("{0} does not say of which day it is; name it: --day 2026-11-24")]
    NoDay(String),
    /// It looks like one and cannot be read.
    #[error("{name} cannot be read as {what}: {why}")]
    Damaged {
        /// The file.
        name: String,
        /// What it looks like.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// An analytics tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// GoatCounter.
    GoatCounter,
    /// Plausible.
    Plausible,
    /// Umami.
    Umami,
    /// Matomo.
    Matomo,
}

impl Tool {
    /// Its name, as a source of signals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GoatCounter => "goatcounter",
            Self::Plausible => "plausible",
            Self::Umami => "umami",
            Self::Matomo => "matomo",
        }
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It tells of readers, and that is new or other than before.
    Counted,
    /// It says what was said before.
    Same,
    /// The same visitor of the same page again.
    Repeated,
    /// Robots, events, and what nobody read.
    NoReader,
    /// A page that is no post.
    NoPost,
    /// By a link of our own letters.
    OwnMark,
    /// Of a day that is not over.
    NotOver,
    /// It cannot be read.
    Unreadable,
}

impl Outcome {
    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Counted => "tell of readers of a post",
            Self::Same => "say what was said before",
            Self::Repeated => "are the same visitor again",
            Self::NoReader => "are robots, events or nobody",
            Self::NoPost => "are of pages that are no posts",
            Self::OwnMark => "are links of our own letters",
            Self::NotOver => "are of days that are not over",
            Self::Unreadable => "cannot be read",
        }
    }
}

/// What a file says, before it is known which pages are posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// Readers and lines by day and page.
    pub pages: BTreeMap<(i32, String), (u64, u64)>,
    /// Lines that say nothing of readers, by why.
    pub others: BTreeMap<Outcome, u64>,
}

impl Readings {
    /// All lines.
    pub fn lines(&self) -> u64 {
        self.pages.values().map(|(_, lines)| lines).sum::<u64>() + self.others.values().sum::<u64>()
    }

    /// Adds what another file or answer of the same tool says.
    pub fn extend(&mut self, other: Self) {
        for (page, (readers, lines)) in other.pages {
            let known = self.pages.entry(page).or_default();
            *known = (known.0.saturating_add(readers), known.1 + lines);
        }
        for (outcome, lines) in other.others {
            *self.others.entry(outcome).or_default() += lines;
        }
    }

    fn add(&mut self, day: i32, page: &str, readers: u64) {
        let (known, lines) = self.pages.entry((day, page.to_owned())).or_default();
        *known = known.saturating_add(readers);
        *lines += 1;
    }

    fn other(&mut self, outcome: Outcome) {
        *self.others.entry(outcome).or_default() += 1;
    }

    /// A line as it was understood.
    fn take(&mut self, line: Said) {
        match line {
            Said::Readers(_, _, 0) => self.other(Outcome::NoReader),
            Said::Readers(day, page, readers) => self.add(day, &page, readers),
            Said::Other(outcome) => self.other(outcome),
        }
    }
}

/// What one line says.
enum Said {
    Readers(i32, String, u64),
    Other(Outcome),
}

/// What reading needs to know.
#[derive(Clone, Debug)]
pub struct Reader {
    /// By whose calendar instants become days.
    pub zone: Zone,
    /// The day of files that do not say it.
    pub day: Option<i32>,
    /// Pages by the numbers that GoatCounter gave them; it names them in a file of their own.
    paths: HashMap<u64, String>,
    /// Visitors of pages that were seen.
    seen: HashSet<(i32, String, String)>,
}

impl Reader {
    /// Reads for a site whose days are those of `zone`.
    pub fn new(zone: Zone, day: Option<i32>) -> Self {
        Self { zone, day, paths: HashMap::new(), seen: HashSet::new() }
    }

    /// What the file called `name` says. `Ok(None)`: it only helps with the others.
    pub fn read(&mut self, name: &str, octets: &[u8]) -> Result<Option<(Tool, Readings)>, Error> {
        let text = decoded(octets);
        let text = text.trim_start();
        match text.chars().next() {
            Some('{' | '[') => self.json(name, text),
            _ => self.table(name, text).map(Some),
        }
    }

    fn day_of(&self, text: &str) -> Option<i32> {
        parse_day(text).or_else(|| {
            let text = text.trim().replacen(' ', "T", 1);
            let zoned = text.ends_with('Z') || text.get(19..)?.contains(['+', '-']);
            let text = if zoned { text } else { text + "Z" };
            Timestamp::parse_rfc3339(&text).map(|instant| self.zone.day_at(instant))
        })
    }
}

/// The path that Matomo's label of a page means: of a folder it says `a/index`.
fn labelled(label: &str) -> String {
    let label = label.trim();
    if label.contains("://") {
        return label.to_owned();
    }
    let path = label.strip_suffix("index").filter(|path| path.is_empty() || path.ends_with('/'));
    format!("/{}", path.unwrap_or(label).trim_start_matches('/'))
}

/// The text of a file: UTF-8, or UTF-16 with a mark in front as Matomo writes it for spreadsheets.
fn decoded(octets: &[u8]) -> String {
    let wide = |octets: &[u8], read: fn([u8; 2]) -> u16| {
        let units = octets.as_chunks::<2>().0.iter().map(|pair| read(*pair));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match octets {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        octets => String::from_utf8_lossy(octets).into_owned(),
    }
}
