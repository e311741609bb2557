//! Relays: the ways out of a desk, and which of them takes the next letter.
//!
//! The desk's lanes share one [`Route`]; here it is locked for an instant at a time, and whoever
//! waits for a turn is woken when a letter ends. It promises that each letter that was picked or
//! let follow is told to have ended exactly as often as its lane says so, and that the letters of
//! a day are counted in the ledger: those of the last second are missing there after a crash.
//!
//! It keeps what it has learned as long as it lives: keep it across drains, one at a time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

use super::{
    attempt::{Completion, Failure},
    policy::{
        lesson::{Lesson, lesson_after_dot, lesson_before_dot},
        pace::{Pace, Settings},
        quota::{Day, cap},
        route::{Pick, Route, Stop},
    },
    transport::Transport,
};
use crate::{
    store::{self, Store, days::Handed},
    time::Timestamp,
};

/// A way out, as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// What the operator calls it.
    pub name: String,
    /// Where it leads.
    pub transport: Transport,
    /// The smallest is asked first.
    pub priority: u32,
    /// Its share of the sessions among those of the same priority.
    pub weight: u32,
    /// How fast it may be fed.
    pub pace: Settings,
}

impl Outlet {
    /// The only way, without limits but so many connections.
    pub fn one(transport: Transport, connections: usize) -> Self {
        let connections = u32::try_from(connections.max(1)).unwrap_or(u32::MAX);
        let pace = Settings::unlimited(connections);
        Self { name: "only".to_owned(), transport, priority: 1, weight: 1, pace }
    }
}

/// The ways out.
#[derive(Debug)]
pub struct Relays {
    outlets: Vec<Outlet>,
    route: Mutex<Route>,
    ended: Notify,
    unsaved: Mutex<HashMap<Key, (u64, u64)>>,
}

/// Day, relay, and domain where it is counted by itself.
type Key = (Day, usize, Option<String>);

impl Relays {
    /// These ways out; nothing is known of them yet.
    pub fn new(outlets: Vec<Outlet>) -> Self {
        let stops = outlets.iter().map(|outlet| {
            Stop::new(outlet.priority, outlet.weight, Pace::new(outlet.pace.clone()))
        });
        let route = Mutex::new(Route::new(stops.collect()));
        Self { outlets, route, ended: Notify::new(), unsaved: Mutex::default() }
    }

    /// The ways out that these are.
    pub fn outlets(&self) -> &[Outlet] {
        &self.outlets
    }

    /// One way, without limits but so many connections.
    pub fn one(transport: Transport, connections: usize) -> Self {
        Self::new(vec![Outlet::one(transport, connections)])
    }

    /// Whether letters stay on this machine as far as we can tell.
    pub fn is_local(&self) -> bool {
        self.outlets.iter().all(|outlet| outlet.transport.is_local())
    }

    /// Whether letters become files.
    pub fn is_folder(&self) -> bool {
        self.outlets.iter().all(|outlet| matches!(outlet.transport, Transport::Eml(_)))
    }

    /// Whether any of them counts its days.
    pub(super) fn counts_days(&self) -> bool {
        self.outlets.iter().any(|outlet| outlet.pace.counts_days())
    }

    pub(super) fn route(&self) -> MutexGuard<'_, Route> {
        self.route.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn way(&self, relay: usize) -> Option<&Transport> {
        self.outlets.get(relay).map(|outlet| &outlet.transport)
    }

