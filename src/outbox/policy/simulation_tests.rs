//! All parts of the policy together against a strict server: thousands of letters, days of
//! simulated time, no sleep. What the server allows is used; what it refuses costs no reader.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use super::{
    super::attempt::{Completion, Failure, Phase},
    lesson::{lesson_after_dot, lesson_before_dot},
    pace::{Pace, Settings, Wait},
    put_off,
    quota::Day,
    route::{Pick, Route, Stop},
    verdict_after_dot, verdict_before_dot,
};
use crate::{
    domain::delivery::{Reply, Verdict},
    time::Timestamp,
};

/// What a server allows.
#[derive(Default)]
struct Server {
    connections: Option<usize>,
    per_minute: Option<usize>,
    per_day: Option<usize>,
    /// How long a letter that is new to it has to wait.
    greylist: Option<Duration>,
    /// From when to when it answers nothing.
    away: Option<(Timestamp, Timestamp)>,
    first_seen: HashMap<usize, Timestamp>,
    minute: VecDeque<Timestamp>,
    today: (Day, usize),
    busy: usize,
    complaints: usize,
}

impl Server {
    /// What it says to a letter that comes at `now`.
    fn answer(&mut self, letter: usize, now: Timestamp) -> Result<Completion, Failure> {
        if self.away.is_some_and(|(from, to)| (from..to).contains(&now)) {
            return Err(Failure::without_reply(Phase::Connect, "connection refused"));
        }
        while self.minute.front().is_some_and(|at| now.since(*at) >= Duration::from_secs(60)) {
            self.minute.pop_front();
        }
        if self.today.0 != Day::of(now) {
            self.today = (Day::of(now), 0);
        }
        let seen = *self.first_seen.entry(letter).or_insert(now);
        let refusal = if self.connections.is_some_and(|most| self.busy > most) {
            Some((Phase::Greeting, 421, "too many connections"))
        } else if self.per_minute.is_some_and(|most| self.minute.len() >= most) {
            Some((Phase::Sender, 450, "4.7.1 too much mail from you"))
        } else if self.per_day.is_some_and(|most| self.today.1 >= most) {
            Some((Phase::Body, 550, "5.4.5 Daily user sending limit exceeded"))
        } else if self.greylist.is_some_and(|wait| now.since(seen) < wait) {
            Some((Phase::Recipient, 450, "4.2.0 greylisted"))
        } else {
            None
        };
        if let Some((phase, code, text)) = refusal {
            self.complaints += 1;
            return Err(Failure::refused(phase, Reply::new(code, text)));
        }
        self.minute.push_back(now);
        self.today.1 += 1;
        Ok(Completion::Replied(Reply::new(250, "2.0.0 taken")))
    }
}

/// What became of an issue.
#[derive(Debug)]
struct Outcome {
    taken_by: Vec<usize>,
    failed: usize,
    complaints: Vec<usize>,
    lasted: Duration,
}

struct World {
    servers: Vec<Server>,
    route: Route,
    now: Timestamp,
    due: BTreeSet<(Timestamp, usize)>,
    tried_since: Vec<Option<Timestamp>>,
    flying: BinaryHeap<Reverse<(Timestamp, usize, usize)>>,
    seen: HashSet<usize>,
    outcome: Outcome,
}

const START: Timestamp = Timestamp::from_micros(1_764_064_800_000_000);
const REPLY: Duration = Duration::from_millis(20);

fn domain(letter: usize) -> String {
    format!("d{}.example", letter % 7)
}

impl World {
    fn new(letters: usize, servers: Vec<Server>) -> Self {
        let stop = |priority| Stop::new(priority, 1, Pace::new(Settings::unlimited(16)));
        let outcome = Outcome {
            taken_by: vec![0; servers.len()],
            failed: 0,
            complaints: Vec::new(),
            lasted: Duration::ZERO,
        };
        Self {
            route: Route::new((1..).take(servers.len()).map(stop).collect()),
            servers,
            now: START,
            due: (0..letters).map(|letter| (START, letter)).collect(),
            tried_since: vec![None; letters],
            flying: BinaryHeap::new(),
            seen: HashSet::new(),
            outcome,
        }
    }

