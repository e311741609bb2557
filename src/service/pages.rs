//! Publishing: feeds, pages, pictures and the style sheet of a catalog go to the output folder.
//!
//! Pages come before the index and the feeds that point to them. One page that cannot be rendered
//! is a trouble and the rest goes on; a folder that cannot be written ends the publishing, since
//! every further file would fail the same way.

use std::path::Path;

use super::{Progress, Step, site::Site, summary::Summary};
use crate::{
    catalog::{Catalog, directory},
    domain::post::Post,
    feed::{self, Channel},
    publish::{self, Folder},
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

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Publish(#[from] publish::Error),
    #[error(transparent)]
    Directory(#[from] directory::Error),
}

impl Press<'_> {
    /// Publishes the catalog. Returns whether every page that a letter may link to is there.
    pub(super) fn publish(&self, catalog: &Catalog, summary: &mut Summary) -> bool {
        match self.all(catalog, summary) {
            Ok(complete) => complete,
            Err(error) => {
                summary.troubles.push(error.to_string());
                false
            }
        }
    }

    fn folder(&self) -> Folder {
        Folder::new(&self.site.config.output)
    }

    fn all(&self, catalog: &Catalog, summary: &mut Summary) -> Result<bool, Error> {
        let sheet = pages::stylesheet(&self.site.templates);
        summary.pages.count(self.folder().put("style.css", sheet.as_bytes())?);
        for (place, path) in directory::assets(&self.site.config.posts)? {
            summary.pages.count(self.folder().copy(&place, &path)?);
        }
        let complete = self.articles(&catalog.posts, summary)?;
        let described = self.site.described();
        let page = pages::index(&self.site.templates, &described, &catalog.posts);
        self.page("index.html", page, summary)?;
        self.feeds(&catalog.posts, summary)?;
        Ok(complete)
    }

    fn articles(&self, posts: &[Post], summary: &mut Summary) -> Result<bool, Error> {
        let described = self.site.described();
        let wanted = &self.site.config.related;
        let lists = self.index.pages(posts, wanted.count, wanted.popularity, self.now);
        let mut complete = true;
        for (post, places) in posts.iter().zip(lists) {
            let related: Vec<&Post> = places.iter().filter_map(|&at| posts.get(at)).collect();
            let page = pages::article(&self.site.templates, &described, post, &related);
            let file = format!("{}/index.html", post.place);
            complete &= self.page(&file, page, summary)?;
            (self.progress)(Step::Done);
        }
        Ok(complete)
    }

    /// Writes a page, or notes why it could not be made (each reason once).
    fn page(
        &self,
        file: &str,
        page: Result<String, template::Error>,
        summary: &mut Summary,
    ) -> Result<bool, Error> {
        match page {
            Ok(page) => {
                summary.pages.count(self.folder().put(file, page.as_bytes())?);
                Ok(true)
            }
            Err(error) => {
                let trouble = error.to_string();
                if !summary.troubles.contains(&trouble) {
                    summary.troubles.push(trouble);
                }
                Ok(false)
            }
        }
    }

    fn feeds(&self, posts: &[Post], summary: &mut Summary) -> Result<(), Error> {
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
                Ok(octets) => summary.feeds.count(self.folder().put(file, &octets)?),
                Err(error) => summary.troubles.push(format!("{file}: {error}")),
            }
        }
        Ok(())
    }
}

/// Templates of the operator's own below `folder`: their names and texts. What lies in
/// `examples/` is there to be copied, not to be used.
pub(super) fn overrides(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| format!("cannot read the templates: {error}"))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if !name.starts_with("examples/") {
            found.push((name, text));
        }
    }
    Ok(found)
}
