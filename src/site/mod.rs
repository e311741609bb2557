//! Pages: posts in, HTML out.
//!
//! [`article`] is the page of one post with its related popular posts, [`index`] the front page,
//! [`listing`] the pages about feeds, [`letters`] the archive of what was sent, [`sitemap`] what search engines read, [`moved`] what stands
//! at a former address, [`stylesheet`] the one file all link to. Every page names its canonical
//! address, tells feed readers where the feeds are, says which language and direction it is written in, and works
//! without a script. Words and dates are in the site's language,
//! dates by its zone.
//!
//! Pure: it neither writes files nor chooses related posts. The looks are `templates/web/`; a
//! template that fails is a [`template::Error`]. The style sheet and the site's own pictures have
//! relative addresses, so that pages opened from the disk show them too.

pub mod letters;
pub mod listing;
pub mod sitemap;

use serde::Serialize;

use crate::{
    domain::post::{Comments, Direction, Image, Post},
    template::{self, Templates},
    time::{Timestamp, Zone},
    words::Words,
};

/// What every page says of the site.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Its title.
    pub title: &'a str,
    /// What it is about, or empty.
    pub description: &'a str,
    /// BCP 47.
    pub language: &'a str,
    /// Its address, ending with `/`.
    pub url: &'a str,
    /// Who writes it.
    pub author: Option<&'a str>,
    /// By whose calendar dates are written.
    pub zone: &'a Zone,
    /// Whether pages mention that new posts also go out as letters.
    pub newsletter_note: bool,
    /// Whether article pages tell us that they are read.
    pub beacon: bool,
}

/// How many posts the front page shows with their summaries; older ones follow as a list by year.
const RECENT: usize = 12;

/// A feed as pages announce it.
#[derive(Clone, Debug, Serialize)]
struct Feed {
    /// Its path below the site.
    file: String,
    href: String,
    media_type: &'static str,
    /// Atom, RSS or JSON Feed.
    name: &'static str,
    /// Of which posts, and in which format.
    title: String,
}

/// Files, media types and names of the formats, the most capable first.
const FORMATS: [(&str, &str, &str); 3] = [
    ("feed.xml", "application/atom+xml", "Atom"),
    ("rss.xml", "application/rss+xml", "RSS"),
    ("feed.json", "application/feed+json", "JSON Feed"),
];

/// The feed called `title` at `page`, in the folder `folder`, in each format.
fn feeds(title: &str, page: &str, folder: &str) -> Vec<Feed> {
    let feed = |(file, media_type, name): (&str, &'static str, &'static str)| Feed {
        file: format!("{folder}{file}"),
        href: format!("{page}{file}"),
        media_type,
        name,
        title: format!("{title} ({name})"),
    };
    FORMATS.map(feed).into()
}

#[derive(Serialize)]
struct SiteContext<'a> {
    title: &'a str,
    description: &'a str,
    language: &'a str,
    direction: &'static str,
    url: &'a str,
    author: Option<&'a str>,
    newsletter_note: bool,
    beacon: bool,
    /// The feeds of the whole site.
    feeds: Vec<Feed>,
}

#[derive(Serialize)]
struct Page<'a> {
    url: &'a str,
    /// The way from this page up to the public folder: empty or `../`s.
    root: String,
}

#[derive(Serialize)]
struct Written<'a> {
    title: &'a str,
    url: &'a str,
    summary: &'a str,
    /// As people write it.
    date: String,
    /// Day and month only, for lists that stand under their year.
    day: String,
    /// RFC 3339.
    published: String,
    /// As people write it, where it is another day than `date`.
    updated: Option<String>,
    authors: &'a [String],
    tags: &'a [String],
    language: &'a str,
    direction: &'static str,
    image: Option<Image>,
    comments: Option<&'a Comments>,
}

#[derive(Serialize)]
struct ArticleContext<'a> {
    site: SiteContext<'a>,
    feeds: Vec<Feed>,
    page: Page<'a>,
    post: Written<'a>,
    html: String,
    /// The lead image, unless the body shows it already.
    lead: Option<Image>,
    related: Vec<Written<'a>>,
    popular: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct MovedContext<'a> {
    site: SiteContext<'a>,
    page: Page<'a>,
    post: Written<'a>,
}

#[derive(Serialize)]
struct Year<'a> {
    year: String,
    posts: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct IndexContext<'a> {
    site: SiteContext<'a>,
    feeds: Vec<Feed>,
    page: Page<'a>,
    recent: Vec<Written<'a>>,
    earlier: Vec<Year<'a>>,
}

/// What the page of a post shows.
#[derive(Clone, Copy, Debug)]
pub struct Article<'a> {
    /// The post.
    pub post: &'a Post,
    /// Its body.
    pub html: &'a str,
    /// Related popular posts below it, best first.
    pub related: &'a [&'a Post],
    /// Popular posts that are not related, in the places that stayed open.
    pub popular: &'a [&'a Post],
}

