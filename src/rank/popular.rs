//! Popularity: how many readers a day a post may expect, from four numbers a post.
//!
//! A [`Tally`] takes in whole days, each once and in order. Readers of long ago count less and
//! less ([`Decay`]); the launch week, which is mostly the letter and the feed, does not count at
//! all; of a day far above the post's usual day only the root of the excess counts, which does
//! what filters of robots miss. [`rates`] pulls each post towards the median one by a week's
//! worth, so that few days say little, and [`shares`] puts the rates on a logarithmic scale from
//! 0 to 1, because the second reader tells more than the hundredth.
//!
//! It promises that a gap of days and the same days one by one come to the same bits, and that a
//! day which was taken in already changes nothing. It keeps no history and knows nobody: who read
//! is not among the numbers. Clicks in our own letters must stay out of it, for a list that feeds
//! on its own clicks stops moving.
//!
//! Where no readers are counted, comments stand in for them ([`discussed`]); where there is
//! nothing at all every post is equally popular, and related lists are purely related.

use crate::domain::post::Post;

/// A civil date as the number of days since 1970-01-01.
pub type Day = i32;

/// The days after publication that do not count.
pub const LAUNCH: Day = 7;

/// How many usual days one day may count for before it is damped.
const BURST: f64 = 5.0;

/// The days by which a post's usual day is pulled towards half a reader, and its rate towards the
/// median post.
const PRIOR: f64 = 7.0;

/// A usual day has at least so many readers.
const LEAST: f64 = 0.5;

/// Days after which a reader counts half for what a post's usual day is.
const USUAL: f64 = 60.0;

/// Days of weight that a post needs to have a say in the median.
const KNOWN: f64 = 3.0;

/// How fast readers are forgotten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// What is left after one day.
    keep: f64,
}

impl Decay {
    /// Half is left after so many days; at least one.
    pub fn half_life(days: f64) -> Self {
        Self { keep: (-1.0 / days.max(1.0)).exp2() }
    }
}

impl Default for Decay {
    fn default() -> Self {
        Self::half_life(30.0)
    }
}

/// What is remembered of a post's readers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Readers, damped and decayed (E).
    pub expected: f64,
    /// Days, decayed alike (W).
    pub weight: f64,
    /// Readers with the longer memory (U).
    pub readers: f64,
    /// Days with the longer memory (V).
    pub days: f64,
    /// The last day that was taken in; `None`: none yet.
    pub through: Option<Day>,
}

impl Tally {
    /// A tally for a blog whose readers are counted from `day` on: the days before are unknown
    /// rather than empty.
    pub fn counted_from(day: Day) -> Self {
        Self { through: Some(day.saturating_sub(1)), ..Self::default() }
    }

    /// Takes in one whole day of a post published on `published`. Days that were passed over had
    /// no readers; a day of the launch, or one that was taken in before, changes nothing.
    pub fn day(&mut self, decay: Decay, published: Day, day: Day, readers: u32) {
        let launched = published.saturating_add(LAUNCH);
        let next = self.through.map_or(launched, |through| launched.max(through.saturating_add(1)));
        if day < next {
            return;
        }
        (next..day).for_each(|_| self.fold(decay, 0.0));
        self.fold(decay, f64::from(readers));
        self.through = Some(day);
    }

    fn fold(&mut self, decay: Decay, readers: f64) {
        let usual = (self.readers + LEAST * PRIOR) / (self.days + PRIOR);
        let most = BURST * usual.max(LEAST);
        let counted = if readers > most { most + (readers - most).sqrt() } else { readers };
        let keep = (-1.0 / USUAL).exp2();
        self.expected = self.expected * decay.keep + counted;
        self.weight = self.weight * decay.keep + 1.0;
        self.readers = self.readers * keep + counted;
        self.days = self.days * keep + 1.0;
    }
}

/// The readers a day that each post may expect.
pub fn rates(tallies: &[Tally]) -> Vec<f64> {
    let known = tallies.iter().filter(|tally| tally.weight > KNOWN);
    let mut known: Vec<f64> = known.map(|tally| tally.expected / tally.weight).collect();
    known.sort_unstable_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied().unwrap_or(0.0);
    let rate = |tally: &Tally| (tally.expected + PRIOR * median) / (tally.weight + PRIOR);
    tallies.iter().map(rate).collect()
}

/// The popularity of each post from 0 to 1 by its readers: the most read is the measure.
pub fn shares(rates: &[f64]) -> Vec<f32> {
    let interest = |rate: &f64| rate.max(0.0).ln_1p();
    let most = rates.iter().map(interest).fold(0.0, f64::max);
    let share = |rate| if most > 0.0 { (interest(rate) / most) as f32 } else { 0.0 };
    rates.iter().map(share).collect()
}

