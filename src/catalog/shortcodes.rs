//! Shortcodes: the marks of other generators' templates inside a post.
//!
//! They are not ours to run, and must not leak into feeds. Those that stand for a picture, a
//! film, a piece of code or a link (Hugo's `figure`, `youtube`, `highlight`, `ref`; Jekyll's
//! `post_url`, `raw`; Eleventy's `image`, `url`) become what they stand for; of all others the
//! mark goes and the text between marks stays. Each mark that had to go is told.
//!
//! Code is left to the byte: fenced and indented blocks, code spans, `<pre>` and `<code>`. A mark
//! that never closes is text.

use std::{borrow::Cow, collections::BTreeSet};

use super::markdown::Kind;

mod mark;
#[cfg(test)]
mod tests;

use mark::{Arguments, Mark};

/// The body without marks, and the names of those that were left out. `image` is the address of
/// the post's lead picture, which a body may ask for.
pub(super) fn translated<'t>(
    body: &'t str,
    kind: Kind,
    image: &'t str,
) -> (Cow<'t, str>, BTreeSet<String>) {
    if !body.contains("{{") && !body.contains("{%") {
        return (Cow::Borrowed(body), BTreeSet::new());
    }
    let out = String::with_capacity(body.len());
    let mut translation = Translation { out, rest: body, kind, image, left_out: BTreeSet::new() };
    while !translation.rest.is_empty() {
        translation.step();
    }
    (Cow::Owned(translation.out), translation.left_out)
}

struct Translation<'t> {
    out: String,
    rest: &'t str,
    kind: Kind,
    image: &'t str,
    left_out: BTreeSet<String>,
}

impl<'t> Translation<'t> {
    /// Copies code, or the text up to the next mark, or translates the mark.
    fn step(&mut self) {
        if let Some(length) = self.code() {
            return self.copy(length);
        }
        if let Some(mark) = Mark::read(self.rest) {
            self.rest = self.rest.get(mark.whole.len()..).unwrap_or_default();
            return self.mark(&mark);
        }
        // To whatever may come next: the end of the line, a code span, a tag or a mark.
        let stop = self.rest.char_indices().skip(1).find(|&(at, character)| {
            matches!(character, '`' | '<' | '{') || self.rest.as_bytes().get(at - 1) == Some(&b'\n')
        });
        self.copy(stop.map_or(self.rest.len(), |(at, _)| at));
    }

