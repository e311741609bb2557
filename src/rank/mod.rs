//! Ranking: which posts to show under an article or a digest ("related popular posts").
//!
//! `score = cosine * freshness * (1 + p * popularity)`. Relatedness is the gate; popularity moves
//! a post up by at most the share `p`, and freshness (`0.7 + 0.3 * 2^(-gap / 730 days)`) prefers
//! posts of the same time a little. From the best by score a list is picked by maximal marginal
//! relevance, so that its posts differ from one another.
//!
//! It works in two steps. An [`Index`] of all posts finds what is [`Near`] each, and how alike
//! those are to one another, which is stored: that is the costly step, made for all posts together
//! once a day, and for a new post alone in milliseconds ([`kept`]). Of what is stored, [`Lists`]
//! choose what to show on a page or in a letter, held to what front matter says ([`rules`]) and to
//! what the reader has seen before ([`rails`]). [`explain`] tells why.
//!
//! It promises never to list what is related by a cosine under 0.05: a short list is better than
//! a bad one. Equal scores are ordered by date, newer first, then by path. Same posts, same
//! popularity: same lists, to the bit, however many threads work on them.
//!
//! It knows no reader, store, clock or disk, and nothing in it can fail.

pub mod explain;
pub mod kept;
pub mod lists;
pub mod popular;
pub mod rails;
mod related;
pub mod rules;
mod words;

use std::cmp::{Ordering, Reverse};

use related::Vectors;

use crate::{domain::post::Post, parallel, time::Timestamp};
pub use lists::{Chosen, Lists, Near, Wish};
use rules::Rules;

/// A post less related than this is not related.
const FLOOR: f32 = 0.05;

/// How many posts near one are stored.
const POOL: usize = 30;

/// From how many of the best of them a list is picked that differ from one another.
const DIFFERING: usize = 16;

/// How much the newest posts are preferred at most, and the gap that halves it.
const FRESH: f64 = 0.3;
const HALF_LIFE: f64 = 730.0 * 86_400.0;

/// Fewer posts than this are not shared out among cores.
const FEW: usize = 32;

/// How posts are scored.
#[derive(Clone, Copy, Debug)]
pub struct Taste<'a> {
    /// The popularity of each post by its place, 0 to 1; empty: nothing is known.
    pub popularity: &'a [f32],
    /// How much popularity counts, 0 to 1; 0.3 is a good measure.
    pub weight: f64,
    /// How many posts near one are told at most.
    pub most: usize,
}

impl<'a> Taste<'a> {
    /// The taste in which lists are stored.
    pub fn stored(popularity: &'a [f32], weight: f64) -> Self {
        Self { popularity, weight, most: POOL }
    }

    fn weight(&self) -> f64 {
        if self.weight.is_nan() { 0.0 } else { self.weight.clamp(0.0, 1.0) }
    }

    fn share(&self, post: usize) -> f64 {
        self.popularity.get(post).copied().map_or(0.0, f64::from)
    }
}

/// What is known of a set of posts so that neighbours can be found. It belongs to exactly those
/// posts in exactly that order; every call takes the same slice again.
pub struct Index {
    vectors: Vectors,
    /// The place of each post by date (newer first), then path: decides between equals.
    order: Vec<u32>,
    rules: Rules,
}

impl Index {
    /// Reads the posts.
    pub fn new(posts: &[Post]) -> Self {
        Self::of(posts, Vectors::new(posts))
    }

    fn of(posts: &[Post], vectors: Vectors) -> Self {
        Self { vectors, order: order(posts), rules: Rules::new(posts) }
    }

    /// What is near each of `articles` among the posts that may be shown at all at `now`.
    pub fn lists(
        &self,
        posts: &[Post],
        articles: &[usize],
        taste: &Taste<'_>,
        now: Timestamp,
    ) -> Vec<Near> {
        parallel::map(articles, FEW, |&article| {
            let may = |other| self.rules.refusal(posts, article, other, now).is_none();
            self.near(posts, article, taste, &may)
        })
    }

