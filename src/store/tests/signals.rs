//! What is known of readers.

use super::{Bed, on_both};
use crate::{
    domain::post::PostId,
    store::signals::{ReadDay, Tallied, TallyRow},
};

on_both! {
    a_day_is_counted_once_and_with_it_how_far_the_logs_were_read
    what_a_tool_says_again_replaces_what_it_said
    a_day_that_is_counted_late_asks_for_new_tallies
}

async fn post(bed: &Bed, key: &str) -> PostId {
    bed.post(key).await;
    PostId::new(format!("tag:blog.example,2026:{key}"))
}

fn day(day: i32, post: &PostId, readers: u32) -> ReadDay {
    let lines = vec![("counted", u64::from(readers)), ("robot", 5)];
    ReadDay { day, readers: vec![(post.clone(), readers)], lines }
}

async fn a_day_is_counted_once_and_with_it_how_far_the_logs_were_read(bed: Bed) {
    let store = &bed.store;
    let post = post(&bed, "one").await;
    let places = |place| vec![("16:ab".to_owned(), place), ("16:ab".to_owned(), 3)];
    let days = [day(100, &post, 7), day(101, &post, 8)];
    store.count_days("log", &days, Some(&places(50)), bed.now).await.unwrap();
    let again = [day(101, &post, 1), day(102, &post, 1)];
    store.count_days("log", &again, Some(&places(70)), bed.now).await.unwrap();
    store.count_days("beacon", &[day(101, &post, 2)], None, bed.now).await.unwrap();
    let reads = store.reads_since(101).await.unwrap();
    let readers: Vec<_> =
        reads.iter().map(|reads| (reads.source.as_str(), reads.day, reads.readers)).collect();
    assert_eq!(readers, [("beacon", 101, 2), ("log", 101, 8), ("log", 102, 1)]);
    assert_eq!(reads[0].post, post);
    assert_eq!(store.log_places().await.unwrap(), [("16:ab".to_owned(), 70)]);
    assert_eq!(
        store.counted_days("log").await.unwrap().into_iter().collect::<Vec<_>>(),
        [100, 101, 102]
    );
    let lines = store.lines_since(101).await.unwrap();
    assert!(lines.contains(&("log".to_owned(), "robot".to_owned(), 10)), "{lines:?}");
}

async fn what_a_tool_says_again_replaces_what_it_said(bed: Bed) {
    let store = &bed.store;
    let (one, two) = (post(&bed, "one").await, post(&bed, "two").await);
    for readers in [7, 7, 9] {
        store.import_days("umami", &[day(100, &one, readers)], bed.now).await.unwrap();
    }
    store.import_days("umami", &[day(100, &two, 1)], bed.now).await.unwrap();
    let unknown = PostId::new("tag:nobody");
    store.import_days("umami", &[day(100, &unknown, 4)], bed.now).await.unwrap();
    let reads = store.reads_since(0).await.unwrap();
    let readers: Vec<u32> = reads.iter().map(|reads| reads.readers).collect();
    assert_eq!(readers, [9, 1]);
}

async fn a_day_that_is_counted_late_asks_for_new_tallies(bed: Bed) {
    let store = &bed.store;
    let post = post(&bed, "one").await;
    let row = TallyRow { post: post.clone(), numbers: [0.1, 2.5e-9, 1e9, 0.0], through: Some(9) };
    let tallied = Tallied { day: 100, half_life: 30.0 };
    store.keep_tallies(std::slice::from_ref(&row), tallied).await.unwrap();
    assert_eq!(store.tallies().await.unwrap(), [row]);
    store.count_days("log", &[day(101, &post, 7)], None, bed.now).await.unwrap();
    assert_eq!(store.tallied().await.unwrap(), Some(tallied));
    store.import_days("umami", &[day(100, &post, 7)], bed.now).await.unwrap();
    assert_eq!(store.tallied().await.unwrap(), None);
}
