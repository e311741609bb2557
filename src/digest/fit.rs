//! Fitting: a post's body becomes one that mail programs show.
//!
//! Pictures get their width and height, no wider than the letter; drawings (SVG) and pictures
//! without an address of their own, which many programs leave out, become a link or their words;
//! films and sounds become linked pictures or links; marks of footnotes lose the links that lead
//! nowhere in a letter, and the notes get a heading; what opens and closes stands open. Scripts,
//! frames and forms go: the sanitiser has dropped them before, and a letter does not rely on it.
//!
//! Addresses are absolute already. It never fails.

use super::{
    pixels::Pictures,
    tree::{Element, Node, decoded, escaped},
};
use crate::words::{Value, Words};

/// By what a body is fitted.
#[derive(Clone, Copy)]
pub(super) struct Fit<'a> {
    /// What letters say.
    pub(super) words: &'a Words,
    /// In which language.
    pub(super) language: &'a str,
    /// How large the picture at an address is, where that is known.
    pub(super) pictures: &'a Pictures,
    /// How wide text is, in pixels.
    pub(super) measure: u32,
}

/// What goes with all that is in it.
const GONE: [&str; 20] = [
    "script", "style", "iframe", "object", "embed", "form", "input", "button", "select", "option",
    "textarea", "svg", "math", "canvas", "template", "noscript", "link", "meta", "base", "source",
];

/// Attributes that letters keep.
const KEPT: [&str; 16] = [
    "href", "src", "alt", "width", "height", "align", "colspan", "rowspan", "scope", "start",
    "reversed", "type", "value", "lang", "dir", "title",
];

/// Classes that the styles of letters know.
const CLASSES: [&str; 4] = ["markdown-alert", "markdown-alert-title", "notes", "film"];

impl Fit<'_> {
    /// The fitted body.
    pub(super) fn body(&self, nodes: Vec<Node>) -> Vec<Node> {
        nodes.into_iter().flat_map(|node| self.node(node)).collect()
    }

    fn node(&self, node: Node) -> Vec<Node> {
        let Node::Element(mut element) = node else { return vec![node] };
        match element.name.as_str() {
            "img" => self.picture(&element),
            "picture" => element.find("img").map_or_else(Vec::new, |image| self.picture(image)),
            "video" => self.film(&element),
            "audio" => self.sound(&element),
            "sup" if element.is_of("footnote-ref") => vec![self.mark(&element)],
            "a" if element.is_of("footnote-backref") => Vec::new(),
            "a" if element.get("href").is_none() => self.body(element.children),
            "section" if element.is_of("footnotes") => vec![self.notes(element)],
            "summary" => vec![in_bold(self.body(element.children))],
            name if GONE.contains(&name) => Vec::new(),
            name => {
                if name == "details" {
                    "div".clone_into(&mut element.name);
                }
                element.children = self.body(std::mem::take(&mut element.children));
                vec![bare(element).into()]
            }
        }
    }

    /// The same in another language.
    pub(super) fn of<'a>(&'a self, language: &'a str) -> Fit<'a> {
        Fit { language, ..*self }
    }

    fn word(&self, key: &str) -> String {
        escaped(&self.words.word(self.language, key))
    }

    /// A picture with its size, or what stands in its place.
    fn picture(&self, image: &Element) -> Vec<Node> {
        let source = image.get("src").unwrap_or_default();
        let alt = image.get("alt").unwrap_or_default().trim();
        if !source.starts_with("http") {
            return if alt.is_empty() { Vec::new() } else { vec![Node::Text(format!("[{alt}]"))] };
        }
        let path = source.split(['?', '#']).next().unwrap_or(source).to_ascii_lowercase();
        if path.ends_with(".svg") || path.ends_with(".svgz") {
            let label = if alt.is_empty() { self.word("picture") } else { alt.to_owned() };
            return vec![link(source, vec![Node::Text(label)])];
        }
        vec![self.sized(image, source, alt).into()]
    }

    fn sized(&self, image: &Element, source: &str, alt: &str) -> Element {
        let own = |name| image.get(name).and_then(|value| value.trim().parse::<u32>().ok());
        let found = self.pictures.size(&decoded(source));
        let (width, height) = match (own("width"), own("height"), found) {
            (Some(width), Some(height), _) => (width, Some(height)),
            (Some(width), None, Some((w, h))) => (width, Some(scaled(h, width, w))),
            (None, Some(height), Some((w, h))) => (scaled(w, height, h), Some(height)),
            (None, None, Some((w, h))) => (w, Some(h)),
            (Some(width), None, None) => (width, None),
            (None, _, None) => return self.unsized_picture(source, alt),
        };
        let shown = width.min(self.measure).max(1);
        let picture = plain_picture(source, alt).with("width", &shown.to_string());
        match height {
            Some(height) => picture.with("height", &scaled(height, shown, width).to_string()),
            None => picture,
        }
    }

    /// Programs that know CSS show it in its own width; the others get one that fits.
    fn unsized_picture(&self, source: &str, alt: &str) -> Element {
        plain_picture(source, alt)
            .with("width", &self.measure.to_string())
            .with("style", "width:auto")
    }

    /// A film is its linked picture, or a link.
    fn film(&self, video: &Element) -> Vec<Node> {
        let Some(address) = address_of(video) else { return self.body(video.children.clone()) };
        let label = video.get("title").map_or_else(|| self.word("watch"), str::to_owned);
        let words = link(&address, vec![Node::Text(format!("▶ {label}"))]);
        let Some(poster) = video.get("poster").filter(|poster| poster.starts_with("http")) else {
            return vec![paragraph("film", vec![words])];
        };
        let mut image = plain_picture(poster, &label);
        for name in ["width", "height"] {
            if let Some(value) = video.get(name) {
                image.set(name, value);
            }
        }
        let picture = link(&address, self.picture(&image));
        vec![paragraph("film", vec![picture, Element::new("br", Vec::new()).into(), words])]
    }

    fn sound(&self, audio: &Element) -> Vec<Node> {
        let Some(address) = address_of(audio) else { return self.body(audio.children.clone()) };
        let label = audio.get("title").map_or_else(|| self.word("listen"), str::to_owned);
        vec![paragraph("film", vec![link(&address, vec![Node::Text(format!("▶ {label}"))])])]
    }

    /// The mark of a footnote without the link that a letter cannot follow.
    fn mark(&self, sup: &Element) -> Node {
        let mark = Node::Text(text_of(&sup.children));
        Element::new("sup", vec![mark]).with("class", "note").into()
    }

    fn notes(&self, section: Element) -> Node {
        let heading = in_bold(vec![Node::Text(self.word("notes"))]);
        let mut children = vec![heading];
        children.extend(self.body(section.children));
        Element::new("div", children).with("class", "notes").into()
    }

    /// What a mark says where it cannot be raised: `(note 1)`.
    pub(super) fn note_mark(&self, mark: &str) -> String {
        let mark = Value::Text(mark.to_owned());
        self.words.say(self.language, "note-mark", &[("mark", mark)]).unwrap_or_default()
    }
}

