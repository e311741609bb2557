//! Lint: what readers or their programs may find fault with in a finished letter.
//!
//! It looks at both parts as a reader gets them: size, links, pictures, headings, contrast,
//! subject, what was left unfilled, whether the text says what the HTML links to, and traits by
//! which filters know mail that nobody asked for. A [`Finding`] that is `serious` would harm
//! every reader.
//!
//! It knows no filter's own score and judges no style sheet: colours are read from the elements,
//! where inlining has put them.

mod colours;

use super::{
    render::LONGEST,
    tree::{self, Element, Node, decoded},
};

/// A letter as a reader gets it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// The HTML part.
    pub html: &'a str,
    /// The text part.
    pub text: &'a str,
    /// The address that ends the subscription.
    pub unsubscribe: &'a str,
}

/// Something about a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Whether it must not go out so.
    pub serious: bool,
    /// What it is, in words.
    pub what: String,
}

/// How long a subject may be before programs cut it off.
const SUBJECT: usize = 78;

/// Everything there is to say of a letter.
pub fn lint(letter: &Shown<'_>) -> Vec<Finding> {
    let tree = tree::parse(letter.html);
    let body = tree.iter().find_map(|node| match node {
        Node::Element(page) => page.find("body"),
        Node::Text(_) => None,
    });
    let body = body.map_or(&tree[..], |body| &body.children[..]);
    let mut found = Findings::default();
    size(letter, &mut found);
    subject(letter.subject, &mut found);
    headings(body, &mut found);
    links(letter, body, &mut found);
    pictures(body, &mut found);
    unfilled(letter, body, &mut found);
    for faint in colours::faint(body) {
        found.note(format!(
            "\"{}\" has a contrast of {:.1}, less than 4.5",
            faint.text, faint.contrast
        ));
    }
    text(letter, body, &mut found);
    found.0.sort();
    found.0.dedup();
    found.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn note(&mut self, what: impl Into<String>) {
        self.0.push(Finding { serious: false, what: what.into() });
    }

    fn serious(&mut self, what: impl Into<String>) {
        self.0.push(Finding { serious: true, what: what.into() });
    }
}

fn size(letter: &Shown<'_>, found: &mut Findings) {
    let octets = letter.html.len();
    if octets > LONGEST {
        found.serious(format!(
            "the HTML has {octets} octets; mailboxes cut off what is longer than {LONGEST}, and \
             the way to unsubscribe with it"
        ));
    }
}

fn subject(subject: &str, found: &mut Findings) {
    let letters: Vec<char> = subject.chars().filter(|c| c.is_alphabetic()).collect();
    let count = subject.chars().count();
    if subject.trim().is_empty() {
        found.serious("the subject is empty");
    }
    if count > SUBJECT {
        found.note(format!(
            "the subject has {count} characters; most programs show {SUBJECT} or less"
        ));
    }
    let is_loud = |c: &char| c.is_uppercase();
    if letters.len() > 8 && letters.iter().filter(|c| is_loud(c)).count() * 10 > letters.len() * 7 {
        found.note("the subject is in capitals, as filters know it from unwanted mail");
    }
    if subject.matches('!').count() > 1 || subject.contains("$$") {
        found.note("the subject shouts (!!, $$), as filters know it from unwanted mail");
    }
}

fn headings(body: &[Node], found: &mut Findings) {
    let mut levels = Vec::new();
    walk(body, &mut |element| {
        if let Some(level) =
            element.name.strip_prefix('h').and_then(|digit| digit.parse::<u8>().ok())
        {
            levels.push(level);
            if text_of(&element.children).trim().is_empty() {
                found.note(format!("a heading of level {level} is empty"));
            }
        }
    });
    match levels.iter().filter(|level| **level == 1).count() {
        0 => found.note(
            "there is no heading of the first level: who has the letter read aloud finds no title",
        ),
        1 => {}
        count => {
            found.note(format!("there are {count} headings of the first level; one is a title"))
        }
    }
    for pair in levels.windows(2) {
        if let [before, after] = pair
            && *after > before + 1
        {
            found.note(format!("a heading of level {after} follows one of level {before}"));
        }
    }
}

/// Words of links that say nothing by themselves.
const EMPTY_WORDS: [&str; 6] = ["here", "click here", "this", "link", "hier", "ici"];

