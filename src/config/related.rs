//! Checking `[related]`: which posts stand beside others.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::{Error, check::Check};
use crate::rank::rails::{LONGEST, Rails};

/// How related posts are chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Related {
    /// How many are shown.
    pub count: usize,
    /// How much popularity may lift one: 0 to 1.
    pub popularity: f64,
    /// What takes the places that related posts leave open.
    pub open_places: OpenPlaces,
    /// In how many letters a post that was shown does not stand again.
    pub repeat_window: usize,
    /// How much of its score it loses after that, at most: 0 to 1.
    pub repeat_fade: f64,
    /// For how many letters what a reader was sent is not suggested; 0: for ever.
    pub sent_letters: usize,
}

/// What takes the places that related posts leave open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenPlaces {
    /// The most popular posts, under a heading of their own.
    #[default]
    Popular,
    /// Nothing does.
    Nothing,
}

impl Default for Related {
    fn default() -> Self {
        let Rails { window, fade, sent } = Rails::default();
        Self {
            count: 3,
            popularity: 0.3,
            open_places: OpenPlaces::default(),
            repeat_window: window,
            repeat_fade: fade,
            sent_letters: sent,
        }
    }
}

impl Related {
    /// Whether popular posts take the places that related ones leave open.
    pub fn fills(&self) -> bool {
        self.open_places == OpenPlaces::Popular
    }

    /// What of the letters that a reader has had counts against a post.
    pub const fn rails(&self) -> Rails {
        Rails { window: self.repeat_window, fade: self.repeat_fade, sent: self.sent_letters }
    }
}

const SHARE: RangeInclusive<f64> = 0.0..=1.0;

impl Check<'_> {
    /// What stands beside posts.
    pub(super) fn related(&self, related: Related) -> Result<Related, Error> {
        let shares = [("popularity", related.popularity), ("repeat_fade", related.repeat_fade)];
        if let Some((key, _)) = shares.iter().find(|(_, share)| !SHARE.contains(share)) {
            return Err(self.wrong(key, "write a number from 0 to 1"));
        }
        let letters =
            [("repeat_window", related.repeat_window), ("sent_letters", related.sent_letters)];
        if let Some((key, _)) = letters.iter().find(|(_, letters)| *letters > LONGEST) {
            return Err(self.wrong(key, &format!("write a number from 0 to {LONGEST}")));
        }
        Ok(related)
    }
}
