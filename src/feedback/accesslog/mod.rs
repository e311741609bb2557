//! Access logs: lines in, readers a day out.
//!
//! A [`Counter`] takes in lines in any order and any mixture of formats ([`line`]) and keeps a day
//! open until it is told to close it. Readers of a post on a day are the different visitors that
//! asked for it with GET and got it (200) or had it (304); a visitor is a shortened address with an
//! agent. These do not count, in this order, each line for the first reason that holds:
//!
//! 1. what is not such a request for a post;
//! 2. programs that say nothing of themselves, or that they are robots ([`agents`]);
//! 3. addresses that read `robots.txt`, or more than thirty posts in ten minutes ([`pace`]);
//! 4. if so wished, addresses that fetched no style sheet, script or font;
//! 5. visits by links of our own letters, by the mark in their address.
//!
//! It promises that the fates of lines add up to the lines that were taken in ([`Lines`]); that
//! the same lines in any division come to the same counts, and a line twice to what it is once;
//! and that who read what cannot be told from what it gives away. Addresses and agents are hashed
//! with a salt that its owner draws and drops; the hashes end with the day.
//!
//! It reads no file, clock or random numbers, and nothing in it fails: what cannot be read is
//! counted as such.

mod agents;
mod clock;
mod day;
mod json;
mod line;
mod pace;
mod paths;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hasher as _,
};

pub use clock::Times;
pub use day::Counted;
pub use line::Line;
pub use paths::Paths;

use agents::Robots;
use day::Day;
use paths::Asked;

use crate::time::{Timestamp, Zone};

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// One reader of a post.
    Counted,
    /// The same reader of the same post on the same day again.
    Repeated,
    /// No request that got a post.
    NoPost,
    /// A program that says nothing of itself.
    NoAgent,
    /// A program that says it is a robot.
    Robot,
    /// From an address that read `robots.txt`.
    RobotsTxt,
    /// From an address that read more than thirty posts in ten minutes.
    TooFast,
    /// From an address that fetched no style sheet, script or font.
    Undressed,
    /// By a link of our own letters.
    OwnMark,
    /// Of a day that was counted before.
    Known,
    /// Of a time that is still to come.
    Future,
    /// Not a line of an access log, or too long for one.
    Unreadable,
}

impl Fate {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Counted,
        Self::Repeated,
        Self::NoPost,
        Self::NoAgent,
        Self::Robot,
        Self::RobotsTxt,
        Self::TooFast,
        Self::Undressed,
        Self::OwnMark,
        Self::Known,
        Self::Future,
        Self::Unreadable,
    ];

    /// Its name for machines and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Repeated => "repeated",
            Self::NoPost => "no_post",
            Self::NoAgent => "no_agent",
            Self::Robot => "robot",
            Self::RobotsTxt => "robots_txt",
            Self::TooFast => "too_fast",
            Self::Undressed => "undressed",
            Self::OwnMark => "own_mark",
            Self::Known => "known",
            Self::Future => "future",
            Self::Unreadable => "unreadable",
        }
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Counted => "readers of a post",
            Self::Repeated => "the same reader again on that day",
            Self::NoPost => "no request that got a post",
            Self::NoAgent => "programs that say nothing of themselves",
            Self::Robot => "programs that say they are robots",
            Self::RobotsTxt => "addresses that read robots.txt",
            Self::TooFast => "addresses that read more than 30 posts in ten minutes",
            Self::Undressed => "addresses that fetched no style sheet, script or font",
            Self::OwnMark => "links of our own letters",
            Self::Known => "days that were counted before",
            Self::Future => "times that are still to come",
            Self::Unreadable => "no lines of an access log",
        }
    }
}

/// Lines by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<Fate, u64>);

impl Lines {
    /// Counts `more` lines of that fate.
    pub fn add(&mut self, fate: Fate, more: u64) {
        if more > 0 {
            *self.0.entry(fate).or_default() += more;
        }
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|(fate, count)| self.add(*fate, *count));
    }

    /// How many had that fate.
    pub fn of(&self, fate: Fate) -> u64 {
        self.0.get(&fate).copied().unwrap_or(0)
    }

    /// All lines.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// By what lines are judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The posts, numbered.
    pub paths: Paths,
    /// Whose days count.
    pub zone: Zone,
    /// More words by which robots give themselves away.
    pub robots: Vec<String>,
    /// Whether a visitor counts only if it fetched a style sheet, a script or a font too.
    pub needs_dress: bool,
    /// What is later than this is still to come.
    pub now: Timestamp,
}

/// What is told of a line that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The day on whose account it went.
    pub day: i32,
    /// Its time in seconds since 1970, if it has one that is not still to come.
    pub time: Option<i64>,
}

/// Counts readers.
#[derive(Debug)]
pub struct Counter {
    rules: Rules,
    robots: Robots,
    salt: [u8; 16],
    times: Times,
    /// The day of the last line, and when it begins and ends.
    span: (i32, i64, i64),
    open: BTreeMap<i32, Day>,
    counted: BTreeSet<i32>,
}

/// Clocks of several machines differ; so much is no future.
const AHEAD: i64 = 300;