/// Addresses that hide where they lead.
const SHORTENERS: [&str; 5] = ["bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly"];

fn links(letter: &Shown<'_>, body: &[Node], found: &mut Findings) {
    let mut has_way_out = false;
    walk(body, &mut |element| {
        if element.name != "a" {
            return;
        }
        let address = decoded(element.get("href").unwrap_or_default());
        let words = text_of(&element.children);
        let words = words.trim();
        has_way_out |= address == letter.unsubscribe;
        let is_absolute = ["https://", "http://", "mailto:", "tel:", "sms:"];
        if !is_absolute.iter().any(|start| address.starts_with(start)) {
            found.serious(format!(
                "the link \"{words}\" leads to \"{address}\", which is no address in a letter"
            ));
        }
        let shown = element.find("img").and_then(|image| image.get("alt")).unwrap_or_default();
        if words.is_empty() && shown.is_empty() && element.get("aria-hidden").is_none() {
            found.note(format!("the link to {address} has no words"));
        }
        if EMPTY_WORDS.contains(&words.to_lowercase().as_str()) {
            found.note(format!("\"{words}\" does not say where the link leads"));
        }
        if let (Some(shown), Some(host)) = (host(words), host(&address))
            && shown != host
        {
            found.note(format!(
                "a link shows {shown} and leads to {host}, as filters know it from fraud"
            ));
        }
        if host(&address).is_some_and(|host| SHORTENERS.contains(&host)) {
            found.note(format!(
                "{address} hides where it leads, as filters know it from unwanted mail"
            ));
        }
    });
    if !has_way_out {
        found.serious("there is no link to unsubscribe in the HTML");
    }
    if !letter.text.contains(letter.unsubscribe) {
        found.serious("there is no link to unsubscribe in the text");
    }
}

/// The host of an address, if it is one.
fn host(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(host.strip_prefix("www.").unwrap_or(host)).filter(|host| !host.is_empty())
}

fn pictures(body: &[Node], found: &mut Findings) {
    let mut pictures = 0_usize;
    walk(body, &mut |element| {
        if element.name != "img" {
            return;
        }
        pictures += 1;
        let source = element.get("src").unwrap_or_default();
        if element.get("alt").is_none() {
            found.note(format!(
                "the picture {source} has no alt: who does not see it learns nothing"
            ));
        }
        if element.get("width").is_none() {
            found.note(format!(
                "the picture {source} has no width: Outlook shows it as large as it is"
            ));
        }
        if !source.starts_with("http") {
            found.note(format!(
                "the picture \"{source}\" is not shown in a letter: it has no address on the web"
            ));
        }
    });
    let letters = text_of(body).chars().filter(|c| c.is_alphanumeric()).count();
    if pictures > 0 && letters < 200 * pictures.min(3) {
        found.note(
            "there is little text beside the pictures, as filters know it from unwanted mail",
        );
    }
}

/// Placeholders of other programs and of ours that nothing filled.
const UNFILLED: [&str; 10] =
    ["{{", "}}", "{%", "*|", "|*", "%%", "[First Name]", "[Name]", "lorem ipsum", "undefined"];

fn unfilled(letter: &Shown<'_>, body: &[Node], found: &mut Findings) {
    let prose = prose_of(body);
    for (part, text) in [("subject", letter.subject), ("letter", prose.as_str())] {
        let lower = text.to_lowercase();
        for mark in UNFILLED.iter().filter(|mark| lower.contains(&mark.to_lowercase())) {
            found.note(format!(
                "\"{mark}\" stands in the {part}: a placeholder that nothing filled?"
            ));
        }
    }
}

fn text(letter: &Shown<'_>, body: &[Node], found: &mut Findings) {
    if letter.text.split_whitespace().count() < 10 {
        found.serious("the text part says nothing");
    }
    if letter.text.contains("</") || letter.text.contains("&nbsp;") || letter.text.contains("&amp;")
    {
        found.note("there is HTML in the text part");
    }
    walk(body, &mut |element| {
        let address = decoded(element.get("href").unwrap_or_default());
        let shown = address.strip_prefix("mailto:").unwrap_or(&address);
        if element.name == "a" && !letter.text.contains(shown) {
            found.note(format!("{address} is linked in the HTML and does not stand in the text"));
        }
    });
}