/// `part` where `whole` becomes `shown`.
fn scaled(part: u32, shown: u32, whole: u32) -> u32 {
    let exact = u64::from(part) * u64::from(shown);
    let rounded = (exact + u64::from(whole) / 2) / u64::from(whole.max(1));
    u32::try_from(rounded).unwrap_or(part).max(1)
}

fn plain_picture(source: &str, alt: &str) -> Element {
    Element::new("img", Vec::new()).with("src", source).with("alt", alt)
}

/// The address of what plays: its own, or that of its first source.
fn address_of(player: &Element) -> Option<String> {
    let own = player.get("src").or_else(|| player.find("source")?.get("src"));
    own.filter(|address| address.starts_with("http")).map(str::to_owned)
}

fn link(address: &str, children: Vec<Node>) -> Node {
    Element::new("a", children).with("href", address).into()
}

fn paragraph(class: &str, children: Vec<Node>) -> Node {
    Element::new("p", children).with("class", class).into()
}

fn in_bold(children: Vec<Node>) -> Node {
    Element::new("p", vec![Element::new("strong", children).into()]).into()
}

/// All text in it, escaped as it was.
fn text_of(nodes: &[Node]) -> String {
    let text = nodes.iter().map(|node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => text_of(&element.children),
    });
    text.collect::<String>().trim().to_owned()
}

