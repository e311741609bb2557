//! Three posts for the tests of all formats: one with comments and an image, one whose title
//! looks like markup, one that runs from right to left. Nothing here is published.

use super::{Archives, Document, Format, Kind, OPML, Podcast, Set, Site, length};
use crate::{
    domain::post::{
        Comments, Direction, Enclosure, FeedChoice, Image, Post, PostId, RelatedChoice,
    },
    time::Timestamp,
};

pub(super) fn site() -> Site<'static> {
    Site {
        title: "Salt & Solder",
        description: "Repair, low-power electronics and weather, from a small boat",
        language: "en",
        home: "https://salt.example/",
        author: Some("Mara Lindqvist"),
        id: "tag:salt.example,2026:feed",
        hubs: &[],
        entries: 25,
        summary_only: false,
        by: &Kind::GROUPS,
        archives: Archives::Site,
        podcast: None,
        now: at("2026-11-24T12:00:00Z"),
    }
}

pub(super) fn podcast() -> Podcast {
    Podcast {
        category: "Leisure".to_owned(),
        owner: "Mara Lindqvist".to_owned(),
        email: "pod@salt.example".to_owned(),
        image: "https://salt.example/cover.png".to_owned(),
        is_explicit: false,
    }
}

/// Every document by its path.
pub(super) fn documents(site: &Site<'_>, posts: &[Post]) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    let lengths: Vec<usize> = posts.iter().map(|post| length(&post.html)).collect();
    let set = Set::new(*site, posts, &lengths);
    let wanted: Vec<&Document> = set.documents().iter().collect();
    let bodies = |at: usize| &*posts[at].html;
    let text = |_: &str, octets: Result<Vec<u8>, _>| String::from_utf8(octets.unwrap()).unwrap();
    let written: Result<(), ()> = set.write(&wanted, &bodies, text, |one, format, text| {
        documents.push((one.path(format), text));
        Ok(())
    });
    written.unwrap();
    documents.push((OPML.to_owned(), String::from_utf8(set.opml().unwrap()).unwrap()));
    documents
}

/// The site's own feed in one format.
pub(super) fn written(site: &Site<'_>, posts: &[Post], format: Format) -> String {
    let documents = documents(site, posts);
    documents.into_iter().find(|(path, _)| path == format.file()).unwrap().1
}

/// The same for the sample site.
pub(super) fn text(posts: &[Post], format: Format) -> String {
    written(&site(), posts, format)
}

/// Posts of which the first is an episode of a podcast, with a text beside it.
pub(super) fn episodes() -> Vec<Post> {
    let mut posts = posts();
    let file = Enclosure {
        url: "https://salt.example/a.mp3?x=1&y=2".to_owned(),
        media_type: "audio/mpeg".to_owned(),
        length: 12_345,
        seconds: Some(3_723),
        is_explicit: Some(false),
    };
    let paper = Enclosure {
        url: "https://salt.example/a.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        seconds: None,
        ..file.clone()
    };
    posts.first_mut().unwrap().feed.enclosures = vec![file, paper];
    posts
}

pub(super) fn posts() -> Vec<Post> {
    vec![with_comments_and_image(), with_a_hostile_title(), from_right_to_left()]
}

fn with_comments_and_image() -> Post {
    Post {
        image: Some(Image {
            url: "https://salt.example/bilge/pump.jpg?size=2&dark=1".to_owned(),
            alt: "A pump, \"rebuilt\" & dry".to_owned(),
            media_type: Some("image/jpeg".into()),
            width: Some(1200),
            height: Some(800),
        }),
        comments: Some(Comments {
            url: "https://salt.example/rebuilding-a-pump/#comments".to_owned(),
            count: Some(7),
        }),
        authors: vec!["Mara Lindqvist".to_owned(), "Jonas Öberg".to_owned()],
        updated: at("2026-11-24T18:30:00Z"),
        html:
            "<p>It took a heat gun and <a href=\"https://salt.example/grease/\">grease</a>.</p>\n\
               <p><img src=\"https://salt.example/bilge/pump.jpg\" alt=\"A pump\"></p>\n\
               <pre><code>let x: Vec&lt;T&gt; = a[b[0]]&gt;c;\n</code></pre>\n"
                .to_owned(),
        ..post("rebuilding-a-pump", "Rebuilding a bilge pump", "2026-11-24T08:00:00Z")
    }
}

fn with_a_hostile_title() -> Post {
    Post {
        summary: "A summary of the hostile one: Vec<T> & friends".to_owned(),
        ..post("hostile", "<T> & \"x\"", "2026-11-20T08:00:00Z")
    }
}

fn from_right_to_left() -> Post {
    Post {
        summary: "هوا امروز آرام است.".to_owned(),
        html: "<p>هوا امروز آرام است.</p>\n".to_owned(),
        language: "fa".to_owned(),
        direction: Direction::Rtl,
        tags: vec!["آب و هوا".to_owned()],
        ..post("aram", "دریای آرام", "2026-11-18T08:00:00Z")
    }
}

pub(super) fn post(key: &str, title: &str, published: &str) -> Post {
    Post {
        id: PostId::new(format!("tag:salt.example,2026:{key}")),
        key: key.to_owned(),
        path: format!("{key}.md"),
        url: format!("https://salt.example/{key}/"),
        place: key.to_owned(),
        title: title.to_owned(),
        summary: format!("What {key} is about"),
        html: format!("<p>All of {key}.</p>\n"),
        published: at(published),
        updated: at(published),
        authors: vec!["Mara Lindqvist".to_owned()],
        tags: vec!["Repair".to_owned(), "R&D".to_owned()],
        language: "en".to_owned(),
        direction: Direction::Ltr,
        image: None,
        comments: None,
        related: RelatedChoice::default(),
        feed: FeedChoice::default(),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}
