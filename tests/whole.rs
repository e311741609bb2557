//! Whole letters, feeds and pages, as their readers get them. Tokens, Message-IDs and boundaries
//! come from the ledger's secret and are masked; all else stands as it is.

use crate::harness::World;

/// A site with three posts, of which two are owed to a weekly and an instant reader.
fn world() -> World {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada & Söhne", "instant");
    world.subscribe("wes@example.net", "", "weekly");
    let old = "Ropes, knots and splices: what holds a boat to the quay in autumn storms.";
    world.post("ropes", "2026-11-02", "Ropes that hold", old);
    world.run();
    world.wait(1);
    world.write(
        "posts/storm.md",
        "---\ntitle: The storm, and what the ropes did\ndate: 2026-11-24 08:00\ntags: [boat, storm]\n\
         comments:\n  url: https://blog.example/talk/storm\n  count: 14\n---\n\n\
         It blew all night. We doubled the **ropes** at the quay, see [the old post](ropes.md).\n\n\
         | Hour | Wind |\n|---|---|\n| 02 | 24 m/s |\n\n\
         ```sh\necho \"<T> & more\" | sort\n```\n\nNothing broke.[^1]\n\n[^1]: But a cleat moved.\n",
    );
    world.write(
        "posts/hebrew.md",
        "---\ntitle: סערה בנמל\ndate: 2026-11-24 09:00\nlang: he\n---\n\nהרוח נשבה כל הלילה והחבלים החזיקו.\n",
    );
    world.run();
    world.wait(24 * 6);
    world.run();
    world
}

fn masked(check: impl FnOnce()) {
    insta::with_settings!({filters => vec![
        (r"unsubscribe/[\w-]{30,}", "unsubscribe/[token]"),
        (r"(?s)(unsubscribe|preferences)(%|=25|%25)20[\w-]{30,}", "$1%20[token]"),
        (r"Message-ID: <[0-9a-f]{32}", "Message-ID: <[id]"),
        (r"=_[0-9a-f]{32}", "=_[boundary]"),
        (r"\r\n", "\n"),
    ], snapshot_path => "snapshots", prepend_module_to_snapshot => false}, { check() });
}

/// The letter with its parts decoded, as a person reads it.
fn readable(letter: &str) -> String {
    let decoded = postrider::digest::quoted::decode(letter);
    decoded.replace("\r\n", "\n")
}

#[test]
fn an_article_letter_is_whole() {
    let letters = world().letters();
    let letter = readable(&letters["instant-storm/ada@example.net"]);
    masked(|| insta::assert_snapshot!("letter_article", letter));
}

#[test]
fn a_digest_letter_is_whole() {
    let letters = world().letters();
    let letter = readable(&letters["weekly-2026-W49/wes@example.net"]);
    masked(|| insta::assert_snapshot!("letter_digest", letter));
}

#[test]
fn feeds_are_whole() {
    let world = world();
    for file in ["feed.xml", "rss.xml", "feed.json"] {
        let feed = world.read(&format!("public/{file}"));
        masked(|| insta::assert_snapshot!(file.replace('.', "_"), feed));
    }
}

#[test]
fn pages_are_whole() {
    let world = world();
    for (name, file) in [("page_article", "storm/index.html"), ("page_index", "index.html")] {
        let page = world.read(&format!("public/{file}"));
        masked(|| insta::assert_snapshot!(name, page));
    }
}
