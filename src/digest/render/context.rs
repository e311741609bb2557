//! What templates of letters see, and how much of a digest is in it.

use std::borrow::Cow;

use serde::Serialize;

use super::{Letterhead, WIDTH};
use crate::{
    digest::{
        Digest, cut,
        fit::Fit,
        plain,
        theme::Shown,
        tree::{self, Node},
    },
    domain::{
        post::{Comments, Direction, Image, Post},
        subscriber::Cadence,
    },
    words::Words,
};

#[derive(Serialize)]
pub(super) struct Context<'a> {
    site: SiteContext<'a>,
    newsletter: NewsletterContext<'a>,
    issue: IssueContext<'a>,
    theme: Shown<'a>,
    pub(super) subject: String,
    pub(super) preheader: String,
    postal_address: &'a str,
    online_url: &'a str,
    /// How many posts it is about.
    count: usize,
    articles: Vec<Article<'a>>,
    /// Posts for whose summaries there is no room.
    titles: Vec<Title<'a>>,
    /// Posts for which there is no room at all.
    more: usize,
    full_text: bool,
    related: Vec<Teaser<'a>>,
    popular: Vec<Teaser<'a>>,
    reader: Reader<'a>,
}

#[derive(Serialize)]
struct SiteContext<'a> {
    title: &'a str,
    url: &'a str,
    language: &'a str,
    direction: &'static str,
    author: &'a str,
}

#[derive(Serialize)]
struct NewsletterContext<'a> {
    name: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct IssueContext<'a> {
    name: &'a str,
    cadence: Cadence,
    date: String,
}

#[derive(Serialize)]
struct Article<'a> {
    title: &'a str,
    url: Cow<'a, str>,
    date: String,
    authors: &'a [String],
    summary: &'a str,
    html: String,
    text: String,
    /// Whether its body goes on on the web.
    is_cut: bool,
    image: Option<Picture<'a>>,
    comments: Option<&'a Comments>,
    language: &'a str,
    direction: &'static str,
}

#[derive(Serialize)]
struct Title<'a> {
    title: &'a str,
    url: Cow<'a, str>,
}

#[derive(Serialize)]
struct Teaser<'a> {
    title: &'a str,
    url: Cow<'a, str>,
    summary: &'a str,
    date: String,
    image: Option<Picture<'a>>,
}

/// A picture as it is shown.
#[derive(Serialize)]
struct Picture<'a> {
    url: &'a str,
    alt: &'a str,
    width: u32,
    height: Option<u32>,
}

#[derive(Serialize)]
struct Reader<'a> {
    greeting: &'a str,
    unsubscribe_url: &'a str,
    preferences_url: &'a str,
}

/// How much of a digest a letter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// Octets of each body.
    pub(super) body: usize,
    /// Posts with their summaries.
    pub(super) entries: usize,
    /// Posts with their titles only.
    pub(super) titles: usize,
}

impl Measure {
    /// Less of it, where `length` octets were made and `most` are wanted; `false`: there is
    /// nothing that could be less.
    pub(super) fn shrink(&mut self, length: usize, most: usize) -> bool {
        let less = |of: usize| (of * most / length.max(1)).min(of.saturating_sub(1));
        if self.body > 0 {
            self.body = self.body * 9 / 10;
        } else if self.entries > 1 {
            let kept = less(self.entries).max(1);
            self.titles += self.entries - kept;
            self.entries = kept;
        } else if self.titles > 0 {
            self.titles = less(self.titles);
        } else {
            return false;
        }
        true
    }
}

/// How wide the thumb of a related post is.
const THUMB: u32 = 96;

