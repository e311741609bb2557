//! What the catalog promises, told by whole readings: states, identities, dates, places.

use super::*;

mod body;
mod fuzz;
mod kept;
mod places;
mod renamed;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn settings() -> Settings {
    Settings {
        base: "https://blog.example/".parse().unwrap(),
        language: "en".to_owned(),
        zone: "Europe/Stockholm".parse().unwrap(),
        author: Some("Mara Lindqvist".to_owned()),
        publish_hour: 9,
        permalink: "{slug}".to_owned(),
        id_host: "Blog.example".to_owned(),
    }
}

fn sources(files: &[(&str, &str)]) -> Files {
    let source =
        |&(path, text): &(&str, &str)| Source { path: path.to_owned(), text: Ok(text.into()) };
    let others = [("2026/x.png", 10), ("b.png", 20), ("2026/a.mp3", 4_321)];
    let others = others.map(|(path, size)| (path.to_owned(), size)).into();
    Files { posts: files.iter().map(source).collect(), others }
}

/// Reads files at noon of 24 November 2026 and checks that each is accounted for.
fn read_known(files: &[(&str, &str)], known: &[Known]) -> Catalog {
    let catalog = read(&sources(files), known, &settings(), at("2026-11-24T12:00:00Z"));
    check(&catalog);
    catalog
}

fn read_new(files: &[(&str, &str)]) -> Catalog {
    read_known(files, &[])
}

fn check(catalog: &Catalog) {
    let published = catalog.posts.len() - catalog.stale.len();
    let others = catalog.drafts.len() + catalog.scheduled.len() + catalog.refused.len();
    assert_eq!(published + others, catalog.files, "{catalog:#?}");
    assert_eq!(catalog.records.len(), published);
    let mut places: Vec<&str> = catalog.posts.iter().map(|post| post.place.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), catalog.posts.len(), "places are unique");
}

fn known_of(catalog: &Catalog) -> Vec<Known> {
    catalog.records.iter().map(|record| record.known.clone()).collect()
}

const POST: &str = "---\ntitle: A boat\ndate: 2026-11-02\n---\nThe body of it.\n";

#[test]
fn a_post_carries_everything_its_author_said() {
    let text = "+++\ntitle = \"A `boat` & *more*\"\ndate = 2026-11-02T10:00:00+01:00\n\
        updated = 2026-11-03\ntags = [\"Boats\", \"repair\"]\nauthors = [\"Ada\"]\n\
        description = \"In *short*.\"\nlang = \"sv\"\nslug = \"my-boat\"\n\
        series = \"Boat\"\nexpires = 2027-01-01\nrelated = [\"b.md\"]\n\
        [image]\nurl = \"x.png\"\nalt = \"A boat\"\n\
        [comments]\nurl = \"https://talk.example/1\"\ncount = 3\n+++\nThe *body*.\n";
    let catalog = read_new(&[("2026/a.md", text)]);
    let post = &catalog.posts[0];
    assert_eq!(post.id.as_str(), "tag:blog.example,2026-11-02:my-boat");
    assert_eq!((post.key.as_str(), post.place.as_str()), ("my-boat", "my-boat"));
    assert_eq!(post.url, "https://blog.example/my-boat/");
    assert_eq!(post.title, "A boat & more");
    assert_eq!(post.summary, "In short.");
    assert_eq!(post.html, "<p>The <em>body</em>.</p>\n");
    assert_eq!(post.published, at("2026-11-02T09:00:00Z"));
    assert_eq!(post.updated, at("2026-11-03T08:00:00Z"));
    assert_eq!((post.authors[0].as_str(), post.language.as_str()), ("Ada", "sv"));
    assert_eq!(post.tags, ["Boats", "repair"]);
    let image = post.image.as_ref().unwrap();
    assert_eq!(image.url, "https://blog.example/2026/x.png");
    assert_eq!((image.alt.as_str(), image.media_type.as_deref()), ("A boat", Some("image/png")));
    let comments = post.comments.as_ref().unwrap();
    assert_eq!((comments.url.as_str(), comments.count), ("https://talk.example/1", Some(3)));
    assert_eq!(post.related.pins, ["b.md"]);
    assert_eq!(post.related.series.as_deref(), Some("Boat"));
    assert_eq!(post.related.expires, Some(at("2027-01-01T08:00:00Z")));
    assert!(catalog.warnings.is_empty(), "{:?}", catalog.warnings);
}

