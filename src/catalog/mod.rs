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
//! `page` (a file read), `identity` and `likeness` (which known post it is), `settle` (when, where, called
//! what), `shortcodes`, `links`, `markdown` and `text` (what it shows), `finish` (the post).

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::Arc,
};

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
mod likeness;
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

/// What the posts folder holds.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Files that may be posts.
    pub posts: Vec<Source>,
    /// Paths of the files that are published beside them.
    pub others: BTreeSet<String>,
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
    /// Paths of posts that stand as they were last read well, since their files were refused.
    pub stale: Vec<String>,
    /// What is known from now on of every published post that was read well.
    pub records: Vec<Record>,
    /// What was left out of posts that are published all the same.
    pub warnings: Vec<Refusal>,
    /// What was left out too but was told when the post was new; for `check`.
    pub reminders: Vec<Refusal>,
    /// What a first reading records beside `records`: refused files that were never read well,
    /// so that they belong to what was there from the beginning.
    pub unread: Vec<Record>,
    /// There is no file at all, though posts were published: the folder was lost.
    pub is_emptied: bool,
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
pub fn read(files: &Files, known: &[Known], settings: &Settings, now: Timestamp) -> Catalog {
    let was_published = known.iter().any(|known| !known.body_hash.is_empty());
    let catalog = Catalog {
        files: files.posts.len(),
        is_emptied: files.posts.is_empty() && was_published,
        ..Catalog::default()
    };
    let mut reading = Reading { files, known, settings, now, catalog };
    let entries = reading.open();
    let mut entries = reading.identify(entries);
    settle::dates(&mut entries, settings, now);
    let entries = reading.place(entries);
    reading.publish(entries);
    reading.finished()
}

/// A known post as it was last read well, for as long as its file is refused.
fn stale(known: &Known) -> Option<Entry> {
    let page = Page::read(&known.path, &known.source).ok().filter(|page| !page.front.is_draft)?;
    Some(Entry { known: Some(known.clone()), is_stale: true, ..Entry::new(page) })
}

/// A reading under way.
struct Reading<'a> {
    files: &'a Files,
    known: &'a [Known],
    settings: &'a Settings,
    now: Timestamp,
    catalog: Catalog,
}

impl<'a> Reading<'a> {
    /// Reads every file; drafts and refused files are set aside.
    fn open(&mut self) -> Vec<Entry> {
        let paths = self.paths();
        let mut entries = Vec::with_capacity(self.files.posts.len());
        for source in &self.files.posts {
            let text = source.text.as_ref().map_err(|why| Fault::new(None, why));
            match text.and_then(|text| Page::read(&source.path, text)) {
                Ok(page) if page.front.is_draft => self.catalog.drafts.push(page.path),
                Ok(page) => entries.push(Entry::new(page)),
                Err(fault) => {
                    let before = self.before(source, &paths);
                    entries.extend(before.into_iter().filter_map(stale));
                    self.catalog.refused.push(Refusal::new(&source.path, fault));
                }
            }
        }
        entries.sort_by(|a, b| a.page.path.cmp(&b.page.path));
        entries
    }

