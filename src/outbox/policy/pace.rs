//! Pace: whether the next letter for a domain may go to a relay now.
//!
//! Three limits, for the relay and for each domain behind it: connections busy at once, letters a
//! minute, letters a day. What is configured is the ceiling; lessons narrow it, success widens it
//! again (`gate`). Without limits and without lessons a letter costs one look-up.
//!
//! It promises that no limit is ever exceeded, that a letter which has to wait can say for what,
//! and that a letter told to wait its turn has one in flight before it, so that waiting ends.
//!
//! It keeps nothing on disk: lessons are learned anew after a restart (one refusal each), the
//! day's counts are handed in from the ledger ([`Pace::recall`]).

use std::collections::HashMap;

use super::{
    gate::Gate,
    lesson::{Lesson, Scope},
    quota::Day,
};
use crate::time::Timestamp;

/// How many domains with lessons are remembered.
const REMEMBERED: usize = 4096;

/// The limits of a relay or of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Letters in flight at once; at least one.
    pub connections: u32,
    /// Letters a minute.
    pub per_minute: Option<u32>,
    /// Letters a day of UTC.
    pub per_day: Option<u64>,
}

/// What a pace is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The relay's own limits.
    pub relay: Limits,
    /// Letters in flight at once for a domain that is not named below; `None`: as the relay.
    pub per_domain: Option<u32>,
    /// Domains with limits of their own, in lower case.
    pub domains: HashMap<String, Limits>,
    /// Caps for the days of a warm-up.
    pub warm_up: Vec<u64>,
}

impl Settings {
    /// No limits but the number of connections.
    pub fn unlimited(connections: u32) -> Self {
        Self {
            relay: Limits { connections, per_minute: None, per_day: None },
            per_domain: None,
            domains: HashMap::new(),
            warm_up: Vec::new(),
        }
    }

    /// Whether the ledger's counts of days are needed.
    pub fn counts_days(&self) -> bool {
        self.relay.per_day.is_some()
            || !self.warm_up.is_empty()
            || self.domains.values().any(|limits| limits.per_day.is_some())
    }

    fn of(&self, domain: &str) -> Limits {
        let connections = self.per_domain.unwrap_or(self.relay.connections);
        let common = Limits { connections, per_minute: None, per_day: None };
        self.domains.get(domain).copied().unwrap_or(common)
    }
}

/// Whether the next letter may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// It may, and counts as in flight until [`Pace::done`].
    Now,
    /// No letter may go to the relay yet.
    Relay(Wait),
    /// No letter for its domain may go yet; those for others may.
    Domain(Wait),
}

/// What a letter has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The end of a letter that is in flight.
    Turn,
    /// An instant.
    Until(Timestamp),
    /// The day's quota is used up: the end of the day.
    Tomorrow(Timestamp),
}

/// The pace of one relay.
#[derive(Debug)]
pub struct Pace {
    settings: Settings,
    relay: Gate,
    domains: HashMap<String, Gate>,
}

impl Pace {
    /// A pace that has learned nothing yet.
    pub fn new(settings: Settings) -> Self {
        let relay = Gate::new(settings.relay);
        Self { settings, relay, domains: HashMap::new() }
    }

    /// What it was set to.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes over what the ledger knows of a day: the letters of the relay with the day's cap
    /// ([`super::quota::cap`]), and those of domains that have a cap. Letters in flight are not
    /// among them.
    pub fn recall(
        &mut self,
        day: Day,
        (letters, cap): (u64, Option<u64>),
        domains: &[(String, u64)],
    ) {
        self.relay.recall(day, letters, cap);
        for (domain, letters) in domains {
            if let Some(limits) = self.settings.domains.get(domain) {
                let gate = self.domains.entry(domain.clone());
                gate.or_insert_with(|| Gate::new(*limits)).recall(day, *letters, limits.per_day);
            }
        }
    }

