//! The floor: what the lanes of one drain share. The shelf, the recorder, and what is known of
//! the relays.
//!
//! It promises that whatever was leased is handed in again when its lanes have ended: now after a
//! stop, with a back-off when no relay could be used, at the end of the day when their limits are
//! used up. It decides by `policy`, and keeps nothing on disk but through the recorder.

use std::sync::{
    Mutex as Shortly, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{
    policy::{
        after_outage,
        canary::{self, Canary},
        masked,
        route::Closed,
    },
    recorder::{Because, Entry, Pending, Recorder},
    shelf::{Shelf, Taken},
    watch::Point,
    worker::{Desk, Error, LEASE, closed},
};
use crate::{
    domain::delivery::DeliveryState,
    store::{
        self,
        deliveries::{Leased, Move},
    },
    time::Timestamp,
};

/// What the lanes of one drain share.
pub(super) struct Floor {
    pub(super) desk: Desk,
    pub(super) owner: String,
    recorder: Recorder,
    pub(super) shelf: Shelf,
    /// Whether any connection was ever made.
    reached: AtomicBool,
    /// Why the relay was given up.
    trouble: Shortly<Option<String>>,
    /// Why a connection was lost last.
    last_loss: Shortly<Option<String>>,
    /// Until when the relays' limits are used up.
    spent_until: Shortly<Option<Timestamp>>,
}

fn shortly<T>(value: &Shortly<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Floor {
    /// An empty floor for a desk that takes `size` deliveries at once.
    pub(super) fn new(desk: Desk, owner: String, recorder: Recorder, size: usize) -> Self {
        Self {
            desk,
            owner,
            recorder,
            shelf: Shelf::new(size),
            reached: AtomicBool::new(false),
            trouble: Shortly::default(),
            last_loss: Shortly::default(),
            spent_until: Shortly::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.desk.stop.borrow()
    }

    /// Up to so many due deliveries, and the first letters of issues on their canary.
    pub(super) async fn lease(&self, wanted: usize) -> Result<Vec<Leased>, store::Error> {
        let now = self.now();
        let times = (now, now.plus(LEASE));
        let mut leased = self.lease_first(times).await?;
        let count = u32::try_from(wanted.saturating_sub(leased.len())).unwrap_or(u32::MAX);
        if count > 0 {
            leased.extend(self.desk.store.lease(&self.owner, times, count).await?);
        }
        Ok(leased)
    }

    async fn lease_first(
        &self,
        times: (Timestamp, Timestamp),
    ) -> Result<Vec<Leased>, store::Error> {
        let (store, mut leased) = (&self.desk.store, Vec::new());
        for (issue, counts) in store.on_canary().await? {
            match canary::canary(&self.desk.canary, &counts, times.0) {
                Canary::Go => store.pass_canary(issue, times.0).await?,
                Canary::Wait(_) => {}
                Canary::Lease(room) => {
                    let turn = (issue, &counts);
                    leased.extend(store.lease_first(&self.owner, times, turn, room).await?);
                }
                Canary::Hold(why) => {
                    // Whoever releases it has looked at them: the rest goes then.
                    store.pass_canary(issue, times.0).await?;
                    self.hold(issue, &why).await?;
                }
            }
        }
        Ok(leased)
    }

    /// Until when no relay takes letters, and why.
    pub(super) fn closed(&self, now: Timestamp) -> Option<(Timestamp, Closed)> {
        closed(&self.desk.relays, now)
    }

    /// Counts the letters of the day with others who send.
    pub(super) async fn share_counts(&self) -> Result<(), store::Error> {
        if !self.desk.relays.counts_days() {
            return Ok(());
        }
        self.desk.relays.share_counts(&self.desk.store, self.now()).await
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
    pub(super) async fn hold(&self, issue: i64, why: &str) -> Result<(), store::Error> {
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
        let told = shortly(&self.trouble).replace(masked(why)).is_some();
        if !told {
            tracing::warn!(why, "the relay was given up, letters wait");
        }
        if for_good || !self.reached.load(Ordering::Relaxed) {
            self.shelf.close();
        }
    }

    /// Sleeps until an instant. A hand-set clock stands there then.
    pub(super) async fn sleep_until(&self, until: Timestamp) {
        tokio::time::sleep(until.since(self.now())).await;
        self.desk.clock.advance(until.since(self.now()));
    }

    /// Notes that a connection was lost. A folder that cannot be written is so for every letter.
    pub(super) fn lose(&self, why: &str) {
        if self.desk.relays.is_folder() {
            return self.give_up(why, true);
        }
        *shortly(&self.last_loss) = Some(why.to_owned());
    }

    /// Notes that no relay takes letters before then. Lanes end, and what is left goes back.
    pub(super) fn pause(&self, until: Timestamp, why: Closed) {
        match why {
            Closed::Spent => *shortly(&self.spent_until) = Some(until),
            Closed::Lost if shortly(&self.trouble).is_some() => {}
            Closed::Lost => {
                let last = shortly(&self.last_loss).take();
                self.give_up(&last.unwrap_or_else(|| "connections are lost".to_owned()), false);
            }
        }
        self.shelf.close();
    }

    /// Why no relay could be used, and until when their limits are used up, if so.
    pub(super) fn hindrances(&self) -> (Option<String>, Option<Timestamp>) {
        (self.take_trouble(), *shortly(&self.spent_until))
    }

    fn take_trouble(&self) -> Option<String> {
        shortly(&self.trouble).take()
    }

    /// Gives back what is left on the desk when its lanes have ended: now after a stop, with a
    /// back-off when the relay was given up. Returns how many there were.
    pub(super) async fn give_back(&self) -> Result<usize, Error> {
        let left = self.shelf.clear();
        let trouble = self.take_trouble();
        let spent_until = *shortly(&self.spent_until);
        let now = self.now();
        for leased in &left {
            let (change, because) = match &trouble {
                _ if self.shelf.is_held(leased.issue) => {
                    (self.back(leased, None, "its issue is held"), Because::Held)
                }
                None if spent_until.is_some() => {
                    let why = "its relay takes no more letters before then";
                    (self.back(leased, spent_until, why), Because::Said)
                }
                None => (self.back(leased, None, "the run was stopped"), Because::Said),
                Some(why) => {
                    let seed = leased.id.unsigned_abs();
                    let at = after_outage(leased.opened, now, seed);
                    // Nobody could try it for a while: its lifetime begins anew.
                    let back = self.back(leased, Some(at), why);
                    (Move { tried_since: None, ..back }, Because::Said)
                }
            };
            self.hand_in(change, because).await?;
        }
        *shortly(&self.trouble) = trouble;
        Ok(left.len())
    }

    pub(super) fn back(&self, leased: &Leased, not_before: Option<Timestamp>, why: &str) -> Move {
        Move {
            id: leased.id,
            from: DeliveryState::Leased,
            to: DeliveryState::Ready,
            at: self.now(),
            not_before,
            tried_since: leased.tried_since,
            reply: Some(why.to_owned()),
        }
    }
}
