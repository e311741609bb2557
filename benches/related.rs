//! Related posts: all lists of 10,000 posts, and the list of one more.

use std::time::{Duration, Instant};

use postrider::{
    domain::post::{Direction, FeedChoice, Post, PostId, RelatedChoice},
    rank::{Index, Wish},
    time::Timestamp,
};

use super::{line, seconds};

const POSTS: usize = 10_000;
const WORDS: usize = 700;

pub(super) fn related() {
    let posts: Vec<Post> = (0..POSTS).map(post).collect();
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let started = Instant::now();
    let index = Index::new(&posts);
    let lists = index.pages(&posts, 3, 0.3, now);
    let all = started.elapsed();
    assert!(lists.iter().all(|list| !list.is_empty()), "every post has a list");
    let wish = Wish { count: 3, popularity: 0.3, now, barred: &|_| false };
    let started = Instant::now();
    for at in 0..1_000 {
        index.suggest(&posts, &[at], &wish);
    }
    let one = started.elapsed() / 1_000;
    line("related: 10,000 posts, all lists", seconds(all), 1.0, 1.0, "s");
    line("related: one list", seconds(one), seconds(Duration::from_millis(50)), 1.0, "s");
}

/// A post of one of 97 subjects, from its number alone.
fn post(number: usize) -> Post {
    let mut state = number as u64 + 7;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let subject = number % 97;
    let words: Vec<String> = (0..WORDS)
        .map(|_| match draw(10) {
            0..=5 => format!("common{}", draw(60) * draw(60)),
            6..=8 => format!("subject{subject}x{}", draw(80)),
            _ => format!("rare{}", draw(60_000)),
        })
        .collect();
    let (key, published) = (format!("p{number}"), Timestamp::from_micros(1_780_000_000_000_000));
    Post {
        id: PostId::new(format!("tag:example.org,2026-01-01:{key}")),
        path: format!("{key}.md"),
        url: format!("https://example.org/{key}/"),
        place: key.clone(),
        key,
        title: String::new(),
        summary: String::new(),
        html: format!("<p>{}</p>", words.join(" ")),
        published,
        updated: published,
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
