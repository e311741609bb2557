//! Publishing: pages, pictures, the style sheet and the feeds ([`feeds`]) of a catalog go to the
//! output folder.
//!
//! Pages come before the index and the feeds that point to them. A file that cannot be made or
//! written is a trouble of its own, and the rest goes on; only a folder that cannot be written at
//! all or a full disk ends the publishing, since every further file would fail the same way.
//!
//! Each file has a recipe of all that it is made of. One that stands as it was made by the same
//! recipe is left alone, unmade and unread; so a new sentence in one post of many costs the
//! making of its page and of the feeds that carry it. A recipe names the site (its settings,
//! templates and the program), the posts and their order: whatever it leaves out must not show.
//!
//! What an earlier run wrote and this one does not is taken away at the end, unless something
//! failed on the way ([`Manifest`]); where the page of a post that has moved was, a small page
//! leads on.

mod feeds;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    thread,
};

use super::{Progress, Step, marks::Mark, shelf::Shelf, site::Site, summary::Summary};
use crate::{
    catalog::directory,
    domain::{
        post::{Post, PostId},
        recipe::Recipe,
    },
    feed::{self, Set},
    parallel,
    publish::{Error, manifest::Manifest},
    rank::Chosen,
    site::{self as pages, sitemap},
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
    /// The present instant.
    pub(super) now: Timestamp,
    /// Nothing is known of what the last pass came to, so that hubs may be owed a feed that is
    /// kept.
    pub(super) is_first: bool,
    /// Told of each page.
    pub(super) progress: &'a Progress,
}

/// What is published.
pub(super) struct Stock<'a> {
    /// The posts, newest first; their bodies are `bodies`' to tell.
    pub(super) posts: &'a [Post],
    /// Their marks.
    pub(super) marks: &'a [Mark],
    /// What stands below each, by place.
    pub(super) beside: &'a [Chosen],
    /// Former places that posts name, with their ids.
    pub(super) aliases: &'a [(String, PostId)],
    /// The files beside the posts, where these are known not to have changed.
    pub(super) assets: Option<&'a BTreeMap<String, u64>>,
    /// Where the bodies are.
    pub(super) bodies: Bodies<'a>,
}

/// Where the bodies of posts are.
pub(super) enum Bodies<'a> {
    /// In the posts.
    Held,
    /// In files, to be read again: the body of the post at that place, unless it is there no more.
    Filed(&'a (dyn Fn(usize) -> Option<String> + Sync)),
}

/// What a publishing came to.
pub(super) struct Published {
    /// Posts without a page.
    pub(super) missing: Vec<PostId>,
    /// Feeds that were made: the address of each and the hash of its octets.
    pub(super) topics: Vec<(String, String)>,
    /// Whether everything is where it belongs.
    pub(super) is_whole: bool,
}

/// Why nothing was published.
pub(super) enum Unpublished {
    /// A body is not there any more; nothing was touched.
    Bodiless,
    /// The folder cannot be written.
    Refused(Error),
}

impl From<Error> for Unpublished {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Press<'_> {
    /// Publishes the stock.
    pub(super) fn publish(
        &self,
        stock: &Stock<'_>,
        summary: &mut Summary,
    ) -> Result<Published, Unpublished> {
        let root = &self.site.config.output;
        let before = Manifest::read(root);
        let id = self.site.feed_id();
        let lengths: Vec<usize> = stock.marks.iter().map(|mark| mark.length).collect();
        let (set, mut shelf) = thread::scope(|scope| {
            let set = || Set::new(self.site.feeds(&id, self.now), stock.posts, &lengths);
            let made = scope.spawn(set);
            let shelf = Shelf::new(root, &before, summary);
            (made.join().unwrap_or_else(|_| set()), shelf)
        });
        let heads = stock.marks.iter().flat_map(|mark| mark.head);
        let all = Recipe::of("all").with(heads.collect::<Vec<u8>>()).octets();
        let work = Work { press: self, stock, mark: self.site.look(), all, set };
        work.all(&mut shelf)?;
        Ok(shelf.published())
    }
}

