//! What is wrong is said in one sentence, the rest goes on, and nothing recorded is lost.

use std::fs;

use crate::harness::World;

fn world() -> World {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.post("good", "2026-11-01", "Good", "A post that can be read.");
    world
}

#[test]
fn a_post_that_cannot_be_read_is_named_and_the_others_go_on() {
    let world = world();
    world.write("posts/bad.md", "+++\ntitle = \"Bad\"\ndate = yesterday\n+++\nText.\n");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("posts/bad.md:3"), "{out}");
    assert!(out.contains("1 published") && out.contains("1 refused"), "{out}");
    assert!(world.path("public/good/index.html").exists());
}

#[test]
fn a_published_post_that_breaks_stays_as_it_was_and_is_reported() {
    let world = world();
    assert_eq!(world.call(&["run"]).0, 0);
    let before = world.read("public/feed.xml");
    world.write("posts/good.md", "+++\ntitle = \"Good\ndate = 2026-11-01\n+++\nText.\n");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("posts/good.md:2"), "{out}");
    assert_eq!(world.read("public/feed.xml"), before);
}

#[test]
fn a_template_that_names_an_unknown_variable_is_named_and_feeds_go_on() {
    let world = world();
    world.write("templates/web/article.html", "<p>{{ post.titel }}</p>\n");
    let (status, out, err) = world.call(&["run"]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains("web/article.html") && out.contains("titel"), "{out}");
    assert!(world.read("public/feed.xml").contains("Good"));
}

#[test]
fn an_address_that_is_none_is_named_with_its_line() {
    let world = world();
    world.subscribe("nobody.example.net", "", "instant");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("config/subscribers.csv:3: \"nobody.example.net\""), "{out}");
    assert!(out.contains("1 subscribed"), "{out}");
}

#[test]
fn an_unwritable_output_folder_is_named_and_no_letter_links_to_missing_pages() {
    let world = world();
    assert_eq!(world.call(&["run"]).0, 0);
    fs::remove_dir_all(world.path("public")).unwrap();
    world.write("public", "a file where the folder should be");
    world.post("new", "2026-11-24", "New", "Text.");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("public"), "{out}");
    assert!(world.letters().is_empty(), "{out}");
    fs::remove_file(world.path("public")).unwrap();
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0, "{out}");
    assert_eq!(world.letters().len(), 1, "{out}");
}

#[test]
fn a_damaged_ledger_is_left_alone_and_named() {
    let world = world();
    assert_eq!(world.call(&["run"]).0, 0);
    let garbage = "this is no database ".repeat(500);
    world.write("var/postrider.db", &garbage);
    for extra in ["var/postrider.db-wal", "var/postrider.db-shm"] {
        let _ = fs::remove_file(world.path(extra));
    }
    let (status, _, err) = world.call(&["run"]);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("postrider.db is damaged"), "{err}");
    assert_eq!(world.read("var/postrider.db"), garbage);
    fs::remove_file(world.path("var/postrider.db")).unwrap();
}

#[test]
fn an_unknown_key_ends_the_run_before_anything_is_done() {
    let world = world();
    world.configure_mail("transprot = \"eml\"");
    let (status, _, err) = world.call(&["run"]);
    assert_eq!(status, 2);
    assert!(err.contains("did you mean \"transport\""), "{err}");
    assert!(!world.path("public").exists() && !world.path("var").exists());
}

#[test]
fn no_letter_leaves_the_machine_while_its_links_lead_nowhere() {
    let world = world();
    world.configure_mail("transport = \"smtp\"");
    let text = world.read("config/postrider.toml");
    world
        .write("config/postrider.toml", &format!("{text}\n[mail.smtp]\nhost = \"mail.example\"\n"));
    assert_eq!(world.call(&["run"]).0, 0);
    world.post("new", "2026-11-24", "New", "Text.");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("set web.public_url"), "{out}");
    assert_eq!(world.accounts("instant/new")[0].state, "ready");
}

#[test]
#[ignore = "needs to mount a small file system: run tests/run"]
fn a_full_disk_loses_nothing_that_was_recorded() {
    let world = world();
    world.write(
        "fill.sh",
        "mount -t tmpfs -o size=400k tmpfs \"$1/public\" && exec \"$2\" --root \"$1\" run\n",
    );
    fs::create_dir_all(world.path("public")).unwrap();
    let big = "A long line of text about a full disk. ".repeat(20_000);
    world.post("big", "2026-11-02", "Big", &big);
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh"])
        .arg(world.path("fill.sh"))
        .arg(world.root())
        .arg(env!("CARGO_BIN_EXE_postrider"))
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}{}", String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("No space left"), "{out}");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0, "{out}");
}