#[test]
fn every_file_is_published_draft_scheduled_or_refused() {
    let mut files = sources(&[
        ("a.md", POST),
        ("b.md", "---\ntitle: b\ndraft: true\n---\nB\n"),
        ("c.md", "---\ntitle: c\ndate: 2026-12-24\n---\nC\n"),
        ("d.md", "---\ntitle: d\ndate: soon\n---\nD\n"),
    ]);
    files.posts.push(Source { path: "e.md".to_owned(), text: Err("cannot be read".to_owned()) });
    let catalog = read(&files, &[], &settings(), at("2026-11-24T12:00:00Z"));
    check(&catalog);
    assert_eq!(catalog.posts.len(), 1);
    assert_eq!(catalog.drafts, ["b.md"]);
    assert_eq!(catalog.scheduled, [("c.md".to_owned(), at("2026-12-24T08:00:00Z"))]);
    assert_eq!(catalog.refused.len(), 2);
    let told = catalog.refused[0].to_string();
    assert!(told.starts_with("posts/d.md:3: the date \"soon\" is no date"), "{told}");
    assert_eq!(catalog.refused[1].to_string(), "posts/e.md: cannot be read");
}

#[test]
fn a_scheduled_post_appears_when_it_is_due() {
    let files = sources(&[("c.md", "---\ndate: 2026-12-24T10:00:00Z\n---\nC\n")]);
    let before = read(&files, &[], &settings(), at("2026-12-24T09:59:59Z"));
    assert_eq!((before.posts.len(), before.scheduled.len()), (0, 1));
    let after = read(&files, &[], &settings(), at("2026-12-24T10:00:00Z"));
    assert_eq!((after.posts.len(), after.scheduled.len()), (1, 0));
}

#[test]
fn reading_twice_changes_nothing() {
    let files = [("a.md", POST), ("b.md", "# Bee\n\nNo date at all.\n")];
    let first = read_new(&files);
    assert!(first.records.iter().all(|record| record.is_new && !record.changed));
    let later = at("2026-11-25T12:00:00Z");
    let second = read(&sources(&files), &known_of(&first), &settings(), later);
    assert!(second.records.iter().all(|record| !record.is_new && !record.changed));
    assert_eq!(first.posts, second.posts);
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let files = [("b.md", POST), ("a.md", "---\ndate: 2026-11-02\n---\nA\n"), ("c.md", "C")];
    let mut turned = files;
    turned.reverse();
    assert_eq!(read_new(&files).posts, read_new(&turned).posts);
}

#[test]
fn a_post_is_recognised_after_any_one_change() {
    let first = read_new(&[("a.md", POST)]);
    let known = known_of(&first);
    for (path, text, what) in [
        ("a.md", "---\ntitle: New\ndate: 2026-11-05\nslug: new\n---\nOther.\n", "all but the path"),
        ("b.md", POST, "the path"),
        ("b.md", "---\ntitle: New\ndate: 2026-11-05\n---\n\nThe body of it.\n\n", "path and title"),
        ("b.md", "---\ntitle: A boat\ndate: 2026-11-02\n---\nOther.\n", "path and body"),
        ("b.md", "---\ntitle: New\nslug: a\n---\nOther.\n", "all but the address"),
        ("b.md", "---\naliases: [/a/]\n---\nOther.\n", "all, with an alias"),
        ("b.md", "---\nredirect_from: https://old.example/a.html\n---\nOther.\n", "site and all"),
        ("b.md", "---\nguid: tag:blog.example,2026-11-02:a\n---\nOther.\n", "all, with the guid"),
    ] {
        let catalog = read_known(&[(path, text)], &known);
        let record = &catalog.records[0];
        assert!(!record.is_new && record.changed, "{what}");
        assert_eq!((&record.known.id, &record.known.key), (&known[0].id, &known[0].key), "{what}");
        assert_eq!(record.known.first_seen, known[0].first_seen, "{what}");
    }
    let other = read_known(&[("b.md", "---\ntitle: New\ndate: 2026-11-05\n---\nOther.\n")], &known);
    assert!(other.records[0].is_new);
}

