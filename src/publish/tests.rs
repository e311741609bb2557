//! The promises of the public folder, one test each.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;

fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(&dir.path().join("public"));
    (dir, folder)
}

#[test]
fn a_file_is_written_readable_for_all() {
    let (dir, folder) = folder();
    assert_eq!(folder.put("posts/a/index.html", b"<p>").unwrap(), Outcome::Written);
    let path = dir.path().join("public/posts/a/index.html");
    assert_eq!(fs::read(&path).unwrap(), b"<p>");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let above = fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!(above.permissions().mode() & 0o777, 0o755);
}

#[test]
fn equal_octets_are_not_touched() {
    let (dir, folder) = folder();
    let inode = || fs::metadata(dir.path().join("public/a")).unwrap().ino();
    folder.put("a", b"one").unwrap();
    let first = inode();
    assert_eq!(folder.put("a", b"one").unwrap(), Outcome::Unchanged);
    assert_eq!(inode(), first);
    assert_eq!(folder.put("a", b"two").unwrap(), Outcome::Written);
    assert_eq!(folder.put("a", b"longer").unwrap(), Outcome::Written);
    assert_eq!(fs::read(dir.path().join("public/a")).unwrap(), b"longer");
    assert_eq!(folder.put("empty", b"").unwrap(), Outcome::Written);
    assert_eq!(folder.put("empty", b"").unwrap(), Outcome::Unchanged);
}

#[test]
fn a_copy_is_made_once() {
    let (dir, folder) = folder();
    let from = dir.path().join("pump.jpg");
    fs::write(&from, vec![7; 200_000]).unwrap();
    assert_eq!(folder.copy("img/pump.jpg", &from).unwrap(), Outcome::Written);
    assert_eq!(folder.copy("img/pump.jpg", &from).unwrap(), Outcome::Unchanged);
    fs::write(&from, vec![8; 200_000]).unwrap();
    assert_eq!(folder.copy("img/pump.jpg", &from).unwrap(), Outcome::Written);
    assert_eq!(fs::read(dir.path().join("public/img/pump.jpg")).unwrap(), vec![8; 200_000]);
    let missing = folder.copy("x", &dir.path().join("no.jpg")).unwrap_err();
    assert!(missing.to_string().contains("no.jpg"), "{missing}");
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    let (dir, folder) = folder();
    folder.put("a", b"x").unwrap();
    for path in ["../a", "a/../../b", "/etc/x", "", ".", "..", "b/", "./../c"] {
        let refused = folder.put(path, b"x").unwrap_err();
        assert!(matches!(refused, Error::Outside { .. }), "{path}: {refused}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), dir.path().join("public/link")).unwrap();
    symlink(elsewhere.path().join("gone"), dir.path().join("public/dangling")).unwrap();
    for path in ["link/x", "link/deep/x", "dangling/x"] {
        let refused = folder.put(path, b"x").unwrap_err();
        assert!(matches!(refused, Error::Outside { .. }), "{path}: {refused}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let (_dir, folder) = folder();
    folder.put("about/index.html", b"x").unwrap();
    for path in ["about", "about/index.html/more"] {
        let refused = folder.put(path, b"x").unwrap_err();
        assert!(matches!(refused, Error::Taken { .. }), "{path}: {refused:?}");
        assert!(refused.to_string().contains("about"), "{refused}");
    }
}

#[test]
fn nothing_is_left_beside_the_files() {
    let (dir, folder) = folder();
    folder.put("d/x", b"x").unwrap();
    folder.put("about/index.html", b"x").unwrap();
    folder.put("about", b"x").unwrap_err();
    let names = |at: &str| -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir.path().join(at))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("public"), ["about", "d"]);
    assert_eq!(names("public/d"), ["x"]);
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let (dir, folder) = folder();
    let path = dir.path().join("public/feed.xml");
    let versions = [vec![b'a'; 300_000], vec![b'b'; 400_000]];
    folder.put("feed.xml", &versions[0]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..20 {
                folder.put("feed.xml", &versions[n % 2]).unwrap();
            }
        });
        while !writer.is_finished() {
            assert!(versions.contains(&fs::read(&path).unwrap()));
        }
    });
}