    /// Ends when a letter has ended after this call.
    pub(super) fn next_end(&self) -> Notified<'_> {
        self.ended.notified()
    }

    pub(super) fn pick(&self, domain: &str, tried: &[usize], now: Timestamp) -> Pick {
        self.route().pick(domain, tried, now)
    }

    pub(super) fn failed(&self, relay: usize, domain: &str, failure: &Failure, now: Timestamp) {
        self.route().failed(relay, domain, failure, now);
        self.count(relay, domain, lesson_before_dot(failure), now);
        self.ended.notify_waiters();
    }

    pub(super) fn completed(&self, relay: usize, domain: &str, end: &Completion, now: Timestamp) {
        self.route().completed(relay, domain, end, now);
        self.count(relay, domain, lesson_after_dot(end), now);
        self.ended.notify_waiters();
    }

    pub(super) fn withdrawn(&self, relay: usize, domain: &str, now: Timestamp) {
        self.route().withdrawn(relay, domain, now);
        self.ended.notify_waiters();
    }

    fn unsaved(&self) -> MutexGuard<'_, HashMap<Key, (u64, u64)>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, relay: usize, domain: &str, lesson: Lesson, now: Timestamp) {
        let counted = self.outlets.get(relay).filter(|outlet| outlet.pace.counts_days());
        let Some(Outlet { pace: settings, .. }) = counted else { return };
        let (letters, slowed) = match lesson {
            Lesson::Taken | Lesson::Doubtful => (1, 0),
            Lesson::Slower(_) | Lesson::Spent => (0, 1),
            Lesson::Nothing | Lesson::Away => return,
        };
        let own = settings.domains.contains_key(domain).then(|| domain.to_owned());
        for domain in [Some(None), own.map(Some)].into_iter().flatten() {
            let mut unsaved = self.unsaved();
            let counts = unsaved.entry((Day::of(now), relay, domain)).or_default();
            *counts = (counts.0 + letters, counts.1 + slowed);
        }
    }

    /// Adds what was counted to the ledger, and takes over what the ledger knows of today: other
    /// workers count there too.
    pub(super) async fn share_counts(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        self.save_counts(store).await?;
        let today = Day::of(now);
        let counted = self.outlets.iter().enumerate();
        for (relay, outlet) in counted.filter(|(_, outlet)| outlet.pace.counts_days()) {
            let (name, settings) = (&outlet.name, &outlet.pace);
            let history = store.days_of(name).await?;
            let domains = store.domains_of(name, today).await?;
            let cap = cap(settings.relay.per_day, &settings.warm_up, &history, today);
            let letters = history.iter().find(|one| one.day == today).map_or(0, |one| one.letters);
            self.recall(relay, today, (letters, cap), domains);
        }
        self.ended.notify_waiters();
        Ok(())
    }

    /// What has been counted since the counts were saved comes on top.
    fn recall(
        &self,
        relay: usize,
        today: Day,
        (letters, cap): (u64, Option<u64>),
        mut domains: Vec<(String, u64)>,
    ) {
        let mut route = self.route();
        let unsaved = self.unsaved();
        let more = |domain: Option<String>| {
            unsaved.get(&(today, relay, domain)).map_or(0, |counts| counts.0)
        };
        for (domain, letters) in &mut domains {
            *letters += more(Some(domain.clone()));
        }
        if let Some(stop) = route.stop(relay) {
            stop.pace.recall(today, (letters + more(None), cap), &domains);
        }
    }

    async fn save_counts(&self, store: &Store) -> Result<(), store::Error> {
        let counts = std::mem::take(&mut *self.unsaved());
        let handed = counts.iter().filter_map(|((day, relay, domain), (letters, slowed))| {
            let relay = self.outlets.get(*relay)?.name.clone();
            let (day, domain) = (*day, domain.clone());
            Some(Handed { day, relay, domain, letters: *letters, slowed: *slowed })
        });
        let handed: Vec<Handed> = handed.collect();
        let saved = store.add_handed_over(&handed).await;
        if saved.is_err() {
            // Rather counted twice than not at all: a quota is a promise to the relay.
            for (key, (letters, slowed)) in counts {
                let mut unsaved = self.unsaved();
                let kept = unsaved.entry(key).or_default();
                *kept = (kept.0 + letters, kept.1 + slowed);
            }
        }
        saved
    }
}
