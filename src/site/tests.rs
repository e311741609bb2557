//! Tests of pages. With `POSTRIDER_SHOW` set to a folder, pages are written there to be looked at.

use super::*;
use crate::{
    domain::post::{FeedChoice, PostId, RelatedChoice},
    time::Timestamp,
};

const BODY: &str = r##"<p>The masthead light went out in a Force 7, of course. When the wind had
dropped I found <strong>eleven corroded joints</strong> between the battery and the bulb, and not
one of them had been <a href="https://saltandsolder.example/crimp/">soldered badly</a>.<sup><a href="#fn-1">1</a></sup></p>
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
<p>All of them together cost me two volts at the bulb, and a night.</p>
<section class="footnotes"><ol><li id="fn-1"><p>Two had. I was young.</p></li></ol></section>"##;

const PICTURE: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='800' \
    height='420'%3E%3Crect width='800' height='420' fill='%23345b66'/%3E%3Cpath d='M0 300 Q200 \
    250 400 300 T800 300 V420 H0Z' fill='%231f3f49'/%3E%3Ccircle cx='600' cy='120' r='46' \
    fill='%23e9b872'/%3E%3C/svg%3E";

pub(super) fn post(title: &str, published: &str) -> Post {
    let slug = title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    Post {
        id: PostId::new(format!("tag:saltandsolder.example,2026:{slug}")),
        key: slug.clone(),
        path: format!("{slug}.md"),
        url: format!("https://saltandsolder.example/notes/{slug}/"),
        place: format!("notes/{slug}"),
        title: title.to_owned(),
        summary: "Eleven corroded joints, and what I do now instead of blaming the solder.".into(),
        html: BODY.to_owned(),
        published: Timestamp::parse_rfc3339(published).unwrap(),
        updated: Timestamp::parse_rfc3339(published).unwrap(),
        authors: vec!["Mara Lindqvist".to_owned()],
        tags: vec!["repair".to_owned(), "low power".to_owned()],
        language: "en".to_owned(),
        direction: Direction::Ltr,
        image: None,
        comments: None,
        related: RelatedChoice::default(),
        feed: FeedChoice::default(),
    }
}

fn image(url: &str) -> Image {
    Image { url: url.into(), alt: "Dusk".into(), media_type: None, width: None, height: None }
}

/// The page of `shown` beside `others`, on the sample site.
fn page(shown: &Post, others: &[&Post]) -> String {
    let zone = "Europe/Stockholm".parse().unwrap();
    let shown = Article { post: shown, html: &shown.html, related: others, popular: &[] };
    article(&Templates::new(&[]).unwrap(), &sample(&zone), &shown).unwrap()
}

fn front(posts: &[Post]) -> String {
    let zone = "Europe/Stockholm".parse().unwrap();
    index(&Templates::new(&[]).unwrap(), &sample(&zone), posts).unwrap()
}

fn sample(zone: &Zone) -> Site<'_> {
    Site {
        title: "Salt & Solder",
        description: "Repair, low-power electronics, self-hosting and weather, from a small boat",
        language: "en",
        url: "https://saltandsolder.example/",
        author: Some("Mara Lindqvist"),
        zone,
        newsletter_note: true,
        beacon: false,
    }
}

