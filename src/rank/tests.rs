//! The promises of ranking, one test each.

use super::*;
use crate::domain::post::{Comments, Direction, FeedChoice, PostId, RelatedChoice};

/// A post of that key without a title, published on 1 January 2026.
pub(in crate::rank) fn post(key: &str, html: &str) -> Post {
    Post {
        id: PostId::new(format!("tag:example.org,2026-01-01:{key}")),
        key: key.into(),
        path: format!("{key}.md"),
        url: format!("https://example.org/{key}/"),
        place: key.into(),
        title: String::new(),
        summary: String::new(),
        html: html.into(),
        published: at("2026-01-01T00:00:00Z"),
        updated: at("2026-01-01T00:00:00Z"),
        authors: Vec::new(),
        tags: Vec::new(),
        language: "en".into(),
        direction: Direction::Ltr,
        image: None,
        comments: None,
        related: RelatedChoice::default(),
        feed: FeedChoice::default(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// Six posts that resemble the first less and less, the last not at all.
fn blog() -> Vec<Post> {
    vec![
        post("solar", "solar panel battery charge controller boat"),
        post("battery", "solar panel battery charge winter"),
        post("charge", "battery charge controller cable lamp"),
        post("panel", "panel solar mount rivet drill"),
        post("boat", "boat rope kettle stove varnish paint"),
        post("bread", "flour yeast salt oven crust"),
    ]
}

fn wish() -> Wish<'static> {
    Wish { count: 3, popularity: 0.3, now: at("2026-06-01T00:00:00Z"), barred: &|_| false }
}

fn keys(posts: &[Post], of: &[usize], wish: &Wish<'_>) -> Vec<String> {
    let list = Index::new(posts).suggest(posts, of, wish);
    list.iter().map(|&at| posts[at].key.clone()).collect()
}

fn suggested(posts: &[Post]) -> Vec<String> {
    keys(posts, &[0], &wish())
}

#[test]
fn the_most_related_come_first_and_the_unrelated_never() {
    let posts = blog();
    assert_eq!(suggested(&posts)[..2], ["battery", "charge"]);
    let all = keys(&posts, &[0], &Wish { count: 10, ..wish() });
    assert!(!all.contains(&"bread".into()) && !all.contains(&"solar".into()), "{all:?}");
    assert!(keys(&posts, &[5], &wish()).is_empty(), "fewer rather than bad");
}

#[test]
fn nothing_is_suggested_where_there_is_nothing() {
    assert!(suggested(&[post("alone", "words")]).is_empty());
    assert!(Index::new(&[]).suggest(&[], &[0], &wish()).is_empty());
    assert!(keys(&blog(), &[99], &wish()).is_empty());
    assert!(keys(&blog(), &[0], &Wish { count: 0, ..wish() }).is_empty());
}

#[test]
fn what_must_not_be_shown_is_not_shown() {
    type Change = fn(&mut [Post]);
    let changes: [(&str, Change); 4] = [
        ("hidden", |posts| posts[1].related.hidden = true),
        ("expired", |posts| posts[1].related.expires = Some(at("2026-05-31T00:00:00Z"))),
        ("excluded", |posts| posts[0].related.excluded = vec!["posts/battery.md".into()]),
        ("newer than now", |posts| posts[1].published = at("2026-06-02T00:00:00Z")),
    ];
    for (why, change) in changes {
        let mut posts = blog();
        change(&mut posts);
        assert_eq!(suggested(&posts)[..2], ["charge", "panel"], "{why}");
        posts[0].related.pins = vec!["battery".into()];
        assert!(!suggested(&posts).contains(&"battery".into()), "{why}, though pinned");
    }
    let barred = Wish { barred: &|post| post == 1, ..wish() };
    assert_eq!(keys(&blog(), &[0], &barred)[..2], ["charge", "panel"]);
}

#[test]
fn a_post_that_expires_later_is_still_shown() {
    let mut posts = blog();
    posts[1].related.expires = Some(at("2026-06-01T00:00:01Z"));
    assert_eq!(suggested(&posts)[0], "battery");
}

#[test]
fn pins_come_first_in_their_order() {
    let mut posts = blog();
    for name in ["bread", "bread.md", "posts/bread.md", "https://example.org/bread/", "./bread.md"]
    {
        posts[0].related.pins = vec![name.into(), "no such post".into(), "boat".into()];
        assert_eq!(suggested(&posts), ["bread", "boat", "battery"], "{name}");
    }
    posts[0].related.pins = vec!["tag:example.org,2026-01-01:bread".into(), "solar".into()];
    assert_eq!(suggested(&posts)[..2], ["bread", "battery"], "by identity, and never itself");
    posts[0].related.pins = vec!["bread".into(), "bread.md".into()];
    assert_eq!(keys(&posts, &[0], &Wish { count: 1, ..wish() }), ["bread"]);
    assert_eq!(suggested(&posts).iter().filter(|key| *key == "bread").count(), 1);
}

#[test]
fn one_post_of_a_series_is_enough() {
    let mut posts = blog();
    for part in [1, 2] {
        posts[part].related.series = Some("Power".into());
    }
    let list = keys(&posts, &[0], &Wish { count: 10, ..wish() });
    assert_eq!(list[0], "battery");
    assert!(list.contains(&"panel".into()) && !list.contains(&"charge".into()), "{list:?}");
}

#[test]
fn a_digest_gets_neighbours_of_each_article_once() {
    let mut posts = blog();
    posts.push(post("rolls", "flour yeast salt butter"));
    let list = keys(&posts, &[0, 5], &Wish { count: 10, ..wish() });
    assert!(list.contains(&"rolls".into()) && list.contains(&"battery".into()), "{list:?}");
    assert!(!list.contains(&"solar".into()) && !list.contains(&"bread".into()), "{list:?}");
    let mut once = list.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), list.len());
}

