//! The channel as JSON Feed 1.1.
//!
//! Ids are texts, titles and summaries plain text, addresses absolute, dates in UTC; what is not
//! known is left out rather than written as null.
//!
//! It fails where `serde_json` does, which these types give no cause for.
//!
//! Standard: JSON Feed 1.1.

use chrono::SecondsFormat;
use serde::Serialize;

use super::{
    Channel, Error, JSON,
    entry::{self, Entry},
};
use crate::time::Timestamp;

const VERSION: &str = "https://jsonfeed.org/version/1.1";

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    description: String,
    language: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    url: &'a str,
    title: &'a str,
    #[serde(flatten)]
    content: Text<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
}

/// An item has one of the two.
#[derive(Serialize)]
enum Text<'a> {
    #[serde(rename = "content_html")]
    Html(&'a str),
    #[serde(rename = "content_text")]
    Plain(&'a str),
}

#[derive(Serialize)]
struct Author {
    name: String,
}

/// The whole feed.
pub(super) fn write(channel: &Channel) -> Result<Vec<u8>, Error> {
    let entries = entry::entries(channel);
    let feed = Feed {
        version: VERSION,
        title: channel.title(),
        home_page_url: entry::line(channel.home),
        feed_url: channel.address(JSON),
        description: channel.description(),
        language: entry::line(channel.language),
        authors: channel.author.iter().map(|name| Author { name: entry::line(name) }).collect(),
        items: entries.iter().map(item).collect(),
    };
    let mut octets = serde_json::to_vec_pretty(&feed)?;
    octets.push(b'\n');
    Ok(octets)
}

fn item(entry: &Entry) -> Item<'_> {
    let post = &entry.post;
    Item {
        id: post.id.as_str(),
        url: &post.url,
        title: &post.title,
        content: entry.body.as_deref().map_or(Text::Plain(entry.plain()), Text::Html),
        summary: &post.summary,
        image: post.image.as_ref().map(|image| image.url.as_str()),
        date_published: date(post.published),
        date_modified: entry.edited().map(date),
        authors: post.authors.iter().map(|name| Author { name: name.clone() }).collect(),
        tags: &post.tags,
        language: entry.language.as_deref(),
    }
}

/// RFC 3339, with a fraction where there is one: the same instant as in Atom.
fn date(at: Timestamp) -> String {
    let at = chrono::DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn the_feed_reads_as_agreed() {
        let posts = sample::posts();
        let feed = String::from_utf8(write(&sample::channel(&posts)).unwrap()).unwrap();
        insta::assert_snapshot!(feed);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut post = sample::posts().remove(1);
        (post.image, post.tags, post.authors) = (None, vec![], vec![]);
        post.updated = post.published;
        post.summary.clear();
        let posts = [post];
        let channel = Channel { author: None, ..sample::channel(&posts) };
        let feed = String::from_utf8(write(&channel).unwrap()).unwrap();
        for word in
            ["null", "image", "tags", "authors", "date_modified", "summary", "language\": \"fa"]
        {
            assert!(!feed.contains(word), "{word}: {feed}");
        }
    }
}
