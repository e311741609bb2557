//! Publishing: feeds, pages, pictures and the style sheet of a catalog go to the output folder.
//!
//! Pages come before the index and the feeds that point to them. A file that cannot be made or
//! written is a trouble of its own, and the rest goes on; only a folder that cannot be written at
//! all or a full disk ends the publishing, since every further file would fail the same way.
//!
//! What an earlier run wrote and this one does not is taken away at the end, unless something
//! failed on the way ([`Manifest`]); where the page of a post that has moved was, a small page
//! leads on.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{Progress, Step, shelf::Shelf, site::Site, summary::Summary};
use crate::{
    catalog::{Catalog, directory},
    domain::post::{Post, PostId},
    feed::{self, Feed, Kind, Set},
    parallel,
    publish::{Error, manifest::Manifest},
    rank::{Lists, Wish},
    site::{
        self as pages, Below,
        listing::{self, Listed},
        sitemap,
    },
    time::Timestamp,
};

/// Pages made at once: enough for all cores, few enough to hold.
const BATCH: usize = 256;

/// Fewer pages than this are not shared out among cores.
const FEW: usize = 4;

/// What publishing works with.
pub(super) struct Press<'a> {
    /// The site.
    pub(super) site: &'a Site,
    /// What is related to the catalog's posts.
    pub(super) lists: &'a Lists<'a>,
    /// The present instant.
    pub(super) now: Timestamp,
    /// Told of each page.
    pub(super) progress: &'a Progress,
}

/// What a publishing came to.
pub(super) struct Published {
    /// Posts without a page.
    pub(super) missing: Vec<PostId>,
    /// Feeds: the address of each and the hash of its octets.
    pub(super) topics: Vec<(String, String)>,
    /// Whether everything is where it belongs.
    pub(super) is_whole: bool,
}

