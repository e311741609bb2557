//! Tests of the default letters, rendered as `digest` renders them.
//!
//! With `POSTRIDER_SHOW` set to a folder, the letters are written there to be looked at.

use serde_json::{Value, json};

use super::Templates;
use crate::digest::render;

const BODY: &str = r#"<p>The masthead light went out in a Force 7, of course. When the wind had
dropped I found <strong>eleven corroded joints</strong> between the battery and the bulb, and not
one of them had been soldered badly. They had been <a href="https://saltandsolder.example/crimp/">left
bare</a>.</p>
<h2>What salt does to copper</h2>
<p>Tinned strands survive, bare strands turn to green powder from the outside in. The rule I use
now, from cheap to dear:</p>
<ul><li>tinned cable everywhere, also inside lockers</li><li>a crimp with <code>heat-shrink</code>
that has glue in it</li><li>a drip loop before every fitting</li></ul>
<blockquote><p>Water climbs. It needs no pump to do it.</p></blockquote>
<pre><code>$ ./log --every 10s mast-light
12.41 V  0.00 A   open circuit somewhere between the deck gland and the spreaders
12.40 V  0.83 A   lit</code></pre>
<table><thead><tr><th>Joint</th><th align="right">Milliohms</th></tr></thead><tbody>
<tr><td>Deck gland</td><td align="right">410</td></tr>
<tr><td>Spreader</td><td align="right">1,900</td></tr></tbody></table>
<p>All of them together cost me two volts at the bulb, and a night.</p>"#;

const PICTURE: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='800' \
    height='420'%3E%3Crect width='800' height='420' fill='%23345b66'/%3E%3Cpath d='M0 300 Q200 \
    250 400 300 T800 300 V420 H0Z' fill='%231f3f49'/%3E%3Ccircle cx='600' cy='120' r='46' \
    fill='%23e9b872'/%3E%3C/svg%3E";

fn article(title: &str, date: &str, count: Option<u32>) -> Value {
    json!({
        "title": title, "url": format!("https://saltandsolder.example/{}/", title.len()),
        "date": date, "authors": ["Mara Lindqvist"],
        "summary": "Eleven corroded joints between the battery and the bulb, and what I do now \
                    instead of blaming the solder: tinned cable, glue-lined shrink & drip loops.",
        "html": BODY, "text": "The masthead light went out in a Force 7, of course.", "is_cut": false,
        "image": null, "language": "en", "direction": "ltr",
        "comments": { "url": "https://saltandsolder.example/comments/1", "count": count },
    })
}

fn letter(cadence: &str, articles: Vec<Value>) -> Value {
    let (count, full_text) = (articles.len(), articles.len() == 1);
    json!({
        "site": { "title": "Salt & Solder", "url": "https://saltandsolder.example/",
            "language": "en", "direction": "ltr", "author": "Mara Lindqvist" },
        "newsletter": { "name": "Salt & Solder", "description": "You asked for Salt & Solder." },
        "issue": { "name": "weekly/2026-W48", "cadence": cadence, "date": "24 November 2026" },
        "subject": "", "preheader": "", "full_text": full_text, "articles": articles,
        "count": count, "titles": [], "more": 0, "theme": theme(), "online_url": "https://x.example/l/",
        "postal_address": "Mara Lindqvist\nGästhamnen 4 <berth 12>\n456 32 Kungshamn",
        "related": [
            { "title": "Crimp or solder? Both, and neither", "date": "3 May 2026",
              "url": "https://saltandsolder.example/crimp/", "image": { "url": PICTURE, "alt": "" },
              "summary": "Three winters of pull tests on board, with the joints that let go." },
            { "title": "A weather station on 40 milliwatts", "date": "12 January 2025",
              "url": "https://saltandsolder.example/station/", "image": null,
              "summary": "Sleep, wake, measure, sleep: the whole budget of a station that has \
                          not missed an hour since it was bolted to the pushpit in the rain." },
        ],
        "reader": { "greeting": "Hello Ada,", "unsubscribe_url": "https://x.example/u/4Kq",
            "preferences_url": "mailto:x@x.example?subject=change" },
    })
}

fn article_letter() -> Value {
    let mut post = article("Why salt kills connectors", "24 November 2026", Some(12));
    post["image"] = json!({ "url": PICTURE, "alt": "Evening at the mooring", "width": 800 });
    letter("instant", vec![post])
}

