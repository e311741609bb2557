//! What the feeds promise together: the same entries in every format and set, read back by
//! readers that share no code with the writers of the other formats.

use std::{collections::BTreeSet, time::Duration};

use super::{sample, *};
use crate::domain::post::{Post, PostId};

/// What an independent reader finds in each of the three feeds: (id, title, content).
pub(super) fn read_back(posts: &[Post]) -> [Vec<(String, String, String)>; 3] {
    let text = |format| sample::text(posts, format);
    let rss = ::rss::Channel::read_from(text(Format::Rss).as_bytes()).unwrap();
    let atom = atom_syndication::Feed::read_from(text(Format::Atom).as_bytes()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text(Format::Json)).unwrap();
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

/// `count` posts, one a day, newest first.
fn many(count: u64) -> Vec<Post> {
    let first = sample::at("2024-01-01T08:00:00Z");
    let post = |number: u64| Post {
        published: first.plus(Duration::from_secs(number * 86_400)),
        updated: first.plus(Duration::from_secs(number * 86_400)),
        ..sample::post(&format!("post-{number}"), "One of many", "2024-01-01T08:00:00Z")
    };
    (0..count).rev().map(post).collect()
}

fn atom(text: &str) -> atom_syndication::Feed {
    atom_syndication::Feed::read_from(text.as_bytes()).unwrap()
}

#[test]
fn all_formats_tell_the_same_entries_in_the_same_order() {
    let posts = sample::posts();
    let [rss, atom, json] = read_back(&posts);
    assert_eq!(rss, atom);
    assert_eq!(atom, json);
    let ids: Vec<_> = posts.iter().map(|post| post.id.as_str()).collect();
    assert_eq!(rss.iter().map(|(id, ..)| id).collect::<Vec<_>>(), ids);
}

#[test]
fn editing_one_post_changes_no_other_entry() {
    let mut posts = sample::posts();
    for post in &mut posts {
        post.updated = sample::at("2026-11-24T09:00:00Z");
    }
    let before = stamps(&posts);
    posts.get_mut(1).unwrap().updated = sample::at("2026-11-24T09:01:00Z");
    let after = stamps(&posts);
    let changed: Vec<_> = (0..3).filter(|&n| before.get(n) != after.get(n)).collect();
    assert_eq!(changed, [1]);
}

fn stamps(posts: &[Post]) -> Vec<String> {
    let feed = atom(&sample::text(posts, Format::Atom));
    feed.entries.iter().map(|entry| entry.updated.to_rfc3339()).collect()
}

#[test]
fn every_updated_is_unique_and_the_feed_has_the_newest() {
    let mut posts = sample::posts();
    for post in &mut posts {
        post.updated = sample::at("2026-11-24T09:00:00Z");
    }
    let feed = atom(&sample::text(&posts, Format::Atom));
    let all: BTreeSet<_> = feed.entries.iter().map(|entry| entry.updated).collect();
    assert_eq!(all.last(), Some(&feed.updated));
    assert_eq!(all.len(), posts.len());
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let posts = many(120);
    assert_eq!(
        sample::documents(&sample::site(), &posts),
        sample::documents(&sample::site(), &posts)
    );
}

#[test]
fn a_feed_without_posts_is_still_a_feed() {
    let feed = atom(&sample::text(&[], Format::Atom));
    assert_eq!(feed.updated.to_rfc3339(), "2000-01-01T00:00:00+00:00");
    let rss = sample::text(&[], Format::Rss);
    assert_eq!(::rss::Channel::read_from(rss.as_bytes()).unwrap().items, []);
    let json: serde_json::Value = serde_json::from_str(&sample::text(&[], Format::Json)).unwrap();
    assert_eq!(json["items"], serde_json::json!([]));
}

#[test]
fn summaries_replace_the_text_where_site_or_post_ask_for_it() {
    let mut posts = sample::posts();
    let site = Site { summary_only: true, ..sample::site() };
    for format in Format::ALL {
        let text = sample::written(&site, &posts, format);
        assert!(text.contains("A summary of the hostile one"), "{text}");
        assert!(!text.contains("heat gun"), "{text}");
    }
    posts[0].feed.summary_only = Some(false);
    for format in Format::ALL {
        let text = sample::written(&site, &posts, format);
        assert!(text.contains("heat gun") && !text.contains("All of hostile"), "{text}");
    }
    posts[0].feed.summary_only = Some(true);
    for format in Format::ALL {
        let text = sample::text(&posts, format);
        assert!(!text.contains("heat gun") && text.contains("All of hostile"), "{text}");
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
                id: PostId::new(format!("tag:salt.example,2026:{n}")),
                html: long(size),
                ..template.clone()
            })
            .collect();
        for (path, text) in sample::documents(&sample::site(), &posts) {
            assert!(text.len() < 1_000_000, "{path}: {}", text.len());
        }
        let feed = sample::text(&posts, Format::Rss);
        assert_eq!(::rss::Channel::read_from(feed.as_bytes()).unwrap().items.len(), entries);
    }
}

