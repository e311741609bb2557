//! The configuration: `config/postrider.toml`, read once into checked values.
//!
//! It promises that every value was checked before anything is done, that an unknown key is
//! refused with file, line and the nearest known key, and that secrets come from files or
//! systemd credentials only and are never printed.
//!
//! It does not look at posts, templates or the ledger. Nobody below the doors reads it: each
//! consumer declares a small settings struct, which is filled from here.

mod check;
mod dkim;
mod feeds;
mod popularity;
mod raw;
mod related;
mod relays;
mod theme;
mod words;

use std::{
    collections::BTreeMap,
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    digest::theme::Theme,
    domain::{address::Address, subscriber::Cadence},
    feed::{Archives, Kind, Podcast},
    outbox::policy::canary,
    time::{Schedule, Zone},
};
use check::{Check, syntax};
pub use dkim::{Dkim, DkimKey};
pub use popularity::{Asked, Popularity};
pub use related::{OpenPlaces, Related};
pub use relays::{Auth, Relay, Smtp, TlsMode};

/// Where the configuration stands below the root.
pub const FILE: &str = "config/postrider.toml";

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error(
        "{path} is not there: name the site's folder (--root DIR), or make one: postrider new DIR"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// The file is there and cannot be read.
    #[error(
        "cannot read {path}: {why}; check its owner and permissions, and that it is UTF-8 text"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("{path}:{line}: {why}")]
    Syntax {
        /// The file.
        path: String,
        /// The line at fault, from 1.
        line: usize,
        /// What is wrong and what to write instead.
        why: String,
    },
    /// A value that cannot be right.
    #[error("{path}:{line}: {key}: {why}")]
    Value {
        /// The file.
        path: String,
        /// The line at fault, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong and what to write instead.
        why: String,
    },
}

/// A bucket for what is published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// `s3://NAME/PREFIX`.
    pub url: String,
    /// The service, where it is not Amazon's.
    pub endpoint: Option<String>,
}

/// How feeds are cut.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feeds {
    /// How many of the newest posts a feed carries.
    pub entries: usize,
    /// Summaries instead of full text.
    pub summary_only: bool,
    /// Of what there are feeds beside the site's.
    pub by: Vec<Kind>,
    /// Which feeds have archives of older posts.
    pub archives: Archives,
    /// Hubs that are told of changed feeds.
    pub hubs: Vec<String>,
    /// Former paths of feeds, and where each leads now.
    pub moved: BTreeMap<String, String>,
    /// Paths of feeds that are gone for good.
    pub removed: Vec<String>,
    /// What podcast players want to know, if posts are a podcast.
    pub podcast: Option<Podcast>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self {
            entries: 25,
            summary_only: false,
            by: Kind::GROUPS.into(),
            archives: Archives::Site,
            hubs: Vec::new(),
            moved: BTreeMap::new(),
            removed: Vec::new(),
            podcast: None,
        }
    }
}

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ledger {
    /// A file of SQLite's.
    File(PathBuf),
    /// A PostgreSQL server: its address without a password, and the file of the password.
    Server(String, Option<PathBuf>),
}

impl Ledger {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(..) => None,
        }
    }
}

/// What a new ledger mails of the posts that are already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstRun {
    /// Nothing.
    #[default]
    None,
    /// The newest post.
    Latest,
}

/// What is done about a letter of which nobody can say whether a server took it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uncertain {
    /// It waits for the operator.
    #[default]
    Hold,
    /// It is sent again, the same octets with the same Message-ID: some reader may get two.
    Resend,
    /// It is given up: some reader may get none.
    Drop,
}

/// How letters leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// As files.
    #[default]
    Eml,
    /// Over SMTP to a relay.
    Smtp,
}

/// A person or role with an address, as in From.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// May be empty.
    pub name: String,
    /// Checked.
    pub address: Address,
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "{}", self.address),
            name => write!(f, "{name} <{}>", self.address),
        }
    }
}

