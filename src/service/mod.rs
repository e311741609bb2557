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
mod archive;
mod beginning;
pub mod daemon;
mod edits;
mod hearing;
mod hubs;
mod inventory;
mod ledger;
pub mod lock;
mod look;
mod marks;
mod mirror;
mod overrides;
mod pages;
mod pictures;
mod planning;
pub mod popularity;
pub mod proofs;
mod publishing;
pub mod readers;
pub mod related;
mod report;
mod sending;
mod shelf;
pub mod signals;
pub mod site;
mod standing;
mod standstill;
pub mod summary;
pub mod trial;
mod turn;
pub mod watching;
pub mod worker;
mod writing;

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    domain::token::Key,
    feedback::{beacon::Beacon, logfiles},
    outbox::{watch::Watch, worker as desk},
    store::{self, Ledger, Store},
    time::{self, Clock, Timestamp},
};
pub use beginning::begin_ledger;
pub use sending::unreachable_links;
use sending::{Sending, Ways};
pub use signals::never_stops;
use site::Site;
pub use standing::next_try;
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
    /// An access log.
    #[error(transparent)]
    Log(#[from] logfiles::Error),
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
    /// What pages tell of their readers, where they do.
    beacon: Option<Arc<Beacon>>,
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
        let run = Self::new(site, (store, ledger), clock, (stop, progress));
        Ok(Self { last, turn: Some(turn), ..run })
    }

    /// A run on an open ledger, without a turn: it sends what others open.
    fn new(
        site: Arc<Site>,
        (store, ledger): (Store, Ledger),
        clock: Clock,
        (stop, progress): (watch::Receiver<bool>, Progress),
    ) -> Self {
        let sites = watch::channel(site.clone()).0;
        Self {
            site,
            sites,
            store,
            ledger,
            clock,
            last: None,
            stop,
            progress,
            watch: None,
            ways: Ways::default(),
            turn: None,
            mails: true,
            beacon: None,
        }
    }

    /// The same run, looked on by `watch` while it sends.
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// The ledger's secret.
    pub fn key(&self) -> &Key {
        &self.ledger.key
    }

    /// Ends the run: folds the ledger's log back, and only then lets the lock go, so that nobody
    /// opens the file while its log is taken away.
    pub async fn end(self) {
        if let Some(turn) = &self.turn {
            turn.end().await;
        }
        self.store.close().await;
        drop(self.turn);
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
