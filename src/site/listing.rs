//! The pages about feeds: one that lists and explains them all, and one for each feed but the
//! site's own, which shows the same posts as it.
//!
//! Each names the feeds of the page itself first, then the site's, so that a reader who is given
//! the address of the page finds the right one.

use serde::Serialize;

use super::{Feed, Page, Site, SiteContext, Written, feeds, listed};
use crate::{
    domain::post::Post,
    template::{self, Templates},
};

/// A feed as these pages show it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// What kind of posts it holds, the name of a message in `words/` (`tags`); empty for the site's.
    pub heading: &'a str,
    /// Its tag, author, section or language; empty for the site's.
    pub name: &'a str,
    /// What readers call it.
    pub title: &'a str,
    /// Its folder below the site, ending with `/` unless empty.
    pub folder: &'a str,
    /// The address of that folder.
    pub page: &'a str,
    /// How many posts it is about.
    pub count: usize,
}

#[derive(Serialize)]
struct ListContext<'a> {
    site: SiteContext<'a>,
    feeds: Vec<Feed>,
    /// The feeds of this page alone.
    own: Vec<Feed>,
    page: Page<'a>,
    heading: &'a str,
    name: &'a str,
    posts: Vec<Written<'a>>,
    count: usize,
}

#[derive(Serialize)]
struct FeedsContext<'a> {
    site: SiteContext<'a>,
    feeds: Vec<Feed>,
    page: Page<'a>,
    opml: String,
    groups: Vec<Group<'a>>,
}

/// The feeds under one heading.
#[derive(Serialize)]
struct Group<'a> {
    heading: &'a str,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    page: &'a str,
    count: usize,
    feeds: Vec<Feed>,
}

/// The page of a feed that shows `posts`: `FOLDER/index.html`.
pub fn list(
    templates: &Templates,
    site: &Site<'_>,
    feed: &Listed<'_>,
    posts: &[&Post],
) -> Result<String, template::Error> {
    let root = "../".repeat(feed.folder.matches('/').count());
    let own = feed.feeds();
    let context = ListContext {
        site: site.context(),
        feeds: own.iter().cloned().chain(site.feeds()).collect(),
        own,
        heading: feed.heading,
        name: feed.name,
        posts: posts.iter().map(|post| listed(post, (site, templates.words()), &root)).collect(),
        count: feed.count,
        page: Page { url: feed.page, root },
    };
    templates.render("web/list.html", &context)
}

/// The page of all feeds: `feeds/index.html`.
pub fn all(
    templates: &Templates,
    site: &Site<'_>,
    listed: &[Listed<'_>],
) -> Result<String, template::Error> {
    let url = format!("{}feeds/", site.url);
    let groups = listed.chunk_by(|a, b| a.heading == b.heading);
    let context = FeedsContext {
        site: site.context(),
        feeds: listed.iter().flat_map(Listed::feeds).collect(),
        opml: format!("{}feeds.opml", site.url),
        groups: groups.filter_map(group).collect(),
        page: Page { url: &url, root: "../".to_owned() },
    };
    templates.render("web/feeds.html", &context)
}

fn group<'a>(listed: &[Listed<'a>]) -> Option<Group<'a>> {
    let row = |feed: &Listed<'a>| Row {
        name: if feed.name.is_empty() { feed.title } else { feed.name },
        page: feed.page,
        count: feed.count,
        feeds: feed.feeds(),
    };
    let heading = listed.first()?.heading;
    Some(Group { heading, rows: listed.iter().map(row).collect() })
}

impl Listed<'_> {
    fn feeds(&self) -> Vec<Feed> {
        feeds(self.title, self.page, self.folder)
    }
}
