//! Bodies as trees: sanitised HTML taken apart, so that it can be fitted, cut and read aloud.
//!
//! [`parse`] reads what the sanitiser writes (tags closed, attributes in double quotes, text
//! escaped) and what comes near it; nothing fails: a tag that closes nothing is passed over, what
//! is left open is closed at the end. Text and attribute values stay escaped, so that
//! [`write`] gives back what was read.
//!
//! It goes [`DEEPEST`] levels deep; what is nested deeper is kept without its tags, so that no
//! body can exhaust the stack of whoever walks the tree.

/// How deep a tree is at most.
const DEEPEST: usize = 64;

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// An element.
    Element(Element),
    /// Escaped text.
    Text(String),
}

/// An element with what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// In lower case.
    pub(super) name: String,
    /// Names and escaped values, in their order.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

/// Elements that hold nothing and are not closed.
const VOID: [&str; 9] = ["br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"];

impl Element {
    /// An element with those children.
    pub(super) fn new(name: &str, children: Vec<Node>) -> Self {
        Self { name: name.to_owned(), children, ..Self::default() }
    }

    /// The same with one more attribute, its value escaped.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The escaped value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute to an escaped value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(found, _)| found == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.attributes.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Whether `class` is among its classes.
    pub(super) fn is_of(&self, class: &str) -> bool {
        self.get("class").is_some_and(|all| all.split_whitespace().any(|one| one == class))
    }

    /// Whether it holds nothing by its nature.
    pub(super) fn is_void(&self) -> bool {
        VOID.contains(&self.name.as_str())
    }

    /// The first element of that name in it, however deep.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|child| match child {
            Node::Element(found) if found.name == name => Some(found),
            Node::Element(other) => other.find(name),
            Node::Text(_) => None,
        })
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

/// The tree of `html`.
pub(super) fn parse(html: &str) -> Vec<Node> {
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        push_text(&mut open, text);
        rest = match tag {
            _ if tag.starts_with("!--") => tag.split_once("-->").map_or("", |(_, after)| after),
            _ if tag.starts_with(['!', '?']) => tag.split_once('>').map_or("", |(_, after)| after),
            _ if tag.starts_with('/') => {
                let (name, after) = tag.split_once('>').unwrap_or((tag, ""));
                close(&mut open, &name.trim_start_matches('/').trim().to_ascii_lowercase());
                after
            }
            _ if tag.starts_with(|c: char| c.is_ascii_alphabetic()) => start(&mut open, tag),
            _ => {
                push_text(&mut open, "&lt;");
                tag
            }
        };
    }
    push_text(&mut open, rest);
    while open.len() > 1 {
        close_last(&mut open);
    }
    open.pop().map_or_else(Vec::new, |root| root.children)
}

fn push_text(open: &mut [Element], text: &str) {
    if !text.is_empty()
        && let Some(last) = open.last_mut()
    {
        last.children.push(Node::Text(text.to_owned()));
    }
}

/// Reads a start tag; returns what stands behind it.
fn start<'a>(open: &mut Vec<Element>, tag: &'a str) -> &'a str {
    let end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(end);
    let mut element = Element::new(&name.to_ascii_lowercase(), Vec::new());
    let mut closes = false;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        if let Some(after) = rest.strip_prefix('/') {
            closes = true;
            rest = after;
            continue;
        }
        let Some(after) = attribute(&mut element, rest) else {
            rest = "";
            break;
        };
        closes = false;
        rest = after;
    }
    let is_void = element.is_void() || closes;
    open.push(element);
    if is_void {
        close_last(open);
    }
    rest
}

/// Reads one attribute; `None`: the text ends.
fn attribute<'a>(element: &mut Element, text: &'a str) -> Option<&'a str> {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))?;
    let (name, rest) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_start().strip_prefix('=') else {
        element.attributes.push((name, String::new()));
        return Some(rest);
    };
    let value = value.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest) = match quote {
        Some(quote) => value.strip_prefix(quote)?.split_once(quote)?,
        None => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>')?),
    };
    element.attributes.push((name, value.replace('"', "&quot;")));
    Some(rest)
}

