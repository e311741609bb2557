//! Where posts stand: permalinks, translations, a site below a path.

use super::*;
use crate::domain::post::Direction;

#[test]
fn a_place_never_leaves_the_public_folder() {
    for (line, place) in [
        ("permalink: /2026/a-boat/", Some("2026/a-boat")),
        ("permalink: https://blog.example/x.html", Some("x")),
        ("permalink: /:year/:month/:title/", Some("2026/11/a")),
        ("url: /%C3%A5/", Some("å")),
        ("slug: A Boat!", Some("a-boat")),
        ("permalink: /../etc/", None),
        ("permalink: /a/%2e%2e/%2e%2e/b/", None),
        ("permalink: 'a\\..\\b'", None),
        ("permalink: /", None),
        ("permalink: /index.html", None),
        ("permalink: /feed.xml", None),
        ("permalink: https://other.example/x/", None),
        ("slug: ../../etc", None),
        ("slug: '🎉'", None),
    ] {
        let text = POST.replace("title", &format!("{line}\ntitle"));
        let catalog = read_new(&[("a.md", &text)]);
        let found = catalog.posts.first().map(|post| post.place.as_str());
        assert_eq!(found, place, "{line}: {:?}", catalog.refused);
        assert!(catalog.refused.iter().all(|refusal| refusal.line == Some(2)), "{line}");
    }
}

#[test]
fn translations_stand_side_by_side() {
    let files = [("a.md", POST), ("a.fa.md", POST), ("sv/a.md", POST)];
    let catalog = read_new(&files);
    let mut found: Vec<(&str, &str, Direction)> = catalog
        .posts
        .iter()
        .map(|post| (post.place.as_str(), post.language.as_str(), post.direction))
        .collect();
    found.sort_by_key(|found| found.0);
    assert_eq!(
        found,
        [
            ("a", "en", Direction::Ltr),
            ("fa/a", "fa", Direction::Rtl),
            ("sv/a", "sv", Direction::Ltr)
        ]
    );
}

#[test]
fn a_site_below_a_path_keeps_its_path() {
    let deep = Settings { base: "https://x.example/blog/".parse().unwrap(), ..settings() };
    let files = sources(&[("a.md", "---\ndate: 2026-11-02\n---\n![](b.png) [c](c.md)\n")]);
    let now = at("2026-11-24T12:00:00Z");
    let post = &read(&files, &[], &deep, now).posts[0];
    assert_eq!(post.url, "https://x.example/blog/a/");
    assert!(post.html.contains("src=\"https://x.example/blog/b.png\""), "{}", post.html);
    let known = known_of(&read(&files, &[], &settings(), now));
    let moved = read(&files, &known, &deep, now);
    assert_eq!(moved.posts[0].id, known[0].id, "another address is the same post");
}

#[test]
fn a_section_is_the_first_folder_that_is_neither_date_nor_language() {
    for (path, expected) in [
        ("a.md", None),
        ("notes/a.md", Some("notes")),
        ("2026/11/a.md", None),
        ("2026/notes/a.md", Some("notes")),
        ("sv/notes/deep/a.md", Some("notes")),
        ("a-boat/index.md", None),
        ("notes/a-boat/index.md", Some("notes")),
    ] {
        let catalog = read_new(&[(path, POST)]);
        assert_eq!(catalog.posts[0].feed.section.as_deref(), expected, "{path}");
    }
}

#[test]
fn a_file_that_belongs_to_a_post_is_measured() {
    let text = "---\ntitle: A\ndate: 2026-11-02\naudio: a.mp3\nduration: '1:02:03'\n---\nText.\n";
    let catalog = read_new(&[("2026/a.md", text)]);
    let file = &catalog.posts[0].feed.enclosures[0];
    assert_eq!(file.url, "https://blog.example/2026/a.mp3");
    assert_eq!((file.length, file.media_type.as_str()), (4_321, "audio/mpeg"));
    assert_eq!(file.seconds, Some(3_723));
    let away = "---\ntitle: A\ndate: 2026-11-02\nenclosures:\n  - url: https://cdn.example/x\n    \
                type: video/mp4\n    length: 99\n  - https://cdn.example/y.mp3\n---\nText.\n";
    let catalog = read_new(&[("a.md", away)]);
    assert_eq!(catalog.posts[0].feed.enclosures.len(), 1);
    assert_eq!(catalog.posts[0].feed.enclosures[0].length, 99);
    let told = &catalog.warnings[0];
    assert_eq!(told.line, Some(8));
    assert!(told.why.contains("\"length\""), "{told}");
}

#[test]
fn what_comes_every_year_by_one_name_gets_its_day() {
    let post = "---\ntitle: Award\n---\nWho won.\n";
    let catalog = read_new(&[("2023-05-08-award.md", post), ("2024-01-12-award.md", post)]);
    let places: Vec<&str> = catalog.posts.iter().map(|post| post.place.as_str()).collect();
    assert_eq!(places, ["2024-01-12-award", "award"]);
    let asked = "---\ntitle: Award\nslug: award\n---\nWho won.\n";
    let catalog = read_new(&[("2023-05-08-award.md", asked), ("2024-01-12-award.md", asked)]);
    assert_eq!(catalog.refused.len(), 1, "an address that was asked for");
}
