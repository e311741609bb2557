//! The reference: who should have got what, worked out reader by reader and day by day, as slowly
//! and plainly as it can be told.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        choice::{Choice, admits},
        subscriber::Cadence,
    },
    time::{Timestamp, Zone},
};

/// How long a post may be mailed, in seconds.
pub(super) const ELIGIBLE: u64 = 30 * 86_400;

/// A post as the model sees it.
pub(super) struct Written {
    pub(super) key: String,
    pub(super) first_seen: Timestamp,
    pub(super) tags: Vec<String>,
    pub(super) visible: bool,
}

/// A reader, and what the reader should have got.
pub(super) struct Reader {
    pub(super) from: Timestamp,
    pub(super) cadence: Cadence,
    pub(super) choice: Choice,
    pub(super) ended: bool,
    pub(super) letters: BTreeMap<String, BTreeSet<usize>>,
    pub(super) had: BTreeSet<usize>,
    today: (i64, u32),
}

impl Reader {
    pub(super) fn new(from: Timestamp, cadence: Cadence, choice: Choice) -> Self {
        let (letters, had) = (BTreeMap::new(), BTreeSet::new());
        Self { from, cadence, choice, ended: false, letters, had, today: (-1, 0) }
    }
}

/// The rules of the newsletter, and all that has happened.
pub(super) struct Model {
    pub(super) zone: Zone,
    pub(super) baseline: Timestamp,
    pub(super) topics: Option<BTreeSet<String>>,
    pub(super) quiet: Option<(u8, u8)>,
    pub(super) ceiling: Option<u32>,
    pub(super) posts: Vec<Written>,
    pub(super) readers: Vec<Reader>,
    /// Reader, when, before, after.
    pub(super) changes: Vec<(usize, Timestamp, Choice, Choice)>,
    /// When each choice was made.
    pub(super) made: BTreeMap<Choice, Timestamp>,
    pub(super) taken: BTreeMap<(Cadence, Choice), Timestamp>,
}

impl Model {
    /// What a pass at `now` gives to everybody.
    pub(super) fn pass(&mut self, now: Timestamp) {
        for (reader, at, before, after) in std::mem::take(&mut self.changes) {
            for post in 0..self.posts.len() {
                let Written { tags, first_seen, .. } = &self.posts[post];
                let is_new = after.admits(tags) && !before.admits(tags);
                if is_new && *first_seen <= at && self.may_be_mailed(post, now) {
                    self.readers[reader].had.insert(post);
                }
            }
        }
        for reader in 0..self.readers.len() {
            if self.readers[reader].cadence == Cadence::Instant {
                self.write_at_once(reader, now);
            }
        }
        for cadence in [Cadence::Daily, Cadence::Weekly, Cadence::Monthly] {
            for choice in self.made.keys().cloned().collect::<Vec<_>>() {
                self.write_digests(cadence, &choice, now);
            }
        }
    }

    fn write_at_once(&mut self, reader: usize, now: Timestamp) {
        let owed = self.owed(reader, now);
        if self.is_quiet(&self.readers[reader].choice, now) {
            return;
        }
        let joins = self.quiet.is_some() || self.ceiling.is_some();
        let bundles: Vec<Vec<usize>> =
            if joins { vec![owed] } else { owed.into_iter().map(|post| vec![post]).collect() };
        for bundle in bundles {
            let Some(last) = bundle.last() else { continue };
            let name = format!("instant/{}", self.posts[*last].key);
            self.give(reader, name, bundle, now);
        }
    }