#[test]
fn popularity_moves_a_post_up_only_as_far_as_wished() {
    let twin = |key: &str, count| Post {
        comments: Some(Comments { url: String::new(), count: Some(count) }),
        ..post(key, "solar panel lamp")
    };
    let posts = [
        post("first", "solar panel boat"),
        twin("quiet", 0),
        twin("talked", 40),
        post("other", "flour yeast"),
        post("more", "rope paint"),
    ];
    let with = |popularity| keys(&posts, &[0], &Wish { count: 1, popularity, ..wish() });
    assert_eq!(with(0.3), ["talked"]);
    assert_eq!(with(0.0), ["quiet"], "equal scores: by path");
    assert_eq!(with(f64::NAN), ["quiet"]);
    let mut blog = blog();
    blog[5].comments = Some(Comments { url: String::new(), count: Some(1_000) });
    assert!(!suggested(&blog).contains(&"bread".into()), "popular alone is not enough");
}

#[test]
fn equals_are_ordered_by_date_then_path() {
    let mut posts = vec![post("a", "solar panel"), post("z", "solar panel lamp")];
    posts.extend([post("m", "solar panel lamp"), post("b", "flour"), post("c", "rope")]);
    assert_eq!(keys(&posts, &[0], &Wish { count: 1, ..wish() }), ["m"]);
    // The same distance before and after the article: equally fresh.
    posts[1].published = at("2026-01-02T00:00:00Z");
    posts[2].published = at("2025-12-31T00:00:00Z");
    assert_eq!(keys(&posts, &[0], &Wish { count: 1, ..wish() }), ["z"]);
}

#[test]
fn posts_of_the_same_time_are_preferred() {
    let mut posts = vec![post("a", "solar panel"), post("b", "solar panel lamp")];
    posts.extend([post("c", "solar panel lamp"), post("d", "flour"), post("e", "rope")]);
    posts[1].published = at("2016-01-01T00:00:00Z");
    assert_eq!(keys(&posts, &[0], &Wish { count: 1, ..wish() }), ["c"]);
}

#[test]
fn the_posts_of_a_list_differ_from_one_another() {
    let posts = [
        post("a", "solar panel boat rope kettle stove"),
        post("b", "solar panel lamp wire fuse"),
        post("c", "solar panel lamp wire fuse"),
        post("d", "boat rope varnish sail mast"),
        post("e", "flour"),
    ];
    let list = keys(&posts, &[0], &Wish { count: 2, ..wish() });
    assert!(list.contains(&"d".into()), "{list:?}");
}

/// A made-up blog: each post has words of its subject, some of all subjects, and rare ones.
fn many(count: usize, length: usize) -> Vec<Post> {
    let mut state = 7u64;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let mut body = |subject: usize| {
        let mut text = String::from("<p>");
        for _ in 0..length {
            let common = draw(60);
            let word = match draw(10) {
                0..=5 => format!("common{}", common * draw(60)),
                6..=8 => format!("subject{subject}x{}", draw(80)),
                _ => format!("rare{}", draw(60_000)),
            };
            text.push_str(&word);
            text.push(' ');
        }
        text
    };
    (0..count).map(|n| post(&format!("p{n}"), &body(n % 97))).collect()
}

#[test]
fn the_same_posts_give_the_same_lists_every_time() {
    let posts = many(300, 60);
    let lists = |posts| Index::new(posts).pages(posts, 3, 0.3, wish().now);
    assert_eq!(lists(&posts), lists(&posts));
    for (at, list) in lists(&posts).iter().enumerate() {
        assert_eq!(*list, Index::new(&posts[..]).suggest(&posts, &[at], &wish()));
        if at > 3 {
            break;
        }
    }
}

#[test]
fn posts_of_one_subject_find_each_other() {
    let posts = many(970, 80);
    let lists = Index::new(&posts).pages(&posts, 3, 0.3, wish().now);
    let hits = lists.iter().enumerate().flat_map(|(at, list)| list.iter().map(move |to| (at, *to)));
    let right = hits.clone().filter(|(at, to)| at % 97 == to % 97).count();
    assert!(right * 100 >= hits.count() * 98, "{right}");
}