#[test]
fn each_tag_author_section_and_language_has_its_feeds() {
    let mut posts = sample::posts();
    posts[0].tags = vec!["Repair".into(), "C++".into()];
    posts[1].tags = vec!["repair".into(), "C".into(), "🎉".into()];
    posts[1].feed.section = Some("Notes".into());
    let documents = sample::documents(&sample::site(), &posts);
    let paths: BTreeSet<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
    let folders = [
        "",
        "authors/jonas-öberg/",
        "authors/mara-lindqvist/",
        "languages/en/",
        "languages/fa/",
        "sections/notes/",
        "tags/c-2/",
        "tags/c/",
        "tags/repair/",
        "tags/u1f389/",
        "tags/آب-و-هوا/",
    ];
    let files =
        folders.iter().flat_map(|folder| Format::ALL.map(|f| format!("{folder}{}", f.file())));
    let mut expected: BTreeSet<String> = files.collect();
    expected.insert(OPML.to_owned());
    assert_eq!(paths, expected.iter().map(String::as_str).collect());
    let of = |path: &str| documents.iter().find(|(p, _)| p == path).unwrap().1.clone();
    let repair = atom(&of("tags/repair/feed.xml"));
    assert_eq!(repair.title.value, "Salt & Solder: repair", "the oldest spelling");
    assert_eq!(repair.id, "tag:salt.example,2026:feed/tags/repair");
    assert_eq!(repair.entries.len(), 2);
    assert!(of("languages/fa/rss.xml").contains("<language>fa</language>"));
    assert!(of("tags/آب-و-هوا/feed.xml").contains("https://salt.example/tags/%D8%A2%D8%A8"));
}

#[test]
fn a_feed_takes_no_folder_that_a_post_has() {
    let mut posts = sample::posts();
    posts[0].place = "tags/repair".to_owned();
    let documents = sample::documents(&sample::site(), &posts);
    assert!(documents.iter().any(|(path, _)| path == "tags/repair-2/feed.xml"));
    assert!(!documents.iter().any(|(path, _)| path == "tags/repair/feed.xml"));
}

/// The ids that a reader finds who follows a feed back through its archives.
fn followed(documents: &[(String, String)], feed: &str, format: Format) -> Vec<String> {
    let mut seen = Vec::new();
    let mut next = Some(format!("https://salt.example/{feed}{}", format.file()));
    while let Some(address) = next {
        let path = address.strip_prefix("https://salt.example/").unwrap();
        let text = &documents.iter().find(|(p, _)| p == path).expect(path).1;
        let (ids, older) = history(text, format);
        seen.extend(ids);
        next = older;
    }
    seen
}

#[test]
fn every_post_is_reached_once_through_the_archives() {
    let posts = many(230);
    let documents = sample::documents(&sample::site(), &posts);
    let ids: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    for format in Format::ALL {
        assert_eq!(followed(&documents, "", format), ids, "{format:?}");
        let newest = followed(&documents, "languages/en/", format);
        assert_eq!(newest, ids[..25], "{format:?}: only the site's feed has archives");
    }
}

#[test]
fn every_feed_has_archives_where_all_are_to_have_them() {
    let mut posts = many(230);
    for (at, post) in posts.iter_mut().enumerate() {
        post.tags = vec![["even", "odd"][at % 2].to_owned(), "all".to_owned()];
    }
    let site = Site { archives: Archives::All, ..sample::site() };
    let documents = sample::documents(&site, &posts);
    let ids: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    for format in Format::ALL {
        for feed in ["", "tags/all/", "languages/en/", "authors/mara-lindqvist/"] {
            assert_eq!(followed(&documents, feed, format), ids, "{feed} {format:?}");
        }
        let odd: Vec<&str> = ids.iter().skip(1).step_by(2).copied().collect();
        assert_eq!(followed(&documents, "tags/odd/", format), odd, "{format:?}");
    }
    let none = Site { archives: Archives::None, ..sample::site() };
    assert!(!sample::documents(&none, &posts).iter().any(|(path, _)| path.contains("archive")));
}