#[test]
fn a_copy_of_a_post_is_a_new_post() {
    let known = known_of(&read_new(&[("a.md", POST)]));
    let catalog = read_known(&[("a.md", POST), ("b.md", POST)], &known);
    let is_new: Vec<(&str, bool)> =
        catalog.records.iter().map(|r| (r.known.path.as_str(), r.is_new)).collect();
    assert!(is_new.contains(&("a.md", false)) && is_new.contains(&("b.md", true)), "{is_new:?}");
    assert_eq!(catalog.posts.len(), 2);
    assert_ne!(catalog.posts[0].id, catalog.posts[1].id);
}

#[test]
fn a_guid_is_used_as_it_is() {
    let text = "---\nguid: https://old.example/?p=17\ndate: 2026-11-02\n---\nA\n";
    let first = read_new(&[("a.md", text)]);
    assert_eq!(first.posts[0].id.as_str(), "https://old.example/?p=17");
    let other = text.replace("17", "18");
    let second = read_known(&[("a.md", &other)], &known_of(&first));
    assert!(second.records[0].is_new, "another guid is another post");
    assert_ne!(second.records[0].known.key, first.records[0].known.key);
}

#[test]
fn a_guid_added_later_renames_nothing() {
    let known = known_of(&read_new(&[("a.md", POST)]));
    let text = POST.replace("title:", "guid: x\ntitle:");
    let catalog = read_known(&[("a.md", &text)], &known);
    assert_eq!(catalog.posts[0].id, known[0].id);
    assert!(catalog.warnings[0].why.contains("guid is not used"), "{:?}", catalog.warnings);
    let again = read_known(&[("a.md", &text)], &known_of(&catalog));
    assert_eq!(again.posts[0].id, known[0].id, "not by the pass after that either");
}

#[test]
fn two_files_with_one_guid_are_told_of_each_other() {
    let text = "---\nguid: x\ndate: 2026-11-02\n---\nA\n";
    let catalog = read_new(&[("a.md", text), ("b.md", text)]);
    assert_eq!(catalog.posts[0].path, "a.md");
    let told = catalog.refused[0].to_string();
    assert!(told.contains("posts/b.md") && told.contains("posts/a.md"), "{told}");
}

#[test]
fn a_refused_post_stays_published_as_it_was() {
    let first = read_new(&[("a.md", POST)]);
    let known = known_of(&first);
    for broken in ["---\ntitle: \"open\n---\nX\n", "---\ntitle: x\ndate: soon\n---\nX\n"] {
        let catalog = read_known(&[("a.md", broken)], &known);
        assert_eq!(catalog.posts, first.posts);
        assert_eq!(catalog.stale, ["a.md"]);
        assert_eq!(catalog.refused.len(), 1);
        assert!(catalog.records.is_empty() && catalog.refused[0].line.is_some());
    }
    assert!(read_new(&[("a.md", "---\ntitle: \"open\n---\nX\n")]).posts.is_empty());
}

