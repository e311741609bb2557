//! Links: where an address in a post leads once the post stands in a feed or a letter.
//!
//! Every address that leaves here is absolute, percent-encoded once, and of a scheme that a
//! reader may follow. A link to the file of another post becomes that post's address; a picture
//! or download beside a post becomes its place under the public folder; everything else is
//! resolved against the post's own address (RFC 3986 section 5), never against the feed's.
//!
//! A link to a Markdown file that is no published post is kept, and told as broken; so is the
//! address of a picture or file that should lie beside the post and does not.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, OnceLock},
};

use url::Url;

use super::text::decoded;

/// Schemes that may stand in a post.
pub(super) const SCHEMES: [&str; 11] =
    ["http", "https", "mailto", "tel", "sms", "xmpp", "ftp", "geo", "magnet", "irc", "ircs"];

/// What there is to link to.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) base: Url,
    /// The addresses of all posts by their paths.
    pub(super) posts: Addresses,
    /// Paths of the files that were refused.
    pub(super) refused: HashSet<String>,
    /// The files that are published beside the posts, and how many octets each has.
    pub(super) files: BTreeMap<String, u64>,
}

/// The addresses of posts by the paths of their files. Many a site has no link from post to post,
/// so they are sorted when one is asked for.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pairs: Vec<(String, String)>,
    sorted: OnceLock<Vec<usize>>,
}

impl Addresses {
    fn get(&self, path: &str) -> Option<&String> {
        let own = |at: &usize| self.pairs.get(*at).map_or("", |(path, _)| path);
        let sorted = self.sorted.get_or_init(|| {
            let mut places: Vec<usize> = (0..self.pairs.len()).collect();
            places.sort_unstable_by(|one, other| own(one).cmp(own(other)));
            places
        });
        let found = sorted.binary_search_by(|at| own(at).cmp(path)).ok()?;
        self.pairs.get(*sorted.get(found)?).map(|(_, address)| address)
    }
}

impl FromIterator<(String, String)> for Addresses {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().collect(), sorted: OnceLock::new() }
    }
}

/// What an address leads to in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// No published post.
    Post,
    /// A post that was refused.
    Refused,
    /// A file that is not there.
    File,
}

impl Links {
    /// The address of the post in the file `path`, its ending left out or changed to `.html`.
    fn post(&self, path: &str) -> Option<&String> {
        let stem = path.strip_suffix(".html").unwrap_or(path);
        let endings = ["", ".md", ".markdown", ".html"];
        let exact = self.posts.get(path);
        exact.or_else(|| endings.iter().find_map(|end| self.posts.get(&format!("{stem}{end}"))))
    }
}

/// The address of `place` below `base`, each part of it encoded.
pub(super) fn below(base: &Url, place: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(place.split('/'));
    }
    url
}

/// Where a post stands, and what it links to in vain.
#[derive(Debug)]
pub(super) struct Here {
    links: Arc<Links>,
    folder: String,
    url: Url,
    broken: Mutex<BTreeMap<String, Broken>>,
}

