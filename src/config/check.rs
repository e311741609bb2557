//! Checking: what was written becomes what is meant, or an error that names file, line and key.
//!
//! The line is found in the text, since a checked value no longer knows where it stood.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Config, Error, FILE, Ledger, Mailbox, Newsletter,
    raw::{Raw, RawLedger, RawNewsletter, RawSite},
    relays::Table,
    words,
};
use crate::{
    digest::LONGEST_ELIGIBLE_DAYS,
    domain::{address::is_reserved, choice::topic, issue::once_a_period, subscriber::Cadence},
    outbox::relay::is_loopback,
    store::location::Server,
    time::{Schedule, Zone},
};

/// Turns what was written into what is meant.
pub(super) struct Check<'a> {
    pub(super) text: &'a str,
    pub(super) root: &'a Path,
}

impl Check<'_> {
    pub(super) fn config(&self, raw: Raw) -> Result<Config, Error> {
        let zone: Zone = self.value("time_zone", raw.site.time_zone.parse())?;
        let hour = i8::try_from(raw.site.publish_hour).ok().filter(|hour| (0..24).contains(hour));
        let publish_hour = self.value("publish_hour", hour.ok_or("write an hour from 0 to 23"))?;
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
            listen,
            newsletters: self.newsletters(raw.newsletters, &raw.site, &zone)?,
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
            publish_hour,
            feeds: self.feeds(raw.feeds, &url)?,
            bucket: self.bucket(raw.bucket)?,
            related: self.related(raw.related)?,
            popularity: self.popularity(raw.popularity)?,
            ledger: self.ledger(raw.ledger)?,
            theme: self.theme(raw.mail.theme, &url)?,
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
            ceiling: raw.mail.letters_a_day.filter(|most| *most > 0),
            eligible: Duration::from_secs(u64::from(raw.mail.eligible_days) * 86_400),
            url,
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
        site: &RawSite,
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
            let name = one.name.clone().unwrap_or_else(|| site.title.clone());
            let topics = one.topics.iter().map(|tag| topic(tag)).collect::<BTreeSet<_>>();
            newsletters.push(Newsletter {
                cadences: self.cadences(&one, zone)?,
                topics: (!topics.is_empty()).then_some(topics),
                approval: one.approval,
                quiet: one.quiet_hours.as_deref().map(|text| self.quiet(text)).transpose()?,
                description: one.description.unwrap_or_default(),
                language: one.language.unwrap_or_else(|| site.language.clone()),
                id: one.id,
                name,
            });
        }
        Ok(newsletters)
    }

    /// `22-7`: from ten in the evening up to seven in the morning.
    fn quiet(&self, text: &str) -> Result<(u8, u8), Error> {
        let hour = |part: &str| part.trim().parse().ok().filter(|hour: &u8| *hour < 24);
        let hours = text.split_once('-').and_then(|(from, to)| Some((hour(from)?, hour(to)?)));
        hours.filter(|(from, to)| from != to).ok_or_else(|| {
            self.wrong(
                "quiet_hours",
                "write two hours, e.g. \"22-7\" for ten in the evening to seven",
            )
        })
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

    pub(super) fn mailbox(&self, key: &str, text: &str) -> Result<Mailbox, Error> {
        let (name, address) = match text.trim().strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        let name = self.line(key, name.to_owned())?;
        Ok(Mailbox { name, address: self.value(key, address.parse())? })
    }

    pub(super) fn line(&self, key: &str, text: String) -> Result<String, Error> {
        if text.chars().any(char::is_control) {
            return Err(self.wrong(key, "it must be one line without control characters"));
        }
        Ok(text)
    }

    pub(super) fn value<T, E: fmt::Display>(
        &self,
        key: &str,
        value: Result<T, E>,
    ) -> Result<T, Error> {
        value.map_err(|error| self.wrong(key, &error.to_string()))
    }

    /// The error about the first line that sets `key`.
    pub(super) fn wrong(&self, key: &str, why: &str) -> Error {
        self.wrong_after(None, key, why)
    }

    /// The error about the line that sets `key` in a table.
    pub(super) fn wrong_in(&self, table: Table<'_>, key: &str, why: &str) -> Error {
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
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

/// Where systemd puts a credential (`LoadCredential=`), else below `/run/credentials`.
pub(super) fn credential(name: &str) -> PathBuf {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    PathBuf::from(folder.unwrap_or_else(|| "/run/credentials".into())).join(name)
}

pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
    let why = words::ours(error.message(), text.lines().nth(line - 1).unwrap_or_default());
    Error::Syntax { path: FILE.to_owned(), line, why }
}
