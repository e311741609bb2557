//! Pages: a source file read, with everything that it says about itself.
//!
//! A [`Page`] knows its title, its written dates, its language and the place that it asks for
//! under the public folder. A place is safe by construction: parts of letters and digits or of a
//! checked permalink, never `..`, never the name of a file that the site itself writes.
//!
//! Identity, instants and the place it really gets depend on the other pages and on what is
//! known: `mod` settles them.

mod name;
mod pattern;

use std::{
    borrow::Cow,
    ops::{Deref, Range},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use url::Url;

use super::{
    Settings,
    date::{Day, Written},
    fields::{self, Front},
    front_matter::{Document, Fault, normal},
    links,
    markdown::{self, Kind},
    text,
};
use crate::domain::recipe;
use name::Name;

/// The text behind the front matter. It is a part of the file where nothing had to be changed in
/// it, so that a site is not held in memory twice.
#[derive(Debug)]
pub(super) struct Body {
    text: Arc<str>,
    place: Range<usize>,
}

impl Body {
    /// `body`, which is the end of `source` unless something was changed.
    fn of(body: &str, source: &Arc<str>) -> Self {
        let is_end = source.ends_with(body);
        let text = if is_end { source.clone() } else { Arc::from(body) };
        Self { place: text.len() - body.len()..text.len(), text }
    }
}

impl Deref for Body {
    type Target = str;

    fn deref(&self) -> &str {
        self.text.get(self.place.clone()).unwrap_or_default()
    }
}

/// A source file read.
#[derive(Debug)]
pub(super) struct Page {
    /// Relative to the posts folder.
    pub(super) path: String,
    /// The file as it stands.
    pub(super) source: Arc<str>,
    pub(super) front: Front,
    pub(super) body: Body,
    pub(super) body_line: usize,
    pub(super) kind: Kind,
    /// Plain text, never empty.
    pub(super) title: String,
    /// Hash of the body; `None` when it is empty and recognises nothing, as a draft's may be.
    pub(super) body_hash: Option<String>,
    /// The written date: of the front matter, else of the file name, else of the folders.
    pub(super) date: Option<Written>,
    /// Its own language, where it says one.
    pub(super) language: Option<String>,
    /// The first of its folders that is neither date nor language.
    pub(super) section: Option<String>,
    /// The folder of its translation, when the file name or folder tells a language.
    prefix: Option<String>,
    stem: String,
    /// The day that its file name or folders tell.
    named_day: Option<Day>,
    /// Where its slug or permalink stands.
    pub(super) address_line: Option<usize>,
    pub(super) warnings: Vec<Fault>,
}

impl Page {
    /// Reads a file. `source` is kept as it stands.
    pub(super) fn read(path: &str, source: &Arc<str>) -> Result<Self, Fault> {
        let mut warnings = Vec::new();
        let normal = normal(source);
        let clean = text::xml(&normal);
        warnings.extend(forbidden(&normal));
        let document = Document::read(&clean)?;
        warnings.extend(document.table.repaired.iter().cloned());
        let mut front = Front::read(&document.table, &mut warnings)?;
        front.take_tags(document.body);
        let name = Name::read(path);
        let title = title(&front, document.body, &name);
        if !front.is_draft && markdown::shows_nothing(document.body, name.kind, &title) {
            return Err(Fault::new(None, "it has no text yet; write some, or set draft: true"));
        }
        let language = front.language.as_deref().and_then(fields::language);
        if let (Some(written), None) = (&front.language, &language) {
            let why = format!("\"{written}\" is no language tag such as \"en\" or \"pt-BR\"");
            warnings.push(Fault::new(document.table.line_of("lang"), why));
        }
        let address = ["slug", "permalink", "url", "path"].iter();
        Ok(Self {
            address_line: address.filter_map(|key| document.table.line_of(key)).next(),
            path: path.to_owned(),
            source: source.clone(),
            date: front.date.or(name.day.map(Written::Day)),
            body: Body::of(document.body, source),
            body_line: document.body_line,
            body_hash: hash(document.body),
            kind: name.kind,
            title,
            language: language.or(name.language.clone()),
            section: name.section,
            prefix: name.language,
            stem: name.stem,
            named_day: name.day,
            front,
            warnings,
        })
    }

    /// The place that the page asks for. `day` is that of its publication.
    pub(super) fn place(&self, settings: &Settings, day: Day) -> Result<String, Fault> {
        let slug = self.slug()?;
        let place = match &self.front.permalink {
            Some(permalink) => {
                let own = own(permalink, &settings.base);
                let own = own.map_err(|fault| Fault { line: self.address_line, ..fault })?;
                pattern::expanded(&own, &self.marks(&slug, day))
            }
            None => {
                let place = pattern::expanded(&settings.permalink, &self.marks(&slug, day));
                let site = settings.language.split('-').next();
                match &self.prefix {
                    Some(prefix) if Some(prefix.as_str()) != site => format!("{prefix}/{place}"),
                    _ => place,
                }
            }
        };
        safe(&place).map_err(|fault| Fault { line: self.address_line, ..fault })
    }

    fn marks<'p>(&'p self, slug: &'p str, day: Day) -> pattern::Marks<'p> {
        pattern::Marks { slug, day, section: self.section.as_deref(), stem: &self.stem }
    }

    /// `place` with the day before the slug, for a page whose file name tells the day and which
    /// does not ask for an address itself: what comes every year by one name is no mistake.
    pub(super) fn dated_place(&self, place: &str) -> Option<String> {
        if self.front.permalink.is_some() || self.front.slug.is_some() {
            return None;
        }
        let (year, month, day) = self.named_day?;
        let (folder, slug) = place.rsplit_once('/').map_or(("", place), |(f, s)| (f, s));
        let slug = format!("{year:04}-{month:02}-{day:02}-{slug}");
        Some(if folder.is_empty() { slug } else { format!("{folder}/{slug}") })
    }

    /// The last part of its address, unless a permalink says otherwise.
    fn slug(&self) -> Result<String, Fault> {
        if let Some(written) = &self.front.slug {
            let slug = text::slug(written);
            if slug.is_empty() || written.trim_matches('/').contains(['/', '\\']) {
                let why = format!(
                    "the slug \"{written}\" must be one part of an address, such as \"a-post\""
                );
                return Err(Fault::new(self.address_line, why));
            }
            return Ok(slug);
        }
        let slug = text::slug(&self.stem);
        if slug.is_empty() { Ok(format!("post-{}", &short(&self.path))) } else { Ok(slug) }
    }

    /// The addresses that this page has or once had, as places.
    pub(super) fn former(&self, base: &Url) -> Vec<String> {
        self.front.aliases.iter().map(|alias| place_of(alias, base)).collect()
    }

    /// The line of the file on which a template mark of that name stands.
    pub(super) fn line_of_mark(&self, name: &str) -> Option<usize> {
        let is_mark = |line: &str| line.contains('{') && line.contains(name);
        self.body.lines().position(is_mark).map(|place| self.body_line + place)
    }

    /// The line of the file on which `found` stands: in the body, else in the front matter.
    pub(super) fn line_of(&self, found: &str) -> Option<usize> {
        let place = |text: &str| {
            let before = text.get(..text.find(found)?)?;
            Some(before.matches('\n').count())
        };
        let in_body = place(&self.body).map(|lines| self.body_line + lines);
        in_body.or_else(|| place(&self.source).map(|lines| 1 + lines))
    }
}

fn title(front: &Front, body: &str, name: &Name) -> String {
    let written = front.title.as_deref().map(markdown::plain).filter(|title| !title.is_empty());
    let title = written.or_else(|| markdown::heading(body, name.kind)).unwrap_or_else(|| {
        let words = name.stem.replace(['-', '_'], " ");
        let mut letters = words.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    });
    text::xml(&title).into_owned()
}

/// The first character that XML forbids, for all of them.
fn forbidden(text: &str) -> Option<Fault> {
    if matches!(text::xml(text), Cow::Borrowed(_)) {
        return None;
    }
    let (place, character) = text.char_indices().find(|&(_, c)| !text::is_xml(c))?;
    let count = text.chars().filter(|&c| !text::is_xml(c)).count();
    let line = 1 + text.get(..place).unwrap_or_default().matches('\n').count();
    let others = if count > 1 { format!(", {count} in all") } else { String::new() };
    let code = u32::from(character);
    let why = format!("the character U+{code:04X} may stand in no feed; it was left out{others}");
    Some(Fault::new(Some(line), why))
}

/// The hash of a body, whatever blank lines surround it.
fn hash(body: &str) -> Option<String> {
    let body = body.trim();
    (!body.is_empty()).then(|| hexadecimal(body))
}

fn hexadecimal(text: &str) -> String {
    recipe::hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn short(path: &str) -> String {
    hexadecimal(path).chars().take(8).collect()
}

/// A permalink as a path of this site, before its marks are replaced.
fn own(permalink: &str, base: &Url) -> Result<String, Fault> {
    if !permalink.contains("://") {
        return Ok(permalink.to_owned());
    }
    let rest = permalink.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    match rest {
        Some((host, _)) if base.host_str() == host.split(':').next() => {
            Ok(place_of(permalink, base))
        }
        _ => Err(Fault::new(
            None,
            format!(
                "the permalink \"{permalink}\" leads to another site; write a path such as \
                 \"/a-post/\""
            ),
        )),
    }
}

/// Files that the site itself writes to the public folder.
pub(super) const TAKEN: [&str; 9] = [
    "atom.xml",
    "feed.css",
    "feed.json",
    "feed.xml",
    "feeds",
    "feeds.opml",
    "rss.xml",
    "sitemap.xml",
    "style.css",
];

/// A place without a slash at either end, once each part of it is safe as a folder's name.
fn safe(place: &str) -> Result<String, Fault> {
    let refuse = |why: &str| {
        let why = format!("the address \"{place}\" {why}; write a permalink such as \"/a-post/\"");
        Err(Fault::new(None, why))
    };
    let decoded = text::decoded(place).nfc().collect::<String>();
    let bare = decoded.trim_matches('/');
    let bare = bare.strip_suffix("index.html").unwrap_or(bare);
    let bare = bare.strip_suffix(".html").or(bare.strip_suffix(".htm")).unwrap_or(bare);
    let parts: Vec<&str> = bare.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    let forbidden = |c: char| c.is_control() || "\\:*?\"<>|#%{}".contains(c) || !text::is_xml(c);
    if parts.iter().any(|part| part.starts_with('.')) {
        return refuse("has a part that begins with a dot");
    }
    if parts.iter().any(|part| part.contains(forbidden) || part.ends_with('.')) {
        return refuse("holds a character that file names cannot");
    }
    if parts.iter().any(|part| part.len() > 200) || parts.len() > 20 {
        return refuse("is too long");
    }
    let place = parts.join("/");
    if place.is_empty() {
        return refuse("is that of the front page");
    }
    if TAKEN.contains(&place.to_lowercase().as_str()) {
        return refuse("is that of a file that the site writes itself");
    }
    Ok(place)
}

/// Whether a page may stand at that place.
pub(super) fn is_safe(place: &str) -> bool {
    safe(place).is_ok_and(|safe| safe == place)
}

/// The place that an address of this site names, whatever the site's own address was then.
pub(super) fn place_of(address: &str, base: &Url) -> String {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => address,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let decoded = text::decoded(path.trim_matches('/')).nfc().collect::<String>();
    let prefix = text::decoded(base.path().trim_matches('/')).into_owned();
    let place =
        decoded.strip_prefix(&prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let place = place.unwrap_or(&decoded).trim_matches('/');
    let place = place.strip_suffix("index.html").unwrap_or(place).trim_matches('/');
    place.strip_suffix(".html").unwrap_or(place).to_lowercase()
}

/// The address of a place.
pub(super) fn address(base: &Url, place: &str) -> Url {
    let mut url = links::below(base, place);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push("");
    }
    url
}
