//! Sums, pruning, and the ways back.

use super::{Bed, bed::address, on_both};
use crate::{
    domain::delivery::DeliveryState::{self as S},
    store::{deliveries::Count, statement::sql, upkeep::Retried},
};

on_both! {
    a_ledger_that_adds_up_has_no_faults
    what_does_not_add_up_is_named
    pruned_letters_are_counts_and_the_sums_stay
    failed_letters_are_sent_again_to_who_has_not_had_them_since
    doubts_are_settled_by_the_operator_or_by_a_policy
}

/// Five readers: sent, failed, uncertain, ready and suppressed.
async fn one_of_each(bed: &Bed) -> i64 {
    bed.readers(0..5).await;
    let issue = bed.open("first").await;
    let leased = bed.lease("a", bed.now, 4).await;
    for one in &leased[..3] {
        assert!(bed.moves("a", one.id, (S::Leased, S::Sending), bed.now).await);
    }
    for (one, to) in leased.iter().zip([S::Sent, S::Failed, S::Uncertain]) {
        assert!(bed.moves("a", one.id, (S::Sending, to), bed.now).await);
    }
    assert!(bed.moves("a", leased[3].id, (S::Leased, S::Ready), bed.now).await);
    let gone = bed.store.subscriptions_of(&address(4)).await.unwrap()[0].id;
    bed.store.end_subscription(gone, bed.now).await.unwrap();
    assert_eq!(bed.states(issue).await, ["sent", "failed", "uncertain", "ready", "suppressed"]);
    issue
}

async fn faults(bed: &Bed) -> Vec<String> {
    bed.store.verify(bed.now).await.unwrap().faults
}

async fn a_ledger_that_adds_up_has_no_faults(bed: Bed) {
    one_of_each(&bed).await;
    bed.open("second").await;
    let audit = bed.store.verify(bed.now).await.unwrap();
    assert_eq!(audit.faults, [""; 0]);
    assert_eq!((audit.issues, audit.deliveries, audit.subscriptions), (2, 9, 5));
}

async fn what_does_not_add_up_is_named(bed: Bed) {
    let issue = one_of_each(&bed).await;
    for (harm, mend, words) in [
        ("update issues set readers = 6", "update issues set readers = 5", "6 readers, 5 letters"),
        ("update issues set state = 'sent'", "update issues set state = 'sending'", "called sent"),
        (
            "update deliveries set state = 'leased' where state = 'ready'",
            "update deliveries set state = 'ready' where state = 'leased'",
            "leased by nobody",
        ),
        (
            "update subscriptions set confirmed_at = null where id = 2",
            "update subscriptions set confirmed_at = 1",
            "does not say since when",
        ),
    ] {
        sql(harm).run(bed.store.writing()).await.unwrap();
        let found = faults(&bed).await;
        assert!(found.iter().any(|fault| fault.contains(words)), "{words}: {found:?}");
        sql(mend).run(bed.store.writing()).await.unwrap();
        assert_eq!(faults(&bed).await, [""; 0], "{mend}");
    }
    sql("update subscriptions set history_id = 1").run(bed.store.writing()).await.unwrap();
    assert!(faults(&bed).await[0].contains("history of 3 readers"));
    assert_eq!(bed.states(issue).await.len(), 5);
}

async fn pruned_letters_are_counts_and_the_sums_stay(bed: Bed) {
    let issue = one_of_each(&bed).await;
    assert_eq!(bed.store.prune(bed.later(100)).await.unwrap().deliveries, 0, "it is not sent yet");
    let left = bed.lease("a", bed.now, 1).await[0].id;
    assert!(bed.moves("a", left, (S::Leased, S::Sending), bed.now).await);
    assert!(bed.moves("a", left, (S::Sending, S::Sent), bed.now).await);
    bed.store.close_finished_issues(bed.now).await.unwrap();
    assert_eq!(bed.store.prune(bed.now).await.unwrap().deliveries, 0, "it is not old enough");
    let pruned = bed.store.prune(bed.later(1)).await.unwrap();
    assert_eq!((pruned.issues, pruned.deliveries), (1, 4));
    assert_eq!(bed.states(issue).await, ["uncertain"], "doubts stay, by name");
    let count = |state, count| Count { issue, state, count };
    let pruned = bed.store.pruned(issue).await.unwrap();
    assert_eq!(pruned, [count(S::Failed, 1), count(S::Sent, 2), count(S::Suppressed, 1)]);
    assert_eq!(bed.store.counts().await.unwrap().iter().map(|c| c.count).sum::<u64>(), 5);
    assert_eq!(faults(&bed).await, [""; 0]);
    assert_eq!(bed.store.prune(bed.later(1)).await.unwrap().deliveries, 0);
}

async fn failed_letters_are_sent_again_to_who_has_not_had_them_since(bed: Bed) {
    bed.readers(0..3).await;
    let issue = bed.open("first").await;
    for one in bed.lease("a", bed.now, 3).await {
        assert!(bed.moves("a", one.id, (S::Leased, S::Failed), bed.now).await);
    }
    let row = bed.account(issue, 0).await.unwrap().posts[0];
    let gone = bed.store.subscriptions_of(&address(1)).await.unwrap()[0].id;
    bed.store.end_subscription(gone, bed.now).await.unwrap();
    let retried = bed.store.retry(issue, bed.later(9)).await.unwrap();
    assert_eq!(retried, Retried { ready: 2, passed: 1 });
    assert_eq!(bed.states(issue).await, ["ready", "failed", "ready"]);
    assert_eq!(faults(&bed).await, [""; 0]);
    assert!(bed.lease("a", bed.later(8), 9).await.is_empty());
    for one in bed.lease("a", bed.later(9), 9).await {
        assert!(bed.moves("a", one.id, (S::Leased, S::Failed), bed.later(9)).await);
    }
    bed.write("again", row).await;
    let retried = bed.store.retry(issue, bed.later(10)).await.unwrap();
    assert_eq!(retried, Retried { ready: 0, passed: 3 }, "the posts are on their way already");
}

async fn doubts_are_settled_by_the_operator_or_by_a_policy(bed: Bed) {
    let issue = one_of_each(&bed).await;
    let id = bed.account(issue, 2).await.unwrap().id;
    let doubt = async || {
        sql("update deliveries set state = 'uncertain' where id = $1")
            .bind(id)
            .run(bed.store.writing())
            .await
            .unwrap();
    };
    let state = async || bed.account(issue, 2).await.unwrap().state;
    assert_eq!(bed.store.resolve(issue, S::Sent, bed.now).await.unwrap(), 1);
    assert_eq!(state().await, "sent");
    doubt().await;
    assert_eq!(bed.store.settle_doubts(S::Ready, 1, bed.now).await.unwrap(), 0, "tried too often");
    assert_eq!(bed.store.settle_doubts(S::Ready, 2, bed.now).await.unwrap(), 1);
    assert_eq!(state().await, "ready");
    doubt().await;
    assert_eq!(bed.store.settle_doubts(S::Failed, 9, bed.now).await.unwrap(), 1);
    let account = bed.account(issue, 2).await.unwrap();
    assert_eq!(account.state, "failed");
    assert!(account.reply.unwrap().starts_with("dropped"));
    assert_eq!(faults(&bed).await, [""; 0], "its posts went back to the next letter");
}
