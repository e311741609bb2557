//! The recorder: the one task that writes a desk's intents and results into the ledger.
//!
//! It promises that moves are recorded in the order in which they were handed in, that all that
//! wait when it becomes idle are one statement (one commit for many connections, never a timer),
//! and that nobody is told that a move is on record before it is. It counts what was recorded,
//! and nothing else, so that the tally and the ledger agree.
//!
//! It does not decide anything. When the store fails it ends with that error; whoever waits for
//! it or hands in more learns that it is gone ([`Gone`]) and must hand nothing over any more.

use std::collections::HashSet;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::watch::{Point, Watch};
use crate::{
    domain::delivery::DeliveryState,
    store::{self, Store, deliveries::Move},
    time::Timestamp,
};

/// The most moves in one statement.
const BATCH: usize = 500;

/// What a drain did. Moves that were recorded, counted by what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// A server took responsibility.
    pub sent: u64,
    /// To be tried again later.
    pub deferred: u64,
    /// Will not be tried again.
    pub failed: u64,
    /// A server may or may not have it.
    pub uncertain: u64,
    /// The reader left before anything was handed over.
    pub suppressed: u64,
    /// Given back because its issue is held, by a refusal that is about the sender.
    pub held: u64,
    /// Why the desk gave up on the relay; what it had in hand is among the deferred or held.
    pub unreachable: Option<String>,
    /// Until when the limits of the relays are used up, if that ended the drain.
    pub spent_until: Option<Timestamp>,
}

/// Why a delivery goes back to ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// The move speaks for itself.
    Said,
    /// Its issue is held.
    Held,
}

/// A move with what it is counted as.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) change: Move,
    pub(super) because: Because,
}

struct Handed {
    entry: Entry,
    done: Option<oneshot::Sender<bool>>,
}

/// The recorder ended with an error of the store.
#[derive(Debug)]
pub(super) struct Gone;

/// A handle to the recorder; it ends when the last one is dropped and all is written.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Handed>);

/// A move that has been handed in.
pub(super) struct Pending(oneshot::Receiver<bool>);

impl Pending {
    /// Waits until the move is on record; `false`: it was not allowed, nothing has moved.
    pub(super) async fn recorded(self) -> Result<bool, Gone> {
        self.0.await.map_err(|_| Gone)
    }
}

impl Recorder {
    /// Starts the task; its end tells what it recorded. `watch` is called after each result.
    pub(super) fn start(
        store: Store,
        owner: String,
        watch: Option<Watch>,
    ) -> (Self, JoinHandle<Result<Tally, store::Error>>) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Self(sender), tokio::spawn(run(store, owner, watch, receiver)))
    }

    /// Hands in a move for which nobody waits.
    pub(super) async fn hand_in(&self, entry: Entry) -> Result<(), Gone> {
        self.0.send(Handed { entry, done: None }).await.map_err(|_| Gone)
    }

    /// Hands in an intent, and before it the result of the letter before, for one statement.
    pub(super) async fn ask(&self, result: Option<Entry>, intent: Entry) -> Result<Pending, Gone> {
        let (done, pending) = oneshot::channel();
        let count = if result.is_some() { 2 } else { 1 };
        let permits = self.0.reserve_many(count).await.map_err(|_| Gone)?;
        let result = result.map(|entry| Handed { entry, done: None });
        let intent = Handed { entry: intent, done: Some(done) };
        for (permit, handed) in permits.zip(result.into_iter().chain([intent])) {
            permit.send(handed);
        }
        Ok(Pending(pending))
    }
}

async fn run(
    store: Store,
    owner: String,
    watch: Option<Watch>,
    mut waiting: mpsc::Receiver<Handed>,
) -> Result<Tally, store::Error> {
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        for handed in in_statements(std::mem::take(&mut batch)) {
            let moves: Vec<Move> = handed.iter().map(|one| one.entry.change.clone()).collect();
            let moved: HashSet<i64> = store.record(&owner, &moves).await?.into_iter().collect();
            for Handed { entry, done } in handed {
                let is_done = moved.contains(&entry.change.id);
                if is_done {
                    tally.count(&entry);
                }
                match (done, &watch) {
                    // Whoever asked may have given up meanwhile.
                    (Some(done), _) => drop(done.send(is_done)),
                    (None, Some(watch)) => watch(Point::AfterResult),
                    (None, None) => {}
                }
            }
        }
    }
    Ok(tally)
}

/// Cuts what waits into statements in each of which a delivery moves once at most: one update
/// sees each row as it was before the statement.
fn in_statements(handed: Vec<Handed>) -> Vec<Vec<Handed>> {
    let mut statements = vec![Vec::new()];
    let mut seen = HashSet::new();
    for one in handed {
        if !seen.insert(one.entry.change.id) {
            statements.push(Vec::new());
            seen = [one.entry.change.id].into();
        }
        if let Some(statement) = statements.last_mut() {
            statement.push(one);
        }
    }
    statements
}

impl Tally {
    fn count(&mut self, entry: &Entry) {
        match entry.change.to {
            DeliveryState::Sent => self.sent += 1,
            DeliveryState::Failed => self.failed += 1,
            DeliveryState::Uncertain => self.uncertain += 1,
            DeliveryState::Suppressed => self.suppressed += 1,
            DeliveryState::Ready if entry.because == Because::Held => self.held += 1,
            DeliveryState::Ready if entry.change.not_before.is_some() => self.deferred += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i64) -> Handed {
        let change = Move {
            id,
            from: DeliveryState::Leased,
            to: DeliveryState::Sending,
            at: Timestamp::default(),
            not_before: None,
            tried_since: None,
            reply: None,
        };
        Handed { entry: Entry { change, because: Because::Said }, done: None }
    }

    #[test]
    fn a_delivery_moves_once_in_a_statement_and_order_is_kept() {
        let entries = [1, 2, 1, 3, 3, 2].map(entry).into();
        let ids: Vec<Vec<i64>> = in_statements(entries)
            .iter()
            .map(|statement| statement.iter().map(|handed| handed.entry.change.id).collect())
            .collect();
        assert_eq!(ids, [vec![1, 2], vec![1, 3], vec![3, 2]]);
    }
}
