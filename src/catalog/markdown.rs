//! Markdown and HTML: from an author's text to a body that may stand anywhere.
//!
//! [`render`] promises HTML without scripts, styles, forms, frames, drawings or event handlers,
//! with absolute addresses only, and with code to the byte as its author wrote it. A frame
//! becomes a link to what it showed, a task list keeps its boxes as characters. [`plain`] gives
//! a title or description without its marks.
//!
//! This file, `frames` and `kramdown` are the only home of comrak (CommonMark 0.31 and GFM),
//! lol_html (shaping, while raw HTML is still whole) and ammonia (the allow-list, always last: nothing is trusted because of what came
//! before it).
//!
//! Nothing here fails: what cannot stand is left out and named among the warnings.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    sync::{Arc, LazyLock},
};

use comrak::{Arena, Node, Options, nodes::NodeValue};

use super::{
    links::{self, Here},
    shortcodes, text,
};

mod frames;
mod kramdown;
mod quick;

/// In what an author wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// CommonMark with GitHub's extensions, footnotes and raw HTML.
    Markdown,
    /// HTML.
    Html,
}

/// A finished body.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// Sanitised HTML with absolute addresses.
    pub(super) html: String,
    /// What had to be left out.
    pub(super) left_out: BTreeSet<&'static str>,
    /// Template marks that cannot be run.
    pub(super) marks: BTreeSet<String>,
}

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.table = true;
    extension.autolink = true;
    extension.footnotes = true;
    extension.strikethrough = true;
    extension.tasklist = true;
    extension.alerts = true;
    extension.cjk_friendly_emphasis = true;
    extension.header_id_prefix = Some(String::new());
    extension.header_attributes = true;
    options.render.r#unsafe = true;
    options
});

/// A body as its author wrote it, with what is shown beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'t> {
    pub(super) text: &'t str,
    pub(super) kind: Kind,
    /// A first heading that repeats it is dropped: pages and letters show it above the body.
    pub(super) title: &'t str,
    /// The lead picture, as its address is written; empty without one.
    pub(super) image: &'t str,
}

/// The body as HTML.
pub(super) fn render(written: Written<'_>, here: &Arc<Here>) -> Rendered {
    let (body, marks) = shortcodes::translated(written.text, written.kind, written.image);
    let (html, is_raw) = match written.kind {
        Kind::Markdown => to_html(&body, written.title),
        Kind::Html => (body.into_owned(), true),
    };
    let quick = if is_raw { None } else { quick::cleaned(&html, here) };
    let (clean, left_out) =
        quick.map_or_else(|| cleaned(&html, here), |clean| (clean, BTreeSet::new()));
    Rendered { html: finished(clean), left_out, marks }
}

/// The HTML shaped and sanitised, and the names of what had to be left out.
fn cleaned(html: &str, here: &Arc<Here>) -> (String, BTreeSet<&'static str>) {
    let (shaped, left_out) = frames::shape(html);
    (sanitised(&shaped, here), left_out)
}

fn finished(clean: String) -> String {
    let mut clean = without_empty(clean);
    clean.shrink_to_fit();
    match text::xml(&clean) {
        Cow::Borrowed(_) => clean,
        Cow::Owned(text) => text,
    }
}

/// Whether a body shows nothing beside its title: no text, picture, sound or film.
pub(super) fn shows_nothing(body: &str, kind: Kind, title: &str) -> bool {
    /// What is longer than this shows something.
    const SHORT: usize = 1000;
    let (body, _) = shortcodes::translated(body, kind, "");
    let bare = without_comments(&body);
    if bare.trim().len() > SHORT {
        return false;
    }
    let html = if kind == Kind::Markdown { to_html(&bare, title).0 } else { bare };
    let shown = ["<img", "<picture", "<video", "<audio", "<iframe", "<embed", "<object"];
    !shown.iter().any(|tag| html.contains(tag)) && text::of_html(&html).is_empty()
}

fn without_comments(html: &str) -> String {
    let mut bare = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        bare.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    bare + rest
}

/// The HTML of a text, and whether some of it is its author's own.
fn to_html(body: &str, title: &str) -> (String, bool) {
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, body, &OPTIONS);
    if body.contains("{:") {
        kramdown::taken_out(root);
    }
    if let Some(first) = root.first_child()
        && is_title(first)
        && text_of(first) == title
    {
        first.detach();
    }
    let mut html = String::with_capacity(body.len() * 5 / 4);
    // Writing to a String cannot fail.
    let _written = kramdown::WithIds::format_document(root, &OPTIONS, &mut html);
    (html, root.descendants().any(is_html))
}

fn is_html(node: Node<'_>) -> bool {
    matches!(node.data().value, NodeValue::HtmlBlock(_) | NodeValue::HtmlInline(_))
}

