//! The catalog: from the files of a folder to the posts that are published.
//!
//! [`read`] takes every file with its text, what is known of earlier posts, and the instant; it
//! returns the [`Catalog`]. It promises that every file is accounted for (published, draft,
//! scheduled or refused with its line and reason), that a post keeps its identity through any
//! change an author makes, that one bad file harms no other, and that a post which can no longer
//! be read stays published as it was last read well. The same input gives the same catalog.
//!
//! It reads no disk (that is [`directory`]), no clock and no store, and it knows nothing of feeds
//! and letters. Nothing in it fails as a whole: a refusal is part of the result.
//!
//! One file a thought: `front_matter` and `fields` (what an author says of a post), `date`,
//! `page` (a file read), `reading` (all of them), `identity` and `likeness` (which known post it
//! is), `settle` (when, where, called what), `shortcodes`, `links`, `markdown` and `text` (what it
//! shows), `attached` (files that belong to it), `finish` (the post), `edit` (one of them again).

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use crate::{
    domain::post::{Post, PostId},
    time::{Timestamp, Zone},
};

mod attached;
mod date;
pub mod directory;
pub mod edit;
mod fields;
mod finish;
mod front_matter;
mod identity;
mod likeness;
mod links;
mod markdown;
mod page;
mod reading;
mod settle;
mod shortcodes;
#[cfg(test)]
mod tests;
mod text;

use front_matter::Fault;
use page::Page;
use reading::Reading;

/// How posts are read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The site's public address, ending in `/`.
    pub base: url::Url,
    /// BCP 47 tag of posts that name no other language.
    pub language: String,
    /// Whose wall clocks count for dates without a zone.
    pub zone: Zone,
    /// Who wrote posts that name no author.
    pub author: Option<String>,
    /// The hour of posts that have a date but no time.
    pub publish_hour: i8,
    /// The place of a post under the public folder, from `{slug}`, `{year}`, `{month}`, `{day}`.
    pub permalink: String,
    /// The host in newly minted `tag:` identities.
    pub id_host: String,
}

/// A file that may be a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Relative to the posts folder, `/` between folders.
    pub path: String,
    /// What it holds, or why it cannot be read.
    pub text: Result<Arc<str>, String>,
}

/// What the posts folder holds.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Files that may be posts.
    pub posts: Vec<Source>,
    /// The files that are published beside them, by path, with their sizes in octets.
    pub others: BTreeMap<String, u64>,
}

/// Why a file, or a part of it, was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Relative to the posts folder.
    pub path: String,
    /// Counted from 1, where one line is to blame.
    pub line: Option<usize>,
    /// One sentence.
    pub why: String,
}

impl Refusal {
    fn new(path: &str, fault: Fault) -> Self {
        Self { path: path.to_owned(), line: fault.line, why: fault.why }
    }

    /// Whether it is told when a post is new, and not again.
    pub fn is_told_once(&self) -> bool {
        self.why == settle::UNDATED
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "posts/{}:{line}: {}", self.path, self.why),
            None => write!(f, "posts/{}: {}", self.path, self.why),
        }
    }
}

/// All files of one reading.
#[derive(Debug, Default)]
pub struct Catalog {
    /// What is published, newest first, ties in the order of the paths.
    pub posts: Vec<Post>,
    /// Former places that posts name (`aliases`), each with the id of its post; none is a place
    /// that a post has now.
    pub aliases: Vec<(String, PostId)>,
    /// Paths of what its author holds back.
    pub drafts: Vec<String>,
    /// Paths of what is dated in the future, soonest first.
    pub scheduled: Vec<(String, Timestamp)>,
    /// What cannot be published, by path.
    pub refused: Vec<Refusal>,
    /// Paths of posts that stand as they were last read well, since their files were refused.
    pub stale: Vec<String>,
    /// What is known from now on of every published post that was read well.
    pub records: Vec<Record>,
    /// What was left out of posts that are published all the same.
    pub warnings: Vec<Refusal>,
    /// What was left out too but was told when the post was new; for `check`.
    pub reminders: Vec<Refusal>,
    /// What a first reading records beside `records`: refused files that were never read well,
    /// so that they belong to what was there from the beginning.
    pub unread: Vec<Record>,
    /// There is no file at all, though posts were published: the folder was lost.
    pub is_emptied: bool,
    /// How many files there are.
    pub files: usize,
    /// What is kept of each of `posts`, in their order, to read it again alone.
    pub filed: Vec<edit::Filed>,
    /// What is around them.
    pub around: edit::Around,
}

/// What was recorded of a post when it was last read well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its identity for ever.
    pub id: PostId,
    /// Its short name for ever.
    pub key: String,
    /// The file it came from, relative to the posts folder.
    pub path: String,
    /// The address it had.
    pub url: String,
    /// Hash of its body, by which a moved file is recognised.
    pub body_hash: String,
    /// Its title.
    pub title: String,
    /// When it was published.
    pub published: Timestamp,
    /// When the catalog first saw it published.
    pub first_seen: Timestamp,
    /// The file as it stood when it was last read well.
    pub source: Arc<str>,
}

/// A post as this reading leaves it, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is known from now on.
    pub known: Known,
    /// Never seen before.
    pub is_new: bool,
    /// Differs from what was recorded.
    pub changed: bool,
}

/// A page on its way to becoming a post.
#[derive(Debug)]
struct Entry {
    page: Page,
    /// The post that it is known to be.
    known: Option<Known>,
    /// It stands as it was last read well: its file was refused.
    is_stale: bool,
    published: Timestamp,
    place: String,
    key: String,
    id: Option<PostId>,
}

impl Entry {
    fn new(page: Page) -> Self {
        Self {
            page,
            known: None,
            is_stale: false,
            published: Timestamp::default(),
            place: String::new(),
            key: String::new(),
            id: None,
        }
    }
}

/// Lets what is known of a post that did not change share the text of its file.
pub fn sharing(files: &Files) -> impl Fn(&mut Known) {
    let texts = files.posts.iter().filter_map(|file| Some((&*file.path, file.text.as_ref().ok()?)));
    let texts: HashMap<&str, &Arc<str>> = texts.collect();
    move |one| {
        let same = texts.get(one.path.as_str()).filter(|text| ***text == one.source);
        one.source = same.map_or_else(|| one.source.clone(), |text| Arc::clone(text));
    }
}

/// Reads all files.
pub fn read(files: &Files, known: &[Known], settings: &Settings, now: Timestamp) -> Catalog {
    Reading::new(files, known, settings, now).catalog()
}

/// Reads all files as if no post were a draft: for a look at one.
pub fn read_drafts(files: &Files, known: &[Known], settings: &Settings, now: Timestamp) -> Catalog {
    Reading::new(files, known, settings, now).with_drafts().catalog()
}
