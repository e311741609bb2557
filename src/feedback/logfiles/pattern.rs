//! Patterns of file names: `*` for any text and `?` for any character, in any part of a path.
//!
//! `/var/log/nginx/*access.log*` finds a log with all its rotated parts. A folder that is not there
//! or cannot be read holds nothing.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// The files that `pattern` means, each once and in order.
pub fn files(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        found = match part {
            Component::Normal(name) => {
                let name = name.to_string_lossy();
                found.iter().flat_map(|folder| within(folder, &name)).collect()
            }
            part => found.iter().map(|folder| folder.join(part)).collect(),
        };
    }
    found.retain(|path| path.is_file());
    found.sort_unstable();
    found
}

/// What a folder holds under such a name.
fn within(folder: &Path, name: &str) -> Vec<PathBuf> {
    if !name.contains(['*', '?']) {
        return vec![folder.join(name)];
    }
    let here = Path::new(".");
    let listed = fs::read_dir(if folder.as_os_str().is_empty() { here } else { folder });
    let names = listed.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let fitting = names.filter(|one| fits(name.as_bytes(), one.as_encoded_bytes()));
    fitting.map(|name| folder.join(name)).collect()
}

/// Whether a name fits a pattern. Hidden files are meant only by patterns that begin with a dot.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    // Where the last star stood, and how much of the name it has taken.
    let (mut at, mut star, mut taken) = (0, None, 0);
    let mut place = 0;
    while place < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                (star, taken) = (Some(at), place);
                at += 1;
            }
            Some(octet) if *octet == b'?' || name.get(place) == Some(octet) => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some(star) = star else { return false };
                taken += 1;
                (at, place) = (star + 1, taken);
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|octet| *octet == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_as_in_a_shell() {
        for (pattern, name, wanted) in [
            ("access.log*", "access.log", true),
            ("access.log*", "access.log.12.gz", true),
            ("access.log*", "my-access.log", false),
            ("*access.log*", "my-access.log.1", true),
            ("access.log.?", "access.log.1", true),
            ("access.log.?", "access.log.10", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbX", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("", "", true),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_found_in_every_folder_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/access.log", "b/access.log", "b/access.log.1", "b/error.log"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::create_dir(folder.path().join("b/access.log.d")).unwrap();
        let names: Vec<_> = files(&folder.path().join("*/access.log*"));
        let wanted = ["a/access.log", "b/access.log", "b/access.log.1"];
        assert_eq!(names, wanted.map(|name| folder.path().join(name)));
        assert_eq!(files(&folder.path().join("c/*")), [] as [PathBuf; 0]);
        assert_eq!(files(&folder.path().join("b/error.log")).len(), 1);
    }
}
