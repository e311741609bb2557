//! Held files: what was answered lately, with its hash and its coded forms.
//!
//! A file is read once for each version of it: whether it is the same is told by its length and
//! the time of its last change, which the publisher leaves alone where nothing changed. Large
//! files are hashed and not kept; what is kept stays below [`ROOM`], and is all let go beyond.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::SystemTime,
};

use axum::body::Bytes;
use sha2::{Digest as _, Sha256};

use super::coding::Coding;
use crate::publish::kind;

/// Octets kept in all.
const ROOM: u64 = 64 * 1024 * 1024;

/// Octets of the largest file that is kept.
const LARGEST: u64 = 2 * 1024 * 1024;

/// A version of a file.
pub(super) struct Held {
    path: PathBuf,
    pub(super) length: u64,
    /// When it last changed.
    pub(super) modified: SystemTime,
    /// Of its octets.
    pub(super) hash: String,
    pub(super) kind: &'static str,
    pub(super) is_text: bool,
    octets: Option<Bytes>,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

/// The files held.
#[derive(Default)]
pub(super) struct Shelf(Mutex<(u64, HashMap<PathBuf, Arc<Held>>)>);

impl Shelf {
    /// The file at `path` as it stands; `None`: there is none. Reads the disk.
    pub(super) fn file(&self, path: &Path) -> Option<Arc<Held>> {
        let mut file = File::open(path).ok()?;
        let found = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let modified = found.modified().ok()?;
        let known = self.0.lock().ok()?.1.get(path).cloned();
        let is_same = |held: &Arc<Held>| held.length == found.len() && held.modified == modified;
        if let Some(held) = known.filter(is_same) {
            return Some(held);
        }
        let held = Arc::new(Held::read(path, &mut file, found.len(), modified)?);
        self.keep(&held);
        Some(held)
    }

    fn keep(&self, held: &Arc<Held>) {
        let Ok(mut kept) = self.0.lock() else { return };
        // With its coded forms a file takes up to twice its length.
        let weight = 200 + held.octets.as_ref().map_or(0, |octets| 2 * octets.len() as u64);
        if kept.0 + weight > ROOM {
            *kept = (0, HashMap::new());
        }
        kept.0 += weight;
        kept.1.insert(held.path.clone(), held.clone());
    }
}

impl Held {
    fn read(path: &Path, file: &mut File, length: u64, modified: SystemTime) -> Option<Self> {
        let mut hash = Sha256::new();
        let mut octets = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).ok()?;
            let part = buffer.get(..count).filter(|part| !part.is_empty());
            let Some(part) = part else { break };
            hash.update(part);
            if length <= LARGEST {
                octets.extend_from_slice(part);
            }
        }
        let hash = hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect();
        let kind = kind::of(&path.file_name().unwrap_or_default().to_string_lossy());
        Some(Self {
            path: path.to_owned(),
            length,
            modified,
            hash,
            kind,
            is_text: kind::shrinks(kind) && length <= LARGEST,
            octets: (length <= LARGEST).then(|| octets.into()),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        })
    }

    /// All of it in a coding; `None`: it was replaced meanwhile.
    pub(super) async fn coded(self: &Arc<Self>, coding: Coding) -> Option<Bytes> {
        let form = match coding {
            Coding::Identity => return self.octets(0..self.length).await,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        };
        if let Some(coded) = form.get() {
            return Some(coded.clone());
        }
        let held = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let octets = held.octets.as_ref()?;
            let form = if coding == Coding::Gzip { &held.gzip } else { &held.brotli };
            Some(form.get_or_init(|| coding.apply(octets).into()).clone())
        });
        made.await.ok()?
    }

    /// A part of it; `None`: it was replaced meanwhile.
    pub(super) async fn octets(self: &Arc<Self>, part: Range<u64>) -> Option<Bytes> {
        let (start, end) = (usize::try_from(part.start).ok()?, usize::try_from(part.end).ok()?);
        if let Some(octets) = &self.octets {
            return (end <= octets.len()).then(|| octets.slice(start..end));
        }
        let held = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut file = File::open(&held.path).ok()?;
            let is_same = file.metadata().is_ok_and(|found| {
                found.len() == held.length && found.modified().is_ok_and(|at| at == held.modified)
            });
            let mut octets = vec![0; end - start];
            file.seek(SeekFrom::Start(part.start)).ok()?;
            file.read_exact(&mut octets).ok().filter(|()| is_same)?;
            Some(Bytes::from(octets))
        });
        read.await.ok()?
    }
}
