//! Entries: posts as every format sees them, cleaned once.
//!
//! An [`Entry`] holds no character that XML 1.0 forbids or discourages, its line ends are `\n`,
//! its `updated` differs from every other entry's, its text is wrapped where its script runs
//! from right to left. What weighs more than [`LIMIT`] alone keeps its summary only.
//!
//! It knows no format. Nothing here fails.
//!
//! Standard: XML 1.0 section 2.2 (characters), section 2.11 (line ends).

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::Site;
use crate::{
    domain::post::{Comments, Direction, Enclosure, FeedChoice, Image, Post, PostId},
    time::Timestamp,
};

/// Octets a feed may have, with some room for what surrounds the entries: aggregators refuse
/// feeds of a megabyte.
pub(super) const LIMIT: usize = 980_000;

/// Octets for the tags, names and addresses of one entry, generously.
const FRAME: usize = 2_000;

/// Stands for the body in an entry on its way through a serialiser, so that the crates, which
/// copy and escape character by character, never see the bulk of a feed. No cleaned text holds
/// it.
pub(super) const BODY: &str = "\u{1}";

/// A post, ready to be written in any format.
pub(super) struct Entry {
    /// The post with every text cleaned; its `html` is moved to `body`.
    pub(super) post: Post,
    /// The full text, unless summaries are wanted or it is empty or longer than a feed may be.
    pub(super) body: Option<String>,
    /// When it changed last: unique among all posts of the site.
    pub(super) updated: Timestamp,
    /// Its language, where it differs from the site's.
    pub(super) language: Option<String>,
    /// Whether it tells podcast players what they ask for.
    pub(super) is_episode: bool,
}

impl Entry {
    /// The entry of a post that last changed at `updated` (see [`stamps`]).
    pub(super) fn new(post: &Post, html: &str, updated: Timestamp, site: &Site<'_>) -> Self {
        let differs = !post.language.eq_ignore_ascii_case(site.language);
        let body = (!is_cut(post, site))
            .then(|| body(html, post.direction))
            .filter(|body| !body.is_empty() && length(body) + FRAME < LIMIT);
        Self {
            updated,
            language: (differs && !post.language.is_empty()).then(|| line(&post.language)),
            body,
            is_episode: site.podcast.is_some() && is_episode(post),
            post: cleaned(post),
        }
    }

    /// When an edit was declared: `updated`, if it is not simply the date of publication.
    pub(super) fn edited(&self) -> Option<Timestamp> {
        (self.post.updated > self.post.published).then_some(self.updated)
    }

    /// Plain text that says something, where a format wants a description: the summary or,
    /// where there is none, the title.
    pub(super) fn plain(&self) -> &str {
        if self.post.summary.is_empty() { &self.post.title } else { &self.post.summary }
    }

    /// The files that belong to it; what plays comes first, since RSS has room for one.
    pub(super) fn enclosures(&self) -> &[Enclosure] {
        &self.post.feed.enclosures
    }
}

/// Whether a post has something to play.
pub(super) fn is_episode(post: &Post) -> bool {
    post.feed.enclosures.iter().any(Enclosure::is_audible)
}

/// Whether only the summary of a post is wanted.
fn is_cut(post: &Post, site: &Site<'_>) -> bool {
    post.feed.summary_only.unwrap_or(site.summary_only)
}

/// When each of `posts`, newest first, changed last: unique among them, so that readers who sort
/// by it, or take it for a mark of what they have seen, do as well as those who do not.
pub(super) fn stamps(posts: &[Post]) -> Vec<Timestamp> {
    let mut stamps: Vec<Timestamp> = posts.iter().map(changed).collect();
    let mut taken = BTreeSet::new();
    // Separates what is equal all the same (two posts published in one second), oldest first.
    for stamp in stamps.iter_mut().rev() {
        while !taken.insert(*stamp) {
            *stamp = Timestamp::from_micros(stamp.micros() + 1);
        }
    }
    stamps
}

/// The text with its direction, for which neither RSS nor Atom nor JSON Feed has a place.
fn body(html: &str, direction: Direction) -> String {
    let html = clean(html);
    match (html.trim(), direction) {
        ("", _) => String::new(),
        (bare, Direction::Ltr) if bare.len() == html.len() => html,
        (bare, Direction::Ltr) => bare.to_owned(),
        (bare, Direction::Rtl) => format!("<div dir=\"rtl\">\n{bare}\n</div>"),
    }
}

