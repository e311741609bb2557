//! Feeds: the newest posts as Atom 1.0, RSS 2.0 and JSON Feed 1.1.
//!
//! The same entries stand in all three, in the same order, under the same identities. The bytes
//! depend on the posts and the channel alone, so that building twice changes nothing, and a post
//! that was not edited reads as it did before. No character that XML forbids gets through, no
//! mail address, no relative address; validators find neither error nor warning.
//!
//! It does not choose the posts, sanitise their bodies or write files: the caller cuts the list,
//! `catalog` has cleaned the HTML, `publish` puts the bytes in place. There are no archive
//! documents (RFC 5005).
//!
//! [`Error`] is a serialiser's refusal; no post is known to cause one.
//!
//! Standards: RFC 4287 (Atom), RFC 4685 (its threads), the RSS 2.0 specification and the RSS
//! Best Practices Profile of the RSS Advisory Board, Media RSS 1.5, JSON Feed 1.1.

mod atom;
mod entry;
mod finish;
mod json;
mod rss;

#[cfg(test)]
mod sample;

use crate::domain::post::Post;

/// The three files by name, media type and the title a page gives them for autodiscovery. The
/// name follows [`Channel::home`] in each feed's address of itself.
pub const FILES: [(&str, &str, &str); 3] =
    [(ATOM, ATOM_TYPE, "Atom"), (RSS, RSS_TYPE, "RSS"), (JSON, JSON_TYPE, "JSON Feed")];

const ATOM: &str = "feed.xml";
const RSS: &str = "rss.xml";
const JSON: &str = "feed.json";

const ATOM_TYPE: &str = "application/atom+xml";
const RSS_TYPE: &str = "application/rss+xml";
const JSON_TYPE: &str = "application/feed+json";

/// Who writes the feeds. Without a version: an upgrade must not change a feed.
const GENERATOR: &str = "Postrider";

/// What the feeds of a site say, whatever the format.
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The site's title, plain text.
    pub title: &'a str,
    /// What the site is about, plain text; the title stands in for an empty one.
    pub description: &'a str,
    /// BCP 47 tag of the site's language.
    pub language: &'a str,
    /// The site's address, ending with `/`.
    pub home: &'a str,
    /// Whose site it is.
    pub author: Option<&'a str>,
    /// Identity of the feed: a `tag:` URI (RFC 4151) that outlives the site's address.
    pub id: &'a str,
    /// The posts, newest first, already cut to the configured number.
    pub posts: &'a [Post],
    /// Summaries instead of full text.
    pub summary_only: bool,
}

impl Channel<'_> {
    /// The address of the feed called `file`.
    fn address(&self, file: &str) -> String {
        format!("{}{file}", entry::line(self.home))
    }

    /// The title on one line.
    fn title(&self) -> String {
        entry::line(self.title)
    }

    /// The description on one line; RSS 2.0 wants one, so the title stands in.
    fn description(&self) -> String {
        match entry::line(self.description) {
            description if description.is_empty() => self.title(),
            description => description,
        }
    }
}