/// The element without what a letter has no use for.
fn bare(mut element: Element) -> Element {
    let classes = |value: &str| {
        let kept = value.split_whitespace().filter(|class| CLASSES.contains(class));
        kept.collect::<Vec<_>>().join(" ")
    };
    element.attributes.retain_mut(|(name, value)| {
        if name == "class" {
            *value = classes(value);
            return !value.is_empty();
        }
        KEPT.contains(&name.as_str())
    });
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        digest::tree::{parse, write},
        template::Templates,
    };

    fn fitted(html: &str) -> String {
        let templates = Templates::new(&[]).unwrap();
        let pictures = Pictures::new(|url| match url {
            "https://a.example/wide.png?a=1&b=2" => Some((1072, 500)),
            "https://a.example/small.png" => Some((64, 32)),
            _ => None,
        });
        let fit =
            Fit { words: templates.words(), language: "en", pictures: &pictures, measure: 536 };
        write(&fit.body(parse(html)))
    }

    #[test]
    fn pictures_have_their_size_and_fit_the_letter() {
        for (html, expected) in [
            (
                "<img src=\"https://a.example/wide.png?a=1&amp;b=2\" srcset=\"x 2x\" alt=\"A\" id=\"i\">",
                "<img src=\"https://a.example/wide.png?a=1&amp;b=2\" alt=\"A\" width=\"536\" height=\"250\">",
            ),
            (
                "<img src=\"https://a.example/small.png\" alt=\"\">",
                "<img src=\"https://a.example/small.png\" alt=\"\" width=\"64\" height=\"32\">",
            ),
            (
                "<img src=\"https://a.example/small.png\" alt=\"\" width=\"32\">",
                "<img src=\"https://a.example/small.png\" alt=\"\" width=\"32\" height=\"16\">",
            ),
            (
                "<img src=\"https://b.example/x.png\" alt=\"\" width=\"1000\" height=\"500\">",
                "<img src=\"https://b.example/x.png\" alt=\"\" width=\"536\" height=\"268\">",
            ),
            (
                "<img src=\"https://b.example/x.png\" alt=\"X\">",
                "<img src=\"https://b.example/x.png\" alt=\"X\" width=\"536\" style=\"width:auto\">",
            ),
            (
                "<picture><source srcset=\"a\"><img src=\"https://a.example/small.png\" alt=\"s\"></picture>",
                "<img src=\"https://a.example/small.png\" alt=\"s\" width=\"64\" height=\"32\">",
            ),
        ] {
            assert_eq!(fitted(html), expected);
        }
    }

    #[test]
    fn what_programs_leave_out_becomes_words_or_a_link() {
        for (html, expected) in [
            (
                "<img src=\"https://a.example/d.svg?x\" alt=\"The plan\">",
                "<a href=\"https://a.example/d.svg?x\">The plan</a>",
            ),
            (
                "<img src=\"https://a.example/d.SVG\" alt=\"\">",
                "<a href=\"https://a.example/d.SVG\">Picture</a>",
            ),
            ("<img src=\"data:image/png;base64,x\" alt=\"Dot\">", "[Dot]"),
            ("<img src=\"data:image/png;base64,x\" alt=\"\">", ""),
            (
                "<details open=\"\"><summary>More</summary><p>x</p></details>",
                "<div><p><strong>More</strong></p><p>x</p></div>",
            ),
            ("<p>a<script>x</script><svg><title>y</title></svg><math>z</math>b</p>", "<p>ab</p>"),
            ("<iframe src=\"x\">y</iframe><form><input>z</form>", ""),
        ] {
            assert_eq!(fitted(html), expected);
        }
    }

    #[test]
    fn films_and_sounds_are_linked() {
        for (html, expected) in [
            (
                "<video src=\"https://a.example/f.mp4\" poster=\"https://a.example/small.png\"></video>",
                "<p class=\"film\"><a href=\"https://a.example/f.mp4\"><img \
                 src=\"https://a.example/small.png\" alt=\"Watch the video\" width=\"64\" \
                 height=\"32\"></a><br><a href=\"https://a.example/f.mp4\">▶ Watch the video</a></p>",
            ),
            (
                "<video title=\"A film\"><source src=\"https://a.example/f.mp4\">Sorry</video>",
                "<p class=\"film\"><a href=\"https://a.example/f.mp4\">▶ A film</a></p>",
            ),
            (
                "<audio src=\"https://a.example/s.mp3\"></audio>",
                "<p class=\"film\"><a href=\"https://a.example/s.mp3\">▶ Listen to it</a></p>",
            ),
            ("<video>Sorry</video>", "Sorry"),
        ] {
            assert_eq!(fitted(html), expected);
        }
    }

    #[test]
    fn footnotes_are_notes() {
        let html = "<p>Nothing.<sup class=\"footnote-ref\"><a href=\"https://b.example/#fn-1\" \
                    id=\"fnref-1\">1</a></sup></p><section class=\"footnotes\"><ol><li \
                    id=\"fn-1\"><p>But one. <a href=\"#fnref-1\" class=\"footnote-backref\">↩</a>\
                    </p></li></ol></section>";
        let expected = "<p>Nothing.<sup class=\"note\">1</sup></p><div class=\"notes\"><p><strong>\
                        Notes</strong></p><ol><li><p>But one. </p></li></ol></div>";
        assert_eq!(fitted(html), expected);
    }
}
