//! The ledger as a whole: opening, looking, terms, and errors that say what to do.

use std::time::Duration;

use super::{Bed, on_both};
use crate::store::{
    Error, Store,
    location::{Location, Server},
    terms::Holder,
};

on_both! {
    a_ledger_keeps_its_secret_when_it_is_opened_again
    many_may_open_a_new_ledger_at_once
    a_term_has_one_holder_at_a_time
}

async fn a_ledger_keeps_its_secret_when_it_is_opened_again(bed: Bed) {
    let key = |store: Store| async move { store.ledger().await.unwrap().key.derive("x", &[]) };
    let first = key(bed.store.clone()).await;
    let again = Store::open(&bed.location, bed.later(5), [9; 32]).await.unwrap();
    assert_eq!(again.ledger().await.unwrap().created_at, bed.now);
    assert_eq!(key(again).await, first);
    let looked = Store::look(&bed.location).await.unwrap().unwrap();
    assert_eq!(key(looked).await, first);
}

async fn many_may_open_a_new_ledger_at_once(bed: Bed) {
    let opening = (0..4).map(|_| {
        let (location, now) = (bed.location.clone(), bed.now);
        tokio::spawn(async move { Store::open(location, now, [7; 32]).await.map(|_| ()) })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
}

async fn a_term_has_one_holder_at_a_time(bed: Bed) {
    let holder = |name: &str| Holder { owner: name.to_owned(), shown: format!("run {name}") };
    let minute = |from: u64| (bed.later(from), bed.later(from + 60));
    let take = async |name: &str, from| {
        bed.store.take_term("scheduler", &holder(name), minute(from)).await.unwrap()
    };
    assert_eq!(take("a", 0).await, Ok(()));
    assert_eq!(take("b", 1).await, Err("run a".to_owned()));
    assert_eq!(take("a", 50).await, Ok(()));
    assert_eq!(take("b", 100).await, Err("run a".to_owned()), "it was prolonged");
    assert_eq!(take("b", 111).await, Ok(()), "the time of a is over");
    bed.store.end_term("scheduler", "a").await.unwrap();
    assert_eq!(take("a", 112).await, Err("run b".to_owned()));
    bed.store.end_term("scheduler", "b").await.unwrap();
    assert_eq!(take("a", 113).await, Ok(()));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let address = "postgres://ann:geheim@127.0.0.1:1/letters";
    let location = Location::Server(Server::new(address, None).unwrap());
    let looking = tokio::time::timeout(Duration::from_secs(5), Store::look(location));
    let error = looking.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Away { .. }) && error.is_transient());
    let text = error.to_string();
    assert!(text.contains("postgres://ann@127.0.0.1:1/letters"), "{text}");
    assert!(!text.contains("geheim"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run tests/run"]
async fn a_database_that_is_not_there_is_said_to_be_missing() {
    let address = std::env::var("POSTRIDER_POSTGRES").unwrap();
    let missing = address.rsplit_once('/').unwrap().0.to_owned() + "/no_such_database";
    let location = Location::Server(Server::new(&missing, None).unwrap());
    let error = Store::look(location).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(error.to_string().contains("no_such_database"));
}
