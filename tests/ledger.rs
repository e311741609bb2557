//! The ledger in the operator's hands: a backup put back, letters missing, sums, pruning.

use std::fs;

use crate::harness::World;

fn world() -> World {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.subscribe("bob@example.net", "Bob", "instant");
    world.configure_mail("first_run = \"latest\"");
    world.post("first", "2026-11-20", "The first", "Text of the first.");
    world
}

#[test]
fn a_backup_put_back_publishes_and_sends_nothing_until_it_is_adopted() {
    let world = world();
    assert_eq!(world.run().letters.sent, 2);
    let backup = fs::read(world.path("var/postrider.db")).unwrap();
    world.post("second", "2026-11-24", "The second", "Text of the second.");
    world.wait(1);
    assert_eq!(world.run().letters.sent, 2);
    fs::write(world.path("var/postrider.db"), backup).unwrap();
    let summary = world.run();
    assert!(summary.needs_operator());
    assert_eq!((summary.letters.sent, summary.posts.published), (0, 2));
    assert!(summary.troubles[0].contains("put back"), "{:?}", summary.troubles);
    let (status, out, _) = world.call(&["status"]);
    assert_eq!(status, 1);
    assert!(out.starts_with("Held: it is older than what ran last"), "{out}");
    let (status, out, _) = world.call(&["ledger", "adopt"]);
    assert!(status == 0 && out.contains("1 unfinished issue is held"), "{out}");
    assert_eq!(world.run().letters.sent, 0, "the second letter has gone out already");
    assert_eq!(world.call(&["issue", "release", "instant/second"]).0, 0);
    assert_eq!(world.run().letters.sent, 2);
    assert_eq!(
        world.call(&["ledger", "adopt"]).1,
        "The ledger is not held; nothing was changed.\n"
    );
}

#[test]
fn what_an_adopted_ledger_opens_later_waits_for_the_operator_too() {
    let world = world();
    assert_eq!(world.run().letters.sent, 2);
    let backup = fs::read(world.path("var/postrider.db")).unwrap();
    world.post("second", "2026-11-24", "The second", "Text of the second.");
    world.wait(1);
    assert_eq!(world.run().letters.sent, 2);
    fs::write(world.path("var/postrider.db"), backup).unwrap();
    // It is found out before anything is opened: a worker looked first, say.
    world.with_store(async |store| {
        let mark = world.path("var/postrider.instance");
        assert!(store.check_instance(&mark).await.unwrap().is_some());
    });
    let (_, out, _) = world.call(&["ledger", "adopt"]);
    assert!(out.contains("0 unfinished issues are held"), "{out}");
    let summary = world.run();
    assert_eq!((summary.letters.sent, summary.issues.held.len()), (0, 1));
    assert!(summary.to_string().contains("posts/second.md was published before"), "{summary}");
}

#[test]
fn who_has_not_got_an_issue_is_listed_and_what_was_pruned_is_counted() {
    let world = world();
    world.run();
    let (_, out, _) = world.call(&["issue", "missing", "instant/first"]);
    assert_eq!(out, "Every letter of instant/first was sent.\n");
    let (status, out, _) = world.call(&["ledger", "verify"]);
    assert!(status == 0 && out.starts_with("1 issue, 2 letters, 2 subscriptions"), "{out}");
    let (_, out, _) = world.call(&["issue", "retry", "instant/first"]);
    assert!(out.starts_with("0 failed letters"), "{out}");
    let (status, _, refusal) = world.call(&["ledger", "prune", "--older-than", "3"]);
    assert!(status == 2 && refusal.contains("eligible_days"), "{refusal}");
    world.with_store(async |store| {
        let sent = world.clock.now().plus(std::time::Duration::from_secs(1));
        assert_eq!(store.prune(sent).await.unwrap().deliveries, 2);
    });
    let (_, out, _) = world.call(&["why", "ada@example.net", "instant/first"]);
    assert!(out.contains("was pruned: 2 sent"), "{out}");
    assert_eq!(world.call(&["ledger", "verify"]).0, 0);
    assert_eq!(world.run().letters.sent, 0, "histories know what was had");
}
