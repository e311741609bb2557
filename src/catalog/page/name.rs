//! What the path of a file tells: its slug, day, language and section.

use crate::catalog::{
    date::{self, Day, Written},
    fields,
    markdown::Kind,
};

/// What the name of a file tells.
pub(super) struct Name {
    pub(super) stem: String,
    pub(super) day: Option<Day>,
    pub(super) language: Option<String>,
    pub(super) section: Option<String>,
    pub(super) kind: Kind,
}

impl Name {
    pub(super) fn read(path: &str) -> Self {
        let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        let is_html = ending.eq_ignore_ascii_case("html") || ending.eq_ignore_ascii_case("htm");
        let kind = if is_html { Kind::Html } else { Kind::Markdown };
        let suffix = stem.rsplit_once('.').filter(|(_, tag)| is_language(tag));
        let stem = suffix.map_or(stem, |(stem, _)| stem);
        let folder = folders.split('/').next().filter(|folder| is_language(folder));
        let language = suffix.map(|(_, tag)| tag).or(folder).and_then(fields::language);
        // A post in a folder of its own, beside its pictures, is named by the folder.
        let own = folders.rsplit('/').next().unwrap_or_default();
        let is_bundle = stem == "index" && !own.is_empty();
        let above = if is_bundle { folders.rsplit_once('/').map_or("", |p| p.0) } else { folders };
        let stem = if is_bundle { own } else { stem };
        let named = date::of_name(stem);
        let (day, stem) = match named {
            Some((day, rest)) if !rest.is_empty() => (Some(day), rest),
            Some((day, _)) => (Some(day), stem),
            None => (day_of_folders(folders), stem),
        };
        Self { stem: stem.to_owned(), day, language, section: section(above), kind }
    }
}

/// The first folder that is neither a part of a date nor a language.
fn section(folders: &str) -> Option<String> {
    let is_date = |part: &str| part.bytes().all(|octet| octet.is_ascii_digit());
    let mut parts = folders.split('/').enumerate();
    let section = parts.find(|(at, part)| !(is_date(part) || *at == 0 && is_language(part)));
    section.map(|(_, part)| part.to_owned())
}

/// The day of folders such as `2011/08/` or `2011/08/24/`.
fn day_of_folders(folders: &str) -> Option<Day> {
    let parts: Vec<&str> = folders.split('/').collect();
    let number = |part: Option<&&str>, long: usize| {
        part.filter(|part| part.len() == long).and_then(|part| part.parse::<i16>().ok())
    };
    (0..parts.len()).find_map(|place| {
        let year = number(parts.get(place), 4)?;
        let month = number(parts.get(place + 1), 2)?;
        let day = number(parts.get(place + 2), 2).unwrap_or(1);
        match Written::read(&format!("{year:04}-{month:02}-{day:02}"))? {
            Written::Day(day) => Some(day),
            _ => None,
        }
    })
}

/// Whether a part of a path is a language: one of ISO 639-1 that blogs are written in, so that a
/// folder `ai/` or `go/` stays what it is.
fn is_language(part: &str) -> bool {
    const LANGUAGES: &str = "ar be bg bn ca cs da de el en eo es et eu fa fi fr ga gl he hi hr hu \
                             hy id is it ja ka ko lt lv mk ms nb ne nl nn no pl pt ro ru sk sl sq \
                             sr sv ta te th tr uk ur uz vi zh";
    let primary = part.split(['-', '_']).next().unwrap_or_default();
    let fits = part.len() == primary.len() || fields::language(part).is_some();
    fits && LANGUAGES.split_whitespace().any(|language| language == primary)
}
