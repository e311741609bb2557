//! A feed as JSON Feed 1.1.
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
    Error, Format, Head, Piece,
    entry::{self, Entry},
};
use crate::{domain::post::Enclosure, time::Timestamp};

const VERSION: &str = "https://jsonfeed.org/version/1.1";

/// What stands behind the items.
pub(super) const FOOT: &str = "\n  ]\n}\n";

/// What stands between two items.
pub(super) const BETWEEN: &str = ",\n";

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    description: String,
    language: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: [(); 0],
}

#[derive(Serialize)]
struct Hub<'a> {
    r#type: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    size_in_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u32>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
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

/// What stands before the items.
pub(super) fn head(head: &Head<'_>) -> Result<String, Error> {
    const ITEMS: &str = "\"items\": []";
    let site = head.site;
    let older = head.history(Format::Json).into_iter().find(|(rel, _)| *rel == "prev-archive");
    let feed = Feed {
        version: VERSION,
        title: &head.title,
        home_page_url: &head.page,
        feed_url: head.own(Format::Json),
        next_url: older.map(|(_, address)| address),
        description: site.description(),
        language: &head.language,
        authors: site.author.iter().map(|name| Author { name: entry::line(name) }).collect(),
        hubs: head.hubs().iter().map(|url| Hub { r#type: "WebSub", url }).collect(),
        items: [],
    };
    let text = serde_json::to_string_pretty(&feed)?;
    let end = text.rfind(ITEMS).ok_or(Error::Shape(ITEMS))?;
    Ok(format!("{}\"items\": [\n", text.get(..end).unwrap_or_default()))
}

/// One item.
pub(super) fn piece(entry: &Entry) -> Result<Piece, Error> {
    // A line end inside a text is written as \n, so that every line here is one of the layout.
    let text = serde_json::to_string_pretty(&item(entry))?.replace('\n', "\n    ");
    let body = entry.body.as_ref().map(serde_json::to_string).transpose()?;
    let text = match body {
        Some(body) => text.replacen("\"\\u0001\"", &body, 1),
        None => text,
    };
    Ok(Piece { text: format!("    {text}"), modules: Vec::new() })
}

fn item(entry: &Entry) -> Item<'_> {
    let post = &entry.post;
    Item {
        id: post.id.as_str(),
        url: &post.url,
        title: &post.title,
        content: match entry.body {
            Some(_) => Text::Html(entry::BODY),
            None => Text::Plain(entry.plain()),
        },
        summary: &post.summary,
        image: post.image.as_ref().map(|image| image.url.as_str()),
        date_published: date(post.published),
        date_modified: entry.edited().map(date),
        authors: post.authors.iter().map(|name| Author { name: name.clone() }).collect(),
        tags: &post.tags,
        language: entry.language.as_deref(),
        attachments: entry.enclosures().iter().map(attachment).collect(),
    }
}

fn attachment(file: &Enclosure) -> Attachment<'_> {
    Attachment {
        url: &file.url,
        mime_type: &file.media_type,
        size_in_bytes: file.length,
        duration_in_seconds: file.seconds,
    }
}

/// RFC 3339, with a fraction where there is one: the same instant as in Atom.
fn date(at: Timestamp) -> String {
    let at = chrono::DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::super::{Site, sample};
    use super::*;

    #[test]
    fn the_feed_reads_as_agreed() {
        insta::assert_snapshot!(sample::text(&sample::posts(), Format::Json));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut post = sample::posts().remove(1);
        (post.image, post.tags, post.authors) = (None, vec![], vec![]);
        post.updated = post.published;
        post.summary.clear();
        let site = Site { author: None, ..sample::site() };
        let feed = sample::written(&site, &[post], Format::Json);
        for word in [
            "null",
            "image",
            "tags",
            "authors",
            "date_modified",
            "summary",
            "language\": \"fa",
            "attachments",
            "hubs",
            "next_url",
        ] {
            assert!(!feed.contains(word), "{word}: {feed}");
        }
    }
}
