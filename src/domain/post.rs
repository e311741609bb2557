//! Posts: pieces of writing with an identity that never changes.
//!
//! A [`Post`] is finished: its body is sanitised HTML with absolute addresses, its title and
//! summary are plain text, its identity is settled. How a file becomes one is `catalog`'s work;
//! feeds, pages, letters and ranking all read this one value.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The identity of a post in every feed for ever (RFC 4287 section 4.2.6): the `guid` or `id` of
/// its front matter, or a `tag:` URI (RFC 4151) minted when it was first seen and stored. It
/// survives a new title, slug, file name and address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostId(String);

impl PostId {
    /// An identity as it stands in front matter or in the store.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The identity as feeds write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A published piece of writing, ready for feeds, pages and letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its identity in feeds.
    pub id: PostId,
    /// Its short name in issue names and commands: the slug it had when first seen, made unique.
    /// Never changes either.
    pub key: String,
    /// The file it comes from, relative to the posts folder, `/` between folders.
    pub path: String,
    /// Its address on the web, absolute.
    pub url: String,
    /// Its place under the public folder, without leading or trailing slash (`posts/a-title`).
    pub place: String,
    /// Plain text, one line.
    pub title: String,
    /// Plain text, at most 300 characters, cut at a word.
    pub summary: String,
    /// The body: sanitised HTML, every address in it absolute.
    pub html: String,
    /// When it was published.
    pub published: Timestamp,
    /// When it last changed in a way that its author declares; never before `published`.
    pub updated: Timestamp,
    /// Names of its authors, at least one unless the site has none.
    pub authors: Vec<String>,
    /// Its tags in their first spelling, each once.
    pub tags: Vec<String>,
    /// BCP 47 tag of its language.
    pub language: String,
    /// Which way its script runs.
    pub direction: Direction,
    /// Its lead image.
    pub image: Option<Image>,
    /// Where readers discuss it.
    pub comments: Option<Comments>,
    /// What its front matter says of the posts to show under it.
    pub related: RelatedChoice,
    /// What its front matter and folder say of feeds.
    pub feed: FeedChoice,
}

/// Which way a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Left to right.
    #[default]
    Ltr,
    /// Right to left.
    Rtl,
}

impl Direction {
    /// The direction of the script that a language (BCP 47) is usually written in.
    pub fn of_language(tag: &str) -> Self {
        const RTL: [&str; 10] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];
        let primary = tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        if RTL.contains(&primary.as_str()) { Self::Rtl } else { Self::Ltr }
    }

    /// The value of HTML's `dir` attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// A picture by its absolute address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Absolute address.
    pub url: String,
    /// What it shows, for those who cannot see it; empty when unknown.
    pub alt: String,
    /// Media type, when its name tells (`image/png`).
    pub media_type: Option<Cow<'static, str>>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

/// Where readers discuss a post, and how many have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comments {
    /// Absolute address.
    pub url: String,
    /// How many comments there are, when known.
    pub count: Option<u32>,
}

/// What a post asks of feeds.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedChoice {
    /// The section it stands in: the first folder of its file that is neither date nor language.
    pub section: Option<String>,
    /// Its summary only (`true`) or its full text (`false`), whatever the site's feeds carry.
    pub summary_only: Option<bool>,
    /// Files that belong to it, such as an episode of a podcast.
    pub enclosures: Vec<Enclosure>,
    /// A feed of its comments.
    pub comments: Option<String>,
}

/// A file that belongs to a post: readers fetch it, podcast players play it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// Media type (`audio/mpeg`).
    pub media_type: String,
    /// Its true size in octets.
    pub length: u64,
    /// How long it plays, in seconds.
    pub seconds: Option<u32>,
    /// Whether it holds strong language, when its author says.
    pub is_explicit: Option<bool>,
}

impl Enclosure {
    /// Whether a podcast player would play it.
    pub fn is_audible(&self) -> bool {
        self.media_type.starts_with("audio/") || self.media_type.starts_with("video/")
    }
}

/// What front matter says of the related posts to show.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RelatedChoice {
    /// Posts to show first: keys, slugs, paths or addresses (`related: [..]`).
    pub pins: Vec<String>,
    /// Posts never to show here (`related_exclude: [..]`).
    pub excluded: Vec<String>,
    /// Never to be shown under other posts (`related: false`).
    pub hidden: bool,
    /// The series it belongs to; at most one post of a series is shown.
    pub series: Option<String>,
    /// When it stops being worth showing.
    pub expires: Option<Timestamp>,
}

impl Post {
    /// Whether `name` (a key, identity, path, file name, slug or address) means this post.
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim().trim_start_matches("./").trim_end_matches('/');
        let file = self.path.rsplit('/').next().unwrap_or(&self.path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let slug = self.place.rsplit('/').next().unwrap_or(&self.place);
        let path = name.strip_prefix("posts/").unwrap_or(name);
        [self.key.as_str(), self.id.as_str(), self.url.trim_end_matches('/'), &self.place, slug]
            .contains(&name)
            || [self.path.as_str(), file, stem].contains(&path)
    }
}