/// A feed that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The RSS serialiser refused.
    #[error("cannot write the RSS feed ({RSS}): {0}")]
    Rss(#[from] ::rss::Error),
    /// The Atom serialiser refused.
    #[error("cannot write the Atom feed ({ATOM}): {0}")]
    Atom(#[from] atom_syndication::Error),
    /// The JSON serialiser refused.
    #[error("cannot write the JSON feed ({JSON}): {0}")]
    Json(#[from] serde_json::Error),
    /// What a serialiser wrote is not well-formed XML.
    #[error("cannot write {file}: what was serialised is not well-formed XML ({source})")]
    Malformed {
        /// Which feed.
        file: &'static str,
        /// What the XML reader said.
        source: quick_xml::Error,
    },
}

/// The channel as RSS 2.0.
pub fn rss(channel: &Channel) -> Result<Vec<u8>, Error> {
    rss::write(channel)
}

/// The channel as Atom 1.0.
pub fn atom(channel: &Channel) -> Result<Vec<u8>, Error> {
    atom::write(channel)
}

/// The channel as JSON Feed 1.1.
pub fn json(channel: &Channel) -> Result<Vec<u8>, Error> {
    json::write(channel)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{sample, *};

    /// What an independent reader finds in each of the three feeds: (id, title, content).
    fn read_back(channel: &Channel) -> [Vec<(String, String, String)>; 3] {
        let rss = ::rss::Channel::read_from(&rss(channel).unwrap()[..]).unwrap();
        let atom = atom_syndication::Feed::read_from(&atom(channel).unwrap()[..]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json(channel).unwrap()).unwrap();
        let unescaped = |text: &atom_syndication::Text| match text.r#type {
            atom_syndication::TextType::Html => {
                quick_xml::escape::unescape(&text.value).unwrap().into_owned()
            }
            _ => text.value.clone(),
        };
        [
            rss.items
                .into_iter()
                .map(|item| (item.guid.unwrap().value, item.title.unwrap(), item.content.unwrap()))
                .collect(),
            atom.entries
                .iter()
                .map(|entry| {
                    let content = entry.content.as_ref().unwrap().value.clone().unwrap();
                    (entry.id.clone(), unescaped(&entry.title), content)
                })
                .collect(),
            json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| {
                    let text = |key: &str| item[key].as_str().unwrap().to_owned();
                    (text("id"), text("title"), text("content_html"))
                })
                .collect(),
        ]
    }

    #[test]
    fn all_formats_tell_the_same_entries_in_the_same_order() {
        let posts = sample::posts();
        let [rss, atom, json] = read_back(&sample::channel(&posts));
        assert_eq!(rss, atom);
        assert_eq!(atom, json);
        let ids: Vec<_> = posts.iter().map(|post| post.id.as_str()).collect();
        assert_eq!(rss.iter().map(|(id, ..)| id).collect::<Vec<_>>(), ids);
    }

    #[test]
    fn hostile_characters_never_break_a_feed() {
        let nasty = ["\u{0}", "\u{8}", "\u{b}", "\u{1f}", "\u{85}", "\u{fffe}", "\u{ffff}"];
        let markup = ["]]>", "</title>", "<!--", "&bogus;", "&amp;", "<?x", "a & b", "\"'", "\r\n"];
        for bad in nasty.into_iter().chain(markup) {
            let mut posts = sample::posts();
            let post = posts.first_mut().unwrap();
            post.title = format!("x{bad}y");
            post.summary = format!("x{bad}y");
            post.html = format!("<p>x{bad}y</p>");
            post.tags = vec![format!("x{bad}y")];
            post.authors = vec![format!("x{bad}y")];
            post.url = format!("https://salt.example/x?a=1&b={}", bad.escape_unicode());
            post.image.as_mut().unwrap().alt = format!("x{bad}y");
            post.image.as_mut().unwrap().url = "https://salt.example/i.png?a=1&b=2".to_owned();
            let [rss, atom, json] = read_back(&sample::channel(&posts));
            let expected = match bad {
                bad if nasty.contains(&bad) => "xy".to_owned(),
                "\r\n" => "x y".to_owned(),
                bad => format!("x{bad}y"),
            };
            for entries in [&rss, &atom, &json] {
                assert_eq!(entries.first().unwrap().1, expected, "{bad:?}");
            }
            assert_eq!(rss, atom, "{bad:?}");
            assert_eq!(atom, json, "{bad:?}");
        }
    }

    #[test]
    fn editing_one_post_changes_no_other_entry() {
        let mut posts = sample::posts();
        for post in &mut posts {
            post.updated = posts_edited_on_one_day();
        }
        let before = stamps(&posts);
        posts.get_mut(1).unwrap().updated = posts_edited_on_one_day().plus(Duration::from_secs(60));
        let after = stamps(&posts);
        let changed: Vec<_> = (0..3).filter(|&n| before.get(n) != after.get(n)).collect();
        assert_eq!(changed, [1]);
    }

    fn posts_edited_on_one_day() -> crate::time::Timestamp {
        crate::time::Timestamp::parse_rfc3339("2026-11-24T09:00:00Z").unwrap()
    }

    fn stamps(posts: &[Post]) -> Vec<String> {
        let feed = atom_syndication::Feed::read_from(&atom(&sample::channel(posts)).unwrap()[..]);
        feed.unwrap().entries.iter().map(|entry| entry.updated.to_rfc3339()).collect()
    }

    #[test]
    fn every_updated_is_unique_and_the_feed_has_the_newest() {
        let mut posts = sample::posts();
        for post in &mut posts {
            post.updated = posts_edited_on_one_day();
        }
        let xml = atom(&sample::channel(&posts)).unwrap();
        let feed = atom_syndication::Feed::read_from(&xml[..]).unwrap();
        let mut all: Vec<_> = feed.entries.iter().map(|entry| entry.updated).collect();
        assert_eq!(all.iter().max(), Some(&feed.updated));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), posts.len());
    }

    #[test]
    fn no_feed_names_the_time_it_was_built() {
        let posts = sample::posts();
        let channel = sample::channel(&posts);
        for write in [rss, atom, json] {
            assert_eq!(write(&channel).unwrap(), write(&channel).unwrap());
        }
    }

    #[test]
    fn a_feed_without_posts_is_still_a_feed() {
        let channel = sample::channel(&[]);
        let feed = atom_syndication::Feed::read_from(&atom(&channel).unwrap()[..]).unwrap();
        assert_eq!(feed.updated.to_rfc3339(), "2000-01-01T00:00:00+00:00");
        assert_eq!(::rss::Channel::read_from(&rss(&channel).unwrap()[..]).unwrap().items, []);
        let json: serde_json::Value = serde_json::from_slice(&json(&channel).unwrap()).unwrap();
        assert_eq!(json["items"], serde_json::json!([]));
    }

    #[test]
    fn summaries_replace_the_text_when_asked() {
        let posts = sample::posts();
        let channel = Channel { summary_only: true, ..sample::channel(&posts) };
        for write in [rss, atom, json] {
            let text = String::from_utf8(write(&channel).unwrap()).unwrap();
            assert!(text.contains("A summary of the hostile one"), "{text}");
            assert!(!text.contains("heat gun"), "{text}");
        }
    }

    #[test]
    fn a_feed_stays_below_a_million_bytes() {
        let long = |size: usize| "<p>\"long\" &amp; winding</p>\n".repeat(size / 28);
        for (sizes, entries) in [(vec![851_000, 9_000, 9_000], 3), (vec![200_000; 9], 2)] {
            let template = sample::posts().remove(1);
            let posts: Vec<Post> = sizes
                .iter()
                .enumerate()
                .map(|(n, &size)| Post {
                    id: crate::domain::post::PostId::new(format!("tag:salt.example,2026:{n}")),
                    html: long(size),
                    ..template.clone()
                })
                .collect();
            for write in [rss, atom, json] {
                assert!(write(&sample::channel(&posts)).unwrap().len() < 1_000_000);
            }
            let feed = rss(&sample::channel(&posts)).unwrap();
            assert_eq!(::rss::Channel::read_from(&feed[..]).unwrap().items.len(), entries);
        }
    }
}
