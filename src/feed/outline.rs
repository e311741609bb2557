//! The outline: which feeds a site has, and whose posts stand in each.
//!
//! There is one of the site, and one of each tag, author, section and language, as far as these
//! are wanted; none but the site's is empty. Tags are compared without regard to case and keep
//! the spelling of the oldest post that has them; each has one folder for ever, since a name that
//! comes later takes the next free one.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Site, entry};
use crate::domain::{post::Post, slug::slug};

/// What the posts of a feed have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All posts.
    #[serde(skip)]
    Site,
    /// A tag.
    Tag,
    /// An author.
    Author,
    /// The first folder of their files.
    Section,
    /// Their language.
    Language,
}

impl Kind {
    /// Those of which a site has many.
    pub const GROUPS: [Self; 4] = [Self::Tag, Self::Author, Self::Section, Self::Language];

    /// The folder above those of its feeds.
    const fn folder(self) -> &'static str {
        match self {
            Self::Site => "",
            Self::Tag => "tags",
            Self::Author => "authors",
            Self::Section => "sections",
            Self::Language => "languages",
        }
    }

    /// What a post has of this kind.
    fn names(self, post: &Post) -> Vec<&str> {
        match self {
            Self::Site => Vec::new(),
            Self::Tag => post.tags.iter().map(String::as_str).collect(),
            Self::Author => post.authors.iter().map(String::as_str).collect(),
            Self::Section => post.feed.section.iter().map(String::as_str).collect(),
            Self::Language => vec![post.language.as_str()],
        }
    }
}

/// A feed, in whatever format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// What its posts have in common.
    pub kind: Kind,
    /// The tag, author, section or language; empty for the site's.
    pub name: String,
    /// What readers call it.
    pub title: String,
    /// Below the site, ending with `/`; empty for the site's.
    pub folder: String,
    /// BCP 47.
    pub language: String,
    /// All its posts by their place in the catalog, newest first.
    pub posts: Vec<usize>,
}

/// All feeds of the site, its own first, those of one kind by folder.
pub(super) fn feeds(site: &Site<'_>, posts: &[Post]) -> Vec<Feed> {
    let mut taken: HashSet<&str> = posts.iter().map(|post| post.place.as_str()).collect();
    taken.insert("");
    let whole = Feed {
        kind: Kind::Site,
        name: String::new(),
        title: entry::line(site.title),
        folder: String::new(),
        language: entry::line(site.language),
        posts: (0..posts.len()).collect(),
    };
    let kinds = Kind::GROUPS.into_iter().filter(|kind| site.by.contains(kind));
    let groups = kinds.flat_map(|kind| groups(kind, site, posts, &taken));
    std::iter::once(whole).chain(groups).collect()
}

/// The feeds of one kind.
fn groups(kind: Kind, site: &Site<'_>, posts: &[Post], taken: &HashSet<&str>) -> Vec<Feed> {
    let mut found: Vec<(String, Vec<usize>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    // The same as they are written, most of them many times.
    let mut written: HashMap<&str, usize> = HashMap::new();
    // From the oldest on, so that a name that comes later changes none that was there.
    for (at, post) in posts.iter().enumerate().rev() {
        for name in kind.names(post) {
            let group = *written.entry(name).or_insert_with(|| {
                let name = entry::line(name);
                let mark = if kind == Kind::Author { name.clone() } else { name.to_lowercase() };
                *known.entry(mark).or_insert_with(|| {
                    found.push((name, Vec::new()));
                    found.len() - 1
                })
            });
            let Some((_, members)) = found.get_mut(group) else { continue };
            if members.last() != Some(&at) {
                members.push(at);
            }
        }
    }
    let mut folders = HashSet::new();
    let mut feeds: Vec<Feed> = found
        .into_iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, mut posts)| {
            posts.reverse();
            let folder =
                folder(kind, &name, |place| taken.contains(place) || folders.contains(place));
            folders.insert(folder.clone());
            feed(kind, site, (name, folder), posts)
        })
        .collect();
    feeds.sort_by(|a, b| a.folder.cmp(&b.folder));
    feeds
}

fn feed(kind: Kind, site: &Site<'_>, (name, folder): (String, String), posts: Vec<usize>) -> Feed {
    let title = entry::line(site.title);
    let is_language = kind == Kind::Language;
    Feed {
        kind,
        title: if is_language { format!("{title} ({name})") } else { format!("{title}: {name}") },
        language: entry::line(if is_language { &name } else { site.language }),
        folder: format!("{folder}/"),
        name,
        posts,
    }
}

/// The first free folder for that name.
fn folder(kind: Kind, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let slug = match slug(name) {
        slug if slug.is_empty() => {
            name.chars().map(|c| format!("u{:x}", u32::from(c))).take(8).collect::<String>()
        }
        slug => slug,
    };
    let first = format!("{}/{slug}", kind.folder());
    let others = (2..).map(|number: u32| format!("{first}-{number}"));
    let mut all = std::iter::once(first.clone()).chain(others);
    all.find(|folder| !is_taken(folder)).unwrap_or(first.clone())
}
