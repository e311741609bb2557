//! Incremental passes: whatever changes, what a pass publishes is what a pass that knows nothing
//! would, to the octet; and a quiet edit reads no more than it has to.

use std::{fs, time::Duration};

use super::harness::World;

/// A small site of posts in two languages with tags, sections, links and pictures.
fn world() -> World {
    let world = World::new();
    let config = world.read("config/postrider.toml");
    let feeds = "[feeds]\nentries = 4\n[related]\ncount = 0\n[mail]\n";
    world.write("config/postrider.toml", &config.replacen("[mail]\n", feeds, 1));
    for number in 0..24 {
        write(&world, number, "");
    }
    for folder in ["", "knots/", "fa/", "tides/"] {
        world.write(&format!("posts/{folder}x.png"), "a picture");
    }
    world
}

fn write(world: &World, number: usize, more: &str) {
    let (month, day) = (1 + number % 11, 1 + number % 27);
    let next = (number + 4) % 24;
    let tags = ["ropes", "Sails", "tea"];
    let folder = ["", "knots/", "fa/", "tides/"][number % 4];
    let text = format!(
        "---\ntitle: Post {number}\ndate: 2026-{month:02}-{day:02}\ntags: [{}, {}]\n{more}---\n\n\
         Text {number} with [a link](post-{}.md) and ![a picture](x.png).\n\n## Part\n\n- one\n",
        tags[number % 3],
        tags[number / 3 % 3],
        next,
    );
    world.write(&format!("posts/{folder}post-{number}.md"), &text);
}

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// The files of all posts, in an order that stays.
fn posts(world: &World) -> Vec<String> {
    let files =
        walkdir::WalkDir::new(world.path("posts")).sort_by_file_name().into_iter().flatten();
    let files = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "md"));
    let relative = |entry: walkdir::DirEntry| {
        entry.path().strip_prefix(world.root()).unwrap().to_str().unwrap().to_owned()
    };
    files.map(relative).collect()
}

/// One change of a kind; says which.
fn change(world: &World, dice: &mut Dice, step: usize) -> String {
    let all = posts(world);
    let path = &all[dice.below(all.len())];
    let text = world.read(path);
    let edit = |from: &str, to: &str| world.write(path, &text.replacen(from, to, 1));
    let kinds = [
        "append", "append", "title", "tags", "delete", "add", "rename", "draft", "config",
        "template", "date", "asset", "raw", "break", "alias", "section", "touch", "updated",
    ];
    let kind = kinds[dice.below(kinds.len())];
    match kind {
        "append" => world.write(path, &format!("{text}\nOne more line, {step}.\n")),
        "title" => edit("title: ", "title: A & "),
        "tags" => edit("tags: [", &format!("tags: [new {}, ", step % 3)),
        "delete" if all.len() > 12 => fs::remove_file(world.path(path)).unwrap(),
        "delete" | "add" => write(world, 100 + step, ""),
        "rename" => {
            let moved = path.replace(".md", &format!("-{step}.md"));
            fs::rename(world.path(path), world.path(&moved)).unwrap();
        }
        "draft" if text.contains("draft: true") => edit("draft: true\n", ""),
        "draft" => edit("---\n", "---\ndraft: true\n"),
        "config" => {
            let config = world.read("config/postrider.toml");
            let marks = config.replace("A blog for tests", &format!("A blog for {step} tests"));
            world.write("config/postrider.toml", &marks.replace("entries = 4", "entries = 5"));
        }
        "template" => {
            world.write("templates/web/feed.css", &format!("feed {{ margin: {step}px }}\n"));
        }
        "date" => edit("date: 2026-", &format!("date: 2026-0{}-0{} #", 1 + step % 9, 1 + step % 9)),
        "asset" => world.write("posts/knots/x.png", &format!("picture {step}")),
        "raw" => world.write(path, &format!("{text}\n<script>x</script><b id=\"a\">raw</b>\n")),
        "break" if text.contains("date: soon") => edit("date: soon #", "date: 2026-"),
        "break" => edit("date: 2026-", "date: soon #"),
        "alias" => edit("---\n", &format!("---\naliases: [/former-{step}/]\n")),
        "section" => {
            let name = path.rsplit('/').next().unwrap();
            let moved = format!("posts/section-{}/{name}", step % 2);
            world.write(&moved, &text);
            if moved != *path {
                fs::remove_file(world.path(path)).unwrap();
            }
        }
        "touch" => {
            let file = fs::File::open(world.path(path)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(77)).unwrap();
        }
        _ => edit("---\n", "---\nupdated: 2026-11-20\n"),
    }
    format!("step {step}: {kind} {path}")
}

/// Checks that a pass that knows nothing of the last one finds nothing to write or remove.
fn is_as_new(world: &World, what: &str) {
    let twin = world.twin();
    for note in ["var/seen.json", "var/inventory"] {
        let _absent = fs::remove_file(twin.path(note));
    }
    let fresh = twin.run();
    let files = [&fresh.feeds, &fresh.pages].map(|files| (files.written, files.removed));
    let left: Vec<String> = differing(world, &twin);
    assert_eq!(files, [(0, 0); 2], "{what}: {left:?}\n{fresh}");
}