/// One publishing under way.
struct Work<'a> {
    press: &'a Press<'a>,
    stock: &'a Stock<'a>,
    /// What all recipes have in common.
    mark: Recipe,
    /// The heads of all posts, in one mark.
    all: [u8; 16],
    set: Set<'a>,
}

/// A page to be made.
struct Article<'a> {
    at: usize,
    file: String,
    recipe: String,
    related: Vec<&'a Post>,
    popular: Vec<&'a Post>,
}

/// Bodies that were read.
type Read = HashMap<usize, String>;

impl Work<'_> {
    fn all(&self, shelf: &mut Shelf<'_>) -> Result<(), Unpublished> {
        let articles = self.articles(shelf);
        let documents = self.documents(shelf);
        let asked = articles.iter().map(|article| article.at);
        let asked = asked.chain(documents.iter().flat_map(|(one, _)| one.posts()).copied());
        let read = self.read(asked.collect()).ok_or(Unpublished::Bodiless)?;
        let body = |at: usize| match self.stock.bodies {
            Bodies::Held => self.stock.posts.get(at).map_or("", |post| &post.html),
            Bodies::Filed(_) => read.get(&at).map_or("", String::as_str),
        };
        let site = self.press.site;
        shelf.folder.ready()?;
        shelf.page("style.css", Ok(pages::stylesheet(&site.templates)), (None, None))?;
        if site.config.popularity.beacon {
            shelf.page("beacon.js", Ok(pages::BEACON.to_owned()), (None, None))?;
        }
        self.assets(shelf)?;
        self.write_articles(&articles, &body, shelf)?;
        self.index(shelf)?;
        let sheet = pages::feed_stylesheet(&site.templates);
        shelf.page(feed::STYLE, Ok(sheet), (None, None))?;
        self.listings(shelf)?;
        self.sitemap(shelf)?;
        self.write_documents(&documents, &body, shelf)?;
        let former = shelf.former();
        self.moved(&former, shelf)?;
        Ok(shelf.tidy(&former)?)
    }

    /// The bodies of posts that are not at hand; `None`: one is gone.
    fn read(&self, asked: BTreeSet<usize>) -> Option<Read> {
        let Bodies::Filed(file) = self.stock.bodies else { return Some(Read::new()) };
        let asked: Vec<usize> = asked.into_iter().collect();
        let bodies = parallel::map(&asked, FEW, |&at| file(at));
        asked.into_iter().zip(bodies).map(|(at, body)| Some((at, body?))).collect()
    }

    /// A recipe of what shows the heads of all those posts.
    fn heads<'p>(&self, kind: &str, posts: impl Iterator<Item = &'p usize>) -> Recipe {
        let heads = posts.filter_map(|&at| self.stock.marks.get(at)).map(|mark| &mark.head);
        heads.fold(self.mark.clone().with(kind), |recipe, head| recipe.with(head))
    }

    fn assets(&self, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let posts = &self.press.site.config.posts;
        let recipe = self.mark.clone().with("asset").word();
        let assets = match self.stock.assets {
            Some(files) => {
                let changed = files.keys().filter(|place| !shelf.keeps(place, &recipe));
                changed.map(|place| (place.clone(), posts.join(place))).collect()
            }
            None => directory::assets(posts).unwrap_or_else(|error| {
                shelf.fault(error);
                Vec::new()
            }),
        };
        for (place, path) in assets {
            let copied = shelf.folder.copy(&place, &path);
            if let Some(outcome) = shelf.put(&place, copied, (None, Some(&recipe)))? {
                shelf.summary.pages.count(outcome);
            }
        }
        Ok(())
    }

    /// The pages that have to be made; all others are kept.
    fn articles(&self, shelf: &mut Shelf<'_>) -> Vec<Article<'_>> {
        /// Fewer recipes than this are written before a thread has started.
        const FEW: usize = 512;
        let mut articles = Vec::new();
        let posts = self.stock.posts.iter().zip(self.stock.marks).zip(self.stock.beside);
        let posts: Vec<_> = posts.collect();
        let as_made = &shelf.as_made;
        let recipes = parallel::map(&posts, FEW, |((post, mark), beside)| {
            let others = beside.related.iter().chain(&beside.popular);
            let recipe = self.heads("article", others).with(beside.related.len().to_string());
            let (file, recipe) = (file_of(post), recipe.with(mark.whole).word());
            let standing = as_made.get_key_value(&*file).filter(|(_, made)| **made == recipe);
            match standing {
                Some((file, _)) => Ok(*file),
                None => Err((file, recipe)),
            }
        });
        for (at, ((_, beside), recipe)) in posts.into_iter().zip(recipes).enumerate() {
            match recipe {
                Ok(file) => {
                    shelf.kept(file);
                    (self.press.progress)(Step::Done);
                }
                Err((file, recipe)) => {
                    let related = self.posts(&beside.related);
                    let popular = self.posts(&beside.popular);
                    articles.push(Article { at, file, recipe, related, popular });
                }
            }
        }
        articles
    }

    fn posts(&self, places: &[usize]) -> Vec<&Post> {
        places.iter().filter_map(|&at| self.stock.posts.get(at)).collect()
    }

    fn write_articles(
        &self,
        articles: &[Article<'_>],
        body: &feed::Bodies<'_>,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), Error> {
        let described = self.press.site.described();
        let templates = &self.press.site.templates;
        for batch in articles.chunks(BATCH) {
            let made = parallel::map(batch, FEW, |one| {
                let post = self.stock.posts.get(one.at)?;
                let (related, popular) = (&one.related, &one.popular);
                let article = pages::Article { post, html: body(one.at), related, popular };
                let page = pages::article(templates, &described, &article);
                Some(page.map(|page| shelf.folder.put(&one.file, page.as_bytes())))
            });
            for (one, made) in batch.iter().zip(made) {
                let id = self.stock.posts.get(one.at).map(|post| &post.id);
                if let (Some(made), Some(id)) = (made, id)
                    && !shelf.made(&one.file, made, (Some(id), Some(&one.recipe)))?
                {
                    shelf.missing.push(id.clone());
                }
                (self.press.progress)(Step::Done);
            }
        }
        Ok(())
    }

    fn index(&self, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let recipe = self.mark.clone().with("index").with(self.all).word();
        if shelf.keeps("index.html", &recipe) {
            return Ok(());
        }
        let described = self.press.site.described();
        let page = pages::index(&self.press.site.templates, &described, self.stock.posts);
        shelf.page("index.html", page, (None, Some(&recipe))).map(drop)
    }

    fn sitemap(&self, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let recipe = self.mark.clone().with("sitemap").with(self.all).word();
        let names = sitemap::names(self.stock.posts.len());
        if names.iter().filter(|name| shelf.keeps(name, &recipe)).count() == names.len() {
            return Ok(());
        }
        let url = self.press.site.config.url.as_str();
        for (file, text) in sitemap::files(url, self.stock.posts) {
            shelf.page(&file, Ok(text), (None, Some(&recipe)))?;
        }
        Ok(())
    }

    /// Puts the way to a post where its page was before, or where its author says that it was.
    fn moved(&self, former: &[(&str, Option<&str>)], shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let aliases = self.stock.aliases.iter();
        let aliases = aliases.map(|(place, id)| (format!("{place}/index.html"), id.as_str()));
        let former = former.iter().filter_map(|(file, id)| Some(((*file).to_owned(), (*id)?)));
        let ways: Vec<(String, &str)> = aliases.chain(former).collect();
        if ways.is_empty() {
            return Ok(());
        }
        let by_id: HashMap<&str, &Post> =
            self.stock.posts.iter().map(|post| (post.id.as_str(), post)).collect();
        let described = self.press.site.described();
        for (file, id) in ways {
            // What an author wrote goes before what was there.
            let Some(post) = by_id.get(id).filter(|_| !shelf.has(&file)) else { continue };
            let page = pages::moved(&self.press.site.templates, &described, post, &file);
            shelf.page(&file, page, (Some(&post.id), None))?;
        }
        Ok(())
    }
}

fn file_of(post: &Post) -> String {
    format!("{}/index.html", post.place)
}