fn walk<'a>(nodes: &'a [Node], look: &mut impl FnMut(&'a Element)) {
    for node in nodes {
        if let Node::Element(element) = node {
            look(element);
            walk(&element.children, look);
        }
    }
}

fn text_of(nodes: &[Node]) -> String {
    let text = nodes.iter().map(|node| match node {
        Node::Text(text) => decoded(text),
        Node::Element(element) => text_of(&element.children),
    });
    text.collect()
}

/// Text that is no code.
fn prose_of(nodes: &[Node]) -> String {
    let text = nodes.iter().map(|node| match node {
        Node::Text(text) => decoded(text),
        Node::Element(element) if matches!(element.name.as_str(), "code" | "pre" | "kbd") => {
            String::new()
        }
        Node::Element(element) => prose_of(&element.children),
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://a.example/unsubscribe/x";

    fn found(subject: &str, body: &str, text: &str) -> Vec<String> {
        let html = format!(
            "<html><head><title>{{{{</title></head><body><h1>Title</h1><p>{}</p>{body}<a \
             href=\"{LINK}\">Unsubscribe</a></body></html>",
            "Words enough. ".repeat(60),
        );
        let text = format!("{} {text} {LINK}", "Words enough. ".repeat(9));
        let letter = Shown { subject, html: &html, text: &text, unsubscribe: LINK };
        lint(&letter).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_good_letter_has_nothing_to_find() {
        let body = "<h2>More</h2><p>A <a href=\"https://b.example/?a=1&amp;b=2\">boat</a> <img \
                    src=\"https://b.example/x.png\" alt=\"\" width=\"9\"></p><pre>{{ code }}</pre>";
        assert_eq!(found("A subject", body, "https://b.example/?a=1&b=2"), [""; 0]);
    }

    #[test]
    fn each_fault_is_found() {
        let long = "x".repeat(90_001);
        for (subject, body, told) in [
            ("", "", "the subject is empty"),
            (&"long ".repeat(20), "", "the subject has 100 characters"),
            ("BUY THIS NOW", "", "is in capitals"),
            ("Free!!", "", "shouts"),
            ("A", "<h1>Two</h1>", "2 headings of the first level"),
            ("A", "<h2>a</h2><h4>b</h4>", "level 4 follows one of level 2"),
            ("A", "<h2> </h2>", "level 2 is empty"),
            ("A", "<a href=\"/about\">about</a>", "is no address in a letter"),
            ("A", "<a href=\"https://b.example/\"></a>", "has no words"),
            ("A", "<a href=\"https://b.example/\">click here</a>", "does not say where"),
            (
                "A",
                "<a href=\"https://b.example/\">https://bank.example/</a>",
                "shows bank.example and leads to b.example",
            ),
            ("A", "<a href=\"https://bit.ly/x\">x</a>", "hides where it leads"),
            ("A", "<a href=\"https://c.example/\">c</a>", "does not stand in the text"),
            ("A", "<img src=\"https://b.example/x.png\" width=\"9\">", "has no alt"),
            ("A", "<img src=\"https://b.example/x.png\" alt=\"\">", "has no width"),
            ("A", "<img src=\"x.png\" alt=\"\" width=\"9\">", "not shown in a letter"),
            ("Hello {{ name }}", "", "\"{{\" stands in the subject"),
            ("A", "<p>Dear *|FNAME|*</p>", "\"*|\" stands in the letter"),
            (
                "A",
                "<p style=\"color:#999;background:#fff\">faint</p>",
                "\"faint\" has a contrast of 2.8",
            ),
            ("A", &long, "mailboxes cut off"),
        ] {
            let found = found(subject, body, "https://b.example/");
            assert!(found.iter().any(|what| what.contains(told)), "{told}: {found:?}");
        }
    }

    #[test]
    fn a_letter_without_a_way_out_must_not_go_out() {
        let letter = Shown { subject: "A", html: "<p>x</p>", text: "", unsubscribe: LINK };
        let serious = lint(&letter).into_iter().filter(|finding| finding.serious);
        let serious: Vec<String> = serious.map(|finding| finding.what).collect();
        assert_eq!(serious.len(), 3, "{serious:?}");
    }
}