/// The page of a post: `PLACE/index.html`.
pub fn article(
    templates: &Templates,
    site: &Site<'_>,
    article: &Article<'_>,
) -> Result<String, template::Error> {
    let Article { post, html, related, popular } = *article;
    let depth = post.place.split('/').filter(|part| !part.is_empty()).count();
    let root = "../".repeat(depth);
    let lead = post.image.as_ref().filter(|image| !shows(html, &image.url));
    let lead = lead.map(|image| beside(image, site, &root));
    let html = html.replace(&format!("src=\"{}", site.url), &format!("src=\"{root}"));
    let context = ArticleContext {
        site: site.context(),
        feeds: site.feeds(),
        post: written(post, site, templates.words()),
        html,
        lead,
        related: related
            .iter()
            .map(|post| listed(post, (site, templates.words()), &root))
            .collect(),
        popular: popular
            .iter()
            .map(|post| listed(post, (site, templates.words()), &root))
            .collect(),
        page: Page { url: &post.url, root },
    };
    templates.render("web/article.html", &context)
}

/// What stands at `file`, where the page of `post` was before: the way to it, for people and for
/// machines.
pub fn moved(
    templates: &Templates,
    site: &Site<'_>,
    post: &Post,
    file: &str,
) -> Result<String, template::Error> {
    let context = MovedContext {
        site: site.context(),
        page: Page { url: &post.url, root: "../".repeat(file.matches('/').count()) },
        post: written(post, site, templates.words()),
    };
    templates.render("web/moved.html", &context)
}

/// The front page of `posts`, newest first: `index.html`.
pub fn index(
    templates: &Templates,
    site: &Site<'_>,
    posts: &[Post],
) -> Result<String, template::Error> {
    let (recent, earlier) = posts.split_at(posts.len().min(RECENT));
    let context = IndexContext {
        site: site.context(),
        feeds: site.feeds(),
        page: Page { url: site.url, root: String::new() },
        recent: recent.iter().map(|post| listed(post, (site, templates.words()), "")).collect(),
        earlier: by_year(earlier, site, templates.words()),
    };
    templates.render("web/index.html", &context)
}

/// The style sheet of all pages: `style.css`.
pub fn stylesheet(templates: &Templates) -> String {
    templates.source("web/style.css").unwrap_or_default().to_owned()
}

/// The script by which article pages tell that they are read: `beacon.js`.
pub const BEACON: &str = include_str!("beacon.js");

/// The style sheet by which browsers show a feed: `feed.css`.
pub fn feed_stylesheet(templates: &Templates) -> String {
    templates.source("web/feed.css").unwrap_or_default().to_owned()
}

impl<'a> Site<'a> {
    fn feeds(&self) -> Vec<Feed> {
        feeds(self.title, self.url, "")
    }

    fn context(&self) -> SiteContext<'a> {
        SiteContext {
            title: self.title,
            description: self.description,
            language: self.language,
            direction: Direction::of_language(self.language).as_str(),
            url: self.url,
            author: self.author,
            newsletter_note: self.newsletter_note,
            beacon: self.beacon,
            feeds: self.feeds(),
        }
    }
}

fn written<'a>(post: &'a Post, site: &Site<'_>, words: &Words) -> Written<'a> {
    let date = |at: Timestamp| words.date(site.language, at, site.zone);
    let written = date(post.published);
    Written {
        title: &post.title,
        url: &post.url,
        summary: &post.summary,
        day: words.date_short(site.language, post.published, site.zone),
        published: post.published.rfc3339(),
        updated: Some(date(post.updated)).filter(|updated| *updated != written),
        date: written,
        authors: &post.authors,
        tags: &post.tags,
        language: &post.language,
        direction: post.direction.as_str(),
        image: post.image.clone(),
        comments: post.comments.as_ref(),
    }
}

fn by_year<'a>(posts: &'a [Post], site: &Site<'_>, words: &Words) -> Vec<Year<'a>> {
    let year = |post: &Post| post.published.format("%Y", site.zone);
    let groups = posts.chunk_by(|a, b| year(a) == year(b));
    let group = |posts: &'a [Post]| {
        let posts_written = posts.iter().map(|post| written(post, site, words)).collect();
        posts.first().map(|first| Year { year: year(first), posts: posts_written })
    };
    groups.filter_map(group).collect()
}

/// A picture as seen from a page that is `root` below the site's own files.
fn beside(image: &Image, site: &Site<'_>, root: &str) -> Image {
    let own = image.url.strip_prefix(site.url).map(|own| format!("{root}{own}"));
    Image { url: own.unwrap_or_else(|| image.url.clone()), ..image.clone() }
}

/// A post in a list on a page.
fn listed<'a>(post: &'a Post, (site, words): (&Site<'_>, &Words), root: &str) -> Written<'a> {
    let image = post.image.as_ref().map(|image| beside(image, site, root));
    Written { image, ..written(post, site, words) }
}

/// Whether the body shows the picture at `url` already.
fn shows(html: &str, url: &str) -> bool {
    html.contains(url) || html.contains(&url.replace('&', "&amp;"))
}

#[cfg(test)]
mod tests;
