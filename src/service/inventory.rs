//! The inventory: what the last pass found in the posts folder, file by file, so that the next
//! one reads no more than what changed.
//!
//! It lies in `var/` and may be deleted at any time. It counts for nothing when it is damaged, of
//! another version of this program, or made from anything but what lies there now: the pass
//! then reads the whole folder. It holds no bodies: what a post shows is made from its file.

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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
    rank::Chosen,
};

/// Where it lies, below the root.
const FILE: &str = "var/inventory";

/// Octets of the hash at its head.
const HASH: usize = 32;

/// What the last pass found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// Of all that the pass was made from.
    pub(super) mark: String,
    /// Of all of that but the posts folder.
    pub(super) ground: String,
    /// The files in the posts folder.
    pub(super) files: Vec<(String, Stamp)>,
    /// The posts without their bodies, newest first.
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
        let (hash, octets) = octets.split_first_chunk::<HASH>()?;
        let (is_whole, found) = std::thread::scope(|scope| {
            let whole = scope.spawn(|| Sha256::digest(octets)[..] == hash[..]);
            let found = postcard::from_bytes::<Self>(octets);
            (whole.join().unwrap_or(false), found)
        });
        found.ok().filter(|found| is_whole && found.mark == mark && found.fits())
    }

    /// Whether its parts tell of the same posts.
    fn fits(&self) -> bool {
        let count = self.posts.len();
        let mut places = self.beside.iter().flat_map(|one| one.related.iter().chain(&one.popular));
        [self.marks.len(), self.filed.len(), self.beside.len()] == [count; 3]
            && places.all(|&place| place < count)
    }

    /// Writes it down; where it cannot be written there is none.
    pub(super) fn keep(&self, site: &Site) {
        let path = path(site);
        // The hash stands before what it is of.
        let mut octets = postcard::to_extend(self, vec![0; HASH]).unwrap_or_default();
        if let Some((hash, rest)) = octets.split_at_mut_checked(HASH) {
            hash.copy_from_slice(&Sha256::digest(rest));
        }
        if replace(&path, &octets).is_err() {
            let _absent = fs::remove_file(&path);
        }
    }
}

/// A file that is whole or as it was; it need not outlive a loss of power, since its hash tells.
fn replace(path: &PathBuf, octets: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, octets)?;
    fs::rename(beside, path)
}

fn path(site: &Site) -> PathBuf {
    site.root.join(FILE)
}
