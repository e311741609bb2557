//! The worker: a desk that leases due deliveries and hands their letters over, on several
//! connections at once, until none is due.
//!
//! It promises that the final dot of a letter is sent only after its intent is on record; that
//! each connection has one delivery at most between intent and result, so that a crash leaves no
//! more doubts than connections; that a stop finishes what is in flight and gives back the rest;
//! and that no lease is left behind when [`drain`] returns without an error. After an error, or
//! when its future is dropped, `Store::void_leases` settles what is left.
//!
//! A refusal about the sender holds the issue and takes it off the desk. A relay that cannot be
//! reached, or hangs up on three new connections in a row, ends the drain: what was leased goes
//! back with a back-off, and the tally says why. That never makes a delivery fail.
//!
//! It does not compose letters ([`Letters`] does), does not open or close issues, and does not
//! wait for deliveries that are due later.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex as Shortly, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

pub use super::recorder::Tally;
use super::{
    lane,
    policy::{after_outage, masked},
    recorder::{Because, Entry, Gone, Pending, Recorder},
    shelf::{Shelf, Taken},
    transport::{Outgoing, Transport},
    watch::{Point, Watch},
};
use crate::{
    domain::delivery::DeliveryState,
    store::{
        self, Store,
        deliveries::{Leased, Move},
    },
    time::{Clock, Timestamp},
};

/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(120);
/// How often leases are renewed.
const RENEWAL: Duration = Duration::from_secs(40);
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
    pub transport: Transport,
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
    let (store, watch) = (desk.store.clone(), desk.watch.clone());
    let (recorder, recording) = Recorder::start(store, owner.clone(), watch);
    let lanes = desk.connections.max(1);
    let floor = Arc::new(Floor {
        shelf: Shelf::new((lanes * BLOCK).min(LARGEST_BLOCK)),
        desk,
        owner,
        recorder,
        reached: AtomicBool::new(false),
        trouble: Shortly::new(None),
    });
    let renewing = tokio::spawn(renew(floor.clone()));
    let worked = work(&floor, lanes).await;
    let given_back = floor.give_back().await;
    renewing.abort();
    // Cancelled or not, it holds the floor no longer, and with it no handle to the recorder.
    let _ = renewing.await;
    let trouble = floor.take_trouble();
    drop(floor);
    let mut tally = recorded(recording).await?;
    worked?;
    let left = given_back?;
    tally.unreachable = trouble.filter(|_| left > 0 || tally.deferred > 0 || tally.held > 0);
    Ok(tally)
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
        let now = floor.now();
        let count = u32::try_from(wanted).unwrap_or(u32::MAX);
        let leased = floor.desk.store.lease(&floor.owner, (now, now.plus(LEASE)), count).await;
        floor.shelf.stock(leased?, wanted);
    }
}

/// What the lanes of one drain share.
pub(super) struct Floor {
    pub(super) desk: Desk,
    owner: String,
    recorder: Recorder,
    pub(super) shelf: Shelf,
    /// Whether any connection was ever made.
    reached: AtomicBool,
    /// Why the relay was given up.
    trouble: Shortly<Option<String>>,
}

impl Floor {
    pub(super) fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.desk.stop.borrow()
    }

    /// Whether lanes shall take no more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_stopping() || self.shelf.is_closed()
    }

    /// Ends when the desk shall stop.
    pub(super) async fn stopped(&self) {
        let mut stop = self.desk.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could ask for it.
            std::future::pending::<()>().await;
        }
    }

    /// The next delivery, waiting for the shelf to be stocked; `None`: nothing is due, or the desk
    /// stops. Deliveries of issues that have been held meanwhile are given back on the way.
    pub(super) async fn take(&self) -> Result<Option<Leased>, Error> {
        loop {
            match self.take_at_once().await? {
                Taken::One(leased) => return Ok(Some(leased)),
                Taken::Never => return Ok(None),
                Taken::NotYet => self.shelf.stocked().await,
            }
        }
    }

    /// The same without waiting.
    pub(super) async fn take_at_once(&self) -> Result<Taken, Error> {
        loop {
            if self.is_stopping() {
                return Ok(Taken::Never);
            }
            match self.shelf.take() {
                Taken::One(leased) if self.shelf.is_held(leased.issue) => {
                    let back = self.back(&leased, None, "its issue is held");
                    self.hand_in(back, Because::Held).await?;
                }
                taken => return Ok(taken),
            }
        }
    }

    /// Hands in a move for which nobody waits: the recorder keeps the order.
    pub(super) async fn hand_in(&self, change: Move, because: Because) -> Result<(), Error> {
        Ok(self.recorder.hand_in(Entry { change, because }).await?)
    }

    /// Hands in a result.
    pub(super) async fn hand_in_result(&self, result: Entry) -> Result<(), Error> {
        Ok(self.recorder.hand_in(result).await?)
    }

    /// Asks for an intent; the result of the letter before goes on record with it.
    pub(super) async fn ask(&self, result: Option<Entry>, intent: Move) -> Result<Pending, Error> {
        self.pass(Point::BeforeIntent);
        let intent = Entry { change: intent, because: Because::Said };
        Ok(self.recorder.ask(result, intent).await?)
    }

    /// Tells who watches that a point is passed.
    pub(super) fn pass(&self, point: Point) {
        if let Some(watch) = &self.desk.watch {
            watch(point);
        }
    }

    /// Holds an issue and takes it off the desk.
    pub(super) async fn hold(&self, issue: i64, why: &str) -> Result<(), Error> {
        tracing::warn!(issue, why, "held: the refusal is about the sender, not about a reader");
        self.desk.store.hold_issue(issue, &masked(why)).await?;
        self.shelf.hold(issue);
        Ok(())
    }

    /// Notes that a connection was made.
    pub(super) fn reach(&self) {
        self.reached.store(true, Ordering::Relaxed);
    }

    /// Notes that a lane gave up on the relay. Where no lane ever had a connection, or another
    /// try can only do harm (a password refused again and again), the desk closes.
    pub(super) fn give_up(&self, why: &str, for_good: bool) {
        let told = {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            trouble.replace(masked(why)).is_some()
        };
        if !told {
            tracing::warn!(why, "the relay was given up, letters wait");
        }
        if for_good || !self.reached.load(Ordering::Relaxed) {
            self.shelf.close();
        }
    }

    fn take_trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Gives back what is left on the desk when its lanes have ended: now after a stop, with a
    /// back-off when the relay was given up. Returns how many there were.
    async fn give_back(&self) -> Result<usize, Error> {
        let left = self.shelf.clear();
        let trouble = self.take_trouble();
        let now = self.now();
        for leased in &left {
            let (change, because) = match &trouble {
                _ if self.shelf.is_held(leased.issue) => {
                    (self.back(leased, None, "its issue is held"), Because::Held)
                }
                None => (self.back(leased, None, "the run was stopped"), Because::Said),
                Some(why) => {
                    let seed = leased.id.unsigned_abs();
                    let at = after_outage(leased.opened, now, seed);
                    (self.back(leased, Some(at), why), Because::Said)
                }
            };
            self.hand_in(change, because).await?;
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        Ok(left.len())
    }

    fn back(&self, leased: &Leased, not_before: Option<Timestamp>, why: &str) -> Move {
        Move {
            id: leased.id,
            from: DeliveryState::Leased,
            to: DeliveryState::Ready,
            at: self.now(),
            not_before,
            reply: Some(why.to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
