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

/// A wish, and how much popularity counts for it.
struct Asked<'a> {
    count: usize,
    popularity: f64,
    now: Timestamp,
    barred: &'a (dyn Fn(usize) -> bool + Sync),
}

fn wish() -> Asked<'static> {
    Asked { count: 3, popularity: 0.3, now: at("2026-06-01T00:00:00Z"), barred: &|_| false }
}

/// All lists of a blog whose comments are its popularity.
fn lists(posts: &[Post], popularity: f64, now: Timestamp) -> Lists<'_> {
    let shares = popular::shares(&popular::discussed(posts));
    let all: Vec<usize> = (0..posts.len()).collect();
    let near = Index::new(posts).lists(posts, &all, &Taste::stored(&shares, popularity), now);
    Lists::new(posts, near, shares)
}

fn chosen(posts: &[Post], of: &[usize], asked: &Asked<'_>) -> Chosen {
    let worth = |at| if (asked.barred)(at) { 0.0 } else { 1.0 };
    let wish = Wish { count: asked.count, now: asked.now, fill: true, worth: &worth };
    lists(posts, asked.popularity, asked.now).choose(of, &wish)
}

fn keys(posts: &[Post], of: &[usize], asked: &Asked<'_>) -> Vec<String> {
    let list = chosen(posts, of, asked).related;
    list.iter().map(|&at| posts[at].key.clone()).collect()
}

fn suggested(posts: &[Post]) -> Vec<String> {
    keys(posts, &[0], &wish())
}

#[test]
fn the_most_related_come_first_and_the_unrelated_never() {
    let posts = blog();
    assert_eq!(suggested(&posts)[..2], ["battery", "charge"]);
    let all = keys(&posts, &[0], &Asked { count: 10, ..wish() });
    assert!(!all.contains(&"bread".into()) && !all.contains(&"solar".into()), "{all:?}");
    assert!(keys(&posts, &[5], &wish()).is_empty(), "fewer rather than bad");
}

#[test]
fn nothing_is_suggested_where_there_is_nothing() {
    assert!(suggested(&[post("alone", "words")]).is_empty());
    assert_eq!(chosen(&[], &[0], &wish()), Chosen::default());
    assert!(keys(&blog(), &[99], &wish()).is_empty());
    assert!(keys(&blog(), &[0], &Asked { count: 0, ..wish() }).is_empty());
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
    let barred = Asked { barred: &|post| post == 1, ..wish() };
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
    assert_eq!(keys(&posts, &[0], &Asked { count: 1, ..wish() }), ["bread"]);
    assert_eq!(suggested(&posts).iter().filter(|key| *key == "bread").count(), 1);
}

#[test]
fn one_post_of_a_series_is_enough() {
    let mut posts = blog();
    for part in [1, 2] {
        posts[part].related.series = Some("Power".into());
    }
    let list = keys(&posts, &[0], &Asked { count: 10, ..wish() });
    assert_eq!(list[0], "battery");
    assert!(list.contains(&"panel".into()) && !list.contains(&"charge".into()), "{list:?}");
}

#[test]
fn a_digest_gets_neighbours_of_each_article_once() {
    let mut posts = blog();
    posts.push(post("rolls", "flour yeast salt butter"));
    let list = keys(&posts, &[0, 5], &Asked { count: 10, ..wish() });
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
    let with = |popularity| keys(&posts, &[0], &Asked { count: 1, popularity, ..wish() });
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
    assert_eq!(keys(&posts, &[0], &Asked { count: 1, ..wish() }), ["m"]);
    // The same distance before and after the article: equally fresh.
    posts[1].published = at("2026-01-02T00:00:00Z");
    posts[2].published = at("2025-12-31T00:00:00Z");
    assert_eq!(keys(&posts, &[0], &Asked { count: 1, ..wish() }), ["z"]);
}

#[test]
fn posts_of_the_same_time_are_preferred() {
    let mut posts = vec![post("a", "solar panel"), post("b", "solar panel lamp")];
    posts.extend([post("c", "solar panel lamp"), post("d", "flour"), post("e", "rope")]);
    posts[1].published = at("2016-01-01T00:00:00Z");
    assert_eq!(keys(&posts, &[0], &Asked { count: 1, ..wish() }), ["c"]);
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
    let list = keys(&posts, &[0], &Asked { count: 2, ..wish() });
    assert!(list.contains(&"d".into()), "{list:?}");
}

/// A made-up blog: each post has words of its subject, some of all subjects, and rare ones.
pub(in crate::rank) fn many(count: usize, length: usize) -> Vec<Post> {
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
    let all: Vec<usize> = (0..posts.len()).collect();
    let taste = Taste::stored(&[], 0.3);
    let lists = || Index::new(&posts).lists(&posts, &all, &taste, wish().now);
    let first = lists();
    assert_eq!(first, lists());
    assert_eq!(first[..3], Index::new(&posts).lists(&posts, &[0, 1, 2], &taste, wish().now));
}

