//! Paths: which post a request asks for, and whether it carries the mark of our own letters.
//!
//! A post is found by its path however it is written: percent-encoded or not, with a slash at the
//! end, without, or with `index.html`, below the path of the public address or not (a web server
//! in front may cut that off), and with any query.

use std::{borrow::Cow, collections::HashMap};

use memchr::memchr;
use percent_encoding::percent_decode;

use super::line::split;

/// The posts by their paths.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    posts: HashMap<Box<[u8]>, u32>,
    /// `name=value` that our letters put into addresses.
    mark: Vec<u8>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The post of that number; `marked`: by a link of our own letters.
    Post {
        /// Its place in the list of posts.
        post: u32,
        /// Whether the address carries our mark.
        marked: bool,
    },
    /// The file by which robots are told where they may go.
    RobotsTxt,
    /// A style sheet, a script or a font.
    Dress,
    /// Anything else.
    Other,
}

impl Paths {
    /// The posts at `addresses`, absolute or paths, below `base` (a path that ends with `/`). The
    /// letters put `mark` into addresses; empty: they do not.
    pub fn new<'a>(addresses: impl IntoIterator<Item = &'a str>, base: &str, mark: &str) -> Self {
        let mut posts = HashMap::new();
        for (number, address) in (0..).zip(addresses) {
            let path = path_of(address.as_bytes());
            let path = decoded(path);
            let whole = bare(&path);
            let below = base.trim_end_matches('/').as_bytes();
            if let Some(own) = whole.strip_prefix(below).filter(|own| !own.is_empty()) {
                posts.entry(own.into()).or_insert(number);
            }
            posts.insert(whole.into(), number);
        }
        Self { posts, mark: mark.as_bytes().to_vec() }
    }

    /// The post at an address or path, and whether that carries our mark.
    pub fn post(&self, address: &str) -> Option<(u32, bool)> {
        match self.asked(address.as_bytes()) {
            Asked::Post { post, marked } => Some((post, marked)),
            _ => None,
        }
    }

    /// What the request for `target` asks for.
    pub(super) fn asked(&self, target: &[u8]) -> Asked {
        let target = unescaped(target);
        let (path, query) = split(&target, b'?').unwrap_or((&target, &[]));
        let path = decoded(path_of(path));
        if let Some(&post) = self.posts.get(bare(&path)) {
            let marked = !self.mark.is_empty()
                && query.split(|c| matches!(c, b'&' | b'#')).any(|part| part == self.mark);
            return Asked::Post { post, marked };
        }
        match path.rsplit(|c| *c == b'.').next() {
            Some(b"txt") if *path == *b"/robots.txt" => Asked::RobotsTxt,
            Some(b"css" | b"js" | b"mjs" | b"woff" | b"woff2" | b"ttf") => Asked::Dress,
            _ => Asked::Other,
        }
    }
}

/// The path of an address that may be absolute, without query and fragment.
fn path_of(address: &[u8]) -> &[u8] {
    let address = ["https://", "http://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme.as_bytes()))
        .map_or(address, |rest| memchr(b'/', rest).and_then(|at| rest.get(at..)).unwrap_or(b"/"));
    let end = address.iter().position(|c| matches!(c, b'?' | b'#')).unwrap_or(address.len());
    address.get(..end).unwrap_or(address)
}

/// Without percent signs.
fn decoded(path: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', path).is_none() { Cow::Borrowed(path) } else { percent_decode(path).into() }
}

/// Without `index.html` and the last slash.
fn bare(path: &[u8]) -> &[u8] {
    let path = path.strip_suffix(b"/index.html").unwrap_or(path);
    path.strip_suffix(b"/").unwrap_or(path)
}

/// Without the escapes of JSON (`\/`, `\u0026`) and of nginx and Apache (`\x22`).
fn unescaped(target: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', target).is_none() {
        return Cow::Borrowed(target);
    }
    let mut plain = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some((before, after)) = split(rest, b'\\') {
        plain.extend_from_slice(before);
        let digits = match after.first() {
            Some(b'u') => 4,
            Some(b'x') => 2,
            _ => 0,
        };
        let code = after.get(1..1 + digits).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) if digits > 0 => {
                plain.push(octet);
                rest = after.get(1 + digits..).unwrap_or_default();
            }
            _ => {
                plain.extend(after.first());
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    plain.extend_from_slice(rest);
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_found_however_its_path_is_written() {
        let addresses = [
            "https://blog.example/b/first/",
            "https://blog.example/b/caf%C3%A9/",
            "/b/2026/x.html",
        ];
        let paths = Paths::new(addresses, "/b/", "from=letter");
        for (target, post, marked) in [
            ("/b/first/", 0, false),
            ("/b/first", 0, false),
            ("/b/first/index.html", 0, false),
            ("/first/", 0, false),
            ("/b/first/?utm=x", 0, false),
            ("/b/first/?a=b&from=letter", 0, true),
            (r"/b/first/?a=b\u0026from=letter", 0, true),
            (r"\/b\/first\/", 0, false),
            ("/b/first/?from=letters", 0, false),
            ("/b/first/#x", 0, false),
            ("/b/caf%c3%a9/", 1, false),
            ("/b/café", 1, false),
            (r"/b/caf\xC3\xA9/", 1, false),
            ("https://blog.example/b/first/", 0, false),
            ("/b/2026/x.html", 2, false),
        ] {
            assert_eq!(paths.asked(target.as_bytes()), Asked::Post { post, marked }, "{target}");
        }
    }

    #[test]
    fn what_is_no_post_is_told_apart() {
        let paths = Paths::new(["https://blog.example/first/"], "/", "");
        for (target, asked) in [
            ("/", Asked::Other),
            ("/first/x", Asked::Other),
            ("/firs", Asked::Other),
            ("*", Asked::Other),
            ("", Asked::Other),
            ("\\", Asked::Other),
            ("\\u00", Asked::Other),
            ("/%", Asked::Other),
            ("/robots.txt?x", Asked::RobotsTxt),
            ("/a/robots.txt", Asked::Other),
            ("/style.css?v=2", Asked::Dress),
            ("/a/b.woff2", Asked::Dress),
        ] {
            assert_eq!(paths.asked(target.as_bytes()), asked, "{target}");
        }
    }
}
