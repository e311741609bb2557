//! Digests: what one edition of an issue says, and the letters made of it.
//!
//! [`Digest`] is the composed content (articles and related popular posts), `render` turns it
//! once into a frozen [`render::Letter`] with slots for what differs from reader to reader, and
//! `message` joins letter and reader into RFC 5322 octets. Who is owed which posts is worked out
//! here too ([`owed`]), on sets of posts and never on dates.
//!
//! Pure: posts, templates, keys and instants come in, values go out. Same input, same octets.

mod cut;
pub mod dkim;
mod fit;
pub mod lint;
pub mod message;
pub mod online;
pub mod pixels;
mod plain;
pub mod quoted;
pub mod render;
pub mod theme;
mod tree;

use std::{collections::BTreeSet, time::Duration};

use crate::{domain::post::Post, time::Timestamp};

/// The composed content of one edition.
#[derive(Clone, Debug)]
pub struct Digest<'a> {
    /// One post for an article, one or more for a digest, newest first.
    pub articles: Vec<&'a Post>,
    /// Related popular posts, best first.
    pub related: Vec<&'a Post>,
    /// Popular posts that are not related, in the places that stayed open.
    pub popular: Vec<&'a Post>,
}

/// A post that may still be owed: its row number in the ledger and when it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Row number.
    pub row: i64,
    /// When the catalog first saw it.
    pub first_seen: Timestamp,
}

/// The distinct moments at which the candidates were first seen, ascending.
pub fn moments(candidates: &[Candidate]) -> Vec<Timestamp> {
    let distinct: BTreeSet<Timestamp> = candidates.iter().map(|c| c.first_seen).collect();
    distinct.into_iter().collect()
}

/// The rows of `candidates` owed to readers who have had `had` and were no readers yet at the
/// first `missed` of the `moments`: eligible minus had, in the order of `candidates`.
pub fn owed(
    candidates: &[Candidate],
    moments: &[Timestamp],
    missed: usize,
    had: &[i64],
) -> Vec<i64> {
    let Some(&since) = moments.get(missed) else { return Vec::new() };
    let eligible = candidates.iter().filter(|candidate| candidate.first_seen >= since);
    eligible.map(|candidate| candidate.row).filter(|row| !had.contains(row)).collect()
}

/// How long histories remember a post: twice the longest time for which one may be mailed, so
/// that neither a post that comes back nor a longer `eligible_days` is ever a second letter.
pub const MEMORY: Duration = Duration::from_secs(2 * LONGEST_ELIGIBLE_DAYS as u64 * 86_400);

/// The most days after its appearance for which a post may be mailed.
pub const LONGEST_ELIGIBLE_DAYS: u32 = 3650;

/// The history of readers after a letter: what they have had, as far as it is `remembered`, and
/// what the letter carries. Whether a post is published just now is no matter: it may come back.
pub fn history_after(remembered: &BTreeSet<i64>, had: &[i64], carried: &[i64]) -> Vec<i64> {
    let kept = had.iter().filter(|row| remembered.contains(row));
    kept.chain(carried).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(list: &[(i64, i64)]) -> Vec<Candidate> {
        let at =
            |&(row, seen): &(i64, i64)| Candidate { row, first_seen: Timestamp::from_micros(seen) };
        list.iter().map(at).collect()
    }

    #[test]
    fn a_reader_is_owed_what_came_after_the_consent_and_was_not_had() {
        let posts = candidates(&[(1, 10), (2, 10), (3, 20), (4, 30)]);
        assert_eq!(owed(&posts, &moments(&posts), 0, &[]), [1, 2, 3, 4]);
        assert_eq!(owed(&posts, &moments(&posts), 0, &[1, 3]), [2, 4]);
        assert_eq!(owed(&posts, &moments(&posts), 1, &[]), [3, 4]);
        assert_eq!(owed(&posts, &moments(&posts), 3, &[]), Vec::<i64>::new());
        assert_eq!(owed(&[], &[], 0, &[]), Vec::<i64>::new());
    }

    #[test]
    fn a_history_keeps_what_is_remembered_whether_it_may_be_owed_or_not() {
        let remembered = BTreeSet::from([2, 7, 8]);
        assert_eq!(history_after(&remembered, &[1, 2, 7], &[8]), [2, 7, 8]);
    }
}