impl Here {
    /// The post in the file `path`, to be published at `url`.
    pub(super) fn new(links: Arc<Links>, path: &str, url: Url) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        Self { links, folder, url, broken: Mutex::default() }
    }

    /// Addresses, as they are written, that lead nowhere.
    pub(super) fn broken(&self) -> BTreeMap<String, Broken> {
        self.broken.lock().map(|broken| broken.clone()).unwrap_or_default()
    }

    /// How many octets the file has that lies beside the post, or below the site, at `raw`.
    pub(super) fn size(&self, raw: &str) -> Option<u64> {
        let (path, _) = parted(raw.trim());
        let own = path.strip_prefix(self.links.base.as_str());
        let rooted = own.or_else(|| path.strip_prefix('/'));
        let path = rooted.map_or_else(|| self.beside(path), |rooted| joined("", rooted));
        self.links.files.get(&path).copied()
    }

    fn tell(&self, raw: &str, what: Broken) {
        if let Ok(mut broken) = self.broken.lock() {
            broken.entry(raw.to_owned()).or_insert(what);
        }
    }

    /// The address of the file that should lie beside the post.
    fn file(&self, raw: &str, (path, tail): (&str, &str)) -> String {
        let beside = self.beside(path);
        if !self.links.files.contains_key(&beside) {
            self.tell(raw, Broken::File);
        }
        format!("{}{tail}", below(&self.links.base, &beside))
    }

    /// The absolute address of a link; `None` when nobody may follow it.
    pub(super) fn link(&self, raw: &str) -> Option<String> {
        let raw = &*unmarked(raw.trim());
        if let Some(absolute) = absolute(raw) {
            return absolute.filter(|url| !url.starts_with("data:"));
        }
        let (path, tail) = parted(raw);
        if path.is_empty() {
            return self.url.join(raw).ok().map(String::from);
        }
        if let Some(url) = self.candidates(path).iter().find_map(|path| self.links.post(path)) {
            return Some(format!("{url}{tail}"));
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        let is_post = path.starts_with("@/") || matches!(ending.as_str(), "md" | "markdown");
        if is_post {
            let mut meant = self.candidates(path).into_iter();
            let is_refused = meant.any(|path| self.links.refused.contains(&path));
            self.tell(raw, if is_refused { Broken::Refused } else { Broken::Post });
        }
        let is_file =
            (2..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_file && !path.starts_with('/') && !matches!(ending.as_str(), "html" | "htm" | "php") {
            return Some(self.file(raw, (path, tail)));
        }
        self.url.join(raw).ok().map(String::from)
    }

    /// The absolute address of a picture, sound or film.
    pub(super) fn media(&self, raw: &str) -> Option<String> {
        let raw = &*unmarked(raw.trim());
        if let Some(absolute) = absolute(raw) {
            return absolute.filter(|url| url.starts_with("http") || url.starts_with("data:"));
        }
        let (path, tail) = parted(raw);
        match path {
            "" => None,
            _ if path.starts_with('/') => self.url.join(raw).ok().map(String::from),
            _ => Some(self.file(raw, (path, tail))),
        }
    }

    /// The candidates of `srcset` with absolute addresses.
    pub(super) fn set(&self, raw: &str) -> Option<String> {
        let mut rest = raw;
        let mut candidates = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (address, after) = rest.split_at(end);
            if address.is_empty() {
                break;
            }
            let bare = address.trim_end_matches(',');
            let (descriptor, after) = match after.split_once(',') {
                _ if bare.len() < address.len() => ("", after),
                Some((descriptor, after)) => (descriptor, after),
                None => (after, ""),
            };
            if let Some(url) = self.media(bare).filter(|url| url.starts_with("http")) {
                let candidate = format!("{} {}", url.replace(',', "%2C"), descriptor.trim());
                candidates.push(candidate.trim_end().to_owned());
            }
            rest = after;
        }
        (!candidates.is_empty()).then(|| candidates.join(", "))
    }

    /// Paths below the posts folder that a link may mean, likeliest first.
    fn candidates(&self, path: &str) -> Vec<String> {
        let rooted = path.strip_prefix("@/").or_else(|| path.strip_prefix('/'));
        let mut candidates = Vec::new();
        match rooted {
            None => {
                candidates.push(self.beside(path));
                // Obsidian and Jekyll name a post without its folder.
                candidates.push(joined("", path));
            }
            Some(rooted) => {
                let mut rest = joined("", rooted);
                while let Some((_, tail)) = rest.clone().split_once('/') {
                    candidates.push(std::mem::replace(&mut rest, tail.to_owned()));
                }
                let is_named = path.starts_with('@') || rest.ends_with(".md");
                candidates.extend(is_named.then_some(rest));
            }
        }
        candidates.retain(|path| !path.is_empty());
        candidates
    }

    /// The path below the posts folder of what lies beside the post.
    fn beside(&self, path: &str) -> String {
        joined(&self.folder, path)
    }
}

/// `path` from `folder` on, without dots, decoded. It never leaves the root.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let path = decoded(path);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Pelican's way to name a file: `{filename}/a.md` is `@/a.md`, `{static}b.png` is `b.png`.
fn unmarked(raw: &str) -> Cow<'_, str> {
    const MARKS: [&str; 4] = ["filename", "static", "attach", "photo"];
    if !raw.starts_with(['{', '%', '|']) {
        return Cow::Borrowed(raw);
    }
    let named = MARKS.iter().find_map(|mark| {
        let braced = [format!("{{{mark}}}"), format!("%7B{mark}%7D"), format!("|{mark}|")];
        braced.iter().find_map(|braced| raw.strip_prefix(braced.as_str()))
    });
    match named {
        Some(path) if path.starts_with('/') && path.ends_with("md") => {
            Cow::Owned(format!("@{path}"))
        }
        Some(path) => Cow::Borrowed(path),
        None => Cow::Borrowed(raw),
    }
}

/// The path of a relative address, and the query and fragment behind it.
fn parted(raw: &str) -> (&str, &str) {
    raw.split_at(raw.find(['?', '#']).unwrap_or(raw.len()))
}

/// An address that needs no base: as it is written for the web, or `Some(None)` when its scheme is
/// not for readers or it cannot be read. `None` for a relative address.
fn absolute(raw: &str) -> Option<Option<String>> {
    if raw.starts_with("//") {
        let url = Url::parse(&format!("https:{raw}"));
        return Some(url.ok().map(String::from));
    }
    match Url::parse(raw) {
        Ok(url) if url.scheme() == "data" => Some(is_picture(raw).then(|| raw.to_owned())),
        Ok(url) => Some(SCHEMES.contains(&url.scheme()).then(|| url.into())),
        Err(url::ParseError::RelativeUrlWithoutBase) => None,
        Err(_) => Some(None),
    }
}

/// Whether a `data:` address holds pixels and nothing that could act.
pub(super) fn is_picture(raw: &str) -> bool {
    let kinds = ["png", "jpeg", "jpg", "gif", "webp", "avif"];
    let is_kind = |kind: &&str| {
        raw.strip_prefix("data:image/")
            .and_then(|rest| rest.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with([';', ',']))
    };
    kinds.iter().any(is_kind)
}

#[cfg(test)]
mod tests;
