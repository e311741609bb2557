//! Readers, histories and openings.

use super::{Bed, bed::address, on_both};
use crate::domain::issue::IssueName;

on_both! {
    an_import_adds_whom_it_does_not_know_and_revives_nobody
    opening_twice_is_a_no_op
    readers_who_leave_lose_their_waiting_letters
    a_wave_is_taken_once_for_each_choice
    what_a_post_says_is_kept
}

async fn an_import_adds_whom_it_does_not_know_and_revives_nobody(bed: Bed) {
    bed.readers(0..3).await;
    let gone = bed.store.subscriptions_of(&address(1)).await.unwrap()[0].id;
    bed.store.end_subscription(gone, bed.now).await.unwrap();
    bed.readers(0..5).await;
    let counts = bed.store.audience_counts().await.unwrap();
    let of = |state: &str| counts.iter().find(|count| count.2 == state).map_or(0, |c| c.3);
    assert_eq!((of("confirmed"), of("ended")), (4, 1));
    assert!(bed.store.was_imported("readers.csv", "hash").await.unwrap());
    assert!(!bed.store.was_imported("readers.csv", "other").await.unwrap());
}

async fn opening_twice_is_a_no_op(bed: Bed) {
    bed.readers(0..50).await;
    let issue = bed.open("first").await;
    let row = bed.account(issue, 0).await.unwrap().posts[0];
    assert_eq!(bed.write("first", row).await, issue);
    assert_eq!(bed.states(issue).await.len(), 50);
    bed.readers(50..60).await;
    bed.write("first", row).await;
    assert_eq!(bed.states(issue).await.len(), 60, "who came later is added");
    let name = IssueName::instant("first").to_string();
    assert_eq!(bed.store.issues_named(&name).await.unwrap().len(), 1);
}

async fn readers_who_leave_lose_their_waiting_letters(bed: Bed) {
    bed.readers(0..2).await;
    let issue = bed.open("first").await;
    let leaving = bed.store.subscriptions_of(&address(0)).await.unwrap()[0].id;
    bed.store.end_subscription(leaving, bed.now).await.unwrap();
    bed.store.end_subscription(leaving, bed.later(5)).await.unwrap();
    assert_eq!(bed.states(issue).await, ["suppressed", "ready"]);
    let ended = bed.store.subscription(leaving).await.unwrap().unwrap();
    assert_eq!(ended.ended_at, Some(bed.now));
}

async fn a_wave_is_taken_once_for_each_choice(bed: Bed) {
    use crate::domain::subscriber::Cadence::Weekly;
    assert!(bed.store.waves("letters", Weekly).await.unwrap().is_empty());
    for _ in 0..2 {
        bed.store.take_wave(("letters", Weekly, 1), (bed.now, bed.later(9))).await.unwrap();
    }
    assert_eq!(bed.store.waves("letters", Weekly).await.unwrap(), [(1, bed.now)]);
    let later = bed.later(70 * 86_400);
    bed.store.take_wave(("letters", Weekly, 1), (later, later)).await.unwrap();
    assert_eq!(bed.store.waves("letters", Weekly).await.unwrap(), [(1, later)]);
}

async fn what_a_post_says_is_kept(bed: Bed) {
    let issue = bed.open("first").await;
    assert!(bed.states(issue).await.is_empty());
    let known = bed.store.known_posts(|_| {}).await.unwrap();
    assert_eq!((known.len(), known[0].key.as_str()), (1, "first"));
    let ids = bed.store.post_ids(&[1, 2, 3]).await.unwrap();
    assert!(ids.iter().any(|id| *id == known[0].id), "{ids:?}");
}
