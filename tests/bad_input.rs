//! What is wrong is said in one sentence, the rest goes on, and nothing recorded is lost.

use std::fs;

use crate::harness::{World, recipients, sink};

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
fn a_relay_on_this_machine_gets_no_letter_for_the_world_either() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = sink(log.path());
    let world = world();
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(sink.port, "");
    assert_eq!(world.call(&["run"]).0, 0);
    assert_eq!(recipients(log.path()), ["ada@example.net"], "reserved domains may be written to");
    world.subscribe("mara@saltandsolder.se", "", "instant");
    assert_eq!(world.call(&["run"]).0, 0);
    world.post("new", "2026-11-24", "New", "Text.");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("letters wait: set web.public_url"), "{out}");
    assert_eq!(recipients(log.path()).len(), 1);
    let text = world.read("config/postrider.toml");
    let web = "[web]\npublic_url = \"https://saltandsolder.se/\"\n[mail]\n";
    world.write("config/postrider.toml", &text.replacen("[mail]\n", web, 1));
    assert_eq!(world.call(&["run"]).0, 0);
    assert_eq!(recipients(log.path()).len(), 3);
}

#[test]
fn a_stray_file_among_the_templates_is_noted_and_stops_nothing() {
    let world = world();
    world.write("templates/notes.txt", "remember {{ this");
    world.write("templates/web/artcle.html", "<p>mine</p>");
    fs::write(world.path("templates/.DS_Store"), b"\xff\xfe\x00").unwrap();
    for verb in ["run", "check"] {
        let (status, out, err) = world.call(&[verb]);
        assert_eq!(status, 0, "{out}{err}");
        assert!(out.contains("note: templates/notes.txt is not used"), "{out}");
        assert!(out.contains("did you mean web/article.html?"), "{out}");
    }
}

#[test]
fn one_file_that_cannot_be_published_stops_no_other() {
    let world = world();
    world.post("other", "2026-11-02", "Other", "Text.");
    world.write("posts/plan.pdf", "plan");
    fs::create_dir_all(world.path("public/plan.pdf")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), world.path("public/other")).unwrap();
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("plan.pdf") && out.contains("other/index.html"), "{out}");
    assert!(world.read("public/feed.xml").contains("Other"));
    assert!(world.path("public/good/index.html").exists());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    world.post("new", "2026-11-24", "New", "Text.");
    assert_eq!(world.call(&["run"]).0, 1);
    assert_eq!(world.accounts("instant/new").len(), 1, "its own page is there");
}

#[test]
fn a_page_that_moved_leads_on_and_one_that_was_withdrawn_is_gone() {
    let world = world();
    world.write("public/mine.html", "written by hand");
    world.write("posts/move.md", "---\ntitle: Move\nslug: here\ndate: 2026-11-03\n---\nText.\n");
    world.write("posts/drop/plan.pdf", "plan");
    world.post("drop", "2026-11-04", "Drop", "Text.");
    assert_eq!(world.call(&["run"]).0, 0);
    assert!(world.read("public/here/index.html").contains("rel=\"canonical\""));
    world.write("posts/move.md", "---\ntitle: Move\nslug: there\ndate: 2026-11-03\n---\nText.\n");
    fs::remove_file(world.path("posts/drop.md")).unwrap();
    fs::remove_dir_all(world.path("posts/drop")).unwrap();
    let (_, out, _) = world.call(&["run"]);
    assert!(out.contains("2 removed"), "{out}");
    assert!(!world.path("public/drop").exists());
    for _ in 0..2 {
        let moved = world.read("public/here/index.html");
        for part in ["noindex", "url=http://127.0.0.1:8025/there/", "canonical", ">Move</a>"] {
            assert!(moved.contains(part), "{part}: {moved}");
        }
        assert!(world.call(&["run"]).1.contains("Nothing new"));
    }
    assert_eq!(world.read("public/mine.html"), "written by hand");
    world.write("posts/bad.md", "+++\ntitle = \n+++\n");
    fs::remove_file(world.path("posts/good.md")).unwrap();
    fs::create_dir_all(world.path("public/style.css.d")).unwrap();
    world.call(&["run"]);
    assert!(!world.path("public/good").exists(), "a refused post is no reason to keep others");
}

#[test]
fn a_list_that_cannot_be_used_does_not_use_up_the_first_run() {
    let world = world();
    world.configure_mail("first_run = \"latest\"");
    let list = world.read("config/subscribers.csv");
    for broken in [None, Some("mail,newsletter\nada@example.net,letters\n")] {
        match broken {
            None => fs::remove_file(world.path("config/subscribers.csv")).unwrap(),
            Some(text) => world.write("config/subscribers.csv", text),
        }
        let (status, out, _) = world.call(&["run"]);
        assert_eq!(status, 1);
        assert!(out.contains("nothing was published or recorded"), "{out}");
        assert!(out.contains("trouble: ") && out.contains("config/subscribers.csv"), "{out}");
        let (status, out, _) = world.call(&["check"]);
        assert_eq!(status, 1);
        assert!(out.contains("config/subscribers.csv"), "{out}");
    }
    world.write("config/subscribers.csv", &list);
    assert_eq!(world.call(&["run"]).0, 0);
    assert_eq!(world.letters().len(), 1, "the newest post was still owed");
}

#[test]
fn lines_that_were_refused_for_a_cadence_are_imported_when_it_is_offered() {
    let world = world();
    world.subscribe("di@example.net", "Di", "daily");
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(out.contains("does not offer daily; it offers instant, weekly"), "{out}");
    let text = world.read("config/postrider.toml");
    world.write(
        "config/postrider.toml",
        &text.replace("weekly =", "daily = \"0 7 * * *\"\nweekly ="),
    );
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("2 subscribed, 1 of them new"), "{out}");
    world.write("config/postrider.toml", &text);
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 1);
    assert!(
        out.contains("1 subscribed and getting no letters: newsletter \"letters\" does not offer"),
        "{out}"
    );
}

