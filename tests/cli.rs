//! What the verbs that only look say: in plain words, and with the exit status that goes with them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::harness::World;

/// An instant and a weekly reader, a post from before and one that was mailed to the former.
fn mailed() -> World {
    let world = World::with_readers();
    assert_eq!(world.call(&["run"]).0, 0);
    world.post("fresh", "2026-11-24", "Fresh", "Text.");
    assert_eq!(world.call(&["run"]).0, 0);
    world
}

#[test]
fn before_a_first_run_status_and_why_say_that_nothing_has_run() {
    let world = World::with_readers();
    for words in [&["status"][..], &["why", "ada@example.net", "instant/old-news"]] {
        let (status, out, err) = world.call(words);
        assert_eq!((status, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("no ledger at var/postrider.db yet"), "{err}");
        assert!(err.contains("the first postrider run makes it"), "{err}");
    }
    assert!(!world.path("var").exists(), "a look makes nothing");
}

#[test]
fn why_tells_a_reader_of_another_cadence() {
    let world = mailed();
    let why = |address: &str, issue: &str| {
        let (status, out, err) = world.call(&["why", address, issue]);
        assert_eq!(status, 0, "{err}");
        out
    };
    let out = why("wes@example.net", "instant/fresh");
    assert!(out.contains("subscribed as weekly"), "{out}");
    assert!(out.contains("this issue is for readers who chose instant"), "{out}");
    let out = why("wes@example.net", "instant/old-news");
    assert!(out.contains("wes@example.net chose weekly of letters, not instant"), "{out}");
    let out = why("ada@example.net", "weekly/2026-W02");
    assert!(out.contains("ada@example.net chose instant of letters, not weekly"), "{out}");
    let out = why("ada@example.net", "instant/old-news");
    assert!(!out.contains("chose"), "{out}");
}

#[test]
fn a_post_may_be_named_as_it_stands_on_the_disk_or_on_the_web() {
    let world = mailed();
    world.write("posts/2026/deep.md", "+++\ntitle = \"Deep\"\ndate = 2026-11-02\n+++\nText.\n");
    let absolute = world.path("posts/2026/deep.md").display().to_string();
    let with_root = absolute.trim_start_matches('/').to_owned();
    for name in [
        &*absolute,
        &*with_root,
        "posts/2026/deep.md",
        "2026/deep.md",
        "deep",
        "/deep/",
        "/deep",
        "http://127.0.0.1:8025/deep/",
    ] {
        let (status, out, err) = world.call(&["preview", name]);
        assert!(status == 0 && out.contains("Deep"), "{name}: {err}");
    }
    let (status, _, err) = world.call(&["preview", "/etc/hostname"]);
    assert!(status == 2 && err.contains("no post is called"), "{err}");
}

#[test]
fn the_ledger_is_for_the_eyes_of_its_owner() {
    let world = mailed();
    let held = world.with_store(async |store| {
        store.ledger().await.unwrap();
        let files = ["postrider.db", "postrider.db-wal", "postrider.db-shm"];
        files.map(|name| {
            let found = fs::metadata(world.path("var").join(name)).unwrap();
            (name, found.permissions().mode() & 0o777)
        })
    });
    for (name, mode) in held {
        assert_eq!(mode, 0o600, "{name} has mode {mode:o}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_from_one_that_is_not_there() {
    let world = World::new();
    fs::write(world.path("config/postrider.toml"), b"[site]\ntitle = \"\xff\"\n").unwrap();
    let (status, _, err) = world.call(&["run"]);
    assert_eq!(status, 2);
    assert!(err.contains("cannot read") && err.contains("owner and permissions"), "{err}");
    assert!(err.contains("UTF-8") && !err.contains("postrider new"), "{err}");
    fs::remove_file(world.path("config/postrider.toml")).unwrap();
    let (status, _, err) = world.call(&["run"]);
    assert_eq!(status, 2);
    assert!(err.contains("config/postrider.toml is not there"), "{err}");
    assert!(err.contains("--root DIR") && err.contains("postrider new DIR"), "{err}");
}

#[test]
fn a_password_that_is_missing_is_told_with_the_key_that_names_it() {
    let world = World::new();
    world.relay_at(9, "user = \"ann\"");
    let (status, out, err) = world.call(&["run"]);
    let said = out + &err;
    assert!(status > 0 && said.contains("/run/credentials/smtp-password"), "{said}");
    assert!(said.contains("password_file"), "{said}");
}

#[test]
fn a_damaged_ledger_is_told_with_the_verb_that_begins_a_new_one() {
    let world = World::new();
    world.write("var/postrider.db", &"no ledger at all ".repeat(500));
    let (status, _, err) = world.call(&["run"]);
    assert!(status == 1 && err.contains("move the file away"), "{err}");
    assert!(err.contains("postrider ledger new"), "{err}");
    fs::rename(world.path("var/postrider.db"), world.path("var/damaged.db")).unwrap();
    assert_eq!(world.call(&["ledger", "new"]).0, 0);
    assert_eq!(world.call(&["run"]).0, 0);
}

#[test]
fn numbers_go_with_their_nouns() {
    let world = mailed();
    let (_, out, _) = world.call(&["ledger", "verify"]);
    assert!(out.starts_with("1 issue, 1 letter, 2 subscriptions, "), "{out}");
    world.write(
        "config/subscribers.csv",
        "address,name,newsletter,cadence,confirmed_at\nnew@example.net,,letters,weekly,\n",
    );
    let (_, out, _) = world.call(&["check"]);
    assert!(out.contains("confirmed_at is empty in 1 line;"), "{out}");
}
