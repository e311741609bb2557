//! What a title, summary and body promise.

use proptest::prelude::*;

use super::*;

fn html(body: &str) -> String {
    let text = format!("---\ntitle: T\ndate: 2026-11-01\n---\n{body}");
    let catalog = read_new(&[("2026/a.md", &text), ("other.md", "---\ndate: 2026-11-02\n---\nB")]);
    catalog.posts.into_iter().find(|post| post.key == "a").unwrap().html
}

#[test]
fn a_title_comes_out_as_its_author_meant_it() {
    for (yaml, expected) in [
        ("'A `Vec<T>` & *friends*'", "A Vec<T> & friends"),
        ("Vec<T> explained", "Vec<T> explained"),
        ("'<em>Loud</em> &amp; clear'", "Loud & clear"),
        ("__init__.py and snake_case", "__init__.py and snake_case"),
        ("'1. First'", "1. First"),
        ("'# Not a heading'", "# Not a heading"),
        ("Learning C#", "Learning C#"),
        ("'A title #'", "A title #"),
        ("'[A link](https://x.example)'", "A link"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("\"Emoji 👩‍🔧 \\\"quoted\\\"\"", "Emoji 👩‍🔧 \"quoted\""),
        ("\"bell \\x07 rung\"", "bell rung"),
        ("3.10", "3.10"),
    ] {
        let text = format!("---\ntitle: {yaml}\ndate: 2026-11-02\n---\nB\n");
        let catalog = read_new(&[("a.md", &text)]);
        assert_eq!(catalog.posts[0].title, expected, "{yaml}");
    }
}

#[test]
fn a_first_heading_is_the_title_and_stands_there_once() {
    let catalog = read_new(&[("a.md", "# The *boat*\n\nText\n")]);
    assert_eq!(catalog.posts[0].title, "The boat");
    assert_eq!(catalog.posts[0].html, "<p>Text</p>\n");
    let named = "---\ntitle: Other\n---\n# The boat\n\nText\n";
    assert!(read_new(&[("a.md", named)]).posts[0].html.contains("The boat"));
}

#[test]
fn a_summary_is_plain_text_of_at_most_300_characters() {
    let long = "Word *and* more. ".repeat(60);
    for (front, body, starts) in [
        ("", format!("## Head\n\n{long}"), "Word and more."),
        ("", format!("Teaser.\n\n<!-- more -->\n\n{long}"), "Teaser."),
        ("excerpt_separator: '<!--cut-->'\n", format!("Mine.\n\n<!--cut-->\n\n{long}"), "Mine."),
        ("description: 'Said <b>so</b>.'\n", long.clone(), "Said so."),
    ] {
        let text = format!("---\n{front}date: 2026-11-02\n---\n{body}");
        let post = &read_new(&[("a.md", &text)]).posts[0];
        assert!(post.summary.starts_with(starts), "{}", post.summary);
        assert!(post.summary.chars().count() <= 300 && !post.summary.contains(['*', '<', '\n']));
    }
}

#[test]
fn characters_that_xml_forbids_are_left_out_with_a_warning() {
    let text =
        "---\ntitle: A\ndate: 2026-11-02\n---\nOne\u{8} two &#8; \u{FFFF}\n\n    co\u{C}de\n";
    let catalog = read_new(&[("a.md", text)]);
    let post = &catalog.posts[0];
    assert!(post.html.chars().all(text::is_xml), "{:?}", post.html);
    assert!(post.html.contains("<code>code\n</code>"));
    let told = catalog.warnings[0].to_string();
    assert!(told.starts_with("posts/a.md:5: the character U+0008") && told.contains("3 in all"));
}

#[test]
fn no_relative_address_is_left() {
    for (body, expected) in [
        ("[x](../other.md#y)", "href=\"https://blog.example/other/#y\""),
        ("[x](/z?a=1&b=2)", "href=\"https://blog.example/z?a=1&amp;b=2\""),
        ("[x](#n)", "href=\"https://blog.example/a/#n\""),
        ("![x](b.png)", "src=\"https://blog.example/2026/b.png\""),
        ("<img src=b.png srcset=\"b.png 1x, c.png 2x\">", "https://blog.example/2026/c.png 2x"),
        ("<video src=v.mp4 poster=p.jpg></video>", "poster=\"https://blog.example/2026/p.jpg\""),
        ("<a href='x.pdf'>x</a>", "href=\"https://blog.example/2026/x.pdf\""),
        ("<blockquote cite='/q'>x</blockquote>", "cite=\"https://blog.example/q\""),
        ("Text[^1]\n\n[^1]: Note.", "href=\"https://blog.example/a/#fn-1\""),
        ("<iframe src=\"/embed\"></iframe>", "href=\"https://blog.example/embed\""),
    ] {
        let html = html(body);
        assert!(html.contains(expected), "{body}: {html}");
        for relative in ["href=\"/", "href=\"#", "src=\"/", "href=\"..", "cite=\"/"] {
            assert!(!html.contains(relative), "{body}: {html}");
        }
    }
}

#[test]
fn nothing_active_is_left() {
    for body in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "<a href=\"java&#10;script:alert(1)\">x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<form action=/x><input name=a><button>Go</button></form>",
        "<style>p { color: red }</style><p style=\"color: red\">x</p>",
        "<object data=x.swf></object><embed src=y.swf>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<iframe src=\"javascript:alert(1)\">x</iframe>",
        "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    ] {
        let html = html(body).to_lowercase();
        for active in ["<script", "<style", "<iframe", "<form", "<svg", "<object", "<embed"] {
            assert!(!html.contains(active), "{body}: {html}");
        }
        for active in ["javascript:", " onerror=", " onload=", " style=", "data:"] {
            assert!(
                !html.replace("title=\"", "").contains(active) || html.contains("&lt;"),
                "{body}: {html}"
            );
        }
    }
}

