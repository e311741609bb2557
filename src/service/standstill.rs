//! Standing still: whether anything that pages and feeds are made of has changed since they were.
//!
//! Reading, rendering and comparing thousands of posts to find that nothing is new costs seconds; a
//! look at the names, sizes and times of the files costs milliseconds. What a pass was made from
//! is written down after it ([`Seen`]); when the next one finds the same, it says again what that
//! one said and makes nothing.
//!
//! Whatever may change what is published is part of it: the posts folder, configuration,
//! templates, the program, the published files themselves, what the ledger knows of posts, the
//! day (lists of related posts follow the time), and the next instant at which a post appears or
//! expires. A file that changed in the seconds before the note was written might change again
//! without showing, so that such a note is not kept.
//!
//! The note lies in `var/` and may be deleted: then the next pass is a whole one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use super::{
    site::Site,
    summary::{Posts, Summary},
};
use crate::{catalog::Catalog, config, parallel, publish::manifest::Manifest, time::Timestamp};

/// Where the note lies, below the root.
const FILE: &str = "var/seen.json";

/// How coarse the clock of a file system may be, generously.
const COARSE: Duration = Duration::from_secs(2);

/// Fewer files than this are looked at before a thread has started.
const FEW: usize = 256;

/// What a pass was made from, and what it said.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Of all that it was made from.
    mark: String,
    /// When the next post appears or expires, in microseconds.
    until: Option<i64>,
    posts: Posts,
    feeds: usize,
    pages: usize,
    troubles: Vec<String>,
    warnings: Vec<String>,
}

/// A look at what a pass would be made from.
pub(super) struct Look {
    hash: Sha256,
    /// When the last of the files changed.
    newest: SystemTime,
}

impl Look {
    /// Looks at the files of `site`; `None`: something cannot be looked at.
    pub(super) fn at(site: &Site, now: Timestamp) -> Option<Self> {
        let mut hash = Sha256::new();
        let mut newest = UNIX_EPOCH;
        let program = std::env::current_exe().ok()?;
        note(&mut hash, &mut UNIX_EPOCH.clone(), &program, &fs::metadata(&program).ok()?)?;
        let file = site.root.join(config::FILE);
        note(&mut hash, &mut newest, &file, &fs::metadata(&file).ok()?)?;
        for folder in [&site.config.posts, &site.config.templates] {
            if folder.is_dir() {
                tree(&mut hash, &mut newest, folder)?;
            }
        }
        let day = now.format("%Y-%m-%d", &site.config.zone);
        hash.update(site.config.url.as_str());
        hash.update(day);
        Some(Self { hash, newest })
    }

    /// All of it in one word; `ledger` stands for what the ledger knows of posts.
    pub(super) fn mark(&self, ledger: &str) -> String {
        let hash = self.hash.clone().chain_update(ledger).finalize();
        hash.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Writes down what a pass was made from and what it said, unless that may still change unseen.
    pub(super) fn keep(
        &self,
        site: &Site,
        mark: String,
        said: &Summary,
        (catalog, now): (&Catalog, Timestamp),
    ) {
        let told_once = catalog.warnings.iter().filter(|told| told.is_told_once());
        let once: Vec<String> = told_once.map(ToString::to_string).collect();
        let again = said.warnings.iter().filter(|line| !once.contains(line));
        let seen = Seen {
            mark,
            until: next(catalog, now).map(Timestamp::micros),
            posts: said.posts.clone(),
            feeds: said.feeds.written + said.feeds.unchanged,
            pages: said.pages.written + said.pages.unchanged,
            troubles: said.troubles.clone(),
            warnings: again.cloned().collect(),
        };
        if !written(&path(site), &seen, self.newest) {
            forget(site);
        }
    }
}

/// Every file of a folder by name, size and time.
fn tree(hash: &mut Sha256, newest: &mut SystemTime, folder: &Path) -> Option<()> {
    let mut paths = Vec::new();
    for entry in WalkDir::new(folder) {
        paths.push(entry.ok()?.into_path());
    }
    paths.sort_unstable();
    let found = parallel::map(&paths, FEW, |path| path.symlink_metadata().ok());
    for (path, found) in paths.iter().zip(found) {
        let found = found?;
        // What a link leads to may change without it.
        let found = if found.is_symlink() { fs::metadata(path).ok()? } else { found };
        note(hash, newest, path, &found)?;
    }
    Some(())
}

fn note(
    hash: &mut Sha256,
    newest: &mut SystemTime,
    path: &Path,
    found: &fs::Metadata,
) -> Option<()> {
    let changed = found.modified().ok()?;
    let since = changed.duration_since(UNIX_EPOCH).ok()?;
    if found.is_file() {
        *newest = changed.max(*newest);
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(found.len().to_le_bytes());
        hash.update(since.as_nanos().to_le_bytes());
    }
    Some(())
}

impl Seen {
    /// The note of the last pass, if that was made from the same.
    pub(super) fn same(site: &Site, mark: &str, now: Timestamp) -> Option<Self> {
        let text = fs::read_to_string(path(site)).ok()?;
        let seen: Self = serde_json::from_str(&text).ok()?;
        let is_due = seen.until.is_some_and(|until| until <= now.micros());
        let is_same = seen.mark == mark && !is_due;
        let root = &site.config.output;
        (is_same && Manifest::read(root).stands(root)).then_some(seen)
    }

    /// Says again what that pass said.
    pub(super) fn say(self, summary: &mut Summary) {
        summary.posts = self.posts;
        summary.feeds.unchanged = self.feeds;
        summary.pages.unchanged = self.pages;
        summary.troubles.extend(self.troubles);
        summary.warnings.extend(self.warnings);
    }
}

/// Takes the note away: the pass that it tells of is not the last one any more.
pub(super) fn forget(site: &Site) {
    let _absent = fs::remove_file(path(site));
}

fn path(site: &Site) -> PathBuf {
    site.root.join(FILE)
}

/// Writes the note; `false`: it cannot be written, or the files changed just before it.
fn written(path: &Path, seen: &Seen, newest: SystemTime) -> bool {
    let text = serde_json::to_string(seen).unwrap_or_default();
    let folder = path.parent().unwrap_or(path);
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    let at = done.and_then(|()| path.metadata()).and_then(|found| found.modified());
    at.is_ok_and(|at| newest + COARSE < at)
}

/// When the next post appears or expires.
fn next(catalog: &Catalog, now: Timestamp) -> Option<Timestamp> {
    let scheduled = catalog.scheduled.iter().map(|(_, at)| *at);
    let expiring = catalog.posts.iter().filter_map(|post| post.related.expires);
    scheduled.chain(expiring).filter(|at| *at > now).min()
}
