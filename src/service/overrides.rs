//! Overrides: the operator's own templates, from the `templates/` folder.
//!
//! Read are the files that have the name of a built-in template, and those that one of these
//! names to include or extend, and words of any language. Anything else there is left alone and noted with the nearest name
//! that would count: a misspelt override must not pass unseen, and a stray file must not stop a
//! run. `examples/` is there to be copied from, and hidden files are nobody's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{template, words};

/// Templates of the operator's own.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    /// Names relative to the folder, and texts.
    pub(super) texts: Vec<(String, String)>,
    /// Files that count for nothing.
    pub(super) notes: Vec<String>,
}

/// Reads those below `folder`; what cannot be read is named.
pub(super) fn read(folder: &Path) -> Result<Overrides, String> {
    let mut files = files(folder)?;
    let known = template::defaults();
    let mut found = Overrides::default();
    let words = files.keys().filter(|name| words::language_of(name).is_some());
    let mut wanted: Vec<String> = known.keys().chain(words).cloned().collect();
    while let Some(name) = wanted.pop() {
        let Some(path) = files.remove(&name) else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => format!("{} is not UTF-8", path.display()),
            _ => format!("cannot read {}: {error}", path.display()),
        })?;
        let is_named = |file: &&String| {
            ['"', '\'', '`'].iter().any(|quote| text.contains(&format!("{quote}{file}{quote}")))
        };
        wanted.extend(files.keys().filter(is_named).cloned());
        found.texts.push((name, text));
    }
    found.notes = files.keys().map(|name| stray(folder, name, &known)).collect();
    Ok(found)
}

/// The files below `folder` by their names.
fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    let is_aside = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() > 0 && (name.starts_with('.') || entry.depth() == 1 && name == "examples")
    };
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_entry(|e| !is_aside(e)) {
        let entry = entry.map_err(|error| format!("cannot read the templates: {error}"))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path();
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        found.insert(name, path.to_owned());
    }
    Ok(found)
}

fn stray(folder: &Path, name: &str, known: &BTreeMap<String, String>) -> String {
    let folder = folder.file_name().unwrap_or_default().to_string_lossy();
    let unused = format!("{folder}/{name} is not used: no template has this name or includes it");
    match super::nearest(name, known.keys().map(String::as_str)) {
        Some(near) => format!("{unused}; did you mean {near}?"),
        None => unused,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_a_template_is_called_or_names_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, octets: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, octets).unwrap();
        };
        write("web/article.html", b"{% include \"own/note.html\" %}");
        write("own/note.html", b"mine");
        write("web/artikel.html", b"{{ misspelt");
        write("notes.txt", b"remember {{ this");
        write(".DS_Store", b"\xff\xfe");
        write("examples/web/index.html", b"{{ not read");
        let found = read(folder.path()).unwrap();
        let names: Vec<&str> = found.texts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["web/article.html", "own/note.html"]);
        assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
        assert!(found.notes[0].contains("notes.txt is not used"), "{:?}", found.notes);
        assert!(found.notes[1].ends_with("did you mean web/article.html?"), "{:?}", found.notes);
        assert!(template::Templates::new(&found.texts).is_ok());
    }

    #[test]
    fn a_template_that_is_not_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("web")).unwrap();
        fs::write(folder.path().join("web/index.html"), b"\xff").unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(error.ends_with("web/index.html is not UTF-8"), "{error}");
        assert!(read(&folder.path().join("none")).unwrap().texts.is_empty());
    }
}
