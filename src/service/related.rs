//! Related posts in a run: the lists that pages and letters show from, and when they are made.
//!
//! It promises that all lists are renewed together, at most once a day by the site's calendar or
//! when the operator asks, that a post which has none gets its own at once without touching the
//! others, and that pages and letters see nothing but what is stored. Lists are made anew from
//! the same posts and the same popularity with the same result.
//!
//! What the renewal found is kept in `var/related.index` beside the ledger, so that a new post is
//! compared without reading all posts again. The file may be deleted, and one that is not of this
//! ledger's posts does no harm: a post that is not in it is read.

use std::{collections::HashMap, fs, io::Write as _, path::PathBuf};

use super::{Error, Run, popularity::shares, site::Site};
use crate::{
    domain::post::{Post, PostId},
    outbox::open::Related,
    rank::{Index, Lists, Near, Taste, lists::Relations},
    store::{self, Store, related::Kept},
    time::Timestamp,
};

/// Where the index lies, below the root.
const FILE: &str = "var/related.index";

/// From so many posts on a new one is compared with what the renewal found. Fewer are read again
/// in no time, and one post more changes what the words of a small blog are worth.
const MANY: usize = 500;

/// The row of a post that the ledger does not know.
const NONE: i64 = 0;

/// When lists are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// If they were not today.
    Daily,
    /// Now.
    Now,
}

/// Posts with what is near them, and what of that is to be kept.
pub struct Shelf<'a> {
    site: &'a Site,
    posts: &'a [Post],
    rows: Vec<i64>,
    relations: Vec<Option<(Near, f32)>>,
    /// The index, where one was needed.
    index: Option<Index>,
    /// Places of posts whose lists are new.
    fresh: Vec<usize>,
    is_renewed: bool,
    now: Timestamp,
}

impl Run {
    /// What is related to the posts of a pass; what is new of it is kept.
    pub(super) async fn related<'a>(
        &self,
        site: &'a Site,
        posts: &'a [Post],
        now: Timestamp,
    ) -> Result<Related<'a>, Error> {
        let shelf = Shelf::new(site, Some(&self.store), (posts, now), Renewal::Daily).await?;
        shelf.keep(&self.store).await?;
        Ok(shelf.related())
    }
}

impl<'a> Shelf<'a> {
    /// What is stored of `posts`, and anew what is not or is to be renewed. Nothing is written.
    pub async fn new(
        site: &'a Site,
        store: Option<&Store>,
        (posts, now): (&'a [Post], Timestamp),
        renewal: Renewal,
    ) -> Result<Self, store::Error> {
        let (kept, last) = match store {
            Some(store) => (store.relations().await?, store.related_at().await?),
            None => (Vec::new(), None),
        };
        let day = |at: Timestamp| at.format("%Y-%m-%d", &site.config.zone);
        let is_renewed = renewal == Renewal::Now || last.is_none_or(|last| day(last) != day(now));
        let mut shelf = Self {
            site,
            posts,
            rows: Vec::new(),
            relations: vec![None; posts.len()],
            index: None,
            fresh: Vec::new(),
            is_renewed,
            now,
        };
        shelf.take_up(&kept);
        if site.config.related.count > 0 {
            shelf.complete(&shares(store, posts).await?);
        }
        Ok(shelf)
    }

    /// Puts what is kept in the order of the posts.
    fn take_up(&mut self, kept: &[Kept]) {
        let by_id: HashMap<&PostId, &Kept> = kept.iter().map(|kept| (&kept.id, kept)).collect();
        let found: Vec<Option<&&Kept>> =
            self.posts.iter().map(|post| by_id.get(&post.id)).collect();
        self.rows = found.iter().map(|kept| kept.map_or(NONE, |kept| kept.row)).collect();
        if self.is_renewed {
            return;
        }
        let rows = self.rows.iter().enumerate().filter(|(_, row)| **row != NONE);
        let places: HashMap<i64, usize> = rows.map(|(at, row)| (*row, at)).collect();
        let near = |relations: &Relations| relations.near(|row| places.get(&row).copied());
        for (slot, kept) in self.relations.iter_mut().zip(found) {
            let relations = kept.and_then(|kept| kept.relations.as_ref());
            *slot = relations.map(|relations| (near(relations), relations.popularity));
        }
    }

    /// Makes the lists that are missing.
    fn complete(&mut self, shares: &[f32]) {
        let missing = self.relations.iter().enumerate().filter(|(_, one)| one.is_none());
        self.fresh = missing.map(|(at, _)| at).collect();
        if self.fresh.is_empty() {
            return;
        }
        let resumes = !self.is_renewed && self.posts.len() >= MANY;
        let kept = if resumes { fs::read(self.file()).ok() } else { None };
        let resumed = kept.and_then(|octets| Index::resume(&octets, self.posts));
        let index = resumed.unwrap_or_else(|| Index::new(self.posts));
        let taste = Taste::stored(shares, self.site.config.related.popularity);
        let lists = index.lists(self.posts, &self.fresh, &taste, self.now);
        for (&at, near) in self.fresh.iter().zip(lists) {
            let popularity = shares.get(at).copied().unwrap_or(0.0);
            if let Some(slot) = self.relations.get_mut(at) {
                *slot = Some((near, popularity));
            }
        }
        self.index = Some(index);
    }

    /// Keeps what is new.
    pub async fn keep(&self, store: &Store) -> Result<(), store::Error> {
        let fresh: Vec<(i64, Relations)> =
            self.fresh.iter().filter_map(|&at| self.relations_of(at)).collect();
        if !self.is_renewed {
            if !fresh.is_empty() {
                store.add_relations(&fresh).await?;
            }
            return Ok(());
        }
        store.renew_relations(&fresh, self.now).await?;
        if let Some(index) = &self.index {
            self.write(&index.octets(self.posts));
        }
        Ok(())
    }

    /// What is near a post, as the ledger keeps it; `None`: the ledger does not know the post.
    fn relations_of(&self, at: usize) -> Option<(i64, Relations)> {
        let row_of = |at: usize| self.rows.get(at).copied().unwrap_or(NONE);
        let (near, popularity) = self.relations.get(at)?.as_ref()?;
        let relations = Relations::new(near, *popularity, row_of);
        Some((row_of(at), relations)).filter(|(row, _)| *row != NONE)
    }

    fn file(&self) -> PathBuf {
        self.site.root.join(FILE)
    }

    /// An index that cannot be written is made anew when it is needed.
    fn write(&self, octets: &[u8]) {
        let path = self.file();
        let written = || {
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(octets)?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        if let Err(error) = written() {
            tracing::warn!(%error, path = %path.display(), "the index of related posts is not kept");
        }
    }

    /// The index of all posts, made where none was needed so far.
    pub fn index(&mut self) -> &Index {
        let posts = self.posts;
        self.index.get_or_insert_with(|| Index::new(posts))
    }

    /// What pages and letters show from.
    pub fn related(self) -> Related<'a> {
        self.parts().1
    }

    /// The index, where one was needed, and what pages and letters show from.
    pub fn parts(self) -> (Option<Index>, Related<'a>) {
        let (near, popularity) = self.relations.into_iter().map(Option::unwrap_or_default).unzip();
        let lists = Lists::new(self.posts, near, popularity);
        (self.index, Related { lists, rows: self.rows })
    }
}
