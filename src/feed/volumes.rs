//! Volumes: which posts stand in front, and which in which archive.
//!
//! The front of a feed holds the newest posts, as many as were asked for and as fit below a
//! megabyte. What is not in front stands in archives: the posts of a year in order of
//! publication, parted after so many. Counting from the oldest, a new post joins the front, the
//! one that leaves it joins the newest archive, and all other archives keep their bytes.
//!
//! Standard: RFC 5005 section 4 (archived feeds).

use super::{History, entry};
use crate::time::Timestamp;

/// Posts in an archive at most.
const LENGTH: usize = 50;

/// A post as it is weighed here.
pub(super) struct Weighed {
    pub(super) published: Timestamp,
    /// Octets that it takes, roughly.
    pub(super) weight: usize,
    /// It is in no front any more.
    pub(super) is_expired: bool,
}

/// A document of a feed: its folder, the posts in it, newest first, and its neighbours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) folder: String,
    pub(super) posts: Vec<usize>,
    pub(super) history: History,
}

/// The newest of `posts` that stand in front: at most `most`, together below the limit. The
/// first is in whatever its weight, since its text is left out where it alone is too long.
pub(super) fn front(posts: &[usize], all: &[Weighed], most: usize) -> Vec<usize> {
    let mut room = entry::LIMIT;
    let mut front = Vec::new();
    let current = posts.iter().filter_map(|&at| Some((at, all.get(at)?)));
    for (at, post) in current.filter(|(_, post)| !post.is_expired).take(most) {
        if !front.is_empty() && post.weight > room {
            break;
        }
        room = room.saturating_sub(post.weight);
        front.push(at);
    }
    front
}

/// The front of the feed in `own` and the archives behind it, newest first. `posts` are its posts.
pub(super) fn volumes(own: &str, posts: &[usize], all: &[Weighed], most: usize) -> Vec<Volume> {
    let front = front(posts, all, most);
    let is_behind = |at: &usize| front.binary_search(at).is_err();
    let mut archives: Vec<(String, Vec<usize>)> = chunks(own, posts, all)
        .into_iter()
        .map(|(folder, posts)| (folder, posts.into_iter().rev().filter(is_behind).collect()))
        .collect();
    archives.retain(|(_, posts): &(String, Vec<usize>)| !posts.is_empty());
    let folder = |at: usize| archives.get(at).map(|(folder, _)| folder.clone());
    let mut volumes: Vec<Volume> = archives
        .iter()
        .enumerate()
        .map(|(at, (archive, posts))| {
            let older = at.checked_sub(1).and_then(folder);
            let newer = folder(at + 1).unwrap_or_else(|| own.to_owned());
            let history = History::Archive { older, newer, current: own.to_owned() };
            Volume { folder: archive.clone(), posts: posts.clone(), history }
        })
        .collect();
    let history = match archives.last() {
        Some((newest, _)) => History::Front(newest.clone()),
        None => History::Complete,
    };
    volumes.push(Volume { folder: own.to_owned(), posts: front, history });
    volumes.reverse();
    volumes
}

/// The posts from the oldest on, parted by year, number and weight, each part with its folder.
fn chunks(own: &str, posts: &[usize], all: &[Weighed]) -> Vec<(String, Vec<usize>)> {
    let mut chunks: Vec<(String, Vec<usize>)> = Vec::new();
    let (mut year, mut part, mut room) = (String::new(), 0, 0);
    for (at, post) in posts.iter().rev().filter_map(|&at| Some((at, all.get(at)?))) {
        let its = year_of(post.published);
        let is_full = chunks.last().is_none_or(|(_, posts)| posts.len() >= LENGTH);
        if its != year || is_full || post.weight > room {
            part = if its == year { part + 1 } else { 1 };
            year = its;
            room = entry::LIMIT;
            chunks.push((format!("{own}archive/{year}-{part}/"), Vec::new()));
        }
        room = room.saturating_sub(post.weight);
        if let Some((_, posts)) = chunks.last_mut() {
            posts.push(at);
        }
    }
    chunks
}

