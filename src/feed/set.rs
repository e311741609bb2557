//! The set: all documents of all feeds of a site, one after the other.
//!
//! [`Set::new`] settles which documents there are and what stands in each; [`Set::write`] hands
//! them out, format by format, made on all cores. An entry that stands in several documents is
//! serialised once; those of archives are not kept, so that memory does not grow with a site's
//! age.

use std::collections::{BTreeSet, HashMap};

use super::{
    Error, Feed, Format, Head, History, Kind, OPML, Piece, Site, atom,
    entry::{self, Entry},
    json, opml, outline, rss,
    volumes::{self, Volume, Weighed},
};
use crate::{domain::post::Post, parallel, time::Timestamp};

/// Documents made at once: enough for all cores, few enough to hold.
const BATCH: usize = 32;

/// Fewer entries than this are not shared out among cores.
const FEW: usize = 16;

/// All feeds of a site.
pub struct Set<'a> {
    site: Site<'a>,
    posts: &'a [Post],
    stamps: Vec<Timestamp>,
    feeds: Vec<Feed>,
    documents: Vec<Document>,
}

/// A document, in whatever format: part of a feed.
struct Document {
    /// Its feed's place among all.
    feed: usize,
    volume: Volume,
}

type Pieces = HashMap<usize, Piece>;

impl<'a> Set<'a> {
    /// The feeds of `posts`, newest first.
    pub fn new(site: Site<'a>, posts: &'a [Post]) -> Self {
        let weighed = parallel::map(posts, FEW, |post| Weighed {
            published: post.published,
            weight: entry::weight(post, &site),
            is_expired: post.related.expires.is_some_and(|expires| expires <= site.now),
        });
        let feeds: Vec<Feed> = outline::feeds(&site, posts)
            .into_iter()
            .filter(|feed| {
                feed.kind == Kind::Site || !front(feed, &weighed, &site).posts.is_empty()
            })
            .collect();
        let mut documents = Vec::new();
        for (at, feed) in feeds.iter().enumerate() {
            let volumes = match feed.kind {
                Kind::Site if site.archives => volumes::volumes(&weighed, site.entries),
                _ => vec![front(feed, &weighed, &site)],
            };
            documents.extend(volumes.into_iter().map(|volume| Document { feed: at, volume }));
        }
        Self { site, posts, stamps: entry::stamps(posts), feeds, documents }
    }

    /// The feeds, the site's own first.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// The posts in front of each feed, by their place in the catalog.
    pub fn fronts(&self) -> impl Iterator<Item = &[usize]> {
        let is_front = |one: &&Document| !matches!(one.volume.history, History::Archive(..));
        self.documents.iter().filter(is_front).map(|one| &one.volume.posts[..])
    }

    /// The address of a feed in a format.
    pub fn address(&self, feed: &Feed, format: Format) -> String {
        self.site.address(&format!("{}{}", feed.folder, format.file()))
    }

    /// The address of the page that shows the same as a feed.
    pub fn page(&self, feed: &Feed) -> String {
        self.site.address(&feed.folder)
    }

    /// The address of the document at `path` if readers follow it: no archive, no list.
    pub fn topic(&self, path: &str) -> Option<String> {
        let (folder, _) = path.rsplit_once('/').map_or(("", path), |(_, file)| {
            (path.get(..path.len() - file.len()).unwrap_or_default(), file)
        });
        let is_front = path != OPML && self.feeds.iter().any(|feed| feed.folder == folder);
        is_front.then(|| self.site.address(path))
    }

    /// Hands every document to `put` with its path below the site; an error of `put` ends it.
    pub fn write<E>(
        &self,
        mut put: impl FnMut(&str, Result<Vec<u8>, Error>) -> Result<(), E>,
    ) -> Result<(), E> {
        for format in Format::ALL {
            let shared = self.shared(format);
            for batch in self.documents.chunks(BATCH) {
                let made = parallel::map(batch, 1, |one| self.document(one, format, &shared));
                for (document, octets) in batch.iter().zip(made) {
                    put(&format!("{}{}", document.volume.folder, format.file()), octets)?;
                }
            }
        }
        put(OPML, opml::write(self))
    }

