//! Plain text: characters that XML can carry, slugs, summaries, and the text of HTML.
//!
//! What leaves here as plain text holds no markup and no character that XML 1.0 section 2.2
//! forbids: one of those makes a whole feed unreadable. A summary is cut at a word, never
//! inside a character as readers see it (UAX #29).
//!
//! It does not read HTML in general: [`of_html`] and [`summary`] take what the sanitiser wrote,
//! whose tags are closed and whose references are the five it uses.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

pub(super) use crate::domain::slug::slug;

/// The most characters a summary has.
pub(super) const SUMMARY: usize = 300;
/// A summary is long enough with this many; no further paragraph is added.
const ENOUGH: usize = 140;

/// Whether XML 1.0 section 2.2 allows the character.
pub(super) const fn is_xml(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The text without the characters that XML forbids.
pub(super) fn xml(text: &str) -> Cow<'_, str> {
    // Only controls, and what begins like U+FFFE, can be forbidden.
    let is_harmless = |octet: &u8| matches!(octet, b'\t' | b'\n' | b'\r' | b' '..=0xee | 0xf0..);
    if text.as_bytes().iter().all(is_harmless) || text.chars().all(is_xml) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&character| is_xml(character)).collect())
}

/// The text on one line, without forbidden characters.
pub(super) fn line(text: &str) -> String {
    xml(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Undoes percent-encoding (RFC 3986 section 2.1); as it stands when that is no UTF-8.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = tail.first_chunk::<2>().filter(|_| *first == b'%');
        let digits = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(octets).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// At most `limit` characters of one line of text, cut after a word and marked with `…`.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(1);
    let mut kept = fitting(text.split_word_bounds(), room);
    if kept.chars().count() < room / 2 {
        // One word fills the line: cut it between the characters that readers see.
        kept = fitting(text.graphemes(true), room);
    }
    let ending =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '(');
    format!("{}…", kept.trim_end_matches(ending))
}

fn fitting<'t>(pieces: impl Iterator<Item = &'t str>, room: usize) -> String {
    let mut kept = String::new();
    let mut count = 0;
    for piece in pieces {
        count += piece.chars().count();
        if count > room {
            break;
        }
        kept.push_str(piece);
    }
    kept
}

/// A summary of sanitised HTML: its first paragraphs as plain text. Headings, code, tables,
/// figures and footnotes are passed over while there is anything else.
pub(super) fn summary(html: &str) -> String {
    let mut summary = String::new();
    for paragraph in paragraphs(html, true, ENOUGH) {
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str(&paragraph);
        if summary.chars().count() >= ENOUGH {
            break;
        }
    }
    if summary.is_empty() { cut(&of_html(html), SUMMARY) } else { cut(&summary, SUMMARY) }
}

/// All text of sanitised HTML on one line.
pub(super) fn of_html(html: &str) -> String {
    paragraphs(html, false, usize::MAX).join(" ")
}

/// The texts between the tags that end a line, those of passed elements left out, until they have
/// `enough` characters together.
fn paragraphs(html: &str, pass: bool, enough: usize) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut count = 0;
    let mut text = String::new();
    let mut passing: Option<(&str, usize)> = None;
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        if passing.is_none() {
            text.push_str(before);
        }
        let end = tag_end(tag);
        let (tag, after) = tag.split_at(end);
        rest = after;
        let name = name_of(tag);
        passing = match passing {
            Some((passed, depth)) if passed == name && tag.starts_with("</") => {
                (depth > 1).then_some((passed, depth - 1))
            }
            Some((passed, depth)) if passed == name => Some((passed, depth + 1)),
            None if pass && is_passed(name, tag) => Some((name, 1)),
            other => other,
        };
        if ends_line(name) {
            let plain = line(&unescaped(&std::mem::take(&mut text)));
            count += plain.chars().count();
            paragraphs.extend(Some(plain).filter(|plain| !plain.is_empty()));
            if count >= enough {
                return paragraphs;
            }
        }
    }
    if passing.is_none() {
        text.push_str(rest);
    }
    paragraphs.extend(Some(line(&unescaped(&text))).filter(|plain| !plain.is_empty()));
    paragraphs
}

/// Where the tag at the start of `text` ends, quoted `>` passed over.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (place, octet) in text.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return place + 1,
            _ => {}
        }
    }
    text.len()
}

fn name_of(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).unwrap_or_default()
}

fn is_passed(name: &str, tag: &str) -> bool {
    let opens = !tag.starts_with("</");
    let by_class = tag.contains("\"footnote-ref\"") || tag.contains("\"footnotes\"");
    let by_name = matches!(
        name,
        "pre" | "table" | "figure" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "audio" | "video"
    );
    opens && (by_name || by_class)
}

fn ends_line(name: &str) -> bool {
    !matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "i"
            | "img"
            | "ins"
            | "kbd"
            | "mark"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// Undoes the references that the sanitiser writes.
fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&nbsp;", "\u{A0}").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_characters_that_xml_allows_are_kept() {
        let text = "a\u{0}\u{8}\u{B}\u{C}\u{1F}b\t\u{FFFE}\u{FFFF}\u{85}😀";
        assert_eq!(xml(text), "ab\t\u{85}😀");
        assert!(matches!(xml("plain"), Cow::Borrowed(_)));
        assert_eq!(line(" a\n\tb\u{2} "), "a b");
    }

    #[test]
    fn percent_encoding_is_undone_once() {
        assert_eq!(decoded("a%20b%D7%90%2520"), "a bא%20");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%FF"), "%FF");
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("one two three", 10), "one two…");
        assert_eq!(cut("one two, three", 10), "one two…");
        let long = "word ".repeat(100);
        assert!(cut(&long, SUMMARY).chars().count() <= SUMMARY);
        assert!(cut(&long, SUMMARY).ends_with("word…"));
        let family = "👨‍👩‍👧".repeat(100);
        let kept = cut(&family, SUMMARY);
        assert!(kept.trim_end_matches('…').graphemes(true).all(|g| g == "👨‍👩‍👧"), "{kept}");
        assert_eq!(cut(&"字".repeat(400), SUMMARY).chars().count(), SUMMARY);
    }

    #[test]
    fn a_summary_is_the_first_prose_of_a_post() {
        let html = "<h2>Head</h2>\n<pre><code>let x;</code></pre>\n<p>One <em>two</em> &lt;T&gt; \
                    &amp;amp;<sup class=\"footnote-ref\"><a href=\"x\">1</a></sup>.</p>\
                    <figure><p>no</p></figure><p title=\"a > b\">Three.</p>";
        assert_eq!(summary(html), "One two <T> &amp;. Three.");
        assert_eq!(summary("<pre><code>only code</code></pre>"), "only code");
        assert_eq!(summary(""), "");
    }

    #[test]
    fn words_in_neighbouring_blocks_are_kept_apart() {
        assert_eq!(of_html("<ul><li>a</li><li>b</li></ul>c<br>d<b>e</b>"), "a b c de");
    }
}
