//! The configuration: `config/postrider.toml`, read once into checked values.
//!
//! It promises that every value was checked before anything is done, that an unknown key is
//! refused with file, line and the nearest known key, and that secrets come from files or
//! systemd credentials only and are never printed.
//!
//! It does not look at posts, templates or the ledger. Nobody below the doors reads it: each
//! consumer declares a small settings struct, which is filled from here.

mod dkim;
mod relays;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    digest::LONGEST_ELIGIBLE_DAYS,
    domain::{
        address::{Address, is_reserved},
        issue::once_a_period,
        subscriber::Cadence,
    },
    outbox::policy::canary,
    store::location::Server,
    time::{Schedule, Zone},
};
use dkim::RawDkim;
pub use dkim::{Dkim, DkimKey};
pub use relays::{Auth, Relay, Smtp, TlsMode};
use relays::{RawLimits, RawRelay, Table};

/// Where the configuration stands below the root.
pub const FILE: &str = "config/postrider.toml";

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there or cannot be read.
    #[error("cannot read {path}: {why}; `postrider new DIR` makes a site with one")]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    site: RawSite,
    #[serde(default)]
    web: RawWeb,
    #[serde(default)]
    feeds: Feeds,
    #[serde(default)]
    related: Related,
    #[serde(default)]
    ledger: RawLedger,
    mail: RawMail,
    #[serde(default)]
    operator: RawOperator,
    #[serde(default)]
    newsletters: Vec<RawNewsletter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSite {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default = "english")]
    language: String,
    #[serde(default = "utc")]
    time_zone: String,
    author: Option<String>,
    #[serde(default = "posts")]
    posts: PathBuf,
    #[serde(default = "public")]
    output: PathBuf,
    #[serde(default = "templates")]
    templates: PathBuf,
    #[serde(default = "slug")]
    permalink: String,
    #[serde(default = "nine")]
    publish_hour: i8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawWeb {
    public_url: Option<String>,
    listen: String,
}

impl Default for RawWeb {
    fn default() -> Self {
        Self { public_url: None, listen: "127.0.0.1:8025".to_owned() }
    }
}

/// How feeds are cut.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feeds {
    /// How many of the newest posts a feed carries.
    pub entries: usize,
    /// Summaries instead of full text.
    pub summary_only: bool,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { entries: 25, summary_only: false }
    }
}

/// How related posts are chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Related {
    /// How many are shown.
    pub count: usize,
    /// How much popularity may lift one: 0 to 1.
    pub popularity: f64,
}

