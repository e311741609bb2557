//! Explanations: why a post stands in a list, and why a better-scored one does not.
//!
//! The parts are those of the score: the words that two posts share, each with its part of the
//! cosine, freshness and popularity. They are worked out anew from the posts, by the same
//! functions that made the list.

use std::collections::HashMap;

use super::{Chosen, Index, Search, Taste, Wish, freshness, rules::Refusal, words};
use crate::domain::post::Post;

/// How many shared words are told.
const TOLD: usize = 8;

/// The parts of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The other post, by place.
    pub post: usize,
    /// How much the two have in common, 0 to 1.
    pub cosine: f32,
    /// Shared words, those that bring most in front, each with its part of the cosine.
    pub words: Vec<(String, f32)>,
    /// How many words are shared in all.
    pub shared: usize,
    /// The factor of freshness, 0.7 to 1.
    pub freshness: f64,
    /// The popularity of the other post, 0 to 1.
    pub popularity: f64,
    /// Cosine, freshness and popularity together.
    pub score: f64,
}

/// Why a post is not shown though its score is better than that of one which is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// A rule forbids it.
    Refused(Refusal),
    /// The reader has seen it.
    Seen,
    /// One of its series is shown.
    Series(usize),
    /// It is too like one that is shown.
    Alike(usize),
}

/// A list with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Each related post that is shown.
    pub shown: Vec<Parts>,
    /// Posts with a better score than the last one shown, and why they are not.
    pub skipped: Vec<(Parts, Skipped)>,
}

impl Index {
    /// Why `chosen`, which was chosen for `article` with `wish`, is what it is.
    pub fn explain(
        &self,
        posts: &[Post],
        article: usize,
        taste: &Taste<'_>,
        (wish, chosen): (&Wish<'_>, &Chosen),
    ) -> Explanation {
        let shown: Vec<Parts> =
            chosen.related.iter().map(|&post| self.parts(posts, article, post, taste)).collect();
        let last = shown.iter().map(|parts| parts.score).fold(f64::INFINITY, f64::min);
        let every = Taste { most: posts.len(), ..*taste };
        let others = Search { index: self, posts, article, taste: &every }.pool(&|_| true);
        let mut others: Vec<Parts> = others
            .iter()
            .filter(|other| !chosen.related.contains(&other.post))
            .map(|other| self.parts(posts, article, other.post, taste))
            .filter(|parts| parts.score > last)
            .collect();
        others.sort_by(|one, other| other.score.total_cmp(&one.score));
        let reason = |parts: Parts| {
            let why = self.skipped(posts, (article, parts.post), (wish, chosen))?;
            Some((parts, why))
        };
        Explanation { skipped: others.into_iter().filter_map(reason).collect(), shown }
    }

    fn parts(&self, posts: &[Post], article: usize, post: usize, taste: &Taste<'_>) -> Parts {
        let shared = self.vectors.shared(article, post);
        let cosine = self.vectors.likeness(article, &[post]).first().copied().unwrap_or(0.0);
        let freshness = freshness(posts, article, post);
        let popularity = taste.share(post);
        let lift = freshness * (1.0 + taste.weight() * popularity);
        Parts {
            post,
            cosine,
            shared: shared.len(),
            words: told(posts.get(article), shared),
            freshness,
            popularity,
            score: f64::from(cosine) * lift,
        }
    }

    fn skipped(
        &self,
        posts: &[Post],
        (article, other): (usize, usize),
        (wish, chosen): (&Wish<'_>, &Chosen),
    ) -> Option<Skipped> {
        if let Some(refusal) = self.rules.refusal(posts, article, other, wish.now) {
            return Some(Skipped::Refused(refusal));
        }
        if (wish.worth)(other) <= 0.0 {
            return Some(Skipped::Seen);
        }
        let series = |at: usize| posts.get(at).and_then(|post| post.related.series.as_deref());
        let of_series = |&at: &usize| series(at).is_some() && series(at) == series(other);
        if let Some(of_series) = chosen.related.iter().copied().find(of_series) {
            return Some(Skipped::Series(of_series));
        }
        let alike = self.vectors.likeness(other, &chosen.related);
        let nearest = chosen.related.iter().zip(alike).max_by(|a, b| a.1.total_cmp(&b.1));
        nearest.map(|(&post, _)| Skipped::Alike(post))
    }
}

/// The words that bring most, as the article spells them.
fn told(article: Option<&Post>, mut shared: Vec<(words::Word, f32)>) -> Vec<(String, f32)> {
    shared.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let Some(post) = article else { return Vec::new() };
    let plain = [post.title.as_str(), &post.summary]
        .into_iter()
        .chain(post.tags.iter().map(String::as_str));
    let mut spelt: HashMap<words::Word, String> = words::spellings(&post.html);
    plain.for_each(|text| spelt.extend(words::spellings(&text.replace(['<', '&'], " "))));
    let named = shared.into_iter().filter_map(|(word, part)| Some((spelt.remove(&word)?, part)));
    named.take(TOLD).collect()
}