#[test]
fn a_ledger_that_was_lost_is_not_begun_anew_in_silence() {
    let world = world();
    assert_eq!(world.call(&["run"]).0, 0);
    let gone = world.with_store(async |store| {
        let address = "ada@example.net".parse().unwrap();
        let id = store.subscriptions_of(&address).await.unwrap()[0].id;
        store.end_subscription(id, world.clock.now()).await.unwrap();
        id
    });
    assert_eq!(gone, 1);
    let lose = |and_leave: Option<&str>| {
        for file in ["var/postrider.db", "var/postrider.db-wal", "var/postrider.db-shm"] {
            let _ = fs::remove_file(world.path(file));
        }
        if let Some(text) = and_leave {
            world.write("var/postrider.db", text);
        }
    };
    for (left, why) in [(Some(""), "it is empty"), (None, "it is missing, and var/postrider.lock")]
    {
        lose(left);
        assert!(!world.call(&["status"]).2.is_empty() && world.call(&["check"]).0 == 0);
        for verb in [&["run"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let (status, _, err) = world.call(verb);
            assert_eq!(status, 1, "{err}");
            assert!(err.contains(why) && err.contains("postrider ledger new"), "{err}");
        }
        assert!(world.letters().is_empty());
    }
    assert_eq!(world.call(&["ledger", "new"]).0, 0);
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0, "{out}");
    assert!(world.letters().is_empty(), "what the lost one may have sent is not sent again");
}

#[test]
fn check_finds_what_would_keep_letters_from_leaving() {
    let world = world();
    world.relay_at(25, "");
    let local = world.read("config/postrider.toml");
    let remote = local
        .replace("host = \"127.0.0.1\"", "host = \"mail.blog.example\"")
        .replace("tls = \"none\"", "tls = \"implicit\"");
    world.write("config/postrider.toml", &remote);
    let (status, out, _) = world.call(&["check"]);
    assert!(status == 1 && out.contains("set web.public_url"), "{out}");
    let locked = local + "user = \"ann\"\npassword_file = \"config/nowhere\"\n";
    world.write("config/postrider.toml", &locked);
    let (status, out, _) = world.call(&["check"]);
    assert!(status == 1 && out.contains("config/nowhere"), "{out}");
}

#[test]
fn quiet_is_quiet_for_machines_too() {
    let world = world();
    let (status, out, _) = world.call(&["run", "--quiet", "--json"]);
    assert_eq!((status, out.as_str()), (0, ""));
}

#[test]
fn check_renders_what_a_run_would_and_ends_with_a_verdict() {
    let world = world();
    let (status, out, _) = world.call(&["check"]);
    assert_eq!(status, 0, "{out}");
    assert!(
        out.trim_end().ends_with("All is well: pages, letters and feeds can be made."),
        "{out}"
    );
    for (template, text) in [
        ("web/article.html", "{{ post.titel }}"),
        ("web/index.html", "{{ nothing_such }}"),
        ("web/notice.html", "{{ nothing_such }}"),
        ("web/moved.html", "{{ nothing_such }}"),
        ("email/issue/article.txt", "{{ nothing_such }}"),
        ("email/issue/digest.html", "{{ nothing_such }}"),
    ] {
        world.write(&format!("templates/{template}"), text);
        let (status, out, _) = world.call(&["check"]);
        assert_eq!(status, 1, "{template}: {out}");
        assert!(out.contains(&format!("trouble: template {template}, line 1")), "{out}");
        assert!(out.ends_with("One trouble needs you.\n"), "{out}");
        fs::remove_file(world.path(&format!("templates/{template}"))).unwrap();
    }
    world.subscribe("nobody", "", "weekly");
    let (status, out, _) = world.call(&["check", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, found["readers"].as_u64()), (1, Some(1)), "{out}");
    assert_eq!(found["schedules"][1]["next"].as_array().unwrap().len(), 5, "{out}");
    assert!(found["troubles"][0].as_str().unwrap().contains("subscribers.csv:3"), "{out}");
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

#[test]
fn hostile_files_are_named_and_the_others_are_published() {
    let world = world();
    let posts = world.path("posts");
    let huge = fs::File::create(posts.join("huge.md")).unwrap();
    huge.set_len(50 * 1024 * 1024).unwrap();
    fs::write(posts.join("latin.md"), b"---\ntitle: Latin\n---\n\nCaf\xe9\n").unwrap();
    std::os::unix::fs::symlink(&posts, posts.join("again")).unwrap();
    std::os::unix::fs::symlink("self.md", posts.join("self.md")).unwrap();
    let laughs: String = (1..12)
        .map(|n| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", ")))
        .collect();
    world.write("posts/bomb.md", &format!("---\ntitle: Bomb\nl0: &l0 lol\n{laughs}---\n\nText.\n"));
    let deep = format!(
        "---\ntitle: Deep\nx: {}{}\n---\n\nText.\n",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    world.write("posts/deep.md", &deep);
    let nested = format!("{{\"title\": \"Nested\", \"x\": {}", "[".repeat(50_000));
    world.write("posts/nested.md", &nested);
    let started = std::time::Instant::now();
    let summary = world.run();
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(world.read("public/feed.xml").contains("Good"));
    for name in ["huge.md", "latin.md", "self.md", "bomb.md", "deep.md", "nested.md"] {
        let named = summary.troubles.iter().any(|trouble| trouble.contains(name));
        assert!(named, "{name} is not named: {summary}");
    }
}