    /// The paths of all posts that are there, in folders that cannot be listed too.
    fn paths(&self) -> HashSet<&'a str> {
        let mut paths: HashSet<&str> = self.files.posts.iter().map(|s| s.path.as_str()).collect();
        let unlisted = |known: &Known| {
            known
                .path
                .match_indices('/')
                .any(|(end, _)| known.path.get(..end).is_some_and(|folder| paths.contains(folder)))
        };
        let hidden: Vec<&str> =
            self.known.iter().filter(|k| unlisted(k)).map(|k| k.path.as_str()).collect();
        paths.extend(hidden);
        paths
    }

    /// The known posts that a refused source was: of its path, of its folder, else one whose file
    /// is gone and whose text it has, under another name.
    fn before(&self, source: &Source, paths: &HashSet<&str>) -> Vec<&'a Known> {
        let is_below = |known: &Known| {
            known.path.strip_prefix(&source.path).is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(known) = self.at(&source.path) {
            return vec![known];
        }
        let below: Vec<&Known> = self.known.iter().filter(|known| is_below(known)).collect();
        let Some(text) = source.text.as_ref().ok().filter(|_| below.is_empty()) else {
            return below;
        };
        let is_it = |known: &&Known| {
            !paths.contains(known.path.as_str()) && likeness::alike(&known.source, text)
        };
        self.known.iter().rfind(is_it).into_iter().collect()
    }

    /// The post that was last read from that path.
    fn at(&self, path: &str) -> Option<&'a Known> {
        self.known.iter().rfind(|known| known.path == path)
    }

    /// Refuses a page. Returns its last good version, when there is one.
    fn refuse(&mut self, entry: &Entry, fault: Fault) -> Option<Entry> {
        self.catalog.refused.push(Refusal::new(&entry.page.path, fault));
        let known = entry.known.as_ref().or(self.at(&entry.page.path))?;
        stale(known)
    }

    /// Finds out which known post each entry is.
    fn identify(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let paths = self.paths();
        let claims: Vec<Claim<'_>> = entries.iter().map(|entry| self.claim(entry)).collect();
        let site = (&self.settings.base, &self.settings.zone);
        let found = identity::recognise(&claims, self.known, &paths, site);
        let mut doubles: Vec<Option<Fault>> = entries.iter().map(|_| None).collect();
        for (at, fault) in found.doubles {
            doubles.get_mut(at).map(|double| double.replace(fault));
        }
        let taken: HashSet<usize> = found.known.iter().flatten().copied().collect();
        let is_taken = |known: &Known| taken.iter().any(|&at| self.known.get(at) == Some(known));
        let mut doubts: HashMap<usize, Fault> = found.doubts.into_iter().collect();
        let mut identified = Vec::with_capacity(entries.len());
        let kept: HashSet<usize> = found.kept.into_iter().collect();
        let settled = entries.into_iter().zip(found.known).zip(doubles).enumerate();
        for (at, ((mut entry, known), double)) in settled {
            if let Some(fault) = double {
                let stale = self.refuse(&entry, fault);
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
            entry.page.warnings.extend(doubts.remove(&at));
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
            if entry.is_stale {
                continue;
            }
            if let Some(mut stale) = self.refuse(&entry, fault) {
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
        let links = Arc::new(self.links(&entries));
        let (mut due, ahead): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.published <= self.now);
        let ahead = ahead.into_iter().filter(|entry| !entry.is_stale);
        self.catalog.scheduled.extend(ahead.map(|entry| (entry.page.path, entry.published)));
        let mut names = settle::Names::new(self.known, self.settings);
        names.give(&mut due);
        self.unread(&mut names);
        self.remind(&mut due);
        let stale = due.iter().filter(|entry| entry.is_stale);
        self.catalog.stale.extend(stale.map(|entry| entry.page.path.clone()));
        due.sort_by(|a, b| b.published.cmp(&a.published).then(a.page.path.cmp(&b.page.path)));
        for finished in finish::all(&due, &links, self.settings, self.now) {
            self.catalog.posts.push(finished.post);
            self.catalog.records.extend(finished.record);
            self.catalog.warnings.extend(finished.warnings);
        }
    }

    fn links(&self, entries: &[Entry]) -> links::Links {
        let base = &self.settings.base;
        let address =
            |entry: &Entry| (entry.page.path.clone(), page::address(base, &entry.place).into());
        links::Links {
            base: base.clone(),
            posts: entries.iter().map(address).collect(),
            refused: self.catalog.refused.iter().map(|refusal| refusal.path.clone()).collect(),
            files: self.files.others.clone(),
        }
    }

    /// Notes the refused files that nothing is known of.
    fn unread(&mut self, names: &mut settle::Names<'_>) {
        let refused: HashSet<&str> = self.catalog.refused.iter().map(|r| r.path.as_str()).collect();
        let is_unread = |source: &&Source| {
            refused.contains(source.path.as_str()) && self.at(&source.path).is_none()
        };
        let unread = self.files.posts.iter().filter(is_unread);
        self.catalog.unread = unread.map(|source| names.unread(source, self.now)).collect();
    }

    /// Says of a post without a date that it has none: once, when it is new.
    fn remind(&mut self, due: &mut [Entry]) {
        for entry in due.iter_mut().filter(|entry| !entry.is_stale) {
            let Some(fault) = settle::undated(&entry.page) else { continue };
            match &entry.known {
                None => entry.page.warnings.push(fault),
                Some(_) => self.catalog.reminders.push(Refusal::new(&entry.page.path, fault)),
            }
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