/// Everything that a letter is made of, prepared once.
pub(super) struct Desk<'a> {
    head: &'a Letterhead<'a>,
    digest: &'a Digest<'a>,
    slots: &'a [String; 3],
    fit: Fit<'a>,
    theme: Shown<'a>,
    bodies: Vec<Vec<Node>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        words: &'a Words,
        head: &'a Letterhead<'a>,
        digest: &'a Digest<'a>,
        slots: &'a [String; 3],
    ) -> Self {
        let (theme, pictures) = (head.theme.shown(), head.pictures);
        let fit = Fit { words, language: head.language, pictures, measure: theme.measure };
        // What stands within a post is said in the post's language.
        let fitted = |post: &&Post| fit.of(&post.language).body(tree::parse(&post.html));
        let bodies = digest.articles.iter().map(fitted).collect();
        Self { head, digest, slots, fit, theme, bodies }
    }

    /// Whether it is the letter of one post as it appears.
    pub(super) fn is_article(&self) -> bool {
        self.head.cadence == Cadence::Instant
    }

    /// All of it.
    pub(super) fn whole(&self) -> Measure {
        let longest = self.bodies.iter().map(|body| tree::length(body)).max();
        Measure { body: longest.unwrap_or(0), entries: self.bodies.len(), titles: 0 }
    }

    pub(super) fn context(&self, measure: Measure) -> Context<'_> {
        let Self { head, digest, .. } = self;
        let [greeting, unsubscribe_url, preferences_url] = self.slots;
        let posts = digest.articles.iter().zip(&self.bodies);
        let listed = digest.articles.iter().skip(measure.entries);
        let titles: Vec<Title<'_>> = listed
            .take(measure.titles)
            .map(|post| Title { title: &post.title, url: marked(&post.url, head.mark) })
            .collect();
        Context {
            site: SiteContext {
                title: head.site,
                url: head.url,
                language: head.language,
                direction: Direction::of_language(head.language).as_str(),
                author: head.author,
            },
            newsletter: NewsletterContext { name: head.newsletter, description: head.description },
            issue: IssueContext {
                name: head.issue,
                cadence: head.cadence,
                date: self.fit.words.date(head.language, head.date, head.zone),
            },
            theme: self.theme.clone(),
            subject: String::new(),
            preheader: String::new(),
            postal_address: head.postal_address,
            online_url: &head.online,
            count: digest.articles.len(),
            more: digest.articles.len().saturating_sub(measure.entries + titles.len()),
            articles: posts
                .take(measure.entries)
                .map(|(post, body)| self.article(post, body, measure.body))
                .collect(),
            titles,
            full_text: digest.articles.len() == 1,
            related: digest.related.iter().map(|post| self.teaser(post)).collect(),
            popular: digest.popular.iter().map(|post| self.teaser(post)).collect(),
            reader: Reader { greeting, unsubscribe_url, preferences_url },
        }
    }

    fn article<'s>(&'s self, post: &'s Post, body: &[Node], room: usize) -> Article<'s> {
        let is_cut = tree::length(body) > room;
        let kept = if is_cut { cut::cut(body, room) } else { body.to_vec() };
        let text = plain::text(&kept, &self.fit.of(&post.language), WIDTH);
        Article {
            title: self.title(post),
            url: marked(&post.url, self.head.mark),
            date: self.fit.words.date(self.fit.language, post.published, self.head.zone),
            authors: &post.authors,
            summary: &post.summary,
            html: tree::write(&kept),
            text: if kept.is_empty() { post.summary.clone() } else { text },
            is_cut,
            image: post.image.as_ref().map(|image| self.picture(image, self.theme.measure)),
            comments: post.comments.as_ref(),
            language: &post.language,
            direction: post.direction.as_str(),
        }
    }

    /// A title is never nothing: a letter would have no subject, and its link no words.
    fn title<'s>(&'s self, post: &'s Post) -> &'s str {
        if post.title.trim().is_empty() { self.head.newsletter } else { &post.title }
    }

    fn teaser<'s>(&'s self, post: &'s Post) -> Teaser<'s> {
        Teaser {
            title: self.title(post),
            url: marked(&post.url, self.head.mark),
            summary: &post.summary,
            date: self.fit.words.date(self.fit.language, post.published, self.head.zone),
            image: post.image.as_ref().map(|image| self.picture(image, THUMB)),
        }
    }

    /// A picture no wider than `most`; one of unknown size as wide as that.
    fn picture<'s>(&self, image: &'s Image, most: u32) -> Picture<'s> {
        let size = match (image.width, image.height) {
            (Some(width), Some(height)) => Some((width, height)),
            _ => self.head.pictures.size(&image.url),
        };
        let natural = image.width.or(size.map(|(width, _)| width));
        let width = natural.map_or(most, |width| width.min(most)).max(1);
        let scaled = |(w, h): (u32, u32)| {
            let height = u64::from(h) * u64::from(width) / u64::from(w.max(1));
            u32::try_from(height).unwrap_or(u32::MAX).max(1)
        };
        Picture { url: &image.url, alt: &image.alt, width, height: size.map(scaled) }
    }
}

/// The address of a post with the mark of our letters as one more part of its query.
pub(super) fn marked<'a>(url: &'a str, mark: &str) -> Cow<'a, str> {
    if mark.is_empty() {
        return Cow::Borrowed(url);
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    match url.split_once('#') {
        Some((url, place)) => format!("{url}{joint}{mark}#{place}").into(),
        None => format!("{url}{joint}{mark}").into(),
    }
}
