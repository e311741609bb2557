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
    let written = |what: &str| {
        let line = out.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let same =
        ["Feeds", "Pages"].map(|what| format!("{what}    0 written, {} unchanged", written(what)));
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0);
    assert!(out.contains("Nothing new: nothing was written and nothing was sent."), "{out}");
    assert!(same.iter().all(|line| out.contains(line)), "{same:?} {out}");
    assert!(out.contains("Letters  0 sent\n"), "{out}");
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
    let text = String::from_utf8(made.stdout).unwrap();
    assert!(text.contains("Put yourself into config/subscribers.csv"), "{text}");
    let below = world.postrider().args(["new", "sub"]).output().unwrap();
    assert!(below.status.success() && world.path("sub/posts/hello.md").exists(), "{below:?}");
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

/// A site with one reader, a post from before and one that was mailed.
fn mailed() -> World {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.configure_mail("first_run = \"latest\"");
    world.post("zero", "2026-11-19", "Zero", "Before all.");
    world.post("one", "2026-11-20", "One & only", "Text of the *letter*.");
    assert_eq!(world.call(&["run"]).0, 0);
    world
}

#[test]
fn why_answers_in_words() {
    let world = mailed();
    for (issue, words) in [
        ("instant/one", &["ada@example.net: sent", "carries \"One & only\"", "1 attempt\n"][..]),
        ("letters instant/one", &["ada@example.net: sent", " CET"]),
        ("instant/zero", &["never opened", "\"Zero\" was there when the ledger began"]),
        ("weekly/1999-W01", &["never opened", "letters is due next", "postrider status"]),
    ] {
        let (status, out, err) = world.call(&["why", "ada@example.net", issue]);
        assert_eq!(status, 0, "{issue}: {err}");
        assert!(words.iter().all(|word| out.contains(word)), "{issue}: {out}");
        assert!(!out.contains("tag:"), "{out}");
    }
    let (status, _, err) = world.call(&["why", "adda@example.net", "instant/one"]);
    assert_eq!(status, 1);
    assert!(err.contains("nobody ever subscribed") && err.contains("mean ada@"), "{err}");
    let (status, _, err) = world.call(&["why", "ada@example.net", "instant/two"]);
    assert_eq!(status, 1);
    assert!(err.contains("no post ever seen has the key \"two\""), "{err}");
    let (status, out, _) = world.call(&["status"]);
    assert_eq!(status, 0);
    assert!(out.contains("letters instant/one (sent): 1 sent"), "{out}");
    let (_, out, _) = world.call(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status["issues"][0]["letters"]["sent"], 1, "{out}");
}

#[test]
fn preview_shows_letters_digests_and_what_is_not_published_yet() {
    let world = mailed();
    world.write("posts/soon.md", "---\ntitle: Soon\ndate: 2199-01-01\n---\nLater.\n");
    world.write("posts/idea.md", "---\ntitle: Idea\ndraft: true\n---\nAn idea.\n");
    for (words, part, beside) in [
        (&["posts/one.md"][..], "Hello Reader,", ""),
        (&["one", "--format", "html"], "<html", ""),
        (&["one", "--format", "eml"], "Message-ID:", ""),
        (&["posts/idea.md"], "An idea.", "posts/idea.md is a draft"),
        (&["posts/soon.md"], "Later.", "posts/soon.md is scheduled for Tue 2199-01-01"),
        (&["--digest"], "Before all.", ""),
        (&["--digest", "monthly", "--format", "html"], "<html", ""),
    ] {
        let (status, out, err) = world.call(&[&["preview"], words].concat());
        assert_eq!(status, 0, "{words:?}: {err}");
        assert!(out.contains(part), "{words:?}: {out}");
        assert!(err.contains(beside) && err.is_empty() == beside.is_empty(), "{words:?}: {err}");
    }
    let (status, _, err) = world.call(&["preview", "posts/ones.md"]);
    assert_eq!(status, 2);
    assert!(err.contains("did you mean \"one.md\"?"), "{err}");
}

#[test]
fn a_verb_with_nothing_to_do_says_so() {
    let world = mailed();
    for (words, said) in [
        (&["issue", "release", "instant/one"][..], "instant/one is not held but sent"),
        (&["issue", "resolve", "instant/one", "--as", "sent"], "has no uncertain letter"),
        (&["issue", "release", "instant/none"], "no issue instant/none was opened"),
        (&["subscriber", "end", "bob@example.net"], "nobody ever subscribed as bob@example.net"),
        (&["subscriber", "end", "ada@example.net", "other"], "no subscription to other"),
        (&["ledger", "new"], "there is a ledger at var/postrider.db"),
    ] {
        let (status, out, err) = world.call(words);
        assert_eq!(status, 1, "{words:?}: {out}{err}");
        assert!(err.contains(said), "{words:?}: {err}");
    }
}

#[test]
fn the_operator_can_change_and_end_what_a_reader_asked_for() {
    let world = mailed();
    let call = |words: &[&str]| {
        let (status, out, err) = world.call(words);
        assert_eq!(status, 0, "{words:?}: {err}");
        out
    };
    call(&["subscriber", "rename", "ADA@example.net", "Ada L."]);
    call(&["subscriber", "change", "ada@example.net", "weekly"]);
    assert!(call(&["status"]).contains("letters weekly: 1 confirmed"));
    let (status, _, err) = world.call(&["subscriber", "change", "ada@example.net", "daily"]);
    assert_eq!(status, 2);
    assert!(err.contains("does not offer daily"), "{err}");
    call(&["subscriber", "end", "ada@example.net"]);
    assert!(call(&["status"]).contains("letters weekly: 1 ended"));
    assert!(call(&["run"]).contains("none; add them to config/subscribers.csv"));
}

#[test]
fn a_reader_of_the_result_may_leave_at_any_time() {
    let world = World::sample();
    for words in [&["check"][..], &["--help"], &["preview", "--digest", "--format", "html"]] {
        let mut command = world.postrider();
        let mut child = command
            .args(words)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{words:?}");
    }
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
