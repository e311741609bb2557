//! Edits: a pass in which only texts of known posts changed.
//!
//! When everything but some files in the posts folder is what the last pass was made from, and
//! all that changed in these are quiet edits ([`crate::catalog::edit`]), the pass reads them alone
//! and makes the pages and feeds that show them. It records and publishes what a pass over the
//! whole folder would, but for one thing: lists of related posts are renewed by whole passes, of
//! which there is one a day at least.
//!
//! Wherever it is in doubt it gives up before anything was touched, and the whole folder is read.

use std::thread;

use super::{
    inventory::{self, Inventory},
    look::Look,
    marks::{Mark, bodiless},
    pages::{Bodies, Press, Published, Stock, Unpublished},
    site::Site,
    standstill::Seen,
    summary::Summary,
};
use crate::{
    catalog::{Record, directory, edit::Room},
    time::Timestamp,
};

/// More files than this are no edit.
const MOST: usize = 64;

/// Some known posts with other texts.
pub(super) struct Edits {
    inventory: Inventory,
    /// The inventory as it will be written down.
    octets: Vec<u8>,
    room: Room,
    /// What is to be recorded.
    pub(super) records: Vec<Record>,
}

impl Edits {
    /// The edits since the last pass, if nothing else happened.
    pub(super) fn found(
        site: &Site,
        (look, ledger): (&Look, &str),
        seen: &Seen,
        now: Timestamp,
    ) -> Option<Self> {
        let inventory = Inventory::read(site, &seen.mark)?;
        if inventory.ground != look.ground(ledger) {
            return None;
        }
        let changed = changed(site, look, seen, &inventory)?;
        let Inventory { posts, filed, around, .. } = &inventory;
        let room = Room::new(around, (posts, filed), site.catalog_settings());
        let mut edits = Self { inventory, room, octets: Vec::new(), records: Vec::new() };
        edits.read(site, &changed, now)?;
        edits.inventory.files.clone_from(&look.posts);
        edits.inventory.mark = look.mark(ledger);
        Some(edits)
    }

    /// Reads the posts at those places again; `None`: one is no quiet edit.
    fn read(&mut self, site: &Site, changed: &[usize], now: Timestamp) -> Option<()> {
        let Inventory { posts, filed, .. } = &self.inventory;
        let mut read = Vec::new();
        for &at in changed {
            let (post, filed) = (posts.get(at)?, filed.get(at)?);
            let source = directory::one(&site.config.posts, &post.path)?;
            read.push((at, self.room.edited((post, filed), &source, now)?));
        }
        for (at, edited) in read {
            *self.inventory.marks.get_mut(at)? = Mark::of(&edited.post);
            *self.inventory.posts.get_mut(at)? = bodiless(&edited.post);
            *self.inventory.filed.get_mut(at)? = edited.filed;
            self.records.push(edited.record);
        }
        Some(())
    }

    /// Publishes the posts. The error tells that a file has changed meanwhile, too.
    pub(super) fn publish(
        &mut self,
        press: &Press<'_>,
        summary: &mut Summary,
    ) -> Result<Published, Unpublished> {
        let Inventory { posts, marks, filed, beside, aliases, around, .. } = &self.inventory;
        let body = |at: usize| {
            let (post, mark, filed) = (posts.get(at)?, marks.get(at)?, filed.get(at)?);
            let source = directory::one(&press.site.config.posts, &post.path)?;
            let body = self.room.body((post, filed), &source)?;
            mark.is_of(&body).then_some(body)
        };
        let (bodies, assets) = (Bodies::Filed(&body), Some(around.files()));
        let stock = Stock { posts, marks, beside, aliases, assets, bodies };
        let (octets, published) = thread::scope(|scope| {
            let octets = scope.spawn(|| self.inventory.octets());
            let published = press.publish(&stock, summary);
            (octets.join().unwrap_or_default(), published)
        });
        self.octets = octets;
        published
    }

    /// Writes down what this pass found.
    pub(super) fn keep(&self, site: &Site) {
        inventory::keep(site, &self.octets);
    }
}

/// The places of the posts whose files changed; `None`: something else did.
fn changed(site: &Site, look: &Look, seen: &Seen, inventory: &Inventory) -> Option<Vec<usize>> {
    if look.posts.len() != inventory.files.len() {
        return None;
    }
    let mut paths = Vec::new();
    for ((path, stamp), (known, before)) in look.posts.iter().zip(&inventory.files) {
        if path != known {
            return None;
        }
        if stamp != before {
            paths.push(path.clone());
        }
    }
    for path in seen.unsteady() {
        let path = path.strip_prefix(&site.config.posts).ok()?;
        paths.push(path.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?.join("/"));
    }
    paths.sort();
    paths.dedup();
    if paths.len() > MOST {
        return None;
    }
    let place = |path: &String| inventory.posts.iter().position(|post| post.path == *path);
    paths.iter().map(place).collect()
}
