//! What is gone for good: feeds that were published here once and are no more.
//!
//! A reader that asks for one is told so (410) and stops asking, where it would try for ever after
//! a mere "not found". The list lies beside the manifest, one path a line, and a feed that comes
//! back leaves it.

use std::{collections::BTreeSet, path::Path};

use super::{Error, Folder};

/// Its name in the folder.
const FILE: &str = ".postrider-gone";

/// Paths of the feeds that are gone from the folder `root`.
pub fn read(root: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root.join(FILE)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Whether a feed at that path below `root` is gone.
pub fn was_here(root: &Path, path: &str) -> bool {
    is_feed(path) && read(root).contains(path)
}

/// Takes note of the files that went and of those that are there.
pub fn note<'a>(
    root: &Path,
    folder: &Folder,
    went: impl Iterator<Item = &'a str>,
    is_there: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let before = read(root);
    let went = went.filter(|path| is_feed(path)).map(str::to_owned);
    let gone: BTreeSet<String> =
        before.iter().cloned().chain(went).filter(|path| !is_there(path)).collect();
    if gone == before {
        return Ok(());
    }
    let lines: String = gone.iter().map(|path| format!("{path}\n")).collect();
    folder.put(FILE, lines.as_bytes()).map(drop)
}

fn is_feed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "feed.xml" | "rss.xml" | "feed.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_went_is_remembered_until_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let went = ["tags/a/feed.xml", "a/index.html"];
        note(dir.path(), &folder, went.into_iter(), |_| false).unwrap();
        assert!(was_here(dir.path(), "tags/a/feed.xml"));
        assert!(!was_here(dir.path(), "a/index.html") && !was_here(dir.path(), "feed.xml"));
        note(dir.path(), &folder, std::iter::empty(), |path| path == "tags/a/feed.xml").unwrap();
        assert!(!was_here(dir.path(), "tags/a/feed.xml"));
    }
}
