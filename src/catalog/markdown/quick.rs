//! The quick way: sanitising for HTML that was made of Markdown alone.
//!
//! Parsing a body into a tree only to find that nothing in it has to go is most of the work of a
//! build. Where no raw HTML stands in a post, what comrak writes is simple enough to be checked
//! tag by tag: [`cleaned`] knows what each tag may be, resolves its addresses, and returns what
//! shaping and the sanitiser would have made of it, to the octet. Whatever it does not expect (a
//! tag, an attribute, a reference, an order) makes it give up with `None`, and the sanitiser
//! does the work.
//!
//! It decides nothing that the sanitiser would decide otherwise: the allow-list is the same.

use super::{ATTRIBUTES, Here, TAGS};

/// The clean HTML; `None`: that is for the sanitiser to say.
pub(super) fn cleaned(html: &str, here: &Here) -> Option<String> {
    let mut scan = Scan { rest: html, out: String::with_capacity(html.len() + 64), open: vec![] };
    while let Some(start) = memchr::memchr(b'<', scan.rest.as_bytes()) {
        scan.text(start)?;
        scan.tag(here)?;
    }
    scan.text(scan.rest.len())?;
    scan.open.is_empty().then_some(scan.out)
}

/// Elements that have no end.
const VOID: [&str; 3] = ["br", "hr", "img"];

/// Elements that end a paragraph which is still open.
const BLOCKS: [&str; 16] = [
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
    "li",
];

struct Scan<'h> {
    rest: &'h str,
    out: String,
    /// The elements that are open.
    open: Vec<&'h str>,
}

impl<'h> Scan<'h> {
    fn take(&mut self, length: usize) -> Option<&'h str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes so much text.
    fn text(&mut self, length: usize) -> Option<()> {
        let text = self.take(length)?;
        // The parser drops a line end there.
        let after_pre = text.starts_with('\n') && self.out.ends_with("<pre>");
        if text.contains('>') || after_pre {
            return None;
        }
        let out = &mut self.out;
        pieces(text, |piece| match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Character('&') => out.push_str("&amp;"),
            Piece::Character('<') => out.push_str("&lt;"),
            Piece::Character('>') => out.push_str("&gt;"),
            Piece::Character('\u{a0}') => out.push_str("&nbsp;"),
            Piece::Character(other) => out.push(other),
        })
    }

    /// Takes a tag.
    fn tag(&mut self, here: &Here) -> Option<()> {
        let end = memchr::memchr(b'>', self.rest.as_bytes())?;
        let tag = self.take(end + 1)?.strip_prefix('<')?.strip_suffix('>')?;
        if let Some(name) = tag.strip_prefix('/') {
            (self.open.pop() == Some(name)).then_some(())?;
            self.out.extend(["</", name, ">"]);
            return Some(());
        }
        let (tag, is_void) = tag.strip_suffix(" /").map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        match name {
            "input" => return self.checkbox(attributes),
            "a" if attributes.contains("data-heading-content") => {
                self.rest = self.rest.strip_prefix("</a>")?;
                return Some(());
            }
            _ => {}
        }
        (TAGS.contains(name) && is_void == VOID.contains(&name) && self.may_open(name))
            .then_some(())?;
        self.out.extend(["<", name]);
        self.attributes(name, attributes, here)?;
        self.out.push('>');
        if !is_void {
            self.open.push(name);
        }
        Some(())
    }

    /// Whether a parser leaves the element where it stands.
    fn may_open(&self, name: &str) -> bool {
        let is_open = |name: &str| self.open.contains(&name);
        !(name == "a" && is_open("a") || BLOCKS.contains(&name) && is_open("p"))
    }

    fn checkbox(&mut self, attributes: &str) -> Option<()> {
        self.out.push_str(match attributes {
            "type=\"checkbox\" checked=\"\" disabled=\"\"" => "☑",
            "type=\"checkbox\" disabled=\"\"" => "☐",
            _ => return None,
        });
        Some(())
    }

    /// Writes the value of an attribute.
    fn value(&mut self, value: &str) -> Option<()> {
        let mut rest = value;
        while let Some(at) = rest.find(['&', '"', '<', '>', '\u{a0}']) {
            let (plain, special) = rest.split_at_checked(at)?;
            self.out.push_str(plain);
            let first = special.chars().next()?;
            self.out.push_str(match first {
                '&' => "&amp;",
                '"' => "&quot;",
                '<' => "&lt;",
                '>' => "&gt;",
                _ => "&nbsp;",
            });
            rest = special.get(first.len_utf8()..)?;
        }
        self.out.push_str(rest);
        Some(())
    }

    fn attributes(&mut self, element: &str, attributes: &str, here: &Here) -> Option<()> {
        let own = ATTRIBUTES.iter().find(|(name, _)| *name == element).map_or(&[][..], |own| own.1);
        let (mut rest, mut has_source) = (attributes, element != "img");
        while !rest.is_empty() {
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            // An attribute without a value is none that stays.
            let Some(tail) = tail.strip_prefix("=\"") else {
                name.starts_with("data-").then_some(())?;
                rest = tail.trim_start();
                continue;
            };
            let (value, tail) = tail.split_once('"')?;
            rest = tail.trim_start();
            if !own.contains(&name) && !GENERIC.contains(&name) {
                (name.starts_with("data-") || name.starts_with("aria-")).then_some(())?;
                continue;
            }
            let mut plain = String::with_capacity(value.len());
            pieces(value, |piece| match piece {
                Piece::Plain(text) => plain.push_str(text),
                Piece::Character(character) => plain.push(character),
            })?;
            let value = match name {
                "href" => here.link(&plain),
                "src" if plain.trim().is_empty() => return None,
                "src" => here.media(&plain),
                "cite" | "srcset" | "poster" => return None,
                _ => Some(plain),
            };
            has_source |= name == "src";
            if let Some(value) = value {
                self.out.extend([" ", name, "=\""]);
                self.value(&value)?;
                self.out.push('"');
            }
        }
        has_source.then_some(())
    }
}