/// The first heading of the first level, as plain text.
pub(super) fn heading(body: &str, kind: Kind) -> Option<String> {
    if kind == Kind::Html {
        let start = body.find("<h1")?;
        let inner = body.get(start..)?.split_once('>')?.1.split_once("</h1")?.0;
        return Some(plain(inner)).filter(|text| !text.is_empty());
    }
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, body, &OPTIONS);
    let heading = root.children().find(|node| is_title(node))?;
    Some(text_of(heading)).filter(|text| !text.is_empty())
}

/// One line of text without Markdown marks, tags and references. What looks like a tag but is
/// none of HTML's, such as the `<T>` of `Vec<T>`, is what its author meant to show.
pub(super) fn plain(marked: &str) -> String {
    let line = text::line(marked);
    // As a heading it can be no list, rule or quotation; a final # would close it, and the
    // underscores of __init__ are no emphasis.
    let closed = line.strip_suffix('#').map(|line| format!("{line}\\#")).unwrap_or(line);
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.cjk_friendly_emphasis = true;
    let escaped = closed.replace("__", "\\_\\_");
    text_of(comrak::parse_document(&arena, &format!("# {escaped}"), &options))
}

fn is_title(node: Node<'_>) -> bool {
    matches!(node.data().value, NodeValue::Heading(ref heading) if heading.level == 1)
}

/// All text below a node on one line.
fn text_of(node: Node<'_>) -> String {
    let mut text = String::new();
    for node in node.descendants() {
        match &node.data().value {
            NodeValue::Text(literal) => text.push_str(literal),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            NodeValue::HtmlInline(tag) => match tag_name(tag) {
                Some("br") => text.push(' '),
                Some(name) if TAGS.contains(name) => {}
                None if tag.starts_with("<!--") => {}
                _ => text.push_str(tag),
            },
            _ => {}
        }
    }
    text::line(&text)
}

fn tag_name(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix("</").or_else(|| tag.strip_prefix('<'))?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).filter(|name| !name.is_empty())
}

/// The elements of a body. Each is in the list of the W3C validator, which warns for `bdo`.
static TAGS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let list = "a abbr acronym article aside audio b bdi blockquote br caption center cite code \
                col colgroup data dd del details dfn div dl dt em figcaption figure footer h1 h2 \
                h3 h4 h5 h6 header hgroup hr i img ins kbd li mark nav ol p picture pre q rp rt \
                ruby s samp section small source span strike strong sub summary sup table tbody \
                td tfoot th thead time tr tt u ul var video wbr";
    list.split_whitespace().collect()
});

/// The attributes of some elements, beside those that all may have.
const ATTRIBUTES: [(&str, &[&str]); 18] = [
    ("a", &["href", "hreflang", "rel"]),
    ("audio", &["src", "controls"]),
    ("blockquote", &["cite"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("data", &["value"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("img", &["src", "srcset", "sizes", "alt", "width", "height"]),
    ("ins", &["cite", "datetime"]),
    ("li", &["value"]),
    ("ol", &["start", "type", "reversed"]),
    ("q", &["cite"]),
    ("source", &["src", "srcset", "sizes", "type", "media"]),
    ("td", &["align", "colspan", "rowspan", "headers"]),
    ("th", &["align", "colspan", "rowspan", "headers", "scope"]),
    ("time", &["datetime"]),
    ("video", &["src", "poster", "controls", "width", "height"]),
];

/// Elements whose content goes with them.
const GONE: [&str; 14] = [
    "button", "canvas", "head", "math", "noscript", "option", "script", "select", "style", "svg",
    "template", "textarea", "title", "object",
];

fn sanitised(html: &str, here: &Arc<Here>) -> String {
    let here = Arc::clone(here);
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(TAGS.clone())
        .clean_content_tags(GONE.into_iter().collect())
        .generic_attributes(quick::GENERIC.into_iter().collect())
        .tag_attributes(
            ATTRIBUTES.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect(),
        )
        .url_schemes(links::SCHEMES.into_iter().chain(["data"]).collect())
        .link_rel(None)
        .attribute_filter(move |_, attribute, value| match attribute {
            "href" | "cite" => here.link(value).map(Cow::Owned),
            "src" | "poster" => here.media(value).map(Cow::Owned),
            "srcset" => here.set(value).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        });
    builder.clean(html).to_string()
}

/// The HTML without elements that hold neither content nor attributes, which sanitising leaves
/// behind. In code such text is escaped, so it is safe there.
fn without_empty(mut html: String) -> String {
    const EMPTY: [&str; 6] =
        ["<p></p>", "<p>\n</p>", "<div></div>", "<span></span>", "<a></a>", "<picture></picture>"];
    while let Some(found) = EMPTY.iter().find(|empty| html.contains(**empty)) {
        html = html.replace(found, "");
    }
    html
}