#[test]
fn posts_of_one_subject_find_each_other() {
    let posts = many(970, 80);
    let lists = lists(&posts, 0.3, wish().now);
    let page = Wish::page(3, false, wish().now);
    let lists = (0..posts.len()).map(|at| lists.choose(&[at], &page).related);
    let hits: Vec<(usize, usize)> =
        lists.enumerate().flat_map(|(at, list)| list.into_iter().map(move |to| (at, to))).collect();
    let right = hits.iter().filter(|(at, to)| at % 97 == to % 97).count();
    assert!(right * 100 >= hits.len() * 98, "{right}");
}

/// The blog, in which readers talked about boats and about bread.
fn talked_about() -> Vec<Post> {
    let mut posts = blog();
    for (place, count) in [(4, 9), (5, 40)] {
        posts[place].comments = Some(Comments { url: String::new(), count: Some(count) });
    }
    posts
}

#[test]
fn open_places_go_to_the_most_popular_posts_apart_from_the_related() {
    let posts = talked_about();
    let Chosen { related, popular } = chosen(&posts, &[3], &wish());
    assert_eq!((related.as_slice(), popular.as_slice()), (&[0, 1][..], &[5][..]));
    let now = wish().now;
    let lists = lists(&posts, 0.3, now);
    assert!(lists.choose(&[3], &Wish::page(3, false, now)).popular.is_empty(), "left out");
    assert!(lists.choose(&[3], &Wish::page(2, true, now)).popular.is_empty(), "no place is open");
    assert!(chosen(&blog(), &[3], &wish()).popular.is_empty(), "nobody knows what is popular");
}

#[test]
fn a_popular_post_must_keep_to_the_rules_too() {
    type Change = fn(&mut [Post]);
    let changes: [(&str, Change); 5] = [
        ("hidden", |posts| posts[5].related.hidden = true),
        ("expired", |posts| posts[5].related.expires = Some(at("2026-05-01T00:00:00Z"))),
        ("excluded", |posts| posts[3].related.excluded = vec!["bread".into()]),
        ("newer", |posts| posts[5].published = at("2026-06-02T00:00:00Z")),
        ("of a series", |posts| {
            posts[5].related.series = Some("Power".into());
            posts[1].related.series = Some("Power".into());
        }),
    ];
    for (why, change) in changes {
        let mut posts = talked_about();
        change(&mut posts);
        assert_eq!(chosen(&posts, &[3], &wish()).popular, [4], "{why}");
    }
    let barred = Asked { barred: &|post| post == 5, ..wish() };
    assert_eq!(chosen(&talked_about(), &[3], &barred).popular, [4]);
    assert!(chosen(&talked_about(), &[5], &wish()).popular == [4], "never the article itself");
}

#[test]
fn what_was_seen_gives_way_to_what_was_not() {
    let posts = blog();
    let now = wish().now;
    let lists = lists(&posts, 0.0, now);
    let fade = |at: usize| if at == 1 { 0.1 } else { 1.0 };
    let wish = Wish { count: 2, now, fill: true, worth: &fade };
    let related = lists.choose(&[0], &wish).related;
    assert!(!related.contains(&1), "{related:?}");
}

#[test]
fn a_list_says_why_it_is_what_it_is() {
    let mut posts = blog();
    posts[1].related.hidden = true;
    let (now, shares) = (wish().now, [0.0, 0.0, 0.5, 0.0, 0.0, 1.0]);
    let index = Index::new(&posts);
    let taste = Taste::stored(&shares, 0.3);
    let all: Vec<usize> = (0..posts.len()).collect();
    let near = index.lists(&posts, &all, &taste, now);
    let wish = Wish::page(2, false, now);
    let chosen = Lists::new(&posts, near, shares.to_vec()).choose(&[0], &wish);
    let explanation = index.explain(&posts, 0, &taste, (&wish, &chosen));
    let first = &explanation.shown[0];
    assert_eq!((first.post, first.popularity), (2, 0.5));
    let words: Vec<&str> = first.words.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!((words.len(), first.shared), (3, 3), "{words:?}");
    assert!(["battery", "charge", "controller"].iter().all(|word| words.contains(word)));
    let sum: f32 = first.words.iter().map(|(_, part)| part).sum();
    assert!((sum - first.cosine).abs() < 1e-6, "the parts add up");
    let expected = f64::from(first.cosine) * first.freshness * (1.0 + 0.3 * 0.5);
    assert!((first.score - expected).abs() < 1e-9);
    let skipped: Vec<_> =
        explanation.skipped.iter().map(|(parts, why)| (parts.post, *why)).collect();
    assert!(
        skipped.contains(&(1, explain::Skipped::Refused(rules::Refusal::Hidden))),
        "{skipped:?}"
    );
}