    fn copy(&mut self, length: usize) {
        let (copied, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.out.push_str(copied);
        self.rest = rest;
    }

    /// The length of the code that begins here.
    fn code(&self) -> Option<usize> {
        let at_line = self.out.is_empty() || self.out.ends_with('\n');
        for (opening, closing) in [("<pre", "</pre>"), ("<code", "</code>")] {
            if self.rest.starts_with(opening) {
                return Some(self.rest.find(closing)? + closing.len());
            }
        }
        if self.kind == Kind::Html {
            return None;
        }
        if at_line {
            let line = self.rest.split('\n').next().unwrap_or_default();
            let bare = line.trim_start_matches([' ', '>']);
            if let Some(fence) = ['`', '~'].iter().find_map(|&mark| fence(bare, mark)) {
                return Some(fenced(self.rest, fence));
            }
            let is_indented = line.starts_with("    ") || line.starts_with('\t');
            let after_blank = self.out.is_empty() || self.out.ends_with("\n\n");
            if is_indented && after_blank {
                return Some(indented(self.rest));
            }
        }
        let ticks = self.rest.bytes().take_while(|&octet| octet == b'`').count();
        if ticks == 0 {
            return None;
        }
        // A span ends with as many ticks as it began with, within its paragraph.
        let paragraph = self.rest.split("\n\n").next().unwrap_or(self.rest);
        let mut at = ticks;
        while let Some(found) = paragraph.get(at..)?.find('`') {
            let run = paragraph.get(at + found..)?.bytes().take_while(|&o| o == b'`').count();
            at += found + run;
            if run == ticks {
                return Some(at);
            }
        }
        Some(ticks)
    }

    fn mark(&mut self, mark: &Mark<'t>) {
        let arguments = Arguments::read(mark.inside);
        if mark.is_value && !mark.is_call() {
            return self.value(mark, &arguments);
        }
        let mut name = arguments.name();
        let mut arguments = arguments;
        if name == "include" {
            // {% include youtube.html id="x" %} is Jekyll's way to write a shortcode.
            arguments.positional = arguments.positional.split_off(1);
            let file = arguments.name();
            name = file.rsplit('/').next().unwrap_or_default().replace(".html", "");
        }
        match name.as_str() {
            "raw" => self.verbatim("endraw"),
            "comment" => {
                self.inner("comment");
            }
            "highlight" | "codeblock" => self.highlight(&name, &arguments),
            "figure" | "image" | "image_with_class" | "img" | "picture" | "asset_img" => {
                self.picture(&arguments);
            }
            "ref" | "relref" | "post_url" | "link" => {
                let target = arguments.at(0).unwrap_or_default().replace(' ', "%20");
                self.out.push_str(&format!("@/{}", target.trim_start_matches('/')));
            }
            _ if name.starts_with('/') || name.starts_with("end") => {}
            _ => match film(&name, &arguments) {
                Some((address, label)) => {
                    self.out.push_str(&format!("<a href=\"{}\">{label}</a>", quoted(&address)));
                }
                None if arguments.shows_picture() => self.picture(&arguments),
                None => drop(self.left_out.insert(name)),
            },
        }
    }

    /// `{{ "/x" | url }}` is its text; the site's own address needs none; the rest is unknown.
    fn value(&mut self, mark: &Mark<'t>, arguments: &Arguments) {
        let inside = mark.inside;
        let name = arguments.name();
        match name.as_str() {
            _ if inside.starts_with(['"', '\'']) => self.out.push_str(&name),
            "site.baseurl" | "site.url" | "site.base_url" => {}
            "image" | "page.image" if !self.image.is_empty() => self.out.push_str(self.image),
            _ => drop(self.left_out.insert(name)),
        }
    }

    /// Copies everything up to the mark that ends it.
    fn verbatim(&mut self, end: &str) {
        let found = self.closing(|name| name == end);
        let (inner, length) = found.unwrap_or((self.rest.len(), 0));
        self.copy(inner);
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// Takes out what stands between a mark and the one that closes it.
    fn inner(&mut self, name: &str) -> Option<&'t str> {
        let closes = |end: &str| end == format!("end{name}") || end == format!("/{name}");
        let (inner, length) = self.closing(closes)?;
        let text = self.rest.get(..inner)?;
        self.rest = self.rest.get(inner + length..).unwrap_or_default();
        Some(text)
    }

    /// Where the first mark with such a name stands, and its length.
    fn closing(&self, is_end: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
        let places = self.rest.match_indices('{').map(|(at, _)| at);
        let mut marks = places
            .filter_map(|at| Some((at, Mark::read(self.rest.get(at..).unwrap_or_default())?)));
        marks.find_map(|(at, mark)| {
            let name = Arguments::read(mark.inside).name();
            (!mark.is_value && is_end(&name)).then_some((at, mark.whole.len()))
        })
    }

    fn highlight(&mut self, name: &str, arguments: &Arguments) {
        let language = arguments.at(0).unwrap_or_default();
        let Some(code) = self.inner(name) else { return };
        let code = code.trim_start_matches('\n').trim_end();
        if self.kind == Kind::Html {
            let code = code.replace('&', "&amp;").replace('<', "&lt;");
            self.out.push_str(&format!("<pre><code>{code}\n</code></pre>"));
        } else {
            let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(longest.max(2) + 1);
            self.out.push_str(&format!("\n{fence}{language}\n{code}\n{fence}\n"));
        }
    }

    /// A picture, in Markdown where a tag at the start of a line would end the Markdown.
    fn picture(&mut self, arguments: &Arguments) {
        let Some(source) = arguments.source() else { return };
        let alt = arguments.named(&["alt", "image_alt", "alt_text", "caption", "title"]);
        let last = arguments.positional.len().checked_sub(2).filter(|&last| last > 0);
        let alt = alt.or_else(|| last.and_then(|last| arguments.at(last))).unwrap_or_default();
        let paragraph = self.out.rsplit("\n\n").next().unwrap_or_default().trim_start();
        if self.kind == Kind::Markdown && !paragraph.starts_with('<') {
            let alt = alt.replace('[', "\\[").replace(']', "\\]");
            let source = source.replace('<', "%3C").replace('>', "%3E");
            self.out.push_str(&format!("![{alt}](<{source}>)"));
        } else {
            let (source, alt) = (quoted(source), quoted(alt));
            self.out.push_str(&format!("<img src=\"{source}\" alt=\"{alt}\">"));
        }
    }
}

/// The page of a film or post on another site, and what to call it.
fn film(name: &str, arguments: &Arguments) -> Option<(String, String)> {
    let id = arguments.named(&["id", "video", "videoid"]).or_else(|| arguments.at(0))?;
    let (address, site) = match name {
        "youtube" | "youtubeplayer" => ("https://www.youtube.com/watch?v=", "YouTube"),
        "vimeo" => ("https://vimeo.com/", "Vimeo"),
        "instagram" => ("https://www.instagram.com/p/", "Instagram"),
        "tweet" | "twitter" | "x" => ("https://twitter.com/i/status/", "Twitter"),
        "gist" => ("https://gist.github.com/", "GitHub"),
        _ => return None,
    };
    let own =
        if name == "gist" { arguments.at(1).map(|gist| format!("{id}/{gist}")) } else { None };
    let id = own.unwrap_or_else(|| id.to_owned());
    let address = if id.contains("://") { id } else { format!("{address}{id}") };
    let verb = if matches!(site, "YouTube" | "Vimeo") { "Watch" } else { "See it" };
    Some((address, format!("{verb} on {site}")))
}

fn quoted(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// The fence that opens here.
fn fence(line: &str, mark: char) -> Option<&str> {
    let bare = line.trim_start_matches(mark);
    let length = line.len() - bare.len();
    (length >= 3 && !(mark == '`' && bare.contains('`'))).then(|| line.get(..length))?
}

/// The length of a fenced block: to its closing fence or the end.
fn fenced(text: &str, fence: &str) -> usize {
    let mut length = 0;
    for (place, line) in text.split_inclusive('\n').enumerate() {
        length += line.len();
        let bare = line.trim_start_matches([' ', '>']).trim_end();
        let mark = fence.chars().next().unwrap_or('`');
        let closes = bare.len() >= fence.len() && bare.chars().all(|c| c == mark);
        if place > 0 && closes {
            break;
        }
    }
    length
}

/// The length of an indented block.
fn indented(text: &str) -> usize {
    let is_code =
        |line: &&str| line.starts_with("    ") || line.starts_with('\t') || line.trim().is_empty();
    text.split_inclusive('\n').take_while(is_code).map(str::len).sum()
}
