//! The posts folder: which files are posts, which are to be published beside them.
//!
//! Posts are `*.md`, `*.markdown` and `*.html` in any folder. Names that begin with `.` or `_`
//! (drafts, sections, settings of editors) are passed over with all below them, and so is an
//! index file at the top, which other generators use for the list of posts; `a-post/index.md` is
//! a post with a folder to itself. Everything else is an asset and keeps its relative path.
//!
//! The order is that of the paths, whatever the file system's is. A link out of the folder is
//! not followed. A file that cannot be read is a source with its reason, so that one bad file
//! stops no other; only a folder that cannot be listed is an [`Error`].

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::Source;

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

/// The largest post; a bigger file is a mistake, and its rendering would stall the run.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The posts of a folder in the order of their paths.
pub fn sources(folder: &Path) -> Result<Vec<Source>, Error> {
    let files = files(folder)?.into_iter().filter(|(path, _)| is_post(path));
    Ok(files.map(|(path, file)| Source { path, text: text(&file) }).collect())
}

/// The other files of a folder by their relative paths, in their order. A file that would take
/// the place of one that the site writes is none of them.
pub fn assets(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let is_asset = |path: &str| {
        !is_post(path) && !is_index(path) && !is_clutter(path) && !is_written_by_site(path)
    };
    Ok(files(folder)?.into_iter().filter(|(path, _)| is_asset(path)).collect())
}

fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    if !folder.is_dir() {
        return Err(Error::Missing(folder.to_owned()));
    }
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| !is_aside(entry)) {
        let entry = entry.map_err(|error| Error::Unlisted(folder.to_owned(), error.to_string()))?;
        if is_file_within(&entry, folder) {
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts = relative.iter().map(|part| part.to_string_lossy().into_owned());
            files.push((parts.collect::<Vec<_>>().join("/"), entry.path().to_owned()));
        }
    }
    files.sort();
    Ok(files)
}

fn is_aside(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with(['.', '_'])
}

/// A file, or a link to a file that lies in the folder too.
fn is_file_within(entry: &DirEntry, folder: &Path) -> bool {
    if !entry.path_is_symlink() {
        return entry.file_type().is_file();
    }
    let (target, root) = (entry.path().canonicalize(), folder.canonicalize());
    target
        .ok()
        .zip(root.ok())
        .is_some_and(|(target, root)| target.is_file() && target.starts_with(root))
}

fn is_post(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    matches!(ending.as_str(), "md" | "markdown" | "html") && !is_index(path)
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
        || ["~", ".bak", ".swp", ".tmp"].into_iter().any(ends)
}

fn text(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let size = file.metadata().map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(format!(
            "is {} MB long, more than the {} MB that a post may have",
            size / 1024 / 1024,
            LARGEST / 1024 / 1024
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
        let found = sources(folder.path()).unwrap();
        let paths: Vec<&str> = found.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["a/page/index.md", "a/z.markdown", "b.md", "c.html"]);
        assert_eq!(found[2].text, Ok("b".to_owned()));
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
        let found = sources(folder.path()).unwrap();
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
        assert_eq!(sources(folder.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = sources(Path::new("no/such/posts")).unwrap_err().to_string();
        assert!(error.contains("no/such/posts"), "{error}");
    }
}