fn cleaned(post: &Post) -> Post {
    let title = line(&post.title);
    Post {
        id: PostId::new(line(post.id.as_str())),
        key: post.key.clone(),
        path: post.path.clone(),
        url: line(&post.url),
        place: post.place.clone(),
        title: if title.is_empty() { line(&post.key) } else { title },
        summary: line(&post.summary),
        html: String::new(),
        published: post.published,
        updated: post.updated,
        authors: lines(&post.authors),
        tags: lines(&post.tags),
        language: line(&post.language),
        direction: post.direction,
        image: post.image.as_ref().map(|image| Image {
            url: line(&image.url),
            alt: line(&image.alt),
            ..image.clone()
        }),
        comments: post
            .comments
            .as_ref()
            .map(|comments| Comments { url: line(&comments.url), count: comments.count }),
        related: post.related.clone(),
        feed: FeedChoice {
            enclosures: post.feed.enclosures.iter().map(enclosure).collect(),
            comments: post.feed.comments.as_deref().map(line),
            ..post.feed.clone()
        },
    }
}

fn enclosure(file: &Enclosure) -> Enclosure {
    Enclosure { url: line(&file.url), media_type: line(&file.media_type), ..file.clone() }
}

/// When `post` changed last. Edits are mostly dated to the day, and many posts are edited on one
/// day (a mass edit, an import). A fraction of a second that depends on the post alone keeps
/// such edits apart for ever, whichever other posts come, go or change.
fn changed(post: &Post) -> Timestamp {
    const SECOND: i64 = 1_000_000;
    let micros = post.updated.micros();
    if post.updated <= post.published {
        return post.published;
    }
    if micros.rem_euclid(SECOND) != 0 {
        return post.updated;
    }
    let hash = Sha256::digest(post.id.as_str().as_bytes());
    let number = hash.iter().take(6).fold(0, |number, &octet| number << 8 | i64::from(octet));
    Timestamp::from_micros(micros + 1 + number % (SECOND - 1))
}

/// Octets that the entry takes in Atom, the longest of the formats, roughly.
pub(super) fn weight(post: &Post, body: usize, site: &Site<'_>) -> usize {
    let body = if is_cut(post, site) || body + FRAME >= LIMIT { 0 } else { body };
    body + 2 * length(&post.summary) + FRAME
}

/// Octets that a text takes once it is escaped.
pub fn length(text: &str) -> usize {
    let longer = |octet| match octet {
        b'<' | b'>' => 3,
        b'&' => 4,
        b'"' | b'\'' => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(longer).sum::<usize>()
}

/// `text` without what XML 1.0 forbids (controls, non-characters) or discourages (U+007F to
/// U+009F, mostly the remains of a wrong encoding), with `\n` for every line end.
pub(super) fn clean(text: &str) -> String {
    // Octets with which none of that begins: nearly every text is made of these alone.
    let is_harmless = |octet: &u8| matches!(octet, b'\n' | b'\t' | b' '..=b'~' | 0x80..=0xc1 | 0xc3..=0xee | 0xf0..);
    if text.as_bytes().iter().all(is_harmless) {
        return text.to_owned();
    }
    let allowed = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(allowed).collect()
}

/// `text` cleaned, on one line.
pub(super) fn line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ").trim().to_owned()
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| line(text)).filter(|text| !text.is_empty()).collect()
}

/// `text` as HTML that shows it literally.
pub(super) fn as_html(text: &str) -> String {
    quick_xml::escape::minimal_escape(text).replace('>', "&gt;")
}

/// The attributes of Media RSS for a lead image.
pub(super) fn media_attributes(image: &Image) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::from([
        ("url".to_owned(), image.url.clone()),
        ("medium".to_owned(), "image".to_owned()),
    ]);
    let known = [
        ("type", image.media_type.as_deref().map(str::to_owned)),
        ("width", image.width.map(|pixels| pixels.to_string())),
        ("height", image.height.map(|pixels| pixels.to_string())),
    ];
    for (name, value) in known {
        attributes.extend(value.map(|value| (name.to_owned(), value)));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_only_what_xml_cannot_carry() {
        for (text, expected) in [
            ("a\u{0}b\u{8}c\u{1b}d", "abcd"),
            ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
            ("x\u{fffe}y\u{ffff}z\u{92}", "xyz"),
            ("👩‍🚒 سلام \u{200f}é\u{a0}\u{fffd}", "👩‍🚒 سلام \u{200f}é\u{a0}\u{fffd}"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
        assert_eq!(line(" two\r\nlines\t"), "two lines");
    }

    #[test]
    fn plain_text_is_shown_literally_as_html() {
        assert_eq!(as_html("<T> & \"x\""), "&lt;T&gt; &amp; \"x\"");
    }

    #[test]
    fn an_edit_keeps_its_second() {
        let mut post = super::super::sample::posts().remove(0);
        post.updated = post.published.plus(std::time::Duration::from_secs(86_400));
        assert_eq!(changed(&post).seconds(), post.updated.seconds());
        assert_ne!(changed(&post), post.updated);
        post.updated = post.published;
        assert_eq!(changed(&post), post.published);
    }
}
