//! Leases and moves: who may do what with a delivery, and until when.

use std::collections::BTreeSet;

use super::{Bed, bed::address, on_both};
use crate::domain::delivery::DeliveryState as S;

on_both! {
    a_delivery_goes_from_ready_to_sent_in_the_hands_of_one
    two_who_lease_at_once_share_nothing_and_leave_nothing
    what_is_another_s_cannot_be_moved
    a_paused_worker_learns_before_the_dot_that_its_lease_is_over
    a_renewed_lease_goes_on
    the_dead_are_cleared_away_when_their_leases_end
    a_late_reply_settles_what_had_become_uncertain
    nobody_who_left_or_is_suppressed_is_written_to
    an_intent_for_a_held_issue_gives_the_delivery_back
    a_failed_letter_gives_its_posts_back
    nothing_is_leased_of_an_issue_that_is_opening_or_held
}

async fn a_delivery_goes_from_ready_to_sent_in_the_hands_of_one(bed: Bed) {
    bed.readers(0..1).await;
    let issue = bed.open("first").await;
    let leased = bed.lease("a", bed.now, 10).await;
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].address, address(0).as_str());
    assert_eq!(leased[0].name, "Reader \"0\" Ünal");
    assert_eq!(bed.store.letter(leased[0].edition, 0).await.unwrap(), "Hello");
    assert!(bed.lease("b", bed.now, 10).await.is_empty());
    let id = leased[0].id;
    assert!(bed.moves("a", id, (S::Leased, S::Sending), bed.later(1)).await);
    assert!(!bed.moves("a", id, (S::Leased, S::Sending), bed.later(1)).await, "only once");
    assert!(bed.moves("a", id, (S::Sending, S::Sent), bed.later(2)).await);
    let account = bed.account(issue, 0).await.unwrap();
    assert_eq!((account.state.as_str(), account.attempts), ("sent", 1));
    assert_eq!(account.first_intent, Some(bed.later(1)));
    assert_eq!(account.settled, Some(bed.later(2)));
    assert_eq!(account.reply.as_deref(), Some("250 Ok"));
    assert!(bed.store.close_finished_issues(bed.later(3)).await.is_ok());
    assert_eq!(bed.store.latest_issues(1).await.unwrap()[0].state, "sent");
}

async fn two_who_lease_at_once_share_nothing_and_leave_nothing(bed: Bed) {
    bed.readers(0..400).await;
    bed.open("first").await;
    let take = async |owner: String| {
        let mut ids = Vec::new();
        loop {
            let leased = bed.lease(&owner, bed.now, 7).await;
            if leased.is_empty() {
                return ids;
            }
            ids.extend(leased.into_iter().map(|leased| leased.id));
        }
    };
    let (a, b, c) = tokio::join!(take("a".to_owned()), take("b".to_owned()), take("c".to_owned()));
    let all: Vec<i64> = [a, b, c].concat();
    let distinct: BTreeSet<i64> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (400, 400));
}

async fn what_is_another_s_cannot_be_moved(bed: Bed) {
    bed.readers(0..1).await;
    bed.open("first").await;
    let id = bed.lease("a", bed.now, 1).await[0].id;
    assert!(!bed.moves("b", id, (S::Leased, S::Sending), bed.now).await);
    assert!(bed.moves("a", id, (S::Leased, S::Sending), bed.now).await);
    assert!(!bed.moves("b", id, (S::Sending, S::Sent), bed.now).await);
    assert_eq!(bed.store.renew("b", bed.later(600)).await.unwrap(), 0);
}

async fn a_paused_worker_learns_before_the_dot_that_its_lease_is_over(bed: Bed) {
    bed.readers(0..1).await;
    let issue = bed.open("first").await;
    let id = bed.lease("a", bed.now, 1).await[0].id;
    let late = bed.later(121);
    assert!(!bed.moves("a", id, (S::Leased, S::Sending), late).await, "though nobody else came");
    assert_eq!(bed.store.reap(late).await.unwrap(), 0);
    assert_eq!(bed.lease("b", late, 1).await[0].id, id);
    assert!(!bed.moves("a", id, (S::Leased, S::Sending), late).await);
    assert!(bed.moves("b", id, (S::Leased, S::Sending), late).await);
    assert_eq!(bed.states(issue).await, ["sending"]);
}

