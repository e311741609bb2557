//! What hubs are owed.

use std::time::Duration;

use super::{Bed, on_both};
use crate::store::pings::Pinged;

on_both! {
    a_hub_is_owed_one_ping_for_each_change_of_a_feed
}

async fn a_hub_is_owed_one_ping_for_each_change_of_a_feed(bed: Bed) {
    let store = &bed.store;
    let hubs = ["https://hub.example/".to_owned()];
    let feeds = |hash: &str| vec![("https://a.example/feed.xml".to_owned(), hash.to_owned())];
    assert_eq!(store.owe_pings(&hubs, &feeds("a"), bed.now).await.unwrap(), 1);
    assert_eq!(store.owe_pings(&hubs, &feeds("a"), bed.now).await.unwrap(), 0);
    let due = store.due_pings(bed.now, 10).await.unwrap();
    let later = Pinged::Later(Duration::from_secs(60), "it was away");
    store.settle_ping(&due[0], later, bed.now).await.unwrap();
    assert_eq!(store.due_pings(bed.now, 10).await.unwrap(), []);
    assert_eq!(store.waiting_pings().await.unwrap(), 1);
    let soon = bed.now.plus(Duration::from_secs(60));
    let due = store.due_pings(soon, 10).await.unwrap();
    assert_eq!(due[0].tries, 1);
    store.owe_pings(&hubs, &feeds("b"), soon).await.unwrap();
    store.settle_ping(&due[0], Pinged::Told, soon).await.unwrap();
    let due = store.due_pings(soon, 10).await.unwrap();
    assert_eq!((due[0].hash.as_str(), due[0].tries), ("b", 0), "changed while it was told");
    store.settle_ping(&due[0], Pinged::Told, soon).await.unwrap();
    store.owe_pings(&hubs, &feeds("c"), soon).await.unwrap();
    store.owe_pings(&hubs, &feeds("b"), soon).await.unwrap();
    assert_eq!(store.waiting_pings().await.unwrap(), 0, "back to what the hub knows");
}
