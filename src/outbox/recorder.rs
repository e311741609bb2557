//! The recorder: the one task that writes a desk's intents and results into the ledger.
//!
//! It promises that moves are recorded in the order in which they were handed in, that all that
//! wait when it becomes idle are one statement (one commit for many connections, never a timer),
//! and that nobody is told that a move is on record before it is. It counts what was recorded,
//! and nothing else, so that the tally and the ledger agree.
//!
//! It does not decide anything. When the store fails it ends with that error; whoever waits for
//! it or hands in more learns that it is gone ([`Gone`]) and must hand nothing over any more.

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    domain::delivery::DeliveryState,
    store::{self, Store, deliveries::Move},
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
}

/// Why a delivery goes back to ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// The move speaks for itself.
    Said,
    /// Its issue is held.
    Held,
}

struct Entry {
    change: Move,
    because: Because,
    done: oneshot::Sender<bool>,
}

/// The recorder ended with an error of the store.
#[derive(Debug)]
pub(super) struct Gone;

/// A handle to the recorder; it ends when the last one is dropped and all is written.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Entry>);

/// A move that has been handed in.
pub(super) struct Pending(oneshot::Receiver<bool>);

impl Pending {
    /// Waits until the move is on record; `false`: it was not allowed, nothing has moved.
    pub(super) async fn recorded(self) -> Result<bool, Gone> {
        self.0.await.map_err(|_| Gone)
    }
}

impl Recorder {
    /// Starts the task; its end tells what it recorded.
    pub(super) fn start(
        store: Store,
        owner: String,
    ) -> (Self, JoinHandle<Result<Tally, store::Error>>) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Self(sender), tokio::spawn(run(store, owner, receiver)))
    }

    /// Hands in a move.
    pub(super) async fn hand_in(&self, change: Move, because: Because) -> Result<Pending, Gone> {
        let (done, pending) = oneshot::channel();
        self.0.send(Entry { change, because, done }).await.map_err(|_| Gone)?;
        Ok(Pending(pending))
    }
}

async fn run(
    store: Store,
    owner: String,
    mut waiting: mpsc::Receiver<Entry>,
) -> Result<Tally, store::Error> {
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        for entries in in_statements(std::mem::take(&mut batch)) {
            let moves: Vec<Move> = entries.iter().map(|entry| entry.change.clone()).collect();
            let moved: std::collections::HashSet<i64> =
                store.record(&owner, &moves).await?.into_iter().collect();
            for entry in entries {
                let done = moved.contains(&entry.change.id);
                if done {
                    tally.count(&entry);
                }
                // Results are handed in without waiting: nobody may be listening.
                let _ = entry.done.send(done);
            }
        }
    }
    Ok(tally)
}

/// Cuts what waits into statements in each of which a delivery moves once at most: one update
/// sees each row as it was before the statement.
fn in_statements(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut statements = vec![Vec::new()];
    let mut seen = std::collections::HashSet::new();
    for entry in entries {
        if !seen.insert(entry.change.id) {
            statements.push(Vec::new());
            seen = [entry.change.id].into();
        }
        if let Some(statement) = statements.last_mut() {
            statement.push(entry);
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
    use crate::time::Timestamp;

    fn entry(id: i64) -> Entry {
        let change = Move {
            id,
            from: DeliveryState::Leased,
            to: DeliveryState::Sending,
            at: Timestamp::default(),
            not_before: None,
            reply: None,
        };
        Entry { change, because: Because::Said, done: oneshot::channel().0 }
    }

    #[test]
    fn a_delivery_moves_once_in_a_statement_and_order_is_kept() {
        let entries = [1, 2, 1, 3, 3, 2].map(entry).into();
        let ids: Vec<Vec<i64>> = in_statements(entries)
            .iter()
            .map(|statement| statement.iter().map(|entry| entry.change.id).collect())
            .collect();
        assert_eq!(ids, [vec![1, 2], vec![1, 3], vec![3, 2]]);
    }
}
