//! Who gets which post, when, and how often: once.

use crate::harness::World;

#[test]
fn an_archive_is_never_mailed() {
    let world = World::with_readers();
    let summary = world.run();
    assert_eq!(summary.posts.published, 1);
    assert_eq!((summary.letters.sent, summary.readers.added), (0, 2));
    world.wait(24 * 7);
    world.subscribe("late@example.net", "", "instant");
    assert_eq!(world.run().letters.sent, 0);
}

#[test]
fn a_new_post_reaches_the_instant_readers_once() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("fresh", "2026-11-24", "Fresh", "News about the harbour and old boats.");
    let summary = world.run();
    assert_eq!(summary.issues.opened, ["instant/fresh"]);
    assert_eq!(summary.letters.sent, 1);
    assert_eq!(world.letters().keys().collect::<Vec<_>>(), ["instant-fresh/ada@example.net"]);
    world.wait(1);
    let again = world.run();
    assert!(again.is_idle(), "{again}");
}

/// How many editions the ledger holds.
fn editions(world: &World) -> i64 {
    world.block(async {
        let path = world.path("var/postrider.db").display().to_string();
        let ledger = sqlx::SqlitePool::connect(&path).await.unwrap();
        let count = sqlx::query_scalar("select count(*) from editions").fetch_one(&ledger);
        let count = count.await.unwrap();
        ledger.close().await;
        count
    })
}

#[test]
fn readers_with_the_same_history_share_one_edition() {
    let world = World::new();
    for reader in 0..50 {
        world.subscribe(&format!("r{reader}@example.net"), "", "weekly");
    }
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text.");
    world.run();
    world.wait(1);
    world.subscribe("late@example.net", "", "weekly");
    world.run();
    world.wait(1);
    world.post("two", "2026-11-24", "Two", "Text.");
    world.wait(24 * 6);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 51, "{summary}");
    assert_eq!(editions(&world), 2, "one for fifty, one for the reader who came between");
    world.post("three", "2026-12-01", "Three", "Text.");
    world.wait(24 * 7);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 51, "{summary}");
    assert_eq!(editions(&world), 3, "now they have had the same");
}

#[test]
fn a_weekly_digest_carries_what_its_reader_has_not_had() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "The first of two", "Text one.");
    world.run();
    world.wait(1);
    world.post("two", "2026-11-24", "The second of two", "Text two.");
    world.run();
    world.wait(24 * 6);
    let summary = world.run();
    assert_eq!(summary.issues.opened, ["weekly/2026-W49"]);
    let letters = world.letters();
    let digest = &letters["weekly-2026-W49/wes@example.net"];
    assert!(digest.contains("The first of two") && digest.contains("The second of two"));
    assert!(!digest.contains("Old news: read"), "an archive is nobody's");
    world.wait(24 * 7);
    assert_eq!(world.run().letters.sent, 0, "an empty digest is not sent");
}

#[test]
fn a_planned_time_missed_while_the_machine_was_off_is_made_up_once() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text.");
    world.wait(24 * 21);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 2, "{summary}");
    assert_eq!(world.run().letters.sent, 0);
}

#[test]
fn nobody_gets_what_appeared_before_they_came() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text.");
    world.run();
    world.wait(1);
    world.subscribe("late@example.net", "", "instant");
    assert_eq!(world.run().letters.sent, 0);
    world.wait(1);
    world.post("two", "2026-11-24", "Two", "Text.");
    world.run();
    assert!(world.letters().contains_key("instant-two/late@example.net"));
}

#[test]
fn a_post_that_moved_is_not_mailed_again() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "A text that stays the same.");
    world.run();
    world.wait(1);
    let text = world.read("posts/one.md").replace("\"One\"", "\"Another title\"");
    std::fs::remove_file(world.path("posts/one.md")).unwrap();
    world.write("posts/2026/renamed.md", &text);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 0, "{summary}");
    assert_eq!(summary.posts.published, 2);
}

#[test]
fn a_draft_is_mailed_when_it_is_published() {
    let world = World::with_readers();
    world.write("posts/d.md", "+++\ntitle = \"D\"\ndate = 2026-11-20\ndraft = true\n+++\nText.\n");
    assert_eq!(world.run().posts.draft, 1);
    world.wait(1);
    world.write("posts/d.md", "+++\ntitle = \"D\"\ndate = 2026-11-20\n+++\nText.\n");
    assert_eq!(world.run().issues.opened, ["instant/d"]);
}

#[test]
fn a_scheduled_post_appears_when_its_time_has_come() {
    let world = World::with_readers();
    world.write("posts/s.md", "+++\ntitle = \"S\"\ndate = 2026-11-24T15:00:00Z\n+++\nText.\n");
    assert_eq!(world.run().posts.scheduled, 1);
    world.wait(4);
    let summary = world.run();
    assert_eq!((summary.posts.scheduled, summary.letters.sent), (0, 1));
}

#[test]
fn a_letter_shows_related_posts_but_never_its_own() {
    let world = World::with_readers();
    for (slug, title) in [("anchor", "Anchors that hold"), ("chain", "Anchor chains and rust")] {
        let body = "An anchor, a chain, a shackle and the sea bed under the boat.";
        world.post(slug, "2026-11-02", title, body);
    }
    world.run();
    world.wait(1);
    let body = "Which anchor and which chain we carry on the boat now.";
    world.post("new-anchor", "2026-11-24", "The new anchor", body);
    world.run();
    let letters = world.letters();
    let letter = &letters["instant-new-anchor/ada@example.net"];
    let text = letter.split("text/html").next().unwrap();
    assert!(text.contains("Anchors that hold"), "{text}");
    let related = text.split("Related").nth(1).expect("a block of related posts");
    assert!(!related.contains("/new-anchor/"), "{related}");
}
