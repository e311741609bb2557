//! The site: a configuration made ready for work, with its templates and its senders.
//!
//! Built once a run from the files below the root. It holds what the steps need in the form in
//! which they ask for it, so that no step ever sees the configuration's own types.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{overrides, pictures};
use crate::{
    catalog,
    config::{self, Auth, Config, DkimKey, Smtp, TlsMode, Way},
    digest::{
        dkim::{self, Signer},
        message::Sender,
    },
    domain::recipe::Recipe,
    feed,
    outbox::{
        eligible::Guard,
        open::{Newsletter, Stationery},
        relay::{Deadlines, Login, Proof, Relay, Tls},
        relays::Outlet,
        transport::Transport,
    },
    site as web_pages,
    store::location::{Location, Server},
    template::{self, Templates},
    time::Timestamp,
};

/// Files written at once: enough that the ledger's syncs are shared by many.
const FILES_AT_ONCE: usize = 16;

/// A site that cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// A key of `[mail.dkim]` cannot be used.
    #[error(transparent)]
    Dkim(#[from] dkim::Error),
    /// A template, key or password file cannot be read.
    #[error("{0}")]
    File(String),
}

/// A configuration made ready for work.
pub struct Site {
    /// The root folder.
    pub root: PathBuf,
    /// The configuration.
    pub config: Config,
    /// The templates.
    pub templates: Templates,
    /// What signs letters, if the configuration names keys.
    pub signer: Option<Arc<Signer>>,
    /// What the operator may want to know of them.
    pub notes: Vec<String>,
    /// Where letters go instead of where the configuration says.
    instead: Option<Transport>,
}

impl Site {
    /// Reads configuration, templates and keys below `root`.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let config = Config::read(root)?;
        let overrides = overrides::read(&config.templates).map_err(Error::File)?;
        let templates = Templates::new(&overrides.texts)?;
        let signer = signer(root, &config)?.map(Arc::new);
        Ok(Self {
            root: root.to_owned(),
            config,
            templates,
            signer,
            notes: overrides.notes,
            instead: None,
        })
    }

    /// The same site, answering at `address`: while it has no public one, links lead there.
    pub fn listening_at(mut self, address: SocketAddr) -> Self {
        self.config.listen_at(address);
        self
    }

    /// The same site, whose letters go there and nowhere else.
    pub fn handing_to(mut self, transport: Transport) -> Self {
        self.instead = Some(transport);
        self
    }

    /// An instant by the site's clocks, as every message shows it.
    pub fn time(&self, at: Timestamp) -> String {
        at.format("%a %Y-%m-%d %H:%M %Z", &self.config.zone)
    }

    /// Where the ledger is, with the password if one is needed.
    pub fn location(&self) -> Result<Location, Error> {
        match &self.config.ledger {
            config::Ledger::File(path) => Ok(Location::File(path.clone())),
            config::Ledger::Server(url, file) => {
                let password = file.as_ref().map(|file| self.secret(file)).transpose()?;
                let server = Server::new(url, password.as_deref());
                server.map(Location::Server).map_err(|error| Error::File(error.to_string()))
            }
        }
    }

    fn secret(&self, file: &Path) -> Result<String, Error> {
        let read = std::fs::read_to_string(file);
        let text = read.map_err(|error| {
            let path = self.shown(file);
            Error::File(format!(
                "cannot read the ledger's password from {path}: {error}; name the file that holds \
                 it as password_file in [ledger]"
            ))
        })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Where the mark of the last run stands: beside a ledger in a file.
    pub fn mark(&self) -> PathBuf {
        match &self.config.ledger {
            config::Ledger::File(path) => path.with_extension("instance"),
            config::Ledger::Server(..) => self.root.join("var/ledger.instance"),
        }
    }

    /// The ledger as messages show it.
    pub fn ledger_shown(&self) -> String {
        match &self.config.ledger {
            config::Ledger::File(path) => self.shown(path),
            config::Ledger::Server(url, _) => url.clone(),
        }
    }

    /// A path as messages show it: relative to the root where it is below it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// How posts are read.
    pub fn catalog_settings(&self) -> catalog::Settings {
        catalog::Settings {
            base: self.config.url.clone(),
            language: self.config.language.clone(),
            zone: self.config.zone.clone(),
            author: self.config.author.clone(),
            publish_hour: self.config.publish_hour,
            permalink: self.config.permalink.clone(),
            id_host: self.config.from.address.domain().to_owned(),
        }
    }

    /// What all pages and feeds are made of beside posts: settings, templates, the program.
    pub fn look(&self) -> Recipe {
        let id = self.feed_id();
        let feeds = self.feeds(&id, Timestamp::default());
        let recipe = Recipe::of("site")
            .with(program())
            .with(format!("{:?}", self.described()))
            .with(format!("{feeds:?}"));
        let sources = self.templates.sources();
        sources.fold(recipe, |recipe, (name, text)| recipe.with(name).with(text))
    }

    /// The site as pages describe it.
    pub fn described(&self) -> web_pages::Site<'_> {
        web_pages::Site {
            title: &self.config.title,
            description: &self.config.description,
            language: &self.config.language,
            url: self.config.url.as_str(),
            author: self.config.author.as_deref(),
            zone: &self.config.zone,
            newsletter_note: !self.config.newsletters.is_empty(),
            beacon: self.config.popularity.beacon,
        }
    }

    /// The identity of the site's feeds (RFC 4151): it does not depend on the public address.
    pub fn feed_id(&self) -> String {
        format!("tag:{},2026:feed", self.config.from.address.domain())
    }

    /// The site as feeds describe it; `id` is [`Site::feed_id`].
    pub fn feeds<'a>(&'a self, id: &'a str, now: Timestamp) -> feed::Site<'a> {
        let config = &self.config;
        feed::Site {
            title: &config.title,
            description: &config.description,
            language: &config.language,
            home: config.url.as_str(),
            author: config.author.as_deref(),
            id,
            hubs: &config.feeds.hubs,
            entries: config.feeds.entries,
            summary_only: config.feeds.summary_only,
            by: &config.feeds.by,
            archives: config.feeds.archives,
            podcast: config.feeds.podcast.as_ref(),
            now,
        }
    }

    /// What letters have in common.
    pub fn stationery(&self) -> Stationery {
        Stationery {
            site: self.config.title.clone(),
            url: self.config.url.to_string(),
            author: self.config.author.clone().unwrap_or_default(),
            postal_address: self.config.postal_address.clone(),
            zone: self.config.zone.clone(),
            related: self.config.related.count,
            fill: self.config.related.fills(),
            rails: self.config.related.rails(),
            eligible: self.config.eligible,
            theme: self.config.theme.clone(),
            pictures: pictures::of(&self.config),
            mark: self.config.popularity.mark().to_owned(),
            ceiling: self.config.ceiling,
        }
    }

    /// What makes opening hold an issue back.
    pub fn guard(&self, adopted: Option<Timestamp>) -> Guard {
        Guard { posts: self.config.guard_posts, days: self.config.guard_days, adopted }
    }

    /// The newsletters with their senders.
    pub fn newsletters(&self) -> Vec<Newsletter> {
        let newsletters = self.config.newsletters.iter().map(|one| Newsletter {
            id: one.id.clone(),
            name: one.name.clone(),
            description: one.description.clone(),
            language: one.language.clone(),
            cadences: one.cadences.clone(),
            topics: one.topics.clone(),
            approval: one.approval,
            quiet: one.quiet,
            sender: self.sender(&one.id, &one.name),
        });
        newsletters.collect()
    }

    /// Who sends the newsletter of that id.
    pub fn sender(&self, id: &str, name: &str) -> Sender {
        let Config { from, reply_to, url, .. } = &self.config;
        Sender {
            from: (from.name.clone(), from.address.clone()),
            reply_to: (reply_to.name.clone(), reply_to.address.clone()),
            newsletter: id.to_owned(),
            name: name.to_owned(),
            url: url.to_string(),
            signer: self.signer.clone(),
        }
    }

    /// The ways out for letters: relays by priority, or a folder. Reads passwords, so it may fail.
    pub fn outlets(&self) -> Result<Vec<Outlet>, Error> {
        if let Some(transport) = &self.instead {
            return Ok(vec![Outlet::one(transport.clone(), FILES_AT_ONCE)]);
        }
        match self.config.way {
            Way::Eml => {
                let folder = Transport::Eml(self.config.outbox.clone());
                Ok(vec![Outlet::one(folder, FILES_AT_ONCE)])
            }
            Way::Smtp => self.config.relays.iter().map(outlet).collect(),
        }
    }
}

