//! What front matter promises its authors.

use super::super::front_matter::Document;
use super::*;

fn read(yaml: &str) -> (Front, Vec<Fault>) {
    let text = format!("---\n{yaml}\n---\n");
    let mut warnings = Vec::new();
    let document = Document::read(&text).unwrap();
    (Front::read(&document.table, &mut warnings).unwrap(), warnings)
}

fn refused(yaml: &str) -> Fault {
    let text = format!("---\n{yaml}\n---\n");
    let document = Document::read(&text).unwrap();
    Front::read(&document.table, &mut Vec::new()).unwrap_err()
}

#[test]
fn a_draft_is_known_by_any_of_its_names() {
    for (yaml, expected) in [
        ("draft: true", true),
        ("draft: yes", true),
        ("Draft: True", true),
        ("draft: false", false),
        ("published: false", true),
        ("published: true", false),
        ("published: 2026-11-24", false),
        ("status: draft", true),
        ("status: private", true),
        ("status: published", false),
        ("hidden: true", true),
        ("permalink: false", true),
        ("title: a", false),
    ] {
        assert_eq!(read(yaml).0.is_draft, expected, "{yaml}");
    }
    assert!(refused("title: a\ndraft: perhaps").why.contains("true or false"));
    assert_eq!(refused("title: a\ndraft: perhaps").line, Some(3));
}

#[test]
fn published_is_a_date_or_a_flag() {
    let date = Written::read("2026-11-24");
    assert_eq!(read("published: 2026-11-24").0.date, date);
    assert_eq!(read("published: true\ndate: 2026-11-24").0.date, date);
    assert_eq!(read("publishDate: 2026-11-24").0.date, date);
    assert_eq!(read("title: a").0.date, None);
    let fault = refused("title: a\ndate: soon");
    assert!(fault.line == Some(3) && fault.why.contains("\"soon\" is no date"), "{fault:?}");
}

#[test]
fn a_key_that_adorns_is_left_out_with_a_warning() {
    let (front, warnings) = read("title: a\nlastmod: soon\ndescription: [a]");
    assert_eq!((front.updated, front.description), (None, None));
    assert_eq!(warnings.len(), 2);
    assert!(warnings.iter().all(|fault| fault.line.is_some()));
}

#[test]
fn tags_are_kept_once_in_their_first_spelling() {
    for (yaml, expected) in [
        ("tags: [Boats, boats, '#repair']", vec!["Boats", "repair"]),
        ("tags: boats, low power", vec!["boats", "low power"]),
        ("tags: low power", vec!["low power"]),
        ("layout: post\ntags: boats winter\ncategories: a b", vec!["boats", "winter", "a", "b"]),
        ("layout: post\ntags: boats, low power", vec!["boats", "low power"]),
        ("tags: [a]\ncategories: [b, A]", vec!["a", "b"]),
        ("category: c", vec!["c"]),
        ("taxonomies:\n  tags: [x]\n  categories: [y]", vec!["x", "y"]),
        ("tags: [2026, no]", vec!["2026", "no"]),
    ] {
        assert_eq!(read(yaml).0.tags, expected, "{yaml}");
    }
}

#[test]
fn authors_come_without_their_mail_addresses() {
    for (yaml, expected) in [
        ("author: Mara Lindqvist", vec!["Mara Lindqvist"]),
        ("author: Lindqvist, Mara", vec!["Lindqvist, Mara"]),
        ("authors: Ada, Bo", vec!["Ada", "Bo"]),
        ("authors: Lindqvist, Mara; Bo", vec!["Lindqvist, Mara", "Bo"]),
        ("authors: [Ada <ada@example.org>, Bo]", vec!["Ada", "Bo"]),
        ("author: ada@example.org (Ada King)", vec!["Ada King"]),
        ("author:\n  name: Ada\n  email: ada@example.org", vec!["Ada"]),
        ("author: ada@example.org", vec![]),
    ] {
        assert_eq!(read(yaml).0.authors, expected, "{yaml}");
    }
}