/// The ids in a document, and the address of the archive before it.
fn history(text: &str, format: Format) -> (Vec<String>, Option<String>) {
    let older = |links: &[atom_syndication::Link]| {
        links.iter().find(|link| link.rel == "prev-archive").map(|link| link.href.clone())
    };
    match format {
        Format::Atom => {
            let feed = atom(text);
            (feed.entries.iter().map(|entry| entry.id.clone()).collect(), older(&feed.links))
        }
        Format::Rss => {
            let feed = ::rss::Channel::read_from(text.as_bytes()).unwrap();
            let ids = feed.items.iter().map(|item| item.guid.clone().unwrap().value);
            (ids.collect(), older(&feed.atom_ext.unwrap().links))
        }
        Format::Json => {
            let feed: serde_json::Value = serde_json::from_str(text).unwrap();
            let items = feed["items"].as_array().unwrap();
            let ids = items.iter().map(|item| item["id"].as_str().unwrap().to_owned());
            (ids.collect(), feed["next_url"].as_str().map(str::to_owned))
        }
    }
}

#[test]
fn a_new_post_changes_the_front_and_at_most_the_newest_archive() {
    let site = Site { by: &[], ..sample::site() };
    let before = sample::documents(&site, &many(150));
    let after = sample::documents(&site, &many(151));
    let changed: Vec<&str> = before
        .iter()
        .filter(|document| !after.contains(document))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(changed.iter().all(|path| !path.starts_with("archive/2024-1")), "{changed:?}");
    assert!(changed.len() <= 7, "the front and one archive in three formats, OPML: {changed:?}");
}

#[test]
fn hubs_stand_in_every_format() {
    let hubs = ["https://hub.example/?a=1&b=2".to_owned()];
    let site = Site { hubs: &hubs, ..sample::site() };
    for format in Format::ALL {
        let text = sample::written(&site, &sample::posts(), format);
        assert!(text.contains("hub.example"), "{text}");
    }
    let feed = atom(&sample::written(&site, &sample::posts(), Format::Atom));
    assert!(feed.links.iter().any(|link| link.rel == "hub" && link.href == hubs[0]));
}

#[test]
fn files_that_belong_to_a_post_stand_in_every_format() {
    let posts = sample::episodes();
    let feed = atom(&sample::text(&posts, Format::Atom));
    let files: Vec<_> =
        feed.entries[0].links.iter().filter(|link| link.rel == "enclosure").collect();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0].length.as_deref(), Some("12345"));
    let json: serde_json::Value =
        serde_json::from_str(&sample::text(&posts, Format::Json)).unwrap();
    let first = &json["items"][0]["attachments"][0];
    assert_eq!(first["size_in_bytes"], 12_345);
    assert_eq!(first["duration_in_seconds"], 3_723);
    assert_eq!(json["items"][0]["attachments"].as_array().unwrap().len(), 2);
}

#[test]
fn a_document_begins_with_what_sniffers_and_browsers_look_for() {
    for (path, text) in sample::documents(&sample::site(), &many(80)) {
        if path.ends_with(".xml") {
            let root = text.find("<rss").or(text.find("<feed")).unwrap();
            assert!(root < 400, "{path}: {root}");
            let up = "../".repeat(path.matches('/').count());
            assert!(text.contains(&format!("type=\"text/css\" href=\"{up}feed.css\"")), "{path}");
        }
        assert!(text.ends_with('\n') && !text.contains("text/xsl") && !text.contains("<script"));
    }
}

#[test]
fn the_list_of_feeds_names_each_in_each_format() {
    let documents = sample::documents(&sample::site(), &sample::posts());
    let list = &documents.iter().find(|(path, _)| path == OPML).unwrap().1;
    for (path, _) in documents.iter().filter(|(path, _)| path != OPML && path.is_ascii()) {
        assert!(list.contains(&format!("xmlUrl=\"https://salt.example/{path}\"")), "{path}");
    }
    insta::assert_snapshot!(list);
}
