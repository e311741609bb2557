//! Relays in the configuration: `[mail.smtp]`, `[[mail.relays]]`, `[mail.limits]`, the canary.
//!
//! It promises at least one relay, sorted by priority, with names that differ and limits that
//! leave room for a letter. `[mail.limits]` holds for each relay without `limits` of its own.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::Duration,
};

use serde::Deserialize;

use super::{
    Error, Way,
    check::{Check, credential, is_name},
};
use crate::{
    domain::address::Address,
    outbox::{
        policy::{
            canary,
            pace::{self, Limits},
        },
        relay::is_loopback,
    },
};

/// The name of the relay of `[mail.smtp]`.
const ONLY: &str = "smtp";

/// How the way to the relay is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// TLS from the first octet (RFC 8314).
    #[default]
    Implicit,
    /// STARTTLS, required (RFC 3207).
    StartTls,
    /// None: loopback only.
    None,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRelay {
    name: Option<String>,
    host: String,
    port: u16,
    tls: TlsMode,
    hello: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    auth: Auth,
    connections: u32,
    priority: u32,
    weight: u32,
    limits: Option<RawLimits>,
}

impl Default for RawRelay {
    fn default() -> Self {
        Self {
            name: None,
            host: "127.0.0.1".to_owned(),
            port: 465,
            tls: TlsMode::Implicit,
            hello: None,
            user: None,
            password_file: None,
            auth: Auth::Password,
            connections: 4,
            priority: 1,
            weight: 1,
            limits: None,
        }
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    per_minute: Option<u32>,
    per_day: Option<u64>,
    per_domain_connections: Option<u32>,
    warm_up: Vec<u64>,
    domains: BTreeMap<String, RawDomain>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDomain {
    per_minute: Option<u32>,
    per_day: Option<u64>,
    connections: Option<u32>,
}

/// What proves to a relay who we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// A password.
    #[default]
    Password,
    /// An OAuth 2.0 access token, read anew for each run.
    XOAuth2,
}

/// How an SMTP server is spoken to.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: TlsMode,
    /// The name in EHLO.
    pub hello: String,
    /// User and the file of the password or token.
    pub login: Option<(String, PathBuf)>,
    /// What that file holds.
    pub auth: Auth,
    /// Connections open at once.
    pub connections: usize,
}

/// A relay: a server that takes letters, and how it may be used.
#[derive(Clone, Debug)]
pub struct Relay {
    /// What the operator calls it; no two have the same.
    pub name: String,
    /// How it is spoken to.
    pub smtp: Smtp,
    /// The smallest is used first.
    pub priority: u32,
    /// Its share among those of the same priority.
    pub weight: u32,
    /// How fast it may be fed.
    pub pace: pace::Settings,
}

/// Where a table of the configuration begins, so that errors name the right line.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) header: &'a str,
    /// For tables of which there are several.
    pub(super) nth: usize,
}

const SMTP: Table<'_> = Table { header: "[mail.smtp]", nth: 0 };
const LIMITS: Table<'_> = Table { header: "[mail.limits]", nth: 0 };

