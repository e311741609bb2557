//! Copies and snapshots that were put back start held.

use std::path::PathBuf;

use super::{Bed, on_both};
use crate::store::{Store, location::Location, statement::sql};

on_both! {
    the_ledger_that_ran_last_goes_on
    a_ledger_behind_its_mark_is_held_until_it_is_adopted
    a_ledger_that_is_not_where_it_ran_is_held
    a_mark_of_another_ledger_or_none_at_all_is_no_proof
}

impl Bed {
    fn mark(&self) -> PathBuf {
        self.folder().join("ledger.instance")
    }

    async fn check(&self) -> Option<String> {
        self.store.check_instance(&self.mark()).await.unwrap()
    }

    async fn advance(&self) {
        self.store.advance_epoch(&self.mark()).await.unwrap();
    }
}

async fn the_ledger_that_ran_last_goes_on(bed: Bed) {
    for _ in 0..3 {
        assert_eq!(bed.check().await, None);
        bed.advance().await;
    }
    // Killed between the ledger and the mark: the ledger is ahead, which harms nobody.
    sql("update ledger set epoch = epoch + 1").run(bed.store.writing()).await.unwrap();
    assert_eq!(bed.check().await, None);
}

async fn a_ledger_behind_its_mark_is_held_until_it_is_adopted(bed: Bed) {
    bed.readers(0..1).await;
    bed.advance().await;
    let issue = bed.open("first").await;
    bed.advance().await;
    sql("update ledger set epoch = 1").run(bed.store.writing()).await.unwrap();
    let why = bed.check().await.unwrap();
    assert!(why.contains("it is at 1, the last run was at 2"), "{why}");
    assert!(bed.lease("a", bed.now, 1).await.is_empty());
    bed.advance().await;
    assert_eq!(bed.store.held_because().await.unwrap(), Some(why), "it stays so");
    assert_eq!(bed.store.adopt(&bed.mark(), bed.now).await.unwrap(), 1);
    assert_eq!(bed.check().await, None);
    assert!(bed.lease("a", bed.now, 1).await.is_empty(), "each issue is for the operator");
    assert!(bed.store.release_issue(issue).await.unwrap());
    assert_eq!(bed.lease("a", bed.now, 1).await.len(), 1);
}

async fn a_ledger_that_is_not_where_it_ran_is_held(bed: Bed) {
    bed.advance().await;
    sql("update ledger set home = 'elsewhere'").run(bed.store.writing()).await.unwrap();
    assert!(bed.check().await.unwrap().contains("not where it last ran"));
}

async fn a_mark_of_another_ledger_or_none_at_all_is_no_proof(bed: Bed) {
    std::fs::write(bed.mark(), "somebody-else 9\n").unwrap();
    assert_eq!(bed.check().await, None, "a new ledger has nothing to send twice");
    bed.advance().await;
    std::fs::remove_file(bed.mark()).unwrap();
    let is_held = bed.check().await.is_some();
    assert_eq!(is_held, !bed.store.is_shared(), "a machine that joins others has no mark yet");
    bed.store.adopt(&bed.mark(), bed.now).await.unwrap();
    for text in ["somebody-else 9\n", "\u{0}\u{0}"] {
        std::fs::write(bed.mark(), text).unwrap();
        assert!(bed.check().await.unwrap().contains("another ledger"));
        bed.store.adopt(&bed.mark(), bed.now).await.unwrap();
    }
}

#[tokio::test]
async fn a_copied_file_is_held_even_with_its_mark() {
    let bed = Bed::sqlite().await;
    bed.advance().await;
    bed.store.close().await;
    let copy = bed.folder().join("copy.db");
    std::fs::copy(bed.folder().join("ledger.db"), &copy).unwrap();
    std::fs::copy(bed.mark(), bed.folder().join("copy.instance")).unwrap();
    let copied = Store::look(Location::File(copy)).await.unwrap().unwrap();
    let why = copied.check_instance(&bed.folder().join("copy.instance")).await.unwrap();
    assert!(why.unwrap().contains("copied"));
    let original = Store::look(&bed.location).await.unwrap().unwrap();
    assert_eq!(original.check_instance(&bed.mark()).await.unwrap(), None);
}

#[tokio::test]
async fn a_backup_put_back_in_its_place_is_held() {
    let bed = Bed::sqlite().await;
    bed.advance().await;
    let backup = bed.folder().join("backup.db");
    let text = format!("vacuum into '{}'", backup.display());
    sql(Box::leak(text.into_boxed_str())).run(bed.store.writing()).await.unwrap();
    bed.advance().await;
    bed.store.close().await;
    // Written over the file, which keeps its inode and its birth.
    std::fs::write(bed.folder().join("ledger.db"), std::fs::read(backup).unwrap()).unwrap();
    let restored = Store::look(&bed.location).await.unwrap().unwrap();
    let why = restored.check_instance(&bed.mark()).await.unwrap();
    assert!(why.unwrap().contains("put back"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: run tests/run"]
async fn those_who_share_a_mark_do_not_hold_one_another() {
    let bed = Bed::postgres().await;
    let work = async || {
        for _ in 0..100 {
            assert_eq!(bed.check().await, None);
            bed.advance().await;
        }
    };
    tokio::join!(work(), work(), work());
}