/// One newsletter and the rhythms it offers.
#[derive(Clone, Debug)]
pub struct Newsletter {
    /// Its name for ever.
    pub id: String,
    /// What readers see.
    pub name: String,
    /// A sentence at the foot of its letters, or empty.
    pub description: String,
    /// The language of its letters (BCP 47).
    pub language: String,
    /// Offered cadences; those but instant with their schedules.
    pub cadences: Vec<(Cadence, Option<Schedule>)>,
    /// It carries posts with one of these topics; `None`: all posts.
    pub topics: Option<BTreeSet<String>>,
    /// Whether each issue waits for the operator.
    pub approval: bool,
    /// The hours, from the first up to the second, in which no letter comes.
    pub quiet: Option<(u8, u8)>,
}

/// The checked configuration. Folders are absolute or below the root.
#[derive(Clone, Debug)]
pub struct Config {
    /// The site's title.
    pub title: String,
    /// One sentence, or empty.
    pub description: String,
    /// BCP 47.
    pub language: String,
    /// The site's zone.
    pub zone: Zone,
    /// Who writes where a post does not say.
    pub author: Option<String>,
    /// The posts.
    pub posts: PathBuf,
    /// The output folder.
    pub output: PathBuf,
    /// Templates of the operator's own.
    pub templates: PathBuf,
    /// Pattern of places.
    pub permalink: String,
    /// Hour of posts without a time.
    pub publish_hour: i8,
    /// The public address, ending in a slash; that of this machine while none is set.
    pub url: url::Url,
    /// Whether `web.public_url` is set, and not to a domain that is reserved for examples.
    pub is_public: bool,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Where what is published goes once more.
    pub bucket: Option<Bucket>,
    /// How feeds are cut.
    pub feeds: Feeds,
    /// How related posts are chosen.
    pub related: Related,
    /// How readers are counted.
    pub popularity: Popularity,
    /// Where the ledger is.
    pub ledger: Ledger,
    /// What is done about uncertain letters.
    pub uncertain: Uncertain,
    /// The sender.
    pub from: Mailbox,
    /// Where replies go.
    pub reply_to: Mailbox,
    /// The owner's postal address, or empty.
    pub postal_address: String,
    /// What letters look like.
    pub theme: Theme,
    /// A file of subscribers.
    pub subscribers: Option<PathBuf>,
    /// What a new ledger mails.
    pub first_run: FirstRun,
    /// How letters leave.
    pub way: Way,
    /// Where letters are written.
    pub outbox: PathBuf,
    /// How long a post may still be mailed after it appeared.
    pub eligible: Duration,
    /// The most letters that a reader gets on a day.
    pub ceiling: Option<u32>,
    /// How many posts may appear at once before their letters are held.
    pub guard_posts: usize,
    /// How many days before its appearance a post may be dated before its letters are held.
    pub guard_days: u32,
    /// The relays, those to be used first in front; at least one.
    pub relays: Vec<Relay>,
    /// How many letters of an issue go first.
    pub canary: canary::Settings,
    /// Who is written to when the operator is needed.
    pub operator: Option<Address>,
    /// How letters are signed, if they are.
    pub dkim: Option<Dkim>,
    /// The newsletters.
    pub newsletters: Vec<Newsletter>,
}

impl Config {
    /// Reads the configuration below `root`.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let path = path.display().to_string();
            match error.kind() {
                std::io::ErrorKind::NotFound => Error::Missing { path },
                _ => Error::Unreadable { path, why: error.to_string() },
            }
        })?;
        Self::parse(&text, root)
    }

    /// Connections open at once to the relay that is used first.
    pub fn connections(&self) -> usize {
        self.relays.first().map_or(1, |relay| relay.smtp.connections)
    }

    /// Lets the site answer at `address`: links lead there while no public address is set.
    pub fn listen_at(&mut self, address: SocketAddr) {
        if self.url.as_str() == format!("http://{}/", self.listen)
            && let Ok(url) = format!("http://{address}/").parse()
        {
            self.url = url;
        }
        self.listen = address;
    }

    /// Checks the text of a configuration for a site at `root`.
    pub fn parse(text: &str, root: &Path) -> Result<Self, Error> {
        let raw: raw::Raw = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        Check { text, root }.config(raw)
    }
}

#[cfg(test)]
mod tests;
