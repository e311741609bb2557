//! The inventory: what the last pass found in the posts folder, file by file, so that the next
//! one reads no more than what changed.
//!
//! It lies in `var/` and may be deleted at any time. It counts for nothing when it is damaged, of
//! another version of this program, or made from anything but what lies there now: the pass
//! then reads the whole folder. It holds no bodies: what a post shows is made from its file.

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    look::{Look, Stamp},
    marks::{Mark, bodiless},
    site::Site,
};
use crate::{
    catalog::{
        Catalog,
        edit::{Around, Filed},
    },
    domain::post::{Post, PostId},
    parallel,
    rank::Chosen,
};

/// Where it lies, below the root.
const FILE: &str = "var/inventory";

/// Octets of the sum at its head.
const SUM: usize = 8;

/// What the last pass found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// Of all that the pass was made from.
    pub(super) mark: String,
    /// Of all of that but the posts folder.
    pub(super) ground: String,
    /// The files in the posts folder.
    pub(super) files: Vec<(String, Stamp)>,
    /// The posts without their bodies, newest first. They are written behind the rest in parts,
    /// each of which is read on a core of its own.
    #[serde(skip)]
    pub(super) posts: Vec<Post>,
    /// Their marks.
    pub(super) marks: Vec<Mark>,
    /// What is kept of their files.
    pub(super) filed: Vec<Filed>,
    /// What stands below each, by place.
    pub(super) beside: Vec<Chosen>,
    /// Former places that posts name.
    pub(super) aliases: Vec<(String, PostId)>,
    /// What is around them.
    pub(super) around: Around,
}

impl Inventory {
    /// Of a pass that read the whole folder.
    pub(super) fn new(
        (look, ledger): (&Look, &str),
        catalog: &Catalog,
        marks: Vec<Mark>,
        beside: Vec<Chosen>,
    ) -> Self {
        Self {
            mark: look.mark(ledger),
            ground: look.ground(ledger),
            files: look.posts.clone(),
            posts: catalog.posts.iter().map(bodiless).collect(),
            marks,
            filed: catalog.filed.clone(),
            beside,
            aliases: catalog.aliases.clone(),
            around: catalog.around.clone(),
        }
    }

    /// The inventory of the last pass, whose note says `mark`.
    pub(super) fn read(site: &Site, mark: &str) -> Option<Self> {
        let octets = fs::read(path(site)).ok()?;
        let (sum, octets) = octets.split_first_chunk()?;
        if u64::from_le_bytes(*sum) != sum_of(octets) {
            return None;
        }
        let parts = parted(octets)?;
        let (rest, posts) = parts.split_first()?;
        let mut found: Self = postcard::from_bytes(rest).ok()?;
        let posts = parallel::map(posts, 1, |part| postcard::from_bytes::<Vec<Post>>(part).ok());
        let posts: Vec<Vec<Post>> = posts.into_iter().collect::<Option<_>>()?;
        found.posts = posts.into_iter().flatten().collect();
        Some(found).filter(|found| found.mark == mark && found.fits())
    }

    /// Whether its parts tell of the same posts.
    fn fits(&self) -> bool {
        let count = self.posts.len();
        let mut places = self.beside.iter().flat_map(|one| one.related.iter().chain(&one.popular));
        [self.marks.len(), self.filed.len(), self.beside.len()] == [count; 3]
            && places.all(|&place| place < count)
    }

    /// As it is written down.
    pub(super) fn octets(&self) -> Vec<u8> {
        /// Posts in a part.
        const PART: usize = 1024;
        let parts = self.posts.chunks(PART).map(postcard::to_allocvec);
        // The sum stands before what it is of.
        let mut octets = vec![0; SUM];
        for part in std::iter::once(postcard::to_allocvec(self)).chain(parts) {
            let part = part.unwrap_or_default();
            octets.extend((part.len() as u64).to_le_bytes());
            octets.extend(part);
        }
        if let Some((sum, rest)) = octets.split_at_mut_checked(SUM) {
            sum.copy_from_slice(&sum_of(rest).to_le_bytes());
        }
        octets
    }
}

/// The parts that follow one another, each behind its length.
fn parted(mut octets: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = octets.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        parts.push(part);
        octets = rest;
    }
    octets.is_empty().then_some(parts)
}

/// Writes an inventory down; where it cannot be written there is none.
pub(super) fn keep(site: &Site, octets: &[u8]) {
    let path = path(site);
    if replace(&path, octets).is_err() {
        let _absent = fs::remove_file(&path);
    }
}

/// A number that damage by accident does not leave as it was (FNV-1a, by words).
fn sum_of(octets: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ octets.len() as u64;
    octets.chunks(8).fold(start, |sum, chunk| {
        let word = chunk.iter().rev().fold(0, |word, &octet| word << 8 | u64::from(octet));
        (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
    })
}

/// A file that is whole or as it was; it need not outlive a loss of power, since its sum tells.
fn replace(path: &PathBuf, octets: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, octets)?;
    fs::rename(beside, path)
}

fn path(site: &Site) -> PathBuf {
    site.root.join(FILE)
}