#[test]
fn a_slug_asked_for_twice_is_refused_naming_both_files() {
    let two = "---\ntitle: B\ndate: 2026-11-03\nslug: A\n---\nB\n";
    let catalog = read_new(&[("a.md", POST), ("b.md", two)]);
    let told = catalog.refused[0].to_string();
    assert!(told.starts_with("posts/b.md:4: ") && told.contains("posts/a.md"), "{told}");
    assert_eq!(catalog.posts.len(), 1);
}

#[test]
fn a_newcomer_never_takes_the_address_of_a_known_post() {
    let known = known_of(&read_new(&[("z.md", &POST.replace("title", "slug: boat\ntitle"))]));
    let old = POST.replace("title", "slug: boat\ntitle");
    let new = "---\ndate: 2026-11-03\nslug: boat\n---\nNew\n";
    let catalog = read_known(&[("a.md", new), ("z.md", &old)], &known);
    assert_eq!(catalog.posts[0].path, "z.md");
    assert_eq!(catalog.refused[0].path, "a.md");
}

#[test]
fn a_known_post_that_asks_for_a_taken_address_keeps_its_own() {
    let first = read_new(&[("a.md", POST), ("b.md", "---\ndate: 2026-11-03\n---\nB\n")]);
    let moved = "---\ndate: 2026-11-03\nslug: a\n---\nB, moved\n";
    let catalog = read_known(&[("a.md", POST), ("b.md", moved)], &known_of(&first));
    assert_eq!(catalog.posts, first.posts);
    assert_eq!(catalog.stale, ["b.md"]);
}

#[test]
fn posts_of_one_day_get_seconds_of_their_own() {
    let day = "---\ndate: 2026-11-02\n---\n";
    let first = read_new(&[("b.md", &format!("{day}B")), ("c.md", &format!("{day}C"))]);
    let times = |catalog: &Catalog| -> Vec<(String, String)> {
        let mut times: Vec<(String, String)> =
            catalog.posts.iter().map(|p| (p.path.clone(), p.published.rfc3339())).collect();
        times.sort();
        times
    };
    let expected = [("b.md", "2026-11-02T08:00:00Z"), ("c.md", "2026-11-02T08:00:01Z")];
    assert_eq!(times(&first), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let all =
        [("a.md", format!("{day}A")), ("b.md", format!("{day}B")), ("c.md", format!("{day}C"))];
    let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let second = read_known(&all, &known_of(&first));
    assert_eq!(times(&second)[1..], times(&first)[..], "what is known does not move");
    assert_eq!(times(&second)[0].1, "2026-11-02T08:00:02Z");
}

#[test]
fn a_date_may_stand_in_the_file_name_or_the_folders() {
    for (path, slug, day) in [
        ("2026-11-02-a-post.md", "a-post", "2026-11-02"),
        ("notes/2026-1-2-a-post.md", "a-post", "2026-01-02"),
        ("2026/10/a-post.md", "a-post", "2026-10-01"),
        ("2026-11-02-a-post/index.md", "a-post", "2026-11-02"),
    ] {
        let post = &read_new(&[(path, "Text")]).posts[0];
        assert_eq!((post.key.as_str(), post.title.as_str()), (slug, "A post"), "{path}");
        assert!(post.published.rfc3339().starts_with(day), "{path}");
    }
}

#[test]
fn a_post_without_a_date_counts_from_when_it_was_seen() {
    let first = read_new(&[("a.md", "Text")]);
    assert_eq!(first.posts[0].published, at("2026-11-24T12:00:00Z"));
    assert!(first.warnings[0].why.contains("no date"));
}

#[test]
fn an_update_is_never_before_publication_nor_after_now() {
    for (updated, expected) in [
        ("2026-11-01", "2026-11-02T08:00:00Z"),
        ("2026-11-02", "2026-11-02T08:00:00Z"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("2027-01-01", "2026-11-02T08:00:00Z"),
    ] {
        let text = POST.replace("title", &format!("lastmod: {updated}\ntitle"));
        assert_eq!(read_new(&[("a.md", &text)]).posts[0].updated, at(expected), "{updated}");
    }
}
