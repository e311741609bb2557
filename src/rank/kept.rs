//! Kept: an index as octets, so that a new post is compared without reading all posts again.
//!
//! [`Index::octets`] writes what a renewal found: the words, how many posts have each, and the
//! vector of each post. [`Index::resume`] takes that up for the posts as they are: those that
//! were there keep their vectors, new ones are measured by the words known then. A post that was
//! rewritten is measured anew at the next renewal only.
//!
//! It promises that octets which are not of this version or not whole are refused, and that a
//! refused index is no loss: one made anew of all posts takes its place. It neither reads nor
//! writes files.
//!
//! The layout, little-endian: [`MAGIC`]; the numbers of posts, words and entries (u64 each); for
//! each post the hash of its identity (u64) and the end of its row (u64); for each word its hash
//! (u64) and in how many posts it is (u32); the entries of all rows, each a word by its number
//! (u32) and its weight (f32).

use std::collections::HashMap;

use super::{
    Index,
    related::{Row, Vectors, Vocabulary},
    words,
};
use crate::domain::post::Post;

/// What the octets begin with.
const MAGIC: &[u8; 16] = b"postrider near 2";

/// Before the rows of numbers: the magic and three counts.
const HEAD: usize = MAGIC.len() + 3 * 8;

impl Index {
    /// The index of `posts` as octets.
    pub fn octets(&self, posts: &[Post]) -> Vec<u8> {
        let Vectors { vocabulary, words, .. } = &self.vectors;
        let entries: usize = words.iter().map(|row| row.len()).sum();
        let size = HEAD + 16 * posts.len() + 12 * vocabulary.words.len() + 8 * entries;
        let mut octets = Vec::with_capacity(size);
        octets.extend_from_slice(MAGIC);
        for count in [posts.len(), vocabulary.words.len(), entries] {
            octets.extend_from_slice(&(count as u64).to_le_bytes());
        }
        let mut end = 0;
        for (post, row) in posts.iter().zip(words) {
            end += row.len() as u64;
            octets.extend_from_slice(&words::named(post.id.as_str()).to_le_bytes());
            octets.extend_from_slice(&end.to_le_bytes());
        }
        for (word, having) in &vocabulary.words {
            octets.extend_from_slice(&word.to_le_bytes());
            octets.extend_from_slice(&having.to_le_bytes());
        }
        for (word, weight) in words.iter().flatten() {
            octets.extend_from_slice(&word.to_le_bytes());
            octets.extend_from_slice(&weight.to_le_bytes());
        }
        octets
    }

    /// An index for `posts` by what was found before; `None`: the octets are not of an index.
    pub fn resume(octets: &[u8], posts: &[Post]) -> Option<Self> {
        let kept = Kept::read(octets)?;
        let vocabulary = kept.vocabulary();
        let places = kept.places();
        let rows = posts.iter().map(|post| match places.get(&words::named(post.id.as_str())) {
            Some(&(start, end)) => kept.row(start, end),
            None => Some(vocabulary.vector(post)),
        });
        let rows = rows.collect::<Option<Vec<Row>>>()?;
        Some(Self::of(posts, Vectors::resumed(vocabulary, rows)))
    }
}

