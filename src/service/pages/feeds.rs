//! The feeds of a publishing: their documents in all formats, the list of them, and their pages.
//!
//! A feed that stands as it was made is kept. Hubs are told of octets, so those of a feed that is
//! kept are read where nothing is known of what the last pass came to. A feed that cannot be made
//! is a trouble, and the others go on.

use sha2::{Digest as _, Sha256};

use super::{super::shelf::Shelf, Work};
use crate::{
    domain::recipe,
    feed::{self, Document, Feed, Format, Kind},
    publish::{Error, Folder, Outcome},
    site::listing::{self, Listed},
};

impl Work<'_> {
    /// The documents that have to be made, with their recipes; all others are kept.
    pub(super) fn documents(&self, shelf: &mut Shelf<'_>) -> Vec<(&Document, String)> {
        let mark = |at: usize| self.stock.marks.get(at).map_or(&[][..], |mark| &mark.whole);
        let mut wanted = Vec::new();
        for document in self.set.documents() {
            let recipe = self.set.recipe(document, self.mark.clone().with("feed"), mark).word();
            let kept = Format::ALL.map(|format| shelf.keeps_feed(&document.path(format), &recipe));
            if kept.contains(&false) {
                wanted.push((document, recipe));
            } else if self.press.is_first && !self.press.site.config.feeds.hubs.is_empty() {
                for format in Format::ALL {
                    self.topic(&document.path(format), shelf);
                }
            }
        }
        wanted
    }

    /// Notes the octets of a feed that is kept, for the hubs.
    fn topic(&self, path: &str, shelf: &mut Shelf<'_>) {
        let octets = self.set.topic(path).zip(std::fs::read(shelf.root.join(path)).ok());
        shelf.topics.extend(octets.map(|(topic, octets)| (topic, hash(&octets))));
    }

    pub(super) fn write_documents(
        &self,
        documents: &[(&Document, String)],
        body: &feed::Bodies<'_>,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), Error> {
        let wanted: Vec<&Document> = documents.iter().map(|(document, _)| *document).collect();
        let mut recipes = documents.iter().flat_map(|(_, recipe)| [recipe; Format::ALL.len()]);
        let folder = shelf.folder.clone();
        let put = |path: &str, octets| self.put_feed(&folder, path, octets);
        self.set.write(&wanted, body, put, |document, format, put| {
            let recipe = recipes.next().map(String::as_str);
            note_feed(&document.path(format), put, recipe, shelf)
        })?;
        let put = self.put_feed(&folder, feed::OPML, self.set.opml());
        note_feed(feed::OPML, put, None, shelf)
    }

    /// Puts a feed where it belongs; why not, where it could not be made.
    fn put_feed(
        &self,
        folder: &Folder,
        path: &str,
        octets: Result<Vec<u8>, feed::Error>,
    ) -> Result<PutFeed, String> {
        let octets = octets.map_err(|error| format!("{path}: {error}"))?;
        let topic = self.set.topic(path).map(|topic| (topic, hash(&octets)));
        Ok(PutFeed { outcome: folder.put(path, &octets), topic })
    }

    /// The page of all feeds, and one of each but the site's.
    pub(super) fn listings(&self, shelf: &mut Shelf<'_>) -> Result<(), Error> {
        let (templates, described) = (&self.press.site.templates, self.press.site.described());
        let set = &self.set;
        let addresses: Vec<String> = set.feeds().iter().map(|feed| set.page(feed)).collect();
        let listed: Vec<Listed<'_>> =
            set.feeds().iter().zip(&addresses).map(|(feed, page)| listed(feed, page)).collect();
        let recipe = self.mark.clone().with("feeds").with(format!("{listed:?}")).word();
        if !shelf.keeps("feeds/index.html", &recipe) {
            let page = listing::all(templates, &described, &listed);
            shelf.page("feeds/index.html", page, (None, Some(&recipe)))?;
        }
        for ((feed, listed), shown) in set.feeds().iter().zip(&listed).zip(set.fronts()) {
            let file = format!("{}index.html", feed.folder);
            let recipe = self.heads("list", shown.iter()).with(format!("{listed:?}")).word();
            if feed.kind == Kind::Site || shelf.keeps(&file, &recipe) {
                continue;
            }
            let page = listing::list(templates, &described, listed, &self.posts(shown));
            shelf.page(&file, page, (None, Some(&recipe)))?;
        }
        Ok(())
    }
}

/// A feed that was made.
struct PutFeed {
    outcome: Result<Outcome, Error>,
    /// Its address and the hash of its octets.
    topic: Option<(String, String)>,
}

/// Takes note of what became of a feed; an error is one that ends the publishing.
fn note_feed(
    path: &str,
    put: Result<PutFeed, String>,
    recipe: Option<&str>,
    shelf: &mut Shelf<'_>,
) -> Result<(), Error> {
    let put = match put {
        Ok(put) => put,
        Err(why) => {
            shelf.fault(why);
            return Ok(());
        }
    };
    if let Some(outcome) = shelf.put(path, put.outcome, (None, recipe))? {
        shelf.summary.feeds.count(outcome);
        shelf.topics.extend(put.topic);
    }
    Ok(())
}

fn hash(octets: &[u8]) -> String {
    recipe::hexadecimal(&Sha256::digest(octets))
}

fn listed<'a>(feed: &'a Feed, page: &'a str) -> Listed<'a> {
    Listed {
        heading: match feed.kind {
            Kind::Site => "",
            Kind::Tag => "tags",
            Kind::Author => "authors",
            Kind::Section => "sections",
            Kind::Language => "languages",
        },
        name: &feed.name,
        title: &feed.title,
        folder: &feed.folder,
        page,
        count: feed.posts.len(),
    }
}