/// Attributes that every element may have.
pub(super) const GENERIC: [&str; 5] = ["class", "dir", "id", "lang", "title"];

/// A part of a text.
enum Piece<'t> {
    /// As it stands.
    Plain(&'t str),
    /// A character that is written as a reference in some places.
    Character(char),
}

/// Takes a text apart; `None`: it holds what only a parser should judge.
fn pieces<'t>(text: &'t str, mut each: impl FnMut(Piece<'t>)) -> Option<()> {
    // U+00A0 begins with 0xC2.
    let is_special = |octet: u8| matches!(octet, b'&' | 0xc2 | 0..=8 | 11..=31);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at_checked(at)?;
        each(Piece::Plain(plain));
        let first = special.chars().next()?;
        if first.is_ascii_control() {
            return None;
        }
        let (character, after) = if first == '&' {
            let (name, after) = special.get(1..)?.split_once(';')?;
            (REFERENCES.iter().find(|(known, _)| *known == name)?.1, after)
        } else {
            (first, special.get(first.len_utf8()..)?)
        };
        each(Piece::Character(character));
        rest = after;
    }
    each(Piece::Plain(rest));
    Some(())
}

/// The references that comrak writes.
const REFERENCES: [(&str, char); 5] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("#x27", '\'')];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{
        super::{links::Links, to_html},
        *,
    };

    fn here() -> Arc<Here> {
        let links = Links {
            base: "https://blog.example/".parse().unwrap(),
            posts: [("b.md".to_owned(), "https://blog.example/b/".to_owned())]
                .into_iter()
                .collect(),
            refused: Default::default(),
            files: [("x.png".to_owned(), 1)].into(),
        };
        let url = "https://blog.example/a/".parse().unwrap();
        Arc::new(Here::new(Arc::new(links), "a.md", url))
    }

    /// Parts of posts that need no sanitiser.
    const ORDINARY: &[&str] = &[
        "## A heading & *more*\n",
        "Text with `code <T>`, \"quotes\", it's **bold** and ~~gone~~.\n",
        "[a link](b.md \"A \\\"title\\\"\") and <https://x.example/?a=1&b=2> www.example.org\n",
        "![a & b](x.png) ![](https://x.example/y.png \"t\")\n",
        "[bad](javascript:alert(1)) [ftp](ftp://x.example/) [q](?q) [n](#n) [d](data:text/html,x)\n",
        "[ü](/ü b.html) [m](mailto:a@example.org) [s](//cdn.example/x)\n",
        "- [ ] open\n- [x] done\n\n1. one\n2. two\n\n   more\n",
        "7. seven\n8. eight\n",
        "> quoted\n> > twice\n",
        "```rust\nlet x = a < b && c > d; // \"]]>\"\n```\n",
        "    indented\n\u{a0}hard\u{a0}space\n",
        "| a | b |\n|:--|--:|\n| 1 | `2` |\n",
        "A note[^1] and again[^1].\n\n[^1]: The note.\n",
        "> [!NOTE]\n> An alert.\n",
        "***\n\nline  \nbreak\\\nbreak\n",
        "Zwölf & dreizehn &copy; &nbsp; &lt; 日本語 👩‍🚒\n",
        "### Set id {#own-id}\n",
    ];

    /// Parts that do.
    const ODD: &[&str] = &[
        "<b>raw</b> <script>x</script>\n",
        "[a[^1] b](https://x.example/)\n\n[^1]: n\n",
        "![](<>) ![late]( )\n",
        "<div>\n\nin\n\n</div>\n",
        "<!-- a comment -->\n",
        "[link ![x](y.png)](z) <iframe src=x></iframe>\n",
        "&#0; &#12; \u{85} \u{ad}\n",
    ];

    fn both(markdown: &str) -> (Option<String>, String) {
        let (html, is_raw) = to_html(markdown, "");
        let quick = if is_raw { None } else { cleaned(&html, &here()) };
        (quick, super::super::cleaned(&html, &here()).0)
    }

    #[test]
    fn ordinary_posts_need_no_sanitiser() {
        for part in ORDINARY {
            let (quick, slow) = both(part);
            assert_eq!(quick.as_deref(), Some(&*slow), "{part}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_lead_to_the_same(
            parts in prop::collection::vec(
                prop::sample::select([ORDINARY, ODD].concat()), 1..8
            ),
            noise in "[<>&\"'`*_\\[\\]()!#|~ a-z\u{a0}\n:/-]{0,60}",
        ) {
            let (quick, slow) = both(&format!("{}\n{noise}", parts.join("\n")));
            if let Some(quick) = quick {
                prop_assert_eq!(quick, slow);
            }
        }
    }
}
