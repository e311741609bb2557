//! The set: all documents of all feeds of a site.
//!
//! [`Set::new`] settles which documents there are and what stands in each; [`Set::write`] hands
//! out those that are asked for, in all formats, made on all cores. The bodies of posts are asked
//! for where they are needed. An entry that stands in several documents is serialised once; those
//! of archives are not kept, so that memory does not grow with a site's age.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use super::{
    Archives, Error, Feed, Format, Head, History, Kind, OPML, Piece, Site, atom,
    entry::{self, Entry},
    json, opml, outline, rss,
    volumes::{self, Volume, Weighed},
};
use crate::{
    domain::{post::Post, recipe::Recipe},
    parallel,
    time::Timestamp,
};

/// Documents made at once: enough for all cores, few enough to hold.
const BATCH: usize = 8;

/// Fewer entries than this are not shared out among cores.
const FEW: usize = 16;

/// The body of a post by its place in the catalog.
pub type Bodies<'b> = dyn Fn(usize) -> &'b str + Sync + 'b;

/// All feeds of a site.
pub struct Set<'a> {
    site: Site<'a>,
    posts: &'a [Post],
    stamps: Vec<Timestamp>,
    feeds: Vec<Feed>,
    documents: Vec<Document>,
}

/// A document, in whatever format: part of a feed.
pub struct Document {
    /// Its feed's place among all.
    feed: usize,
    volume: Volume,
}

impl Document {
    /// The posts in it by their place in the catalog, newest first.
    pub fn posts(&self) -> &[usize] {
        &self.volume.posts
    }

    /// Its path below the site in a format.
    pub fn path(&self, format: Format) -> String {
        format!("{}{}", self.volume.folder, format.file())
    }
}

/// An entry in each format, in the order of [`Format::ALL`].
type Pieces = [Piece; 3];

impl<'a> Set<'a> {
    /// The feeds of `posts`, newest first, whose bodies are of those [`super::length`]s.
    pub fn new(site: Site<'a>, posts: &'a [Post], lengths: &[usize]) -> Self {
        let weighed: Vec<Weighed> = posts
            .iter()
            .zip(lengths)
            .map(|(post, &length)| Weighed {
                published: post.published,
                weight: entry::weight(post, length, &site),
                is_expired: post.related.expires.is_some_and(|expires| expires <= site.now),
            })
            .collect();
        let feeds: Vec<Feed> = outline::feeds(&site, posts)
            .into_iter()
            .filter(|feed| {
                feed.kind == Kind::Site || !front(feed, &weighed, &site).posts.is_empty()
            })
            .collect();
        let mut documents = Vec::new();
        for (at, feed) in feeds.iter().enumerate() {
            let volumes = match feed.kind {
                Kind::Site if site.archives != Archives::None => behind(feed, &weighed, &site),
                _ if site.archives == Archives::All => behind(feed, &weighed, &site),
                _ => vec![front(feed, &weighed, &site)],
            };
            documents.extend(volumes.into_iter().map(|volume| Document { feed: at, volume }));
        }
        Self { site, posts, stamps: entry::stamps(posts), feeds, documents }
    }

