//! Feeds as a site has them: one set for each thing that posts have in common, found from every
//! page, and nothing in them that was to stay private.

use std::{
    collections::BTreeSet,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};

use crate::harness::World;

/// A site with two authors, a section, another language, and what must not show.
fn world() -> World {
    let world = World::new();
    world.write(
        "posts/notes/knots.md",
        "---\ntitle: Knots\ndate: 2026-11-20\ntags: [Boat, Rope]\nauthor: Bea Bosun\n---\n\nA bowline.\n",
    );
    world.write(
        "posts/sv/mast.md",
        "---\ntitle: Masten\ndate: 2026-11-21\ntags: boat\n---\n\nTall.\n",
    );
    world.write(
        "posts/secret.md",
        "---\ntitle: PLANTED\ndate: 2026-11-21\ntags: [PLANTED]\nstatus: members\n---\n\nPLANTED\n",
    );
    world.write(
        "posts/later.md",
        "---\ntitle: PLANTED\ndate: 2026-12-21\ntags: [PLANTED]\n---\n\nPLANTED\n",
    );
    world
}

fn files(world: &World) -> Vec<String> {
    let root = world.path("public");
    let all = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
    let files = all.filter(|entry| entry.file_type().is_file());
    let relative =
        files.map(|entry| entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned());
    relative.collect()
}

#[test]
fn whatever_posts_have_in_common_has_feeds_and_a_page() {
    let world = world();
    assert!(!world.run().needs_operator());
    let folders = [
        "",
        "authors/ann-author/",
        "authors/bea-bosun/",
        "languages/en/",
        "languages/sv/",
        "sections/notes/",
        "tags/boat/",
        "tags/rope/",
    ];
    let list = world.read("public/feeds.opml");
    let page = world.read("public/feeds/index.html");
    for folder in folders {
        let own = world.read(&format!("public/{folder}index.html"));
        for (file, kind) in [
            ("feed.xml", "application/atom+xml"),
            ("rss.xml", "application/rss+xml"),
            ("feed.json", "application/feed+json"),
        ] {
            let address = format!("http://127.0.0.1:8025/{folder}{file}");
            assert!(world.read(&format!("public/{folder}{file}")).contains(&address));
            assert!(list.contains(&format!("xmlUrl=\"{address}\"")), "{address}");
            for html in [&page, &own] {
                let link =
                    html.lines().find(|line| line.ends_with(&format!("href=\"{address}\">")));
                let link = link.unwrap_or_else(|| panic!("{address}"));
                assert!(link.starts_with(&format!("<link rel=\"alternate\" type=\"{kind}\"")));
            }
        }
    }
    let feeds = files(&world).into_iter().filter(|file| file.ends_with("rss.xml"));
    assert_eq!(feeds.count(), folders.len());
    let first = world.read("public/tags/boat/index.html");
    let first = first.lines().find(|line| line.starts_with("<link rel=\"alternate\"")).unwrap();
    assert!(first.contains("/tags/boat/feed.xml"), "the feed of this page comes first: {first}");
}

#[test]
fn what_is_private_or_not_due_is_in_no_file() {
    let world = world();
    world.run();
    for file in files(&world) {
        assert!(!world.read(&format!("public/{file}")).contains("PLANTED"), "{file}");
        assert!(!file.to_lowercase().contains("planted"), "{file}");
    }
}

#[test]
fn no_feed_holds_a_mail_address() {
    let world = world();
    world.run();
    for file in files(&world) {
        let is_feed =
            file.ends_with(".xml") || file.ends_with("feed.json") || file.ends_with("opml");
        assert!(!is_feed || !world.read(&format!("public/{file}")).contains('@'), "{file}");
    }
}

#[test]
fn a_tag_that_nothing_has_any_more_has_no_feed() {
    let world = world();
    world.run();
    let text = world.read("posts/notes/knots.md").replace(", Rope", "");
    world.write("posts/notes/knots.md", &text);
    world.run();
    assert!(!world.path("public/tags/rope").exists());
    assert!(world.read("public/.postrider-gone").contains("tags/rope/rss.xml"));
    assert!(world.path("public/tags/boat/rss.xml").exists());
}

#[test]
fn a_scheduled_post_appears_when_it_is_due() {
    let world = world();
    world.run();
    world.wait(24 * 30);
    world.run();
    assert!(world.read("public/feed.xml").contains("PLANTED"));
    assert!(!world.read("public/feed.xml").contains("members"));
}

