//! The channel as RSS 2.0.
//!
//! Every item has a title, a link, a guid that is no permalink, a date in UTC and a description
//! before its full text. Authors are `dc:creator`s: RSS's own `author` is a mail address, and a
//! mail address in a feed is an invitation to spam. `atom:updated` tells of edits, which RSS
//! cannot. There is no channel image: its title and link would repeat the channel's.
//!
//! It fails where the `rss` crate does.
//!
//! Standards: RSS 2.0 and the RSS Best Practices Profile; the modules Content, Dublin Core,
//! Slash, Media RSS and Atom.

use std::collections::BTreeMap;

use rss::{
    Category, Guid, Item,
    extension::{Extension, ExtensionMap, atom::AtomExtension, dublincore::DublinCoreExtension},
};

use super::{
    Channel, Error, GENERATOR, RSS, RSS_TYPE,
    entry::{self, Entry},
    finish,
};
use crate::domain::post::Image;

/// The specification, by the address that validators know.
const DOCS: &str = "https://www.rssboard.org/rss-specification";

/// Minutes for which a reader may keep the feed.
const TTL: &str = "60";

/// Modules for which the crate has no type, so that it does not declare them by itself.
const MODULES: [(&str, &str); 2] = [
    ("media", "http://search.yahoo.com/mrss/"),
    ("slash", "http://purl.org/rss/1.0/modules/slash/"),
];

/// The whole feed.
pub(super) fn write(channel: &Channel) -> Result<Vec<u8>, Error> {
    let entries = entry::entries(channel);
    let items: Vec<Item> = entries.iter().map(item).collect();
    let feed = rss::Channel {
        title: channel.title(),
        link: entry::line(channel.home),
        description: channel.description(),
        language: Some(entry::line(channel.language)),
        last_build_date: (!entries.is_empty()).then(|| entry::newest(&entries).rfc5322()),
        generator: Some(GENERATOR.to_owned()),
        docs: Some(DOCS.to_owned()),
        ttl: Some(TTL.to_owned()),
        atom_ext: Some(AtomExtension { links: vec![own_address(channel)] }),
        namespaces: namespaces(&items),
        items,
        ..rss::Channel::default()
    };
    let xml = feed.pretty_write_to(Vec::new(), b' ', 2)?;
    finish::rewrite(&xml, finish::hexadecimal_references())
        .map_err(|source| Error::Malformed { file: RSS, source })
}

fn own_address(channel: &Channel) -> atom_syndication::Link {
    atom_syndication::Link {
        href: channel.address(RSS),
        rel: "self".to_owned(),
        mime_type: Some(RSS_TYPE.to_owned()),
        ..atom_syndication::Link::default()
    }
}

/// Declarations for the modules in use, and for no others.
fn namespaces(items: &[Item]) -> BTreeMap<String, String> {
    let used = |prefix: &str| items.iter().any(|item| item.extensions.contains_key(prefix));
    let modules = MODULES.iter().filter(|(prefix, _)| used(prefix));
    modules.map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect()
}

fn item(entry: &Entry) -> Item {
    let post = &entry.post;
    let category = |tag: &String| Category { name: tag.clone(), domain: None };
    Item {
        title: Some(post.title.clone()),
        link: Some(post.url.clone()),
        // Readers take a description for HTML, the summary is plain text.
        description: Some(entry::as_html(entry.plain())),
        categories: post.tags.iter().map(category).collect(),
        comments: post.comments.as_ref().map(|comments| comments.url.clone()),
        guid: Some(Guid { value: post.id.to_string(), permalink: false }),
        pub_date: Some(post.published.rfc5322()),
        content: entry.body.clone(),
        extensions: extensions(entry),
        dublin_core_ext: dublin_core(entry),
        ..Item::default()
    }
}

fn dublin_core(entry: &Entry) -> Option<DublinCoreExtension> {
    let creators = entry.post.authors.clone();
    let languages: Vec<String> = entry.language.iter().cloned().collect();
    (!creators.is_empty() || !languages.is_empty()).then(|| DublinCoreExtension {
        creators,
        languages,
        ..DublinCoreExtension::default()
    })
}

fn extensions(entry: &Entry) -> ExtensionMap {
    let comments = entry.post.comments.as_ref().and_then(|comments| comments.count);
    let elements = [
        ("atom", "updated", entry.edited().map(|at| text("atom:updated", at.rfc3339()))),
        ("media", "content", entry.post.image.as_ref().map(media)),
        ("slash", "comments", comments.map(|count| text("slash:comments", count.to_string()))),
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
    let mut element = Extension {
        name: "media:content".to_owned(),
        attrs: entry::media_attributes(image),
        ..Extension::default()
    };
    if !image.alt.is_empty() {
        let mut alt = text("media:description", image.alt.clone());
        alt.attrs.insert("type".to_owned(), "plain".to_owned());
        element.children.insert("description".to_owned(), vec![alt]);
    }
    element
}

fn text(name: &str, value: String) -> Extension {
    Extension { name: name.to_owned(), value: Some(value), ..Extension::default() }
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
    fn a_description_stands_before_the_full_text() {
        for item in feed().split("<item>").skip(1) {
            let place = |tag: &str| item.find(tag).unwrap();
            assert!(place("<description>") < place("<content:encoded>"), "{item}");
        }
    }

    #[test]
    fn dates_are_in_utc_with_four_digit_years() {
        assert!(feed().contains("<pubDate>Tue, 24 Nov 2026 08:00:00 +0000</pubDate>"));
    }

    #[test]
    fn modules_are_declared_only_where_they_are_used() {
        assert!(feed().contains("xmlns:slash") && feed().contains("xmlns:media"));
        let mut posts = sample::posts();
        for post in &mut posts {
            (post.comments, post.image) = (None, None);
        }
        let xml = String::from_utf8(write(&sample::channel(&posts)).unwrap()).unwrap();
        assert!(!xml.contains("xmlns:slash") && !xml.contains("xmlns:media"), "{xml}");
        assert!(!xml.contains("<comments>"), "{xml}");
    }

    #[test]
    fn comments_that_nobody_counted_have_a_link_and_no_count() {
        let mut posts = sample::posts();
        for post in &mut posts {
            post.comments.iter_mut().for_each(|comments| comments.count = None);
        }
        let xml = String::from_utf8(write(&sample::channel(&posts)).unwrap()).unwrap();
        assert!(xml.contains("<comments>") && !xml.contains("slash"), "{xml}");
    }
}
