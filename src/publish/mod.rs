//! The public folder: files that readers and web servers see whole or not at all.
//!
//! A file is written beside its place, synced, made readable for all and renamed over what stood
//! there; then its folder is synced. Whoever reads meanwhile gets the old file or the new one.
//! A file that already has these octets is not touched, so that its time of change, by which
//! web servers answer conditional requests, tells of changes only.
//!
//! It removes only what its [`manifest`] says was written here and has not changed since, and
//! writes nothing outside its root: neither `..` nor a symbolic link inside the root leads out of
//! it. After a crash a hidden `.postrider-*.tmp` may be left over.
//!
//! [`Error`] names the file, what is in the way and what to do.
//!
//! Standard: POSIX `rename`, which replaces atomically within one file system.

#[cfg(feature = "s3")]
pub mod bucket;
pub mod gone;
pub mod hub;
pub mod kind;
pub mod manifest;

use std::{
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

/// What putting a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file is new or has other octets than before.
    Written,
    /// The file had these octets already.
    Unchanged,
    /// The file is gone.
    Removed,
}

/// A file that could not be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path leads out of the public folder.
    #[error("\"{path}\" leads out of the public folder; nothing was written there")]
    Outside {
        /// The path as it was asked for.
        path: String,
    },
    /// The folder may not be written to.
    #[error("cannot write {path}: {source}; let the user who runs postrider write to its folder")]
    Denied {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No room is left.
    #[error(
        "cannot write {path}: {source}; free some space and run again, nothing is half written"
    )]
    Full {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder stands where a file should be, or a file where a folder should be.
    #[error("cannot write {path}: {source}; move what stands there out of the way")]
    Taken {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file to copy cannot be read.
    #[error("cannot read {path}, which should be published: {source}")]
    Source {
        /// The file to copy.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot write {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        use io::ErrorKind as Kind;
        let path = path.to_owned();
        move |source| match source.kind() {
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::Denied { path, source },
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full { path, source },
            Kind::IsADirectory | Kind::NotADirectory | Kind::AlreadyExists => {
                Self::Taken { path, source }
            }
            _ => Self::Io { path, source },
        }
    }
}

impl Error {
    /// Whether every further file would fail the same way.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// The public folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`, which is made when the first file is put.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the folder, and sees that files can be written there.
    pub fn ready(&self) -> Result<(), Error> {
        make_folders(&self.root)?;
        let tried =
            tempfile::Builder::new().prefix(".postrider-").suffix(".tmp").tempfile_in(&self.root);
        tried.map(drop).map_err(Error::at(&self.root))
    }

    /// Publishes `octets` as `relative`, a path with `/` between folders.
    pub fn put(&self, relative: &str, octets: &[u8]) -> Result<Outcome, Error> {
        let target = self.place(relative)?;
        if is_same(&target, octets.len() as u64, octets) {
            return Ok(Outcome::Unchanged);
        }
        replace(&target, |file| file.write_all(octets).map_err(Error::at(&target)))
    }

    /// Publishes a copy of the file `from` as `relative`.
    pub fn copy(&self, relative: &str, from: &Path) -> Result<Outcome, Error> {
        let unreadable = |source| Error::Source { path: from.to_owned(), source };
        let target = self.place(relative)?;
        let length = fs::metadata(from).map_err(unreadable)?.len();
        if is_same(&target, length, File::open(from).map_err(unreadable)?) {
            return Ok(Outcome::Unchanged);
        }
        let mut source = File::open(from).map_err(unreadable)?;
        replace(&target, |file| io::copy(&mut source, file).map(drop).map_err(Error::at(&target)))
    }

    /// Takes `relative` away, and the folders that are empty then.
    pub fn remove(&self, relative: &str) -> Result<Outcome, Error> {
        let target = self.place(relative)?;
        fs::remove_file(&target).map_err(Error::at(&target))?;
        let above = target.ancestors().skip(1).take_while(|folder| *folder != self.root);
        for folder in above {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(Outcome::Removed)
    }

    /// Where `relative` lies, with its folders made.
    fn place(&self, relative: &str) -> Result<PathBuf, Error> {
        let outside = || Error::Outside { path: relative.to_owned() };
        let path = Path::new(relative);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        let name = path.file_name().filter(|_| is_inside && !relative.ends_with('/'));
        let name = name.ok_or_else(outside)?;

        let folder = self.root.join(path.parent().unwrap_or(Path::new("")));
        if self.is_linked(&folder) {
            make_folders(&self.root)?;
            if !leads_into(&self.root, &folder)? {
                return Err(outside());
            }
        }
        make_folders(&folder)?;
        Ok(folder.join(name))
    }

    /// Whether a symbolic link stands on the way from the root down to `folder`.
    fn is_linked(&self, folder: &Path) -> bool {
        let above = folder.ancestors().take_while(|folder| **folder != *self.root);
        above.into_iter().any(Path::is_symlink)
    }
}

/// Whether the part of `folder` that exists already lies in `root`, symbolic links followed.
fn leads_into(root: &Path, folder: &Path) -> Result<bool, Error> {
    let real_root = root.canonicalize().map_err(Error::at(root))?;
    for ancestor in folder.ancestors() {
        match ancestor.canonicalize() {
            Ok(real) => return Ok(real.starts_with(&real_root)),
            // A link to nowhere is there and yet cannot be followed.
            Err(_) if ancestor.is_symlink() => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::at(ancestor)(error)),
        }
    }
    Ok(false)
}

/// Makes `folder` and those above it, each open to all readers and synced into its parent.
fn make_folders(folder: &Path) -> Result<(), Error> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = parent_of(folder);
    let made = match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folders(parent)?;
            fs::create_dir(folder)
        }
        made => made,
    };
    match made {
        Ok(()) => {
            allow(folder, 0o755)?;
            sync(parent)
        }
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(Error::at(folder)(error)),
    }
}

/// Writes beside `target` and renames.
fn replace(
    target: &Path,
    fill: impl FnOnce(&mut File) -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let folder = parent_of(target);
    let mut beside = tempfile::Builder::new()
        .prefix(".postrider-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(Error::at(target))?;
    fill(beside.as_file_mut())?;
    allow(beside.path(), 0o644)?;
    beside.as_file().sync_all().map_err(Error::at(target))?;
    beside.persist(target).map_err(|error| Error::at(target)(error.error))?;
    sync(folder)?;
    Ok(Outcome::Written)
}

/// Whether the file `target` has exactly the `length` octets that `wanted` yields. One that
/// cannot be read counts as different: it is about to be replaced.
fn is_same(target: &Path, length: u64, mut wanted: impl Read) -> bool {
    let is_file_of_that_length =
        fs::symlink_metadata(target).is_ok_and(|found| found.is_file() && found.len() == length);
    let Some(mut file) = File::open(target).ok().filter(|_| is_file_of_that_length) else {
        return false;
    };
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut rest = length;
    while rest > 0 {
        let step = usize::try_from(rest).unwrap_or(usize::MAX).min(left.len());
        let (left, right) = (&mut left[..step], &mut right[..step]);
        if file.read_exact(left).is_err() || wanted.read_exact(right).is_err() || left != right {
            return false;
        }
        rest -= step as u64;
    }
    true
}

/// Sets the mode, whatever the umask: web servers run as another user.
fn allow(path: &Path, mode: u32) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::at(path))?;
    }
    Ok(())
}

/// Makes renames and new names in `folder` last through a loss of power.
fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::at(folder))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
