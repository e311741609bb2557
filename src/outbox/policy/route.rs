//! The route: which relay takes the next letter.
//!
//! Relays are asked in the order of their priority (1 first); those of the same priority share
//! the letters by weight. A relay whose breaker is open, or whose pace does not admit the letter,
//! is passed over.
//!
//! It promises that failover cannot become a duplicate: a letter leaves a relay for another one
//! by its [`Failure`] only, which by its type ended before the final dot. After the dot there is
//! a [`Completion`], and no way leads from it to another relay.
//!
//! Shares are dealt by smooth weighted round-robin, without random numbers.

use super::{
    super::attempt::{Completion, Failure, Phase},
    breaker::{Breaker, State},
    lesson::{Lesson, lesson_after_dot, lesson_before_dot},
    pace::{Admit, Pace, Wait},
    verdict::verdict_before_dot,
};
use crate::{domain::delivery::Verdict, time::Timestamp};

/// A relay on the route.
#[derive(Debug)]
pub struct Stop {
    /// The smallest is asked first.
    pub priority: u32,
    /// Its share among those of the same priority; at least 1.
    pub weight: u32,
    /// How fast it may be fed.
    pub pace: Pace,
    /// Whether it loses connections.
    pub breaker: Breaker,
    /// Deals the shares.
    owed: i64,
}

impl Stop {
    /// A relay of which nothing is known yet.
    pub fn new(priority: u32, weight: u32, pace: Pace) -> Self {
        Self { priority, weight: weight.max(1), pace, breaker: Breaker::default(), owed: 0 }
    }
}

/// Where the next letter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// To the relay of that index. It is in flight there until its end is told.
    Relay(usize),
    /// Nowhere yet: no relay takes any letter.
    Wait(Wait),
    /// Nowhere yet, but letters for other domains may go.
    WaitForDomain(Wait),
    /// Every relay has been tried.
    Nowhere,
}

/// Why no relay takes any letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Connections were lost, or it lets us in no more.
    Lost,
    /// Its limits are used up.
    Spent,
}

/// Whether another relay may be asked for the letter of an attempt that failed: the relay could
/// not be used or hung up, which says nothing about the letter.
pub fn may_go_elsewhere(failure: &Failure) -> bool {
    let is_local = matches!(failure.phase, Phase::Letter | Phase::Address);
    !is_local && (failure.phase <= Phase::Login || failure.is_lost())
}

/// The relays, and how each is doing.
#[derive(Debug)]
pub struct Route {
    stops: Vec<Stop>,
    /// Indices into `stops`, by priority.
    order: Vec<usize>,
}

impl Route {
    /// A route over these relays; [`Pick::Relay`] counts them in the order given here.
    pub fn new(stops: Vec<Stop>) -> Self {
        let mut order: Vec<usize> = (0..stops.len()).collect();
        order.sort_by_key(|&index| stops.get(index).map(|stop| stop.priority));
        Self { stops, order }
    }

    /// The relay of that index, to recall its day.
    pub fn stop(&mut self, relay: usize) -> Option<&mut Stop> {
        self.stops.get_mut(relay)
    }

    /// Picks a relay for a letter to `domain` that none of the relays `tried` could take.
    pub fn pick(&mut self, domain: &str, tried: &[usize], now: Timestamp) -> Pick {
        let mut refused = Refused::default();
        while let Some(relay) = self.first_choice(tried, &refused) {
            match self.ask(relay, domain, now) {
                Admit::Now => {
                    self.deal(relay, tried, &refused);
                    return Pick::Relay(relay);
                }
                other => refused.note(relay, other),
            }
        }
        refused.pick()
    }

    /// The attempt in flight at `relay` ended before the final dot.
    pub fn failed(&mut self, relay: usize, domain: &str, failure: &Failure, now: Timestamp) {
        let Some(stop) = self.stops.get_mut(relay) else { return };
        let lesson = lesson_before_dot(failure);
        stop.pace.done(domain, lesson, now);
        let is_ours = matches!(verdict_before_dot(failure), Verdict::Ours(_));
        match failure.phase {
            Phase::Letter | Phase::Address => stop.breaker.unmet(),
            phase if phase <= Phase::Login && is_ours => stop.breaker.locked_out(now),
            _ if failure.is_lost() && lesson == Lesson::Away => stop.breaker.lost(now),
            _ if failure.reply.is_none() => stop.breaker.lost(now),
            _ => stop.breaker.answered(),
        }
    }

    /// The final dot of the letter in flight at `relay` was sent, and this is what came of it.
    pub fn completed(&mut self, relay: usize, domain: &str, end: &Completion, now: Timestamp) {
        if let Completion::NotSent(failure) = end {
            return self.failed(relay, domain, failure, now);
        }
        let Some(stop) = self.stops.get_mut(relay) else { return };
        stop.pace.done(domain, lesson_after_dot(end), now);
        match end {
            Completion::Replied(_) => stop.breaker.answered(),
            Completion::Lost(_) | Completion::NotSent(_) => stop.breaker.lost(now),
        }
    }

    /// The letter in flight at `relay` never met it: its reader left, or the desk stops.
    pub fn withdrawn(&mut self, relay: usize, domain: &str, now: Timestamp) {
        let Some(stop) = self.stops.get_mut(relay) else { return };
        stop.pace.done(domain, Lesson::Nothing, now);
        stop.breaker.unmet();
    }

