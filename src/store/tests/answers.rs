//! What an operator is told.

use super::{Bed, bed::address, on_both};
use crate::domain::{
    address::Address,
    delivery::DeliveryState,
    subscriber::{Cadence, NewSubscription},
};

on_both! {
    what_waits_is_told_with_its_reason
    letters_for_the_world_are_told_from_those_to_reserved_domains
    what_a_file_brought_is_known_and_can_be_changed
}

async fn what_waits_is_told_with_its_reason(bed: Bed) {
    assert_eq!(bed.store.next_letter().await.unwrap(), None);
    assert_eq!(bed.store.waiting_since().await.unwrap(), None);
    bed.readers(0..1).await;
    bed.open("first").await;
    let next = bed.store.next_letter().await.unwrap().unwrap();
    assert_eq!((next.at, next.why), (bed.now, None));
    assert_eq!(bed.store.waiting_since().await.unwrap(), None, "it was never tried");
    let leased = bed.lease("me", bed.now, 1).await;
    bed.moves("me", leased[0].id, (DeliveryState::Leased, DeliveryState::Ready), bed.now).await;
    assert_eq!(bed.store.next_letter().await.unwrap().unwrap().why.as_deref(), Some("250 Ok"));
    assert_eq!(bed.store.waiting_since().await.unwrap(), Some(bed.now));
    let told = bed.store.told("first").await.unwrap().unwrap();
    assert_eq!((told.title.as_str(), told.baseline), ("first", None));
    let row = bed.store.candidates(bed.now).await.unwrap()[0].row;
    assert_eq!(bed.store.titles(&[row]).await.unwrap(), ["first"]);
}

async fn letters_for_the_world_are_told_from_those_to_reserved_domains(bed: Bed) {
    let reserved =
        ["a@example.net", "A@b.EXAMPLE", "a@c.test", "a@mail.example.org", "a@b.invalid"];
    let world = ["a@example.se", "test@blog.se", "a@myexample.com", "a@example.net.de"];
    for (texts, expected) in [(&reserved[..], false), (&world[..], true)] {
        for (number, text) in texts.iter().enumerate() {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.is_reserved(), !expected, "{text}");
            let reader = NewSubscription {
                address,
                name: String::new(),
                newsletter: "letters".to_owned(),
                cadence: Cadence::Instant,
                choice: crate::domain::choice::Choice::default(),
                confirmed_at: bed.now,
                source: "readers.csv:2".to_owned(),
            };
            bed.store.import(&[reader], ("readers.csv", "hash"), bed.now).await.unwrap();
            bed.open(&format!("{expected}-{number}")).await;
            assert_eq!(bed.store.waits_for_the_world().await.unwrap(), expected, "{text}");
        }
    }
}

async fn what_a_file_brought_is_known_and_can_be_changed(bed: Bed) {
    assert!(!bed.store.knows_file("readers.csv").await.unwrap());
    bed.readers(0..2).await;
    assert!(bed.store.knows_file("readers.csv").await.unwrap());
    assert_eq!(bed.store.imported("readers").await.unwrap().len(), 0);
    assert_eq!(bed.store.addresses().await.unwrap().len(), 2);
    let id = bed.store.subscriptions_of(&address(0)).await.unwrap()[0].id;
    bed.store.change_cadence(id, Cadence::Weekly).await.unwrap();
    bed.store.rename_subscriber(&address(0), "Zoë\n").await.unwrap();
    let changed = &bed.store.subscriptions_of(&address(0)).await.unwrap()[0];
    assert_eq!(changed.cadence, "weekly");
}