/// The program: by its version and, since it may be built anew, the time of its file.
fn program() -> String {
    let found = std::env::current_exe().and_then(|path| path.metadata());
    let stamp = found.ok().map(|found| (found.len(), found.modified().ok()));
    format!("{} {stamp:?}", env!("CARGO_PKG_VERSION"))
}

fn outlet(relay: &config::Relay) -> Result<Outlet, Error> {
    Ok(Outlet {
        name: relay.name.clone(),
        transport: transport_to(&relay.smtp)?,
        priority: relay.priority,
        weight: relay.weight,
        pace: relay.pace.clone(),
    })
}

/// The way to a relay.
fn transport_to(smtp: &Smtp) -> Result<Transport, Error> {
    let login = match &smtp.login {
        None => None,
        Some((user, file)) => {
            let secret = password(file)?;
            let proof = match smtp.auth {
                Auth::Password => Proof::Password(secret),
                Auth::XOAuth2 => Proof::Token(secret),
            };
            Some(Login { user: user.clone(), proof })
        }
    };
    let tls = match smtp.tls {
        TlsMode::Implicit => Tls::Implicit,
        TlsMode::StartTls => Tls::StartTls,
        TlsMode::None => Tls::None,
    };
    let (host, port, hello) = (smtp.host.clone(), smtp.port, smtp.hello.clone());
    let deadlines = Deadlines::default();
    Ok(Transport::Smtp(Relay { host, port, tls, login, hello, deadlines }))
}

fn password(file: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let file = file.display();
        Error::File(format!(
            "cannot read the relay's password from {file}: {error}; name the file that holds it as \
             password_file, beside user"
        ))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn signer(root: &Path, config: &Config) -> Result<Option<Signer>, Error> {
    let Some(dkim) = &config.dkim else { return Ok(None) };
    let read = |key: &DkimKey| {
        let shown = key.file.strip_prefix(root).unwrap_or(&key.file).display().to_string();
        let pem = std::fs::read(&key.file).map_err(|error| {
            let make = key.algorithm.make(&shown);
            Error::File(format!("cannot read the key {shown}: {error}; make one with: {make}"))
        })?;
        Ok(dkim::Key::read(key.algorithm, &key.selector, (&shown, &pem))?)
    };
    let keys = dkim.keys.iter().map(read).collect::<Result<_, Error>>()?;
    Ok(Some(Signer::new(&dkim.domain, keys)))
}
