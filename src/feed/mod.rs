//! Feeds: posts as Atom 1.0, RSS 2.0 and JSON Feed 1.1, for the site and for each tag, author,
//! section and language in it.
//!
//! The same entries stand in all three formats, in the same order, under the same identities. The
//! bytes depend on the posts and the site alone, so that building twice changes nothing, and a
//! post that was not edited reads as it did before. No character that XML forbids gets through,
//! no mail address that nobody configured, no relative address; validators find neither error nor
//! warning. Every post is reached from the site's feed through its archives.
//!
//! An entry is serialised once a format, however many documents carry it: a document is a head,
//! the entries' texts, and a foot.
//!
//! It does not sanitise bodies or write files: `catalog` has cleaned the HTML, `publish` puts the
//! bytes in place. [`Error`] is a serialiser's refusal; no post is known to cause one.
//!
//! One file a thought: `outline` (which feeds there are), `volumes` (what is in front, what in
//! archives), `entry` (a post as every format sees it), `atom`, `rss`, `json`, `opml` (how each
//! is written), `finish` (what the serialising crates cannot say).
//!
//! Standards: RFC 4287 (Atom), RFC 4685 (its threads), RFC 5005 (paging and archives), the RSS
//! 2.0 specification and the RSS Best Practices Profile of the RSS Advisory Board, Media RSS 1.5,
//! JSON Feed 1.1, OPML 2.0, WebSub (discovery).

mod atom;
mod entry;
mod finish;
mod json;
mod opml;
mod outline;
mod rss;
mod set;
mod volumes;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use entry::length;
pub use outline::{Feed, Kind};
pub use set::{Bodies, Document, Set};

use serde::Deserialize;

use crate::time::Timestamp;

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4287.
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them, the most capable first.
    pub const ALL: [Self; 3] = [Self::Atom, Self::Rss, Self::Json];

    /// The name of its files, which follows the folder of the feed.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Atom => "feed.xml",
            Self::Rss => "rss.xml",
            Self::Json => "feed.json",
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml",
            Self::Rss => "application/rss+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Atom => "Atom",
            Self::Rss => "RSS",
            Self::Json => "JSON Feed",
        }
    }
}

/// The list of all feeds.
pub const OPML: &str = "feeds.opml";

/// The style sheet by which a browser shows a feed.
pub const STYLE: &str = "feed.css";

/// Who writes the feeds. Without a version: an upgrade must not change a feed.
const GENERATOR: &str = "Postrider";

/// What the feeds of a site say, whatever the format.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The site's title, plain text.
    pub title: &'a str,
    /// What the site is about, plain text; the title stands in for an empty one.
    pub description: &'a str,
    /// BCP 47 tag of the site's language.
    pub language: &'a str,
    /// The site's address, ending with `/`.
    pub home: &'a str,
    /// Whose site it is.
    pub author: Option<&'a str>,
    /// Identity of the site's feed: a `tag:` URI (RFC 4151) that outlives the site's address.
    pub id: &'a str,
    /// Hubs that are told of changes (WebSub).
    pub hubs: &'a [String],
    /// How many posts a feed carries at most, its archives aside.
    pub entries: usize,
    /// Summaries instead of full text, where a post does not say.
    pub summary_only: bool,
    /// Of what there are feeds beside the site's.
    pub by: &'a [Kind],
    /// Which feeds have archives of older posts.
    pub archives: Archives,
    /// What podcast players want to know, if posts are to be a podcast.
    pub podcast: Option<&'a Podcast>,
    /// The present instant: posts that have expired by then are in archives only.
    pub now: Timestamp,
}

/// Which feeds have archives of older posts (RFC 5005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Wanted")]
pub enum Archives {
    /// None.
    None,
    /// The site's own, through which every post is reached.
    Site,
    /// Each, which multiplies what is written by what posts have tags and authors.
    All,
}

/// The same as it is written: `false`, `true` or `"all"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wanted {
    Flag(bool),
    Word(String),
}

impl TryFrom<Wanted> for Archives {
    type Error = String;

    fn try_from(wanted: Wanted) -> Result<Self, String> {
        match wanted {
            Wanted::Flag(false) => Ok(Self::None),
            Wanted::Flag(true) => Ok(Self::Site),
            Wanted::Word(word) if word == "all" => Ok(Self::All),
            Wanted::Word(word) => Err(format!("\"{word}\" is none of true, false and \"all\"")),
        }
    }
}

/// What podcast directories ask of a channel. All of it is written as soon as a post has audio.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Podcast {
    /// One of Apple's categories (`Leisure`).
    pub category: String,
    /// Who answers for it.
    pub owner: String,
    /// Where directories reach the owner: it will be public.
    pub email: String,
    /// The cover, an absolute address.
    pub image: String,
    /// Whether it holds strong language.
    #[serde(rename = "explicit", default)]
    pub is_explicit: bool,
}