    /// All documents, those of one feed one after the other.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// What a document is made of, added to `recipe`, which tells of the site; `marks` tell of
    /// each post and its body.
    pub fn recipe<'m>(
        &self,
        one: &Document,
        recipe: Recipe,
        mark: impl Fn(usize) -> &'m [u8],
    ) -> Recipe {
        let Some(feed) = self.feeds.get(one.feed) else { return recipe };
        let history = format!("{:?}", one.volume.history);
        let head = [&feed.title, &feed.language, &one.volume.folder, &history];
        let recipe = head.into_iter().fold(recipe, |recipe, text| recipe.with(text));
        one.volume.posts.iter().fold(recipe, |recipe, &at| {
            let stamp = self.stamps.get(at).map_or(0, |stamp| stamp.micros());
            recipe.with(mark(at)).with(stamp.to_le_bytes())
        })
    }

    /// The feeds, the site's own first.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// The posts in front of each feed, by their place in the catalog.
    pub fn fronts(&self) -> impl Iterator<Item = &[usize]> {
        let is_front = |one: &&Document| !matches!(one.volume.history, History::Archive { .. });
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

    /// Hands the documents in each format to `put` on whatever core made them, and what came of it
    /// to `note`, in their order; an error of that ends it.
    pub fn write<'d, P: Send, E>(
        &self,
        wanted: &[&'d Document],
        bodies: &Bodies<'_>,
        put: impl Fn(&str, Result<Vec<u8>, Error>) -> P + Sync,
        mut note: impl FnMut(&'d Document, Format, P) -> Result<(), E>,
    ) -> Result<(), E> {
        let shared = self.shared(wanted, bodies);
        for batch in wanted.chunks(BATCH) {
            let made = parallel::map(batch, 1, |one| {
                let octets = self.document(one, &shared, bodies).into_iter().zip(Format::ALL);
                octets.map(|(octets, format)| (format, put(&one.path(format), octets))).collect()
            });
            for (document, made) in batch.iter().zip::<Vec<Vec<(Format, P)>>>(made) {
                for (format, put) in made {
                    note(document, format, put)?;
                }
            }
        }
        Ok(())
    }

    /// The list of all feeds.
    pub fn opml(&self) -> Result<Vec<u8>, Error> {
        opml::write(self)
    }

    /// The pieces of the posts that stand in more than one of the documents.
    fn shared(&self, wanted: &[&Document], bodies: &Bodies<'_>) -> HashMap<usize, Pieces> {
        let mut seen = BTreeSet::new();
        let all = wanted.iter().flat_map(|document| &document.volume.posts);
        let shared: BTreeSet<usize> = all.filter(|at| !seen.insert(**at)).copied().collect();
        let shared: Vec<usize> = shared.into_iter().collect();
        let pieces = parallel::map(&shared, FEW, |&at| self.pieces(at, bodies).ok());
        let pieces = shared.into_iter().zip(pieces);
        // What could not be made is tried again for each document, and told there.
        pieces.filter_map(|(at, pieces)| Some((at, pieces?))).collect()
    }

    fn pieces(&self, at: usize, bodies: &Bodies<'_>) -> Result<Pieces, Error> {
        let post = self.posts.get(at).ok_or(Error::Shape("post"))?;
        let stamp = self.stamps.get(at).ok_or(Error::Shape("post"))?;
        let entry = Entry::new(post, bodies(at), *stamp, &self.site);
        Ok([atom::piece(&entry)?, rss::piece(&entry)?, json::piece(&entry)?])
    }

    /// A document in each format.
    fn document(
        &self,
        one: &Document,
        shared: &HashMap<usize, Pieces>,
        bodies: &Bodies<'_>,
    ) -> [Result<Vec<u8>, Error>; 3] {
        let pieces = |&at: &usize| match shared.get(&at) {
            Some(pieces) => Ok(Cow::Borrowed(pieces)),
            None => self.pieces(at, bodies).map(Cow::Owned),
        };
        let entries: Result<Vec<Cow<'_, Pieces>>, Error> =
            one.volume.posts.iter().map(pieces).collect();
        match entries {
            Ok(entries) => [0, 1, 2].map(|at| {
                let own: Vec<&Piece> = entries.iter().filter_map(|entry| entry.get(at)).collect();
                self.joined(one, Format::ALL[at], &own)
            }),
            Err(error) => {
                let why = error.to_string();
                Format::ALL.map(|_| Err(Error::Entry(why.clone())))
            }
        }
    }

    /// Head, entries and foot.
    fn joined(&self, one: &Document, format: Format, entries: &[&Piece]) -> Result<Vec<u8>, Error> {
        let modules = entries.iter().flat_map(|piece| piece.modules.iter().copied()).collect();
        let head = self.head(one, modules)?;
        let (head, between, foot) = match format {
            Format::Atom => (atom::head(&head)?, "", atom::FOOT),
            Format::Rss => (rss::head(&head)?, "", rss::FOOT),
            Format::Json => (json::head(&head)?, json::BETWEEN, json::FOOT),
        };
        let texts: usize = entries.iter().map(|piece| piece.text.len() + between.len()).sum();
        let mut octets = Vec::with_capacity(head.len() + texts + foot.len());
        octets.extend_from_slice(head.as_bytes());
        for (place, piece) in entries.iter().enumerate() {
            octets.extend_from_slice(if place > 0 { between } else { "" }.as_bytes());
            octets.extend_from_slice(piece.text.as_bytes());
        }
        octets.extend_from_slice(foot.as_bytes());
        Ok(octets)
    }

    fn head<'h>(
        &'h self,
        one: &'h Document,
        mut modules: BTreeSet<&'static str>,
    ) -> Result<Head<'h>, Error> {
        let feed = self.feeds.get(one.feed).ok_or(Error::Shape("feed"))?;
        let posts = || one.volume.posts.iter().filter_map(|&at| self.posts.get(at));
        if matches!(one.volume.history, History::Complete | History::Archive { .. }) {
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

/// The documents of a feed with archives.
fn behind(feed: &Feed, all: &[Weighed], site: &Site<'_>) -> Vec<Volume> {
    volumes::volumes(&feed.folder, &feed.posts, all, site.entries)
}

/// The one document of a feed without archives.
fn front(feed: &Feed, all: &[Weighed], site: &Site<'_>) -> Volume {
    let posts = volumes::front(&feed.posts, all, site.entries);
    let is_whole = posts.len() == feed.posts.len();
    let history = if is_whole { History::Complete } else { History::Newest };
    Volume { folder: feed.folder.clone(), posts, history }
}
