//! A newcomer types one command, and types it again; other programs read what comes out.

use std::{path::Path, process::Command};

use crate::harness::World;

#[test]
fn the_sample_site_becomes_feeds_pages_and_letters_and_then_nothing_changes() {
    let world = World::sample();
    let (status, out, err) = world.call(&["run"]);
    assert_eq!(status, 0, "{out}{err}");
    for file in ["feed.xml", "rss.xml", "feed.json", "index.html", "style.css"] {
        assert!(world.path("public").join(file).exists(), "{file}");
    }
    let letters = world.letters();
    assert!(!letters.is_empty(), "{out}");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0);
    assert!(out.contains("Nothing new: nothing was written and nothing was sent."), "{out}");
    assert!(out.contains("0 written"), "{out}");
    assert_eq!(world.letters(), letters);
    let (status, out, _) = world.call(&["run", "--quiet"]);
    assert_eq!((status, out.as_str()), (0, ""));
}

#[test]
fn the_numbers_of_posts_add_up_to_the_files() {
    let world = World::sample();
    let (_, out, _) = world.call(&["run", "--json"]);
    let summary: serde_json::Value = serde_json::from_str(&out).unwrap();
    let count = |key: &str| summary["posts"][key].as_u64().unwrap();
    let files = walkdir::WalkDir::new(world.path("posts")).into_iter().flatten().filter(|entry| {
        let extension = entry.path().extension().and_then(|e| e.to_str());
        matches!(extension, Some("md" | "markdown" | "html"))
    });
    let sum = count("published") + count("draft") + count("scheduled") + count("refused");
    assert_eq!(sum, files.count() as u64, "{out}");
    assert!(count("published") >= 12);
}

#[test]
fn a_new_site_checks_and_runs() {
    let world = World::new();
    let dir = world.path("blog");
    let binary = env!("CARGO_BIN_EXE_postrider");
    let made = Command::new(binary).arg("new").arg(&dir).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    for verb in ["check", "run"] {
        let output = Command::new(binary).arg("--root").arg(&dir).arg(verb).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{verb}: {text}{output:?}");
        assert!(text.contains("1 published"), "{verb}: {text}");
    }
    let again = Command::new(binary).arg("new").arg(&dir).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "a folder with something in it is left alone");
}

#[test]
fn check_shows_the_next_five_times_of_each_schedule() {
    let (status, out, err) = World::sample().call(&["check"]);
    assert_eq!(status, 0, "{out}{err}");
    let weekly = out.split("weekly:").nth(1).unwrap();
    assert_eq!(weekly.lines().filter(|line| line.contains("Mon ")).count(), 5, "{out}");
}

#[test]
fn why_and_preview_answer_in_words() {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.configure_mail("first_run = \"latest\"");
    world.post("one", "2026-11-20", "One & only", "Text of the *letter*.");
    assert_eq!(world.call(&["run"]).0, 0);
    let (status, out, _) = world.call(&["why", "ada@example.net", "instant/one"]);
    assert_eq!(status, 0);
    assert!(out.contains("ada@example.net: sent"), "{out}");
    let (_, out, _) = world.call(&["why", "bob@example.net", "instant/one"]);
    assert!(out.contains("never subscribed"), "{out}");
    let (status, out, err) = world.call(&["why", "ada@example.net", "weekly/1999-W01"]);
    assert_eq!(status, 2, "{out}");
    assert!(err.contains("postrider status"), "{err}");
    for (format, part) in [("text", "Hello Reader,"), ("html", "<html"), ("eml", "Message-ID:")] {
        let (status, out, err) = world.call(&["preview", "posts/one.md", "--format", format]);
        assert_eq!(status, 0, "{err}");
        assert!(out.contains(part), "{format}: {out}");
    }
    let (status, out, _) = world.call(&["status"]);
    assert_eq!(status, 0);
    assert!(out.contains("instant/one (sent): 1 sent"), "{out}");
}

fn python() -> String {
    std::env::var("POSTRIDER_PYTHON").expect("tests/run sets POSTRIDER_PYTHON")
}

fn checked(script: &str, arguments: &[&Path]) {
    let output = Command::new(python()).arg("-c").arg(script).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

#[test]
#[ignore = "needs Python: run tests/run"]
fn letters_parse_without_a_defect() {
    let world = World::sample();
    assert_eq!(world.call(&["run"]).0, 0);
    checked(include_str!("tools/check_letters.py"), &[&world.path("var/outbox")]);
}

#[test]
#[ignore = "needs Python with feedparser: run tests/run"]
fn feeds_stand_before_independent_readers() {
    let world = World::sample();
    assert_eq!(world.call(&["run"]).0, 0);
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/validate-feeds");
    let output = Command::new(python())
        .arg(tool)
        .args(["--strict", "--base", "http://127.0.0.1:8025/"])
        .arg(world.path("public"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("feedparser\tok"), "feedparser was not run:\n{text}");
}