async fn a_renewed_lease_goes_on(bed: Bed) {
    bed.readers(0..2).await;
    bed.open("first").await;
    let leased = bed.lease("a", bed.now, 2).await;
    assert_eq!(bed.store.renew("a", bed.later(300)).await.unwrap(), 2);
    bed.store.reap(bed.later(200)).await.unwrap();
    assert!(bed.moves("a", leased[0].id, (S::Leased, S::Sending), bed.later(250)).await);
}

async fn the_dead_are_cleared_away_when_their_leases_end(bed: Bed) {
    bed.readers(0..3).await;
    let issue = bed.open("first").await;
    let leased = bed.lease("dead", bed.now, 2).await;
    assert!(bed.moves("dead", leased[0].id, (S::Leased, S::Sending), bed.now).await);
    assert_eq!(bed.store.reap(bed.later(60)).await.unwrap(), 0, "they may be alive");
    assert_eq!(bed.states(issue).await, ["sending", "leased", "ready"]);
    assert_eq!(bed.store.reap(bed.later(121)).await.unwrap(), 1);
    assert_eq!(bed.states(issue).await, ["uncertain", "ready", "ready"]);
}

async fn a_late_reply_settles_what_had_become_uncertain(bed: Bed) {
    bed.readers(0..1).await;
    let issue = bed.open("first").await;
    let id = bed.lease("slow", bed.now, 1).await[0].id;
    assert!(bed.moves("slow", id, (S::Leased, S::Sending), bed.now).await);
    bed.store.reap(bed.later(121)).await.unwrap();
    assert!(bed.moves("slow", id, (S::Sending, S::Sent), bed.later(130)).await);
    assert_eq!(bed.states(issue).await, ["sent"]);
}

async fn nobody_who_left_or_is_suppressed_is_written_to(bed: Bed) {
    bed.readers(0..3).await;
    let issue = bed.open("first").await;
    let leased = bed.lease("a", bed.now, 3).await;
    bed.store.end_subscription(leased[0].subscription, bed.now).await.unwrap();
    bed.store.suppress(&address(1), "complained", bed.now).await.unwrap();
    let mut granted = Vec::new();
    for one in &leased {
        granted.push(bed.moves("a", one.id, (S::Leased, S::Sending), bed.now).await);
        assert_eq!(bed.store.is_wanted(one.id).await.unwrap(), *granted.last().unwrap());
    }
    assert_eq!(granted, [false, false, true]);
    let second = bed.open("second").await;
    assert_eq!(bed.states(second).await.len(), 1, "no letter is opened for them either");
    assert!(bed.account(second, 2).await.is_some());
    assert!(bed.store.suppressions().await.unwrap()[0].1.contains("complained"));
    assert_eq!(bed.states(issue).await, ["leased", "leased", "sending"]);
}

async fn an_intent_for_a_held_issue_gives_the_delivery_back(bed: Bed) {
    bed.readers(0..2).await;
    let issue = bed.open("first").await;
    let leased = bed.lease("a", bed.now, 2).await;
    assert!(bed.moves("a", leased[0].id, (S::Leased, S::Sending), bed.now).await);
    bed.store.hold_issue(issue, "554 policy").await.unwrap();
    assert!(!bed.moves("a", leased[1].id, (S::Leased, S::Sending), bed.now).await);
    assert_eq!(bed.states(issue).await, ["sending", "ready"]);
    assert!(bed.moves("a", leased[0].id, (S::Sending, S::Sent), bed.now).await);
}

async fn a_failed_letter_gives_its_posts_back(bed: Bed) {
    bed.readers(0..2).await;
    let first = bed.open("first").await;
    let leased = bed.lease("a", bed.now, 2).await;
    assert!(bed.moves("a", leased[0].id, (S::Leased, S::Failed), bed.now).await);
    let row = bed.account(first, 0).await.unwrap().posts[0];
    // The same post again, as another issue: only who has not had it gets it.
    let again = bed.write("again", row).await;
    assert_eq!(bed.states(again).await.len(), 1);
    assert!(bed.account(again, 0).await.is_some());
}

async fn nothing_is_leased_of_an_issue_that_is_opening_or_held(bed: Bed) {
    bed.readers(0..1).await;
    let issue = bed.open("first").await;
    bed.store.hold_issue(issue, "554 policy").await.unwrap();
    assert!(bed.lease("a", bed.now, 1).await.is_empty());
    assert!(bed.store.release_issue(issue).await.unwrap());
    assert_eq!(bed.lease("a", bed.now, 1).await.len(), 1);
}
