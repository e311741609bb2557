//! A line: a lane's connection to one relay at a time, and how a letter gets before a relay, up
//! to but not including the final dot.
//!
//! It promises that a letter goes to another relay only when the one before cannot have taken it
//! (its attempt ended in a [`Failure`]), that no relay is asked for more than its pace admits,
//! and that every letter the route picked is told to have ended: here when it failed, by the
//! lane when it was completed.
//!
//! A session that has carried letters may be closed by its server at any time (RFC 5321 section
//! 3.8); what fails so before the dot is offered once more on a new one. A relay that cannot be
//! reached is tried again within seconds, since restarts are short; then its breaker decides.

use std::{sync::Arc, time::Duration};

use super::{
    attempt::{Failure, Phase},
    floor::Floor,
    policy::{
        pace::Wait,
        route::{Closed, Pick, may_go_elsewhere},
        verdict_before_dot,
    },
    transport::{Connection, Outgoing},
};
use crate::{domain::delivery::Verdict, time::Timestamp};

/// How long to wait before each try to connect.
const PAUSES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(2000)];
/// How long an offer may go on after a stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long a lane waits for a turn before it looks again.
const PATIENCE: Duration = Duration::from_secs(90);
/// Connections lost in a row before a lane gives a relay up.
const STRIKES: u32 = 3;
/// How many letters are set aside in a row before a lane waits for one of their domains.
const ASIDES: u32 = 32;

/// How an offer ended.
pub(super) enum Offer {
    /// The letter is before the relay of that index.
    Made(usize),
    /// It was refused, or the session ended; nothing was taken.
    Failed(Failure),
    /// No relay lets us in.
    Unreachable(Failure),
    /// Its domain takes no letter now: until then, or until another one has ended.
    Aside(Option<Timestamp>),
    /// No relay takes a letter before then, and why.
    Paused(Timestamp, Closed),
    /// The desk stops.
    Stopped,
}

pub(super) struct Line {
    floor: Arc<Floor>,
    connection: Option<(usize, Connection)>,
    /// Letters offered on this connection.
    carried: u32,
    /// Letters set aside in a row.
    asides: u32,
    /// Connections lost in a row, and at which relay.
    strikes: (usize, u32),
}

enum Choice {
    Relay(usize),
    Nowhere,
    Aside(Option<Timestamp>),
    Paused(Timestamp, Closed),
    Stopped,
}