fn show(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("POSTRIDER_SHOW") {
        let file = std::path::Path::new(&folder).join("site").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

#[test]
fn every_page_tells_feed_readers_where_the_feeds_are() {
    let one = post("Why salt kills connectors", "2026-11-24T09:00:00Z");
    for html in [page(&one, &[]), front(std::slice::from_ref(&one)), front(&[])] {
        for (media_type, file) in [
            ("application/atom+xml", "feed.xml"),
            ("application/rss+xml", "rss.xml"),
            ("application/feed+json", "feed.json"),
        ] {
            let link = format!(
                "<link rel=\"alternate\" type=\"{media_type}\" title=\"Salt &amp; Solder ("
            );
            let line = html.lines().find(|line| line.starts_with(&link)).unwrap();
            assert!(line.contains(&format!("href=\"https://saltandsolder.example/{file}\"")));
        }
        assert!(!html.contains("<script"));
    }
}

#[test]
fn every_page_names_its_canonical_address_and_finds_its_style_sheet() {
    let one = post("Why salt kills connectors", "2026-11-24T09:00:00Z");
    let html = page(&one, &[]);
    assert!(html.contains(&format!("<link rel=\"canonical\" href=\"{}\">", one.url)));
    assert!(html.contains("<link rel=\"stylesheet\" href=\"../../style.css\">"));
    let html = front(&[one]);
    assert!(html.contains("<link rel=\"canonical\" href=\"https://saltandsolder.example/\">"));
    assert!(html.contains("<link rel=\"stylesheet\" href=\"style.css\">"));
    assert!(stylesheet(&Templates::new(&[]).unwrap()).contains("prefers-color-scheme: dark"));
}

#[test]
fn a_page_carries_title_date_author_body_and_tags() {
    let one = post("Salt & \"<solder>\"", "2026-11-24T23:30:00Z");
    let html = page(&one, &[]);
    assert!(html.contains("<h1>Salt &amp; &quot;&lt;solder&gt;&quot;</h1>"));
    assert!(html.contains("datetime=\"2026-11-24T23:30:00Z\">25 November 2026</time>"));
    assert!(html.contains("<span class=\"by\" dir=\"auto\">Mara Lindqvist</span>"));
    assert!(html.contains(BODY));
    assert!(html.contains("<li>low power</li>"));
    assert!(!html.contains("updated"), "a post that never changed does not say so");
}

#[test]
fn comments_are_linked_and_counted_where_known() {
    for (count, words) in [
        (Some(12), "12 comments"),
        (Some(1), "1 comment<"),
        (None, "Comment on"),
        (Some(0), "Comment on"),
    ] {
        let mut one = post("A", "2026-11-24T09:00:00Z");
        one.comments = Some(Comments { url: "https://talk.example/7".into(), count });
        let html = page(&one, &[]);
        assert!(html.contains("href=\"https://talk.example/7\""));
        assert!(html.contains(words), "{count:?}");
    }
    assert!(!page(&post("A", "2026-11-24T09:00:00Z"), &[]).contains("class=\"comments\""));
}

#[test]
fn related_popular_posts_stand_below_with_date_summary_and_picture() {
    let one = post("A", "2026-11-24T09:00:00Z");
    assert!(!page(&one, &[]).contains("Related popular posts"), "no empty block");
    let mut other = post("Crimp or solder?", "2025-05-03T09:00:00Z");
    other.image = Some(image("https://saltandsolder.example/crimp.jpg"));
    let html = page(&one, &[&other]);
    let block = html.split("Related popular posts").nth(1).unwrap();
    assert!(block.contains(&format!("<a href=\"{}\">Crimp or solder?</a>", other.url)));
    assert!(block.contains("3 May 2025") && block.contains("Eleven corroded joints"));
    assert!(block.contains("<img src=\"../../crimp.jpg\" alt=\"\""));
}

#[test]
fn a_lead_image_is_shown_once() {
    let mut one = post("A", "2026-11-24T09:00:00Z");
    one.image = Some(image("https://a.example/i.jpg?a=1&b=2"));
    assert!(page(&one, &[]).contains("class=\"lead\""));
    one.html = "<img src=\"https://a.example/i.jpg?a=1&amp;b=2\">".into();
    assert!(!page(&one, &[]).contains("class=\"lead\""));
}

#[test]
fn a_post_written_from_right_to_left_is_laid_out_so() {
    let mut one = post("A", "2026-11-24T09:00:00Z");
    (one.language, one.direction) = ("he".into(), Direction::Rtl);
    assert!(page(&one, &[]).contains("<article lang=\"he\" dir=\"rtl\">"));
    assert!(page(&one, &[]).contains("<html lang=\"en\" dir=\"ltr\">"));
}

#[test]
fn the_front_page_shows_recent_posts_and_lists_older_ones_by_year() {
    let dated = |n: usize| post(&format!("Post {n}"), &format!("{}-05-03T09:00:00Z", 2026 - n / 8));
    let posts: Vec<Post> = (0..20).map(dated).collect();
    let html = front(&posts);
    for one in &posts {
        assert_eq!(html.matches(&format!("<a href=\"{}\">", one.url)).count(), 1, "{}", one.title);
    }
    let (recent, earlier) = html.split_once("<section class=\"year\">").unwrap();
    assert_eq!(recent.matches("Eleven corroded").count(), RECENT);
    assert!(earlier.contains("<h2>2025</h2>") && earlier.contains("<h2>2024</h2>"));
    assert!(front(&[]).contains("Nothing has been published here yet."));
}

#[test]
fn pages_can_be_looked_at() {
    let mut one =
        post("Why salt kills connectors, and what to do about it", "2026-11-24T09:00:00Z");
    one.image = Some(image(PICTURE));
    one.comments = Some(Comments { url: "https://talk.example/7".into(), count: Some(12) });
    let mut second = post("Crimp or solder? Both, and neither", "2026-05-03T09:00:00Z");
    second.image = Some(image(PICTURE));
    let third = post("A weather station on 40 milliwatts", "2025-01-12T09:00:00Z");
    show("notes/one/index.html", &page(&one, &[&second, &third]));
    let mut hebrew = post("למה מלח הורג מחברים", "2026-11-24T09:00:00Z");
    hebrew.html = "<p>הפנס בראש התורן כבה בסערה.</p><blockquote><p>מים מטפסים.</p></blockquote>\
                   <ul><li>כבל מצופה בדיל</li><li>לולאת טפטוף</li></ul>"
        .into();
    (hebrew.language, hebrew.direction) = ("he".into(), Direction::Rtl);
    show("notes/rtl/index.html", &page(&hebrew, &[&second, &hebrew]));
    let mut posts = vec![one, second, third];
    posts.extend((0..14).map(|n| {
        post(&format!("Log entry {n}"), &format!("2024-{:02}-03T09:00:00Z", 12 - n % 12))
    }));
    show("index.html", &front(&posts));
    show("style.css", &stylesheet(&Templates::new(&[]).unwrap()));
}