    fn write_digests(&mut self, cadence: Cadence, choice: &Choice, now: Timestamp) {
        if self.is_quiet(choice, now) {
            return;
        }
        let key = (cadence, choice.clone());
        let begin = self.baseline.max(self.made[choice]);
        let after = self.taken.get(&key).copied().unwrap_or(begin);
        let zone = choice.zone().unwrap_or(self.zone.clone());
        let Some(planned) = planned(cadence, choice, &zone, (after, now)) else { return };
        let form = match cadence {
            Cadence::Monthly => "monthly/%Y-%m",
            Cadence::Weekly => "weekly/%G-W%V",
            _ => "daily/%Y-%m-%d",
        };
        for reader in 0..self.readers.len() {
            if self.readers[reader].cadence == cadence && self.readers[reader].choice == *choice {
                let owed = self.owed(reader, now);
                self.give(reader, planned.format(form, &zone), owed, now);
            }
        }
        self.taken.insert(key, planned);
    }

    fn give(&mut self, reader: usize, name: String, posts: Vec<usize>, now: Timestamp) {
        let today = self.zone.format_day(now);
        let reader = &mut self.readers[reader];
        let had = if reader.today.0 == today { reader.today.1 } else { 0 };
        let is_full = self.ceiling.is_some_and(|most| had >= most);
        if posts.is_empty() || reader.ended || is_full || reader.letters.contains_key(&name) {
            return;
        }
        reader.had.extend(&posts);
        reader.letters.insert(name, posts.into_iter().collect());
        reader.today = (today, had + 1);
    }

    fn may_be_mailed(&self, post: usize, now: Timestamp) -> bool {
        let Written { visible, first_seen, .. } = &self.posts[post];
        *visible && *first_seen <= now && now.since(*first_seen).as_secs() <= ELIGIBLE
    }

    fn owed(&self, reader: usize, now: Timestamp) -> Vec<usize> {
        let reader = &self.readers[reader];
        let is_owed = |post: &usize| {
            let tags = &self.posts[*post].tags;
            self.may_be_mailed(*post, now)
                && self.posts[*post].first_seen >= reader.from
                && admits(self.topics.as_ref(), tags)
                && reader.choice.admits(tags)
                && !reader.had.contains(post)
        };
        (0..self.posts.len()).filter(is_owed).collect()
    }

    fn is_quiet(&self, choice: &Choice, now: Timestamp) -> bool {
        let Some((from, to)) = self.quiet else { return false };
        let zone = choice.zone().unwrap_or(self.zone.clone());
        let mut hour = from;
        let mut hours = Vec::new();
        while hour != to {
            hours.push(hour);
            hour = (hour + 1) % 24;
        }
        choice.hour.is_none() && hours.contains(&now.format("%H", &zone).parse().unwrap())
    }
}

trait FormatDay {
    fn format_day(&self, now: Timestamp) -> i64;
}

impl FormatDay for Zone {
    /// A number for the day that a wall clock shows.
    fn format_day(&self, now: Timestamp) -> i64 {
        now.format("%Y%m%d", self).parse().unwrap()
    }
}

/// The latest planned time, looked for day by day.
fn planned(
    cadence: Cadence,
    choice: &Choice,
    zone: &Zone,
    (after, now): (Timestamp, Timestamp),
) -> Option<Timestamp> {
    let half_a_day = std::time::Duration::from_secs(43_200);
    let mut at = after.minus(4 * half_a_day);
    let mut latest = None;
    while at <= now.plus(4 * half_a_day) {
        let parts: Vec<i16> =
            at.format("%Y %m %d %w", zone).split(' ').map(|part| part.parse().unwrap()).collect();
        let is_day = match cadence {
            Cadence::Weekly => parts[3] == i16::from(choice.weekday.unwrap_or(1)),
            Cadence::Monthly => parts[2] == 1,
            _ => true,
        };
        let hour = i8::try_from(choice.hour.unwrap_or(9)).unwrap();
        let date = (parts[0], i8::try_from(parts[1]).unwrap(), i8::try_from(parts[2]).unwrap());
        let planned = zone.instant(date, (hour, 0, 0)).unwrap();
        if is_day && after < planned && planned <= now {
            latest = Some(planned);
        }
        at = at.plus(half_a_day);
    }
    latest
}
