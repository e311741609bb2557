//! Quota: how many letters a day may see, and how a new sender warms up.
//!
//! A day is a day of UTC. A quota counts the letters that a server took or may have taken; the
//! ledger keeps these counts, so that a restart does not begin the day anew.
//!
//! A warm-up is a list of caps for the days on which letters are sent. A day moves on to the next
//! cap when it used at least half of its own and few of its letters were slowed down, so that a
//! quiet week does not warm up anybody, and a receiver that complains is given the same again.
//! After the last cap the warm-up is over.

use std::time::Duration;

use crate::time::Timestamp;

/// The length of a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A day with more than one letter in so many slowed down does not count as warmed up.
const SLOWED: u64 = 20;

/// A day of UTC, counted from 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of an instant.
    pub fn of(now: Timestamp) -> Self {
        Self(now.seconds().div_euclid(DAY.as_secs().cast_signed()))
    }

    /// The day of that number, as the ledger keeps it.
    pub const fn numbered(number: i64) -> Self {
        Self(number)
    }

    /// Its number, for the ledger.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it is over.
    pub fn end(self) -> Timestamp {
        let seconds = self.0.saturating_add(1).saturating_mul(DAY.as_secs().cast_signed());
        Timestamp::from_micros(seconds.saturating_mul(1_000_000))
    }
}

/// What a relay saw on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTally {
    /// The day.
    pub day: Day,
    /// Letters that were taken, or may have been.
    pub letters: u64,
    /// Refusals that taught the pace to slow down.
    pub slowed: u64,
}

/// How many letters `today` may see; `None`: any number. `history` holds the days on which
/// letters were sent, in order; today's own is passed over.
pub fn cap(per_day: Option<u64>, warm_up: &[u64], history: &[DayTally], today: Day) -> Option<u64> {
    let mut stage = 0;
    for tally in history.iter().filter(|tally| tally.day < today) {
        let Some(cap) = warm_up.get(stage) else { break };
        let is_used = tally.letters.saturating_mul(2) >= *cap;
        let is_calm = tally.slowed.saturating_mul(SLOWED) <= tally.letters;
        stage += usize::from(is_used && is_calm);
    }
    let warm = warm_up.get(stage).copied();
    warm.into_iter().chain(per_day).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i64, letters: u64, slowed: u64) -> DayTally {
        DayTally { day: Day(number), letters, slowed }
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let noon = Timestamp::parse_rfc3339("2026-11-25T12:00:00Z").unwrap();
        let midnight = Timestamp::parse_rfc3339("2026-11-26T00:00:00Z").unwrap();
        assert_eq!(Day::of(noon).end(), midnight);
        assert_eq!(Day::of(midnight).number(), Day::of(noon).number() + 1);
        assert_eq!(Day::of(Timestamp::from_micros(-1)), Day::numbered(-1));
    }

    #[test]
    fn a_warm_up_grows_by_days_that_were_used_and_calm() {
        let plan = [200, 400, 800];
        for (history, expected) in [
            (vec![], Some(200)),
            (vec![day(9, 200, 0)], Some(200)),
            (vec![day(1, 200, 0)], Some(400)),
            (vec![day(1, 99, 0)], Some(200)),
            (vec![day(1, 200, 11)], Some(200)),
            (vec![day(1, 200, 10), day(4, 300, 0)], Some(800)),
            (vec![day(1, 200, 0), day(2, 400, 0), day(3, 800, 0)], None),
        ] {
            assert_eq!(cap(None, &plan, &history, Day(9)), expected, "{history:?}");
        }
    }

    #[test]
    fn the_smaller_cap_holds() {
        assert_eq!(cap(Some(300), &[200, 400], &[], Day(9)), Some(200));
        assert_eq!(cap(Some(300), &[200, 400], &[day(1, 200, 0)], Day(9)), Some(300));
        assert_eq!(cap(None, &[], &[], Day(9)), None);
    }

    proptest! {
        #[test]
        fn one_more_day_never_takes_two_steps(
            letters in prop::collection::vec((0_u64..2000, 0_u64..100), 0..20),
        ) {
            let plan = [100, 200, 400, 800];
            let tallies: Vec<_> = (0..)
                .zip(&letters)
                .map(|(number, (letters, slowed))| day(number, *letters, *slowed))
                .collect();
            let stage = |until: usize| {
                let found = cap(None, &plan, &tallies[..until], Day(99));
                found.map_or(plan.len(), |cap| plan.iter().position(|c| *c == cap).unwrap())
            };
            for until in 0..tallies.len() {
                prop_assert!((0..=1).contains(&(stage(until + 1) - stage(until))));
            }
        }
    }
}
