//! A feed as RSS 2.0.
//!
//! Every item has a title, a link, a guid that is no permalink, a date in UTC and a description
//! before its full text. Authors are `dc:creator`s: RSS's own `author` is a mail address, and a
//! mail address in a feed is an invitation to spam. `atom:updated` tells of edits, which RSS
//! cannot. There is no channel image: its title and link would repeat the channel's.
//!
//! What podcast players ask for is written as a whole or not at all: when the site is configured
//! as a podcast and a post in this feed has something to play.
//!
//! It fails where the `rss` crate does.
//!
//! Standards: RSS 2.0 and the RSS Best Practices Profile; the modules Content, Dublin Core,
//! Slash, Media RSS, Atom, iTunes; RFC 5005.

use std::collections::BTreeMap;

use rss::{
    Category, Guid, Item,
    extension::{
        Extension, ExtensionMap,
        atom::AtomExtension,
        dublincore::DublinCoreExtension,
        itunes::{ITunesCategory, ITunesChannelExtension, ITunesItemExtension, ITunesOwner},
    },
};

use super::{
    Error, Format, GENERATOR, Head, Piece, Podcast,
    entry::{self, Entry},
    finish, namespaces,
};
use crate::domain::post::{Enclosure, Image};

/// The specification, by the address that validators know.
const DOCS: &str = "https://www.rssboard.org/rss-specification";

/// Minutes for which a reader may keep the feed.
const TTL: &str = "60";

/// What stands behind the items.
pub(super) const FOOT: &str = "  </channel>\n</rss>\n";

/// What stands before the items.
pub(super) fn head(head: &Head<'_>) -> Result<String, Error> {
    let podcast = head.site.podcast.filter(|_| head.is_podcast);
    let feed = rss::Channel {
        title: head.title.clone(),
        link: head.page.clone(),
        description: head.site.description(),
        language: Some(head.language.clone()),
        last_build_date: head.updated.map(|_| head.updated().rfc5322()),
        generator: Some(GENERATOR.to_owned()),
        docs: Some(DOCS.to_owned()),
        ttl: Some(TTL.to_owned()),
        atom_ext: Some(AtomExtension { links: links(head) }),
        itunes_ext: podcast.map(|podcast| channel(podcast, head)),
        extensions: head.mark().map(|name| one("fh", name, empty(name))).unwrap_or_default(),
        namespaces: namespaces(&head.modules),
        ..rss::Channel::default()
    };
    let xml = feed.pretty_write_to(Vec::new(), b' ', 2)?;
    let text = finish::head(&xml, "</channel>", finish::hexadecimal_references())?;
    Ok(finish::prolog(&head.style()) + &text)
}

/// One item.
pub(super) fn piece(entry: &Entry) -> Result<Piece, Error> {
    let item = item(entry);
    let modules = [
        ("content", item.content.is_some()),
        ("dc", item.dublin_core_ext.is_some()),
        ("itunes", item.itunes_ext.is_some()),
        ("media", item.extensions.contains_key("media")),
        ("slash", item.extensions.contains_key("slash")),
        ("wfw", item.extensions.contains_key("wfw")),
    ];
    let modules = modules.into_iter().filter(|(_, used)| *used).map(|(prefix, _)| prefix);
    let modules = modules.collect();
    let channel = rss::Channel { items: vec![item], ..rss::Channel::default() };
    let xml = channel.pretty_write_to(Vec::new(), b' ', 2)?;
    let text = finish::element(&xml, ("<item>", "</item>"), finish::hexadecimal_references())?;
    // It stands in CDATA, whose end it must not hold.
    let body = entry.body.as_deref().map(|body| body.replace("]]>", "]]]]><![CDATA[>"));
    Ok(Piece { text: finish::filled(text, body.as_deref()), modules })
}

fn links(head: &Head<'_>) -> Vec<atom_syndication::Link> {
    let link = |rel: &str, href: String, mime_type: Option<&str>| atom_syndication::Link {
        href,
        rel: rel.to_owned(),
        mime_type: mime_type.map(str::to_owned),
        ..atom_syndication::Link::default()
    };
    let of_feed = |(rel, href)| link(rel, href, Some(Format::Rss.media_type()));
    let own = of_feed(("self", head.own(Format::Rss)));
    let history = head.history(Format::Rss).into_iter().map(of_feed);
    let hubs = head.hubs().iter().map(|hub| link("hub", entry::line(hub), None));
    std::iter::once(own).chain(history).chain(hubs).collect()
}