/// The year in UTC: an archive must not depend on where it is made.
fn year_of(at: Timestamp) -> String {
    at.rfc3339().chars().take_while(|&c| c != '-').collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// `count` posts, one every ten days up to the end of 2026, newest first.
    fn posts(count: u64) -> Vec<Weighed> {
        let last = Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").unwrap();
        let post = |number: u64| Weighed {
            published: last.plus(Duration::from_secs(number * 864_000)),
            weight: 5_000,
            is_expired: false,
        };
        (0..count).rev().map(post).collect()
    }

    /// The volumes of a site's own feed.
    fn volumes(all: &[Weighed], most: usize) -> Vec<Volume> {
        let every: Vec<usize> = (0..all.len()).collect();
        super::volumes("", &every, all, most)
    }

    #[test]
    fn a_feed_of_some_posts_has_archives_in_its_own_folder() {
        let all = posts(200);
        let own: Vec<usize> = (0..200).step_by(2).collect();
        let volumes = super::volumes("tags/a/", &own, &all, 25);
        assert!(volumes.iter().skip(1).all(|one| one.folder.starts_with("tags/a/archive/20")));
        let seen: Vec<usize> = volumes.iter().flat_map(|one| one.posts.clone()).collect();
        assert_eq!(seen, own);
        let History::Archive { newer, current, .. } = &volumes[1].history else { panic!() };
        assert_eq!((newer.as_str(), current.as_str()), ("tags/a/", "tags/a/"));
    }

    /// The posts of every archive, counted from the oldest post, by folder.
    fn archives(all: &[Weighed], most: usize) -> Vec<(String, Vec<usize>)> {
        let old = |at: usize| all.len() - 1 - at;
        let behind = volumes(all, most).into_iter().skip(1);
        behind.map(|v| (v.folder, v.posts.into_iter().map(old).collect())).collect()
    }

    #[test]
    fn every_post_stands_in_one_volume() {
        for count in [0, 1, 25, 26, 60, 400] {
            let all = posts(count);
            let volumes = volumes(&all, 25);
            let mut seen: Vec<usize> = volumes.iter().flat_map(|v| v.posts.clone()).collect();
            assert!(seen.is_sorted(), "newest first, all the way back");
            seen.dedup();
            assert_eq!(seen.len(), all.len());
            assert!(volumes.iter().all(|volume| volume.posts.len() <= LENGTH));
        }
    }

    #[test]
    fn a_new_post_changes_the_newest_archive_at_most() {
        for count in 26..400 {
            let before = archives(&posts(count), 25);
            let after = archives(&posts(count + 1), 25);
            let changed: Vec<&String> = before
                .iter()
                .filter(|(folder, posts)| !after.iter().any(|(f, p)| f == folder && p == posts))
                .map(|(folder, _)| folder)
                .collect();
            let newest = &before.first().unwrap().0;
            assert!(changed.iter().all(|folder| *folder == newest), "{count}: {changed:?}");
        }
    }

    #[test]
    fn each_archive_leads_to_the_one_before_and_the_one_after() {
        let all = posts(200);
        let volumes = volumes(&all, 25);
        for pair in volumes.windows(2) {
            let [newer, older] = pair else { unreachable!() };
            match &newer.history {
                History::Front(folder) | History::Archive { older: Some(folder), .. } => {
                    assert_eq!(*folder, older.folder);
                }
                other => panic!("{other:?}"),
            }
            let History::Archive { newer: next, .. } = &older.history else { panic!() };
            assert_eq!(*next, newer.folder);
        }
        let History::Archive { older: None, .. } = &volumes.last().unwrap().history else {
            panic!()
        };
    }

    #[test]
    fn what_fits_in_one_document_is_complete() {
        assert_eq!(volumes(&posts(25), 25)[0].history, History::Complete);
        assert_eq!(volumes(&posts(26), 25)[0].history, History::Front("archive/2020-1/".into()));
    }

    #[test]
    fn the_front_stays_below_the_limit() {
        let mut all = posts(30);
        all[0].weight = 2 * entry::LIMIT;
        assert_eq!(volumes(&all, 25)[0].posts, [0], "a post too long for any feed is alone");
        all[0].weight = entry::LIMIT - 12_000;
        assert_eq!(volumes(&all, 25)[0].posts, [0, 1, 2]);
    }

    #[test]
    fn an_expired_post_leaves_the_front_for_the_archive() {
        let mut all = posts(10);
        all[3].is_expired = true;
        let volumes = volumes(&all, 25);
        assert!(!volumes[0].posts.contains(&3));
        assert_eq!(volumes[1].posts, [3]);
    }
}
