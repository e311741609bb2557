//! The instance lock: one run works on a ledger at a time.
//!
//! A file beside the ledger is locked as the operating system does it, so that a killed run
//! leaves no lock behind; it says who holds it. Taking it voids what the former holder had leased
//! (see `store::deliveries`), which is safe since that holder is gone.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use crate::time::Timestamp;

/// A lock that could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else has it.
    #[error("another run is at work ({0}); this one leaves everything to it")]
    Held(String),
    /// The file cannot be opened, locked or written.
    #[error("cannot lock {path}: {why}; check the folder's owner and permissions")]
    Unusable {
        /// The lock file.
        path: String,
        /// What the system said.
        why: String,
    },
}

/// The lock; it ends when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Where the lock of the ledger at `ledger` stands.
pub fn path(ledger: &Path) -> PathBuf {
    ledger.with_extension("lock")
}

/// When the lock was last taken, if its file says so.
pub fn last_taken(ledger: &Path) -> Option<Timestamp> {
    let line = std::fs::read_to_string(path(ledger)).ok()?;
    Timestamp::parse_rfc3339(line.rsplit_once("since ")?.1)
}

impl Lock {
    /// Takes the lock of the ledger at `ledger` for the command `verb`, without waiting.
    pub fn take(ledger: &Path, verb: &str, now: Timestamp) -> Result<Self, Error> {
        let path = path(ledger);
        let fail = |why: std::io::Error| Error::Unusable {
            path: path.display().to_string(),
            why: why.to_string(),
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let line = format!("postrider {verb}, process {}, since {now}", std::process::id());
        file.set_len(0).map_err(fail)?;
        file.write_all(line.as_bytes()).map_err(fail)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut line = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut line));
    match read {
        Ok(length) if length > 0 => line,
        _ => "it does not say which".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_two_runs_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("var/ledger.db");
        let now = Timestamp::from_micros(0);
        assert_eq!(last_taken(&ledger), None);
        let first = Lock::take(&ledger, "serve", now).unwrap();
        assert_eq!(last_taken(&ledger), Some(now));
        let second = Lock::take(&ledger, "run", now).unwrap_err();
        let process = std::process::id();
        assert!(matches!(second, Error::Held(_)));
        assert!(second.to_string().contains(&format!("postrider serve, process {process}")));
        drop(first);
        assert!(Lock::take(&ledger, "run", now).is_ok());
    }
}