fn channel(podcast: &Podcast, head: &Head<'_>) -> ITunesChannelExtension {
    let author = head.site.author.unwrap_or(&podcast.owner);
    ITunesChannelExtension {
        author: Some(entry::line(author)),
        categories: vec![ITunesCategory {
            text: entry::line(&podcast.category),
            subcategory: None,
        }],
        image: Some(entry::line(&podcast.image)),
        explicit: Some(podcast.is_explicit.to_string()),
        owner: Some(ITunesOwner {
            name: Some(entry::line(&podcast.owner)),
            email: Some(entry::line(&podcast.email)),
        }),
        summary: Some(head.site.description()),
        ..ITunesChannelExtension::default()
    }
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
        // One alone: a second one is a guess for every reader.
        enclosure: entry.enclosures().first().map(enclosure),
        itunes_ext: entry.is_episode.then(|| episode(entry)),
        content: entry.body.as_ref().map(|_| entry::BODY.to_owned()),
        extensions: extensions(entry),
        dublin_core_ext: dublin_core(entry),
        ..Item::default()
    }
}

fn enclosure(file: &Enclosure) -> rss::Enclosure {
    rss::Enclosure {
        url: file.url.clone(),
        length: file.length.to_string(),
        mime_type: file.media_type.clone(),
    }
}

fn episode(entry: &Entry) -> ITunesItemExtension {
    let file = entry.enclosures().first();
    let explicit = file.and_then(|file| file.is_explicit);
    ITunesItemExtension {
        duration: file.and_then(|file| file.seconds).map(clock),
        explicit: explicit.map(|is_explicit| is_explicit.to_string()),
        image: entry.post.image.as_ref().map(|image| image.url.clone()),
        ..ITunesItemExtension::default()
    }
}

/// Seconds as hours, minutes and seconds.
fn clock(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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
    let talk = entry.post.feed.comments.as_ref();
    let comments = entry.post.comments.as_ref().and_then(|comments| comments.count);
    let elements = [
        ("atom", "updated", entry.edited().map(|at| text("atom:updated", at.rfc3339()))),
        ("media", "content", entry.post.image.as_ref().map(media)),
        ("slash", "comments", comments.map(|count| text("slash:comments", count.to_string()))),
        ("wfw", "commentRss", talk.map(|feed| text("wfw:commentRss", feed.clone()))),
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

fn one(prefix: &str, name: &str, element: Extension) -> ExtensionMap {
    BTreeMap::from([(prefix.to_owned(), BTreeMap::from([(name.to_owned(), vec![element])]))])
}

fn empty(name: &str) -> Extension {
    Extension { name: format!("fh:{name}"), ..Extension::default() }
}

fn text(name: &str, value: String) -> Extension {
    Extension { name: name.to_owned(), value: Some(value), ..Extension::default() }
}

#[cfg(test)]
mod tests {
    use super::super::{Site, sample};
    use super::*;

    fn feed() -> String {
        sample::text(&sample::posts(), Format::Rss)
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
        let xml = sample::text(&posts, Format::Rss);
        assert!(!xml.contains("xmlns:slash") && !xml.contains("xmlns:media"), "{xml}");
        assert!(!xml.contains("<comments>") && !xml.contains("xmlns:itunes"), "{xml}");
    }

    #[test]
    fn comments_that_nobody_counted_have_a_link_and_no_count() {
        let mut posts = sample::posts();
        for post in &mut posts {
            post.comments.iter_mut().for_each(|comments| comments.count = None);
        }
        let xml = sample::text(&posts, Format::Rss);
        assert!(xml.contains("<comments>") && !xml.contains("slash"), "{xml}");
    }

    #[test]
    fn a_feed_of_the_comments_is_named_where_there_is_one() {
        let mut posts = sample::posts();
        assert!(!feed().contains("wfw"));
        posts[0].feed.comments = Some("https://salt.example/talk.xml?a=1&b".to_owned());
        let xml = sample::text(&posts, Format::Rss);
        let element = "<wfw:commentRss>https://salt.example/talk.xml?a=1&amp;b</wfw:commentRss>";
        assert_eq!(xml.matches(element).count(), 1, "{xml}");
        assert!(xml.contains("xmlns:wfw=\"http://wellformedweb.org/CommentAPI/\""), "{xml}");
    }

    #[test]
    fn what_podcast_players_ask_for_is_there_as_a_whole_or_not_at_all() {
        let podcast = sample::podcast();
        let site = Site { podcast: Some(&podcast), ..sample::site() };
        let silent = sample::written(&site, &sample::posts(), Format::Rss);
        assert!(!silent.contains("itunes"), "{silent}");
        let posts = sample::episodes();
        let xml = sample::written(&site, &posts, Format::Rss);
        for part in [
            "<itunes:category text=\"Leisure\"",
            "<itunes:explicit>false</itunes:explicit>",
            "<itunes:email>pod@salt.example</itunes:email>",
            "<itunes:duration>01:02:03</itunes:duration>",
            "<enclosure url=\"https://salt.example/a.mp3?x=1&amp;y=2\" length=\"12345\" type=\"audio/mpeg\"/>",
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
        assert_eq!(xml.matches("<enclosure").count(), 1, "one of the two files of that post");
        let bare = sample::text(&posts, Format::Rss);
        assert!(bare.contains("<enclosure") && !bare.contains("itunes"), "{bare}");
    }
}
