//! Plain text: an article as its author might have typed it into a mail.
//!
//! No marks of Markdown: emphasis is left to the words, items stand behind dots, quotations
//! behind `>` as in any answer to a mail, code is set in by four with its lines and blanks kept,
//! tables stand in columns where these fit and row by row where they do not. Links are numbered,
//! and what they lead to follows at the end, every address once. Nothing is wider than the given
//! width but code, addresses and single words.
//!
//! It reads the body that the HTML part shows, so that both say the same.

mod table;
mod wrap;

use super::{
    fit::Fit,
    tree::{Element, Node, decoded},
};
use wrap::{BREAK, wrap};

/// The text of a fitted body in lines of `width` columns.
pub(super) fn text(body: &[Node], fit: &Fit<'_>, width: usize) -> String {
    let mut teller = Teller { fit, links: Vec::new() };
    let mut lines = teller.blocks(body, width);
    if !teller.links.is_empty() {
        lines.push(String::new());
        let notes = teller.links.iter().enumerate();
        lines.extend(notes.map(|(at, address)| format!("[{}] {address}", at + 1)));
    }
    lines.join("\n").replace('\u{a0}', " ")
}

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 29] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
    "details",
];

struct Teller<'a, 'f> {
    fit: &'a Fit<'f>,
    /// What the numbers in brackets lead to.
    links: Vec<String>,
}

impl Teller<'_, '_> {
    /// Lines of blocks, an empty one between any two.
    fn blocks(&mut self, nodes: &[Node], width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut running = String::new();
        let mut add = |block: Vec<String>| {
            if !block.is_empty() {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(block);
            }
        };
        for node in nodes {
            match node {
                Node::Element(block) if BLOCKS.contains(&block.name.as_str()) => {
                    add(wrap(&std::mem::take(&mut running), width));
                    add(self.block(block, width));
                }
                other => self.run(other, &mut running),
            }
        }
        add(wrap(&running, width));
        lines
    }

    fn block(&mut self, block: &Element, width: usize) -> Vec<String> {
        match block.name.as_str() {
            "pre" => code(&block.children),
            "hr" => vec!["– – –".to_owned()],
            "ul" | "ol" => self.list(block, width),
            "blockquote" => {
                let lines = self.blocks(&block.children, width.saturating_sub(2));
                lines.iter().map(|line| format!("> {line}").trim_end().to_owned()).collect()
            }
            "dd" => set_in(&self.blocks(&block.children, width.saturating_sub(4)), "    ", "    "),
            "table" => self.table(block, width),
            _ => self.blocks(&block.children, width),
        }
    }

    fn list(&mut self, list: &Element, width: usize) -> Vec<String> {
        let number = |item: &Element, name| item.get(name).and_then(|value| value.parse().ok());
        let mut next: i64 = number(list, "start").unwrap_or(1);
        let mut items: Vec<Vec<String>> = Vec::new();
        for node in &list.children {
            let Node::Element(item) = node else { continue };
            next = number(item, "value").unwrap_or(next);
            let dot = if list.name == "ol" { format!("{next}. ") } else { "• ".to_owned() };
            next += 1;
            let wide = dot.chars().count();
            let lines = self.blocks(&item.children, width.saturating_sub(wide));
            items.push(set_in(&lines, &dot, &" ".repeat(wide)));
        }
        let is_loose = items.iter().any(|item| item.iter().any(String::is_empty));
        let between = if is_loose { vec![String::new()] } else { Vec::new() };
        items.join(&between[..])
    }

    fn table(&mut self, table: &Element, width: usize) -> Vec<String> {
        let mut found = table::Table::default();
        self.rows(&table.children, &mut found);
        found.lines(width)
    }

    fn rows(&mut self, nodes: &[Node], found: &mut table::Table) {
        for node in nodes {
            let Node::Element(part) = node else { continue };
            match part.name.as_str() {
                "tr" => {
                    let cells = part.children.iter().filter_map(|node| match node {
                        Node::Element(cell) if matches!(cell.name.as_str(), "td" | "th") => {
                            Some(cell)
                        }
                        _ => None,
                    });
                    let row = cells.map(|cell| table::Cell {
                        text: self.line(&cell.children),
                        is_right: cell.get("align") == Some("right"),
                        is_heading: cell.name == "th",
                    });
                    found.rows.push(row.collect());
                }
                "caption" => found.caption = Some(self.line(&part.children)),
                _ => self.rows(&part.children, found),
            }
        }
    }

