//! The catalog: from the files of a folder to the posts that are published.
//!
//! [`read`] takes every file with its text, what is known of earlier posts, and the instant; it
//! returns the [`Catalog`]. It promises that every file is accounted for (published, draft,
//! scheduled or refused with its line and reason), that a post keeps its identity through any
//! change an author makes, that one bad file harms no other, and that a post which can no longer
//! be read stays published as it was last read well. The same input gives the same catalog.
//!
//! It reads no disk (that is [`directory`]), no clock and no store, and it knows nothing of feeds
//! and letters. Nothing in it fails as a whole: a refusal is part of the result.
//!
//! One file a thought: `front_matter` and `fields` (what an author says of a post), `date`,
//! `page` (a file read), `identity` (which known post it is), `settle` (when, where, called
//! what), `shortcodes`, `links`, `markdown` and `text` (what it shows), `finish` (the post).

use std::{collections::HashSet, fmt, sync::Arc};

use crate::{
    domain::post::{Post, PostId},
    time::{Timestamp, Zone},
};

mod date;
pub mod directory;
mod fields;
mod finish;
mod front_matter;
mod identity;
mod links;
mod markdown;
mod page;
mod settle;
mod shortcodes;
#[cfg(test)]
mod tests;
mod text;

use front_matter::Fault;
use identity::Claim;
use page::Page;

/// How posts are read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The site's public address, ending in `/`.
    pub base: url::Url,
    /// BCP 47 tag of posts that name no other language.
    pub language: String,
    /// Whose wall clocks count for dates without a zone.
    pub zone: Zone,
    /// Who wrote posts that name no author.
    pub author: Option<String>,
    /// The hour of posts that have a date but no time.
    pub publish_hour: i8,
    /// The place of a post under the public folder, from `{slug}`, `{year}`, `{month}`, `{day}`.
    pub permalink: String,
    /// The host in newly minted `tag:` identities.
    pub id_host: String,
}

/// A file that may be a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Relative to the posts folder, `/` between folders.
    pub path: String,
    /// What it holds, or why it cannot be read.
    pub text: Result<String, String>,
}

/// Why a file, or a part of it, was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Relative to the posts folder.
    pub path: String,
    /// Counted from 1, where one line is to blame.
    pub line: Option<usize>,
    /// One sentence.
    pub why: String,
}

impl Refusal {
    fn new(path: &str, fault: Fault) -> Self {
        Self { path: path.to_owned(), line: fault.line, why: fault.why }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "posts/{}:{line}: {}", self.path, self.why),
            None => write!(f, "posts/{}: {}", self.path, self.why),
        }
    }
}

/// All files of one reading.
#[derive(Debug, Default)]
pub struct Catalog {
    /// What is published, newest first, ties in the order of the paths.
    pub posts: Vec<Post>,
    /// Paths of what its author holds back.
    pub drafts: Vec<String>,
    /// Paths of what is dated in the future, soonest first.
    pub scheduled: Vec<(String, Timestamp)>,
    /// What cannot be published, by path.
    pub refused: Vec<Refusal>,
    /// Paths of refused files whose last good version is among the posts.
    pub stale: Vec<String>,
    /// What is known from now on of every published post that was read well.
    pub records: Vec<Record>,
    /// What was left out of posts that are published all the same.
    pub warnings: Vec<Refusal>,
    /// How many files there are.
    pub files: usize,
}

/// What was recorded of a post when it was last read well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its identity for ever.
    pub id: PostId,
    /// Its short name for ever.
    pub key: String,
    /// The file it came from, relative to the posts folder.
    pub path: String,
    /// The address it had.
    pub url: String,
    /// Hash of its body, by which a moved file is recognised.
    pub body_hash: String,
    /// Its title.
    pub title: String,
    /// When it was published.
    pub published: Timestamp,
    /// When the catalog first saw it published.
    pub first_seen: Timestamp,
    /// The file as it stood when it was last read well.
    pub source: String,
}

/// A post as this reading leaves it, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is known from now on.
    pub known: Known,
    /// Never seen before.
    pub is_new: bool,
    /// Differs from what was recorded.
    pub changed: bool,
}

/// A page on its way to becoming a post.
#[derive(Debug)]
struct Entry {
    page: Page,
    /// The post that it is known to be.
    known: Option<Known>,
    /// It stands as it was last read well: its file was refused.
    is_stale: bool,
    published: Timestamp,
    place: String,
    key: String,
    id: Option<PostId>,
}

impl Entry {
    fn new(page: Page) -> Self {
        Self {
            page,
            known: None,
            is_stale: false,
            published: Timestamp::default(),
            place: String::new(),
            key: String::new(),
            id: None,
        }
    }
}

/// Reads all files.
pub fn read(sources: &[Source], known: &[Known], settings: &Settings, now: Timestamp) -> Catalog {
    let catalog = Catalog { files: sources.len(), ..Catalog::default() };
    finished(Reading { known, settings, now, catalog, shows_drafts: false }, sources)
}

/// Reads all files as if no post were a draft: for a look at one.
pub fn read_drafts(
    sources: &[Source],
    known: &[Known],
    settings: &Settings,
    now: Timestamp,
) -> Catalog {
    let catalog = Catalog { files: sources.len(), ..Catalog::default() };
    finished(Reading { known, settings, now, catalog, shows_drafts: true }, sources)
}

fn finished(mut reading: Reading<'_>, sources: &[Source]) -> Catalog {
    let (settings, now) = (reading.settings, reading.now);
    let entries = reading.open(sources);
    let mut entries = reading.identify(entries, sources);
    settle::dates(&mut entries, settings, now);
    let entries = reading.place(entries);
    reading.publish(entries);
    reading.finished()
}