impl Line {
    pub(super) const fn new(floor: Arc<Floor>) -> Self {
        Self { floor, connection: None, carried: 0, asides: 0, strikes: (0, 0) }
    }

    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut().map(|(_, connection)| connection)
    }

    pub(super) fn is_usable(&self) -> bool {
        self.connection.as_ref().is_some_and(|(_, connection)| connection.is_usable())
    }

    /// A connection was lost. A relay that hangs up on three in a row is left alone, so that it
    /// cannot leave doubt after doubt.
    pub(super) fn lose(&mut self, relay: usize, why: &str) {
        self.floor.lose(why);
        let before = if self.strikes.0 == relay { self.strikes.1 } else { 0 };
        self.strikes = (relay, before + 1);
        if self.strikes.1 >= STRIKES {
            self.strikes.1 = 0;
            self.floor.desk.relays.route().given_up(relay, self.floor.now());
        }
    }

    /// A letter was answered on a connection that goes on.
    pub(super) const fn answered(&mut self) {
        self.strikes.1 = 0;
    }

    /// A letter rode on this connection.
    pub(super) const fn count(&mut self) {
        self.carried += 1;
    }

    pub(super) async fn abandon(&mut self) {
        if let Some((_, connection)) = self.connection.take() {
            connection.abandon().await;
        }
    }

    pub(super) async fn close(&mut self) {
        if let Some((_, connection)) = self.connection.take() {
            connection.close().await;
        }
    }

    /// Offers a letter to one relay after another, until one hears it to the end.
    pub(super) async fn offer(&mut self, letter: &Outgoing) -> Offer {
        let domain = letter.envelope.to.domain();
        let (mut tried, mut last) = (Vec::new(), None);
        loop {
            let relay = match self.choose(domain, &tried).await {
                Choice::Relay(relay) => relay,
                Choice::Nowhere => return last.unwrap_or(Offer::Stopped),
                Choice::Aside(until) => {
                    self.asides += 1;
                    return Offer::Aside(until);
                }
                Choice::Paused(until, why) => return Offer::Paused(until, why),
                Choice::Stopped => return Offer::Stopped,
            };
            self.asides = 0;
            let ended = self.offer_to(relay, letter).await;
            let (floor, now) = (self.floor.clone(), self.floor.now());
            let relays = &floor.desk.relays;
            match &ended {
                Offer::Failed(failure) | Offer::Unreachable(failure) => {
                    relays.failed(relay, domain, failure, now);
                    if failure.is_lost() {
                        self.lose(relay, &failure.text);
                    } else {
                        self.answered();
                    }
                    if !may_go_elsewhere(failure) {
                        return ended;
                    }
                    tried.push(relay);
                    last = Some(ended);
                }
                Offer::Made(_) => return ended,
                _ => {
                    relays.withdrawn(relay, domain, now);
                    return ended;
                }
            }
        }
    }

    /// Which relay takes the letter, waiting for one's turn.
    async fn choose(&self, domain: &str, tried: &[usize]) -> Choice {
        loop {
            let relays = &self.floor.desk.relays;
            let mut ended = std::pin::pin!(relays.next_end());
            ended.as_mut().enable();
            let now = self.floor.now();
            let (wait, is_domain) = match relays.pick(domain, tried, now) {
                Pick::Relay(relay) => return Choice::Relay(relay),
                Pick::Nowhere => return Choice::Nowhere,
                Pick::Wait(wait) => (wait, false),
                Pick::WaitForDomain(Wait::Turn) if self.asides < ASIDES => {
                    return Choice::Aside(None);
                }
                Pick::WaitForDomain(wait) => (wait, true),
            };
            let until = match wait {
                Wait::Turn => now.plus(PATIENCE),
                Wait::Until(until) | Wait::Tomorrow(until) if is_domain => {
                    return Choice::Aside(Some(until));
                }
                Wait::Until(until) | Wait::Tomorrow(until) => until,
            };
            if let Some((until, why)) = self.floor.closed(now) {
                return Choice::Paused(until, why);
            }
            tokio::select! {
                () = ended => {}
                () = self.floor.sleep_until(until) => {}
                () = self.floor.stopped() => return Choice::Stopped,
            }
        }
    }

    async fn offer_to(&mut self, relay: usize, letter: &Outgoing) -> Offer {
        if self.connection.as_ref().is_some_and(|(at, _)| *at != relay) {
            self.close().await;
        }
        loop {
            if self.connection.is_none() {
                match self.connect(relay).await {
                    Ok(Some(connection)) => self.connection = Some((relay, connection)),
                    Ok(None) => return Offer::Stopped,
                    Err(failure) => return Offer::Unreachable(failure),
                }
                self.carried = 0;
            }
            let is_new = self.carried == 0;
            self.carried += 1;
            let Some((_, connection)) = &mut self.connection else { return Offer::Stopped };
            let offered = tokio::select! {
                offered = connection.offer(letter) => offered,
                () = grace_is_over(&self.floor) => {
                    self.abandon().await;
                    return Offer::Stopped;
                }
            };
            let usable = connection.is_usable();
            let Err(failure) = offered else { return Offer::Made(relay) };
            if usable {
                return Offer::Failed(failure);
            }
            self.abandon().await;
            if is_new || !failure.is_lost() {
                return Offer::Failed(failure);
            }
        }
    }

    /// The text of a letter whose envelope rode; a stop gives it ten seconds.
    pub(super) async fn fill(&mut self, letter: &Outgoing) -> Result<(), Failure> {
        let gone = |why| Err(Failure::without_reply(Phase::Body, why));
        let Some((_, connection)) = &mut self.connection else { return gone("no connection") };
        tokio::select! {
            filled = connection.fill(letter) => filled,
            () = grace_is_over(&self.floor) => gone("the run was stopped before the letter was out"),
        }
    }

    /// A connection, after some tries; `None`: the desk stops.
    async fn connect(&self, relay: usize) -> Result<Option<Connection>, Failure> {
        let Some(way) = self.floor.desk.relays.way(relay) else { return Ok(None) };
        let mut last = None;
        for pause in PAUSES {
            let floor = &self.floor;
            let trying = async {
                tokio::time::sleep(pause).await;
                way.connect().await
            };
            let tried = tokio::select! {
                tried = trying => tried,
                () = floor.stopped() => return Ok(None),
            };
            match tried {
                Ok(connection) => {
                    floor.reach();
                    return Ok(Some(connection));
                }
                Err(failure) if is_ours(&failure) => return Err(failure),
                Err(failure) => last = Some(failure),
            }
            if floor.is_closed() {
                break;
            }
        }
        if self.floor.is_stopping() { Ok(None) } else { last.map_or(Ok(None), Err) }
    }
}

/// Whether no other try can help before somebody has mended something.
pub(super) fn is_ours(failure: &Failure) -> bool {
    matches!(verdict_before_dot(failure), Verdict::Ours(_))
}

async fn grace_is_over(floor: &Floor) {
    floor.stopped().await;
    tokio::time::sleep(GRACE).await;
}
