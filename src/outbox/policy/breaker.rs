//! The breaker of a relay: open, it lets no letter through.
//!
//! It opens after a few lost connections within a minute (refused, or hung up before a letter was
//! answered), since each lost session may leave a doubt. When its pause is over it is half open:
//! one letter is let through, and decides. A letter that is answered closes it, another loss
//! opens it again for twice as long, up to half an hour. What the answer says about the letter
//! does not matter: a server that refuses is a server that is there. A server that lets us in no
//! more (a password that expired, say) opens it at once and for the longest time.

use std::{collections::VecDeque, time::Duration};

use crate::time::Timestamp;

/// Losses that open it.
const LOSSES: usize = 5;
/// Within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// Whether a letter may go to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may.
    Closed,
    /// None may before that instant.
    Open(Timestamp),
    /// One may, if none is on its way for a trial: [`Breaker::enter`].
    HalfOpen,
    /// The one on trial has not ended.
    OnTrial,
}

/// Counts losses of one relay.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    losses: VecDeque<Timestamp>,
    /// Since it opened: the pause, its end, whether a letter is on trial.
    broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug)]
struct Broken {
    pause: Duration,
    until: Timestamp,
    on_trial: bool,
}

impl Breaker {
    /// What it lets through.
    pub fn state(&self, now: Timestamp) -> State {
        match self.broken {
            None => State::Closed,
            Some(broken) if broken.on_trial => State::OnTrial,
            // A clock that was set back must not keep it open for ever.
            Some(broken) if now < broken.until && broken.until.since(now) <= broken.pause => {
                State::Open(broken.until)
            }
            Some(_) => State::HalfOpen,
        }
    }

    /// A letter goes to the relay.
    pub fn enter(&mut self, now: Timestamp) {
        if self.state(now) == State::HalfOpen
            && let Some(broken) = &mut self.broken
        {
            broken.on_trial = true;
        }
    }

    /// The letter on trial ended without having met the relay (its reader left, say).
    pub fn unmet(&mut self) {
        if let Some(broken) = &mut self.broken {
            broken.on_trial = false;
        }
    }

    /// A letter was answered, with whatever. Letters that were on their way when it opened do not
    /// close it: their sessions are older than the trouble.
    pub fn answered(&mut self) {
        if self.broken.is_some_and(|broken| broken.on_trial) {
            self.broken = None;
        }
    }

    /// A connection could not be made, or was lost.
    pub fn lost(&mut self, now: Timestamp) {
        if let Some(broken) = self.broken {
            // Letters that were on their way when it opened say nothing new.
            if broken.on_trial {
                let pause = (broken.pause * 2).min(LONGEST_PAUSE);
                self.open(pause, now);
            }
            return;
        }
        self.losses.push_back(now);
        self.losses.retain(|at| now.since(*at) < WINDOW);
        if self.losses.len() >= LOSSES {
            self.open(FIRST_PAUSE, now);
        }
    }

    /// The relay lets us in no more.
    pub fn locked_out(&mut self, now: Timestamp) {
        self.open(LONGEST_PAUSE, now);
    }

    /// Whoever spoke to the relay found it useless time after time.
    pub fn given_up(&mut self, now: Timestamp) {
        if self.broken.is_none() {
            self.open(FIRST_PAUSE, now);
        }
    }

    fn open(&mut self, pause: Duration, now: Timestamp) {
        self.losses.clear();
        self.broken = Some(Broken { pause, until: now.plus(pause), on_trial: false });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn broken() -> Breaker {
        let mut breaker = Breaker::default();
        (0..5).for_each(|at| breaker.lost(second(at)));
        breaker
    }

    #[test]
    fn a_relay_that_loses_connections_is_left_alone() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|at| breaker.lost(second(at)));
        assert_eq!(breaker.state(second(4)), State::Closed);
        breaker.lost(second(4));
        assert_eq!(breaker.state(second(4)), State::Open(second(34)));
    }

    #[test]
    fn losses_now_and_then_do_not_open_it() {
        let mut breaker = Breaker::default();
        (0..100).for_each(|at| breaker.lost(second(at * 15)));
        assert_eq!(breaker.state(second(1500)), State::Closed);
    }

    #[test]
    fn one_letter_decides_whether_it_closes() {
        let mut breaker = broken();
        assert_eq!(breaker.state(second(34)), State::HalfOpen);
        breaker.enter(second(34));
        assert_eq!(breaker.state(second(35)), State::OnTrial);
        breaker.lost(second(35));
        assert_eq!(breaker.state(second(36)), State::Open(second(95)));
        breaker.enter(second(95));
        breaker.answered();
        assert_eq!(breaker.state(second(95)), State::Closed);
    }

    #[test]
    fn a_letter_that_never_went_leaves_the_trial_to_the_next() {
        let mut breaker = broken();
        breaker.enter(second(40));
        breaker.unmet();
        assert_eq!(breaker.state(second(40)), State::HalfOpen);
    }

    #[test]
    fn older_letters_do_not_close_it() {
        let mut breaker = broken();
        breaker.answered();
        assert_eq!(breaker.state(second(5)), State::Open(second(34)));
    }

    #[test]
    fn a_refused_password_is_not_offered_again_and_again() {
        let mut breaker = Breaker::default();
        breaker.locked_out(second(0));
        assert_eq!(breaker.state(second(1)), State::Open(second(1800)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        assert_eq!(broken().state(second(-86_400)), State::HalfOpen);
    }

    proptest! {
        #[test]
        fn it_never_stays_open_longer_than_half_an_hour(
            steps in prop::collection::vec((0_u8..5, 0_i64..4000), 0..200),
        ) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for (what, wait) in steps {
                now += wait;
                match what {
                    0 => breaker.enter(second(now)),
                    1 => breaker.unmet(),
                    2 => breaker.answered(),
                    3 => breaker.locked_out(second(now)),
                    _ => breaker.lost(second(now)),
                }
                if let State::Open(until) = breaker.state(second(now)) {
                    prop_assert!(until > second(now));
                    prop_assert!(until.since(second(now)) <= LONGEST_PAUSE);
                }
            }
        }
    }
}
