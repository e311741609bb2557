//! What is near posts, and what readers were shown.

use super::{Bed, on_both};
use crate::{
    domain::subscriber::Cadence,
    rank::{
        lists::Relations,
        rails::{Held, Log},
    },
    store::audience::Audience,
};

on_both! {
    lists_are_renewed_together_and_added_alone
    what_cannot_be_read_is_nobodys_list
    what_a_letter_held_is_kept_with_its_readers_history
}

fn relations(near: &[(i64, f32)]) -> Relations {
    Relations { popularity: 0.25, near: near.to_vec(), alike: "7f00".to_owned() }
}

async fn kept(bed: &Bed) -> Vec<(i64, Option<Relations>)> {
    let kept = bed.store.relations().await.unwrap();
    kept.into_iter().map(|kept| (kept.row, kept.relations)).collect()
}

async fn lists_are_renewed_together_and_added_alone(bed: Bed) {
    let (one, two) = (bed.post("one").await, bed.post("two").await);
    assert_eq!(kept(&bed).await, [(one, None), (two, None)]);
    assert_eq!(bed.store.related_at().await.unwrap(), None);
    let (first, second) = (relations(&[(two, 0.5)]), relations(&[(one, 0.375), (two, 0.1)]));
    bed.store.add_relations(&[(one, first.clone())]).await.unwrap();
    assert_eq!(kept(&bed).await, [(one, Some(first)), (two, None)]);
    assert_eq!(bed.store.related_at().await.unwrap(), None, "nothing was renewed");
    bed.store.renew_relations(&[(two, second.clone())], bed.now).await.unwrap();
    assert_eq!(kept(&bed).await, [(one, None), (two, Some(second))]);
    assert_eq!(bed.store.related_at().await.unwrap(), Some(bed.now));
}

async fn what_cannot_be_read_is_nobodys_list(bed: Bed) {
    let one = bed.post("one").await;
    let broken = "insert into related (post, relations) select id, 'broken' from posts";
    crate::store::statement::sql(broken).run(bed.store.writing()).await.unwrap();
    assert_eq!(kept(&bed).await, [(one, None)]);
}

async fn what_a_letter_held_is_kept_with_its_readers_history(bed: Bed) {
    bed.readers(0..3).await;
    let moments = [bed.now];
    let audience = Audience::of("letters", Cadence::Instant, &moments);
    let issue = bed.open("first").await;
    let row = bed.account(issue, 0).await.unwrap().posts[0];
    let groups = bed.store.groups(audience).await.unwrap();
    assert_eq!(groups.len(), 1);
    let log = Log::default().after(Held { sent: vec![row], shown: vec![] });
    assert_eq!(bed.store.log(audience, groups[0].history).await.unwrap(), log);
    assert_eq!(bed.store.log(audience, 1).await.unwrap(), Log::default(), "nothing was sent yet");
    let weekly = Audience { cadence: Cadence::Weekly, ..audience };
    let other = bed.store.log(weekly, groups[0].history).await.unwrap();
    assert_eq!(other, Log::default(), "another rhythm, other letters");
}