/// The parts of the octets.
struct Kept<'a> {
    posts: &'a [u8],
    words: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Kept<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let rest = octets.strip_prefix(MAGIC)?;
        let (head, mut rest) = rest.split_at_checked(HEAD - MAGIC.len())?;
        let mut counts = head.chunks_exact(8).map(|count| usize::try_from(long(count)).ok());
        let mut part = |size: usize| {
            let octets = counts.next()??.checked_mul(size)?;
            let (part, behind) = rest.split_at_checked(octets)?;
            rest = behind;
            Some(part)
        };
        let (posts, words, entries) = (part(16)?, part(12)?, part(8)?);
        rest.is_empty().then_some(Self { posts, words, entries })
    }

    fn vocabulary(&self) -> Vocabulary {
        let word = |entry: &[u8]| (long(entry), short(entry.get(8..).unwrap_or_default()));
        Vocabulary {
            words: self.words.chunks_exact(12).map(word).collect(),
            posts: u32::try_from(self.posts.len() / 16).unwrap_or(u32::MAX),
        }
    }

    /// The row of each post by its name: where it begins and ends.
    fn places(&self) -> HashMap<u64, (usize, usize)> {
        let mut start = 0;
        let rows = self.posts.chunks_exact(16).map(|entry| {
            let end = long(entry.get(8..).unwrap_or_default());
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            (long(entry), (std::mem::replace(&mut start, end), end))
        });
        rows.collect()
    }

    fn row(&self, start: usize, end: usize) -> Option<Row> {
        let octets = self.entries.get(start.checked_mul(8)?..end.checked_mul(8)?)?;
        let entry = |octets: &[u8]| {
            let entry = long(octets);
            (entry as u32, f32::from_bits((entry >> 32) as u32))
        };
        Some(octets.chunks_exact(8).map(entry).collect())
    }
}

/// The number at the beginning of `octets`.
fn long(octets: &[u8]) -> u64 {
    octets.first_chunk().map_or(0, |octets| u64::from_le_bytes(*octets))
}

fn short(octets: &[u8]) -> u32 {
    octets.first_chunk().map_or(0, |octets| u32::from_le_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{Near, Taste, tests::many};

    fn near(index: &Index, posts: &[Post], article: usize) -> Near {
        index.near(posts, article, &Taste::stored(&[], 0.0), &|_| true)
    }

    /// A sum may be added up in another order.
    fn same(one: &Near, other: &Near) -> bool {
        let mut pairs = one.posts.iter().zip(&other.posts);
        one.posts.len() == other.posts.len()
            && pairs.all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-5)
    }

    #[test]
    fn what_is_taken_up_is_what_was_kept() {
        let posts = many(200, 60);
        let index = Index::new(&posts);
        let resumed = Index::resume(&index.octets(&posts), &posts).unwrap();
        for article in [0, 7, 199] {
            assert!(same(&near(&index, &posts, article), &near(&resumed, &posts, article)));
        }
        assert_eq!(index.octets(&posts), resumed.octets(&posts));
    }

    #[test]
    fn a_new_post_finds_its_neighbours_wherever_it_stands() {
        let all = many(300, 60);
        let (old, new) = (&all[1..], &all[0]);
        let kept = Index::new(old).octets(old);
        let resumed = Index::resume(&kept, &all).unwrap();
        let first = |index: &Index| -> Vec<usize> {
            near(index, &all, 0).posts.iter().take(2).map(|one| one.0).collect()
        };
        let found = first(&resumed);
        assert!(found.iter().all(|post| post % 97 == 0), "as is {}: {found:?}", new.key);
        assert_eq!(found, first(&Index::new(&all)), "which knows the new words too");
    }

    #[test]
    fn a_post_that_is_gone_is_nobodys_neighbour() {
        let posts = many(300, 60);
        let kept = Index::new(&posts).octets(&posts);
        let left = &posts[98..];
        let resumed = Index::resume(&kept, left).unwrap();
        let found = near(&resumed, left, 96);
        let found = found.posts;
        assert!(found.iter().all(|one| one.0 < left.len()) && !found.is_empty());
    }

    #[test]
    fn octets_that_are_no_index_are_refused() {
        let posts = many(20, 30);
        let whole = Index::new(&posts).octets(&posts);
        for cut in [0, 10, 17, HEAD, HEAD + 5, whole.len() / 2, whole.len() - 1] {
            assert!(Index::resume(&whole[..cut], &posts).is_none(), "{cut}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(Index::resume(&longer, &posts).is_none());
        let mut other = whole.clone();
        other[15] = b'9';
        assert!(Index::resume(&other, &posts).is_none());
        for at in 16..whole.len().min(800) {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            let _whatever_comes_must_not_panic = Index::resume(&broken, &posts)
                .map(|index| index.near(&posts, 0, &Taste::stored(&[], 0.0), &|_| true));
        }
    }
}