    /// Asks for one letter to `domain` (in lower case). After [`Admit::Now`] it is in flight.
    pub fn admit(&mut self, domain: &str, now: Timestamp) -> Admit {
        if let Some(wait) = self.relay.look(now) {
            return Admit::Relay(wait);
        }
        if !self.domains.contains_key(domain) {
            self.domains.insert(domain.to_owned(), Gate::new(self.settings.of(domain)));
        }
        if let Some(gate) = self.domains.get_mut(domain) {
            if let Some(wait) = gate.look(now) {
                return Admit::Domain(wait);
            }
            gate.enter(now);
        }
        self.relay.enter(now);
        Admit::Now
    }

    /// Notes how a letter ended that was in flight; also when it was never offered
    /// ([`Lesson::Nothing`]).
    pub fn done(&mut self, domain: &str, lesson: Lesson, now: Timestamp) {
        self.learn(domain, lesson, now);
        let counts = matches!(lesson, Lesson::Taken | Lesson::Doubtful);
        self.relay.leave(counts, now);
        if let Some(gate) = self.domains.get_mut(domain) {
            gate.leave(counts, now);
        }
        self.forget(domain);
    }

    /// Asks for a letter to `domain` that follows one to `before` on its connection. After `true`
    /// it is in flight once it takes over; until then it may be taken back.
    pub fn follow(&mut self, before: &str, domain: &str, now: Timestamp) -> bool {
        let is_same = before == domain;
        if !self.domains.contains_key(domain) {
            self.domains.insert(domain.to_owned(), Gate::new(self.settings.of(domain)));
        }
        let Some(gate) = self.domains.get_mut(domain) else { return false };
        let may = if is_same { gate.may_follow(now) } else { gate.look(now).is_none() };
        if !(may && self.relay.may_follow(now)) {
            self.forget(domain);
            return false;
        }
        if is_same {
            gate.follow(now);
        } else {
            gate.enter(now);
        }
        self.relay.follow(now);
        true
    }

    /// Until when no letter may go to the relay at all, whatever its domain; `None`: one may, or
    /// may as soon as another has ended.
    pub fn closed(&self, now: Timestamp) -> Option<Timestamp> {
        match self.relay.look(now)? {
            Wait::Turn => None,
            Wait::Until(until) | Wait::Tomorrow(until) => Some(until),
        }
    }

    /// The letter to `before` has ended, and the one that followed it is in flight.
    pub fn take_over(&mut self, before: &str, domain: &str) {
        self.relay.take_over();
        if before == domain
            && let Some(gate) = self.domains.get_mut(domain)
        {
            gate.take_over();
        }
    }

    /// The letter that followed is not sent after all.
    pub fn unfollow(&mut self, before: &str, domain: &str, now: Timestamp) {
        self.relay.unfollow();
        if let Some(gate) = self.domains.get_mut(domain) {
            if before == domain { gate.unfollow() } else { gate.leave(false, now) }
        }
        self.forget(domain);
    }

    /// Forgets what was in flight: its session is gone, and nobody will tell of its end.
    pub fn clear(&mut self) {
        self.relay.clear();
        self.domains.values_mut().for_each(Gate::clear);
    }

    fn learn(&mut self, domain: &str, lesson: Lesson, now: Timestamp) {
        let gate = self.domains.get_mut(domain).into_iter();
        match lesson {
            Lesson::Taken => {
                self.relay.widen();
                gate.for_each(Gate::widen);
            }
            Lesson::Slower(Scope::Relay) => self.relay.narrow(),
            Lesson::Slower(Scope::Domain) => gate.for_each(Gate::narrow),
            Lesson::Spent => self.relay.close(now),
            Lesson::Doubtful | Lesson::Nothing | Lesson::Away => {}
        }
    }

    /// Drops the gate of an idle domain that has nothing to remember, or for whose lessons there
    /// is no room: memory stays bounded when every domain complains.
    fn forget(&mut self, domain: &str) {
        let is_crowded = self.domains.len() > REMEMBERED;
        let can_go = |gate: &Gate| gate.is_idle() && (is_crowded || gate.has_learned_nothing());
        if self.domains.get(domain).is_some_and(can_go) {
            self.domains.remove(domain);
        }
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
