//! Nobody is ever mailed an archive, and no post twice: whatever becomes of files and clocks.

use postrider::time::{Clock, Timestamp};

use crate::harness::World;

fn set(world: &World, now: &str) {
    let Clock::HandSet(hands) = &world.clock else { panic!("a world's clock is hand-set") };
    let now = Timestamp::parse_rfc3339(now).unwrap();
    hands.store(now.micros(), std::sync::atomic::Ordering::SeqCst);
}

fn take_away(world: &World, slug: &str) {
    std::fs::remove_file(world.path(&format!("posts/{slug}.md"))).unwrap();
}

#[test]
fn a_post_withdrawn_and_brought_back_is_not_mailed_again() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text one.");
    assert_eq!(world.run().letters.sent, 1);
    world.wait(24 * 6);
    assert_eq!(world.run().issues.opened, ["weekly/2026-W49"]);
    take_away(&world, "one");
    world.post("two", "2026-11-30", "Two", "Text two.");
    assert_eq!(world.run().letters.sent, 1);
    world.wait(24 * 7);
    assert_eq!(world.run().issues.opened, ["weekly/2026-W50"]);
    world.post("one", "2026-11-24", "One", "Text one.");
    let summary = world.run();
    assert_eq!((summary.posts.published, summary.letters.sent), (3, 0), "{summary}");
    world.wait(24 * 7);
    assert_eq!(world.run().letters.sent, 0, "not in a digest either");
}

#[test]
fn a_longer_time_of_eligibility_mails_nothing_again() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    world.post("one", "2026-11-24", "One", "Text one.");
    world.run();
    world.wait(48);
    world.configure_mail("eligible_days = 1");
    world.post("two", "2026-11-26", "Two", "Text two.");
    assert_eq!(world.run().letters.sent, 1);
    let text = world.read("config/postrider.toml").replace("eligible_days = 1\n", "");
    world.write("config/postrider.toml", &text);
    world.wait(1);
    assert_eq!(world.run().letters.sent, 0);
}

#[test]
fn a_post_that_the_first_run_refused_belongs_to_the_archive() {
    let world = World::with_readers();
    world.write("posts/2012.md", "+++\ntitle = \"Old\"\ndate = soon\n+++\nAn old text.\n");
    assert_eq!(world.run().posts.refused, 1);
    world.wait(1);
    world.write("posts/2012.md", "+++\ntitle = \"Old\"\ndate = 2026-11-20\n+++\nAn old text.\n");
    let summary = world.run();
    assert_eq!((summary.posts.published, summary.letters.sent), (2, 0), "{summary}");
    world.write("posts/later.md", "+++\ntitle = \"Later\"\ndate = soon\n+++\nA later text.\n");
    assert_eq!(world.run().posts.refused, 1);
    world.wait(1);
    world.write("posts/later.md", "+++\ntitle = \"Later\"\ndate = 2026-11-24\n+++\nA text.\n");
    assert_eq!(world.run().issues.opened, ["instant/later"], "it was new then");
}

#[test]
fn what_appears_with_a_reader_is_not_for_that_reader() {
    let world = World::with_readers();
    take_away(&world, "old-news");
    world.run();
    world.wait(1);
    world.post("brought", "2026-11-20", "Brought along", "From the old site.");
    world.subscribe("new@example.net", "", "instant");
    world.run();
    let letters = world.letters();
    assert_eq!(letters.keys().collect::<Vec<_>>(), ["instant-brought/ada@example.net"]);
    world.wait(1);
    world.post("next", "2026-11-24", "Next", "For both.");
    assert_eq!(world.run().letters.sent, 2);
}

#[test]
fn many_posts_at_once_are_held_until_the_operator_lets_them_go() {
    let world = World::with_readers();
    world.run();
    world.wait(1);
    for n in 1..=6 {
        let words = ["anchors", "bilges", "cleats", "decks", "ends", "fenders"][n - 1];
        world.post(
            &format!("p{n}"),
            "2026-11-20",
            &format!("On {words}"),
            &format!("All {words}."),
        );
    }
    let summary = world.run();
    assert_eq!(summary.letters.sent, 0, "{summary}");
    assert_eq!(summary.issues.held.len(), 6, "{summary}");
    assert!(summary.to_string().contains("6 posts appeared at once"), "{summary}");
    assert!(world.run().needs_operator(), "they stay held");
    assert_eq!(world.call(&["issue", "release", "instant/p3"]).0, 0);
    assert_eq!(world.run().letters.sent, 1);
    world.wait(1);
    world.post("p7", "2026-11-24", "On gaffs", "All gaffs.");
    assert_eq!(world.run().letters.sent, 1, "what comes later goes out");
}

