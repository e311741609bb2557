//! Marks: where one begins and ends, and what stands in it.
//!
//! Reading always moves on, whatever stands between the braces; what never closes is no mark.

use std::borrow::Cow;

/// A mark: `{{< name args >}}`, `{{% name args %}}`, `{% name args %}` or `{{ value }}`.
pub(super) struct Mark<'t> {
    pub(super) whole: &'t str,
    pub(super) inside: &'t str,
    pub(super) is_value: bool,
}

impl<'t> Mark<'t> {
    /// The mark at the start of `text`. One that is longer than a screen is none.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        const LONGEST: usize = 4000;
        let (opening, closing, is_value) =
            [("{{<", ">}}", false), ("{{%", "%}}", false), ("{%", "%}", false), ("{{", "}}", true)]
                .into_iter()
                .find(|(opening, ..)| text.starts_with(opening))?;
        let near = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end))?;
        let end = text.get(..near)?.find(closing).filter(|&end| end >= opening.len())?;
        let inside = text.get(opening.len()..end)?.trim_matches('-').trim();
        if inside.is_empty() || inside.starts_with("/*") || inside.contains("\n\n") {
            return None;
        }
        Some(Self { whole: text.get(..end + closing.len())?, inside, is_value })
    }

    /// Whether it is a shortcode in the words of Zola, whatever its braces.
    pub(super) fn is_call(&self) -> bool {
        matches!(called(self.inside), Cow::Owned(_))
    }
}

/// What stands in a mark, the name first.
pub(super) struct Arguments {
    pub(super) positional: Vec<String>,
    pub(super) named: Vec<(String, String)>,
}

impl Arguments {
    pub(super) fn read(inside: &str) -> Self {
        let mut arguments = Self { positional: Vec::new(), named: Vec::new() };
        let called = called(inside);
        let mut rest = called.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\''));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            if let Some(value) = after.strip_prefix('=').filter(|_| !word.is_empty()) {
                let (value, after) = value_of(value);
                arguments.named.push((word.to_lowercase(), value));
                rest = after;
            } else if word.is_empty() {
                let (value, after) = value_of(rest);
                arguments.positional.push(value);
                rest = after;
            } else {
                arguments.positional.push(word.trim_end_matches(',').to_owned());
                rest = after;
            }
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        }
        arguments
    }

    pub(super) fn name(&self) -> String {
        self.positional.first().cloned().unwrap_or_default()
    }

    /// The argument at a place behind the name.
    pub(super) fn at(&self, place: usize) -> Option<&str> {
        self.positional.get(place + 1).map(String::as_str)
    }

    /// The address of the picture that they show.
    pub(super) fn source(&self) -> Option<&str> {
        let named = self.named(&["src", "url", "path", "file", "image", "image_path", "link"]);
        let values = self.positional.iter().skip(1).chain(self.named.iter().map(|(_, v)| v));
        let by_ending = values.map(String::as_str).find(|value| is_picture(value));
        named.filter(|source| is_picture(source)).or(by_ending).or(named).or(self.at(0))
    }

    /// Whether one of them names a picture, whatever the mark is called.
    pub(super) fn shows_picture(&self) -> bool {
        self.source().is_some_and(is_picture)
    }

    pub(super) fn named(&self, names: &[&str]) -> Option<&str> {
        let named = |name: &&str| self.named.iter().find(|(key, _)| key == name);
        names.iter().find_map(named).map(|(_, value)| value.as_str())
    }
}

/// Zola calls its shortcodes: `name(key="value")` is `name key="value"`.
fn called(inside: &str) -> Cow<'_, str> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match inside.strip_suffix(')').and_then(|call| call.split_once('(')) {
        Some((name, arguments)) if is_name(name.trim_end()) => {
            Cow::Owned(format!("{name} {arguments}"))
        }
        _ => Cow::Borrowed(inside),
    }
}

/// The value at the start of `text`, without its quotes, and what follows.
fn value_of(text: &str) -> (String, &str) {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    if let Some(quote) = quote {
        let inside = text.get(1..).unwrap_or_default();
        return match inside.split_once(quote) {
            Some((value, after)) => (value.to_owned(), after),
            None => (inside.to_owned(), ""),
        };
    }
    // A lone `=` is skipped, so that reading always moves on.
    let text = text.trim_start_matches('=');
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    (value.to_owned(), after)
}

fn is_picture(address: &str) -> bool {
    let ending = address.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    ["png", "jpg", "jpeg", "gif", "webp", "avif", "svg"].contains(&ending.as_str())
}