impl Press<'_> {
    /// Publishes the catalog. `None`: the folder cannot be written.
    pub(super) fn publish(&self, catalog: &Catalog, summary: &mut Summary) -> Option<Published> {
        let root = &self.site.config.output;
        let mut shelf = Shelf::new(root, summary);
        match self.all(catalog, &mut shelf) {
            Ok(()) => Some(shelf.published()),
            Err(error) => {
                shelf.summary.trouble(error);
                None
            }
        }
    }

    fn all(&self, catalog: &Catalog, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let posts = &catalog.posts[..];
        shelf.folder.ready()?;
        let before = Manifest::read(shelf.root);
        let sheet = pages::stylesheet(&self.site.templates);
        shelf.page("style.css", Ok(sheet), None)?;
        if self.site.config.popularity.beacon {
            shelf.page("beacon.js", Ok(pages::BEACON.to_owned()), None)?;
        }
        self.assets(shelf)?;
        self.articles(posts, shelf)?;
        let described = self.site.described();
        let page = pages::index(&self.site.templates, &described, posts);
        shelf.page("index.html", page, None)?;
        self.feeds(posts, shelf)?;
        self.moved(catalog, &before, shelf)?;
        shelf.tidy(before)
    }

    fn assets(&self, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let assets = match directory::assets(&self.site.config.posts) {
            Ok(assets) => assets,
            Err(error) => {
                shelf.fault(error);
                return Ok(());
            }
        };
        for (place, path) in assets {
            let copied = shelf.folder.copy(&place, &path);
            if let Some(outcome) = shelf.put(&place, copied, None)? {
                shelf.summary.pages.count(outcome);
            }
        }
        Ok(())
    }

    fn articles(&self, posts: &[Post], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let described = self.site.described();
        let wanted = &self.site.config.related;
        let wish = Wish::page(wanted.count, wanted.fills(), self.now);
        let places: Vec<(usize, &Post)> = posts.iter().enumerate().collect();
        for batch in places.chunks(BATCH) {
            let made = parallel::map(batch, FEW, |&(at, post)| {
                let chosen = self.lists.choose(&[at], &wish);
                let picked = |places: &[usize]| {
                    places.iter().filter_map(|&at| posts.get(at)).collect::<Vec<&Post>>()
                };
                let below =
                    Below { related: picked(&chosen.related), popular: picked(&chosen.popular) };
                let page = pages::article(&self.site.templates, &described, post, &below)?;
                Ok(shelf.folder.put(&file_of(post), page.as_bytes()))
            });
            for ((_, post), made) in batch.iter().zip(made) {
                if !shelf.made(&file_of(post), made, Some(&post.id))? {
                    shelf.missing.push(post.id.clone());
                }
                (self.progress)(Step::Done);
            }
        }
        Ok(())
    }

    /// Puts the way to a post where its page was before, or where its author says that it was.
    fn moved(
        &self,
        catalog: &Catalog,
        before: &Manifest,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), Error> {
        let by_id: HashMap<&str, &Post> =
            catalog.posts.iter().map(|post| (post.id.as_str(), post)).collect();
        let described = self.site.described();
        let aliases = catalog.aliases.iter();
        let aliases = aliases.map(|(place, id)| (format!("{place}/index.html"), id.as_str()));
        let former = shelf.manifest.former_pages(before).into_iter();
        let former = former.map(|(file, id)| (file.to_owned(), id));
        let ways: Vec<(String, &str)> = aliases.chain(former).collect();
        for (file, id) in ways {
            // What an author wrote goes before what was there.
            let Some(post) = by_id.get(id).filter(|_| !shelf.manifest.has(&file)) else { continue };
            let page = pages::moved(&self.site.templates, &described, post, &file);
            shelf.page(&file, page, Some(&post.id))?;
        }
        Ok(())
    }

    /// All feeds, the pages about them and the sitemap.
    fn feeds(&self, posts: &[Post], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let id = self.site.feed_id();
        let set = Set::new(self.site.feeds(&id, self.now), posts);
        shelf.page(feed::STYLE, Ok(pages::feed_stylesheet(&self.site.templates)), None)?;
        self.listings(&set, posts, shelf)?;
        for (file, text) in sitemap::files(self.site.config.url.as_str(), posts) {
            shelf.page(&file, Ok(text), None)?;
        }
        set.write(|path, octets| {
            let octets = match octets {
                Ok(octets) => octets,
                Err(error) => {
                    shelf.fault(format!("{path}: {error}"));
                    return Ok(());
                }
            };
            let written = shelf.folder.put(path, &octets);
            if let Some(outcome) = shelf.put(path, written, None)? {
                shelf.summary.feeds.count(outcome);
                let topic = set.topic(path);
                shelf.topics.extend(topic.map(|topic| (topic, hash(&octets))));
            }
            Ok(())
        })
    }

    /// The page of all feeds, and one of each but the site's.
    fn listings(&self, set: &Set<'_>, posts: &[Post], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let (templates, described) = (&self.site.templates, self.site.described());
        let addresses: Vec<String> = set.feeds().iter().map(|feed| set.page(feed)).collect();
        let listed: Vec<Listed<'_>> =
            set.feeds().iter().zip(&addresses).map(|(feed, page)| listed(feed, page)).collect();
        shelf.page("feeds/index.html", listing::all(templates, &described, &listed), None)?;
        for ((feed, listed), shown) in set.feeds().iter().zip(&listed).zip(set.fronts()) {
            if feed.kind == Kind::Site {
                continue;
            }
            let shown: Vec<&Post> = shown.iter().filter_map(|&at| posts.get(at)).collect();
            let page = listing::list(templates, &described, listed, &shown);
            shelf.page(&format!("{}index.html", feed.folder), page, None)?;
        }
        Ok(())
    }
}

fn hash(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn listed<'a>(feed: &'a Feed, page: &'a str) -> Listed<'a> {
    Listed {
        heading: match feed.kind {
            Kind::Site => "",
            Kind::Tag => "Tags",
            Kind::Author => "Authors",
            Kind::Section => "Sections",
            Kind::Language => "Languages",
        },
        name: &feed.name,
        title: &feed.title,
        folder: &feed.folder,
        page,
        count: feed.posts.len(),
    }
}

fn file_of(post: &Post) -> String {
    format!("{}/index.html", post.place)
}
