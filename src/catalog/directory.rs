//! The posts folder: which files are posts, which are to be published beside them.
//!
//! Posts are `*.md`, `*.markdown`, `*.mdown`, `*.mkd`, `*.html` and `*.htm` in any folder. Names that begin with `.` or `_`
//! (drafts, sections, settings of editors) are passed over with all below them, and so is an
//! index file at the top, which other generators use for the list of posts; `a-post/index.md` is
//! a post with a folder to itself. Everything else is an asset and keeps its relative path.
//!
//! The order is that of the paths, whatever the file system's is. A link out of the folder is
//! not followed. What cannot be read (a file, a folder within, a link that leads out and seems to
//! be a post) is a source with its reason, so that one bad file stops no other; only a posts
//! folder that cannot be listed itself is an [`Error`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use walkdir::{DirEntry, WalkDir};

use super::{Files, Source};
use crate::parallel;

/// A posts folder that cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no posts folder {}; create it or set site.posts", .0.display())]
    Missing(PathBuf),
    /// Listing it failed.
    #[error("cannot list the posts folder {}: {}", .0.display(), .1)]
    Unlisted(PathBuf, String),
}

/// The largest post in octets, a long novel's chapter; a bigger file is a mistake, and its
/// letters would be refused by every relay.
const LARGEST: u64 = 1024 * 1024;

/// What a folder holds: posts with their text, and the paths of what is published beside them.
pub fn read(folder: &Path) -> Result<Files, Error> {
    let found = list(folder)?;
    let (posts, others): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|(path, found)| found.is_err() || is_post(path));
    let has_meta = others.iter().any(|(path, _)| path.ends_with(".meta"));
    let read = if has_meta { with_meta } else { text };
    let source = |(path, found): &Found| Source {
        path: path.clone(),
        text: found.as_ref().map_err(Clone::clone).and_then(|file| read(file)).map(Arc::from),
    };
    let assets = others.into_iter().filter(|(path, _)| is_asset(path));
    let size = |file: PathBuf| file.metadata().map_or(0, |found| found.len());
    Ok(Files {
        posts: parallel::map(&posts, FEW, source),
        others: assets.filter_map(|(path, file)| Some((path, size(file.ok()?)))).collect(),
    })
}

/// The text of the post in the file `path` below the folder; `None`: it cannot be read.
pub fn one(folder: &Path, path: &str) -> Option<Arc<str>> {
    with_meta(&folder.join(path)).ok().map(Arc::from)
}

/// A folder within that could not be listed, so that nobody knows which posts it holds.
pub fn unlisted(files: &Files) -> Option<&str> {
    let is_unread = |source: &&Source| {
        let why = source.text.as_ref().err();
        why.is_some_and(|why| why.starts_with(UNREADABLE)) && !is_post(&source.path)
    };
    files.posts.iter().find(is_unread).map(|source| source.path.as_str())
}

/// What is said of a file or folder that the system does not let us read.
const UNREADABLE: &str = "cannot be read";

/// Fewer files than this are read before a thread has started.
const FEW: usize = 64;

/// The other files of a folder by their relative paths, in their order. A file that would take
/// the place of one that the site writes is none of them.
pub fn assets(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let files = list(folder)?.into_iter().filter_map(|(path, file)| Some((path, file.ok()?)));
    Ok(files.filter(|(path, _)| is_asset(path) && !is_post(path)).collect())
}

/// A path below the folder, and the file there or why it cannot be read.
type Found = (String, Result<PathBuf, String>);

fn list(folder: &Path) -> Result<Vec<Found>, Error> {
    if !folder.is_dir() {
        return Err(Error::Missing(folder.to_owned()));
    }
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| !is_aside(entry)) {
        match entry {
            Ok(entry) => {
                let path = relative(entry.path(), folder);
                let found = found(&entry, &path, folder);
                files.extend(found.map(|found| (path, found)));
            }
            Err(error) => match error.path().filter(|_| error.depth() > 0) {
                Some(path) => {
                    let why = error.io_error().map_or(error.to_string(), ToString::to_string);
                    files.push((relative(path, folder), Err(format!("{UNREADABLE}: {why}"))));
                }
                None => return Err(Error::Unlisted(folder.to_owned(), error.to_string())),
            },
        }
    }
    files.sort();
    Ok(files)
}