    fn run(mut self) -> Outcome {
        while !(self.due.is_empty() && self.flying.is_empty()) {
            let wake = self.send();
            let landing = self.flying.peek().map(|Reverse((at, ..))| *at);
            let next = landing.into_iter().chain(wake).min();
            self.now = next.expect("something to wait for").max(self.now);
            assert!(self.now.since(START) < Duration::from_secs(30 * 86_400), "no end");
            while self.flying.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
                let Some(Reverse((_, letter, relay))) = self.flying.pop() else { break };
                self.land(letter, relay);
            }
        }
        self.outcome.complaints = self.servers.iter().map(|server| server.complaints).collect();
        self.outcome.lasted = self.now.since(START);
        self.outcome
    }

    /// Sends what may go; returns when to look again.
    fn send(&mut self) -> Option<Timestamp> {
        while let Some(&(at, letter)) = self.due.first() {
            if at > self.now {
                return Some(at);
            }
            match self.route.pick(&domain(letter), &[], self.now) {
                Pick::Relay(relay) => {
                    self.due.pop_first();
                    self.servers[relay].busy += 1;
                    self.flying.push(Reverse((self.now.plus(REPLY), letter, relay)));
                }
                Pick::Wait(Wait::Until(until) | Wait::Tomorrow(until)) => return Some(until),
                Pick::WaitForDomain(_) => return Some(self.now.plus(REPLY)),
                Pick::Wait(Wait::Turn) => return None,
                Pick::Nowhere => panic!("no relay was tried"),
            }
        }
        None
    }

    fn land(&mut self, letter: usize, relay: usize) {
        let answer = self.servers[relay].answer(letter, self.now);
        self.servers[relay].busy -= 1;
        let (verdict, lesson) = match &answer {
            Ok(end) => {
                self.route.completed(relay, &domain(letter), end, self.now);
                (verdict_after_dot(end), lesson_after_dot(end))
            }
            Err(failure) => {
                self.route.failed(relay, &domain(letter), failure, self.now);
                (verdict_before_dot(failure), lesson_before_dot(failure))
            }
        };
        match verdict {
            Verdict::Accepted(_) => {
                assert!(self.seen.insert(letter), "twice");
                self.outcome.taken_by[relay] += 1;
            }
            Verdict::Later(_) => {
                match put_off(lesson, self.tried_since[letter], self.now, letter as u64) {
                    Some(off) => {
                        self.tried_since[letter] = off.tried_since;
                        self.due.insert((off.not_before, letter));
                    }
                    None => self.outcome.failed += 1,
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn send(letters: usize, servers: Vec<Server>) -> Outcome {
    let outcome = World::new(letters, servers).run();
    assert_eq!(outcome.failed, 0, "{outcome:?}");
    assert_eq!(outcome.taken_by.iter().sum::<usize>(), letters, "{outcome:?}");
    outcome
}

#[test]
fn a_server_with_few_connections_is_fed_by_few() {
    let server = Server { connections: Some(3), ..Server::default() };
    let outcome = send(20_000, vec![server]);
    // The tail is those who came back after five minutes.
    assert!(outcome.lasted < REPLY * 20_000 / 3 + Duration::from_secs(420), "{outcome:?}");
    assert!(outcome.complaints[0] < 400, "{outcome:?}");
}

#[test]
fn a_limit_a_minute_is_found_and_nearly_used_up() {
    let server = Server { per_minute: Some(100), ..Server::default() };
    let outcome = send(10_000, vec![server]);
    assert!(outcome.lasted < Duration::from_secs(6000 * 3 / 2), "{outcome:?}");
    assert!(outcome.complaints[0] < 100, "{outcome:?}");
}

#[test]
fn a_quota_of_days_costs_nobody_the_letter() {
    let server = Server { per_day: Some(500), ..Server::default() };
    let outcome = send(4000, vec![server]);
    assert!(outcome.lasted < Duration::from_secs(8 * 86_400), "{outcome:?}");
    assert!(outcome.complaints[0] < 300, "{outcome:?}");
}

#[test]
fn greylisting_delays_and_no_more() {
    let server = Server { greylist: Some(Duration::from_secs(900)), ..Server::default() };
    let outcome = send(1000, vec![server]);
    assert!(outcome.lasted < Duration::from_secs(3 * 3600), "{outcome:?}");
}

#[test]
fn a_relay_that_is_away_hands_over_to_the_next_and_comes_back() {
    let away = (START, START.plus(Duration::from_secs(300)));
    let main = Server { away: Some(away), ..Server::default() };
    let spare = Server { per_minute: Some(60), ..Server::default() };
    let outcome = send(2000, vec![main, spare]);
    assert!(outcome.taken_by.iter().all(|taken| *taken > 100), "{outcome:?}");
}