/// A reading under way.
struct Reading<'a> {
    known: &'a [Known],
    settings: &'a Settings,
    now: Timestamp,
    catalog: Catalog,
    shows_drafts: bool,
}

impl Reading<'_> {
    /// Reads every file; drafts and refused files are set aside.
    fn open(&mut self, sources: &[Source]) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(sources.len());
        for source in sources {
            let text = source.text.as_ref().map_err(|why| Fault::new(None, why));
            match text.and_then(|text| Page::read(&source.path, text)) {
                Ok(page) if page.front.is_draft && !self.shows_drafts => {
                    self.catalog.drafts.push(page.path)
                }
                Ok(page) => entries.push(Entry::new(page)),
                Err(fault) => entries.extend(self.refuse(&source.path, fault)),
            }
        }
        entries.sort_by(|a, b| a.page.path.cmp(&b.page.path));
        entries
    }

    /// Refuses a file. Returns its last good version, when there is one.
    fn refuse(&mut self, path: &str, fault: Fault) -> Option<Entry> {
        self.catalog.refused.push(Refusal::new(path, fault));
        let known = self.known.iter().rfind(|known| known.path == path)?;
        let page = Page::read(path, &known.source).ok().filter(|page| !page.front.is_draft)?;
        Some(Entry { known: Some(known.clone()), is_stale: true, ..Entry::new(page) })
    }

    /// Finds out which known post each entry is.
    fn identify(&mut self, entries: Vec<Entry>, sources: &[Source]) -> Vec<Entry> {
        let paths: HashSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        let claims: Vec<Claim<'_>> = entries.iter().map(|entry| self.claim(entry)).collect();
        let site = (&self.settings.base, &self.settings.zone);
        let found = identity::recognise(&claims, self.known, &paths, site);
        let mut doubles: Vec<Option<Fault>> = entries.iter().map(|_| None).collect();
        for (at, fault) in found.doubles {
            doubles.get_mut(at).map(|double| double.replace(fault));
        }
        let taken: HashSet<usize> = found.known.iter().flatten().copied().collect();
        let is_taken = |known: &Known| taken.iter().any(|&at| self.known.get(at) == Some(known));
        let mut identified = Vec::with_capacity(entries.len());
        let kept: HashSet<usize> = found.kept.into_iter().collect();
        let settled = entries.into_iter().zip(found.known).zip(doubles).enumerate();
        for (at, ((mut entry, known), double)) in settled {
            if let Some(fault) = double {
                let stale = self.refuse(&entry.page.path, fault);
                let is_free = |stale: &Entry| !stale.known.as_ref().is_some_and(is_taken);
                identified.extend(stale.filter(is_free));
                continue;
            }
            entry.known = known.and_then(|known| self.known.get(known)).cloned();
            if let (true, Some(known)) = (kept.contains(&at), &entry.known) {
                let why = format!(
                    "readers know this post as \"{}\" already; its guid is not used",
                    known.id
                );
                entry.page.warnings.push(Fault::new(None, why));
            }
            identified.push(entry);
        }
        identified
    }

    fn claim<'e>(&self, entry: &'e Entry) -> Claim<'e> {
        let zone = &self.settings.zone;
        let day = entry.page.date.map_or(date::day_of(self.now, zone), |date| date.day(zone));
        let settled = entry.known.as_ref();
        Claim {
            page: &entry.page,
            place: entry.page.place(self.settings, day).ok(),
            settled: settled.and_then(|own| self.known.iter().position(|known| known == own)),
        }
    }

    /// Gives every entry a place of its own; who asks for a taken one is refused.
    fn place(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.sort_by_cached_key(|entry| settle::rank(entry, self.settings));
        let mut places = settle::Places::default();
        let mut placed = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let Err(fault) = places.give(&mut entry, self.settings) else {
                placed.push(entry);
                continue;
            };
            // A stale entry was refused before.
            let path = entry.page.path.clone();
            if entry.is_stale {
                continue;
            }
            if let Some(mut stale) = self.refuse(&path, fault) {
                stale.published = entry.known.map_or(entry.published, |known| known.published);
                if places.give(&mut stale, self.settings).is_ok() {
                    placed.push(stale);
                }
            }
        }
        placed.sort_by(|a, b| a.page.path.cmp(&b.page.path));
        placed
    }

    /// Finishes what is due; the rest is scheduled.
    fn publish(&mut self, entries: Vec<Entry>) {
        let base = &self.settings.base;
        let address =
            |entry: &Entry| (entry.page.path.clone(), page::address(base, &entry.place).into());
        let links = Arc::new(links::Links::new(base, entries.iter().map(address)));
        let (mut due, ahead): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.published <= self.now);
        let ahead = ahead.into_iter().filter(|entry| !entry.is_stale);
        self.catalog.scheduled.extend(ahead.map(|entry| (entry.page.path, entry.published)));
        settle::names(&mut due, self.known, self.settings);
        let stale = due.iter().filter(|entry| entry.is_stale);
        self.catalog.stale.extend(stale.map(|entry| entry.page.path.clone()));
        due.sort_by(|a, b| b.published.cmp(&a.published).then(a.page.path.cmp(&b.page.path)));
        for finished in finish::all(&due, &links, self.settings, self.now) {
            self.catalog.posts.push(finished.post);
            self.catalog.records.extend(finished.record);
            self.catalog.warnings.extend(finished.warnings);
        }
    }

    fn finished(self) -> Catalog {
        let mut catalog = self.catalog;
        catalog.drafts.sort();
        catalog.scheduled.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
        catalog.refused.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        catalog.warnings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        catalog
    }
}
