//! Settling: when each page was published, where it stands, and what it is called for ever.
//!
//! What is known never moves: a post without a time of day keeps the second it was given, its
//! key and its id. What is new is given the next free second of its day in the order of the
//! paths, so that no two posts of a day are equal and a lost ledger mints the same again. Of two
//! pages that ask for one place, the one that readers know it by keeps it.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use super::{
    Entry, Known, Record, Settings, Source,
    date::{self, Written},
    front_matter::Fault,
    page::{self, Page, place_of},
    text,
};
use crate::{domain::post::PostId, time::Timestamp};

/// A second in microseconds.
const SECOND: i64 = 1_000_000;

/// Gives every entry its instant of publication.
pub(super) fn dates(entries: &mut [Entry], settings: &Settings, now: Timestamp) {
    let zone = &settings.zone;
    let mut waiting = Vec::new();
    let mut taken = HashSet::new();
    for (at, entry) in entries.iter_mut().enumerate() {
        let known = entry.known.as_ref().map(|known| known.published);
        entry.published = match (entry.page.date, known) {
            (Some(Written::Day(day)), Some(known)) if date::day_of(known, zone) == day => known,
            (Some(Written::Day(day)), _) => {
                waiting.push(at);
                zone.instant(day, (settings.publish_hour, 0, 0)).unwrap_or(now)
            }
            (Some(written), _) => written.instant(zone, settings.publish_hour).unwrap_or(now),
            (None, Some(known)) => known,
            (None, None) => Timestamp::from_micros(now.seconds() * SECOND),
        };
        if waiting.last() != Some(&at) {
            taken.insert(entry.published.seconds());
        }
    }
    waiting.sort_by(|&a, &b| path(entries, a).cmp(path(entries, b)));
    for at in waiting {
        if let Some(entry) = entries.get_mut(at) {
            let mut second = entry.published.seconds();
            while !taken.insert(second) {
                second += 1;
            }
            entry.published = Timestamp::from_micros(second * SECOND);
        }
    }
}

fn path(entries: &[Entry], at: usize) -> &str {
    entries.get(at).map_or("", |entry| &entry.page.path)
}

/// What to say of a page without a date.
pub(super) const UNDATED: &str = "it has no date and counts as published when it was first seen; \
                                  give it a line such as \"date: 2026-11-24\"";

/// The same, where it is one.
pub(super) fn undated(page: &Page) -> Option<Fault> {
    page.date.is_none().then(|| Fault::new(None, UNDATED))
}

/// The places given so far, each with the path of the page that has it.
#[derive(Default)]
pub(super) struct Places(HashMap<String, String>);

impl Places {
    /// Gives the entry the place that it asks for.
    pub(super) fn give(&mut self, entry: &mut Entry, settings: &Settings) -> Result<(), Fault> {
        let day = date::day_of(entry.published, &settings.zone);
        let place = entry.page.place(settings, day)?;
        if self.0.contains_key(&mark(&place))
            && let Some(dated) = entry.page.dated_place(&place)
            && !self.0.contains_key(&mark(&dated))
        {
            self.0.insert(mark(&dated), entry.page.path.clone());
            entry.place = dated;
            return Ok(());
        }
        if let Some(owner) = self.0.get(&mark(&place)) {
            let why = format!(
                "it asks for the address \"/{place}/\", which posts/{owner} has already; give one \
                 of the two another slug"
            );
            return Err(Fault::new(entry.page.address_line, why));
        }
        self.0.insert(mark(&place), entry.page.path.clone());
        entry.place = place;
        Ok(())
    }
}

/// File systems disagree on case and composition: what is one folder on any of them is one.
fn mark(place: &str) -> String {
    place.nfc().flat_map(char::to_lowercase).collect()
}

/// The order in which entries ask for places: those that readers know there, those that readers
/// know, the others; each from the oldest on, those of one instant in the order of their paths.
pub(super) fn rank(entry: &Entry, settings: &Settings) -> (u8, Timestamp, String) {
    let day = date::day_of(entry.published, &settings.zone);
    let class = match &entry.known {
        Some(known) => match entry.page.place(settings, day) {
            Ok(place) if place_of(&known.url, &settings.base) == place.to_lowercase() => 0,
            _ => 1,
        },
        None => 2,
    };
    (class, entry.published, entry.page.path.clone())
}

/// The former places that entries name and that no entry has, each with its post's id; of two
/// that name one place, the newer keeps it.
pub(super) fn aliases(entries: &[Entry], settings: &Settings) -> Vec<(String, PostId)> {
    let mut taken: HashSet<String> = entries.iter().map(|entry| mark(&entry.place)).collect();
    let mut aliases = Vec::new();
    for entry in entries {
        let Some(id) = &entry.id else { continue };
        let former = entry.page.former(&settings.base).into_iter();
        let places = former.filter(|place| page::is_safe(place) && taken.insert(mark(place)));
        aliases.extend(places.map(|place| (place, id.clone())));
    }
    aliases
}

/// Names given so far: none is given twice.
pub(super) struct Names<'a> {
    settings: &'a Settings,
    keys: HashSet<String>,
    ids: HashSet<String>,
}

impl<'a> Names<'a> {
    /// The names of the known posts are taken.
    pub(super) fn new(known: &[Known], settings: &'a Settings) -> Self {
        let keys = known.iter().map(|known| known.key.clone()).collect();
        let ids = known.iter().map(|known| known.id.as_str().to_owned()).collect();
        Self { settings, keys, ids }
    }

    /// Gives every entry its key and its identity. Those of known posts are theirs for ever.
    pub(super) fn give(&mut self, entries: &mut [Entry]) {
        for entry in entries {
            let (key, id) = match &entry.known {
                Some(known) => (known.key.clone(), known.id.clone()),
                None => self.mint(&entry.place, entry.page.front.guid.as_deref(), entry.published),
            };
            (entry.key, entry.id) = (key, Some(id));
        }
    }

    fn mint(&mut self, place: &str, guid: Option<&str>, published: Timestamp) -> (String, PostId) {
        let slug = text::slug(place.rsplit('/').next().unwrap_or(place));
        let slug = if slug.is_empty() { "post".to_owned() } else { slug };
        let key = unique(&slug, |key| self.keys.contains(key));
        self.keys.insert(key.clone());
        let id = guid.map(str::to_owned).unwrap_or_else(|| {
            let day = published.format("%Y-%m-%d", &self.settings.zone);
            let host = self.settings.id_host.to_ascii_lowercase();
            let tag = format!("tag:{host},{day}:{}", encoded(&key));
            unique(&tag, |id| self.ids.contains(id))
        });
        self.ids.insert(id.clone());
        (key, PostId::new(id))
    }

    /// What is to be known of a refused file that was never read well: an identity for the post
    /// that it will be.
    pub(super) fn unread(&mut self, source: &Source, now: Timestamp) -> Record {
        let stem = source.path.rsplit_once('.').map_or(source.path.as_str(), |(stem, _)| stem);
        let stem = stem.strip_suffix("/index").unwrap_or(stem);
        let (key, id) = self.mint(stem, None, now);
        let known = Known {
            url: page::address(&self.settings.base, &key).into(),
            path: source.path.clone(),
            body_hash: String::new(),
            title: key.clone(),
            published: now,
            first_seen: now,
            source: source.text.clone().unwrap_or_else(|_| "".into()),
            key,
            id,
        };
        Record { known, is_new: true, changed: false }
    }
}

fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// The key as a URI may hold it (RFC 3986 section 2.1).
fn encoded(key: &str) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    let write = |octet: u8| {
        if is_plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") }
    };
    key.bytes().map(write).collect()
}
