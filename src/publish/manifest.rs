//! The manifest: which files of the public folder are ours, and which post each is the page of.
//!
//! It lies in the folder it tells of (`.postrider-files.json`), so that it goes where the folder
//! goes. By it a page whose post was renamed or withdrawn is found again, and nothing that we did
//! not write is ever removed: not a file that is not in it, and not one that was changed since
//! (by its length and the second of its last change).
//!
//! What a file was made of stands beside it as its recipe ([`crate::domain::recipe`]), so that
//! the next build can leave alone what would come out the same. A recipe counts only for the file
//! as it was left, to the nanosecond of its last change; in a copy of the folder none counts.
//!
//! A manifest that is missing or damaged counts as empty: then nothing is removed.

use std::{
    collections::{BTreeMap, HashMap},
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
    /// What it was made of, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<Made>,
}

/// What a file was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    recipe: String,
    /// The rest of the instant of its last change.
    nanos: u32,
}

impl Entry {
    fn of(found: &Metadata, post: Option<&str>, recipe: Option<&str>) -> Self {
        let (length, changed) = stamp(found);
        let made = recipe.map(|recipe| Made { recipe: recipe.to_owned(), nanos: nanos_of(found) });
        Self { post: post.map(str::to_owned), length, changed, made }
    }

    /// Whether it is the file as it was left when its recipe was written down.
    fn is_as_made(&self, found: &Metadata) -> bool {
        let nanos = self.made.as_ref().map(|made| made.nanos);
        is_same(found, self) && nanos == Some(nanos_of(found))
    }
}

