//! Lists: what to show under an article or in a letter, chosen from what is stored.
//!
//! Pins come first. Then what is near the articles, each post as near to a digest as it is to the
//! nearest of its articles; what the reader has seen costs it a part of its score
//! ([`Wish::worth`]). They are picked by maximal marginal relevance: a post counts for less the
//! more it is like one that was picked before. Places that stay open may go to the most popular posts, which are
//! kept apart ([`Chosen::popular`]): nobody is told that they are related.
//!
//! It promises never to show: the articles themselves or translations of them, a post twice, two
//! posts of one series, posts that are hidden, expired or excluded or newer than `now`, and what
//! is worth nothing to the reader. What became of a post since its list was stored does not
//! matter: the rules are held against the posts as they are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{DIFFERING, POOL, order, rules::Rules};
use crate::{domain::post::Post, time::Timestamp};

/// The share of the score in maximal marginal relevance; the rest is being different.
const RELEVANCE: f64 = 0.7;

/// What is near one post, by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Near {
    /// Posts with their scores, best first.
    pub posts: Vec<(usize, f32)>,
    /// How alike the best of them are: of each its cosine, in 255ths, with those before it.
    pub alike: Vec<u8>,
}

impl Near {
    /// The place of a post among those whose likeness is known.
    fn place(&self, post: usize) -> Option<usize> {
        self.posts.iter().take(DIFFERING).position(|near| near.0 == post)
    }

    /// How alike two posts are, where this tells it.
    fn likeness(&self, one: usize, other: usize) -> Option<f64> {
        let (one, other) = (self.place(one)?, self.place(other)?);
        let (low, high) = (one.min(other), one.max(other));
        let alike = self.alike.get(high * high.checked_sub(1)? / 2 + low)?;
        Some(f64::from(*alike) / 255.0)
    }
}

/// What is stored of one post, others by the numbers that the store gives them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Relations {
    /// How popular it is, 0 to 1.
    pub popularity: f32,
    /// The posts near it with their scores, best first; 0: a post that is gone.
    pub near: Vec<(i64, f32)>,
    /// [`Near::alike`], in hexadecimal.
    pub alike: String,
}

impl Relations {
    /// What is near a post; `number` tells the number of each place.
    pub fn new(near: &Near, popularity: f32, number: impl Fn(usize) -> i64) -> Self {
        Self {
            popularity,
            near: near.posts.iter().map(|&(post, score)| (number(post), score)).collect(),
            alike: near.alike.iter().map(|alike| format!("{alike:02x}")).collect(),
        }
    }

    /// What is near the post; `place` tells the place of each number. A post that has none keeps
    /// a place that no post has.
    pub fn near(&self, place: impl Fn(i64) -> Option<usize>) -> Near {
        let posts = self.near.iter();
        let posts = posts.map(|&(row, score)| (place(row).unwrap_or(usize::MAX), score));
        let octets = self.alike.as_bytes().chunks(2);
        let octet = |digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        Near { posts: posts.collect(), alike: octets.filter_map(octet).collect() }
    }
}

/// What a list should look like.
pub struct Wish<'a> {
    /// How many posts at most.
    pub count: usize,
    /// The moment of showing: later posts are not shown.
    pub now: Timestamp,
    /// Whether popular posts take the places that related ones leave open.
    pub fill: bool,
    /// What a post, by its place, is worth to the reader: 1, or less where it was seen, and 0
    /// where it must not be shown.
    pub worth: &'a (dyn Fn(usize) -> f64 + Sync),
}

impl Wish<'_> {
    /// What a page shows: it does not know its readers.
    pub fn page(count: usize, fill: bool, now: Timestamp) -> Self {
        Self { count, now, fill, worth: &|_| 1.0 }
    }
}

/// What is shown, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Related posts, best first.
    pub related: Vec<usize>,
    /// Popular posts in the places left open, the most popular first.
    pub popular: Vec<usize>,
}

/// Posts with what is stored of them.
pub struct Lists<'a> {
    posts: &'a [Post],
    near: Vec<Near>,
    popularity: Vec<f32>,
    /// Posts that anybody has cared for, the most popular first.
    ranking: Vec<usize>,
    order: Vec<u32>,
    rules: Rules,
}

impl<'a> Lists<'a> {
    /// What is near each of `posts` and how popular it is, in their order.
    pub fn new(posts: &'a [Post], near: Vec<Near>, popularity: Vec<f32>) -> Self {
        let order = order(posts);
        let share = |at: usize| popularity.get(at).copied().unwrap_or(0.0);
        let mut ranking: Vec<usize> = (0..posts.len()).filter(|&at| share(at) > 0.0).collect();
        ranking.sort_by(|&one, &other| {
            share(other).total_cmp(&share(one)).then_with(|| order.get(one).cmp(&order.get(other)))
        });
        Self { posts, near, popularity, ranking, order, rules: Rules::new(posts) }
    }

    /// The popularity of each post, 0 to 1.
    pub fn popularity(&self) -> &[f32] {
        &self.popularity
    }

