//! Related posts: all lists of 10,000 posts, in a process of their own so that its memory can be
//! told, and the list of one more post from what was kept of these.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use postrider::{
    domain::post::{Direction, FeedChoice, Post, PostId, RelatedChoice},
    rank::{Index, Lists, Taste, Wish},
    time::Timestamp,
};

use super::{line, megabytes, peak, seconds};

const POSTS: usize = 10_000;
const WORDS: usize = 700;
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// Where the process that makes all lists keeps its index.
const KEPT: &str = "POSTRIDER_BENCH_RELATED";

pub(super) fn related() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("related.index");
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).env(KEPT, &kept).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [fewer, all, peak] = numbers[..] else { panic!("three numbers instead of {text}") };
    line("related: 2,000 posts, all lists", fewer, 2.0, 1.0, "s");
    line("related: 10,000 posts, all lists", all, 1.0, 1.0, "s");
    line("related: peak memory", peak, 150.0, 1.0, "MB");
    line("related: one new post", seconds(one_more(&kept)), 0.05, 1.0, "s");
}

/// Makes all lists, if this process was begun for that.
pub(super) fn is_maker() -> bool {
    let Some(kept) = std::env::var_os(KEPT) else { return false };
    let posts: Vec<Post> = (0..2_000).map(post).collect();
    let fewer = all_lists(&posts).0;
    drop(posts);
    let posts: Vec<Post> = (0..POSTS).map(post).collect();
    let (all, index) = all_lists(&posts);
    let peak = megabytes(peak(std::process::id()));
    println!("{} {} {peak}", seconds(fewer), seconds(all));
    fs::write(kept, index.octets(&posts)).expect("a file");
    true
}

fn all_lists(posts: &[Post]) -> (Duration, Index) {
    let places: Vec<usize> = (0..posts.len()).collect();
    let started = Instant::now();
    let index = Index::new(posts);
    let near = index.lists(posts, &places, &Taste::stored(&[], 0.3), NOW);
    let lists = Lists::new(posts, near, Vec::new());
    let page = Wish::page(3, true, NOW);
    let shown = places.iter().filter(|&&at| !lists.choose(&[at], &page).related.is_empty());
    assert_eq!(shown.count(), posts.len(), "every post has a list");
    (started.elapsed(), index)
}

/// The list of a post that was not there when all lists were made, with the reading of what was
/// kept.
fn one_more(kept: &Path) -> Duration {
    let posts: Vec<Post> = (0..=POSTS).map(post).collect();
    let started = Instant::now();
    let octets = fs::read(kept).expect("a file");
    let index = Index::resume(&octets, &posts).expect("an index");
    let near = index.lists(&posts, &[POSTS], &Taste::stored(&[], 0.3), NOW);
    let took = started.elapsed();
    assert!(near[0].posts.len() > 3, "the new post has a list");
    took
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
