//! Edits: one file read again alone.
//!
//! Reading ten thousand files because an author mended a sentence in one is waste. An edit is
//! *quiet* when nothing that other posts, their identities or their places depend on could change
//! by it: the same file is still no draft, asks for the same place with the same date and guid,
//! names the same former addresses, has nothing to be warned of, and its new text is that of no
//! other known post. Then [`Around::edited`] says what the whole reading would say of it, and of
//! all other posts that would say what it said before. Whatever is not quiet is `None`: the whole
//! folder is read.
//!
//! [`Around::body`] makes the body of a post whose file did not change, for documents that hold
//! it beside an edited one.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Entry, Known, Record, Settings, date, finish,
    links::{Here, Links},
    markdown,
    page::{self, Page},
};
use crate::{
    domain::{post::Post, recipe::Recipe},
    time::Timestamp,
};

/// What is kept of a published post so that its file can be read again alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// All that others depend on, in a word. `None`: an edit of it is never quiet.
    face: Option<[u8; 16]>,
    /// It stands as it was read before; its file holds something else.
    is_stale: bool,
    /// Of its body.
    body: [u8; 16],
    first_seen: Timestamp,
}

/// What a whole reading found around the posts that it published.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Around {
    /// Files and addresses of posts that are not published yet.
    pub(super) ahead: Vec<(String, String)>,
    /// Paths of the files that were refused.
    pub(super) refused: Vec<String>,
    /// The files beside the posts, with their sizes.
    pub(super) files: BTreeMap<String, u64>,
    /// Marks of the bodies of known posts that are not published.
    pub(super) bodies: Vec<[u8; 16]>,
}

impl Around {
    /// The files beside the posts, with their sizes.
    pub fn files(&self) -> &BTreeMap<String, u64> {
        &self.files
    }
}

/// A post after a quiet edit.
#[derive(Debug)]
pub struct Edited {
    /// The post.
    pub post: Post,
    /// What is known of it from now on.
    pub record: Record,
    /// What is kept of it.
    pub filed: Filed,
}

impl Filed {
    pub(super) fn of(entry: &Entry, settings: &Settings, is_warned: bool, now: Timestamp) -> Self {
        let face = face(&entry.page, entry.published, settings);
        Self {
            face: face.filter(|_| !is_warned && !entry.is_stale),
            is_stale: entry.is_stale,
            body: body_mark(entry.page.body_hash.as_deref().unwrap_or_default()),
            first_seen: entry.known.as_ref().map_or(now, |known| known.first_seen),
        }
    }
}

/// The mark of a body by its hash.
pub(super) fn body_mark(hash: &str) -> [u8; 16] {
    Recipe::of("body").with(hash).octets()
}

/// What a page says that others depend on.
fn face(page: &Page, published: Timestamp, settings: &Settings) -> Option<[u8; 16]> {
    let day = date::day_of(published, &settings.zone);
    let place = page.place(settings, day).ok()?;
    let recipe = Recipe::of("face")
        .with(format!("{:?}", page.date))
        .with(format!("{:?}", page.front.guid))
        .with(&place)
        .with(page.dated_place(&place).unwrap_or_default());
    let former = page.former(&settings.base);
    Some(former.into_iter().fold(recipe, |recipe, place| recipe.with(place)).octets())
}

/// The posts of a site and what is around them, to read some of them again.
#[derive(Debug)]
pub struct Room {
    settings: Settings,
    links: Arc<Links>,
    /// Marks of the bodies of all known posts.
    bodies: Vec<[u8; 16]>,
}

impl Room {
    /// The room of `posts`, of which `filed` tells, in the same order.
    pub fn new(around: &Around, (posts, filed): (&[Post], &[Filed]), settings: Settings) -> Self {
        let own = posts.iter().map(|post| (post.path.clone(), post.url.clone()));
        let bodies = filed.iter().map(|filed| &filed.body).chain(&around.bodies);
        let links = Links {
            base: settings.base.clone(),
            posts: own.chain(around.ahead.iter().cloned()).collect(),
            refused: around.refused.iter().cloned().collect(),
            files: around.files.clone(),
        };
        Self { settings, links: Arc::new(links), bodies: bodies.copied().collect() }
    }

    /// The post after an edit of its file to `source`, if that is a quiet one.
    pub fn edited(
        &self,
        (post, filed): (&Post, &Filed),
        source: &Arc<str>,
        now: Timestamp,
    ) -> Option<Edited> {
        let page = Page::read(&post.path, source).ok()?;
        let body = body_mark(page.body_hash.as_deref()?);
        let is_own = body == filed.body || !self.bodies.contains(&body);
        let is_quiet = is_own && !page.front.is_draft && page.warnings.is_empty();
        let face = face(&page, post.published, &self.settings).filter(|_| is_quiet);
        if face.is_none() || face != filed.face {
            return None;
        }
        let entry = Entry {
            known: Some(known(post, filed)),
            is_stale: false,
            published: post.published,
            place: post.place.clone(),
            key: post.key.clone(),
            id: Some(post.id.clone()),
            page,
        };
        let finished = finish::one(&entry, &self.links, &self.settings, now);
        let is_silent = finished.warnings.is_empty() && finished.post.url == post.url;
        let record = finished.record.filter(|_| is_silent)?;
        Some(Edited { post: finished.post, record, filed: finished.filed })
    }

    /// The body of a post whose file holds `source` as it did when it was read.
    pub fn body(&self, (post, filed): (&Post, &Filed), source: &Arc<str>) -> Option<String> {
        let page = Page::read(&post.path, source).ok().filter(|_| !filed.is_stale)?;
        let url = page::address(&self.settings.base, &post.place);
        let here = Arc::new(Here::new(Arc::clone(&self.links), &page.path, url));
        Some(markdown::render(finish::written(&page), &here).html)
    }
}

/// What is known of a post, but for its text, which is about to be another.
fn known(post: &Post, filed: &Filed) -> Known {
    Known {
        id: post.id.clone(),
        key: post.key.clone(),
        path: post.path.clone(),
        url: post.url.clone(),
        body_hash: String::new(),
        title: post.title.clone(),
        published: post.published,
        first_seen: filed.first_seen,
        source: "".into(),
    }
}
