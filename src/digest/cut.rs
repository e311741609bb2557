//! Cutting: the beginning of a body that is too long for a letter.
//!
//! It ends between blocks: after a paragraph, a list's item, a table's row, a line of code; never
//! behind a heading that nothing follows. Only where one paragraph is longer than all the room is
//! it cut after a word.

use super::tree::{Element, Node, length_of};

/// Elements that may be cut between their children.
const OPENED: [&str; 14] = [
    "div",
    "section",
    "article",
    "main",
    "blockquote",
    "ul",
    "ol",
    "dl",
    "table",
    "tbody",
    "figure",
    "details",
    "header",
    "footer",
];

/// What says nothing at the end.
const DANGLING: [&str; 7] = ["h1", "h2", "h3", "h4", "h5", "h6", "hr"];

/// As much of `nodes` as fits into `room` octets.
pub(super) fn cut(nodes: &[Node], room: usize) -> Vec<Node> {
    let kept = between_blocks(nodes, room);
    if kept.is_empty() { after_a_word(nodes, room).0 } else { kept }
}

fn between_blocks(nodes: &[Node], room: usize) -> Vec<Node> {
    let mut kept = Vec::new();
    let mut left = room;
    for node in nodes {
        let length = length_of(node);
        if length <= left {
            left -= length;
            kept.push(node.clone());
            continue;
        }
        if let Node::Element(element) = node {
            kept.extend(part(element, left).map(Node::from));
        }
        break;
    }
    while kept.last().is_some_and(is_dangling) {
        kept.pop();
    }
    kept
}

/// The beginning of a block, if it has one that says something.
fn part(element: &Element, room: usize) -> Option<Element> {
    let shell = Element { children: Vec::new(), ..element.clone() };
    let room = room.checked_sub(length_of(&Node::Element(shell.clone())))?;
    let children = match element.name.as_str() {
        "pre" => lines(&element.children, room).0,
        name if OPENED.contains(&name) => between_blocks(&element.children, room),
        _ => Vec::new(),
    };
    (!children.is_empty()).then_some(Element { children, ..shell })
}

fn is_dangling(node: &Node) -> bool {
    match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Element(element) => DANGLING.contains(&element.name.as_str()),
    }
}

/// Whole lines of code; and whether all of it fitted.
fn lines(nodes: &[Node], room: usize) -> (Vec<Node>, bool) {
    cut_text(nodes, room, |text, room| {
        let end = text.get(..floor(text, room))?.rfind('\n')?;
        text.get(..end)
    })
}

/// Whole words; and whether all of it fitted.
fn after_a_word(nodes: &[Node], room: usize) -> (Vec<Node>, bool) {
    cut_text(nodes, room, |text, room| {
        let fits = text.get(..floor(text, room))?;
        // A reference is whole or not there.
        let fits = match fits.rfind('&') {
            Some(at) if !fits.get(at..)?.contains(';') => fits.get(..at)?,
            _ => fits,
        };
        let end = fits.rfind(char::is_whitespace).unwrap_or(fits.len());
        fits.get(..end).filter(|text| !text.is_empty())
    })
}

fn cut_text(
    nodes: &[Node],
    room: usize,
    shorten: fn(&str, usize) -> Option<&str>,
) -> (Vec<Node>, bool) {
    let mut kept = Vec::new();
    let mut left = room;
    for node in nodes {
        let length = length_of(node);
        if length <= left {
            left -= length;
            kept.push(node.clone());
            continue;
        }
        match node {
            Node::Text(text) => {
                kept.extend(shorten(text, left).map(|text| Node::Text(text.into())))
            }
            Node::Element(element) => {
                let shell = Element { children: Vec::new(), ..element.clone() };
                let inside = left.saturating_sub(length_of(&Node::Element(shell.clone())));
                let (children, _) = cut_text(&element.children, inside, shorten);
                if !children.is_empty() {
                    kept.push(Element { children, ..shell }.into());
                }
            }
        }
        return (kept, false);
    }
    (kept, true)
}

/// The last boundary of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::tree::{parse, write};

    #[test]
    fn a_cut_is_between_blocks() {
        for (html, room, expected) in [
            ("<p>one</p><p>two</p>", 12, "<p>one</p>"),
            ("<p>one</p><h2>Two</h2><p>three</p>", 30, "<p>one</p>"),
            (
                "<ul><li>one</li><li>two</li><li>three</li></ul>",
                42,
                "<ul><li>one</li><li>two</li></ul>",
            ),
            ("<div><p>one</p><p>two</p></div>", 30, "<div><p>one</p></div>"),
            ("<pre><code>one\ntwo\nthree\n</code></pre>", 36, "<pre><code>one\ntwo</code></pre>"),
            ("<p>one</p>\n<hr>\n<p>two and more</p>", 24, "<p>one</p>"),
            ("<p>one &amp; two three</p>", 20, "<p>one &amp;</p>"),
            ("<p>漢字漢字漢字</p>", 16, "<p>漢字漢</p>"),
        ] {
            assert_eq!(write(&cut(&parse(html), room)), expected, "{html}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_fits_and_is_the_beginning(
            blocks in prop::collection::vec("<(p|li|pre|div)>[a-z é\n]{0,40}</>", 0..9),
            room in 0_usize..300,
        ) {
            let html = blocks.concat().replace("</>", "</p>");
            let tree = parse(&html);
            let kept = write(&cut(&tree, room));
            prop_assert!(kept.len() <= room, "{kept}");
            prop_assert!(parse(&kept).len() <= tree.len());
        }
    }
}
