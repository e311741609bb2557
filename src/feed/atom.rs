//! The channel as Atom 1.0.
//!
//! Titles and summaries are text, or escaped HTML where they could be mistaken for it; the
//! content is escaped HTML. Each entry has an `updated` of its own. An entry in another language
//! than the feed says so, and a link to comments says how many there are.
//!
//! No feed has an extension element of its own: the crate would put it behind the entries, where
//! the grammar of RFC 4287 does not allow it.
//!
//! It fails where the `atom_syndication` crate does.
//!
//! Standards: RFC 4287, RFC 4685 (threads), Media RSS.

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Feed, FixedDateTime, Generator, Link, Person, Text, WriteConfig,
    extension::{Extension, ExtensionMap},
};
use quick_xml::events::{BytesStart, Event};

use super::{
    ATOM, ATOM_TYPE, Channel, Error, GENERATOR,
    entry::{self, Entry},
    finish,
};
use crate::{domain::post::Image, time::Timestamp};

const MODULES: [(&str, &str); 2] =
    [("media", "http://search.yahoo.com/mrss/"), ("thr", "http://purl.org/syndication/thread/1.0")];

/// The whole feed.
pub(super) fn write(channel: &Channel) -> Result<Vec<u8>, Error> {
    let entries = entry::entries(channel);
    let written: Vec<_> = entries.iter().map(atom_entry).collect();
    let title = channel.title();
    let feed = Feed {
        id: entry::line(channel.id),
        updated: instant(entry::newest(&entries)),
        // RFC 4287 section 4.1.1: without an author here each entry needs one.
        authors: vec![person(channel.author.unwrap_or(&title))],
        generator: Some(Generator { value: GENERATOR.to_owned(), uri: None, version: None }),
        links: vec![
            link("self", channel.address(ATOM), ATOM_TYPE),
            link("alternate", entry::line(channel.home), "text/html"),
        ],
        subtitle: Some(text(&channel.description())),
        namespaces: namespaces(&written),
        lang: Some(entry::line(channel.language)),
        entries: written,
        title: text(&title),
        ..Feed::default()
    };
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(2) };
    let xml = feed.write_with_config(Vec::new(), config)?;
    finish::rewrite(&xml, attributes(&entries))
        .map_err(|source| Error::Malformed { file: ATOM, source })
}

