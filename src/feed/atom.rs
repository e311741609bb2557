//! A feed as Atom 1.0.
//!
//! Titles and summaries are text, or escaped HTML where they could be mistaken for it; the
//! content is escaped HTML. Each entry has an `updated` of its own. An entry in another language
//! than the site says so, and a link to comments says how many there are.
//!
//! It fails where the `atom_syndication` crate does.
//!
//! Standards: RFC 4287, RFC 4685 (threads), RFC 5005 (history), Media RSS, WebSub (hubs).

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Feed, FixedDateTime, Generator, Link, Person, Text, WriteConfig,
    extension::{Extension, ExtensionMap},
};
use quick_xml::events::{BytesStart, Event};

use super::{
    Error, Format, GENERATOR, Head, Piece,
    entry::{self, Entry},
    finish, namespaces,
};
use crate::{
    domain::post::{Enclosure, Image},
    time::Timestamp,
};

/// What stands behind the entries.
pub(super) const FOOT: &str = "</feed>\n";

/// What stands before the entries.
pub(super) fn head(head: &Head<'_>) -> Result<String, Error> {
    let site = head.site;
    let hubs = head.hubs().iter().map(|hub| bare("hub", entry::line(hub)));
    let history = head.history(Format::Atom).into_iter();
    let history = history.map(|(rel, href)| link(rel, href, Format::Atom.media_type()));
    let own = [
        link("self", head.own(Format::Atom), Format::Atom.media_type()),
        link("alternate", head.page.clone(), "text/html"),
    ];
    let author = site.author.map_or_else(|| entry::line(site.title), entry::line);
    let feed = Feed {
        id: head.id.clone(),
        updated: instant(head.updated()),
        // RFC 4287 section 4.1.1: without an author here each entry needs one.
        authors: vec![person(&author)],
        generator: Some(Generator { value: GENERATOR.to_owned(), uri: None, version: None }),
        links: own.into_iter().chain(history).chain(hubs).collect(),
        subtitle: Some(text(&site.description())),
        namespaces: namespaces(&head.modules),
        extensions: head.mark().map(mark).unwrap_or_default(),
        lang: Some(head.language.clone()),
        title: text(&head.title),
        ..Feed::default()
    };
    let text = finish::head(&serialised(&feed)?, "</feed>", |event| event)?;
    Ok(finish::prolog(&head.style()) + &text)
}

fn mark(name: &str) -> ExtensionMap {
    let element = Extension { name: format!("fh:{name}"), ..Extension::default() };
    BTreeMap::from([("fh".to_owned(), BTreeMap::from([(name.to_owned(), vec![element])]))])
}

/// One entry.
pub(super) fn piece(entry: &Entry) -> Result<Piece, Error> {
    let written = atom_entry(entry);
    let modules = ["media", "thr"].into_iter();
    let modules = modules.filter(|prefix| written.extensions.contains_key(*prefix)).collect();
    let feed = Feed { entries: vec![written], ..Feed::default() };
    let text = finish::element(&serialised(&feed)?, ("<entry", "</entry>"), attributes(entry))?;
    let body = entry.body.as_deref().map(quick_xml::escape::escape);
    Ok(Piece { text: finish::filled(text, body.as_deref()), modules })
}

fn serialised(feed: &Feed) -> Result<Vec<u8>, Error> {
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(2) };
    Ok(feed.write_with_config(Vec::new(), config)?)
}

/// An edit that adds the attributes for which the crate has no place: the language of an entry,
/// and the number of comments behind a link to them (RFC 4685 section 4).
fn attributes(entry: &Entry) -> impl FnMut(Event<'_>) -> Event<'_> {
    let comments = entry.post.comments.as_ref().and_then(|comments| comments.count);
    move |event| match event {
        Event::Start(mut element) if element.name().as_ref() == b"entry" => {
            if let Some(language) = entry.language.as_deref() {
                element.push_attribute(("xml:lang", language));
            }
            Event::Start(element)
        }
        Event::Empty(mut element) if is_replies(&element) => {
            if let Some(count) = comments {
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
    links.extend(entry.enclosures().iter().map(enclosure));
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
        content: entry.body.as_ref().map(|_| Content {
            value: Some(entry::BODY.to_owned()),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        extensions: extensions(entry),
        ..atom_syndication::Entry::default()
    }
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

/// A link to something of no known type.
fn bare(rel: &str, href: String) -> Link {
    Link { href, rel: rel.to_owned(), ..Link::default() }
}

fn enclosure(file: &Enclosure) -> Link {
    let length = Some(file.length.to_string());
    Link { length, ..link("enclosure", file.url.clone(), &file.media_type) }
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
        sample::text(&sample::posts(), Format::Atom)
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
        assert!(xml.find("<fh:complete/>").unwrap() < xml.find("<entry").unwrap());
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
        let xml = sample::text(&posts, Format::Atom);
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
