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
mod beginning;
pub mod daemon;
mod hubs;
mod ledger;
pub mod lock;
mod overrides;
mod pages;
pub mod readers;
mod report;
mod sending;
mod shelf;
pub mod signals;
pub mod site;
mod standing;
mod standstill;
pub mod summary;
mod turn;
pub mod watching;
pub mod worker;
mod writing;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    catalog::{self, Catalog, directory},
    config::FirstRun,
    domain::{post::PostId, token::Key},
    outbox::{open::Printer, watch::Watch, worker as desk},
    rank::Index,
    store::{self, Ledger, Store},
    time::{self, Clock, Timestamp},
};
pub use beginning::begin_ledger;
use pages::Press;
use readers::List;
use sending::{Sending, Ways};
pub use signals::never_stops;
use site::Site;
pub use standing::next_try;
use standstill::{Look, Seen};
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
    /// The ledger that was there is gone.
    #[error(
        "the ledger {0} cannot be used: {1}. Put back a copy of it; a new one would write to \
         people who have left. If it is lost for good, take these out of the list of subscribers \
         and say: postrider ledger new"
    )]
    LostLedger(String, String),
    /// A new ledger was asked for where there is one.
    #[error("there is a ledger at {0}; move it away before a new one is begun")]
    LedgerStands(String),
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

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
    /// Tells the sending of the site of each pass.
    sites: watch::Sender<Arc<Site>>,
    /// The ledger.
    pub store: Store,
    ledger: Ledger,
    clock: Clock,
    /// When the last pass began, in this run or the one before.
    last: Option<Timestamp>,
    stop: watch::Receiver<bool>,
    progress: Progress,
    watch: Option<Watch>,
    ways: Ways,
    /// `None`: a worker, which sends what others open.
    turn: Option<Turn>,
    /// Whether issues are opened.
    mails: bool,
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
        let sites = watch::channel(site.clone()).0;
        let (watch, ways, turn) = (None, Ways::default(), Some(turn));
        Ok(Self {
            site,
            sites,
            store,
            ledger,
            clock,
            last,
            stop,
            progress,
            watch,
            ways,
            turn,
            mails: true,
        })
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
        let mut summary = self.plan(site).await?;
        let waiting = self.waiting().await?;
        (self.progress)(Step::Begin("sending letters", Some(waiting)));
        self.sending().drain(&mut summary).await?;
        self.tell_hubs(&mut summary).await?;
        if *self.stop.borrow() {
            summary.warnings.push("stopped by a signal; the next run goes on here".to_owned());
        }
        self.count(&mut summary).await?;
        self.sending().alarm(&summary).await;
        Ok(summary)
    }

    /// A pass without the sending: from posts to open issues.
    async fn plan(&mut self, site: Arc<Site>) -> Result<Summary, Error> {
        self.site = site;
        let mut summary = Summary { warnings: self.site.notes.clone(), ..Summary::default() };
        let now = self.clock.now();
        let last = self.last.replace(now).max(self.ledger.baseline_at);
        summary.troubles.extend(last.and_then(|last| time::oddity(last, now)));
        let list = List::read(&self.site, now);
        if self.waits_for_readers(&list) {
            summary.trouble(list.unusable());
            summary.troubles.extend(list.import.refused);
        } else {
            self.publish(&list, now, &mut summary).await?;
        }
        self.sites.send_replace(self.site.clone());
        Ok(summary)
    }

    /// Whether this is the first run, which mails the newest post, and nobody is known to mail it
    /// to: it would be lost for those whose line or file is mended later.
    fn waits_for_readers(&self, list: &List) -> bool {
        self.ledger.baseline_at.is_none()
            && self.site.config.first_run == FirstRun::Latest
            && list.import.rows.is_empty()
            && !list.import.refused.is_empty()
    }

    async fn publish(
        &mut self,
        list: &List,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let look = Look::at(&self.site, now);
        if let Some(seen) = self.seen(look.as_ref(), now).await? {
            seen.say(summary);
            self.subscribe(list, now, summary).await?;
            return self.open(&Catalog::default(), &Index::new(&[]), now, summary).await;
        }
        standstill::forget(&self.site);
        (self.progress)(Step::Begin("reading posts", None));
        let mut read = Summary::default();
        let catalog = self.read(now, &mut read).await?;
        summary.adopt(&read);
        self.subscribe(list, now, summary).await?;
        let Some(catalog) = catalog else { return Ok(()) };
        let pages = u64::try_from(catalog.posts.len()).ok();
        (self.progress)(Step::Begin("writing pages", pages));
        // Where nothing related is shown, nothing is asked of the index.
        let is_asked = self.site.config.related.count > 0;
        let index = Index::new(if is_asked { &catalog.posts } else { &[] });
        let press = Press { site: &self.site, index: &index, now, progress: &self.progress };
        let mut made = Summary::default();
        let published = press.publish(&catalog, &mut made);
        summary.adopt(&made);
        let topics = published.as_ref().map_or(&[][..], |published| &published.topics);
        self.store.owe_pings(&self.site.config.feeds.hubs, topics, now).await?;
        if let (Some(look), Some(true)) = (look, published.as_ref().map(|one| one.is_whole)) {
            read.adopt(&made);
            let mark = look.mark(&self.store.posts_mark().await?);
            look.keep(&self.site, mark, &read, (&catalog, now));
        }
        (self.progress)(Step::Begin("opening issues", None));
        let missing = published.map(|published| published.missing);
        if self.lacks_pages(&missing, now).await? {
            summary.trouble(
                "no new issue was opened, since its letters would link to pages that are missing",
            );
            return Ok(());
        }
        self.open(&catalog, &index, now, summary).await
    }

    /// What the last pass said, if this one would make the same and no letter is to be made.
    async fn seen(&self, look: Option<&Look>, now: Timestamp) -> Result<Option<Seen>, Error> {
        let Some(look) = look else { return Ok(None) };
        let owed = self.store.candidates(now.minus(self.site.config.eligible)).await?;
        if !owed.is_empty() {
            return Ok(None);
        }
        let mark = look.mark(&self.store.posts_mark().await?);
        Ok(Seen::same(&self.site, &mark, now))
    }

    /// What hands over letters, for the site of the latest pass.
    fn sending(&self) -> Sending {
        Sending {
            store: self.store.clone(),
            key: self.ledger.key.clone(),
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            progress: self.progress.clone(),
            watch: self.watch.clone(),
            sites: self.sites.subscribe(),
            ways: self.ways.clone(),
        }
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
                summary.trouble(error);
                return Ok(None);
            }
        };
        let mut known = self.store.known_posts().await?;
        catalog::share(&sources, &mut known);
        let mut catalog = catalog::read(&sources, &known, &self.site.catalog_settings(), now);
        note(&catalog, summary);
        if catalog.is_emptied {
            summary.trouble(emptied(&self.site));
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
        (catalog.records, catalog.unread) = (Vec::new(), Vec::new());
        self.ledger = self.store.ledger().await?;
        Ok(Some(catalog))
    }

    /// Imports the file of subscribers when it is new or has changed, or what is offered has.
    async fn subscribe(
        &self,
        list: &List,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        summary.troubles.extend(list.import.refused.iter().cloned());
        summary.warnings.extend(list.import.notes.iter().cloned());
        if list.is_read() && !self.store.was_imported(&list.shown, &list.hash).await? {
            if self.store.knows_file(&list.shown).await? {
                let known = self.store.imported(&list.shown).await?;
                summary.warnings.extend(list.without_effect(&known));
            }
            summary.warnings.extend(list.unconfirmed());
            // What appeared in the pass in which a reader came is not for that reader, but for
            // what a first run mails.
            let is_first = self.ledger.baseline_at == Some(now);
            let from = if is_first { now } else { now.plus(Duration::from_micros(1)) };
            let file = (list.shown.as_str(), list.hash.as_str());
            summary.readers.added = self.store.import(&list.import.rows, file, from).await?;
        }
        let counts = self.store.audience_counts().await?;
        summary.troubles.extend(readers::left_over(&counts, &self.site.config.newsletters));
        Ok(())
    }

    /// Whether a post that is still owed to somebody has no page; `None`: none has.
    async fn lacks_pages(
        &self,
        missing: &Option<Vec<PostId>>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(missing) = missing else { return Ok(true) };
        if missing.is_empty() {
            return Ok(false);
        }
        let owed = self.store.candidates(now.minus(self.site.config.eligible)).await?;
        Ok(owed.iter().any(|candidate| missing.contains(&candidate.id)))
    }

    async fn open(
        &self,
        catalog: &Catalog,
        index: &Index,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        if !self.mails {
            return Ok(());
        }
        let stationery = self.site.stationery();
        let printer = Printer {
            store: &self.store,
            key: &self.ledger.key,
            baseline: self.ledger.baseline_at.unwrap_or(now),
            posts: &catalog.posts,
            index,
            templates: &self.site.templates,
            stationery: &stationery,
            guard: self.site.guard(self.ledger.adopted_at),
            now,
        };
        let opened = printer.open(&self.site.newsletters()).await?;
        summary.issues.opened = opened.issues;
        summary.troubles.extend(opened.troubles);
        summary.warnings.extend(opened.notes);
        Ok(())
    }

    /// How many letters are still to be sent.
    async fn waiting(&self) -> Result<u64, Error> {
        let counts = self.store.counts().await?;
        Ok(counts.iter().filter(|count| count.state.is_open()).map(|count| count.count).sum())
    }
}

/// The name among `known` that is most like `name`, where one is like it at all.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |one: &'a str| (strsim::jaro_winkler(one, name), one);
    let best = known.map(likeness).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.8).then_some(best.1)
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
    summary.posts = summary::Posts::of(catalog);
    summary.troubles.extend(catalog.refused.iter().map(ToString::to_string));
    for path in &catalog.stale {
        summary.warnings.push(format!("posts/{path} stays published as it was last read"));
    }
    summary.warnings.extend(catalog.warnings.iter().map(ToString::to_string));
}
