//! Retry: when a delivery that was put off is tried again, and when it is given up.
//!
//! The wait is as long as the delivery has been tried already, so that it doubles without
//! anybody counting: between five minutes and six hours, spread by a fifth either way.
//!
//! The lifetime counts from the first attempt that put the delivery off, and anew when no relay
//! could be reached, when its issue is released or the operator asks: days in which nobody could
//! try are not the reader's. Nor does what a relay says about our volume begin it.
//!
//! Standard: RFC 5321 section 4.5.4.1 (retrying: four to five days).

use std::time::Duration;

use super::lesson::{Lesson, Scope};
use crate::time::Timestamp;

/// The wait before the second attempt, and the shortest of all.
const FIRST_WAIT: Duration = Duration::from_secs(5 * 60);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a delivery is tried.
const LIFETIME: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// What to record of a delivery that is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Since when its lifetime counts, if it does.
    pub tried_since: Option<Timestamp>,
}

/// Puts off a delivery whose attempt taught `lesson`; `None`: give it up. `tried_since` is what
/// was recorded when it was put off before. What is about our volume at the relay, or its
/// absence, does not count for its lifetime: it says nothing about the reader.
pub fn put_off(
    lesson: Lesson,
    tried_since: Option<Timestamp>,
    now: Timestamp,
    seed: u64,
) -> Option<PutOff> {
    let since = tried_since.unwrap_or(now);
    if matches!(lesson, Lesson::Spent | Lesson::Away | Lesson::Slower(Scope::Relay)) {
        return Some(PutOff { not_before: after_outage(since, now, seed), tried_since });
    }
    let not_before = next_attempt(since, now, seed)?;
    Some(PutOff { not_before, tried_since: Some(since) })
}

/// When to try again a delivery that is put off at `now` and was first put off at `since`;
/// `None`: give up, it has been tried for four days. The last attempt is made when the lifetime
/// ends.
pub fn next_attempt(since: Timestamp, now: Timestamp, seed: u64) -> Option<Timestamp> {
    let end = since.plus(LIFETIME);
    (now < end).then(|| after_outage(since, now, seed).min(end))
}

/// When to try again what could not be tried, `since` then, because its relay is away. This
/// never gives up: that the relay is away says nothing about the reader.
pub fn after_outage(since: Timestamp, now: Timestamp, seed: u64) -> Timestamp {
    let tried = now.since(since);
    now.plus(spread(tried.clamp(FIRST_WAIT, LONGEST_WAIT), seed ^ now.micros().unsigned_abs()))
}

/// `wait` times something between 0.8 and 1.2, but within the bounds.
fn spread(wait: Duration, seed: u64) -> Duration {
    // The finaliser of SplitMix64: neighbouring seeds give unrelated values.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let permille = u32::try_from((mixed ^ (mixed >> 31)) % 401).unwrap_or(200) + 800;
    (wait * permille / 1000).clamp(FIRST_WAIT, LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn waits_double_within_bounds_and_end_after_four_days() {
        let since = Timestamp::from_micros(1_000_000);
        let (mut now, mut waits) = (since, Vec::new());
        while let Some(next) = next_attempt(since, now, 7) {
            waits.push(next.since(now));
            now = next;
        }
        assert_eq!(now, since.plus(LIFETIME));
        assert!(waits[0] >= FIRST_WAIT && waits[0] <= FIRST_WAIT * 6 / 5, "{waits:?}");
        assert!(waits[6] > HOUR && waits[12] > HOUR * 4, "{waits:?}");
        assert!((15..60).contains(&waits.len()), "{}", waits.len());
    }

    #[test]
    fn a_relay_that_is_away_never_costs_a_reader_the_letter() {
        let since = Timestamp::from_micros(0);
        let late = since.plus(LIFETIME * 2);
        assert_eq!(next_attempt(since, late, 1), None);
        assert!(after_outage(since, late, 1) > late);
    }

    #[test]
    fn only_time_in_which_the_reader_was_tried_counts() {
        let (start, hours) =
            (Timestamp::from_micros(0), |n| Timestamp::from_micros(0).plus(HOUR * n));
        let busy = put_off(Lesson::Slower(Scope::Relay), None, start, 1).unwrap();
        assert_eq!(busy.tried_since, None);
        let first = put_off(Lesson::Nothing, busy.tried_since, hours(50), 1).unwrap();
        assert_eq!(first.tried_since, Some(hours(50)));
        let later = put_off(Lesson::Nothing, first.tried_since, hours(140), 1).unwrap();
        assert_eq!(later.tried_since, Some(hours(50)));
        assert_eq!(put_off(Lesson::Nothing, later.tried_since, hours(146), 1), None);
        assert!(put_off(Lesson::Spent, later.tried_since, hours(900), 1).is_some());
    }

    #[test]
    fn neighbours_do_not_come_back_together() {
        let since = Timestamp::from_micros(0);
        let now = since.plus(HOUR);
        let times: BTreeSet<_> =
            (0..100).filter_map(|seed| next_attempt(since, now, seed)).collect();
        assert!(times.len() > 60, "{}", times.len());
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(since: u32, tried in 0_u64..900_000, seed: u64) {
            let since = Timestamp::from_micros(i64::from(since));
            let now = since.plus(Duration::from_secs(tried));
            let wait = after_outage(since, now, seed).since(now);
            prop_assert!((FIRST_WAIT..=LONGEST_WAIT).contains(&wait), "{wait:?}");
            match next_attempt(since, now, seed) {
                Some(next) => prop_assert!(next > now && next <= since.plus(LIFETIME)),
                None => prop_assert!(now.since(since) >= LIFETIME),
            }
        }
    }
}
