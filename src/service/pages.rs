//! Publishing: feeds, pages, pictures and the style sheet of a catalog go to the output folder.
//!
//! Pages come before the index and the feeds that point to them. A file that cannot be made or
//! written is a trouble of its own, and the rest goes on; only a folder that cannot be written at
//! all or a full disk ends the publishing, since every further file would fail the same way.
//!
//! What an earlier run wrote and this one does not is taken away at the end, unless something
//! failed on the way ([`Manifest`]); where the page of a post that has moved was, a small page
//! leads on.

use std::{collections::HashMap, path::Path};

use super::{Progress, Step, site::Site, summary::Summary};
use crate::{
    catalog::{Catalog, directory},
    domain::post::{Post, PostId},
    feed::{self, Channel},
    publish::{Error, Folder, Outcome, manifest::Manifest},
    rank::Index,
    site as pages, template,
    time::Timestamp,
};

/// What publishing works with.
pub(super) struct Press<'a> {
    /// The site.
    pub(super) site: &'a Site,
    /// The index of the catalog's posts.
    pub(super) index: &'a Index,
    /// The present instant.
    pub(super) now: Timestamp,
    /// Told of each page.
    pub(super) progress: &'a Progress,
}

/// The output folder in the course of one publishing.
struct Shelf<'a> {
    root: &'a Path,
    folder: Folder,
    manifest: Manifest,
    summary: &'a mut Summary,
    /// Posts without a page.
    missing: Vec<PostId>,
    /// Whether everything could be put where it belongs.
    is_whole: bool,
}

impl Press<'_> {
    /// Publishes the catalog. Returns the posts whose pages are missing; `None`: all may be.
    pub(super) fn publish(&self, catalog: &Catalog, summary: &mut Summary) -> Option<Vec<PostId>> {
        let root = &self.site.config.output;
        let mut shelf = Shelf {
            root,
            folder: Folder::new(root),
            manifest: Manifest::default(),
            summary,
            missing: Vec::new(),
            is_whole: true,
        };
        match self.all(&catalog.posts, &mut shelf) {
            Ok(()) => Some(shelf.missing),
            Err(error) => {
                shelf.summary.trouble(error);
                None
            }
        }
    }

    fn all(&self, posts: &[Post], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        shelf.folder.ready()?;
        let before = Manifest::read(shelf.root);
        let sheet = pages::stylesheet(&self.site.templates);
        shelf.page("style.css", Ok(sheet), None)?;
        self.assets(shelf)?;
        self.articles(posts, shelf)?;
        let described = self.site.described();
        let page = pages::index(&self.site.templates, &described, posts);
        shelf.page("index.html", page, None)?;
        self.feeds(posts, shelf)?;
        self.moved(posts, &before, shelf)?;
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
        let lists = self.index.pages(posts, wanted.count, wanted.popularity, self.now);
        for (post, places) in posts.iter().zip(lists) {
            let related: Vec<&Post> = places.iter().filter_map(|&at| posts.get(at)).collect();
            let page = pages::article(&self.site.templates, &described, post, &related);
            if !shelf.page(&file_of(post), page, Some(&post.id))? {
                shelf.missing.push(post.id.clone());
            }
            (self.progress)(Step::Done);
        }
        Ok(())
    }

    /// Puts the way to a post where its page was before.
    fn moved(&self, posts: &[Post], before: &Manifest, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let by_id: HashMap<&str, &Post> = posts.iter().map(|p| (p.id.as_str(), p)).collect();
        let described = self.site.described();
        for (file, id) in shelf.manifest.former_pages(before) {
            let Some(post) = by_id.get(id) else { continue };
            let page = pages::moved(&self.site.templates, &described, post, file);
            shelf.page(file, page, Some(&post.id))?;
        }
        Ok(())
    }

    fn feeds(&self, posts: &[Post], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let config = &self.site.config;
        let id = self.site.feed_id();
        let channel = Channel {
            title: &config.title,
            description: &config.description,
            language: &config.language,
            home: config.url.as_str(),
            author: config.author.as_deref(),
            id: &id,
            posts: posts.get(..config.feeds.entries).unwrap_or(posts),
            summary_only: config.feeds.summary_only,
        };
        let made = [
            ("rss.xml", feed::rss(&channel)),
            ("feed.xml", feed::atom(&channel)),
            ("feed.json", feed::json(&channel)),
        ];
        for (file, octets) in made {
            match octets {
                Ok(octets) => {
                    let written = shelf.folder.put(file, &octets);
                    if let Some(outcome) = shelf.put(file, written, None)? {
                        shelf.summary.feeds.count(outcome);
                    }
                }
                Err(error) => shelf.fault(format!("{file}: {error}")),
            }
        }
        Ok(())
    }
}

impl Shelf<'_> {
    /// Writes a page; `false`: it is not there, and why is a trouble.
    fn page(
        &mut self,
        file: &str,
        page: Result<String, template::Error>,
        post: Option<&PostId>,
    ) -> Result<bool, Error> {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                self.fault(error);
                return Ok(false);
            }
        };
        let written = self.folder.put(file, page.as_bytes());
        let outcome = self.put(file, written, post)?;
        if let Some(outcome) = outcome {
            self.summary.pages.count(outcome);
        }
        Ok(outcome.is_some())
    }

    /// Takes note of what became of a file; an error is one that ends the publishing.
    fn put(
        &mut self,
        file: &str,
        outcome: Result<Outcome, Error>,
        post: Option<&PostId>,
    ) -> Result<Option<Outcome>, Error> {
        match outcome {
            Ok(outcome) => {
                self.manifest.note(self.root, file, post.map(PostId::as_str));
                Ok(Some(outcome))
            }
            Err(error) if error.is_final() => Err(error),
            Err(error) => {
                self.fault(error);
                Ok(None)
            }
        }
    }

    /// Notes a trouble: not everything is where it belongs.
    fn fault(&mut self, why: impl std::fmt::Display) {
        self.is_whole = false;
        self.summary.trouble(why);
    }

    /// Takes away what earlier runs wrote and this one did not, and writes down what is ours.
    fn tidy(&mut self, before: Manifest) -> Result<(), Error> {
        if self.is_whole {
            self.summary.pages.removed = self.manifest.sweep(&before, self.root, &self.folder)?;
        } else {
            self.manifest.keep(before);
        }
        self.manifest.write(&self.folder).map(drop)
    }
}

fn file_of(post: &Post) -> String {
    format!("{}/index.html", post.place)
}