    /// What to show under the articles `of`: one on a page, several in a digest.
    pub fn choose(&self, of: &[usize], wish: &Wish<'_>) -> Chosen {
        let mut choice =
            Choice { lists: self, of, wish, chosen: Chosen::default(), series: vec![] };
        for &pin in of.iter().flat_map(|&article| self.rules.pins(article)) {
            choice.relate(pin);
        }
        choice.pick(self.candidates(of, wish));
        if wish.fill {
            choice.fill();
        }
        choice.chosen
    }

    /// What is near the articles, each post once, best first; equals by date, then path.
    fn candidates(&self, of: &[usize], wish: &Wish<'_>) -> Vec<(usize, f64)> {
        let mut best: HashMap<usize, f64> = HashMap::new();
        for near in of.iter().filter_map(|&article| self.near.get(article)) {
            for &(post, score) in &near.posts {
                let known = best.entry(post).or_insert(0.0);
                *known = known.max(f64::from(score));
            }
        }
        let worth = |(post, score): (usize, f64)| (post, score * (wish.worth)(post));
        self.sorted(best.into_iter().map(worth).collect())
    }

    fn sorted(&self, mut scored: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
        let place = |post: usize| self.order.get(post);
        scored.sort_by(|one, other| {
            other.1.total_cmp(&one.1).then_with(|| place(one.0).cmp(&place(other.0)))
        });
        scored
    }
}

/// A choice in the making.
struct Choice<'a> {
    lists: &'a Lists<'a>,
    of: &'a [usize],
    wish: &'a Wish<'a>,
    chosen: Chosen,
    series: Vec<&'a str>,
}

impl<'a> Choice<'a> {
    fn is_full(&self) -> bool {
        self.chosen.related.len() + self.chosen.popular.len() >= self.wish.count
    }

    fn post(&self, at: usize) -> Option<&'a Post> {
        self.lists.posts.get(at)
    }

    /// Whether there is room for the post and nothing forbids to show it.
    fn may_show(&self, at: usize) -> bool {
        let Some(post) = self.post(at).filter(|_| !self.is_full()) else { return false };
        let refused = |&article: &usize| {
            self.lists.rules.refusal(self.lists.posts, article, at, self.wish.now).is_some()
        };
        let series = post.related.series.as_deref();
        !self.of.iter().any(refused)
            && !self.chosen.related.contains(&at)
            && !self.chosen.popular.contains(&at)
            && !series.is_some_and(|series| self.series.contains(&series))
            && (self.wish.worth)(at) > 0.0
    }

    fn relate(&mut self, at: usize) {
        if self.may_show(at) {
            self.chosen.related.push(at);
            self.note_series(at);
        }
    }

    /// Picks related posts by maximal marginal relevance from those whose likeness is known; the
    /// others follow by their scores. The score counts as a share of the best one:
    /// beside raw scores, which are small, being different would weigh too much (measured on 509
    /// posts of a real blog: Recall@3 0.560 against 0.575).
    fn pick(&mut self, mut candidates: Vec<(usize, f64)>) {
        candidates.retain(|&(post, _)| self.may_show(post));
        let (candidates, rest): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|&(post, _)| self.is_known(post));
        let best = candidates.first().map_or(1.0, |candidate| candidate.1);
        let pinned = self.chosen.related.clone();
        let alike = |post| pinned.iter().map(|&pin| self.likeness(post, pin)).fold(0.0, f64::max);
        let mut pool: Vec<(usize, f64, f64)> =
            candidates.into_iter().map(|(post, score)| (post, score, alike(post))).collect();
        while !self.is_full() && !pool.is_empty() {
            let worth = |(_, score, alike): &(usize, f64, f64)| {
                RELEVANCE * score / best - (1.0 - RELEVANCE) * alike
            };
            // `max_by` keeps the last of equals; in reverse that is the best of them.
            let worths = pool.iter().map(worth).enumerate().rev();
            let Some((at, _)) = worths.max_by(|one, other| one.1.total_cmp(&other.1)) else {
                break;
            };
            let (picked, ..) = pool.remove(at);
            self.relate(picked);
            for (post, _, alike) in &mut pool {
                *alike = alike.max(self.likeness(*post, picked));
            }
        }
        rest.into_iter().for_each(|(post, _)| self.relate(post));
    }

    /// What is near each of the articles.
    fn near(&self) -> impl Iterator<Item = &Near> {
        self.of.iter().filter_map(|&article| self.lists.near.get(article))
    }

    fn is_known(&self, post: usize) -> bool {
        self.near().any(|near| near.place(post).is_some())
    }

    /// How alike two posts are, as far as any of the articles knows them both.
    fn likeness(&self, one: usize, other: usize) -> f64 {
        self.near().filter_map(|near| near.likeness(one, other)).fold(0.0, f64::max)
    }

    fn note_series(&mut self, at: usize) {
        self.series.extend(self.post(at).and_then(|post| post.related.series.as_deref()));
    }

    fn fill(&mut self) {
        let share = |at: usize| f64::from(self.lists.popularity.get(at).copied().unwrap_or(0.0));
        let worth = |at: usize| (at, share(at) * (self.wish.worth)(at));
        let best = self.lists.ranking.iter().copied().filter(|&at| self.may_show(at)).take(POOL);
        let popular = self.lists.sorted(best.map(worth).collect());
        for (at, _) in popular {
            if self.may_show(at) {
                self.chosen.popular.push(at);
                self.note_series(at);
            }
        }
    }
}
