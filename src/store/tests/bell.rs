//! Workers are woken.

use std::time::Duration;

use super::{Bed, on_both};

on_both! {
    a_worker_is_woken_when_an_issue_is_released
}

async fn a_worker_is_woken_when_an_issue_is_released(bed: Bed) {
    let mut bell = bed.store.bell().await.unwrap();
    bed.readers(0..1).await;
    bed.open("first").await;
    let wait = if bed.store.is_shared() { Duration::from_secs(5) } else { Duration::ZERO };
    let rung = tokio::time::timeout(wait, bell.rings()).await.is_ok();
    assert_eq!(rung, bed.store.is_shared(), "a file has one process, and no bell");
    let other = Bed::sqlite().await;
    other.store.ring().await.unwrap();
}