/// The published files that differ between two worlds.
fn differing(one: &World, other: &World) -> Vec<String> {
    let files = walkdir::WalkDir::new(other.path("public")).into_iter().flatten();
    let files = files.filter(|entry| entry.file_type().is_file());
    let relative = files
        .map(|entry| entry.path().strip_prefix(other.root()).unwrap().to_str().unwrap().to_owned());
    let differs = |path: &String| {
        !path.contains("/.postrider")
            && fs::read(one.path(path)).ok() != fs::read(other.path(path)).ok()
    };
    relative.filter(differs).collect()
}

#[test]
fn whatever_changes_the_next_pass_publishes_what_a_fresh_one_would() {
    let mut dice = Dice(0x5eed_ed17);
    let world = world();
    world.run();
    for step in 0..60 {
        let mut what = String::new();
        for _ in 0..=dice.below(8) / 6 {
            what = format!("{what} {}", change(&world, &mut dice, step));
        }
        // Now and then letters are no longer owed, so that shorter ways are open.
        world.wait([0, 0, 24, 24 * 40][dice.below(4)] as u64);
        world.run();
        is_as_new(&world, &what);
        assert_eq!(world.run().feeds.written, 0, "{what}");
    }
}

/// A world in which no letter may be owed, after a whole pass.
fn settled() -> World {
    let world = world();
    world.run();
    world
}

/// Lets the note of the last pass say something that only it knows.
fn mark(world: &World) {
    let mut note: serde_json::Value = serde_json::from_str(&world.read("var/seen.json")).unwrap();
    note["warnings"].as_array_mut().unwrap().push("from the note".into());
    world.write("var/seen.json", &note.to_string());
}

#[test]
fn a_quiet_edit_makes_what_shows_it_and_nothing_else() {
    let world = settled();
    for (from, to, feeds, pages) in [
        ("Text 3 with", "Text 3, mended, with", 6, 2),
        ("title: Post 3", "title: Post the third", 6, 4),
    ] {
        mark(&world);
        let path = "posts/tides/post-3.md";
        world.write(path, &world.read(path).replacen(from, to, 1));
        let summary = world.run();
        assert!(summary.warnings.contains(&"from the note".to_owned()), "read alone: {summary}");
        assert!(summary.feeds.written >= feeds, "{to}: {summary}");
        assert!(summary.feeds.written < summary.feeds.unchanged, "{to}: {summary}");
        assert!((1..=pages).contains(&summary.pages.written), "{to}: {summary}");
        assert!(
            world.read("public/archive/2026-1/feed.xml").contains(to.trim_start_matches("title: "))
        );
        is_as_new(&world, to);
    }
}

#[test]
fn what_is_no_quiet_edit_is_read_as_a_whole() {
    for (what, from, to) in [
        ("a date", "date: 2026-04-04", "date: 2026-04-05"),
        ("a draft", "title: Post 3\n", "title: Post 3\ndraft: true\n"),
        ("a slug", "title: Post 3\n", "title: Post 3\nslug: third\n"),
        ("a guid", "title: Post 3\n", "title: Post 3\nguid: urn:x:3\n"),
        ("an alias", "title: Post 3\n", "title: Post 3\naliases: [/third/]\n"),
        ("a warning", "## Part", "<script>x</script>\n\n## Part"),
        ("a broken file", "date: 2026", "date: soon"),
    ] {
        let world = settled();
        mark(&world);
        let path = "posts/tides/post-3.md";
        let text = world.read(path);
        assert!(text.contains(from), "{text}");
        world.write(path, &text.replacen(from, to, 1));
        let summary = world.run();
        assert!(!summary.warnings.contains(&"from the note".to_owned()), "{what}: {summary}");
        is_as_new(&world, what);
    }
}

#[test]
fn a_change_in_the_tick_of_the_last_pass_is_seen() {
    let world = settled();
    let path = world.path("posts/tides/post-3.md");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let text = world.read("posts/tides/post-3.md").replace("Text 3", "Next 3");
    // The same length and time; the note must not go by these while the file is fresh.
    fs::write(&path, text).unwrap();
    fs::File::open(&path).unwrap().set_modified(before).unwrap();
    world.run();
    assert!(world.read("public/post-3/index.html").contains("Next 3"));
}

#[test]
fn a_damaged_or_foreign_inventory_counts_for_nothing() {
    let world = settled();
    let whole = fs::read(world.path("var/inventory")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for octets in [Vec::new(), b"garbage".to_vec(), whole[..whole.len() - 9].to_vec(), flipped] {
        fs::write(world.path("var/inventory"), octets).unwrap();
        let path = "posts/tides/post-3.md";
        world.write(path, &format!("{}\nMore.\n", world.read(path)));
        world.run();
        is_as_new(&world, "a damaged inventory");
    }
}

#[test]
fn a_published_file_that_was_touched_is_made_again() {
    let world = settled();
    let page = world.read("public/post-3/index.html");
    world.write("public/post-3/index.html", &page.replace("Text 3", "Next 3"));
    world.run();
    assert_eq!(world.read("public/post-3/index.html"), page);
    fs::remove_file(world.path("public/feed.xml")).unwrap();
    world.run();
    is_as_new(&world, "a file that went");
}