#[test]
fn code_stays_as_it_is_to_the_byte() {
    let code =
        "fn a<T>() -> &'static str {\n\t\"]]> &amp; {{< x >}} 'q' -- ...\"\n}\n\n    end  \n";
    let unescape = |html: &str| {
        let text = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&nbsp;", "\u{A0}").replace("&amp;", "&")
    };
    for body in [
        format!("```rust\n{code}```\n"),
        format!("<pre><code>{}</code></pre>\n", code.replace('&', "&amp;").replace('<', "&lt;")),
        format!("~~~\r\n{}~~~\r\n", code.replace('\n', "\r\n")),
    ] {
        let html = html(&body);
        let inside = html.split_once("<code").unwrap().1.split_once('>').unwrap().1;
        assert_eq!(unescape(inside.split_once("</code>").unwrap().0), code, "{body}");
    }
}

#[test]
fn markdown_means_what_it_means_on_github() {
    for (body, expected) in [
        ("| a |\n|---|\n| b |\n", "<td>b</td>"),
        ("~~gone~~", "<del>gone</del>"),
        ("- [x] done\n- [ ] open", "<li>☑ done</li>"),
        ("see https://x.example/a now", "<a href=\"https://x.example/a\">"),
        ("## A head\n", "<h2 id=\"a-head\">A head</h2>"),
        ("## A head {#own}\n", "<h2 id=\"own\">A head</h2>"),
        ("## A head {: #own .c}\n", "<h2 id=\"own\">A head</h2>"),
        ("Para.\n{: .note}\n", "<p>Para.</p>"),
        ("* TOC\n{:toc}\n", "<li>TOC</li>"),
        ("*a*{:.x} b {:ok, c}\n", "<p><em>a</em> b {:ok, c}</p>"),
        ("`{: .note}`\n", "<code>{: .note}</code>"),
        ("> [!NOTE]\n> x", "markdown-alert"),
        ("a<br>b <kbd>c</kbd>", "a<br>b <kbd>c</kbd>"),
    ] {
        assert!(html(body).contains(expected), "{body}: {}", html(body));
    }
}

#[test]
fn a_link_to_what_is_no_post_is_told_with_its_line() {
    let text = "---\ntitle: A\ndate: 2026-11-02\n---\nOne\n[x](missing.md)\n";
    let warning = &read_new(&[("a.md", text)]).warnings[0];
    assert!(warning.to_string().starts_with("posts/a.md:6: the link to missing.md"), "{warning}");
}

#[test]
fn what_is_left_out_is_told_with_its_line() {
    let text = "---\ntitle: A\ndate: 2026-11-02\n---\nOne\n\n<svg></svg>\n";
    let warning = &read_new(&[("a.md", text)]).warnings[0];
    assert!(warning.to_string().starts_with("posts/a.md:7: a <svg>"), "{warning}");
}

#[test]
fn deeply_nested_text_does_no_harm() {
    for part in ["<div>", "> ", "[", "*a ", "- ", "<b><i>", "{{", "{% raw %}", "![", "`a``"] {
        let text = format!("---\ndate: 2026-11-02\n---\n{}", part.repeat(5_000));
        assert_eq!(read_new(&[("a.md", &text)]).posts.len(), 1, "{part}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_breaks_a_reading(
        title in "\\PC{0,20}",
        body in "(?s).{0,200}",
        front in prop::sample::select(vec!["---", "+++", "{", ""]),
    ) {
        let text = format!("{front}\ntitle: {title}\n{front}\n{body}");
        let catalog = read_new(&[("a.md", &text), ("b.html", &body)]);
        for post in &catalog.posts {
            prop_assert!(!post.title.is_empty());
            prop_assert!(post.summary.chars().count() <= 300);
            prop_assert!([&post.html, &post.title, &post.summary]
                .iter()
                .all(|text| text.chars().all(text::is_xml)));
        }
    }
}

#[test]
fn tags_on_a_line_of_their_own_are_tags() {
    for (body, tags) in [
        ("#boat #repair/engine\n\nText.", &["boat", "repair/engine"][..]),
        ("Text.\n\n  #عربي #Boat", &["عربي", "Boat"]),
        ("See #boat in text.", &[]),
        ("#7\n\nThe seventh.", &[]),
        ("Text.\n\n```\n#include\n```\n", &[]),
        ("Text.\n\n    #indented", &[]),
        ("# Heading\n\nText.", &[]),
        ("#a.b #c\n\nText.", &[]),
    ] {
        let text = format!("---\ntitle: T\ndate: 2026-11-02\n---\n{body}\n");
        assert_eq!(read_new(&[("a.md", &text)]).posts[0].tags, tags, "{body}");
    }
    let text = "---\ntitle: T\ndate: 2026-11-02\ntags: [Boat]\n---\n#boat #tea\n\nText.\n";
    assert_eq!(read_new(&[("a.md", text)]).posts[0].tags, ["Boat", "tea"], "each once");
}

#[test]
fn a_feed_of_comments_has_an_absolute_address() {
    for front in
        ["comments: { url: /talk/, count: 2, feed: /talk.xml }", "comments_feed: /talk.xml"]
    {
        let text = format!("---\ntitle: T\ndate: 2026-11-02\n{front}\n---\nText.\n");
        let post = &read_new(&[("a.md", &text)]).posts[0];
        let feed = post.feed.comments.as_deref().expect(front);
        assert!(feed.starts_with("http") && feed.ends_with("/talk.xml"), "{feed}");
    }
}
