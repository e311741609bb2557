//! The service: one run from posts to letters, and the same run for ever.
//!
//! [`run`] is what cron calls and what `serve` repeats: read posts, publish, open what is due,
//! send what waits, report. Each step records before the next begins, so that a run which is cut
//! off anywhere is continued by the next one.
//!
//! A step that fails is a trouble in the [`Summary`], and the rest goes on where it safely can:
//! without readable posts nothing is published, without published pages no new issue is opened,
//! and what was opened before is sent all the same. Only a ledger that cannot be used ends a run
//! early: [`Error`].

pub mod alarm;
pub mod daemon;
mod ledger;
pub mod lock;
mod pages;
pub mod readers;
pub mod signals;
pub mod site;
pub mod summary;
mod turn;
pub mod worker;

use std::{collections::HashMap, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};

use crate::{
    catalog::{self, Catalog, directory},
    config::FirstRun,
    digest::{message::Recipient, render::Letter},
    domain::{delivery::DeliveryState, token::Key},
    outbox::{
        attempt::Envelope,
        open::{Newsletter, Printer},
        transport::{Outgoing, Transport},
        watch::Watch,
        worker::{self as desk, Desk, Letters, Unmade},
    },
    rank::Index,
    store::{self, Ledger, Store, deliveries::Leased},
    time::{self, Clock, Timestamp},
};
use pages::Press;
use site::Site;
use summary::Summary;
use turn::Turn;

/// A run that could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The configuration: where the ledger is.
    #[error(transparent)]
    Site(#[from] site::Error),
    /// Another run, or the lock file.
    #[error(transparent)]
    Lock(#[from] lock::Error),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] desk::Error),
    /// A clock that must be wrong.
    #[error("{0}")]
    Clock(String),
    /// A worker beside a ledger in a file.
    #[error(
        "the ledger {0} is a file, on which one process works: run `postrider serve`; workers \
         share a ledger on a server (ledger.url)"
    )]
    NotShared(String),
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// Files written at once: enough that the ledger's syncs are shared by many.
const FILES_AT_ONCE: usize = 16;

/// Where a run tells how far it is.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It begins with something, of so many pieces where that is known.
    Begin(&'static str, Option<u64>),
    /// One more piece is done.
    Done,
}

/// A run in the making: the site, its open ledger and the lock on it.
pub struct Run {
    site: Arc<Site>,
    /// The ledger.
    pub store: Store,
    ledger: Ledger,
    clock: Clock,
    /// When the last pass began, in this run or the one before.
    last: Option<Timestamp>,
    stop: watch::Receiver<bool>,
    progress: Progress,
    watch: Option<Watch>,
    /// `None`: a worker, which sends what others open.
    turn: Option<Turn>,
}

/// Opens the ledger of a site, creating it where there is none.
pub async fn open_store(site: &Site, now: Timestamp) -> Result<Store, Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| Error::Random(error.to_string()))?;
    Ok(Store::open(site.location()?, now, secret).await?)
}

impl Run {
    /// Takes the lock as the command `verb`, opens the ledger and settles what a run that is no
    /// more left behind.
    pub async fn begin(
        site: Arc<Site>,
        verb: &str,
        clock: Clock,
        stop: watch::Receiver<bool>,
        progress: Progress,
    ) -> Result<Self, Error> {
        let now = clock.now();
        time::must_be_wrong(now).map_or(Ok(()), |why| Err(Error::Clock(why)))?;
        let last = site.config.ledger.file().and_then(lock::last_taken);
        let (store, turn) = Turn::take(&site, verb, &clock).await?;
        store.void_leases(now).await?;
        let ledger = store.ledger().await?;
        let stop = turn.stop(stop);
        let turn = Some(turn);
        Ok(Self { site, store, ledger, clock, last, stop, progress, watch: None, turn })
    }

    /// The same run, looked on by `watch` while it sends.
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// The ledger's secret.
    pub fn key(&self) -> &Key {
        &self.ledger.key
    }

    /// Ends the run: folds the ledger's log back and lets the lock go.
    pub async fn end(self) {
        if let Some(turn) = self.turn {
            turn.end().await;
        }
        self.store.close().await;
    }

    /// One pass from posts to letters.
    pub async fn pass(&mut self, site: Arc<Site>) -> Result<Summary, Error> {
        self.site = site;
        let mut summary = Summary::default();
        let now = self.clock.now();
        let last = self.last.replace(now).max(self.ledger.baseline_at);
        summary.troubles.extend(last.and_then(|last| time::oddity(last, now)));
        (self.progress)(Step::Begin("reading posts", None));
        let catalog = self.read(now, &mut summary).await?;
        self.subscribe(now, &mut summary).await?;
        if let Some(catalog) = catalog {
            let pages = u64::try_from(catalog.posts.len()).ok();
            (self.progress)(Step::Begin("writing pages", pages));
            let index = Index::new(&catalog.posts);
            let press = Press { site: &self.site, index: &index, now, progress: &self.progress };
            if press.publish(&catalog, &mut summary) {
                (self.progress)(Step::Begin("opening issues", None));
                self.open(&catalog, &index, now, &mut summary).await?;
            } else {
                summary.troubles.push(
                    "no new issue was opened, since its letters would link to pages that are \
                     missing"
                        .to_owned(),
                );
            }
        }
        let waiting = self.waiting().await?;
        (self.progress)(Step::Begin("sending letters", Some(waiting)));
        self.send(&mut summary).await?;
        self.count(&mut summary).await?;
        Ok(summary)
    }