#[test]
fn ids_survive_every_change_an_author_makes() {
    let world = world();
    world.run();
    let ids = |world: &World| -> BTreeSet<String> {
        let feed = world.read("public/rss.xml");
        let guids = feed.split("<guid isPermaLink=\"false\">").skip(1);
        guids.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let before = ids(&world);
    assert_eq!(before.len(), 2);
    let config = world.read("config/postrider.toml");
    for (from, to) in [
        ("[mail]", "[web]\npublic_url = \"https://elsewhere.example/blog/\"\n[mail]"),
        ("author = ", "permalink = \"{year}/{month}/{slug}\"\nauthor = "),
        ("[mail]", "[feeds]\nsummary_only = true\n[mail]"),
    ] {
        world.write("config/postrider.toml", &config.replacen(from, to, 1));
        world.run();
        assert_eq!(ids(&world), before, "{to}");
    }
    let text = world.read("posts/notes/knots.md");
    std::fs::remove_file(world.path("posts/notes/knots.md")).unwrap();
    world.write("posts/ropes/bends.md", &text.replace("title: Knots", "title: Bends"));
    world.run();
    assert_eq!(ids(&world), before, "renamed, in another section, with another title");
}

#[test]
fn building_anew_elsewhere_gives_the_same_bytes() {
    let world = world();
    let other = self::world();
    world.write("posts/one-more.md", "---\ntitle: One more\ndate: 2026-11-20\n---\n\nSame day.\n");
    other.write("posts/one-more.md", "---\ntitle: One more\ndate: 2026-11-20\n---\n\nSame day.\n");
    assert_eq!(world.call(&["run"]).0, 0);
    let status = other
        .postrider()
        .arg("run")
        .envs([("TZ", "Pacific/Auckland"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "ar_SA.UTF-8")])
        .status();
    assert!(status.unwrap().success());
    let (mine, theirs) = (files(&world), files(&other));
    assert_eq!(mine, theirs);
    for file in mine.iter().filter(|file| !file.starts_with('.')) {
        let name = format!("public/{file}");
        assert_eq!(world.read(&name), other.read(&name), "{file}");
    }
    for entry in walkdir::WalkDir::new(world.path("posts")).into_iter().flatten() {
        Command::new("touch").arg(entry.path()).status().unwrap();
    }
    let (_, said, _) = world.call(&["run"]);
    assert!(said.contains("Feeds    0 written"), "{said}");
}

/// A hub that answers with one status and writes down what it is told.
struct Hub {
    address: String,
    told: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Hub {
    fn answering(status: StatusCode, port: u16) -> Self {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let log = told.clone();
        let address = runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            let address = format!("http://{}/", listener.local_addr().unwrap());
            let note = async move |State(log): State<Arc<Mutex<Vec<String>>>>, body: String| {
                log.lock().unwrap().push(body);
                status
            };
            let hub = Router::new().route("/", post(note)).with_state(log);
            tokio::spawn(async move { axum::serve(listener, hub).await.unwrap() });
            address
        });
        Self { address, told, _runtime: runtime }
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

fn with_hub(world: &World, hub: &str) {
    let config = world.read("config/postrider.toml");
    let feeds = format!("[feeds]\nby = []\nhubs = [\"{hub}\"]\n[mail]");
    world.write("config/postrider.toml", &config.replacen("[mail]", &feeds, 1));
}

#[test]
fn a_hub_hears_once_of_each_changed_feed_and_of_nothing_else() {
    let world = world();
    let hub = Hub::answering(StatusCode::ACCEPTED, 0);
    with_hub(&world, &hub.address);
    assert_eq!(world.run().hubs.told, 3);
    let mut heard = hub.heard();
    heard.sort();
    assert_eq!(heard.len(), 3);
    assert!(heard[0].contains("hub.mode=publish"), "{heard:?}");
    assert!(heard[0].contains("hub.url=http%3A%2F%2F127.0.0.1%3A8025%2Ffeed.json"), "{heard:?}");
    assert!(
        world
            .read("public/feed.xml")
            .contains(&format!("<link href=\"{}\" rel=\"hub\"", hub.address))
    );
    world.run();
    assert_eq!(hub.heard(), [""; 0], "nothing changed");
    world.post("new", "2026-11-24", "New", "A new post.");
    world.run();
    assert_eq!(hub.heard().len(), 3);
}

#[test]
fn a_hub_that_is_away_hears_of_it_later() {
    let world = world();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    with_hub(&world, &format!("http://127.0.0.1:{port}/"));
    let summary = world.run();
    assert_eq!((summary.hubs.told, summary.hubs.waiting), (0, 3));
    assert!(!summary.needs_operator(), "{summary}");
    let hub = Hub::answering(StatusCode::NO_CONTENT, port);
    world.wait(1);
    assert_eq!(world.run().hubs.told, 3);
    assert_eq!(hub.heard().len(), 3);
}

#[test]
fn a_hub_that_refuses_is_named_and_not_asked_again() {
    let world = world();
    let hub = Hub::answering(StatusCode::NOT_FOUND, 0);
    with_hub(&world, &hub.address);
    let summary = world.run();
    assert!(summary.troubles.iter().any(|trouble| trouble.contains("404")), "{summary}");
    assert_eq!(hub.heard().len(), 3);
    world.wait(24);
    world.run();
    assert_eq!(hub.heard(), [""; 0]);
}

/// Lets every file look as if it had been written an hour ago.
fn aged(world: &World) {
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for folder in ["posts", "config", "templates"] {
        for entry in walkdir::WalkDir::new(world.path(folder)).into_iter().flatten() {
            let is_file = entry.file_type().is_file();
            let file = is_file.then(|| std::fs::File::open(entry.path()).unwrap());
            file.into_iter().for_each(|file| file.set_modified(hour_ago).unwrap());
        }
    }
}

/// Lets the note of the last pass say something that only it knows.
fn marked(world: &World) {
    let mut note: serde_json::Value = serde_json::from_str(&world.read("var/seen.json")).unwrap();
    note["warnings"].as_array_mut().unwrap().push("from the note".into());
    world.write("var/seen.json", &note.to_string());
}

#[test]
fn a_pass_without_a_change_reads_no_post_and_says_the_same() {
    let world = world();
    world.write("posts/broken.md", "---\ntitle: Broken\ndate: soon\n---\n\nText.\n");
    world.write("posts/undated.md", "---\ntitle: Undated\n---\n\nText.\n");
    aged(&world);
    let first = world.run();
    marked(&world);
    let second = world.run();
    assert!(second.warnings.contains(&"from the note".to_owned()), "{second}");
    assert!(first.warnings.iter().any(|told| told.contains("no date")), "{first}");
    assert!(!second.warnings.iter().any(|told| told.contains("no date")), "{second}");
    assert_eq!(second.posts, first.posts);
    assert_eq!(second.troubles, first.troubles);
    assert_eq!(second.feeds.unchanged, first.feeds.written);
    assert!(second.needs_operator());
}

#[test]
fn whatever_changes_is_seen_by_the_next_pass() {
    let world = world();
    type Change = (&'static str, fn(&World));
    let changes: [Change; 7] = [
        ("an edit of what others depend on", |world| {
            let text = world.read("posts/sv/mast.md").replace("Tall", "Long");
            world.write("posts/sv/mast.md", &text.replacen("---\n", "---\nslug: mast-two\n", 1));
        }),
        ("a new post", |world| world.post("new", "2026-11-01", "New", "Text.")),
        ("a post that went", |world| std::fs::remove_file(world.path("posts/new.md")).unwrap()),
        ("a published file that went", |world| {
            std::fs::remove_file(world.path("public/rss.xml")).unwrap();
        }),
        ("the configuration", |world| {
            let text = world.read("config/postrider.toml").replace("A blog for", "Notes of");
            world.write("config/postrider.toml", &text);
        }),
        ("a template", |world| world.write("templates/web/feed.css", "feed { color: red }")),
        ("a post that is due", |world| world.wait(24 * 30)),
    ];
    aged(&world);
    world.run();
    let text = world.read("posts/sv/mast.md").replace("Tall", "Tallest");
    world.write("posts/sv/mast.md", &text);
    assert!(world.run().feeds.written > 0, "an edit that is read alone");
    assert!(world.read("public/feed.json").contains("Tallest"));
    for (what, change) in changes {
        aged(&world);
        world.run();
        marked(&world);
        change(&world);
        let summary = world.run();
        assert!(!summary.warnings.contains(&"from the note".to_owned()), "{what}: {summary}");
    }
    assert!(world.read("public/rss.xml").contains("PLANTED"));
}

#[test]
fn watch_publishes_what_is_saved_and_mails_nothing() {
    let world = world();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.run();
    let mut watching = world.postrider().arg("watch").spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    world.post("fresh", "2026-11-24", "Fresh paint", "Just saved.");
    let is_there = || world.read("public/feed.xml").contains("Fresh paint");
    for _ in 0..100 {
        if is_there() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let done = Command::new("kill").arg(watching.id().to_string()).status().unwrap();
    assert!(done.success() && watching.wait().unwrap().success());
    assert!(is_there());
    assert!(world.letters().is_empty());
}
