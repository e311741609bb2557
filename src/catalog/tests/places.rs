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
