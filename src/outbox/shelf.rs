//! The shelf: what is leased and not yet in a lane's hands.
//!
//! One task stocks it (`worker`), while lanes work, so that no lane waits for the ledger as long
//! as letters are due. It promises that whatever was stocked is taken once or cleared once, and
//! that whoever waits for it learns when it is stocked, dry or closed.
//!
//! It talks to nobody and never fails.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::store::deliveries::Leased;

/// What a look at the shelf gave.
pub(super) enum Taken {
    /// A delivery.
    One(Leased),
    /// Nothing yet: it is being stocked.
    NotYet,
    /// Nothing any more.
    Never,
}

pub(super) struct Shelf {
    size: usize,
    row: Mutex<Row>,
    stocked: Notify,
    taken: Notify,
}

#[derive(Default)]
struct Row {
    waiting: VecDeque<Leased>,
    held: HashSet<i64>,
    /// Nothing more is due.
    dry: bool,
    /// Nothing shall be taken any more.
    closed: bool,
}

impl Shelf {
    /// An empty shelf, to be stocked with `size` deliveries at once.
    pub(super) fn new(size: usize) -> Self {
        Self { size, row: Mutex::default(), stocked: Notify::new(), taken: Notify::new() }
    }

    fn row(&self) -> MutexGuard<'_, Row> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Taken {
        let mut row = self.row();
        if row.closed {
            return Taken::Never;
        }
        let one = row.waiting.pop_front();
        if row.waiting.len() <= self.size / 2 {
            self.taken.notify_one();
        }
        match one {
            Some(leased) => Taken::One(leased),
            None if row.dry => Taken::Never,
            None => Taken::NotYet,
        }
    }

    /// Ends when it is worth another look.
    pub(super) async fn stocked(&self) {
        let stocked = self.stocked.notified();
        let is_empty = {
            let row = self.row();
            row.waiting.is_empty() && !row.dry && !row.closed
        };
        if is_empty {
            stocked.await;
        }
    }

    /// How many deliveries it lacks, once it is half empty; `None`: it is dry or closed.
    pub(super) async fn wanted(&self) -> Option<usize> {
        loop {
            {
                let row = self.row();
                if row.dry || row.closed {
                    return None;
                }
                if row.waiting.len() <= self.size / 2 {
                    return Some(self.size - row.waiting.len());
                }
            }
            self.taken.notified().await;
        }
    }

    /// Puts on what was leased when `asked` were asked for. Fewer than that, or nothing but
    /// deliveries of issues that are held here (they were released while we work, and leasing
    /// them over and over would lead nowhere): no more are due.
    pub(super) fn stock(&self, leased: Vec<Leased>, asked: usize) {
        let mut row = self.row();
        let is_all_held = leased.iter().all(|one| row.held.contains(&one.issue));
        row.dry = leased.len() < asked || is_all_held;
        row.waiting.extend(leased);
        drop(row);
        self.stocked.notify_waiters();
    }

    /// Puts a delivery that nothing was done for back in front of the others.
    pub(super) fn put_back(&self, leased: Leased) {
        self.row().waiting.push_front(leased);
        self.stocked.notify_waiters();
    }

    /// Puts a delivery behind all others: nothing can be done for it now.
    pub(super) fn put_last(&self, leased: Leased) {
        self.row().waiting.push_back(leased);
        self.stocked.notify_waiters();
    }

    /// Takes everything off.
    pub(super) fn clear(&self) -> Vec<Leased> {
        self.row().waiting.drain(..).collect()
    }

    pub(super) fn hold(&self, issue: i64) {
        self.row().held.insert(issue);
    }

    pub(super) fn is_held(&self, issue: i64) -> bool {
        self.row().held.contains(&issue)
    }

    pub(super) fn close(&self) {
        self.row().closed = true;
        self.stocked.notify_waiters();
        self.taken.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.row().closed
    }
}