    /// Whether a letter to `domain` may follow the one to `before` that is in flight at `relay`, on
    /// its connection. Then it either takes over or is taken back ([`Route::unfollow`]).
    pub fn follow(&mut self, relay: usize, (before, domain): (&str, &str), now: Timestamp) -> bool {
        let Some(stop) = self.stops.get_mut(relay) else { return false };
        stop.breaker.state(now) == State::Closed && stop.pace.follow(before, domain, now)
    }

    /// The letter to `before` has ended ([`Route::completed`]); the one behind it is in flight.
    pub fn take_over(&mut self, relay: usize, (before, domain): (&str, &str)) {
        if let Some(stop) = self.stops.get_mut(relay) {
            stop.pace.take_over(before, domain);
        }
    }

    /// The letter behind is not sent on this connection after all.
    pub fn unfollow(&mut self, relay: usize, (before, domain): (&str, &str), now: Timestamp) {
        if let Some(stop) = self.stops.get_mut(relay) {
            stop.pace.unfollow(before, domain, now);
        }
    }

    /// Until when no relay takes any letter, and why; `None`: one takes letters, or may as soon as
    /// another one has ended.
    pub fn closed(&self, now: Timestamp) -> Option<(Timestamp, Closed)> {
        let closed = self.stops.iter().map(|stop| match stop.breaker.state(now) {
            State::Open(until) => Some((until, Closed::Lost)),
            State::OnTrial => None,
            State::Closed | State::HalfOpen => Some((stop.pace.closed(now)?, Closed::Spent)),
        });
        closed.collect::<Option<Vec<_>>>()?.into_iter().min_by_key(|(until, _)| *until)
    }

    /// One lane lost connection after connection at `relay`: nobody goes there for a while.
    pub fn given_up(&mut self, relay: usize, now: Timestamp) {
        if let Some(stop) = self.stops.get_mut(relay) {
            stop.breaker.given_up(now);
        }
    }

    /// Forgets what was in flight, as [`Pace::clear`] does.
    pub fn clear(&mut self) {
        for stop in &mut self.stops {
            stop.pace.clear();
            stop.breaker.unmet();
        }
    }

    fn ask(&mut self, relay: usize, domain: &str, now: Timestamp) -> Admit {
        let Some(stop) = self.stops.get_mut(relay) else { return Admit::Relay(Wait::Turn) };
        match stop.breaker.state(now) {
            State::Open(until) => return Admit::Relay(Wait::Until(until)),
            State::OnTrial => return Admit::Relay(Wait::Turn),
            State::Closed | State::HalfOpen => {}
        }
        let admit = stop.pace.admit(domain, now);
        if admit == Admit::Now {
            stop.breaker.enter(now);
        }
        admit
    }

    /// Those of the smallest priority that are left, the one owed most first.
    fn first_choice(&self, tried: &[usize], refused: &Refused) -> Option<usize> {
        self.peers(tried, refused)
            .max_by_key(|(index, stop)| (stop.owed + i64::from(stop.weight), usize::MAX - index))
            .map(|(index, _)| index)
    }

    fn peers<'a>(
        &'a self,
        tried: &'a [usize],
        refused: &'a Refused,
    ) -> impl Iterator<Item = (usize, &'a Stop)> {
        let left = self
            .order
            .iter()
            .filter(|&&index| !tried.contains(&index) && !refused.relays.contains(&index));
        let mut left = left.filter_map(|&index| Some((index, self.stops.get(index)?))).peekable();
        let first = left.peek().map(|(_, stop)| stop.priority);
        left.take_while(move |(_, stop)| Some(stop.priority) == first)
    }

    /// Smooth weighted round-robin: everybody who could have had the letter is owed its weight,
    /// and the one that got it pays for all.
    fn deal(&mut self, relay: usize, tried: &[usize], refused: &Refused) {
        let peers: Vec<usize> = self.peers(tried, refused).map(|(index, _)| index).collect();
        let mut total = 0;
        for index in peers {
            if let Some(stop) = self.stops.get_mut(index) {
                stop.owed += i64::from(stop.weight);
                total += i64::from(stop.weight);
            }
        }
        if let Some(stop) = self.stops.get_mut(relay) {
            stop.owed -= total;
        }
    }
}

/// Relays that do not take the letter now, and the shortest wait.
#[derive(Default)]
struct Refused {
    relays: Vec<usize>,
    shortest: Option<(Wait, bool)>,
}

impl Refused {
    fn note(&mut self, relay: usize, admit: Admit) {
        self.relays.push(relay);
        let (wait, is_domain) = match admit {
            Admit::Relay(wait) => (wait, false),
            Admit::Domain(wait) => (wait, true),
            Admit::Now => return,
        };
        let is_shorter = self.shortest.is_none_or(|(other, _)| rank(wait) < rank(other));
        let others = self.shortest.is_some_and(|(_, others)| others);
        let wait = self.shortest.filter(|_| !is_shorter).map_or(wait, |(other, _)| other);
        self.shortest = Some((wait, others || is_domain));
    }

    fn pick(self) -> Pick {
        match self.shortest {
            None => Pick::Nowhere,
            Some((wait, false)) => Pick::Wait(wait),
            Some((wait, true)) => Pick::WaitForDomain(wait),
        }
    }
}

/// Waits by length; one's turn comes first.
const fn rank(wait: Wait) -> i64 {
    match wait {
        Wait::Turn => i64::MIN,
        Wait::Until(at) | Wait::Tomorrow(at) => at.micros(),
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
