//! Ranking: which posts to show under an article or a digest ("related popular posts").
//!
//! `score = cosine * freshness * (1 + p * popularity)`. Relatedness is the gate; popularity moves
//! a post up by at most the share `p`, and freshness (`0.7 + 0.3 * 2^(-gap / 730 days)`) prefers
//! posts of the same time a little. The list is then picked by maximal marginal relevance from
//! the best thirty, so that the posts differ from one another. What front matter says wins over
//! every formula: pins come first, exclusions never come.
//!
//! It promises never to show: the articles themselves, a post twice, two posts of one series,
//! hidden, expired or excluded posts, posts newer than `now`, posts that the caller bars, or
//! posts with a cosine under 0.05. A short list is better than a bad one. Equal scores are
//! ordered by date, newer first, then by path: same input, same list.
//!
//! It knows no reader, store, clock or disk, and nothing in it can fail. A list for each of
//! 10,000 posts takes about a second with [`Index::new`] on two cores.

pub mod popular;
mod related;
mod spread;
mod words;

use std::{cmp::Ordering, collections::HashMap};

use related::Vectors;

use crate::{domain::post::Post, time::Timestamp};

/// A post less related than this is not related.
const FLOOR: f32 = 0.05;

/// The share of the score in maximal marginal relevance; the rest is being different.
const RELEVANCE: f64 = 0.7;

/// How many of the best posts a list is picked from.
const POOL: usize = 30;

/// How many posts are scored exactly for one article.
const CONTENDERS: usize = 48;

/// How much the newest posts are preferred at most, and the gap that halves it.
const FRESH: f64 = 0.3;
const HALF_LIFE: f64 = 730.0 * 86_400.0;

/// What a list should look like.
pub struct Wish<'a> {
    /// How many posts at most.
    pub count: usize,
    /// How much popularity counts, 0 to 1; 0.3 is a good measure.
    pub popularity: f64,
    /// The moment of showing: later posts are not shown.
    pub now: Timestamp,
    /// Whether a post, by its index, must not be shown: the reader has had it, say.
    pub barred: &'a dyn Fn(usize) -> bool,
}

/// What is known of a set of posts so that lists can be made of it. It belongs to exactly those
/// posts in exactly that order; every call takes the same slice again.
pub struct Index {
    vectors: Vectors,
    popularity: Vec<f32>,
    /// The place of each post by date (newer first), then path: decides between equals.
    order: Vec<u32>,
    /// What front matter pins and excludes, by post; posts that say nothing are not in it.
    choices: HashMap<usize, Choice>,
}

/// Pins and exclusions of one post, as indices.
#[derive(Default)]
struct Choice {
    pins: Vec<usize>,
    excluded: Vec<usize>,
}

/// A post that may be shown.
#[derive(Clone, Copy)]
struct Candidate {
    post: usize,
    score: f64,
}

impl Index {
    /// Reads the posts.
    pub fn new(posts: &[Post]) -> Self {
        let mut by_date: Vec<u32> = (0..).zip(posts).map(|(at, _)| at).collect();
        by_date.sort_by_key(|&at| {
            posts.get(at as usize).map(|post| (std::cmp::Reverse(post.published), &post.path))
        });
        let mut order = vec![0; posts.len()];
        for (place, &at) in (0..).zip(&by_date) {
            if let Some(slot) = order.get_mut(at as usize) {
                *slot = place;
            }
        }
        Self {
            vectors: Vectors::new(posts),
            popularity: popular::shares(&popular::discussed(posts)),
            order,
            choices: choices(posts),
        }
    }

    /// The posts to show under the articles `of` (one on a page, several in a digest), best
    /// first; all posts by their index in `posts`. A post is as related to a digest as it is to
    /// the nearest of its articles.
    pub fn suggest(&self, posts: &[Post], of: &[usize], wish: &Wish<'_>) -> Vec<usize> {
        let mut list = List { index: self, posts, of, wish, shown: Vec::new(), series: Vec::new() };
        for &pin in of.iter().filter_map(|article| self.choices.get(article)).flat_map(|c| &c.pins)
        {
            if !list.is_full() && list.may_show(pin) {
                list.show(pin);
            }
        }
        if !list.is_full() {
            list.fill(self.pool(&list));
        }
        list.shown
    }