#[test]
fn a_post_dated_long_before_it_appears_is_held() {
    let world = World::with_readers();
    world.configure_mail("guard_days = 10");
    world.run();
    world.wait(1);
    world.post("back", "2026-11-01", "Back then", "An old text.");
    world.post("new", "2026-11-20", "New", "A new text.");
    let summary = world.run();
    assert_eq!(
        (summary.letters.sent, &summary.issues.held[..]),
        (1, &["instant/back".to_owned()][..])
    );
    assert!(summary.to_string().contains("posts/back.md is dated 2026-11-01"), "{summary}");
}

#[test]
#[should_panic(expected = "the clock of this machine shows 1970")]
fn a_machine_that_lost_its_clock_takes_no_baseline() {
    let world = World::with_readers();
    set(&world, "1970-01-01T00:03:00Z");
    world.run();
}

#[test]
fn a_first_run_under_a_clock_behind_mails_nothing_of_what_was_there() {
    let world = World::with_readers();
    set(&world, "2026-02-01T12:00:00Z");
    world.post("spring", "2026-05-01", "Spring", "Text.");
    assert_eq!(world.run().posts.scheduled, 2);
    set(&world, "2026-12-24T12:00:00Z");
    let summary = world.run();
    assert_eq!((summary.posts.published, summary.letters.sent), (2, 0), "{summary}");
    assert!(summary.needs_operator(), "{summary}");
}

#[test]
fn a_run_under_a_clock_ahead_is_told_and_stops_no_digest() {
    let world = World::with_readers();
    world.run();
    set(&world, "2036-11-24T12:00:00Z");
    let ahead = world.run();
    assert!(ahead.troubles.iter().any(|trouble| trouble.contains("leaps")), "{ahead}");
    set(&world, "2026-11-24T13:00:00Z");
    world.post("one", "2026-11-24", "One", "Text one.");
    let back = world.run();
    assert!(back.troubles.iter().any(|trouble| trouble.contains("goes back")), "{back}");
    set(&world, "2026-11-30T12:00:00Z");
    let summary = world.run();
    assert_eq!(summary.issues.opened, ["weekly/2026-W49"], "{summary}");
    assert!(summary.warnings.iter().any(|note| note.contains("2036")), "{summary}");
    assert!(summary.troubles.is_empty(), "{summary}");
}

#[test]
fn an_emptied_folder_empties_no_feed() {
    let world = World::with_readers();
    world.run();
    let before = world.read("public/feed.xml");
    take_away(&world, "old-news");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("there is no post left in posts"), "{out}");
    assert_eq!(world.read("public/feed.xml"), before);
}

#[test]
fn a_letter_shows_no_related_post_that_its_reader_had() {
    let world = World::with_readers();
    // What was only shown beside a letter may come back at once here.
    let text = world.read("config/postrider.toml") + "[related]\nrepeat_window = 0\n";
    world.write("config/postrider.toml", &text);
    for (slug, body) in [("kettle", "A kettle and a stove."), ("mail", "A letter to a server.")] {
        world.post(slug, "2026-11-02", slug, body);
    }
    let body = "Chain of an anchor: links, rust, galvanising and what the windlass does to it.";
    world.post("chain", "2026-11-02", "Anchor chains and rust", body);
    world.run();
    world.wait(1);
    let body = "An anchor in sand, an anchor in mud, and one in weed under the boat.";
    world.post("hold", "2026-11-24", "Anchors that hold", body);
    world.run();
    world.wait(1);
    world.subscribe("late@example.net", "", "instant");
    world.run();
    world.wait(1);
    let body = "In sand and mud it held; the chain shows rust where the galvanising is gone.";
    world.post("new-anchor", "2026-11-24", "The new anchor", body);
    world.run();
    let letters = world.letters();
    let shows = |reader: &str, post: &str| {
        let letter = &letters[&format!("instant-new-anchor/{reader}@example.net")];
        let text = letter.split("text/html").next().unwrap();
        text.split("Related")
            .nth(1)
            .unwrap_or_else(|| panic!("{reader} {post}: {text}"))
            .contains(post)
    };
    assert!(shows("ada", "Anchor chains and rust") && shows("late", "Anchor chains and rust"));
    assert!(!shows("ada", "Anchors that hold"), "she had it");
    assert!(shows("late", "Anchors that hold"), "this reader had not");
}

/// Root reads everything, so that this can be seen by others only.
#[test]
fn the_first_run_waits_until_it_has_seen_every_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::with_readers();
    world.write("posts/sub/older.md", "+++\ntitle = \"Older\"\ndate = 2026-11-23\n+++\nText.\n");
    let allow = |mode| {
        let folder = world.path("posts/sub");
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o000);
    if world.path("posts/sub").read_dir().is_err() {
        let summary = world.run();
        assert!(summary.to_string().contains("posts/sub cannot be read"), "{summary}");
        assert!(!world.path("public/feed.xml").exists());
    }
    allow(0o755);
    world.wait(1);
    assert_eq!(world.run().posts.published, 2);
    assert!(world.letters().is_empty(), "what was there before the first run is nobody's");
}