impl Site<'_> {
    /// The description on one line; RSS 2.0 wants one, so the title stands in.
    fn description(&self) -> String {
        match entry::line(self.description) {
            description if description.is_empty() => entry::line(self.title),
            description => description,
        }
    }

    /// The address of `path` below the site.
    fn address(&self, path: &str) -> String {
        const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'.')
            .remove(b'_')
            .remove(b'~')
            .remove(b'/');
        let path = percent_encoding::utf8_percent_encode(path, &KEPT);
        format!("{}{path}", entry::line(self.home))
    }
}

/// Which part of a feed's history a document holds (RFC 5005).
#[derive(Clone, Debug, PartialEq, Eq)]
enum History {
    /// The newest; of the rest nothing is said.
    Newest,
    /// All there is (section 2).
    Complete,
    /// The newest, and the folder of the archive before them (section 4).
    Front(String),
    /// An archive (section 4).
    Archive {
        /// The folder of the archive before it.
        older: Option<String>,
        /// The folder of what follows it: for the newest archive that of the feed itself, since
        /// validators want each to lead somewhere.
        newer: String,
        /// The folder of the feed.
        current: String,
    },
}

/// What stands at the head of a document.
struct Head<'a> {
    site: &'a Site<'a>,
    title: String,
    language: String,
    /// The feed's identity, which its archives share.
    id: String,
    /// The HTML page that shows the same.
    page: String,
    /// Below the site, ending with `/` unless empty.
    folder: &'a str,
    /// When the newest of its entries changed; `None`: there is none.
    updated: Option<Timestamp>,
    history: &'a History,
    /// Prefixes of the modules that its entries use.
    modules: Vec<&'static str>,
    /// Whether podcast players find something in it.
    is_podcast: bool,
}

impl Head<'_> {
    /// The address of this document.
    fn own(&self, format: Format) -> String {
        self.at(self.folder, format)
    }

    /// The address of the document of that folder.
    fn at(&self, folder: &str, format: Format) -> String {
        self.site.address(&format!("{folder}{}", format.file()))
    }

    /// The hubs that are told of changes. An archive does not change.
    const fn hubs(&self) -> &[String] {
        match self.history {
            History::Archive { .. } => &[],
            _ => self.site.hubs,
        }
    }

    /// When it changed last. A feed without entries has nothing to go by, and asking the clock
    /// would make each build another feed.
    fn updated(&self) -> Timestamp {
        const NEVER: Timestamp = Timestamp::from_micros(946_684_800_000_000); // 2000-01-01
        self.updated.unwrap_or(NEVER)
    }

    /// The links to the rest of the history, by relation.
    fn history(&self, format: Format) -> Vec<(&'static str, String)> {
        let at = |folder: &str| self.at(folder, format);
        match self.history {
            History::Newest | History::Complete => Vec::new(),
            History::Front(older) => vec![("prev-archive", at(older))],
            History::Archive { older, newer, current } => {
                let older = older.as_ref().map(|older| ("prev-archive", at(older)));
                let rest = [("next-archive", at(newer)), ("current", at(current))];
                older.into_iter().chain(rest).collect()
            }
        }
    }

    /// The element of RFC 5005 that marks the document, without its prefix.
    const fn mark(&self) -> Option<&'static str> {
        match self.history {
            History::Complete => Some("complete"),
            History::Archive { .. } => Some("archive"),
            History::Newest | History::Front(_) => None,
        }
    }

    /// The way to the style sheet, relative to this document.
    fn style(&self) -> String {
        format!("{}{STYLE}", "../".repeat(self.folder.matches('/').count()))
    }
}

/// The text of one entry in one format.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    /// Prefixes of the modules in use.
    modules: Vec<&'static str>,
}

/// The modules by prefix.
const MODULES: [(&str, &str); 8] = [
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("fh", "http://purl.org/syndication/history/1.0"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("media", "http://search.yahoo.com/mrss/"),
    ("slash", "http://purl.org/rss/1.0/modules/slash/"),
    ("thr", "http://purl.org/syndication/thread/1.0"),
    ("wfw", "http://wellformedweb.org/CommentAPI/"),
];

/// Declarations for the modules in use, and for no others.
fn namespaces(used: &[&'static str]) -> std::collections::BTreeMap<String, String> {
    let modules = MODULES.iter().filter(|(prefix, _)| used.contains(prefix));
    modules.map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect()
}

/// A feed that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The RSS serialiser refused.
    #[error("cannot write RSS: {0}")]
    Rss(#[from] ::rss::Error),
    /// The Atom serialiser refused.
    #[error("cannot write Atom: {0}")]
    Atom(#[from] atom_syndication::Error),
    /// The JSON serialiser refused.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// What a serialiser wrote is not well-formed XML.
    #[error("what was serialised is not well-formed XML ({0})")]
    Malformed(#[from] quick_xml::Error),
    /// An entry could not be written, so that none of its documents can.
    #[error("{0}")]
    Entry(String),
    /// What a serialiser wrote has not the parts that it should have.
    #[error("what was serialised has no \"{0}\"")]
    Shape(&'static str),
}
