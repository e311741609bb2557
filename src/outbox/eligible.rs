//! Eligible posts: those that may be mailed just now, and what looks like an archive among them.
//!
//! Posts that were withdrawn are not among them but are remembered, so that no history forgets
//! them; posts first seen in the future, by a clock that was wrong, are not among them either.
//!
//! [`Guard`] says why a letter should wait for the operator. It looks at how posts *appeared*, not
//! at how many a digest carries: a month of daily posts is no archive, forty in one pass are one.
//! What a first run mails was asked for and is let through.
//!
//! Pure: rows, posts and instants come in.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use crate::{
    digest,
    domain::{
        choice::{Choice, admits},
        post::Post,
    },
    store::{choices::Change, posts::Candidate},
    time::{Timestamp, Zone},
};

/// A post that may be mailed.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) candidate: digest::Candidate,
    pub(super) post: &'a Post,
    /// Its place in the catalog.
    pub(super) place: usize,
    /// The file of a post that was known before and says the same.
    pub(super) twin: Option<&'a str>,
}

/// What may be mailed, in the order in which it appeared, and what histories remember.
pub(super) struct Eligible<'a> {
    pub(super) known: Vec<Known<'a>>,
    pub(super) candidates: Vec<digest::Candidate>,
    pub(super) remembered: BTreeSet<i64>,
}

impl<'a> Eligible<'a> {
    /// `found` is all that histories remember; what was first seen between the two
    /// instants may be mailed.
    pub(super) fn new(
        posts: &'a [Post],
        found: &'a [Candidate],
        (since, until): (Timestamp, Timestamp),
    ) -> Self {
        let places: HashMap<&str, usize> =
            posts.iter().enumerate().map(|(place, post)| (post.id.as_str(), place)).collect();
        let known = found.iter().filter(|f| f.first_seen >= since && f.first_seen <= until);
        let known: Vec<Known<'_>> = known
            .filter_map(|found| {
                let candidate = digest::Candidate { row: found.row, first_seen: found.first_seen };
                let place = *places.get(found.id.as_str())?;
                let twin = found.twin.as_deref();
                Some(Known { candidate, post: posts.get(place)?, place, twin })
            })
            .collect();
        Self {
            candidates: known.iter().map(|known| known.candidate).collect(),
            remembered: found.iter().map(|found| found.row).collect(),
            known,
        }
    }

    /// What a newsletter of these topics carries.
    pub(super) fn of(&self, topics: Option<&BTreeSet<String>>) -> Vec<digest::Candidate> {
        self.where_post(|post| admits(topics, &post.tags))
    }

    /// What of `candidates` a reader chose.
    pub(super) fn chosen(
        &self,
        candidates: &[digest::Candidate],
        choice: &Choice,
    ) -> Vec<digest::Candidate> {
        let chosen = self.where_post(|post| choice.admits(&post.tags));
        candidates.iter().filter(|one| chosen.contains(one)).copied().collect()
    }

    /// The posts that were there before a change of topics and that only the new ones admit.
    pub(super) fn too_late_for(&self, change: &Change) -> Vec<i64> {
        let is_new =
            |post: &Post| change.after.admits(&post.tags) && !change.before.admits(&post.tags);
        let late = self.where_post(is_new).into_iter().filter(|one| one.first_seen <= change.at);
        late.map(|one| one.row).collect()
    }

    fn where_post(&self, is_wanted: impl Fn(&Post) -> bool) -> Vec<digest::Candidate> {
        let wanted = self.known.iter().filter(|known| is_wanted(known.post));
        wanted.map(|known| known.candidate).collect()
    }

    /// The posts of these rows.
    pub(super) fn carried(&self, rows: &[i64]) -> impl Iterator<Item = &Known<'a>> {
        self.known.iter().filter(move |known| rows.contains(&known.candidate.row))
    }
}

/// What makes opening hold an issue back until the operator has seen it.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// The most posts that may appear at once.
    pub posts: usize,
    /// The most days that a post may be dated before it appeared.
    pub days: u32,
    /// When the ledger was taken over from a copy, if it was.
    pub adopted: Option<Timestamp>,
}

impl Guard {
    /// Why a letter of these rows should wait, if it should.
    pub(super) fn doubt(
        &self,
        eligible: &Eligible<'_>,
        rows: &[i64],
        (baseline, zone): (Timestamp, &Zone),
    ) -> Option<String> {
        self.sent_elsewhere(eligible, rows, zone)
            .or_else(|| known_before(eligible, rows, baseline))
            .or_else(|| self.archive(eligible, rows, (baseline, zone)))
    }

    /// Why the ledger that this one was copied from may have sent the letter.
    fn sent_elsewhere(&self, eligible: &Eligible<'_>, rows: &[i64], zone: &Zone) -> Option<String> {
        let adopted = self.adopted?;
        let old = eligible.carried(rows).find(|one| one.post.published <= adopted)?;
        Some(format!(
            "posts/{} was published before the ledger was adopted on {}: letters of this issue may \
             have been sent by the ledger it was copied from",
            old.post.path,
            adopted.format("%Y-%m-%d", zone)
        ))
    }

    /// Why it looks like an archive. What appeared up to `baseline` was asked for.
    fn archive(
        &self,
        eligible: &Eligible<'_>,
        rows: &[i64],
        (baseline, zone): (Timestamp, &Zone),
    ) -> Option<String> {
        let Self { posts, days, .. } = self;
        let span = Duration::from_secs(u64::from(*days) * 86_400);
        eligible.carried(rows).filter(|k| k.candidate.first_seen > baseline).find_map(|one| {
            let (seen, post) = (one.candidate.first_seen, one.post);
            let on = seen.format("%Y-%m-%d", zone);
            let beside = eligible.candidates.iter().filter(|c| c.first_seen == seen).count();
            if beside > *posts {
                return Some(format!(
                    "{beside} posts appeared at once on {on} (mail.guard_posts is {posts})"
                ));
            }
            (post.published < seen.minus(span)).then(|| {
                format!(
                    "posts/{} is dated {}, long before it appeared on {on} (mail.guard_days is \
                     {days})",
                    post.path,
                    post.published.format("%Y-%m-%d", zone)
                )
            })
        })
    }
}

/// Why a letter of these rows would bring what was known under another identity.
fn known_before(eligible: &Eligible<'_>, rows: &[i64], baseline: Timestamp) -> Option<String> {
    let new = eligible.carried(rows).filter(|known| known.candidate.first_seen > baseline);
    let mut twins = new.filter_map(|known| Some((known.post.path.as_str(), known.twin?)));
    let (path, twin) = twins.next()?;
    Some(format!(
        "posts/{path} says the same as posts/{twin}, which was known before: readers may have had it"
    ))
}
