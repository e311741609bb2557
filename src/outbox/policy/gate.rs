//! A gate: the limits of one relay, or of one domain behind it, as configured and as learned.
//!
//! Additive increase, multiplicative decrease (Chiu and Jain 1989), on a ladder of two parts. A
//! lesson halves the connections; at one connection it halves the letters a minute. Runs of
//! letters that are taken climb back the same way: the minute's letters first, then one
//! connection at a time, up to what is configured. Lessons about letters that were already on
//! their way when the gate was narrowed do not narrow it again.
//!
//! The rate is a token bucket, kept as the instant of its next token: at most one second's share
//! may go at once, and in no minute more than a minute's share.

use std::time::Duration;

use super::{
    pace::{Limits, Wait},
    quota::Day,
};
use crate::time::Timestamp;

/// The rate from which a gate at one connection is slowed down, and at which it is free again.
const FREE_RATE: u32 = 120;
/// Letters a minute that a run of success adds.
const RATE_STEP: u32 = 5;
/// Letters taken, for each connection, before one more is tried: at a server that allows three
/// connections one letter in fifty then meets a refusal.
const RUN: u32 = 16;
/// How long a relay that takes no more today is left alone: its day may end at any time.
const SPENT: Duration = Duration::from_secs(60 * 60);
const MINUTE: u64 = 60_000_000;

