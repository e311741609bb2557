//! What is refused, what stays published all the same, and what is told.

use super::*;

fn why(catalog: &Catalog) -> String {
    catalog.refused.iter().map(|refusal| format!("{refusal}\n")).collect()
}

#[test]
fn a_post_without_text_is_refused() {
    for text in [
        "",
        "\n\n",
        "---\ntitle: A\n---\n",
        "# A boat\n",
        "---\ntitle: A\n---\n<!-- to be written -->\n",
        "<!--\n.. title: A\n-->\n",
    ] {
        let catalog = read_new(&[("a.md", text)]);
        assert!(why(&catalog).contains("posts/a.md: it has no text"), "{text:?}");
    }
    for text in ["![](b.png)\n", "# A\n\n{{< youtube x1 >}}\n", "<video src=\"b.mp4\"></video>\n"] {
        assert_eq!(read_new(&[("a.md", text)]).posts.len(), 1, "{text:?}");
    }
    assert_eq!(read_new(&[("a.md", "---\ndraft: true\n---\n")]).drafts, ["a.md"]);
}

#[test]
fn an_emptied_post_stays_published_as_it_was() {
    let first = read_new(&[("a.md", POST)]);
    for text in ["", "---\ntitle: A boat\ndate: 2026-11-02\n---\n"] {
        let catalog = read_known(&[("a.md", text)], &known_of(&first));
        assert_eq!((&catalog.posts, catalog.refused.len()), (&first.posts, 1));
    }
}

#[test]
fn a_post_renamed_and_broken_at_once_stays_published_as_it_was() {
    let first = read_new(&[("a.md", POST), ("c.md", "---\ndate: 2026-11-03\n---\nAnother one.\n")]);
    let broken = POST.replace("title: ", "title: \"");
    let files = [("b.md", broken.as_str()), ("c.md", "---\ndate: 2026-11-03\n---\nAnother one.\n")];
    let catalog = read_known(&files, &known_of(&first));
    assert_eq!(catalog.posts, first.posts);
    assert_eq!(catalog.stale, ["a.md"]);
    let unlike = [("b.md", "---\ntitle: \"open\n---\nNothing of it.\n"), files[1]];
    assert_eq!(read_known(&unlike, &known_of(&first)).posts.len(), 1, "it was taken away");
}

#[test]
fn a_moved_post_that_asks_for_a_taken_address_stays_published_as_it_was() {
    let first = read_new(&[("a.md", POST), ("b.md", "---\ndate: 2026-11-03\n---\nOther words.\n")]);
    let moved = "---\ndate: 2026-11-03\nslug: a\n---\nOther words.\n";
    let catalog = read_known(&[("a.md", POST), ("c.md", moved)], &known_of(&first));
    assert_eq!(catalog.posts, first.posts);
}

#[test]
fn posts_below_a_folder_that_cannot_be_read_stay_published() {
    let files = [("2026/a.md", POST), ("b.md", "---\ndate: 2026-11-03\n---\nB\n")];
    let first = read_new(&files);
    let mut rest = sources(&files[1..]);
    rest.posts.push(Source { path: "2026".to_owned(), text: Err("cannot be read".to_owned()) });
    let now = at("2026-11-24T12:00:00Z");
    let catalog = read(&rest, &known_of(&first), &settings(), now);
    check(&catalog);
    assert_eq!(catalog.posts, first.posts);
}

#[test]
fn a_folder_without_files_is_told_from_one_that_was_emptied() {
    let known = known_of(&read_new(&[("a.md", POST)]));
    assert!(read_known(&[], &known).is_emptied);
    assert!(!read_new(&[]).is_emptied);
    let draft = "---\ndraft: true\n---\nThe body of it.\n";
    assert!(!read_known(&[("a.md", draft)], &known).is_emptied);
}

#[test]
fn of_two_new_posts_the_older_has_the_address() {
    let (old, new) = (POST.replace("title", "slug: x\ntitle"), POST.replace("02", "20"));
    let new = new.replace("title", "slug: x\ntitle");
    let catalog = read_new(&[("a.md", &new), ("z.md", &old)]);
    assert_eq!(catalog.posts[0].path, "z.md");
    let told = why(&catalog);
    assert!(told.starts_with("posts/a.md:2: ") && told.contains("posts/z.md"), "{told}");
}

#[test]
fn what_leads_nowhere_is_told_with_its_line() {
    let text = "---\ndate: 2026-11-02\nimage: lost.jpg\n---\n![cat](images/missing.png)\n\
                [one](bad.md) [two](gone.md) ![](b.png)\n";
    let catalog = read_new(&[("a.md", text), ("bad.md", "")]);
    let told: Vec<String> = catalog.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "posts/a.md:3: there is no picture lost.jpg",
            "posts/a.md:5: there is no picture images/missing.png",
            "posts/a.md:6: the link to bad.md leads to a post that was refused",
            "posts/a.md:6: the link to gone.md leads to no published post",
        ]
    );
}

#[test]
fn that_a_post_has_no_date_is_said_once() {
    let first = read_new(&[("a.md", "Text")]);
    assert!(first.warnings[0].why.contains("no date") && first.reminders.is_empty());
    let second = read_known(&[("a.md", "Text")], &known_of(&first));
    assert!(second.reminders[0].why.contains("no date") && second.warnings.is_empty());
}

#[test]
fn a_refused_file_gets_an_identity_by_which_it_is_known_when_it_is_mended() {
    let day = "---\ntitle: A\ndate: soon\n---\nText.\n";
    let first = read_new(&[("2012/a.md", day), ("b.md", POST)]);
    assert_eq!((first.unread.len(), first.records.len()), (1, 1));
    let known: Vec<Known> =
        first.records.iter().chain(&first.unread).map(|record| record.known.clone()).collect();
    let mended = day.replace("soon", "2012-01-01");
    let second = read_known(&[("2012/a.md", &mended), ("b.md", POST)], &known);
    assert!(second.unread.is_empty() && second.records.iter().all(|record| !record.is_new));
    let post = second.posts.iter().find(|post| post.path == "2012/a.md").unwrap();
    assert_eq!((post.key.as_str(), post.published), ("a", at("2012-01-01T08:00:00Z")));
    let third = read_known(&[("2012/a.md", day)], &known);
    assert!(third.unread.is_empty() && third.posts.is_empty(), "it was never read well");
}

#[test]
fn a_draft_can_be_looked_at() {
    let files = sources(&[("a.md", "---\ntitle: A\ndraft: true\n---\nText.\n")]);
    let catalog = read_drafts(&files, &[], &settings(), at("2026-11-24T12:00:00Z"));
    assert_eq!((catalog.posts[0].title.as_str(), catalog.drafts.len()), ("A", 0));
}