    /// The lists for the pages of all posts, in their order, with nothing barred.
    pub fn pages(
        &self,
        posts: &[Post],
        count: usize,
        popularity: f64,
        now: Timestamp,
    ) -> Vec<Vec<usize>> {
        spread::spread(posts.len(), |at| {
            self.suggest(posts, &[at], &Wish { count, popularity, now, barred: &|_| false })
        })
    }

    /// The best candidates for the list, best first.
    fn pool(&self, list: &List<'_>) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut sums = vec![0.0; self.order.len()];
        for &article in list.of {
            sums.fill(0.0);
            self.vectors.near(article, &mut sums);
            let near = self.contenders(list, article, &sums);
            let near: Vec<usize> = near.into_iter().map(|candidate| candidate.post).collect();
            let cosines = self.vectors.likeness(article, &near);
            let related = near.into_iter().zip(cosines).filter(|&(_, cosine)| cosine >= FLOOR);
            found.extend(related.map(|(post, cosine)| Candidate {
                post,
                score: f64::from(cosine) * self.lift(list, article, post),
            }));
        }
        found.sort_by(|one, other| self.compare(one, other));
        if list.of.len() > 1 {
            let mut seen = vec![false; self.order.len()];
            found.retain(|candidate| {
                seen.get_mut(candidate.post).is_some_and(|seen| !std::mem::replace(seen, true))
            });
        }
        found.truncate(POOL);
        found
    }

    /// The posts with the highest scores by `sums`, in no order.
    fn contenders(&self, list: &List<'_>, article: usize, sums: &[f32]) -> Vec<Candidate> {
        let most = 1.0 + list.weight();
        let mut best: Vec<Candidate> = Vec::with_capacity(2 * CONTENDERS);
        let mut bound = 0.0;
        for (post, &sum) in sums.iter().enumerate() {
            let sum = f64::from(sum);
            if sum <= 0.0 || sum * most < bound {
                continue;
            }
            let score = sum * self.lift(list, article, post);
            if score < bound || !list.may_show(post) {
                continue;
            }
            best.push(Candidate { post, score });
            if best.len() == 2 * CONTENDERS {
                self.cut(&mut best);
                bound = best.iter().map(|candidate| candidate.score).fold(most, f64::min);
            }
        }
        self.cut(&mut best);
        best
    }

    fn cut(&self, best: &mut Vec<Candidate>) {
        if best.len() > CONTENDERS {
            best.select_nth_unstable_by(CONTENDERS, |one, other| self.compare(one, other));
            best.truncate(CONTENDERS);
        }
    }

    /// Raises `alike` to how much each candidate resembles the post that was shown.
    fn note_likeness(&self, shown: usize, pool: &[Candidate], alike: &mut [f32]) {
        let posts: Vec<usize> = pool.iter().map(|candidate| candidate.post).collect();
        for (alike, cosine) in alike.iter_mut().zip(self.vectors.likeness(shown, &posts)) {
            *alike = alike.max(cosine);
        }
    }

    /// By how much freshness and popularity raise the score of `post` beside `article`.
    fn lift(&self, list: &List<'_>, article: usize, post: usize) -> f64 {
        let date = |at: usize| list.posts.get(at).map_or(Timestamp::default(), |p| p.published);
        let (one, other) = (date(article), date(post));
        let gap = one.max(other).since(one.min(other)).as_secs_f64();
        let fresh = 1.0 - FRESH + FRESH * (-gap / HALF_LIFE).exp2();
        let popularity = self.popularity.get(post).copied().unwrap_or(0.0);
        fresh * (1.0 + list.weight() * f64::from(popularity))
    }

    /// Best first; equals by date, then path.
    fn compare(&self, one: &Candidate, other: &Candidate) -> Ordering {
        let place = |candidate: &Candidate| self.order.get(candidate.post);
        other.score.total_cmp(&one.score).then_with(|| place(one).cmp(&place(other)))
    }
}

/// A list in the making.
struct List<'a> {
    index: &'a Index,
    posts: &'a [Post],
    of: &'a [usize],
    wish: &'a Wish<'a>,
    shown: Vec<usize>,
    series: Vec<&'a str>,
}

