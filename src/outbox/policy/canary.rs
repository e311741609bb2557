//! The canary: the first letters of an issue go alone, and the others follow when they have come
//! back well.
//!
//! A mistake in an issue (a link, a template, a signature that no receiver believes) then reaches
//! a few readers. While an issue is on its canary it is asked again whenever letters have
//! settled; once the answer was [`Canary::Go`], the caller records it and asks no more.
//!
//! A letter that was put off may always be tried again. It does not count as settled, and another
//! one goes in its place, but never more than twice the canary are out: an issue of which
//! everything is put off stays where it is. A refusal about the sender holds the issue anyway (`verdict`).

use std::time::Duration;

use crate::time::Timestamp;

/// What the operator asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How many letters go first; 0: no canary.
    pub letters: u64,
    /// How long to wait after the last of them has settled.
    pub wait: Duration,
    /// The share of them that may come back badly: 0 to 1.
    pub share: f64,
}

/// The deliveries of an issue that is on its canary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub all: u64,
    /// Leased or sending.
    pub in_hand: u64,
    /// Tried, and ready again: put off.
    pub deferred: u64,
    /// Taken by a server.
    pub sent: u64,
    /// Failed, bounced or uncertain.
    pub bad: u64,
    /// Suppressed or cancelled: nothing was learned.
    pub withdrawn: u64,
    /// When the last one settled.
    pub last_settled: Option<Timestamp>,
}

impl Counts {
    /// Those that were never tried and are in nobody's hands.
    pub const fn untried(&self) -> u64 {
        let Self { all, in_hand, deferred, sent, bad, withdrawn, .. } = *self;
        all.saturating_sub(in_hand + deferred + sent + bad + withdrawn)
    }
}

/// What may be done with the issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// All may go.
    Go,
    /// So many that have not been tried may be leased now.
    Lease(u64),
    /// None that has not been tried, until something settles or that instant has come.
    Wait(Option<Timestamp>),
    /// The issue is to be held, and why.
    Hold(String),
}

/// Decides about an issue on its canary.
pub fn canary(settings: &Settings, counts: &Counts, now: Timestamp) -> Canary {
    let Settings { letters, wait, share } = *settings;
    if letters == 0 || counts.all <= letters {
        return Canary::Go;
    }
    let told = counts.sent + counts.bad;
    if told < letters {
        return more(letters, told, counts);
    }
    if is_above(share, counts.bad, told) {
        return Canary::Hold(format!(
            "{} of its first {told} letters failed, bounced or are uncertain",
            counts.bad
        ));
    }
    let until = counts.last_settled.map(|at| at.plus(wait));
    match until.filter(|until| now < *until) {
        Some(until) => Canary::Wait(Some(until)),
        None => Canary::Go,
    }
}

fn more(letters: u64, told: u64, counts: &Counts) -> Canary {
    let Counts { in_hand, deferred, .. } = *counts;
    let untried = counts.untried();
    let wanted = letters.saturating_sub(told + in_hand);
    let allowed = letters.saturating_mul(2).saturating_sub(told + in_hand + deferred);
    match wanted.min(allowed).min(untried) {
        0 if untried + deferred + in_hand == 0 => Canary::Go,
        0 => Canary::Wait(None),
        room => Canary::Lease(room),
    }
}

/// Whether `bad` of `told` is more than the share allows. Counts of letters are far below 2^52.
#[expect(clippy::cast_precision_loss)]
fn is_above(share: f64, bad: u64, told: u64) -> bool {
    bad as f64 > share * told as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: Settings =
        Settings { letters: 50, wait: Duration::from_secs(600), share: 0.04 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn the_rest_follows_when_the_first_came_back_well() {
        let fresh = Counts { all: 1000, ..Counts::default() };
        let told = Counts { sent: 48, bad: 2, last_settled: Some(at(100)), ..fresh };
        for (counts, now, expected) in [
            (fresh, 0, Canary::Lease(50)),
            (Counts { in_hand: 50, ..fresh }, 0, Canary::Wait(None)),
            (Counts { in_hand: 10, sent: 20, ..fresh }, 0, Canary::Lease(20)),
            (told, 699, Canary::Wait(Some(at(700)))),
            (told, 700, Canary::Go),
            (Counts { all: 50, ..Counts::default() }, 0, Canary::Go),
        ] {
            assert_eq!(canary(&SETTINGS, &counts, at(now)), expected, "{counts:?}");
        }
        let off = Settings { letters: 0, ..SETTINGS };
        assert_eq!(canary(&off, &fresh, at(0)), Canary::Go);
    }

    #[test]
    fn too_many_bad_ones_hold_the_issue() {
        let counts = Counts { all: 1000, sent: 47, bad: 3, ..Counts::default() };
        let Canary::Hold(why) = canary(&SETTINGS, &counts, at(0)) else { panic!("not held") };
        assert!(why.contains("3 of its first 50"), "{why}");
    }

    #[test]
    fn one_reader_who_is_put_off_does_not_stop_the_issue() {
        let counts = Counts { all: 1000, sent: 49, deferred: 1, ..Counts::default() };
        assert_eq!(canary(&SETTINGS, &counts, at(0)), Canary::Lease(1));
    }

    #[test]
    fn an_issue_of_readers_who_left_is_let_go() {
        let counts = Counts { all: 1000, sent: 10, withdrawn: 990, ..Counts::default() };
        assert_eq!(canary(&SETTINGS, &counts, at(0)), Canary::Go);
    }

    proptest! {
        #[test]
        fn never_are_more_than_twice_the_canary_out(
            steps in prop::collection::vec(0_u8..5, 0..400),
        ) {
            let mut counts = Counts { all: 5000, ..Counts::default() };
            for step in steps {
                counts.in_hand += std::mem::take(&mut counts.deferred);
                match canary(&SETTINGS, &counts, at(0)) {
                    Canary::Lease(room) => counts.in_hand += room,
                    Canary::Go => break,
                    _ => {}
                }
                let some = (counts.in_hand / 2).max(1).min(counts.in_hand);
                counts.in_hand -= some;
                match step {
                    0 => counts.deferred += some,
                    1 => counts.bad += some,
                    _ => counts.sent += some,
                }
                let out = counts.sent + counts.bad + counts.deferred + counts.in_hand;
                prop_assert!(out <= 2 * SETTINGS.letters, "{counts:?}");
            }
        }
    }
}