    /// The pieces of the posts that stand in more than one document.
    fn shared(&self, format: Format) -> Pieces {
        let mut seen = BTreeSet::new();
        let all = self.documents.iter().flat_map(|document| &document.volume.posts);
        let shared: BTreeSet<usize> = all.filter(|at| !seen.insert(**at)).copied().collect();
        let shared: Vec<usize> = shared.into_iter().collect();
        let pieces = parallel::map(&shared, FEW, |&at| self.piece(at, format).ok());
        let pieces = shared.into_iter().zip(pieces);
        // What could not be made is tried again for each document, and told there.
        pieces.filter_map(|(at, piece)| Some((at, piece?))).collect()
    }

    fn piece(&self, at: usize, format: Format) -> Result<Piece, Error> {
        let post = self.posts.get(at).ok_or(Error::Shape("post"))?;
        let stamp = self.stamps.get(at).ok_or(Error::Shape("post"))?;
        let entry = Entry::new(post, *stamp, &self.site);
        match format {
            Format::Atom => atom::piece(&entry),
            Format::Rss => rss::piece(&entry),
            Format::Json => json::piece(&entry),
        }
    }

    fn document(&self, one: &Document, format: Format, shared: &Pieces) -> Result<Vec<u8>, Error> {
        let mut body = String::new();
        let mut modules = BTreeSet::new();
        for &at in &one.volume.posts {
            let own;
            let piece = match shared.get(&at) {
                Some(piece) => piece,
                None => {
                    own = self.piece(at, format)?;
                    &own
                }
            };
            if format == Format::Json && !body.is_empty() {
                body.push_str(json::BETWEEN);
            }
            body.push_str(&piece.text);
            modules.extend(piece.modules.iter().copied());
        }
        let head = self.head(one, modules)?;
        let (head, foot) = match format {
            Format::Atom => (atom::head(&head)?, atom::FOOT),
            Format::Rss => (rss::head(&head)?, rss::FOOT),
            Format::Json => (json::head(&head)?, json::FOOT),
        };
        Ok([head.as_bytes(), body.as_bytes(), foot.as_bytes()].concat())
    }

    fn head<'h>(
        &'h self,
        one: &'h Document,
        mut modules: BTreeSet<&'static str>,
    ) -> Result<Head<'h>, Error> {
        let feed = self.feeds.get(one.feed).ok_or(Error::Shape("feed"))?;
        let posts = || one.volume.posts.iter().filter_map(|&at| self.posts.get(at));
        if matches!(one.volume.history, History::Complete | History::Archive(..)) {
            modules.insert("fh");
        }
        let is_podcast = self.site.podcast.is_some() && posts().any(entry::is_episode);
        modules.extend(is_podcast.then_some("itunes"));
        Ok(Head {
            site: &self.site,
            title: feed.title.clone(),
            language: feed.language.clone(),
            id: self.id(feed),
            page: self.page(feed),
            folder: &one.volume.folder,
            updated: one.volume.posts.iter().filter_map(|&at| self.stamps.get(at)).max().copied(),
            history: &one.volume.history,
            modules: modules.into_iter().collect(),
            is_podcast,
        })
    }

    /// The identity of a feed (RFC 4151): that of the site's, and the way to it.
    fn id(&self, feed: &Feed) -> String {
        let home = entry::line(self.site.home).len();
        let page = self.page(feed);
        let way = page.get(home..).unwrap_or_default().trim_end_matches('/');
        let id = entry::line(self.site.id);
        if way.is_empty() { id } else { format!("{id}/{way}") }
    }

    /// When the newest of all posts changed.
    pub(super) fn updated(&self) -> Option<Timestamp> {
        self.stamps.iter().max().copied()
    }

    pub(super) const fn site(&self) -> &Site<'a> {
        &self.site
    }
}

/// The one document of a feed without archives.
fn front(feed: &Feed, all: &[Weighed], site: &Site<'_>) -> Volume {
    let posts = volumes::front(&feed.posts, all, site.entries);
    let is_whole = posts.len() == feed.posts.len();
    let history = if is_whole { History::Complete } else { History::Newest };
    Volume { folder: feed.folder.clone(), posts, history }
}