    /// Reads and records the posts; `None` when the folder cannot be read.
    async fn read(
        &mut self,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<Option<Catalog>, Error> {
        let sources = match directory::read(&self.site.config.posts) {
            Ok(sources) => sources,
            Err(error) => {
                summary.troubles.push(error.to_string());
                return Ok(None);
            }
        };
        let known = self.store.known_posts().await?;
        let mut catalog = catalog::read(&sources, &known, &self.site.catalog_settings(), now);
        note(&catalog, summary);
        if catalog.is_emptied {
            summary.troubles.push(emptied(&self.site));
            return Ok(None);
        }
        if self.ledger.baseline_at.is_none() {
            catalog.records.append(&mut catalog.unread);
        }
        let owed = match (self.site.config.first_run, catalog.posts.first()) {
            (FirstRun::Latest, Some(newest)) => vec![newest.id.clone()],
            _ => Vec::new(),
        };
        self.store.record_posts(&catalog.records, &owed, now).await?;
        self.ledger = self.store.ledger().await?;
        Ok(Some(catalog))
    }

    /// Imports the file of subscribers when it is new or has changed.
    async fn subscribe(&self, now: Timestamp, summary: &mut Summary) -> Result<(), Error> {
        let Some(path) = &self.site.config.subscribers else { return Ok(()) };
        let shown = self.site.shown(path);
        let octets = match std::fs::read(path) {
            Ok(octets) => octets,
            Err(error) => {
                summary.troubles.push(format!("cannot read {shown}: {error}"));
                return Ok(());
            }
        };
        let hash: String = Sha256::digest(&octets).iter().map(|o| format!("{o:02x}")).collect();
        let text = String::from_utf8_lossy(&octets);
        let newsletters = &self.site.config.newsletters;
        let import = readers::read(&shown, &text, now, |id, cadence| {
            let offers = |one: &crate::config::Newsletter| {
                one.id == id && one.cadences.iter().any(|(offered, _)| *offered == cadence)
            };
            let found = newsletters.iter().any(offers);
            found.then_some(()).ok_or_else(|| format!("no newsletter \"{id}\" offers {cadence}"))
        });
        summary.troubles.extend(import.refused);
        if !self.store.was_imported(&shown, &hash).await? {
            // What appeared in the pass in which a reader came is not for that reader, but for
            // what a first run mails.
            let is_first = self.ledger.baseline_at == Some(now);
            let from = if is_first { now } else { now.plus(Duration::from_micros(1)) };
            summary.readers.added = self.store.import(&import.rows, (&shown, &hash), from).await?;
        }
        Ok(())
    }

    async fn open(
        &self,
        catalog: &Catalog,
        index: &Index,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let stationery = self.site.stationery();
        let printer = Printer {
            store: &self.store,
            key: &self.ledger.key,
            baseline: self.ledger.baseline_at.unwrap_or(now),
            posts: &catalog.posts,
            index,
            templates: &self.site.templates,
            stationery: &stationery,
            guard: self.site.guard(),
            now,
        };
        let opened = printer.open(&self.site.newsletters()).await?;
        summary.issues.opened = opened.issues;
        summary.troubles.extend(opened.troubles);
        summary.warnings.extend(opened.notes);
        Ok(())
    }

    /// Sends what is due.
    async fn send(&self, summary: &mut Summary) -> Result<(), Error> {
        let transport = match self.site.transport() {
            Ok(transport) => transport,
            Err(error) => {
                summary.troubles.push(error.to_string());
                return Ok(());
            }
        };
        if let Some(why) = self.site.keeps_letters(&transport) {
            if self.store.next_due().await?.is_some() {
                summary.troubles.push(why);
            }
            return Ok(());
        }
        if !self.may_send(summary).await? {
            return Ok(());
        }
        self.settle().await?;
        if self.store.next_due().await?.is_none_or(|due| due > self.clock.now()) {
            return Ok(self.store.close_finished_issues(self.clock.now()).await?);
        }
        self.store.advance_epoch(&self.site.mark()).await?;
        self.drain(transport, summary).await?;
        self.store.advance_epoch(&self.site.mark()).await?;
        self.settle().await
    }

    async fn drain(&self, transport: Transport, summary: &mut Summary) -> Result<(), Error> {
        let is_file = matches!(transport, Transport::Eml(_));
        let desk = Desk {
            store: self.store.clone(),
            transport,
            clock: self.clock.clone(),
            connections: if is_file { FILES_AT_ONCE } else { self.site.config.connections() },
            letters: self.letters(),
            stop: self.stop.clone(),
            watch: self.watch.clone(),
        };
        let tally = desk::drain(desk).await?;
        summary.letters.add(&tally);
        if let Some(why) = &tally.unreachable {
            let what = if is_file { "the outbox folder" } else { "the relay" };
            let note = format!("{what} could not be used, letters wait: {why}");
            if is_file { summary.troubles.push(note) } else { summary.warnings.push(note) }
        }
        self.store.close_finished_issues(self.clock.now()).await?;
        Ok(())
    }

    /// How many letters are still to be sent.
    async fn waiting(&self) -> Result<u64, Error> {
        let counts = self.store.counts().await?;
        Ok(counts.iter().filter(|count| count.state.is_open()).map(|count| count.count).sum())
    }

    fn letters(&self) -> Letters {
        let desk = Arc::new(WritingDesk {
            store: self.store.clone(),
            key: self.ledger.key.clone(),
            newsletters: self.site.newsletters(),
            editions: Mutex::default(),
        });
        let progress = self.progress.clone();
        Arc::new(move |leased| {
            let (desk, progress) = (desk.clone(), progress.clone());
            Box::pin(async move {
                progress(Step::Done);
                desk.write(leased).await
            })
        })
    }

    async fn count(&self, summary: &mut Summary) -> Result<(), Error> {
        for count in self.store.counts().await? {
            match count.state {
                DeliveryState::Uncertain => summary.letters.uncertain += count.count,
                state if state.is_open() => summary.letters.waiting += count.count,
                _ => {}
            }
        }
        let issues = self.store.latest_issues(1000).await?;
        let held = issues.iter().filter(|issue| issue.state == "held");
        for issue in held {
            let why = issue.note.as_deref().unwrap_or("by the operator");
            summary.troubles.push(format!(
                "{} is held: {why}. Mend the cause, then: postrider issue release {}",
                issue.name, issue.name
            ));
            summary.issues.held.push(issue.name.clone());
        }
        if summary.letters.uncertain > 0 {
            summary.troubles.push(format!(
                "{} letters are uncertain: a server may or may not have them. See postrider status",
                summary.letters.uncertain
            ));
        }
        Ok(())
    }
}

fn emptied(site: &Site) -> String {
    format!(
        "there is no post left in {}, though some were published; what is published stays. Bring \
         the folder back, or put a post there if all others are to go",
        site.shown(&site.config.posts)
    )
}

/// What a catalog says of the files.
fn note(catalog: &Catalog, summary: &mut Summary) {
    summary.posts = summary::Posts {
        published: catalog.posts.len() - catalog.stale.len(),
        draft: catalog.drafts.len(),
        scheduled: catalog.scheduled.len(),
        refused: catalog.refused.len(),
    };
    summary.troubles.extend(catalog.refused.iter().map(ToString::to_string));
    for path in &catalog.stale {
        summary.warnings.push(format!("posts/{path} stays published as it was last read"));
    }
    summary.warnings.extend(catalog.warnings.iter().map(ToString::to_string));
}

/// Makes letters from frozen editions, each read from the ledger once.
struct WritingDesk {
    store: Store,
    key: Key,
    newsletters: Vec<Newsletter>,
    editions: Mutex<HashMap<i64, Arc<Letter>>>,
}

impl WritingDesk {
    async fn write(&self, leased: Leased) -> Result<Outgoing, Unmade> {
        let letter = self.letter(leased.edition).await?;
        let newsletter = self.newsletters.iter().find(|one| one.id == leased.newsletter);
        let sender = &newsletter
            .ok_or_else(|| {
                let id = &leased.newsletter;
                Unmade::Ours(format!("newsletter \"{id}\" is no longer in the configuration"))
            })?
            .sender;
        let address = leased
            .address
            .parse()
            .map_err(|_| Unmade::Never("the address on record is not a mail address".to_owned()))?;
        let to =
            Recipient { address, name: leased.name.clone(), subscription: leased.subscription };
        let message = sender.message(&letter, &to, &self.key).map_err(|error| {
            let unmade = if error.is_ours() { Unmade::Ours } else { Unmade::Never };
            unmade(error.to_string())
        })?;
        let issue = leased.issue_name.replace('/', "-");
        let name = format!("{}/{issue}/{}", leased.newsletter, to.address);
        let id = format!("d{}", leased.id);
        let envelope = Envelope { from: sender.from.1.clone(), to: to.address, id };
        Ok(Outgoing { envelope, name, message })
    }

    async fn letter(&self, edition: i64) -> Result<Arc<Letter>, Unmade> {
        let mut editions = self.editions.lock().await;
        if let Some(letter) = editions.get(&edition) {
            return Ok(letter.clone());
        }
        let text = self.store.letter(edition).await;
        let text = text.map_err(|error| Unmade::Ours(error.to_string()))?;
        let letter: Letter = serde_json::from_str(&text)
            .map_err(|error| Unmade::Ours(format!("the edition on record is damaged: {error}")))?;
        let letter = Arc::new(letter);
        editions.insert(edition, letter.clone());
        Ok(letter)
    }
}

/// A stop that never comes, for runs that end by themselves.
pub fn never_stops() -> watch::Receiver<bool> {
    watch::channel(false).1
}
