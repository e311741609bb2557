//! Standing still: whether anything that pages and feeds are made of has changed since they were.
//!
//! What a pass was made from is written down after it ([`Seen`]); when the next one finds the
//! same ([`Look`]), it says again what that one said and makes nothing.
//!
//! Whatever may change what is published is part of it: the posts folder, configuration,
//! templates, the program, the published files themselves, what the ledger knows of posts, the
//! day (lists of related posts follow the time), and the next instant at which a post appears or
//! expires. Files that were fresh at the look are compared by their contents.
//!
//! The note lies in `var/` and may be deleted: then the next pass is a whole one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    look::{self, Look},
    site::Site,
    summary::{Posts, Summary},
};
use crate::{catalog::Catalog, publish::manifest::Manifest, time::Timestamp};

/// Where the note lies, below the root.
const FILE: &str = "var/seen.json";

/// What a pass was made from, and what it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Of all that it was made from.
    pub(super) mark: String,
    /// Hashes of the files that might have changed without showing.
    fresh: BTreeMap<PathBuf, String>,
    /// When the next post appears or expires, in microseconds.
    until: Option<i64>,
    pub(super) posts: Posts,
    feeds: usize,
    pages: usize,
    troubles: Vec<String>,
    warnings: Vec<String>,
}

impl Seen {
    /// Of a pass that read the whole folder.
    pub(super) fn new(
        look: &Look,
        mark: String,
        said: &Summary,
        when: (&Catalog, Timestamp),
    ) -> Self {
        let (catalog, now) = when;
        let told_once = catalog.warnings.iter().filter(|told| told.is_told_once());
        let once: Vec<String> = told_once.map(ToString::to_string).collect();
        let again = said.warnings.iter().filter(|line| !once.contains(line));
        Self {
            mark,
            fresh: look.fresh.clone(),
            until: next(catalog, now).map(Timestamp::micros),
            posts: said.posts.clone(),
            feeds: said.feeds.written + said.feeds.unchanged,
            pages: said.pages.written + said.pages.unchanged,
            troubles: said.troubles.clone(),
            warnings: again.cloned().collect(),
        }
    }

    /// The note of the last pass.
    pub(super) fn read(site: &Site) -> Option<Self> {
        let text = fs::read_to_string(path(site)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Whether no post has appeared or expired since.
    pub(super) fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now.micros())
    }

    /// The files that were fresh and hold something else now.
    pub(super) fn unsteady(&self) -> Vec<&Path> {
        let differs =
            |(path, hash): &(&PathBuf, &String)| look::content(path).as_ref() != Some(hash);
        self.fresh.iter().filter(differs).map(|(path, _)| path.as_path()).collect()
    }

    /// Whether a pass from what `look` found and `mark` names would say the same. If so, the note
    /// is freed of what has come to rest since.
    pub(super) fn is_same(&self, site: &Site, look: &Look, mark: &str) -> bool {
        let root = &site.config.output;
        let is_same =
            self.mark == mark && self.unsteady().is_empty() && Manifest::read(root).stands(root);
        if is_same && self.fresh != look.fresh {
            Self { fresh: look.fresh.clone(), ..self.clone() }.keep(site);
        }
        is_same
    }

    /// The same after a pass that read some posts again and had nothing new to tell.
    pub(super) fn after(self, look: &Look, mark: String) -> Self {
        Self { mark, fresh: look.fresh.clone(), ..self }
    }

    /// Writes it down; what cannot be written is only read again.
    pub(super) fn keep(&self, site: &Site) {
        let path = path(site);
        let text = serde_json::to_string(self).unwrap_or_default();
        let folder = path.parent().unwrap_or(&path);
        if fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).is_err() {
            forget(site);
        }
    }

    /// Says again what that pass said of posts.
    pub(super) fn say(&self, summary: &mut Summary) {
        summary.posts = self.posts.clone();
        summary.troubles.extend(self.troubles.iter().cloned());
        summary.warnings.extend(self.warnings.iter().cloned());
    }

    /// Says again that all files stand.
    pub(super) fn say_files(&self, summary: &mut Summary) {
        summary.feeds.unchanged = self.feeds;
        summary.pages.unchanged = self.pages;
    }
}

/// Takes the note away: the pass that it tells of is not the last one any more.
pub(super) fn forget(site: &Site) {
    let _absent = fs::remove_file(path(site));
}

fn path(site: &Site) -> PathBuf {
    site.root.join(FILE)
}

/// When the next post appears or expires.
fn next(catalog: &Catalog, now: Timestamp) -> Option<Timestamp> {
    let scheduled = catalog.scheduled.iter().map(|(_, at)| *at);
    let expiring = catalog.posts.iter().filter_map(|post| post.related.expires);
    scheduled.chain(expiring).filter(|at| *at > now).min()
}
