//! Rails: what a reader has seen before, and what that costs a post in the next letter.
//!
//! What stood in one of the last [`Rails::window`] letters is not shown again; what was shown
//! before that comes back by degrees, over ten letters: a post shown `g` letters ago keeps
//! `1 - fade * (11 - g) / 10` of its score. What the reader was sent as an article stays out, for
//! so many letters or for ever. (Measured on 509 posts of a real blog, each played as an issue:
//! without a rule 39 % of the suggestions stood in one of the last ten letters, with a window of
//! one and a fade of 0.3 23 %, and Recall@3 falls from .547 to .538; every hard window that gives
//! as few repeats costs ten times that.)
//!
//! Pure: a [`Log`] comes in, numbers go out. Posts go by the numbers that the store gives them.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Over how many letters a post that was shown comes back.
const SPAN: usize = 10;

/// The longest window that may be set, and how many letters a log remembers.
pub const LONGEST: usize = 20;

/// What is kept out of letters that a reader has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rails {
    /// In how many of the next letters a post that was shown stays out: 0 to 20.
    pub window: usize,
    /// How much of its score it loses after that, at most: 0 to 1.
    pub fade: f64,
    /// For how many letters a post that the reader was sent stays out; 0: for ever.
    pub sent: usize,
}

impl Default for Rails {
    fn default() -> Self {
        Self { window: 1, fade: 0.3, sent: 0 }
    }
}

/// What one letter held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its articles.
    pub sent: Vec<i64>,
    /// The posts that it showed beside them.
    pub shown: Vec<i64>,
}

/// What the last letters held, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Log(VecDeque<Held>);

impl Log {
    /// The log after one more letter.
    #[must_use]
    pub fn after(&self, held: Held) -> Self {
        let mut letters = self.0.clone();
        letters.truncate(LONGEST - 1);
        letters.push_front(held);
        Self(letters)
    }
}

impl Rails {
    /// What is left of the score of `post` for a reader with that log who `had` been sent posts:
    /// 0 (it is not to be shown) to 1.
    pub fn worth(&self, log: &Log, had: &[i64], post: i64) -> f64 {
        let was_sent = |held: &Held| held.sent.contains(&post);
        let had = if self.sent == 0 { had.contains(&post) } else { false };
        let latest = if self.sent == 0 { LONGEST } else { self.sent };
        if had || log.0.iter().take(latest).any(was_sent) {
            return 0.0;
        }
        match log.0.iter().position(|held| held.shown.contains(&post)) {
            Some(ago) if ago < self.window => 0.0,
            Some(ago) if ago < SPAN => 1.0 - self.fade * (SPAN - ago) as f64 / SPAN as f64,
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of letters, the latest first, each of which showed one post and sent another.
    fn log(letters: &[(i64, i64)]) -> Log {
        letters.iter().rev().fold(Log::default(), |log, &(shown, sent)| {
            log.after(Held { sent: vec![sent], shown: vec![shown] })
        })
    }

    #[test]
    fn a_post_comes_back_by_degrees() {
        let rails = Rails::default();
        for (ago, left) in [(0, 0.0), (1, 1.0 - 0.3 * 0.9), (9, 1.0 - 0.3 * 0.1), (10, 1.0)] {
            let mut letters = vec![(99, 98); ago];
            letters.push((7, 8));
            assert!((rails.worth(&log(&letters), &[], 7) - left).abs() < 1e-9, "{ago}");
        }
        assert_eq!(rails.worth(&Log::default(), &[], 7), 1.0);
    }

    #[test]
    fn the_window_is_what_was_set() {
        let shown = log(&[(1, 0), (2, 0), (3, 0)]);
        for (window, kept_out) in [(0, 0), (1, 1), (2, 2), (3, 3)] {
            let rails = Rails { window, fade: 0.0, ..Rails::default() };
            let out = (1..=3).filter(|&post| rails.worth(&shown, &[], post) == 0.0).count();
            assert_eq!(out, kept_out);
        }
    }

    #[test]
    fn what_was_sent_stays_out_for_ever_or_for_a_while() {
        let for_ever = Rails::default();
        assert_eq!(for_ever.worth(&Log::default(), &[4], 4), 0.0);
        assert_eq!(for_ever.worth(&log(&[(1, 4)]), &[], 4), 0.0);
        let for_two = Rails { sent: 2, ..Rails::default() };
        assert_eq!(for_two.worth(&log(&[(1, 2), (1, 4)]), &[4], 4), 0.0);
        assert_eq!(for_two.worth(&log(&[(1, 2), (1, 3), (1, 4)]), &[4], 4), 1.0);
    }

    #[test]
    fn a_log_forgets_what_no_rule_asks_for() {
        let letters = (0..50)
            .fold(Log::default(), |log, n| log.after(Held { sent: vec![n], shown: vec![100 + n] }));
        assert_eq!(letters.0.len(), LONGEST);
        let text = serde_json::to_string(&letters).unwrap();
        assert_eq!(serde_json::from_str::<Log>(&text).unwrap(), letters);
    }
}