#[test]
fn an_image_is_a_text_or_a_table() {
    for yaml in [
        "image: x.png\nimage_alt: A boat",
        "cover:\n  url: x.png\n  alt: A boat",
        "cover:\n  image: x.png\n  alt: A boat",
        "images:\n  - url: x.png\n    alt: A boat",
    ] {
        let image = read(yaml).0.image.unwrap();
        assert_eq!((image.url.as_str(), image.alt.as_str()), ("x.png", "A boat"), "{yaml}");
    }
    let sized = read("image: {src: x.png, width: 640, height: '480'}").0.image.unwrap();
    assert_eq!((sized.width, sized.height), (Some(640), Some(480)));
    assert!(read("image: false").0.image.is_none());
}

#[test]
fn comments_are_an_address_and_a_count() {
    for (yaml, url, count) in [
        ("comments: {url: 'https://a.example/1', count: 12}", true, Some(12)),
        ("comments_url: https://a.example/1\ncomments_count: 12", true, Some(12)),
        ("comments: https://a.example/1", true, None),
        ("comments: 12", false, Some(12)),
        ("comments: true", false, None),
        ("comments: off", false, None),
        ("comments: {url: 'https://a.example/1', count: -1}", true, None),
    ] {
        let talk = read(yaml).0.comments;
        assert_eq!((talk.url.is_some(), talk.count), (url, count), "{yaml}");
    }
}

#[test]
fn related_posts_are_pinned_excluded_or_refused() {
    let (front, _) = read("related: [a.md, b]\nrelated_exclude: c\nseries: [Boat, Other]");
    assert_eq!(front.related.pins, ["a.md", "b"]);
    assert_eq!(front.related.excluded, ["c"]);
    assert_eq!(front.related.series.as_deref(), Some("Boat"));
    assert!(!front.related.hidden);
    assert!(read("related: false").0.related.hidden);
    assert!(read("related: false").0.related.pins.is_empty());
    assert!(!read("related: true").0.related.hidden);
}

#[test]
fn a_language_is_written_as_its_standard_asks() {
    for (text, expected) in [
        ("en", Some("en")),
        ("zh_tw", Some("zh-TW")),
        ("PT-br", Some("pt-BR")),
        ("zh-hans-cn", Some("zh-Hans-CN")),
        ("en_US.UTF-8", Some("en-US")),
        ("english", None),
        ("", None),
        ("e n", None),
    ] {
        assert_eq!(language(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_misspelt_key_is_told_and_one_that_withholds_refuses_the_post() {
    for (yaml, meant) in [
        ("titel: a", "title"),
        ("title: a\nslgu: a", "slug"),
        ("title: a\nextra:\n  lastmodd: 2026-11-24", "lastmod"),
        ("title: a\ndate_modifed: 2026-11-24", "date_modified"),
    ] {
        let (_, warnings) = read(yaml);
        assert_eq!(warnings.len(), 1, "{yaml}: {warnings:?}");
        assert!(warnings[0].why.ends_with(&format!("did you mean \"{meant}\"?")), "{warnings:?}");
        assert!(warnings[0].line.is_some(), "{warnings:?}");
    }
    for (yaml, meant) in [
        ("title: a\ndraf: true", "draft"),
        ("title: a\ndrafts: true", "draft"),
        ("title: a\nis_draft: true", "draft"),
        ("title: a\nDratf: true", "draft"),
        ("title: a\npublised: false", "published"),
        ("title: a\nhiden: true", "hidden"),
        ("title: a\nstaus: draft", "status"),
    ] {
        let fault = refused(yaml);
        assert!(fault.why.contains(&format!("did you mean \"{meant}\"?")), "{yaml}: {fault:?}");
        assert_eq!(fault.line, Some(3), "{fault:?}");
    }
    let others = "layout: post\nweight: 3\nmenu: main\ntoc: true\nmath: true\ntype: blog\n\
                  publisher: Ours\npin: true\nauthor_url: /me/\ncover_alt: A boat\nsubtitle: b\n\
                  translationKey: a\noutputs: [html]\nformat: essay\ncraft: knots\nstate: done";
    assert_eq!(read(others).1, []);
    assert!(read("title: a\npublish: false").0.is_draft);
}