/// An edit that adds the attributes for which the crate has no place: the language of an entry,
/// and the number of comments behind a link to them (RFC 4685 section 4).
fn attributes(entries: &[Entry]) -> impl FnMut(Event<'_>) -> Event<'_> {
    let mut rest = entries.iter();
    let mut current = None;
    move |event| match event {
        Event::Start(mut element) if element.name().as_ref() == b"entry" => {
            current = rest.next();
            if let Some(language) = current.and_then(|entry| entry.language.as_deref()) {
                element.push_attribute(("xml:lang", language));
            }
            Event::Start(element)
        }
        Event::Empty(mut element) if is_replies(&element) => {
            let comments = current.and_then(|entry| entry.post.comments.as_ref());
            if let Some(count) = comments.and_then(|comments| comments.count) {
                element.push_attribute(("thr:count", count.to_string().as_str()));
            }
            Event::Empty(element)
        }
        event => event,
    }
}

fn is_replies(element: &BytesStart) -> bool {
    element.name().as_ref() == b"link"
        && element.attributes().flatten().any(|attribute| *attribute.value == *b"replies")
}

fn atom_entry(entry: &Entry) -> atom_syndication::Entry {
    let post = &entry.post;
    let comments = post.comments.as_ref();
    let mut links = vec![link("alternate", post.url.clone(), "text/html")];
    links.extend(comments.map(|comments| link("replies", comments.url.clone(), "text/html")));
    atom_syndication::Entry {
        title: text(&post.title),
        id: post.id.to_string(),
        updated: instant(entry.updated),
        authors: post.authors.iter().map(|name| person(name)).collect(),
        categories: post.tags.iter().map(|tag| category(tag)).collect(),
        links,
        published: Some(instant(post.published)),
        // Section 4.1.1: an entry has content or a summary.
        summary: (!post.summary.is_empty() || entry.body.is_none()).then(|| text(entry.plain())),
        content: entry.body.clone().map(|value| Content {
            value: Some(value),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        extensions: extensions(entry),
        ..atom_syndication::Entry::default()
    }
}

fn namespaces(entries: &[atom_syndication::Entry]) -> BTreeMap<String, String> {
    let used = |prefix: &str| entries.iter().any(|entry| entry.extensions.contains_key(prefix));
    let modules = MODULES.iter().filter(|(prefix, _)| used(prefix));
    modules.map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect()
}

fn extensions(entry: &Entry) -> ExtensionMap {
    let comments = entry.post.comments.as_ref().and_then(|comments| comments.count);
    let elements = [
        ("media", "content", entry.post.image.as_ref().map(media)),
        ("thr", "total", comments.map(|count| element("thr:total", count.to_string()))),
    ];
    let mut map = ExtensionMap::new();
    for (prefix, name, element) in elements {
        if let Some(element) = element {
            map.insert(prefix.to_owned(), BTreeMap::from([(name.to_owned(), vec![element])]));
        }
    }
    map
}

fn media(image: &Image) -> Extension {
    // Unlike its sibling for RSS, the crate writes the attributes of extensions as they are.
    let escape = |(name, value): (String, String)| (name, quick_xml::escape::escape(value).into());
    let mut media = Extension {
        name: "media:content".to_owned(),
        attrs: entry::media_attributes(image).into_iter().map(escape).collect(),
        ..Extension::default()
    };
    if !image.alt.is_empty() {
        let mut alt = element("media:description", image.alt.clone());
        alt.attrs.insert("type".to_owned(), "plain".to_owned());
        media.children.insert("description".to_owned(), vec![alt]);
    }
    media
}

fn element(name: &str, value: String) -> Extension {
    Extension { name: name.to_owned(), value: Some(value), ..Extension::default() }
}

/// Plain text as a text construct (section 3.1). Text that holds what looks like a tag or an
/// entity is declared as HTML and escaped, since readers guess; all else stays text.
fn text(plain: &str) -> Text {
    if looks_like_html(plain) { Text::html(entry::as_html(plain)) } else { Text::plain(plain) }
}

fn looks_like_html(plain: &str) -> bool {
    let next_to = |mark: char| {
        plain.match_indices(mark).any(|(at, _)| {
            let next = plain[at + 1..].chars().next();
            next.is_some_and(|next| !next.is_whitespace())
        })
    };
    next_to('<') || next_to('&')
}

fn link(rel: &str, href: String, media_type: &str) -> Link {
    Link { href, rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..Link::default() }
}

fn person(name: &str) -> Person {
    Person { name: entry::line(name), ..Person::default() }
}

fn category(tag: &str) -> Category {
    Category { term: tag.to_owned(), scheme: None, label: None }
}

fn instant(at: Timestamp) -> FixedDateTime {
    chrono::DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().fixed_offset()
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn feed() -> String {
        let posts = sample::posts();
        String::from_utf8(write(&sample::channel(&posts)).unwrap()).unwrap()
    }

    #[test]
    fn the_feed_reads_as_agreed() {
        insta::assert_snapshot!(feed());
    }

    #[test]
    fn nothing_follows_the_first_entry_but_entries() {
        let xml = feed();
        let (_, tail) = xml.split_once("<entry").unwrap();
        for gap in tail.split("</entry>").skip(1) {
            let next = gap.trim_start();
            assert!(next.starts_with("<entry") || next == "</feed>\n", "{next}");
        }
    }

    #[test]
    fn only_entries_of_another_language_say_so() {
        assert_eq!(feed().matches("<entry xml:lang=\"fa\">").count(), 1);
        assert_eq!(feed().matches("<entry>").count(), 2);
        assert!(feed().contains("xml:lang=\"en\""));
    }

    #[test]
    fn comments_are_counted_on_their_link_and_in_their_entry() {
        let xml = feed();
        assert!(xml.contains("thr:count=\"7\""), "{xml}");
        assert!(xml.contains("<thr:total>7</thr:total>"), "{xml}");
        let mut posts = sample::posts();
        posts.iter_mut().flat_map(|post| &mut post.comments).for_each(|c| c.count = None);
        let xml = String::from_utf8(write(&sample::channel(&posts)).unwrap()).unwrap();
        assert!(xml.contains("rel=\"replies\"") && !xml.contains("thr:"), "{xml}");
    }

    #[test]
    fn text_is_declared_as_html_only_where_it_could_be_mistaken_for_it() {
        for (plain, html) in [
            ("Salt & Solder", false),
            ("1 < 2", false),
            ("Vec<T>", true),
            ("what &amp; means", true),
            ("R&D", true),
            ("ends with &", false),
        ] {
            assert_eq!(text(plain).r#type == atom_syndication::TextType::Html, html, "{plain}");
        }
    }
}
