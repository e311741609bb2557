//! Settling: when each page was published, where it stands, and what it is called for ever.
//!
//! What is known never moves: a post without a time of day keeps the second it was given, its
//! key and its id. What is new is given the next free second of its day in the order of the
//! paths, so that no two posts of a day are equal and a lost ledger mints the same again. Of two
//! pages that ask for one place, the one that readers know it by keeps it.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use super::{
    Entry, Known, Settings,
    date::{self, Written},
    front_matter::Fault,
    page::place_of,
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
        if entry.page.date.is_none() {
            let why = "it has no date and counts as published when it was first seen; give it a \
                       line such as \"date: 2026-11-24\"";
            entry.page.warnings.push(Fault::new(None, why));
        }
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

/// The places given so far, each with the path of the page that has it.
#[derive(Default)]
pub(super) struct Places(HashMap<String, String>);

impl Places {
    /// Gives the entry the place that it asks for.
    pub(super) fn give(&mut self, entry: &mut Entry, settings: &Settings) -> Result<(), Fault> {
        let day = date::day_of(entry.published, &settings.zone);
        let place = entry.page.place(settings, day)?;
        // File systems disagree on case and composition: what is one folder on any of them is one.
        let mark = place.nfc().flat_map(char::to_lowercase).collect::<String>();
        if let Some(owner) = self.0.get(&mark) {
            let why = format!(
                "it asks for the address \"/{place}/\", which posts/{owner} has already; give one \
                 of the two another slug"
            );
            return Err(Fault::new(entry.page.address_line, why));
        }
        self.0.insert(mark, entry.page.path.clone());
        entry.place = place;
        Ok(())
    }
}

/// The order in which entries ask for places: those that readers know there, those that readers
/// know, the others; each in the order of their paths.
pub(super) fn rank(entry: &Entry, settings: &Settings) -> (u8, String) {
    let day = date::day_of(entry.published, &settings.zone);
    let class = match &entry.known {
        Some(known) => match entry.page.place(settings, day) {
            Ok(place) if place_of(&known.url, &settings.base) == place.to_lowercase() => 0,
            _ => 1,
        },
        None => 2,
    };
    (class, entry.page.path.clone())
}

/// Gives every entry its key and its identity. Those of known posts are theirs for ever.
pub(super) fn names(entries: &mut [Entry], known: &[Known], settings: &Settings) {
    let mut keys: HashSet<String> = known.iter().map(|known| known.key.clone()).collect();
    let mut ids: HashSet<String> = known.iter().map(|k| k.id.as_str().to_owned()).collect();
    for entry in entries {
        if let Some(known) = &entry.known {
            (entry.key, entry.id) = (known.key.clone(), Some(known.id.clone()));
            continue;
        }
        let slug = text::slug(entry.place.rsplit('/').next().unwrap_or(&entry.place));
        let slug = if slug.is_empty() { "post".to_owned() } else { slug };
        entry.key = unique(&slug, |key| keys.contains(key));
        keys.insert(entry.key.clone());
        let id = entry.page.front.guid.clone().unwrap_or_else(|| {
            let day = entry.published.format("%Y-%m-%d", &settings.zone);
            let host = settings.id_host.to_ascii_lowercase();
            let tag = format!("tag:{host},{day}:{}", encoded(&entry.key));
            unique(&tag, |id| ids.contains(id))
        });
        ids.insert(id.clone());
        entry.id = Some(PostId::new(id));
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