    /// What stands in `nodes` as one line.
    fn line(&mut self, nodes: &[Node]) -> String {
        let mut running = String::new();
        for node in nodes {
            self.run(node, &mut running);
            running.push(' ');
        }
        running.replace(BREAK, " ").split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Adds what stands in a line of text.
    fn run(&mut self, node: &Node, out: &mut String) {
        let element = match node {
            Node::Text(text) => return out.push_str(&decoded(text)),
            Node::Element(element) => element,
        };
        match element.name.as_str() {
            "br" => out.push(BREAK),
            "img" => out.push_str(&self.picture(element)),
            "a" => self.link(element, out),
            "sup" | "sub" => {
                let text = self.line(&element.children);
                out.push_str(&self.raised(element, &text));
            }
            "q" => {
                out.push('“');
                self.all(&element.children, out);
                out.push('”');
            }
            name if BLOCKS.contains(&name) => {
                out.push(' ');
                self.all(&element.children, out);
                out.push(' ');
            }
            _ => self.all(&element.children, out),
        }
    }

    fn all(&mut self, nodes: &[Node], out: &mut String) {
        for node in nodes {
            self.run(node, out);
        }
    }

    fn picture(&self, image: &Element) -> String {
        match decoded(image.get("alt").unwrap_or_default()).trim() {
            "" => String::new(),
            alt => format!("[{}: {alt}]", self.fit.words.word(self.fit.language, "picture")),
        }
    }

    /// The words of a link and its number; an address that stands there itself needs none.
    fn link(&mut self, link: &Element, out: &mut String) {
        let address = decoded(link.get("href").unwrap_or_default());
        let mut words = String::new();
        self.all(&link.children, &mut words);
        let shown = words.trim();
        if address.is_empty() {
            out.push_str(&words);
        } else if shown.is_empty() || address == shown {
            out.push_str(&address);
        } else if address.strip_prefix("mailto:") == Some(shown) {
            out.push_str(shown);
        } else {
            let number = self.number(address);
            out.push_str(words.trim_end());
            out.push_str(&format!("\u{a0}[{number}]"));
            if words.ends_with(char::is_whitespace) {
                out.push(' ');
            }
        }
    }

    fn number(&mut self, address: String) -> usize {
        let known = self.links.iter().position(|known| *known == address);
        let at = known.unwrap_or_else(|| {
            self.links.push(address);
            self.links.len() - 1
        });
        at + 1
    }

    /// Raised and lowered text: `(note 1)` for the mark of a note, else `²` where there is one.
    fn raised(&self, element: &Element, text: &str) -> String {
        const UP: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        const DOWN: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
        if element.is_of("note") {
            return format!(" {}", self.fit.note_mark(text));
        }
        let signs = if element.name == "sup" { UP } else { DOWN };
        let one = |c: char| signs.get(usize::try_from(c.to_digit(10)?).ok()?).copied();
        let all: Option<String> = text.chars().map(one).collect();
        all.unwrap_or_else(|| text.to_owned())
    }
}

/// The lines of a `<pre>`, set in by four.
fn code(nodes: &[Node]) -> Vec<String> {
    let text = decoded(&bare(nodes));
    let lines = text.trim_end().trim_start_matches('\n').lines();
    lines.map(|line| format!("    {line}").trim_end().to_owned()).collect()
}

fn bare(nodes: &[Node]) -> String {
    let text = nodes.iter().map(|node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) if element.name == "br" => "\n".to_owned(),
        Node::Element(element) => bare(&element.children),
    });
    text.collect()
}

/// Lines behind a mark, those after the first behind blanks.
fn set_in(lines: &[String], first: &str, others: &str) -> Vec<String> {
    let lines = lines.iter().enumerate();
    lines
        .map(|(at, line)| match (at, line.is_empty()) {
            (0, _) => format!("{first}{line}"),
            (_, true) => String::new(),
            (_, false) => format!("{others}{line}"),
        })
        .collect()
}

#[cfg(test)]
#[path = "plain/tests.rs"]
mod tests;