impl<'a> List<'a> {
    fn is_full(&self) -> bool {
        self.shown.len() >= self.wish.count
    }

    fn weight(&self) -> f64 {
        if self.wish.popularity.is_nan() { 0.0 } else { self.wish.popularity.clamp(0.0, 1.0) }
    }

    /// Whether nothing forbids to show the post.
    fn may_show(&self, at: usize) -> bool {
        let Some(post) = self.posts.get(at) else { return false };
        let choice = &post.related;
        let excluded = |article: &usize| {
            self.index.choices.get(article).is_some_and(|choice| choice.excluded.contains(&at))
        };
        let series = choice.series.as_deref();
        !choice.hidden
            && post.published <= self.wish.now
            && choice.expires.is_none_or(|end| end > self.wish.now)
            && !self.of.contains(&at)
            && !self.shown.contains(&at)
            && !series.is_some_and(|series| self.series.contains(&series))
            && !self.of.iter().any(excluded)
            && !(self.wish.barred)(at)
    }

    fn show(&mut self, at: usize) {
        self.shown.push(at);
        self.series.extend(self.posts.get(at).and_then(|post| post.related.series.as_deref()));
    }

    /// Picks from `pool` by maximal marginal relevance until the list is full. The score counts
    /// as a share of the best one: beside raw scores, which are small, being different would
    /// weigh too much (measured on 509 posts of a real blog: Recall@3 0.560 against 0.575).
    fn fill(&mut self, mut pool: Vec<Candidate>) {
        let best = pool.first().map_or(1.0, |candidate| candidate.score);
        let mut alike = vec![0.0; pool.len()];
        for &shown in &self.shown {
            self.index.note_likeness(shown, &pool, &mut alike);
        }
        while !self.is_full() {
            let worth = |(candidate, &alike): (&Candidate, &f32)| {
                RELEVANCE * candidate.score / best - (1.0 - RELEVANCE) * f64::from(alike)
            };
            // `max_by` keeps the last of equals; in reverse that is the best of them.
            let worths = pool.iter().zip(&alike).map(worth).enumerate().rev();
            let Some((at, _)) = worths.max_by(|one, other| one.1.total_cmp(&other.1)) else {
                return;
            };
            let chosen = pool.remove(at).post;
            alike.remove(at);
            if !self.may_show(chosen) {
                continue;
            }
            self.show(chosen);
            if !self.is_full() {
                self.index.note_likeness(chosen, &pool, &mut alike);
            }
        }
    }
}

/// What the posts' front matter pins and excludes, the names resolved by [`Post::is_called`].
/// Posts are looked up by the last part of their names first, or each name would cost a pass.
fn choices(posts: &[Post]) -> HashMap<usize, Choice> {
    let speaks = |post: &Post| !(post.related.pins.is_empty() && post.related.excluded.is_empty());
    if !posts.iter().any(speaks) {
        return HashMap::new();
    }
    let mut shelves: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, post) in posts.iter().enumerate() {
        let mut names =
            [&post.key, post.id.as_str(), &post.url, &post.place, &post.path].map(last_part);
        names.sort_unstable();
        let mut before = None;
        for name in names {
            if before.replace(name) != Some(name) {
                shelves.entry(name).or_default().push(at);
            }
        }
    }
    let called = |name: &String| -> Vec<usize> {
        let shelf = shelves.get(last_part(name)).map_or(&[][..], Vec::as_slice);
        let is_called = |&&at: &&usize| posts.get(at).is_some_and(|post| post.is_called(name));
        shelf.iter().filter(is_called).copied().collect()
    };
    let choice = |post: &Post| Choice {
        pins: post.related.pins.iter().filter_map(|name| called(name).first().copied()).collect(),
        excluded: post.related.excluded.iter().flat_map(called).collect(),
    };
    let speaking = posts.iter().enumerate().filter(|(_, post)| speaks(post));
    speaking.map(|(at, post)| (at, choice(post))).collect()
}

/// The last part of a path or address, up to its first dot.
fn last_part(name: &str) -> &str {
    let name = name.trim().trim_end_matches('/');
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split('.').next().unwrap_or(last)
}

#[cfg(test)]
mod tests;