    /// What is near `article` among the posts that `may` be shown, best first.
    pub fn near(
        &self,
        posts: &[Post],
        article: usize,
        taste: &Taste<'_>,
        may: &dyn Fn(usize) -> bool,
    ) -> Near {
        let pool = Search { index: self, posts, article, taste }.pool(may);
        let best: Vec<usize> = pool.iter().take(DIFFERING).map(|one| one.post).collect();
        let alike = (1..best.len()).flat_map(|at| {
            let (before, rest) = best.split_at(at);
            self.vectors.likeness(rest.first().copied().unwrap_or_default(), before)
        });
        Near {
            alike: alike.map(|cosine| (cosine * 255.0).round() as u8).collect(),
            posts: pool.iter().map(|one| (one.post, one.score as f32)).collect(),
        }
    }

    /// Best first; equals by date, then path.
    fn compare(&self, one: &Candidate, other: &Candidate) -> Ordering {
        let place = |candidate: &Candidate| self.order.get(candidate.post);
        other.score.total_cmp(&one.score).then_with(|| place(one).cmp(&place(other)))
    }
}

/// The place of each post by date (newer first), then path.
fn order(posts: &[Post]) -> Vec<u32> {
    let mut by_date: Vec<u32> = (0..).zip(posts).map(|(at, _)| at).collect();
    by_date.sort_by_key(|&at| {
        posts.get(at as usize).map(|post| (Reverse(post.published), &post.path))
    });
    let mut order = vec![0; posts.len()];
    for (place, &at) in (0..).zip(&by_date) {
        if let Some(slot) = order.get_mut(at as usize) {
            *slot = place;
        }
    }
    order
}

/// A post that may be listed.
#[derive(Clone, Copy)]
struct Candidate {
    post: usize,
    score: f64,
}

/// The search for what is near one post.
struct Search<'a> {
    index: &'a Index,
    posts: &'a [Post],
    article: usize,
    taste: &'a Taste<'a>,
}

impl Search<'_> {
    /// The best by their exact scores, best first.
    fn pool(&self, may: &dyn Fn(usize) -> bool) -> Vec<Candidate> {
        let mut sums = vec![0.0; self.index.order.len()];
        self.index.vectors.near(self.article, &mut sums);
        let near: Vec<usize> = self.contenders(&sums, may).iter().map(|one| one.post).collect();
        let cosines = self.index.vectors.likeness(self.article, &near);
        let related = near.into_iter().zip(cosines).filter(|&(_, cosine)| cosine >= FLOOR);
        let scored = related
            .map(|(post, cosine)| Candidate { post, score: f64::from(cosine) * self.lift(post) });
        let mut pool: Vec<Candidate> = scored.collect();
        pool.sort_by(|one, other| self.index.compare(one, other));
        pool.truncate(self.most());
        pool
    }

    fn most(&self) -> usize {
        self.taste.most.max(POOL)
    }

    /// Some more than the best by `sums`, in no order: sums leave out common words.
    fn contenders(&self, sums: &[f32], may: &dyn Fn(usize) -> bool) -> Vec<Candidate> {
        let many = self.most() * 8 / 5;
        let most = 1.0 + self.taste.weight();
        let mut best: Vec<Candidate> = Vec::with_capacity(2 * many);
        let mut bound = 0.0;
        for (post, &sum) in sums.iter().enumerate() {
            let sum = f64::from(sum);
            if sum <= 0.0 || sum * most < bound {
                continue;
            }
            let score = sum * self.lift(post);
            if score < bound || post == self.article || !may(post) {
                continue;
            }
            best.push(Candidate { post, score });
            if best.len() == 2 * many {
                self.cut(&mut best, many);
                bound = best.iter().map(|one| one.score).fold(f64::INFINITY, f64::min);
            }
        }
        self.cut(&mut best, many);
        best
    }

    fn cut(&self, best: &mut Vec<Candidate>, many: usize) {
        if best.len() > many {
            best.select_nth_unstable_by(many, |one, other| self.index.compare(one, other));
            best.truncate(many);
        }
    }

    /// By how much freshness and popularity raise the score of `post`.
    fn lift(&self, post: usize) -> f64 {
        let popularity = self.taste.weight() * self.taste.share(post);
        freshness(self.posts, self.article, post) * (1.0 + popularity)
    }
}

/// How much two posts are of the same time: 0.7 to 1.
fn freshness(posts: &[Post], one: usize, other: usize) -> f64 {
    let date = |at: usize| posts.get(at).map_or(Timestamp::default(), |post| post.published);
    let (one, other) = (date(one), date(other));
    let gap = one.max(other).since(one.min(other)).as_secs_f64();
    1.0 - FRESH + FRESH * (-gap / HALF_LIFE).exp2()
}

#[cfg(test)]
mod tests;