impl Manifest {
    /// What earlier runs wrote below `root`.
    pub fn read(root: &Path) -> Self {
        let text = fs::read_to_string(root.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Whether it tells of files, and each stands below `root` as it was written.
    pub fn stands(&self, root: &Path) -> bool {
        let stands = |found: &Metadata, entry: &Entry| match entry.made {
            Some(_) => entry.is_as_made(found),
            None => is_same(found, entry),
        };
        let standing = self.looked_at(root, stands);
        !standing.is_empty() && standing.into_iter().all(|(_, stands)| stands)
    }

    /// The recipes of the files that stand below `root` just as they were made.
    pub fn as_made(&self, root: &Path) -> HashMap<&str, &str> {
        let standing = self.looked_at(root, |found, entry| entry.is_as_made(found)).into_iter();
        let made = standing.filter(|(_, stands)| *stands).map(|(file, _)| file);
        made.filter_map(|(path, entry)| Some((path.as_str(), &*entry.made.as_ref()?.recipe)))
            .collect()
    }

    fn looked_at<'m>(
        &'m self,
        root: &Path,
        stands: impl Fn(&Metadata, &Entry) -> bool + Sync,
    ) -> Vec<((&'m String, &'m Entry), bool)> {
        /// Fewer files than this are looked at before a thread has started.
        const FEW: usize = 256;
        let files: Vec<(&String, &Entry)> = self.files.iter().collect();
        let standing = parallel::map(&files, FEW, |(path, entry)| {
            fs::symlink_metadata(root.join(path)).is_ok_and(|found| stands(&found, entry))
        });
        files.into_iter().zip(standing).collect()
    }

    /// Takes over what `before` knows of those files.
    pub fn take_over(&mut self, before: &Self, kept: impl Fn(&str) -> bool) {
        let kept = before.files.iter().filter(|(path, _)| kept(path));
        let own = std::mem::take(&mut self.files);
        self.files = kept.map(|(path, entry)| (path.clone(), entry.clone())).collect();
        self.files.extend(own);
    }

    /// Notes that the file `relative` below `root` is ours, whose page it is, and its recipe.
    pub fn note(
        &mut self,
        root: &Path,
        relative: &str,
        (post, recipe): (Option<&str>, Option<&str>),
    ) {
        if let Ok(found) = fs::metadata(root.join(relative)) {
            self.files.insert(relative.to_owned(), Entry::of(&found, post, recipe));
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

    /// Files that are here and not `there`, with the posts whose pages they are.
    pub fn former(&self, there: impl Fn(&str) -> bool) -> Vec<(&str, Option<&str>)> {
        let gone = self.files.iter().filter(|(path, _)| !there(path));
        gone.map(|(path, entry)| (path.as_str(), entry.post.as_deref())).collect()
    }

    /// Removes that file below `root` if it is as it was written; tells whether it was.
    pub fn sweep(&self, path: &str, root: &Path, folder: &Folder) -> Result<bool, Error> {
        let Some(entry) = self.files.get(path) else { return Ok(false) };
        let found = fs::symlink_metadata(root.join(path));
        let is_ours = found.is_ok_and(|found| is_same(&found, entry));
        if is_ours {
            folder.remove(path)?;
        }
        Ok(is_ours)
    }

    /// Writes it into the folder.
    pub fn write(&self, folder: &Folder) -> Result<Outcome, Error> {
        folder.put(FILE, serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

/// Whether it is the file that the entry tells of, unless it is a copy of that.
fn is_same(found: &Metadata, entry: &Entry) -> bool {
    found.is_file() && stamp(found) == (entry.length, entry.changed)
}

/// The rest of the instant of the last change, whose seconds [`stamp`] has.
fn nanos_of(found: &Metadata) -> u32 {
    let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    changed.map_or(0, |since| since.subsec_nanos())
}

/// Length and second of the last change: what a copy of the folder keeps.
fn stamp(found: &Metadata) -> (u64, u64) {
    let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    (found.len(), changed.map_or(0, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn what_we_wrote_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        let folder = Folder::new(&root);
        let mut before = Manifest::default();
        for path in ["a/index.html", "b/c/index.html", "mine.txt", "kept.css"] {
            folder.put(path, b"ours").unwrap();
            before.note(&root, path, (path.ends_with("html").then_some(path), None));
        }
        before.write(&folder).unwrap();
        fs::write(root.join("mine.txt"), "by hand since").unwrap();
        fs::write(root.join("b/own.txt"), "never ours").unwrap();
        let mut now = Manifest::default();
        now.note(&root, "kept.css", (None, None));
        let before = Manifest::read(&root);
        let former = before.former(|path| now.has(path));
        assert_eq!(former.iter().filter(|(_, post)| post.is_some()).count(), 2);
        let swept = former.iter().filter(|(path, _)| before.sweep(path, &root, &folder).unwrap());
        assert_eq!(swept.count(), 2);
        assert!(!root.join("a").exists() && !root.join("b/c").exists());
        for kept in ["mine.txt", "b/own.txt", "kept.css"] {
            assert!(root.join(kept).exists(), "{kept}");
        }
        now.take_over(&before, |_| true);
        assert!(now.files.contains_key("a/index.html"));
    }

    #[test]
    fn a_recipe_counts_only_for_the_file_as_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let mut before = Manifest::default();
        for path in ["a.html", "b.html", "c.html", "d.html"] {
            folder.put(path, b"ours").unwrap();
            before.note(dir.path(), path, (None, (path != "d.html").then_some("flour")));
        }
        let changed = dir.path().join("a.html");
        let at = fs::metadata(&changed).unwrap().modified().unwrap();
        fs::write(&changed, "hers").unwrap();
        let later = at + std::time::Duration::from_nanos(1_000);
        File::open(&changed).unwrap().set_modified(later).unwrap();
        fs::remove_file(dir.path().join("b.html")).unwrap();
        assert_eq!(before.as_made(dir.path()), HashMap::from([("c.html", "flour")]));
        let mut now = Manifest::default();
        now.take_over(&before, |path| path == "c.html");
        assert_eq!(now.paths().collect::<Vec<_>>(), ["c.html"]);
    }

    #[test]
    fn a_manifest_that_cannot_be_read_removes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()), Manifest::default());
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(Manifest::read(dir.path()), Manifest::default());
    }
}
