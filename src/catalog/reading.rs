//! A reading: all files of one pass on their way to becoming posts, step by step.
//!
//! Each file ends in exactly one of the catalog's lists. A file that is refused at any step leaves
//! behind the post as it was last read well, if it ever was: under its own path, below its folder
//! when that cannot be listed, or under the name that it had before it was renamed and broken at
//! once. Nothing here fails.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    Catalog, Entry, Files, Known, Refusal, Settings, Source, date,
    edit::{self, Around},
    finish,
    front_matter::Fault,
    identity::{self, Claim},
    likeness, links,
    page::{self, Page},
    settle,
};
use crate::{domain::post::PostId, parallel, time::Timestamp};

/// Fewer pages than this are read before a thread has started.
const FEW: usize = 32;

/// A known post as it was last read well, for as long as its file is refused.
fn stale(known: &Known) -> Option<Entry> {
    let page = Page::read(&known.path, &known.source).ok().filter(|page| !page.front.is_draft)?;
    Some(Entry { known: Some(known.clone()), is_stale: true, ..Entry::new(page) })
}

/// A reading under way.
pub(super) struct Reading<'a> {
    files: &'a Files,
    known: &'a [Known],
    settings: &'a Settings,
    now: Timestamp,
    catalog: Catalog,
    /// Drafts are read as if they were none.
    shows_drafts: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        files: &'a Files,
        known: &'a [Known],
        settings: &'a Settings,
        now: Timestamp,
    ) -> Self {
        let was_published = known.iter().any(|known| !known.body_hash.is_empty());
        let catalog = Catalog {
            files: files.posts.len(),
            is_emptied: files.posts.is_empty() && was_published,
            ..Catalog::default()
        };
        Self { files, known, settings, now, catalog, shows_drafts: false }
    }

    /// The same reading, with drafts among the posts.
    pub(super) fn with_drafts(self) -> Self {
        Self { shows_drafts: true, ..self }
    }

    /// The whole reading.
    pub(super) fn catalog(mut self) -> Catalog {
        let entries = self.open();
        let mut entries = self.identify(entries);
        settle::dates(&mut entries, self.settings, self.now);
        let entries = self.place(entries);
        self.publish(entries);
        self.finished()
    }

    /// Reads every file; drafts and refused files are set aside.
    fn open(&mut self) -> Vec<Entry> {
        let paths = self.paths();
        let mut entries = Vec::with_capacity(self.files.posts.len());
        let pages = parallel::map(&self.files.posts, FEW, |source| {
            let text = source.text.as_ref().map_err(|why| Fault::new(None, why));
            text.and_then(|text| Page::read(&source.path, text))
        });
        for (source, page) in self.files.posts.iter().zip(pages) {
            match page {
                Ok(page) if page.front.is_draft && !self.shows_drafts => {
                    self.catalog.drafts.push(page.path);
                }
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
        self.catalog.around = self.around(&entries);
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
        self.catalog.aliases = settle::aliases(&due, self.settings);
        for finished in finish::all(due, &links, self.settings, self.now) {
            self.catalog.posts.push(finished.post);
            self.catalog.records.extend(finished.record);
            self.catalog.warnings.extend(finished.warnings);
            self.catalog.filed.push(finished.filed);
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

    /// What is around the entries that are due.
    fn around(&self, entries: &[Entry]) -> Around {
        let ahead = entries.iter().filter(|entry| entry.published > self.now);
        let due = entries.iter().filter(|entry| entry.published <= self.now);
        let due: HashSet<&PostId> =
            due.filter_map(|entry| entry.known.as_ref()).map(|known| &known.id).collect();
        let address = |entry: &Entry| page::address(&self.settings.base, &entry.place).to_string();
        let others = self.known.iter().filter(|known| !due.contains(&known.id));
        Around {
            ahead: ahead.map(|entry| (entry.page.path.clone(), address(entry))).collect(),
            refused: self.catalog.refused.iter().map(|refusal| refusal.path.clone()).collect(),
            files: self.files.others.clone(),
            bodies: others.map(|known| edit::body_mark(&known.body_hash)).collect(),
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