/// Closes the innermost element of that name, and all within.
fn close(open: &mut Vec<Element>, name: &str) {
    let Some(at) = open.iter().rposition(|element| element.name == name) else { return };
    while open.len() > at.max(1) {
        close_last(open);
    }
}

fn close_last(open: &mut Vec<Element>) {
    let depth = open.len();
    if let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) {
        if depth <= DEEPEST {
            parent.children.push(element.into());
        } else {
            parent.children.extend(element.children);
        }
    }
}

/// The HTML of a tree.
pub(super) fn write(nodes: &[Node]) -> String {
    let mut out = String::with_capacity(length(nodes));
    write_onto(&mut out, nodes);
    out
}

fn write_onto(out: &mut String, nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Element(element) => {
                out.push('<');
                out.push_str(&element.name);
                for (name, value) in &element.attributes {
                    out.extend([" ", name, "=\"", value, "\""]);
                }
                out.push('>');
                if !element.is_void() {
                    write_onto(out, &element.children);
                    out.extend(["</", &element.name, ">"]);
                }
            }
        }
    }
}

/// How many octets [`write`] gives.
pub(super) fn length(nodes: &[Node]) -> usize {
    nodes.iter().map(length_of).sum()
}

/// The same for one piece.
pub(super) fn length_of(node: &Node) -> usize {
    match node {
        Node::Text(text) => text.len(),
        Node::Element(element) => {
            let attributes = element.attributes.iter();
            let tag: usize = attributes.map(|(name, value)| name.len() + value.len() + 4).sum();
            2 * element.name.len() + 5 + tag + length(&element.children)
        }
    }
}

/// Escaped text as it reads.
pub(super) fn decoded(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let reference = after.split_once(';').filter(|(name, _)| name.len() < 12);
        match reference.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((sign, after)) => {
                out.push(sign);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => char::from_u32(number(name.strip_prefix('#')?)?),
    }
}

/// Plain text as it may stand in HTML, inside and outside of attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_sanitiser_writes_is_read_and_written_unchanged() {
        for html in [
            "<p>A &amp; B<br>c <a href=\"https://a.example/?a=1&amp;b=&quot;\">d</a></p>\n",
            "<ul><li>one</li><li><p>two</p></li></ul>text",
            "<img src=\"a.png\" alt=\"\"><pre><code>if a &lt; b {\n}\n</code></pre>",
            "",
        ] {
            let tree = parse(html);
            assert_eq!(write(&tree), html);
            assert!(length(&tree) >= html.len());
        }
    }

    #[test]
    fn what_comes_near_it_is_made_good() {
        for (html, expected) in [
            ("<P CLASS='a'>x", "<p class=\"a\">x</p>"),
            ("a</b>c", "ac"),
            ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
            ("a < b<!-- c -->d<!doctype x>", "a &lt; bd"),
            ("<img src=a.png/><br/>", "<img src=\"a.png/\"><br>"),
            ("<p x", "<p></p>"),
            ("<em/>x", "<em></em>x"),
        ] {
            assert_eq!(write(&parse(html)), expected, "{html}");
        }
    }

    #[test]
    fn no_body_is_too_deep() {
        let tree = parse(&"<div>".repeat(100_000));
        assert!(length(&tree) < 100 * 11);
        assert_eq!(write(&parse(&("<b>".repeat(90) + "x"))).matches('x').count(), 1);
    }

    #[test]
    fn references_are_read() {
        assert_eq!(
            decoded("a &amp;lt; &#233;&#xe9; & &nosuch; &nbsp;"),
            "a &lt; éé & &nosuch; \u{a0}"
        );
        assert_eq!(decoded(&escaped("<a & \"b\">")), "<a & \"b\">");
    }

    proptest! {
        #[test]
        fn anything_can_be_read(html in "[<>/a-c =\"'!&;\\-é]{0,60}") {
            let once = write(&parse(&html));
            prop_assert_eq!(write(&parse(&once)), once);
        }
    }
}