impl Check<'_> {
    /// All relays, by priority; where none is written, the defaults of `[mail.smtp]`.
    pub(super) fn relays(
        &self,
        smtp: Option<RawRelay>,
        others: Vec<RawRelay>,
        limits: &RawLimits,
        (way, hello): (Way, &str),
    ) -> Result<Vec<Relay>, Error> {
        let smtp = smtp.or_else(|| others.is_empty().then(RawRelay::default));
        let smtp = smtp.map(|raw| (SMTP, RawRelay { name: raw.name.or(Some(ONLY.into())), ..raw }));
        let others = others.into_iter().enumerate();
        let others = others.map(|(nth, raw)| (Table { header: "[[mail.relays]]", nth }, raw));
        let mut relays: Vec<Relay> = Vec::new();
        for (table, raw) in smtp.into_iter().chain(others) {
            let raw = RawRelay { hello: raw.hello.or(Some(hello.to_owned())), ..raw };
            let relay = self.relay(table, raw, limits, way)?;
            if relays.iter().any(|other| other.name == relay.name) {
                return Err(self.wrong_in(table, "name", "two relays have the same name"));
            }
            relays.push(relay);
        }
        relays.sort_by_key(|relay| relay.priority);
        Ok(relays)
    }

    fn relay(
        &self,
        table: Table<'_>,
        raw: RawRelay,
        common: &RawLimits,
        way: Way,
    ) -> Result<Relay, Error> {
        let name = raw.name.clone().unwrap_or_default();
        if !is_name(&name) {
            let why = "give each relay one, of lower-case letters, digits and hyphens";
            return Err(self.wrong_in(table, "name", why));
        }
        for (key, value) in [("priority", raw.priority), ("weight", raw.weight)] {
            if !(1..=1000).contains(&value) {
                return Err(self.wrong_in(table, key, "write a number from 1 to 1000"));
            }
        }
        let pace = match &raw.limits {
            Some(own) => self.pace(table, own, raw.connections)?,
            None => self.pace(LIMITS, common, raw.connections)?,
        };
        let (priority, weight) = (raw.priority, raw.weight);
        Ok(Relay { smtp: self.smtp(table, raw, (&name, way))?, name, priority, weight, pace })
    }

    fn smtp(
        &self,
        table: Table<'_>,
        raw: RawRelay,
        (name, way): (&str, Way),
    ) -> Result<Smtp, Error> {
        if !(1..=256).contains(&raw.connections) {
            return Err(self.wrong_in(table, "connections", "write a number from 1 to 256"));
        }
        if way == Way::Smtp && raw.tls == TlsMode::None && !is_loopback(&raw.host) {
            let why = "letters and passwords cross a network in clear only to loopback; write \
                       \"implicit\" or \"starttls\"";
            return Err(self.wrong_in(table, "tls", why));
        }
        let credential = || match name {
            ONLY => credential("smtp-password"),
            name => credential(&format!("smtp-password-{name}")),
        };
        let login = match (raw.user, raw.password_file) {
            (Some(user), Some(file)) => Some((user, self.root.join(file))),
            (Some(user), None) => Some((user, credential())),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(self.wrong_in(table, "password_file", "there is no user beside it"));
            }
        };
        Ok(Smtp {
            hello: raw.hello.unwrap_or_default(),
            host: raw.host,
            port: raw.port,
            tls: raw.tls,
            login,
            auth: raw.auth,
            connections: usize::try_from(raw.connections).unwrap_or(usize::MAX),
        })
    }

    fn pace(
        &self,
        table: Table<'_>,
        raw: &RawLimits,
        connections: u32,
    ) -> Result<pace::Settings, Error> {
        self.at_least_one(table, "per_domain_connections", raw.per_domain_connections)?;
        let is_rising = raw.warm_up.is_sorted() && raw.warm_up.first() != Some(&0);
        if !is_rising {
            let why = "write letters a day, none below the one before: [200, 400, 800]";
            return Err(self.wrong_in(table, "warm_up", why));
        }
        let mut domains = HashMap::new();
        for (domain, limits) in &raw.domains {
            let (domain, limits) = self.domain(table, domain, limits, connections)?;
            domains.insert(domain, limits);
        }
        Ok(pace::Settings {
            relay: self.limits(table, connections, (raw.per_minute, raw.per_day))?,
            per_domain: raw.per_domain_connections,
            domains,
            warm_up: raw.warm_up.clone(),
        })
    }

    fn domain(
        &self,
        table: Table<'_>,
        written: &str,
        raw: &RawDomain,
        connections: u32,
    ) -> Result<(String, Limits), Error> {
        let somebody = format!("somebody@{written}").parse::<Address>();
        let somebody = somebody.map_err(|_| {
            let why = format!("\"{written}\" is not the domain of a mail address");
            self.wrong_in(table, "domains", &why)
        })?;
        let header = format!("{}.domains.\"{written}\"]", table.header.trim_matches(['[', ']']));
        let header = format!("[{header}");
        let own = Table { header: &header, nth: 0 };
        self.at_least_one(own, "connections", raw.connections)?;
        let connections = raw.connections.unwrap_or(connections);
        let limits = self.limits(own, connections, (raw.per_minute, raw.per_day))?;
        Ok((somebody.domain().to_owned(), limits))
    }

    fn limits(
        &self,
        table: Table<'_>,
        connections: u32,
        (per_minute, per_day): (Option<u32>, Option<u64>),
    ) -> Result<Limits, Error> {
        self.at_least_one(table, "per_minute", per_minute)?;
        self.at_least_one(table, "per_day", per_day)?;
        Ok(Limits { connections, per_minute, per_day })
    }

    fn at_least_one<N: Into<u64>>(
        &self,
        table: Table<'_>,
        key: &str,
        value: Option<N>,
    ) -> Result<(), Error> {
        match value.map(Into::into) {
            Some(0) => {
                let why = "write a number from 1, or leave it out: then there is no limit";
                Err(self.wrong_in(table, key, why))
            }
            _ => Ok(()),
        }
    }

    /// The canary: letters, minutes, share.
    pub(super) fn canary(
        &self,
        letters: u64,
        minutes: u32,
        share: f64,
    ) -> Result<canary::Settings, Error> {
        if !(0.0..1.0).contains(&share) {
            return Err(self.wrong("canary_share", "write a number from 0 to below 1"));
        }
        let wait = Duration::from_secs(u64::from(minutes) * 60);
        Ok(canary::Settings { letters, wait, share })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::Config, *};

    const LEAST: &str = "[site]\ntitle = \"T\"\n[mail]\nfrom = \"a@b.example\"\n";

    fn read(more: &str) -> Result<Config, Error> {
        Config::parse(&format!("{LEAST}{more}"), Path::new("/r"))
    }

    #[test]
    fn one_relay_needs_no_name_and_has_no_limits() {
        let config = read("").unwrap();
        let [relay] = &config.relays[..] else { panic!("{:?}", config.relays) };
        assert_eq!((relay.name.as_str(), relay.smtp.connections), ("smtp", 4));
        assert_eq!(relay.pace, pace::Settings::unlimited(4));
        assert!(!relay.pace.counts_days());
        assert_eq!(config.canary.letters, 0);
    }

    #[test]
    fn relays_stand_in_the_order_of_their_priority() {
        let config = read(
            "[mail.smtp]\npriority = 2\n[[mail.relays]]\nname = \"big\"\nuser = \"u\"\n\
             [[mail.relays]]\nname = \"spare\"\npriority = 3\n\
             limits = { per_day = 9 }\n[mail.limits]\nper_minute = 60\nwarm_up = [5, 10]\n\
             [mail.limits.domains.\"Bücher.example\"]\nconnections = 1\n",
        )
        .unwrap();
        let names: Vec<_> = config.relays.iter().map(|relay| relay.name.as_str()).collect();
        assert_eq!(names, ["big", "smtp", "spare"]);
        let [big, _, spare] = &config.relays[..] else { panic!() };
        assert_eq!(big.pace.relay.per_minute, Some(60));
        assert_eq!(big.pace.domains["xn--bcher-kva.example"].connections, 1);
        assert_eq!((spare.pace.relay.per_minute, spare.pace.relay.per_day), (None, Some(9)));
        let (_, password) = big.smtp.login.clone().unwrap();
        assert!(password.ends_with("smtp-password-big"), "{password:?}");
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_the_line_of_its_own_table() {
        let relay = "[[mail.relays]]\nname = \"a\"\nweight = 1\n[[mail.relays]]\n";
        for (more, line, why) in [
            ("[mail.smtp]\nconnections = 0\n".to_owned(), 6, "from 1 to 256"),
            (format!("{relay}name = \"b\"\nweight = 0\n"), 10, "from 1 to 1000"),
            (format!("{relay}name = \"a\"\n"), 9, "two relays have the same name"),
            (format!("{relay}host = \"b\"\n"), 8, "give each relay one"),
            ("[mail.limits]\nper_day = 0\n".to_owned(), 6, "leave it out"),
            ("[mail.limits]\nwarm_up = [9, 5]\n".to_owned(), 6, "none below"),
            ("[mail.limits.domains.\"x y\"]\n".to_owned(), 1, "\"x y\" is not the domain"),
            (
                "[mail.limits]\nper_minute = 5\n[mail.limits.domains.\"x.example\"]\n\
                 per_minute = 0\n"
                    .to_owned(),
                8,
                "leave it out",
            ),
            ("[operator]\naddress = \"nobody\"\n".to_owned(), 6, "not a mail address"),
        ] {
            let error = read(&more).unwrap_err().to_string();
            let place = format!("config/postrider.toml:{line}: ");
            assert!(error.starts_with(&place) && error.contains(why), "{more}{error}");
        }
    }
}