/// The path below the folder, `/` between its parts.
fn relative(path: &Path, folder: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// A file, or a link to a file that lies in the folder too; why not, for what seems a post.
fn found(entry: &DirEntry, path: &str, folder: &Path) -> Option<Result<PathBuf, String>> {
    let file = entry.path().to_owned();
    if !entry.path_is_symlink() {
        return entry.file_type().is_file().then_some(Ok(file));
    }
    let (Ok(target), Ok(root)) = (file.canonicalize(), folder.canonicalize()) else {
        return is_post(path).then(|| Err("is a link that leads nowhere".to_owned()));
    };
    if target.is_file() && target.starts_with(&root) {
        return Some(Ok(file));
    }
    // A way back into the folder hides nothing: what is there is read where it lies.
    if target.is_dir() && target.starts_with(&root) && !is_post(path) {
        return None;
    }
    let why = "is a link that is not followed, since it leads out of the posts folder or to a \
               whole folder; put what it leads to here itself";
    (is_post(path) || holds_posts(&target)).then(|| Err(why.to_owned()))
}

/// Whether posts lie directly in a folder.
fn holds_posts(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.map(|entry| entry.file_name()).any(|name| is_post(&name.to_string_lossy()))
}

fn is_asset(path: &str) -> bool {
    !is_index(path) && !is_clutter(path) && !is_written_by_site(path)
}

fn is_aside(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with(['.', '_'])
}

fn is_post(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let endings = ["md", "markdown", "mdown", "mkd", "html", "htm"];
    endings.contains(&ending.as_str()) && !is_index(path)
}

fn is_index(path: &str) -> bool {
    matches!(path.to_ascii_lowercase().as_str(), "index.md" | "index.markdown" | "index.html")
}

fn is_written_by_site(path: &str) -> bool {
    super::page::TAKEN.contains(&path.to_ascii_lowercase().as_str())
}

/// What editors and file managers leave behind, and data that generators read from beside posts.
fn is_clutter(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |end: &str| name.ends_with(end);
    matches!(name, "Thumbs.db" | "desktop.ini")
        || ["~", ".bak", ".swp", ".tmp", ".meta"].into_iter().any(ends)
}

/// The text of a post; behind what Nikola keeps in a file beside it (`a-post.meta`), if it does.
fn with_meta(file: &Path) -> Result<String, String> {
    let text = text(file)?;
    match std::fs::read_to_string(file.with_extension("meta")) {
        Ok(meta) if meta.trim_start().starts_with("..") => Ok(format!("{}\n\n{text}", meta.trim())),
        _ => Ok(text),
    }
}

fn text(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("{UNREADABLE}: {error}");
    let size = file.metadata().map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(format!(
            "is {size} octets long, more than the {LARGEST} that a post may have; part it, or \
             move what is no text out of it"
        ));
    }
    let octets = std::fs::read(file).map_err(unreadable)?;
    String::from_utf8(octets).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = 1 + before.iter().filter(|&&octet| octet == b'\n').count();
        format!("is not UTF-8 on line {line}; save it in that encoding")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_cannot_be_listed_is_told_apart_from_files_and_links() {
        for (path, why, expected) in [
            ("sub", "cannot be read: Permission denied", true),
            ("post.md", "cannot be read: Permission denied", false),
            ("sub", "is a link that leads nowhere", false),
        ] {
            let source = Source { path: path.to_owned(), text: Err(why.to_owned()) };
            let files = Files { posts: vec![source], ..Files::default() };
            assert_eq!(unlisted(&files).is_some(), expected, "{path} {why}");
        }
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, octets) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, octets).unwrap();
        }
        folder
    }

    #[test]
    fn posts_come_in_the_order_of_their_paths() {
        let folder = folder(&[
            ("b.md", b"b"),
            ("a/z.markdown", b"z"),
            ("a/page/index.md", b"page"),
            ("c.html", b"c"),
            ("index.md", b"list"),
            ("_index.md", b"list"),
            ("_drafts/d.md", b"d"),
            (".hidden.md", b"h"),
            ("a/x.png", b"x"),
        ]);
        let found = read(folder.path()).unwrap().posts;
        let paths: Vec<&str> = found.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["a/page/index.md", "a/z.markdown", "b.md", "c.html"]);
        assert_eq!(found[2].text, Ok("b".into()));
    }

    #[test]
    fn what_nikola_keeps_beside_a_post_belongs_to_it() {
        let folder = folder(&[("a.md", b"Text."), ("a.meta", b".. title: A\n.. slug: b\n")]);
        let files = read(folder.path()).unwrap();
        assert_eq!(files.posts[0].text, Ok(".. title: A\n.. slug: b\n\nText.".into()));
        assert!(files.others.is_empty());
    }

    #[test]
    fn assets_are_what_lies_beside_posts() {
        let folder = folder(&[
            ("a.md", b""),
            ("a/x.png", b"x"),
            ("plan.pdf", b""),
            ("index.html", b""),
            ("feed.xml", b""),
            (".DS_Store", b""),
            ("a.md~", b""),
            ("_data/y.json", b""),
        ]);
        let found = assets(folder.path()).unwrap();
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a/x.png", "plan.pdf"]);
        assert_eq!(fs::read(&found[0].1).unwrap(), b"x");
    }

    #[test]
    fn a_file_that_cannot_be_read_stops_no_other() {
        let folder = folder(&[("a.md", b"fine"), ("b.md", b"one\ntwo \xFF\n")]);
        let found = read(folder.path()).unwrap().posts;
        assert_eq!(found.len(), 2);
        assert!(found[1].text.as_ref().unwrap_err().contains("not UTF-8 on line 2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        let outside = folder(&[("secret.md", b"secret")]);
        let folder = folder(&[("a.md", b"a")]);
        let link = |from: PathBuf, to| std::os::unix::fs::symlink(from, folder.path().join(to));
        link(outside.path().join("secret.md"), "b.md").unwrap();
        link(outside.path().to_owned(), "away").unwrap();
        link(PathBuf::from("nowhere.md"), "c.md").unwrap();
        link(tempfile::tempdir().unwrap().path().to_owned(), "pictures").unwrap();
        link(PathBuf::from("a.md"), "own.md").unwrap();
        let found = read(folder.path()).unwrap().posts;
        let told: Vec<(&str, bool)> =
            found.iter().map(|post| (post.path.as_str(), post.text.is_ok())).collect();
        let expected =
            [("a.md", true), ("away", false), ("b.md", false), ("c.md", false), ("own.md", true)];
        assert_eq!(told, expected);
        assert!(found[2].text.as_ref().unwrap_err().contains("leads out of the posts folder"));
    }

    #[test]
    fn a_file_too_long_for_a_letter_is_refused() {
        let long = vec![b'a'; 1024 * 1024 + 1];
        let folder = folder(&[("a.md", &long), ("b.md", &long[1..])]);
        let found = read(folder.path()).unwrap().posts;
        assert!(found[0].text.as_ref().unwrap_err().contains("1048577 octets long"));
        assert!(found[1].text.is_ok());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = read(Path::new("no/such/posts")).unwrap_err().to_string();
        assert!(error.contains("no/such/posts"), "{error}");
    }
}