#[derive(Debug)]
pub(super) struct Gate {
    limits: Limits,
    /// Connections that may be busy at once: 1 to `limits.connections`.
    window: u32,
    /// Letters a minute that lessons have left, where they have.
    learned: Option<u32>,
    /// Letters taken since the last step of the ladder.
    run: u32,
    /// Letters still on their way since the gate was narrowed.
    spared: u32,
    in_flight: u32,
    /// Letters that follow one in flight on its connection.
    following: u32,
    /// When the bucket has its next token.
    next: Timestamp,
    closed_until: Timestamp,
    day: Day,
    /// Letters of that day that were taken, or may have been.
    letters: u64,
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        let connections = limits.connections.max(1);
        let limits = Limits { connections, ..limits };
        Self {
            window: connections,
            limits,
            learned: None,
            run: 0,
            spared: 0,
            in_flight: 0,
            following: 0,
            next: Timestamp::from_micros(i64::MIN),
            closed_until: Timestamp::from_micros(i64::MIN),
            day: Day::numbered(i64::MIN),
            letters: 0,
        }
    }

    /// Sets what the ledger knows of a day: letters taken, and the day's cap.
    pub(super) fn recall(&mut self, day: Day, letters: u64, cap: Option<u64>) {
        (self.day, self.letters, self.limits.per_day) = (day, letters, cap);
    }

    /// What the next letter has to wait for.
    pub(super) fn look(&self, now: Timestamp) -> Option<Wait> {
        if let Some(wait) = self.look_at_counts(now) {
            return Some(wait);
        }
        if self.in_flight >= self.window { Some(Wait::Turn) } else { self.look_at_rate(now) }
    }

    /// Whether a letter may follow one in flight on the same connection: no connection more is
    /// busy then.
    pub(super) fn may_follow(&self, now: Timestamp) -> bool {
        self.in_flight <= self.window
            && self.look_at_counts(now).is_none()
            && self.look_at_rate(now).is_none()
    }

    fn look_at_counts(&self, now: Timestamp) -> Option<Wait> {
        if let Some(cap) = self.limits.per_day {
            let day = self.day.max(Day::of(now));
            let letters = if day == self.day { self.letters } else { 0 };
            if letters >= cap {
                return Some(Wait::Tomorrow(day.end()));
            }
            let under_way = u64::from(self.in_flight) + u64::from(self.following);
            if letters.saturating_add(under_way) >= cap {
                return Some(Wait::Turn);
            }
        }
        (now < self.closed_until).then_some(Wait::Until(self.closed_until))
    }

    fn look_at_rate(&self, now: Timestamp) -> Option<Wait> {
        let (interval, burst) = bucket(self.rate()?);
        // A clock that was set back must not stop letters for longer than a token takes.
        let next = self.next.min(now.plus(interval + burst));
        (now.plus(burst) < next).then(|| Wait::Until(next.minus(burst)))
    }

    pub(super) fn enter(&mut self, now: Timestamp) {
        self.in_flight += 1;
        self.spend(now);
    }

    /// A letter follows one in flight.
    pub(super) fn follow(&mut self, now: Timestamp) {
        self.following += 1;
        self.spend(now);
    }

    /// The letter that followed is not sent after all: what it spent is given back.
    pub(super) fn unfollow(&mut self) {
        self.following = self.following.saturating_sub(1);
        if let Some(rate) = self.rate() {
            self.next = self.next.minus(bucket(rate).0);
        }
    }

    /// The letter that followed is in flight now, in place of the one before.
    pub(super) fn take_over(&mut self) {
        self.following = self.following.saturating_sub(1);
        self.in_flight += 1;
    }

    fn spend(&mut self, now: Timestamp) {
        if let Some(rate) = self.rate() {
            let (interval, burst) = bucket(rate);
            self.next = self.next.min(now.plus(interval + burst)).max(now).plus(interval);
        }
    }

    /// One letter less on its way; `counts`: it counts for the day.
    pub(super) fn leave(&mut self, counts: bool, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.spared = self.spared.saturating_sub(1);
        let today = Day::of(now);
        if today > self.day {
            (self.day, self.letters) = (today, 0);
        }
        self.letters += u64::from(counts);
    }

    /// Nothing is on its way any more.
    pub(super) fn clear(&mut self) {
        (self.in_flight, self.following, self.spared) = (0, 0, 0);
    }

    /// A letter was taken.
    pub(super) fn widen(&mut self) {
        if self.has_learned_nothing() {
            return;
        }
        self.run += 1;
        // At a learned rate, a minute's letters.
        if self.run < self.learned.unwrap_or(self.window.saturating_mul(RUN)) {
            return;
        }
        self.run = 0;
        match self.learned {
            Some(rate) => self.learned = Some(rate + RATE_STEP).filter(|rate| *rate < FREE_RATE),
            None => self.window += 1,
        }
    }

    /// A server complained about our speed.
    pub(super) fn narrow(&mut self) {
        if self.spared > 0 {
            return;
        }
        self.spared = self.in_flight;
        self.run = 0;
        if self.window > 1 {
            self.window /= 2;
        } else {
            self.learned = Some((self.rate().unwrap_or(FREE_RATE).min(FREE_RATE) / 2).max(1));
        }
    }

    /// The relay takes no more today. One letter at a time finds out when it does again.
    pub(super) fn close(&mut self, now: Timestamp) {
        self.closed_until = now.plus(SPENT);
        (self.window, self.run) = (1, 0);
    }

    /// Whether nothing is in flight, and nothing is counted for limits that are configured.
    pub(super) const fn is_idle(&self) -> bool {
        self.in_flight == 0
            && self.following == 0
            && self.limits.per_minute.is_none()
            && self.limits.per_day.is_none()
    }

    /// Whether no lesson narrows it.
    pub(super) const fn has_learned_nothing(&self) -> bool {
        self.learned.is_none() && self.window == self.limits.connections
    }

    fn rate(&self) -> Option<u32> {
        self.limits.per_minute.into_iter().chain(self.learned).min()
    }
}

/// The time between two tokens, and how much of it may be overdrawn: a second's share, which is
/// taken off the rate, so that no minute sees more than `rate` letters.
fn bucket(rate: u32) -> (Duration, Duration) {
    let rate = u64::from(rate.max(1));
    let burst = rate / 60;
    let interval = MINUTE.div_ceil(rate - burst);
    (Duration::from_micros(interval), Duration::from_micros(interval * burst))
}
