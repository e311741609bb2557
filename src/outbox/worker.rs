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
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex as Shortly, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, watch},
    task::{JoinHandle, JoinSet},
};

pub use super::recorder::Tally;
use super::{
    lane,
    policy::{after_outage, masked},
    recorder::{Because, Gone, Pending, Recorder},
    transport::{Outgoing, Transport},
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
    let (recorder, recording) = Recorder::start(desk.store.clone(), owner.clone());
    let lanes = desk.connections.max(1);
    let floor = Arc::new(Floor {
        desk,
        owner,
        recorder,
        queue: Mutex::default(),
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
    for _ in 0..lanes {
        working.spawn(lane::run(floor.clone()));
    }
    let mut first = Ok(());
    while let Some(ended) = working.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Error::Broken(error.to_string())));
        if ended.is_err() && first.is_ok() {
            floor.close().await;
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

/// What the lanes of one drain share.
pub(super) struct Floor {
    pub(super) desk: Desk,
    owner: String,
    recorder: Recorder,
    queue: Mutex<Queue>,
    /// Whether any connection was ever made.
    reached: AtomicBool,
    /// Why the relay was given up.
    trouble: Shortly<Option<String>>,
}

/// What is leased and not yet in a lane's hands.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Leased>,
    held: HashSet<i64>,
    closed: bool,
}

impl Floor {
    pub(super) fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.desk.stop.borrow()
    }

    /// Whether lanes shall take no more.
    pub(super) async fn is_closed(&self) -> bool {
        self.is_stopping() || self.queue.lock().await.closed
    }

    /// Ends when the desk shall stop.
    pub(super) async fn stopped(&self) {
        let mut stop = self.desk.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could ask for it.
            std::future::pending::<()>().await;
        }
    }

    async fn close(&self) {
        self.queue.lock().await.closed = true;
    }

    /// The next delivery, leasing a block when none is left; `None`: nothing is due, or the desk
    /// stops. Deliveries of issues that have been held meanwhile are given back on the way.
    pub(super) async fn take(&self) -> Result<Option<Leased>, Error> {
        let mut queue = self.queue.lock().await;
        let mut has_leased = false;
        loop {
            if self.is_stopping() || queue.closed {
                return Ok(None);
            }
            if queue.waiting.is_empty() {
                // A block of nothing but held issues: they were released while we work, and
                // leasing them over and over would lead nowhere.
                if std::mem::replace(&mut has_leased, true) {
                    return Ok(None);
                }
                queue.waiting = self.lease().await?.into();
            }
            let Some(next) = queue.waiting.pop_front() else { return Ok(None) };
            if !queue.held.contains(&next.issue) {
                return Ok(Some(next));
            }
            let back = self.back(&next, None, "its issue is held");
            self.recorder.hand_in(back, Because::Held).await?;
        }
    }

    async fn lease(&self) -> Result<Vec<Leased>, Error> {
        let wanted = (self.desk.connections.max(1) * BLOCK).min(LARGEST_BLOCK);
        let now = self.now();
        let count = u32::try_from(wanted).unwrap_or(u32::MAX);
        Ok(self.desk.store.lease(&self.owner, (now, now.plus(LEASE)), count).await?)
    }

    /// Puts a delivery that nothing was done for back in front of the others.
    pub(super) async fn put_back(&self, leased: Leased) {
        self.queue.lock().await.waiting.push_front(leased);
    }

    /// Hands in a move.
    pub(super) async fn record(&self, change: Move, because: Because) -> Result<Pending, Error> {
        Ok(self.recorder.hand_in(change, because).await?)
    }

    /// Holds an issue and takes it off the desk.
    pub(super) async fn hold(&self, issue: i64, why: &str) -> Result<(), Error> {
        tracing::warn!(issue, why, "held: the refusal is about the sender, not about a reader");
        self.desk.store.hold_issue(issue, &masked(why)).await?;
        self.queue.lock().await.held.insert(issue);
        Ok(())
    }

    /// Notes that a connection was made.
    pub(super) fn reach(&self) {
        self.reached.store(true, Ordering::Relaxed);
    }

    /// Notes that a lane gave up on the relay. Where no lane ever had a connection, or another
    /// try can only do harm (a password refused again and again), the desk closes.
    pub(super) async fn give_up(&self, why: &str, for_good: bool) {
        let told = {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            trouble.replace(masked(why)).is_some()
        };
        if !told {
            tracing::warn!(why, "the relay was given up, letters wait");
        }
        if for_good || !self.reached.load(Ordering::Relaxed) {
            self.close().await;
        }
    }

    fn take_trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Gives back what is left on the desk when its lanes have ended: now after a stop, with a
    /// back-off when the relay was given up. Returns how many there were.
    async fn give_back(&self) -> Result<usize, Error> {
        let mut queue = self.queue.lock().await;
        let left: Vec<Leased> = queue.waiting.drain(..).collect();
        let trouble = self.take_trouble();
        let now = self.now();
        for leased in &left {
            let (change, because) = match &trouble {
                _ if queue.held.contains(&leased.issue) => {
                    (self.back(leased, None, "its issue is held"), Because::Held)
                }
                None => (self.back(leased, None, "the run was stopped"), Because::Said),
                Some(why) => {
                    let seed = leased.id.unsigned_abs();
                    let at = after_outage(leased.attempts, leased.opened, now, seed);
                    (self.back(leased, Some(at), why), Because::Said)
                }
            };
            self.recorder.hand_in(change, because).await?;
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
