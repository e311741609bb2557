//! One day: who read which post, for as long as the day is not over.
//!
//! It holds hashes with a salt that nobody keeps, and gives away counts only ([`Day::close`]):
//! how many readers each post had, and what became of each line.

use std::collections::{HashMap, HashSet};

use super::{Fate, Lines, pace::Pace};

/// What is known of an address, by its salted hash.
#[derive(Debug, Default)]
struct Address {
    pace: Pace,
    /// Lines that ask for a post.
    lines: u64,
    /// Those of them that came by a link of our own letters.
    marked: u64,
    /// Whether it looked where robots may go.
    read_robots_txt: bool,
    /// Whether it fetched a style sheet, a script or a font.
    is_dressed: bool,
}

/// One reader of one post: hashes of a visitor and of its address, and the post.
type Read = (u64, u64, u32);

/// A day that is being counted.
#[derive(Debug, Default)]
pub(super) struct Day {
    addresses: HashMap<u64, Address>,
    reads: HashSet<Read>,
    lines: Lines,
}

/// What became of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Posts by their number, each with its readers; in the order of posts.
    pub readers: Vec<(u32, u32)>,
    /// What became of its lines.
    pub lines: Lines,
}

impl Day {
    /// A line that counts for nothing, and why.
    pub(super) fn drop_line(&mut self, fate: Fate) {
        self.lines.add(fate, 1);
    }

    /// `address` asked for the file that is for robots.
    pub(super) fn robots_txt(&mut self, address: u64) {
        self.addresses.entry(address).or_default().read_robots_txt = true;
    }

    /// `address` fetched what browsers fetch.
    pub(super) fn dress(&mut self, address: u64) {
        self.addresses.entry(address).or_default().is_dressed = true;
    }

    /// A read of a post.
    pub(super) fn read(&mut self, (visitor, address, post): Read, time: i64, marked: bool) {
        let known = self.addresses.entry(address).or_default();
        known.lines += 1;
        known.marked += u64::from(marked);
        known.pace.note(time, post);
        if !marked {
            self.reads.insert((visitor, address, post));
        }
    }

    /// How much it remembers.
    pub(super) fn size(&self) -> usize {
        self.addresses.len() + self.reads.len()
    }

    /// Forgets everything but the counts.
    pub(super) fn close(mut self, day: i32, needs_dress: bool) -> Counted {
        let mut barred: HashMap<u64, Fate> = HashMap::new();
        let mut plain = 0;
        for (hash, address) in &mut self.addresses {
            match address.verdict(needs_dress) {
                Some(fate) => {
                    self.lines.add(fate, address.lines);
                    barred.insert(*hash, fate);
                }
                None => {
                    self.lines.add(Fate::OwnMark, address.marked);
                    plain += address.lines - address.marked;
                }
            }
        }
        let reads = self.reads.iter().filter(|(_, address, _)| !barred.contains_key(address));
        let mut pairs: Vec<(u32, u64)> =
            reads.map(|(visitor, _, post)| (*post, *visitor)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let counted = pairs.len() as u64;
        self.lines.add(Fate::Counted, counted);
        self.lines.add(Fate::Repeated, plain - counted);
        let posts = pairs.chunk_by(|a, b| a.0 == b.0);
        let readers = posts.filter_map(|group| {
            Some((group.first()?.0, u32::try_from(group.len()).unwrap_or(u32::MAX)))
        });
        Counted { day, readers: readers.collect(), lines: self.lines }
    }
}

impl Address {
    /// Why what it read does not count, if it does not.
    fn verdict(&mut self, needs_dress: bool) -> Option<Fate> {
        if self.read_robots_txt {
            Some(Fate::RobotsTxt)
        } else if self.pace.is_robot() {
            Some(Fate::TooFast)
        } else {
            (needs_dress && !self.is_dressed).then_some(Fate::Undressed)
        }
    }
}