fn digest_letter() -> Value {
    let mut first = article("Why salt kills connectors", "24 November 2026", Some(1));
    first["image"] = json!({ "url": PICTURE, "alt": "Evening at the mooring", "width": null });
    let second = article("Backups that fit on a boat", "22 November 2026", None);
    let mut third =
        article("Listening to ships with a five-euro antenna", "19 November 2026", None);
    third["comments"] = Value::Null;
    letter("weekly", vec![first, second, third])
}

/// The same letter on a site written from right to left.
fn mirrored(mut letter: Value) -> Value {
    letter["site"]["direction"] = json!("rtl");
    letter["site"]["language"] = json!("he");
    letter["articles"][0]["direction"] = json!("rtl");
    letter["articles"][0]["title"] = json!("למה מלח הורג מחברים");
    letter["articles"][0]["html"] = json!(
        "<p>הפנס בראש התורן כבה בסערה.</p>\
        <blockquote><p>מים מטפסים.</p></blockquote><ul><li>כבל מצופה</li></ul>"
    );
    letter
}

/// A theme as templates see it.
fn theme() -> Value {
    let pair = |light: &str, dark: &str| json!({ "light": light, "dark": dark });
    json!({
        "accent": pair("#0a5f6b", "#86c9d1"), "on_accent": pair("#ffffff", "#101010"),
        "background": pair("#f3f1ec", "#101415"), "paper": pair("#fefefc", "#191e20"),
        "ink": pair("#22282b", "#e6e3dc"), "soft": pair("#5a6467", "#a8b1b3"),
        "line": pair("#dedbd2", "#363d40"), "tint": pair("#f3f1ec", "#262d30"),
        "font": "Georgia, serif", "heading_font": "Georgia, serif", "small_font": "sans-serif",
        "width": 600, "logo": null, "logo_width": 160,
    })
}

fn render(kind: &str, mut letter: Value) -> String {
    let templates = Templates::new(&[]).unwrap();
    for part in ["subject", "preheader"] {
        let text = templates.render(&format!("email/issue/{part}.txt"), &letter).unwrap();
        letter[part] = json!(text.trim());
    }
    templates.render(&format!("email/issue/{kind}"), &letter).unwrap()
}

fn inlined(kind: &str, letter: Value) -> String {
    render::inline(&render(kind, letter), String::new()).unwrap()
}

/// A letter with nothing in it that may be absent.
fn bare(cadence: &str) -> Value {
    json!({
        "site": { "title": "A", "url": "https://a.example/", "language": "en",
            "direction": "ltr", "author": "" },
        "newsletter": { "name": "A", "description": "" },
        "issue": { "name": "x", "cadence": cadence, "date": "" },
        "subject": "", "preheader": "", "postal_address": "", "full_text": true, "related": [],
        "count": 1, "titles": [], "more": 0, "theme": theme(), "online_url": "VIEW",
        "articles": [{ "title": "T", "url": "https://a.example/t/", "date": "1 May 2026",
            "authors": [], "summary": "", "html": "<p>B</p>", "text": "B", "language": "en",
            "is_cut": false, "direction": "ltr" }],
        "reader": { "greeting": "Hello,", "unsubscribe_url": "LEAVE", "preferences_url": "ASK" },
    })
}

#[test]
fn letters_can_be_looked_at() {
    let shown = [
        ("article.html", inlined("article.html", article_letter())),
        ("digest.html", inlined("digest.html", digest_letter())),
        ("article.txt", render("article.txt", article_letter())),
        ("digest.txt", render("digest.txt", digest_letter())),
        ("mirrored.html", inlined("article.html", mirrored(article_letter()))),
    ];
    if let Some(folder) = std::env::var_os("POSTRIDER_SHOW") {
        for (name, text) in &shown {
            std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
        }
    }
    for (name, text) in shown {
        assert!(text.len() < 60_000, "{name}: a mailbox may cut it off at 100 kB");
    }
}

#[test]
fn every_letter_needs_no_more_than_its_least() {
    for cadence in ["instant", "daily", "weekly", "monthly"] {
        for kind in ["article.html", "article.txt", "digest.html", "digest.txt"] {
            let text = render(kind, bare(cadence));
            assert!(text.contains("https://a.example/t/"), "{kind}");
            assert!(!text.contains("Related popular posts"), "{kind}");
            assert!(!text.to_lowercase().contains("comment"), "{kind}: {text}");
        }
    }
}

