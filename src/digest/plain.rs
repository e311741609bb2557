//! Plain text: an article's HTML as its author might have typed it into a mail.
//!
//! Links become numbered notes, footnote marks read "(note 1)", code keeps its lines and blanks
//! and is set in by four, and nothing is wider than the given width but code and addresses.
//!
//! The conversion is html2text's. It has panicked on odd input before, so a panic is an answer
//! too: `None`, and the caller shows a summary.

use lol_html::{
    RewriteStrSettings, element,
    html_content::{ContentType, Element},
    rewrite_str,
};

/// A line no text holds, standing for a block of code while the rest is wrapped.
const MARK: &str = "\u{e000}code";

/// The text of `html` in lines of `width` characters.
pub(super) fn text(html: &str, width: usize) -> Option<String> {
    let convert = || {
        let (html, blocks) = lift_code(&notes(html));
        let text = html2text::from_read(html.as_bytes(), width).ok()?;
        Some(put_back(&text, &blocks))
    };
    std::panic::catch_unwind(convert).ok().flatten()
}

/// Footnote marks as words; the arrows back to them go, since a text has no way back.
fn notes(html: &str) -> String {
    let mark = |mark: &mut Element<'_, '_>| {
        mark.before(" (note ", ContentType::Text);
        mark.after(")", ContentType::Text);
        mark.remove_and_keep_content();
        Ok(())
    };
    let bare = |link: &mut Element<'_, '_>| {
        link.remove_and_keep_content();
        Ok(())
    };
    let gone = |arrow: &mut Element<'_, '_>| {
        arrow.remove();
        Ok(())
    };
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("sup.footnote-ref", mark))
        .append_element_content_handler(element!("sup.footnote-ref a", bare))
        .append_element_content_handler(element!("a.footnote-backref", gone));
    rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned())
}

/// Takes blocks of code out, leaving a mark for each.
fn lift_code(html: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(html.len());
    let mut blocks = Vec::new();
    let mut rest = html;
    while let Some((before, block, after)) = next_block(rest) {
        out.push_str(before);
        out.push_str(&format!("<p>{MARK}{}</p>", blocks.len()));
        blocks.push(code(block));
        rest = after;
    }
    out.push_str(rest);
    (out, blocks)
}

fn next_block(html: &str) -> Option<(&str, &str, &str)> {
    const END: &str = "</pre>";
    let start = html.find("<pre")?;
    let end = start + html.get(start..)?.find(END)? + END.len();
    Some((html.get(..start)?, html.get(start..end)?, html.get(end..)?))
}

/// The lines of a `<pre>`: tags out, entities decoded, set in by four.
fn code(block: &str) -> String {
    let mut bare = String::with_capacity(block.len());
    let mut rest = block;
    while let Some((text, tag)) = rest.split_once('<') {
        bare.push_str(text);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let bare = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " ")]
        .iter()
        .fold(bare, |text, (entity, sign)| text.replace(entity, sign))
        .replace("&amp;", "&");
    let lines =
        bare.trim_matches('\n').lines().map(|line| format!("    {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn put_back(text: &str, blocks: &[String]) -> String {
    let lines = text.trim_end().lines().map(|line| {
        let number = line.trim().strip_prefix(MARK).and_then(|n| n.parse::<usize>().ok());
        number.and_then(|number| blocks.get(number)).map_or(line, String::as_str)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_keeps_its_lines_and_blanks() {
        let html = "<p>See:</p><pre><code class=\"language-rs\">if a &lt; b &amp;&amp; c {\n\n    \
                    go(\"a line that is much longer than the width\");\n}\n</code></pre><p>So.</p>";
        let expected = "See:\n\n    if a < b && c {\n\n        go(\"a line that is much \
                        longer than the width\");\n    }\n\nSo.";
        assert_eq!(text(html, 30).unwrap(), expected);
    }

    #[test]
    fn a_footnote_reads_as_a_note() {
        let html = "<p>Nothing broke.<sup class=\"footnote-ref\"><a href=\"https://b.example/#fn-1\">\
                    1</a></sup></p><ol><li><p>But one. <a class=\"footnote-backref\" \
                    href=\"#x\">↩</a></p></li></ol>";
        assert_eq!(text(html, 72).unwrap(), "Nothing broke. (note 1)\n1. But one.");
    }

    #[test]
    fn links_become_numbered_notes() {
        let html = "<p>See <a href=\"https://b.example/a\">there</a>.</p>";
        assert_eq!(text(html, 72).unwrap(), "See [there][1].\n\n[1]: https://b.example/a");
    }

    #[test]
    fn what_is_cut_off_is_still_text() {
        for html in ["<pre>open", "<pre", "</pre><p>x", "", "<p>\u{e000}code9</p>"] {
            assert!(text(html, 72).is_some(), "{html}");
        }
    }
}
