//! The manifest: which files of the public folder are ours, and which post each is the page of.
//!
//! It lies in the folder it tells of (`.postrider-files.json`), so that it goes where the folder
//! goes. By it a page whose post was renamed or withdrawn is found again, and nothing that we did
//! not write is ever removed: not a file that is not in it, and not one that was changed since
//! (by its length and the second of its last change).
//!
//! A manifest that is missing or damaged counts as empty: then nothing is removed.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    path::Path,
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

use super::{Error, Folder, Outcome};
use crate::parallel;

/// Its name in the folder.
pub const FILE: &str = ".postrider-files.json";

/// Files by their paths relative to the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<String, Entry>,
}

/// A file of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The post it is the page of.
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<String>,
    length: u64,
    /// Seconds since 1970, as the file system says.
    changed: u64,
}

impl Manifest {
    /// What earlier runs wrote below `root`.
    pub fn read(root: &Path) -> Self {
        let text = fs::read_to_string(root.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Whether it tells of files, and each stands below `root` as it was written.
    pub fn stands(&self, root: &Path) -> bool {
        /// Fewer files than this are looked at before a thread has started.
        const FEW: usize = 256;
        let files: Vec<(&String, &Entry)> = self.files.iter().collect();
        let stands = parallel::map(&files, FEW, |(path, entry)| {
            let found = fs::symlink_metadata(root.join(path));
            found.is_ok_and(|found| {
                found.is_file() && stamp(&found) == (entry.length, entry.changed)
            })
        });
        !stands.is_empty() && stands.into_iter().all(|stands| stands)
    }

    /// Notes that the file `relative` below `root` is ours, and whose page it is.
    pub fn note(&mut self, root: &Path, relative: &str, post: Option<&str>) {
        if let Ok(found) = fs::metadata(root.join(relative)) {
            let (length, changed) = stamp(&found);
            let entry = Entry { post: post.map(str::to_owned), length, changed };
            self.files.insert(relative.to_owned(), entry);
        }
    }

    /// The paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether that file is ours.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The post whose page that file is.
    pub fn post(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.post.as_deref()
    }

    /// Takes over from `before` the files of those paths that are nobody's page.
    pub fn carry(&mut self, before: &Self, is_theirs: impl Fn(&str) -> bool) {
        for (path, entry) in &before.files {
            if entry.post.is_none() && is_theirs(path) && !self.has(path) {
                self.files.insert(path.clone(), entry.clone());
            }
        }
    }

    /// Files that are in `before` and not here.
    pub fn former<'a>(&self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        before.files.keys().filter(|path| !self.has(path)).map(String::as_str)
    }

    /// Pages that are in `before` and not here, with their posts.
    pub fn former_pages<'a>(&self, before: &'a Self) -> Vec<(&'a str, &'a str)> {
        let gone = before.files.iter().filter(|(path, _)| !self.files.contains_key(*path));
        gone.filter_map(|(path, entry)| Some((path.as_str(), entry.post.as_deref()?))).collect()
    }

    /// Removes what is in `before` and not here. Returns how many files that were.
    pub fn sweep(&self, before: &Self, root: &Path, folder: &Folder) -> Result<usize, Error> {
        let mut removed = 0;
        for (path, entry) in &before.files {
            let is_ours =
                |found: Metadata| found.is_file() && stamp(&found) == (entry.length, entry.changed);
            if !self.files.contains_key(path)
                && fs::symlink_metadata(root.join(path)).is_ok_and(is_ours)
            {
                folder.remove(path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Keeps what `before` knows beside what is here: this run does not know all it should.
    pub fn keep(&mut self, before: Self) {
        for (path, entry) in before.files {
            self.files.entry(path).or_insert(entry);
        }
    }

    /// Writes it into the folder.
    pub fn write(&self, folder: &Folder) -> Result<Outcome, Error> {
        folder.put(FILE, serde_json::to_string_pretty(self).unwrap_or_default().as_bytes())
    }
}

/// Length and second of the last change: what a copy of the folder keeps.
fn stamp(found: &Metadata) -> (u64, u64) {
    let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    (found.len(), changed.map_or(0, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_wrote_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        let folder = Folder::new(&root);
        let mut before = Manifest::default();
        for path in ["a/index.html", "b/c/index.html", "mine.txt", "kept.css"] {
            folder.put(path, b"ours").unwrap();
            before.note(&root, path, path.ends_with("html").then_some(path));
        }
        before.write(&folder).unwrap();
        fs::write(root.join("mine.txt"), "by hand since").unwrap();
        fs::write(root.join("b/own.txt"), "never ours").unwrap();
        let mut now = Manifest::default();
        now.note(&root, "kept.css", None);
        let before = Manifest::read(&root);
        assert_eq!(now.former_pages(&before).len(), 2);
        assert_eq!(now.sweep(&before, &root, &folder).unwrap(), 2);
        assert!(!root.join("a").exists() && !root.join("b/c").exists());
        for kept in ["mine.txt", "b/own.txt", "kept.css"] {
            assert!(root.join(kept).exists(), "{kept}");
        }
        now.keep(before);
        assert!(now.files.contains_key("a/index.html"));
    }

    #[test]
    fn a_manifest_that_cannot_be_read_removes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()), Manifest::default());
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(Manifest::read(dir.path()), Manifest::default());
    }
}