impl Counter {
    /// Counts by these rules, with a salt that is drawn for it alone. Days that are `counted`
    /// already count no more.
    pub fn new(rules: Rules, salt: [u8; 16], counted: BTreeSet<i32>) -> Self {
        let robots = Robots::new(&rules.robots);
        let (times, open) = (Times::default(), BTreeMap::new());
        Self { rules, robots, salt, times, span: (0, 0, 0), open, counted }
    }

    /// Takes in a line without its end; what cannot be read goes on the account of `day`.
    pub fn line(&mut self, octets: &[u8], day: i32) -> Taken {
        match Line::read(octets, &mut self.times) {
            Some(line) => self.read(&line, day),
            None => self.unreadable(day),
        }
    }

    /// Takes in a line that is no line, on the account of `day`.
    pub fn unreadable(&mut self, day: i32) -> Taken {
        self.open.entry(day).or_default().drop_line(Fate::Unreadable);
        Taken { day, time: None }
    }

    /// Takes in what a line says; what is still to come goes on the account of `day`.
    pub fn read(&mut self, line: &Line<'_>, day: i32) -> Taken {
        if line.time > self.rules.now.seconds() + AHEAD {
            self.open.entry(day).or_default().drop_line(Fate::Future);
            return Taken { day, time: None };
        }
        let day = self.day_of(line.time);
        if let Some(fate) = self.judge(line, day) {
            self.open.entry(day).or_default().drop_line(fate);
        }
        Taken { day, time: Some(line.time) }
    }

    /// Why a line does not count, as far as that shows now.
    fn judge(&mut self, line: &Line<'_>, day: i32) -> Option<Fate> {
        if self.counted.contains(&day) {
            return Some(Fate::Known);
        }
        let got = line.method == b"GET" && matches!(line.status, 200 | 304);
        match self.rules.paths.asked(line.target) {
            Asked::Post { post, marked } if got => return self.post(line, day, (post, marked)),
            Asked::RobotsTxt => {
                let address = self.hash(line.address, b"");
                self.open.entry(day).or_default().robots_txt(address);
            }
            Asked::Dress if got && self.rules.needs_dress => {
                let address = self.hash(line.address, b"");
                self.open.entry(day).or_default().dress(address);
            }
            _ => {}
        }
        Some(Fate::NoPost)
    }

    fn post(&mut self, line: &Line<'_>, day: i32, (post, marked): (u32, bool)) -> Option<Fate> {
        if line.agent.is_empty() {
            return Some(Fate::NoAgent);
        }
        let agent = self.hash(line.agent, b"");
        if self.robots.has(line.agent, agent) {
            return Some(Fate::Robot);
        }
        let address = self.hash(line.address, b"");
        let visitor = self.hash(shortened(line.address), &agent.to_le_bytes());
        let open = self.open.entry(day).or_default();
        open.read((visitor, address, post), line.time, marked);
        None
    }

    /// With the salt, which makes it worthless to whoever has not seen that.
    fn hash(&self, text: &[u8], more: &[u8]) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&self.salt);
        hasher.write_usize(text.len());
        hasher.write(text);
        hasher.write(more);
        hasher.finish()
    }

    /// The day of a time in seconds since 1970.
    pub fn day_of(&mut self, time: i64) -> i32 {
        let (day, begins, ends) = self.span;
        if (begins..ends).contains(&time) {
            return day;
        }
        let zone = &self.rules.zone;
        let day = zone.day_at(Timestamp::from_micros(time.saturating_mul(1_000_000)));
        let begins = |day| zone.day_start(day).seconds();
        self.span = (day, begins(day), begins(day + 1));
        day
    }

    /// Judges by these rules from now on. Posts that were there keep their numbers.
    pub fn renew(&mut self, rules: Rules) {
        (self.robots, self.rules, self.span) = (Robots::new(&rules.robots), rules, (0, 0, 0));
    }

    /// It is `now`: what is later is still to come.
    pub const fn turn_to(&mut self, now: Timestamp) {
        self.rules.now = now;
    }

    /// The days that were counted before, or closed since.
    pub const fn counted(&self) -> &BTreeSet<i32> {
        &self.counted
    }

    /// The oldest day that is open.
    pub fn oldest(&self) -> Option<i32> {
        self.open.keys().next().copied()
    }

    /// How much it remembers of all open days.
    pub fn size(&self) -> usize {
        self.open.values().map(Day::size).sum()
    }

    /// Closes a day for good: what comes of it later counts no more.
    pub fn close(&mut self, day: i32) -> Counted {
        let open = self.open.remove(&day).unwrap_or_default();
        self.counted.insert(day);
        open.close(day, self.rules.needs_dress)
    }
}

/// An address without what tells one machine of a network from another: of four numbers the first
/// three, of eight groups the first three (48 bits).
fn shortened(address: &[u8]) -> &[u8] {
    let end = if address.contains(&b'.') {
        address.iter().rposition(|c| *c == b'.')
    } else {
        address.iter().enumerate().filter(|(_, c)| **c == b':').nth(2).map(|(at, _)| at)
    };
    end.and_then(|end| address.get(..end)).unwrap_or(address)
}
