//! The turn: one run plans, publishes and opens on a ledger at a time.
//!
//! For a ledger in a file that is the lock beside it ([`Lock`]), and nobody else works on the
//! ledger at all. For one on a server it is a term in the ledger, prolonged while the run lasts;
//! workers go on beside it. A run whose term was lost (its machine slept, its server was away)
//! stops as if it had been told to.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use super::{
    Error,
    beginning::Traces,
    lock::{self, Lock},
    open_store,
    site::Site,
};
use crate::{
    config,
    store::{Store, terms::Holder},
    time::Clock,
};

/// The term of who plans, publishes and opens.
const ROLE: &str = "scheduler";
/// How long a term lasts.
const TERM: Duration = Duration::from_secs(120);
/// How often it is prolonged.
const RENEWAL: Duration = Duration::from_secs(30);

/// The right to work, until it is ended or dropped.
pub(super) enum Turn {
    /// On a file.
    File {
        /// Let go when dropped.
        _lock: Lock,
    },
    /// On a server.
    Server(Term),
}

/// A term that is prolonged in the background.
pub(super) struct Term {
    store: Store,
    owner: String,
    renewing: JoinHandle<()>,
    lost: watch::Receiver<bool>,
}

impl Turn {
    /// Opens the ledger of a site and takes the turn as the command `verb`, without waiting.
    pub(super) async fn take(
        site: &Arc<Site>,
        verb: &str,
        clock: &Clock,
    ) -> Result<(Store, Self), Error> {
        let now = clock.now();
        if let config::Ledger::File(path) = &site.config.ledger {
            let traces = Traces::look(site, path);
            let lock = Lock::take(path, verb, now)?;
            traces.check(site, path)?;
            return Ok((open_store(site, now).await?, Self::File { _lock: lock }));
        }
        let store = open_store(site, now).await?;
        let term = Term::take(&store, verb, clock).await?;
        Ok((store, Self::Server(term)))
    }

    /// `stop`, which also comes when the turn is lost.
    pub(super) fn stop(&self, stop: watch::Receiver<bool>) -> watch::Receiver<bool> {
        match self {
            Self::File { .. } => stop,
            Self::Server(term) => either(stop, term.lost.clone()),
        }
    }

    /// Ends the term; a lock is let go when this is dropped.
    pub(super) async fn end(&self) {
        let Self::Server(term) = self else { return };
        term.renewing.abort();
        if let Err(error) = term.store.end_term(ROLE, &term.owner).await {
            tracing::warn!(%error, "the term could not be ended; it ends by itself");
        }
    }
}

impl Term {
    async fn take(store: &Store, verb: &str, clock: &Clock) -> Result<Self, Error> {
        let holder = holder(verb, clock)?;
        let now = clock.now();
        let taken = store.take_term(ROLE, &holder, (now, now.plus(TERM))).await?;
        taken.map_err(lock::Error::Held)?;
        let (teller, lost) = watch::channel(false);
        let owner = holder.owner.clone();
        let renewing = tokio::spawn(renew(store.clone(), holder, clock.clone(), teller));
        Ok(Self { store: store.clone(), owner, renewing, lost })
    }
}

/// Who asks, under a name that no other process has.
pub(super) fn holder(verb: &str, clock: &Clock) -> Result<Holder, Error> {
    let number = getrandom::u64().map_err(|error| Error::Random(error.to_string()))?;
    let (process, now) = (std::process::id(), clock.now());
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    Ok(Holder {
        owner: format!("{process}-{number:016x}"),
        shown: format!("postrider {verb}, process {process} on {}, since {now}", host.trim()),
    })
}

/// Prolongs the term for ever; ends when it is lost, or could not be prolonged in its time.
async fn renew(store: Store, holder: Holder, clock: Clock, lost: watch::Sender<bool>) {
    let mut until = clock.now().plus(TERM);
    loop {
        tokio::time::sleep(RENEWAL).await;
        let now = clock.now();
        match store.take_term(ROLE, &holder, (now, now.plus(TERM))).await {
            Ok(Ok(())) => until = now.plus(TERM),
            Ok(Err(other)) => {
                tracing::error!("another run has taken over: {other}; this one stops");
                break;
            }
            Err(error) if now > until => {
                tracing::error!(%error, "the term is over; this run stops");
                break;
            }
            Err(error) => tracing::warn!(%error, "the term could not be prolonged yet"),
        }
    }
    let _ = lost.send(true);
}

/// Comes as soon as one of two does.
fn either(one: watch::Receiver<bool>, other: watch::Receiver<bool>) -> watch::Receiver<bool> {
    let (sender, both) = watch::channel(*one.borrow() || *other.borrow());
    tokio::spawn(async move {
        tokio::select! {
            () = comes(one) => {}
            () = comes(other) => {}
            () = sender.closed() => {}
        }
        let _ = sender.send(true);
    });
    both
}

/// Ends when a stop comes; never where nobody is left who could ask for it.
async fn comes(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
