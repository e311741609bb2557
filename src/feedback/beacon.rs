//! The beacon: article pages that tell us themselves that they are read.
//!
//! What comes in is judged by the rules for access logs, as if it were a line of one, and lives in
//! the memory of this process for as long as its day: a process that ends forgets the day so far.
//! What is told faster than people read, or by a flood of made-up visitors, does not count, and
//! takes no more memory than [`MOST`] readers do.

use std::sync::{Mutex, PoisonError};

use super::accesslog::{Counted, Counter, Line, Rules};
use crate::time::Timestamp;

/// How many readers and addresses are held.
const MOST: usize = 1 << 19;

/// A page that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Who says so.
    pub address: &'a str,
    /// The program.
    pub agent: &'a str,
    /// The path of the page, with its query.
    pub path: &'a str,
}

/// What pages have told of days that are not over.
#[derive(Debug)]
pub struct Beacon(Mutex<Counter>);

impl Beacon {
    /// Counts with `counter`, which has a salt of its own.
    pub fn new(counter: Counter) -> Self {
        Self(Mutex::new(counter))
    }

    /// Takes in that a page was looked at.
    pub fn see(&self, visit: Visit<'_>, now: Timestamp) {
        let mut counter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counter.size() >= MOST {
            return;
        }
        counter.turn_to(now);
        let line = Line {
            time: now.seconds(),
            address: visit.address.as_bytes(),
            method: b"GET",
            target: visit.path.as_bytes(),
            status: 200,
            agent: visit.agent.as_bytes(),
        };
        counter.read(&line, 0);
    }

    /// Judges by these rules from now on; posts keep their numbers.
    pub fn renew(&self, rules: Rules) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).renew(rules);
    }

    /// The days up to `over`, closed.
    pub fn finished(&self, over: i32) -> Vec<Counted> {
        let mut counter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut days = Vec::new();
        while let Some(day) = counter.oldest().filter(|day| *day <= over) {
            days.push(counter.close(day));
        }
        days
    }
}