#[test]
fn every_letter_tells_why_it_comes_and_how_it_stops() {
    for (kind, letter, ways) in [
        ("article.html", article_letter(), 2),
        ("digest.html", digest_letter(), 2),
        ("article.txt", article_letter(), 1),
        ("digest.txt", digest_letter(), 1),
    ] {
        let text = render(kind, letter).replace("&amp;", "&").replace('\n', " ");
        assert_eq!(text.matches("https://x.example/u/4Kq").count(), ways, "{kind}");
        assert!(text.contains("You get this letter because you asked for Salt & Solder"), "{kind}");
        assert!(text.contains("Reply to this letter"), "{kind}");
        assert!(text.contains("456 32 Kungshamn"), "{kind}");
        assert!(text.contains("Related popular posts"), "{kind}");
        assert!(text.contains("https://saltandsolder.example/comments/1"), "{kind}");
    }
}

#[test]
fn what_people_write_is_escaped_in_html_and_left_alone_in_text() {
    let mut hostile = article_letter();
    hostile["articles"][0]["title"] = json!("<script>x</script> & \"co\"");
    let html = render("article.html", hostile.clone());
    assert!(!html.contains("<script>"));
    assert!(html.contains("&lt;script&gt;x&lt;"));
    assert!(html.contains("&lt;berth 12&gt;<br"), "the postal address is text of several lines");
    assert!(html.contains("<strong>eleven corroded joints</strong>"), "the body is HTML");
    assert!(render("article.txt", hostile).contains("<script>x</script> & \"co\""));
}

#[test]
fn subjects_name_the_newest_post_and_count_the_rest() {
    assert_eq!(render("subject.txt", article_letter()).trim(), "Why salt kills connectors");
    let digest = render("subject.txt", digest_letter());
    assert_eq!(digest.trim(), "Why salt kills connectors – and 2 more");
    let rest = "Backups that fit on a boat · Listening to ships with a five-euro antenna";
    assert_eq!(render("preheader.txt", digest_letter()).trim(), rest);
    assert_eq!(render("preheader.txt", bare("instant")).trim(), "A", "never empty");
}

#[test]
fn our_own_text_keeps_within_78_columns() {
    for (kind, letter) in [("article.txt", article_letter()), ("digest.txt", digest_letter())] {
        for line in render(kind, letter).lines() {
            assert!(line.chars().count() <= 78, "{kind}: {line}");
        }
    }
}

#[test]
fn styles_for_narrow_and_dark_readers_survive_inlining() {
    let html = inlined("digest.html", digest_letter());
    assert!(html.contains("@media (max-width: 520px)"));
    assert!(html.contains("@media (prefers-color-scheme: dark)"));
    assert!(html.contains("[data-ogsc] .ink"), "for Outlook on the web");
    assert!(html.contains("<v:roundrect"), "for Outlook's Word");
    assert!(!html.contains(".teaser-title {"), "the rest is inlined and gone");
    assert!(html.contains("<!--[if mso]>"), "Outlook's own markup is left alone");
    assert!(!html.contains("<script") && !html.contains("<link"));
}

#[test]
fn a_notice_has_a_button_only_when_asked() {
    let templates = Templates::new(&[]).unwrap();
    let mut notice = json!({
        "site": { "title": "A", "url": "https://a.example/", "language": "en", "direction": "ltr" },
        "heading": "Unsubscribe?", "paragraphs": ["a***@x.example & co"],
    });
    let plain = templates.render("web/notice.html", &notice).unwrap();
    assert!(!plain.contains("<form") && plain.contains("a***@x.example &amp; co"));
    notice["form"] = Value::Null;
    assert_eq!(templates.render("web/notice.html", &notice).unwrap(), plain);
    notice["form"] = json!({ "action": "/u/t", "button": "Unsubscribe",
        "fields": [{ "name": "token", "value": "\"t\"" }] });
    let asking = templates.render("web/notice.html", &notice).unwrap();
    assert!(
        asking.contains("<form method=\"post\" action=\"&#x2F;u&#x2F;t\">")
            || asking.contains("<form method=\"post\" action=\"/u/t\">"),
        "{asking}"
    );
    assert!(asking.contains("name=\"token\" value=\"&quot;t&quot;\""), "{asking}");
    if let Some(folder) = std::env::var_os("POSTRIDER_SHOW") {
        std::fs::write(std::path::Path::new(&folder).join("notice.html"), asking).unwrap();
    }
}
