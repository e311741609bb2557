//! Known answers for addresses.

use super::*;

fn here(path: &str) -> Here {
    let base: Url = "https://blog.example/".parse().unwrap();
    let posts = [("2026/other.md", "other"), ("first.md", "first"), ("deep/index.md", "deep")];
    let posts = posts.iter().map(|(path, slug)| (path.to_string(), format!("{base}{slug}/")));
    let links = Links {
        posts: posts.collect(),
        refused: HashSet::from(["2026/bad.md".to_owned()]),
        files: BTreeMap::from([("2026/x.png".to_owned(), 1)]),
        base,
    };
    Here::new(Arc::new(links), path, "https://blog.example/a-post/".parse().unwrap())
}

#[test]
fn every_link_becomes_absolute() {
    for (raw, expected) in [
        ("https://x.example", "https://x.example/"),
        ("//x.example/w", "https://x.example/w"),
        ("mailto:a@x.example", "mailto:a@x.example"),
        ("#n", "https://blog.example/a-post/#n"),
        ("?q", "https://blog.example/a-post/?q"),
        ("/z", "https://blog.example/z"),
        ("../y", "https://blog.example/y"),
        ("../y/", "https://blog.example/y/"),
        ("other.md", "https://blog.example/other/"),
        ("./other.md#part", "https://blog.example/other/#part"),
        ("../first.md", "https://blog.example/first/"),
        ("../first.html", "https://blog.example/first/"),
        ("../first", "https://blog.example/first/"),
        ("@/blog/2026/other.md", "https://blog.example/other/"),
        ("{filename}/2026/other.md", "https://blog.example/other/"),
        ("%7Bfilename%7Dother.md#x", "https://blog.example/other/#x"),
        ("/posts/first.md", "https://blog.example/first/"),
        ("plan.pdf", "https://blog.example/2026/plan.pdf"),
        ("../a%20plan.pdf?x#y", "https://blog.example/a%20plan.pdf?x#y"),
        ("https://x.example/שלום a", "https://x.example/%D7%A9%D7%9C%D7%95%D7%9D%20a"),
    ] {
        assert_eq!(here("2026/a.md").link(raw).as_deref(), Some(expected), "{raw}");
    }
}

#[test]
fn what_no_reader_may_follow_is_no_link() {
    for raw in
        ["javascript:alert(1)", " JAVASCRIPT:x", "vbscript:x", "data:text/html,x", "file:///x"]
    {
        assert_eq!(here("a.md").link(raw), None, "{raw}");
        assert_eq!(here("a.md").media(raw), None, "{raw}");
    }
    assert_eq!(here("a.md").link("http://[bad"), None);
}

#[test]
fn a_picture_beside_a_post_is_found_under_the_public_folder() {
    for (raw, expected) in [
        ("x.png", "https://blog.example/2026/x.png"),
        ("images/a b.png", "https://blog.example/2026/images/a%20b.png"),
        ("images/a%20b.png", "https://blog.example/2026/images/a%20b.png"),
        ("../x.png", "https://blog.example/x.png"),
        ("../../../x.png", "https://blog.example/x.png"),
        ("/x.png", "https://blog.example/x.png"),
        ("//cdn.example/x.png", "https://cdn.example/x.png"),
        ("100%.png", "https://blog.example/2026/100%25.png"),
    ] {
        assert_eq!(here("2026/a.md").media(raw).as_deref(), Some(expected), "{raw}");
    }
}

#[test]
fn every_candidate_of_a_set_becomes_absolute() {
    let here = here("a.md");
    let set = here.set("x.png 1x, y.png 2x,//c.example/z,w.png 640w");
    assert_eq!(
        set.as_deref(),
        Some(
            "https://blog.example/x.png 1x, https://blog.example/y.png 2x, \
             https://c.example/z%2Cw.png 640w"
        )
    );
    assert_eq!(here.set("x.png").as_deref(), Some("https://blog.example/x.png"));
    assert_eq!(here.set(" , "), None);
}

#[test]
fn what_leads_nowhere_is_told() {
    let here = here("2026/a.md");
    for link in ["missing.md", "../first.md", "bad.md#part", "no.pdf", "/no.pdf", "b.html"] {
        assert!(here.link(link).is_some());
    }
    for picture in ["x.png", "images/no.png?v=1", "/no.png", "https://x.example/no.png"] {
        assert!(here.media(picture).is_some());
    }
    let told: Vec<(String, Broken)> = here.broken().into_iter().collect();
    let expected = [
        ("bad.md#part", Broken::Refused),
        ("images/no.png?v=1", Broken::File),
        ("missing.md", Broken::Post),
        ("no.pdf", Broken::File),
    ];
    assert_eq!(told, expected.map(|(raw, what)| (raw.to_owned(), what)));
}