impl Default for Related {
    fn default() -> Self {
        Self { count: 3, popularity: 0.3 }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLedger {
    path: Option<PathBuf>,
    url: Option<String>,
    password_file: Option<PathBuf>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMail {
    from: String,
    reply_to: Option<String>,
    #[serde(default)]
    postal_address: String,
    subscribers: Option<PathBuf>,
    #[serde(default)]
    first_run: FirstRun,
    #[serde(default)]
    transport: Way,
    #[serde(default)]
    uncertain: Uncertain,
    #[serde(default = "outbox")]
    outbox: PathBuf,
    #[serde(default = "thirty")]
    eligible_days: u32,
    #[serde(default = "five")]
    guard_posts: usize,
    #[serde(default = "thirty")]
    guard_days: u32,
    #[serde(default)]
    canary: u64,
    #[serde(default = "ten")]
    canary_wait: u32,
    #[serde(default = "twentieth")]
    canary_share: f64,
    smtp: Option<RawRelay>,
    #[serde(default)]
    relays: Vec<RawRelay>,
    #[serde(default)]
    limits: RawLimits,
    dkim: Option<RawDkim>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawOperator {
    address: Option<String>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNewsletter {
    id: String,
    name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    instant: bool,
    daily: Option<String>,
    weekly: Option<String>,
    monthly: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}
fn utc() -> String {
    "UTC".to_owned()
}
fn posts() -> PathBuf {
    "posts".into()
}
fn public() -> PathBuf {
    "public".into()
}
fn templates() -> PathBuf {
    "templates".into()
}
fn slug() -> String {
    "{slug}".to_owned()
}
fn outbox() -> PathBuf {
    "var/outbox".into()
}
const fn nine() -> i8 {
    9
}
const fn five() -> usize {
    5
}
const fn thirty() -> u32 {
    30
}
const fn ten() -> u32 {
    10
}
const fn twentieth() -> f64 {
    0.05
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
    /// Offered cadences; those but instant with their schedules.
    pub cadences: Vec<(Cadence, Option<Schedule>)>,
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
    /// How feeds are cut.
    pub feeds: Feeds,
    /// How related posts are chosen.
    pub related: Related,
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
        let text = std::fs::read_to_string(&path).map_err(|error| Error::Unreadable {
            path: path.display().to_string(),
            why: error.to_string(),
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
        let raw: Raw = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        Check { text, root }.config(raw)
    }
}

/// Turns what was written into what is meant.
struct Check<'a> {
    text: &'a str,
    root: &'a Path,
}

impl Check<'_> {
    fn config(&self, raw: Raw) -> Result<Config, Error> {
        let zone: Zone = self.value("time_zone", raw.site.time_zone.parse())?;
        if !(0..24).contains(&raw.site.publish_hour) {
            return Err(self.wrong("publish_hour", "write an hour from 0 to 23"));
        }
        if !(0.0..=1.0).contains(&raw.related.popularity) {
            return Err(self.wrong("popularity", "write a number from 0 to 1"));
        }
        if raw.feeds.entries == 0 {
            return Err(self.wrong("entries", "a feed carries at least one post"));
        }
        if raw.mail.eligible_days > LONGEST_ELIGIBLE_DAYS {
            let why = format!("write at most {LONGEST_ELIGIBLE_DAYS} days");
            return Err(self.wrong("eligible_days", &why));
        }
        let listen: SocketAddr = self.value(
            "listen",
            raw.web.listen.parse().map_err(|_| "write address:port, e.g. 127.0.0.1:8025"),
        )?;
        let from = self.mailbox("from", &raw.mail.from)?;
        let reply_to = match &raw.mail.reply_to {
            Some(text) => self.mailbox("reply_to", text)?,
            None => from.clone(),
        };
        let dkim = raw.mail.dkim.map(|raw| self.dkim(raw, &from.address)).transpose()?;
        let url = self.url(raw.web.public_url.as_deref(), listen)?;
        Ok(Config {
            dkim,
            is_public: raw.web.public_url.is_some()
                && !is_reserved(url.host_str().unwrap_or_default()),
            url,
            listen,
            newsletters: self.newsletters(raw.newsletters, &raw.site.title, &zone)?,
            relays: self.relays(
                raw.mail.smtp,
                raw.mail.relays,
                &raw.mail.limits,
                (raw.mail.transport, from.address.domain()),
            )?,
            canary: self.canary(raw.mail.canary, raw.mail.canary_wait, raw.mail.canary_share)?,
            operator: match raw.operator.address {
                Some(text) => Some(self.mailbox("address", &text)?.address),
                None => None,
            },
            title: self.line("title", raw.site.title)?,
            description: raw.site.description,
            language: raw.site.language,
            zone,
            author: raw.site.author,
            posts: self.root.join(raw.site.posts),
            output: self.root.join(raw.site.output),
            templates: self.root.join(raw.site.templates),
            permalink: raw.site.permalink,
            publish_hour: raw.site.publish_hour,
            feeds: raw.feeds,
            related: raw.related,
            ledger: self.ledger(raw.ledger)?,
            uncertain: raw.mail.uncertain,
            from,
            reply_to,
            postal_address: raw.mail.postal_address,
            subscribers: raw.mail.subscribers.map(|path| self.root.join(path)),
            first_run: raw.mail.first_run,
            way: raw.mail.transport,
            outbox: self.root.join(raw.mail.outbox),
            guard_posts: raw.mail.guard_posts,
            guard_days: raw.mail.guard_days,
            eligible: Duration::from_secs(u64::from(raw.mail.eligible_days) * 86_400),
        })
    }

    /// The public address, else that of this machine.
    fn url(&self, public: Option<&str>, listen: SocketAddr) -> Result<url::Url, Error> {
        let Some(public) = public else {
            return self.value("listen", format!("http://{listen}/").parse());
        };
        let text = if public.ends_with('/') { public.to_owned() } else { format!("{public}/") };
        let why = "write an address like https://blog.example/";
        let url: url::Url = self.value("public_url", text.parse().map_err(|_| why))?;
        let host = url.host_str().unwrap_or_default();
        let why = if is_loopback(host) {
            "it leads to this machine only; leave it out until the site has an address of its own"
        } else if url.scheme() != "https" {
            "unsubscribe links need https (RFC 8058); put a web server with TLS in front of serve"
        } else if !url.username().is_empty() || url.password().is_some() {
            "a name or password has no place in an address that everybody sees"
        } else if url.query().is_some() || url.fragment().is_some() {
            why
        } else {
            return Ok(url);
        };
        Err(self.wrong("public_url", why))
    }

    fn ledger(&self, raw: RawLedger) -> Result<Ledger, Error> {
        let path = raw.path.map(|path| self.root.join(path));
        let Some(url) = raw.url else {
            if raw.password_file.is_some() {
                return Err(self.wrong("password_file", "there is no ledger.url beside it"));
            }
            let file = path.unwrap_or_else(|| self.root.join("var/postrider.db"));
            return Ok(Ledger::File(file));
        };
        if path.is_some() {
            return Err(self.wrong("url", "the ledger is in a file or on a server: leave one out"));
        }
        if Server::has_password(&url) {
            let why = "a password does not stand here: write it into a file of its own and name \
                       that as password_file";
            return Err(self.wrong("url", why));
        }
        self.value("url", Server::new(&url, None))?;
        let credential = Some(credential("ledger-password")).filter(|path| path.exists());
        let password = raw.password_file.map(|path| self.root.join(path));
        Ok(Ledger::Server(url, password.or(credential)))
    }

    fn newsletters(
        &self,
        raw: Vec<RawNewsletter>,
        title: &str,
        zone: &Zone,
    ) -> Result<Vec<Newsletter>, Error> {
        let mut newsletters: Vec<Newsletter> = Vec::new();
        for one in raw {
            if !is_name(&one.id) {
                return Err(self.wrong("id", "use lower-case letters, digits and hyphens"));
            }
            if newsletters.iter().any(|other| other.id == one.id) {
                return Err(self.wrong("id", "two newsletters have the same id"));
            }
            let name = one.name.clone().unwrap_or_else(|| title.to_owned());
            newsletters.push(Newsletter {
                cadences: self.cadences(&one, zone)?,
                description: one.description.unwrap_or_default(),
                id: one.id,
                name,
            });
        }
        Ok(newsletters)
    }

    fn cadences(
        &self,
        raw: &RawNewsletter,
        zone: &Zone,
    ) -> Result<Vec<(Cadence, Option<Schedule>)>, Error> {
        let mut offered = Vec::new();
        if raw.instant {
            offered.push((Cadence::Instant, None));
        }
        let planned = [
            (Cadence::Daily, &raw.daily),
            (Cadence::Weekly, &raw.weekly),
            (Cadence::Monthly, &raw.monthly),
        ];
        for (cadence, text) in planned {
            if let Some(text) = text {
                let schedule = Schedule::new(text, zone.clone());
                let schedule = self.value(cadence.as_str(), schedule)?;
                self.value(cadence.as_str(), once_a_period(cadence, &schedule))?;
                offered.push((cadence, Some(schedule)));
            }
        }
        if offered.is_empty() {
            let why =
                format!("newsletter \"{}\" offers no cadence; add e.g. instant = true", raw.id);
            return Err(self.wrong("id", &why));
        }
        Ok(offered)
    }

    fn mailbox(&self, key: &str, text: &str) -> Result<Mailbox, Error> {
        let (name, address) = match text.trim().strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        let name = self.line(key, name.to_owned())?;
        Ok(Mailbox { name, address: self.value(key, address.parse())? })
    }

    fn line(&self, key: &str, text: String) -> Result<String, Error> {
        if text.chars().any(char::is_control) {
            return Err(self.wrong(key, "it must be one line without control characters"));
        }
        Ok(text)
    }

    fn value<T, E: fmt::Display>(&self, key: &str, value: Result<T, E>) -> Result<T, Error> {
        value.map_err(|error| self.wrong(key, &error.to_string()))
    }

    /// The error about the first line that sets `key`.
    fn wrong(&self, key: &str, why: &str) -> Error {
        self.wrong_after(None, key, why)
    }

    /// The error about the line that sets `key` in a table.
    fn wrong_in(&self, table: Table<'_>, key: &str, why: &str) -> Error {
        let lines = self.text.lines().enumerate();
        let mut headers = lines.filter(|(_, line)| line.trim() == table.header);
        self.wrong_after(headers.nth(table.nth).map(|(index, _)| index), key, why)
    }

    /// The first line after `header` that sets `key`, up to the next table; else the header.
    fn wrong_after(&self, header: Option<usize>, key: &str, why: &str) -> Error {
        let sets = |line: &str| {
            line.trim_start().strip_prefix(key).is_some_and(|l| l.trim_start().starts_with('='))
        };
        let mut lines = self.text.lines().enumerate().skip(header.map_or(0, |index| index + 1));
        let line = lines
            .by_ref()
            .take_while(|(_, line)| header.is_none() || !line.starts_with('['))
            .find(|(_, line)| sets(line))
            .map(|(index, _)| index)
            .or(header)
            .map_or(1, |index| index + 1);
        Error::Value { path: FILE.to_owned(), line, key: key.to_owned(), why: why.to_owned() }
    }
}

/// Whether `text` may name a newsletter or a relay.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

/// Whether a host is this machine by its very name.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Where systemd puts a credential (`LoadCredential=`), else below `/run/credentials`.
fn credential(name: &str) -> PathBuf {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    PathBuf::from(folder.unwrap_or_else(|| "/run/credentials".into())).join(name)
}

fn syntax(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
    let why = error.message().trim().replace('\n', " ");
    Error::Syntax { path: FILE.to_owned(), line, why: nearest(&why).unwrap_or(why) }
}

/// For serde's "unknown field" the same in our words, with the nearest known key.
fn nearest(why: &str) -> Option<String> {
    let rest = why.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let best = known
        .map(|key| (strsim::jaro_winkler(key, unknown), key))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)?;
    Some(format!("there is no key \"{unknown}\" here; did you mean \"{best}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../config/postrider.toml");

    fn refused(from: &str, to: &str) -> String {
        assert!(SAMPLE.contains(from), "{from}");
        Config::parse(&SAMPLE.replacen(from, to, 1), Path::new("/r")).unwrap_err().to_string()
    }

    #[test]
    fn the_sample_configuration_is_read() {
        let config = Config::parse(SAMPLE, Path::new("/r")).unwrap();
        assert_eq!(config.title, "Salt & Solder");
        assert_eq!(config.url.as_str(), "http://127.0.0.1:8025/");
        assert_eq!(config.from.to_string(), "Mara Lindqvist <letters@salt-and-solder.example>");
        assert_eq!(config.newsletters[0].cadences.len(), 2);
        assert!(!config.is_public);
    }

    #[test]
    fn what_is_left_out_takes_the_value_that_the_sample_shows() {
        let least = "[site]\ntitle = \"T\"\n[mail]\nfrom = \"a@b.example\"\n";
        let (least, full) = (
            Config::parse(least, Path::new("/r")).unwrap(),
            Config::parse(SAMPLE, Path::new("/r")).unwrap(),
        );
        assert_eq!(least.first_run, FirstRun::None);
        assert_eq!(least.eligible, full.eligible);
        assert_eq!((least.guard_posts, least.guard_days), (full.guard_posts, full.guard_days));
        assert_eq!(least.output, full.output);
        assert_eq!(least.feeds.entries, full.feeds.entries);
        assert_eq!(least.relays[0].smtp.port, full.relays[0].smtp.port);
        assert_eq!((least.canary, least.operator), (full.canary, full.operator));
        assert_eq!(least.listen, full.listen);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
        let error = refused("description = \"Repair", "descripton = \"Repair");
        assert_eq!(
            error,
            "config/postrider.toml:10: there is no key \"descripton\" here; did you mean \
             \"description\"?"
        );
    }

    #[test]
    fn a_value_that_cannot_be_right_is_refused_with_its_line() {
        for (from, to, why) in [
            ("Europe/Stockholm", "Mars/Olympus", "no time zone \"Mars/Olympus\""),
            ("0 9 * * MON", "0 9 * *", "five fields"),
            ("0 9 * * MON", "0 9 * * MON,THU", "fires twice"),
            ("eligible_days = 30", "eligible_days = 4000", "at most 3650"),
            ("letters@salt", "letters salt", "not a mail address"),
            ("publish_hour = 9", "publish_hour = 24", "0 to 23"),
            ("id = \"letters\"", "id = \"Letters\"", "lower-case"),
            ("title = \"Salt & Solder\"", "title = 3", "string"),
        ] {
            let error = refused(from, to);
            let line = SAMPLE.lines().position(|line| line.contains(from)).unwrap() + 1;
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with(&format!("config/postrider.toml:{line}:")), "{error}");
        }
    }

    #[test]
    fn a_ledger_is_in_a_file_or_on_a_server_and_no_password_stands_here() {
        let with = |lines: &str| {
            let text = SAMPLE.replace("path = \"var/postrider.db\"", lines);
            Config::parse(&text, Path::new("/r")).map_err(|error| error.to_string())
        };
        let url = "url = \"postgres://ann@db.example/letters\"";
        let read = with(&format!("{url}\npassword_file = \"config/pw\"")).unwrap();
        let server = Ledger::Server(
            "postgres://ann@db.example/letters".to_owned(),
            Some("/r/config/pw".into()),
        );
        assert_eq!(read.ledger, server);
        assert_eq!(with("").unwrap().ledger, Ledger::File("/r/var/postrider.db".into()));
        for (lines, why) in [
            ("url = \"postgres://ann:geheim@db.example/letters\"", "password_file"),
            ("url = \"mysql://ann@db.example/letters\"", "postgres://postrider@db.example"),
            (&format!("{url}\npath = \"var/x.db\""), "leave one out"),
            ("password_file = \"config/pw\"", "no ledger.url"),
        ] {
            let error = with(lines).unwrap_err();
            assert!(error.contains(why) && !error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn an_address_that_leads_readers_nowhere_is_refused() {
        let unset = "# public_url = \"https://salt-and-solder.example/\"";
        let set = |url: &str| format!("public_url = \"{url}\"");
        for (url, why) in [
            ("http://127.0.0.1:8025", "this machine only"),
            ("https://localhost/", "this machine only"),
            ("https://[::1]/", "this machine only"),
            ("http://blog.mara.se/", "need https"),
            ("https://mara:secret@blog.mara.se/", "no place"),
            ("https://blog.mara.se/?a=b", "write an address"),
            ("blog.mara.se", "write an address"),
        ] {
            let error = refused(unset, &set(url));
            assert!(error.contains("public_url: ") && error.contains(why), "{url}: {error}");
        }
        for (url, is_public) in
            [("https://blog.mara.se/notes", true), ("https://blog.example/", false)]
        {
            let config = Config::parse(&SAMPLE.replacen(unset, &set(url), 1), Path::new("/r"));
            let config = config.unwrap();
            assert_eq!((config.is_public, config.url.path().ends_with('/')), (is_public, true));
        }
    }

    #[test]
    fn links_follow_the_listening_address_until_there_is_a_public_one() {
        let mut config = Config::parse(SAMPLE, Path::new("/r")).unwrap();
        config.listen_at("127.0.0.1:9000".parse().unwrap());
        assert_eq!(config.url.as_str(), "http://127.0.0.1:9000/");
    }

    #[test]
    fn no_letter_crosses_a_network_in_clear() {
        let text = SAMPLE
            .replace("transport = \"eml\"", "transport = \"smtp\"")
            .replace("tls = \"implicit\"", "tls = \"none\"");
        assert!(Config::parse(&text, Path::new("/r")).is_ok(), "loopback may");
        let text = text.replace("host = \"127.0.0.1\"", "host = \"mail.example\"");
        let error = Config::parse(&text, Path::new("/r")).unwrap_err().to_string();
        assert!(error.contains("only to loopback"), "{error}");
    }
}