/// How often each post was commented on: what [`shares`] is given where no readers are counted.
pub fn discussed(posts: &[Post]) -> Vec<f64> {
    let count = |post: &Post| post.comments.as_ref().and_then(|comments| comments.count);
    posts.iter().map(|post| f64::from(count(post).unwrap_or(0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::post::Comments, rank::tests::post};

    /// A post published on day 0 that had these readers, from its launch on.
    fn read(readers: &[u32]) -> Tally {
        let mut tally = Tally::default();
        for (day, &readers) in (LAUNCH..).zip(readers) {
            tally.day(Decay::default(), 0, day, readers);
        }
        tally
    }

    #[test]
    fn a_day_counts_as_the_formula_says() {
        let tally = read(&[2, 40]);
        let (f, g) = ((-1.0 / 30.0f64).exp2(), (-1.0 / 60.0f64).exp2());
        let usual = (2.0f64 + 3.5) / (1.0 + 7.0);
        let damped = 5.0 * usual + (40.0 - 5.0 * usual).sqrt();
        assert_eq!(tally.expected, 2.0 * f + damped);
        assert_eq!(tally.weight, f + 1.0);
        assert_eq!(tally.readers, 2.0 * g + damped);
        assert_eq!(tally.days, g + 1.0);
        assert_eq!(tally.through, Some(LAUNCH + 1));
    }

    #[test]
    fn the_launch_week_does_not_count() {
        let mut tally = Tally::default();
        for day in 0..LAUNCH {
            tally.day(Decay::default(), 0, day, 1_000);
        }
        assert_eq!(tally, Tally::default());
        tally.day(Decay::default(), 0, LAUNCH, 1);
        assert_eq!((tally.expected, tally.weight), (1.0, 1.0));
    }

    #[test]
    fn a_gap_of_days_is_days_without_readers() {
        let mut gap = read(&[3]);
        gap.day(Decay::default(), 0, LAUNCH + 4, 5);
        assert_eq!(gap, read(&[3, 0, 0, 0, 5]));
    }

    #[test]
    fn a_day_is_taken_in_once() {
        let mut tally = read(&[3, 4]);
        for day in [0, LAUNCH, LAUNCH + 1, Day::MIN] {
            tally.day(Decay::default(), 0, day, 9);
        }
        assert_eq!(tally, read(&[3, 4]));
    }

    #[test]
    fn days_before_counting_began_are_unknown_and_not_empty() {
        let mut tally = Tally::counted_from(10_000);
        tally.day(Decay::default(), 0, 9_999, 7);
        tally.day(Decay::default(), 0, 10_000, 2);
        assert_eq!((tally.expected, tally.weight), (2.0, 1.0));
        let mut young = Tally::counted_from(10_000);
        young.day(Decay::default(), 9_998, 10_003, 7);
        assert_eq!(young.weight, 0.0, "its launch does not count all the same");
    }

    #[test]
    fn one_wild_day_makes_no_popular_post() {
        let mut days = vec![2; 60];
        let steady = read(&days);
        days[30] = 10_000;
        let wild = read(&days);
        let rates = rates(&[steady, wild]);
        assert!(rates[1] < 4.0 * rates[0] && rates[1] > rates[0], "{rates:?}");
    }

    #[test]
    fn few_days_say_little() {
        let rates = rates(&[read(&[9]), read(&[1; 90]), read(&[2; 90]), Tally::default()]);
        assert!(rates[0] > 1.9 && rates[0] < 3.0, "{rates:?}");
        let median = read(&[2; 90]);
        assert_eq!(rates[3], median.expected / median.weight, "nothing known: the median post");
    }

    #[test]
    fn a_short_half_life_forgets_sooner() {
        let rate = |half_life| {
            let mut tally = Tally::default();
            tally.day(Decay::half_life(half_life), 0, LAUNCH, 2);
            tally.day(Decay::half_life(half_life), 0, LAUNCH + 30, 0);
            rates(&[tally])[0]
        };
        assert!(rate(7.0) < rate(30.0));
        assert!(rate(f64::NAN).is_finite() && rate(-1.0).is_finite());
    }

    #[test]
    fn the_most_read_post_is_the_measure() {
        assert_eq!(shares(&[0.0, 3.0, 15.0]), [0.0, 0.5, 1.0]);
        assert_eq!(shares(&[0.0, 0.0]), [0.0, 0.0], "nobody knows: all are alike");
        assert_eq!(rates(&[Tally::default(); 2]), [0.0, 0.0]);
        assert!(shares(&[]).is_empty() && rates(&[]).is_empty());
    }

    #[test]
    fn comments_stand_in_where_no_readers_are_counted() {
        let with = |count| Post {
            comments: Some(Comments { url: "https://example.org/talk".into(), count }),
            ..post("p", "")
        };
        let posts = [with(Some(0)), with(Some(3)), with(Some(15)), with(None), post("q", "")];
        assert_eq!(discussed(&posts), [0.0, 3.0, 15.0, 0.0, 0.0]);
        assert_eq!(shares(&discussed(&posts)), [0.0, 0.5, 1.0, 0.0, 0.0]);
    }
}
