//! Rules: which post may stand under which, whatever the formulas say.
//!
//! What front matter says is settled here: pins come first, exclusions never come, hidden and
//! expired posts are not shown. So is what holds without being said: no post is shown under
//! itself, under a translation of itself, or before it is published. Names in front matter are
//! resolved by [`Post::is_called`]; one that means no post is passed over.
//!
//! Two posts are translations of each other when they differ in language and their files differ
//! in nothing but that: `boat.md` and `boat.sv.md`, or `en/boat.md` and `sv/boat.md`.

use std::{collections::HashMap, fmt};

use crate::{domain::post::Post, time::Timestamp};

/// Why a post may not stand under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is that post.
    Itself,
    /// It is that post in another language.
    Translation,
    /// Its front matter says `related: false`.
    Hidden,
    /// Its front matter says until when it is worth showing.
    Expired,
    /// It is published later.
    NotYet,
    /// The other post's front matter excludes it.
    Excluded,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itself => "it is the article itself",
            Self::Translation => "it is a translation of the article",
            Self::Hidden => "its front matter says related: false",
            Self::Expired => "it has expired",
            Self::NotYet => "it is published later",
            Self::Excluded => "the article's front matter excludes it",
        })
    }
}

/// What posts say of one another.
pub struct Rules {
    /// What front matter pins and excludes, by post; posts that say nothing are not in it.
    choices: HashMap<usize, Choice>,
    /// Of each post, the first one that its file differs from in language only.
    originals: Vec<usize>,
}

/// Pins and exclusions of one post, by place.
#[derive(Default)]
struct Choice {
    pins: Vec<usize>,
    excluded: Vec<usize>,
}

impl Rules {
    /// Reads the posts' front matter.
    pub fn new(posts: &[Post]) -> Self {
        let mut firsts: HashMap<String, usize> = HashMap::with_capacity(posts.len());
        let originals = posts
            .iter()
            .enumerate()
            .map(|(at, post)| *firsts.entry(original(post)).or_insert(at))
            .collect();
        Self { choices: choices(posts), originals }
    }

    /// What the front matter of `article` pins, in its order.
    pub fn pins(&self, article: usize) -> &[usize] {
        self.choices.get(&article).map_or(&[], |choice| &choice.pins)
    }

    /// Why `other` may not stand under `article` at `now`, if it may not.
    pub fn refusal(
        &self,
        posts: &[Post],
        article: usize,
        other: usize,
        now: Timestamp,
    ) -> Option<Refusal> {
        let (above, post) = posts.get(article).zip(posts.get(other))?;
        let original = |at: usize| self.originals.get(at);
        let is_excluded =
            || self.choices.get(&article).is_some_and(|choice| choice.excluded.contains(&other));
        if article == other {
            Some(Refusal::Itself)
        } else if original(article) == original(other) && above.language != post.language {
            Some(Refusal::Translation)
        } else if post.related.hidden {
            Some(Refusal::Hidden)
        } else if post.related.expires.is_some_and(|end| end <= now) {
            Some(Refusal::Expired)
        } else if post.published > now {
            Some(Refusal::NotYet)
        } else {
            is_excluded().then_some(Refusal::Excluded)
        }
    }
}

/// The path of a post's file without its ending and without its language.
fn original(post: &Post) -> String {
    let is_language = |part: &str| {
        let primary = post.language.split('-').next().unwrap_or_default();
        part.eq_ignore_ascii_case(&post.language) || part.eq_ignore_ascii_case(primary)
    };
    let path = post.path.rsplit_once('.').map_or(post.path.as_str(), |(stem, _)| stem);
    let path = path.rsplit_once('.').filter(|(_, tag)| is_language(tag)).map_or(path, |p| p.0);
    let below = path.split_once('/').filter(|(folder, _)| is_language(folder));
    below.map_or(path, |(_, rest)| rest).to_owned()
}

/// What the posts' front matter pins and excludes. Posts are looked up by the last part of their
/// names first, or each name would cost a pass.
fn choices(posts: &[Post]) -> HashMap<usize, Choice> {
    let speaks = |post: &Post| !(post.related.pins.is_empty() && post.related.excluded.is_empty());
    if !posts.iter().any(speaks) {
        return HashMap::new();
    }
    let mut shelves: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, post) in posts.iter().enumerate() {
        let mut names =
            [&post.key, post.id.as_str(), &post.url, &post.place, &post.path].map(last_part);
        names.sort_unstable();
        let mut before = None;
        for name in names {
            if before.replace(name) != Some(name) {
                shelves.entry(name).or_default().push(at);
            }
        }
    }
    let called = |name: &String| -> Vec<usize> {
        let shelf = shelves.get(last_part(name)).map_or(&[][..], Vec::as_slice);
        let is_called = |&&at: &&usize| posts.get(at).is_some_and(|post| post.is_called(name));
        shelf.iter().filter(is_called).copied().collect()
    };
    let choice = |post: &Post| Choice {
        pins: post.related.pins.iter().filter_map(|name| called(name).first().copied()).collect(),
        excluded: post.related.excluded.iter().flat_map(called).collect(),
    };
    let speaking = posts.iter().enumerate().filter(|(_, post)| speaks(post));
    speaking.map(|(at, post)| (at, choice(post))).collect()
}

/// The last part of a path or address, up to its first dot.
fn last_part(name: &str) -> &str {
    let name = name.trim().trim_end_matches('/');
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split('.').next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::tests::post;

    #[test]
    fn files_that_differ_in_language_only_are_translations() {
        let written = |path: &str, language: &str| Post {
            path: path.into(),
            language: language.into(),
            ..post(path, "")
        };
        let now = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").unwrap();
        for (one, other, expected) in [
            (("boat.md", "en"), ("boat.sv.md", "sv"), true),
            (("boat.md", "en"), ("boat.pt-br.md", "pt-BR"), true),
            (("en/boat.md", "en"), ("sv/boat.md", "sv"), true),
            (("boat.md", "en"), ("sv/boat.html", "sv"), true),
            (("notes/boat.md", "en"), ("trips/boat.md", "sv"), false),
            (("boat.md", "en"), ("bread.md", "sv"), false),
            (("boat.md", "en"), ("boat.html", "en"), false),
        ] {
            let posts = [written(one.0, one.1), written(other.0, other.1)];
            let refusal = Rules::new(&posts).refusal(&posts, 0, 1, now);
            assert_eq!(refusal == Some(Refusal::Translation), expected, "{one:?} {other:?}");
        }
    }
}
