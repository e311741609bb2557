//! A look at what a pass would be made from, without reading it.
//!
//! Names, sizes and times of ten thousand files cost milliseconds where their contents cost
//! seconds. A file whose look is the same has not changed, but for one trap: a file system
//! counts time in ticks, and a file that was written just before the look may be written again in
//! the same tick, with the same size. Such a file is *fresh*, and its hash is part of the look,
//! as in the index of git.
//!
//! A tick is short on file systems that count fractions of a second and up to two seconds on
//! those that do not; the present is what the file system says of a file made for the purpose.
//! On Unix the time of the last change of any kind counts too, which no program can set back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use super::site::Site;
use crate::{config, domain::recipe::hexadecimal, parallel, time::Timestamp};

/// A tick of file systems that count whole seconds, in nanoseconds.
const COARSE: i64 = 2_000_000_000;

/// A tick of all others, generously.
const FINE: i64 = 50_000_000;

/// Fewer files than this are looked at before a thread has started.
const FEW: usize = 256;

/// Size and times of a file, in octets and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    length: u64,
    written: i64,
    changed: i64,
}

/// A look at the files of a site.
pub(super) struct Look {
    /// All but the posts folder.
    ground: Sha256,
    /// The files in the posts folder, by their paths in it.
    pub(super) posts: Vec<(String, Stamp)>,
    /// Hashes of the files that may change without showing.
    pub(super) fresh: BTreeMap<PathBuf, String>,
}

impl Look {
    /// Looks at the files of `site`; `None`: something cannot be looked at.
    pub(super) fn at(site: &Site, now: Timestamp) -> Option<Self> {
        let present = present(&site.root.join("var"))?;
        let program = std::env::current_exe().ok()?;
        let config = site.root.join(config::FILE);
        let mut ground = vec![(program.clone(), Stamp::of(&fs::metadata(&program).ok()?)?)];
        ground.push((config.clone(), Stamp::of(&fs::metadata(&config).ok()?)?));
        ground.extend(tree(&site.config.templates)?);
        let mut hash = Sha256::new();
        ground.iter().for_each(|(path, stamp)| note(&mut hash, path.as_os_str(), *stamp));
        hash.update(site.config.url.as_str());
        hash.update(now.format("%Y-%m-%d", &site.config.zone));
        let posts = tree(&site.config.posts)?;
        let all = ground.iter().chain(&posts).filter(|(_, stamp)| stamp.is_fresh(present));
        let fresh: Vec<&PathBuf> = all.map(|(path, _)| path).collect();
        let hashes = parallel::map(&fresh, FEW, |path| content(path));
        let fresh = fresh.into_iter().zip(hashes).map(|(path, hash)| Some((path.clone(), hash?)));
        Some(Self {
            ground: hash,
            fresh: fresh.collect::<Option<_>>()?,
            posts: posts.into_iter().map(|(path, stamp)| (below(&path, site), stamp)).collect(),
        })
    }

    /// All but the posts folder in one word; `ledger` stands for what the ledger knows of posts.
    pub(super) fn ground(&self, ledger: &str) -> String {
        word(self.ground.clone().chain_update(ledger))
    }

    /// All of it in one word.
    pub(super) fn mark(&self, ledger: &str) -> String {
        let mut hash = self.ground.clone();
        self.posts.iter().for_each(|(path, stamp)| note(&mut hash, path.as_ref(), *stamp));
        word(hash.chain_update(ledger))
    }
}

impl Stamp {
    fn of(found: &fs::Metadata) -> Option<Self> {
        let written = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let written = i64::try_from(written.as_nanos()).ok()?;
        Some(Self { length: found.len(), written, changed: changed(found).unwrap_or(written) })
    }

    /// Whether the file may be written again in the tick in which it was.
    fn is_fresh(self, present: i64) -> bool {
        let at = self.written.max(self.changed);
        let tick = if at % 1_000_000_000 == 0 { COARSE } else { FINE };
        at.saturating_add(tick) >= present
    }
}

/// When anything about the file changed, where the system keeps that.
#[cfg(unix)]
fn changed(found: &fs::Metadata) -> Option<i64> {
    use std::os::unix::fs::MetadataExt as _;
    found.ctime().checked_mul(1_000_000_000)?.checked_add(found.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &fs::Metadata) -> Option<i64> {
    None
}

/// The present, by the clock of the file system.
fn present(folder: &Path) -> Option<i64> {
    fs::create_dir_all(folder).ok()?;
    let made = tempfile::tempfile_in(folder).and_then(|file| file.metadata()).ok()?;
    Stamp::of(&made).map(|stamp| stamp.written.max(stamp.changed))
}

/// Every file below a folder with its stamp, by path.
fn tree(folder: &Path) -> Option<Vec<(PathBuf, Stamp)>> {
    if !folder.is_dir() {
        return Some(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.ok()?;
        if !entry.file_type().is_dir() {
            paths.push(entry.into_path());
        }
    }
    paths.sort_unstable();
    // What a link leads to may change without it.
    let found = parallel::map(&paths, FEW, |path| fs::metadata(path).ok());
    let mut files = Vec::with_capacity(paths.len());
    for (path, found) in paths.into_iter().zip(found) {
        let found = found?;
        if found.is_file() {
            files.push((path, Stamp::of(&found)?));
        }
    }
    Some(files)
}

fn below(path: &Path, site: &Site) -> String {
    let path = path.strip_prefix(&site.config.posts).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn note(hash: &mut Sha256, path: &std::ffi::OsStr, stamp: Stamp) {
    hash.update(path.as_encoded_bytes());
    hash.update([0]);
    for number in [stamp.length as i64, stamp.written, stamp.changed] {
        hash.update(number.to_le_bytes());
    }
}

/// The hash of what a file holds.
pub(super) fn content(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|octets| word(Sha256::new_with_prefix(octets)))
}

fn word(hash: Sha256) -> String {
    hexadecimal(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_fresh_for_a_tick_of_its_file_system() {
        let second = 1_000_000_000;
        let stamp = |at| Stamp { length: 1, written: at, changed: at };
        for (at, present, fresh) in [
            (10 * second, 10 * second + second, true),
            (10 * second, 12 * second + 1, false),
            (10 * second + 7, 10 * second + 8, true),
            (10 * second + 7, 10 * second + 8 + FINE, false),
            (10 * second + 7, 9 * second, true),
        ] {
            assert_eq!(stamp(at).is_fresh(present), fresh, "{at} {present}");
        }
        let set_back = Stamp { length: 1, written: second, changed: 10 * second + 7 };
        assert!(set_back.is_fresh(10 * second + 8), "a time set back hides nothing");
    }
}
