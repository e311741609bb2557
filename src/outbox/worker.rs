//! The worker: a desk that leases due deliveries and hands their letters over, on several
//! connections at once, until none is due.
//!
//! It promises that the final dot of a letter is sent only after its intent is on record; that
//! each connection has one delivery at most between intent and result, so that a crash leaves no
//! more doubts than connections; that a stop finishes what is in flight and gives back the rest;
//! and that no lease is left behind when [`drain`] returns without an error. After an error, or
//! when its future is dropped, `Store::void_leases` settles what is left.
//!
//! A refusal about the sender holds the issue and takes it off the desk. When no relay can be
//! reached, or those there are lose connections or have used up their limits, the drain ends:
//! what was leased goes back with a back-off or until the limits are new, and the tally says why.
//! That never makes a delivery fail. The first letters of an issue go alone where the operator
//! asks for a canary.
//!
//! It does not compose letters ([`Letters`] does), does not open or close issues, and does not
//! wait for deliveries that are due later.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

pub use super::recorder::Tally;
use super::{
    floor::Floor,
    lane,
    policy::{canary, route::Closed},
    recorder::{Gone, Recorder},
    relays::Relays,
    transport::Outgoing,
    watch::Watch,
};
use crate::{
    store::{self, Store, deliveries::Leased},
    time::{Clock, Timestamp},
};

/// How long a lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(120);
/// How often leases are renewed.
const RENEWAL: Duration = Duration::from_secs(40);
/// How often the letters of the day are added to the ledger's counts.
const COUNTING: Duration = Duration::from_secs(1);
/// How long a drain waits for limits before it ends; the next one goes on.
const PATIENCE: Duration = Duration::from_secs(20);
/// Deliveries leased at once, for each connection.
const BLOCK: usize = 32;
/// The most deliveries leased at once.
const LARGEST_BLOCK: usize = 500;

/// Makes the letter of a delivery.
pub type Letters = Arc<dyn Fn(Leased) -> Making + Send + Sync>;

/// A letter in the making.
pub type Making = Pin<Box<dyn Future<Output = Result<Outgoing, Unmade>> + Send>>;

/// Why a letter could not be made. The text is kept as the reason, addresses masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// It is the reader's record that does not allow it: the delivery fails.
    Never(String),
    /// It would befall every reader: the issue is held.
    Ours(String),
}

/// What a drain works with.
#[derive(Clone)]
pub struct Desk {
    /// The ledger.
    pub store: Store,
    /// Where letters go.
    pub relays: Arc<Relays>,
    /// How many letters of an issue go first.
    pub canary: canary::Settings,
    /// What time it is.
    pub clock: Clock,
    /// How many connections at once; at least one.
    pub connections: usize,
    /// Makes letters.
    pub letters: Letters,
    /// Becomes true when the desk shall stop.
    pub stop: watch::Receiver<bool>,
    /// Told of each point that a delivery passes.
    pub watch: Option<Watch>,
}

/// A drain that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A part of the desk broke.
    #[error("the outbox broke down: {0}; run again, what was in flight is listed as uncertain")]
    Broken(String),
}

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Self::Broken("its recorder is gone".to_owned())
    }
}

/// Hands over every letter that is due, and says what became of them.
pub async fn drain(desk: Desk) -> Result<Tally, Error> {
    let owner = owner()?;
    // A drain that broke off told of no ends.
    desk.relays.route().clear();
    let (store, watch) = (desk.store.clone(), desk.watch.clone());
    let (recorder, recording) = Recorder::start(store, owner.clone(), watch);
    let lanes = desk.connections.max(1);
    let size = (lanes * BLOCK).min(LARGEST_BLOCK);
    let floor = Arc::new(Floor::new(desk, owner, recorder, size));
    let shared = floor.share_counts().await;
    let keeping = [tokio::spawn(renew(floor.clone())), tokio::spawn(keep_counts(floor.clone()))];
    let worked = match shared {
        Ok(()) => work(&floor, lanes).await,
        Err(error) => Err(error.into()),
    };
    let given_back = floor.give_back().await;
    for task in keeping {
        task.abort();
        // Cancelled or not, it holds the floor no longer, and with it no handle to the recorder.
        let _ = task.await;
    }
    let shared = floor.share_counts().await;
    let (trouble, spent_until) = floor.hindrances();
    drop(floor);
    let mut tally = recorded(recording).await?;
    worked?;
    shared?;
    let left = given_back?;
    tally.unreachable = trouble.filter(|_| left > 0 || tally.deferred > 0 || tally.held > 0);
    tally.spent_until = spent_until;
    Ok(tally)
}

/// Until when no letter goes, as far as `relays` know, and why.
pub fn closed(relays: &Relays, now: Timestamp) -> Option<(Timestamp, Closed)> {
    let (until, why) = relays.route().closed(now)?;
    // A relay with a limit a minute opens again in seconds.
    (why == Closed::Lost || until.since(now) > PATIENCE).then_some((until, why))
}

/// A name that no other desk has, now or ever.
fn owner() -> Result<String, Error> {
    let number = getrandom::u64().map_err(|error| Error::Broken(error.to_string()))?;
    Ok(format!("desk-{}-{number:016x}", std::process::id()))
}

async fn work(floor: &Arc<Floor>, lanes: usize) -> Result<(), Error> {
    let mut working = JoinSet::new();
    working.spawn(supply(floor.clone()));
    for _ in 0..lanes {
        working.spawn(lane::run(floor.clone()));
    }
    let mut first = Ok(());
    while let Some(ended) = working.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Error::Broken(error.to_string())));
        if ended.is_err() && first.is_ok() {
            floor.shelf.close();
            first = ended;
        }
    }
    first
}

async fn recorded(recording: JoinHandle<Result<Tally, store::Error>>) -> Result<Tally, Error> {
    let ended = recording.await.map_err(|error| Error::Broken(error.to_string()))?;
    Ok(ended?)
}

async fn renew(floor: Arc<Floor>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let until = floor.now().plus(LEASE);
        if let Err(error) = floor.desk.store.renew(&floor.owner, until).await {
            tracing::warn!(%error, "leases could not be renewed");
        }
    }
}

/// Shares the counts of the day where there are any to be kept.
async fn keep_counts(floor: Arc<Floor>) {
    while floor.desk.relays.counts_days() {
        tokio::time::sleep(COUNTING).await;
        if let Err(error) = floor.share_counts().await {
            tracing::warn!(%error, "the letters of the day could not be counted yet");
        }
    }
}

/// Keeps the shelf stocked until nothing is due or the desk stops.
async fn supply(floor: Arc<Floor>) -> Result<(), Error> {
    loop {
        let wanted = tokio::select! {
            wanted = floor.shelf.wanted() => wanted,
            () = floor.stopped() => {
                floor.shelf.close();
                None
            }
        };
        let Some(wanted) = wanted else { return Ok(()) };
        floor.shelf.stock(floor.lease(wanted).await?, wanted);
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
