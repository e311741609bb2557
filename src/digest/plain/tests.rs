//! Tests of plain text: what a reader of the text part sees.

use proptest::prelude::*;

use super::*;
use crate::{
    digest::{pixels::Pictures, tree::parse},
    template::Templates,
};

fn told(html: &str, width: usize) -> String {
    let templates = Templates::new(&[]).unwrap();
    let fit = Fit {
        words: templates.words(),
        language: "en",
        pictures: &Pictures::unknown(),
        measure: 536,
    };
    text(&fit.body(parse(html)), &fit, width)
}

#[test]
fn code_keeps_its_lines_and_blanks() {
    let html = "<p>See:</p><pre><code class=\"language-rs\">if a &lt; b &amp;&amp; c {\n\n    \
                go(\"a line that is much longer than the width\");\n}\n</code></pre><p>So.</p>";
    let expected = "See:\n\n    if a < b && c {\n\n        go(\"a line that is much \
                    longer than the width\");\n    }\n\nSo.";
    assert_eq!(told(html, 30), expected);
}

#[test]
fn a_footnote_reads_as_a_note() {
    let html = "<p>Nothing broke.<sup class=\"footnote-ref\"><a href=\"https://b.example/#fn-1\">\
                1</a></sup></p><section class=\"footnotes\"><ol><li><p>But one. <a \
                class=\"footnote-backref\" href=\"#x\">↩</a></p></li></ol></section>";
    assert_eq!(told(html, 72), "Nothing broke. (note 1)\n\nNotes\n\n1. But one.");
}

#[test]
fn links_are_numbered_and_each_address_stands_once() {
    for (html, expected) in [
        (
            "<p>See <a href=\"https://b.example/a?x=1&amp;y=2\">there</a>, <a \
             href=\"https://b.example/b\">here</a> and <a href=\"https://b.example/a?x=1&amp;y=2\">\
             there</a>.</p>",
            "See there [1], here [2] and there [1].\n\n[1] https://b.example/a?x=1&y=2\n\
             [2] https://b.example/b",
        ),
        ("<a href=\"https://b.example/\">https://b.example/</a>", "https://b.example/"),
        ("<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example"),
        (
            "<a href=\"https://b.example/\"><img src=\"https://b.example/x.png\" alt=\"A boat\"></a>",
            "[Picture: A boat] [1]\n\n[1] https://b.example/",
        ),
        ("<a href=\"https://b.example/\"></a>", "https://b.example/"),
    ] {
        assert_eq!(told(html, 72), expected);
    }
}

#[test]
fn there_are_no_marks_of_markdown() {
    for (html, expected) in [
        (
            "<h2>Head</h2><p>It is <em>very</em> <strong>good</strong> <code>code</code>.</p>",
            "Head\n\nIt is very good code.",
        ),
        ("<ul><li>one</li><li>two</li></ul>", "• one\n• two"),
        (
            "<ol start=\"9\"><li>nine</li><li><p>ten</p><p>more</p></li></ol>",
            "9. nine\n\n10. ten\n\n    more",
        ),
        ("<blockquote><p>One.</p><p>Two.</p></blockquote>", "> One.\n>\n> Two."),
        ("<p>10<sup>3</sup> m<sup>2</sup>, H<sub>2</sub>O, n<sup>th</sup></p>", "10³ m², H₂O, nth"),
        ("<p>a<br>b</p><hr><p>c</p>", "a\nb\n\n– – –\n\nc"),
        ("<dl><dt>Term</dt><dd>What it is.</dd></dl>", "Term\n\n    What it is."),
        (
            "<figure><img src=\"https://b.example/x.png\" alt=\"Sea\"><figcaption>Calm.</figcaption></figure>",
            "[Picture: Sea]\n\nCalm.",
        ),
    ] {
        assert_eq!(told(html, 72), expected);
    }
}

#[test]
fn tables_stand_in_columns_or_row_by_row() {
    let html = "<table><thead><tr><th>Joint</th><th align=\"right\">Milliohms</th></tr></thead>\
                <tbody><tr><td>Deck gland</td><td align=\"right\">410</td></tr><tr><td>Spreader\
                </td><td align=\"right\">1,900</td></tr></tbody></table>";
    let columns = "Joint       Milliohms\n----------  ---------\nDeck gland        410\n\
                   Spreader        1,900";
    assert_eq!(told(html, 72), columns);
    let rows = "Joint: Deck gland\nMilliohms: 410\n\nJoint: Spreader\nMilliohms: 1,900";
    assert_eq!(told(html, 20), rows);
}

#[test]
fn lines_are_broken_at_blanks_and_within_scripts_without_them() {
    for (html, width, expected) in [
        ("one two three", 8, "one two\nthree"),
        ("one https://x.example/very/long two", 8, "one\nhttps://x.example/very/long\ntwo"),
        ("漢字漢字漢字。漢字", 8, "漢字漢字\n漢字。漢\n字"),
        ("漢字漢字。漢", 8, "漢字漢字。\n漢"),
        ("👩‍🚒 a", 8, "👩‍🚒 a"),
    ] {
        assert_eq!(told(&format!("<p>{html}</p>"), width), expected, "{html}");
    }
}

proptest! {
    #[test]
    fn every_body_can_be_told(html in "(<(p|a href=\"x\"|ul|li|table|tr|td|pre|img alt=\"a\"|br|sup)>|</(p|a|ul|li|table|tr|td|pre|sup)>|[a-z 漢&;]{0,8}){0,20}", width in 0_usize..40) {
        let _told = told(&html, width);
    }
}
