//! Folding: readers a day become the four numbers by which popularity is known.
//!
//! A day is folded once, after it was counted. Where several sources counted it, one decides, the
//! most honest first ([`SOURCES`]); a day that nobody counted is unknown rather than empty. Only
//! where no source counts readers at all, comments are folded in their place, with a half-life of
//! a year.
//!
//! What is folded is the same whether it is folded day by day or all at once: a day that is counted
//! late has the store forget the tallies, and they are made anew.

use std::collections::{BTreeMap, HashMap};

use crate::{
    domain::post::PostId,
    rank::popular::{Decay, Tally},
    store::{
        self, Store,
        signals::{ReadDay, Reads, Tallied, TallyRow},
    },
    time::{Timestamp, Zone},
};

/// Where readers are counted, the source that decides first.
pub const SOURCES: [&str; 6] = ["log", "beacon", "goatcounter", "plausible", "umami", "matomo"];

/// What stands in where nothing else is known.
pub const COMMENTS: &str = "comments";

/// The half-life of a comment.
const YEAR: f64 = 365.0;

/// Folds the days that were counted since the last time. `half_life` is that of readers, `zone`
/// tells on which day a post was published.
pub async fn fold(store: &Store, zone: &Zone, half_life: f64) -> Result<(), store::Error> {
    let days = deciding(store.all_counted_days().await?);
    let Some((&last, &source)) = days.last_key_value() else { return Ok(()) };
    let half_life = if source == COMMENTS { YEAR } else { half_life };
    let tallied = store.tallied().await?.filter(|tallied| tallied.half_life == half_life);
    if tallied.is_some_and(|tallied| tallied.day >= last) {
        return Ok(());
    }
    let since = tallied.map_or(i32::MIN, |tallied| tallied.day + 1);
    let kept = if tallied.is_some() { store.tallies().await? } else { Vec::new() };
    let kept = kept.into_iter().map(|row| (row.post.clone(), tally_of(&row))).collect();
    let reads = store.reads_since(since).await?;
    let days = if source == COMMENTS { every_day(&reads, since, last) } else { days };
    let posts = store.post_addresses().await?.into_iter();
    let posts: Vec<_> = posts.map(|post| (post.post, zone.day_at(post.published))).collect();
    let rows = folded(&Ground { posts: &posts, days: &days, since }, kept, &reads, half_life);
    store.keep_tallies(&rows, Tallied { day: last, half_life }).await
}

/// The source that decides about each day.
fn deciding(counted: Vec<(i32, String)>) -> BTreeMap<i32, &'static str> {
    let mut days: BTreeMap<i32, usize> = BTreeMap::new();
    let place = |name: &str| SOURCES.iter().position(|source| *source == name);
    for (day, name) in counted {
        let place = place(&name).unwrap_or(SOURCES.len());
        days.entry(day).and_modify(|best| *best = place.min(*best)).or_insert(place);
    }
    let is_read = days.values().any(|place| *place < SOURCES.len());
    let days =
        days.into_iter().map(|(day, at)| (day, SOURCES.get(at).copied().unwrap_or(COMMENTS)));
    days.filter(|(_, source)| !is_read || *source != COMMENTS).collect()
}

/// Comments have no days on which nobody counted.
fn every_day(reads: &[Reads], since: i32, last: i32) -> BTreeMap<i32, &'static str> {
    let first = reads.iter().map(|read| read.day).min().unwrap_or(last).max(since);
    (first..=last).map(|day| (day, COMMENTS)).collect()
}

/// What is folded.
struct Ground<'a> {
    /// With the days of their publication.
    posts: &'a [(PostId, i32)],
    days: &'a BTreeMap<i32, &'static str>,
    /// The first day that the kept tallies have not taken in.
    since: i32,
}

fn folded(
    ground: &Ground<'_>,
    mut kept: HashMap<PostId, Tally>,
    reads: &[Reads],
    half_life: f64,
) -> Vec<TallyRow> {
    let decay = Decay::half_life(half_life);
    let mut by_post: HashMap<&PostId, HashMap<i32, u32>> = HashMap::new();
    let deciding = reads.iter().filter(|read| ground.days.get(&read.day) == Some(&&*read.source));
    for read in deciding {
        by_post.entry(&read.post).or_default().insert(read.day, read.readers);
    }
    let tally = |(post, published): &(PostId, i32)| {
        let known = kept.remove(post);
        // A post that is new here was there all the same.
        let since = if known.is_some() { ground.since } else { i32::MIN };
        let mut tally = known.unwrap_or_default();
        let readers = by_post.get(post);
        for &day in ground.days.range(since..).map(|(day, _)| day) {
            let readers = readers.and_then(|days| days.get(&day)).copied().unwrap_or(0);
            if tally.through.is_none_or(|through| through < day - 1) {
                tally.through = Some(day - 1);
            }
            tally.day(decay, *published, day, readers);
        }
        row_of(post, &tally)
    };
    ground.posts.iter().map(tally).collect()
}

fn row_of(post: &PostId, tally: &Tally) -> TallyRow {
    let Tally { expected, weight, readers, days, through } = *tally;
    TallyRow { post: post.clone(), numbers: [expected, weight, readers, days], through }
}

fn tally_of(row: &TallyRow) -> Tally {
    let [expected, weight, readers, days] = row.numbers;
    Tally { expected, weight, readers, days, through: row.through }
}

/// The tallies of these posts; `None` where nothing was ever counted.
pub async fn tallies(
    store: &Store,
    posts: impl Iterator<Item = &PostId>,
) -> Result<Option<Vec<Tally>>, store::Error> {
    if store.tallied().await?.is_none() {
        return Ok(None);
    }
    let rows = store.tallies().await?;
    let known: HashMap<&PostId, Tally> =
        rows.iter().map(|row| (&row.post, tally_of(row))).collect();
    Ok(Some(posts.map(|post| known.get(post).copied().unwrap_or_default()).collect()))
}

/// A post with the day of its publication and how many comments it has.
pub type Discussed = (PostId, i32, u32);

/// Notes how many comments posts have `today`. Those that are there when a post is first seen are
/// spread over the days since its publication, for nobody knows when each was written.
pub async fn discuss(
    store: &Store,
    posts: &[Discussed],
    today: i32,
    now: Timestamp,
) -> Result<(), store::Error> {
    let mut known: HashMap<PostId, BTreeMap<i32, u32>> = HashMap::new();
    for read in store.reads_since(i32::MIN).await?.into_iter().filter(|r| r.source == COMMENTS) {
        known.entry(read.post).or_default().insert(read.day, read.readers);
    }
    let mut days: BTreeMap<i32, Vec<(PostId, u32)>> = BTreeMap::from([(today, Vec::new())]);
    for (post, published, count) in posts {
        let mut before = known.remove(post).unwrap_or_default();
        let more = count.saturating_sub(before.values().sum());
        if more == 0 {
            continue;
        }
        let first = if before.is_empty() { (*published).min(today) } else { today };
        for number in 0..more {
            let share = (f64::from(number) + 0.5) / f64::from(more);
            let day = first + (f64::from(today - first) * share) as i32;
            *before.entry(day).or_default() += 1;
        }
        for (day, count) in before {
            days.entry(day).or_default().push((post.clone(), count));
        }
    }
    if days.len() == 1 && store.counted_days(COMMENTS).await?.contains(&today) {
        return Ok(());
    }
    let days = days.into_iter().map(|(day, readers)| ReadDay { day, readers, lines: Vec::new() });
    store.import_days(COMMENTS, &days.collect::<Vec<_>>(), now).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn post(name: &str) -> PostId {
        PostId::new(name)
    }

    fn read(source: &str, day: i32, name: &str, readers: u32) -> Reads {
        Reads { source: source.to_owned(), day, post: post(name), readers }
    }

    #[test]
    fn one_source_decides_about_a_day() {
        let counted = [(1, "umami"), (2, "umami"), (2, "log"), (3, "comments"), (4, "beacon")];
        let counted = counted.map(|(day, source)| (day, source.to_owned())).to_vec();
        let days = deciding(counted);
        assert_eq!(days.into_iter().collect::<Vec<_>>(), [(1, "umami"), (2, "log"), (4, "beacon")]);
        let alone = deciding(vec![(3, "comments".to_owned())]);
        assert_eq!(alone[&3], COMMENTS);
    }

    fn fold_all(days: &BTreeMap<i32, &'static str>, reads: &[Reads]) -> Vec<TallyRow> {
        let posts = [(post("a"), 0), (post("b"), 95)];
        let ground = Ground { posts: &posts, days, since: i32::MIN };
        folded(&ground, HashMap::new(), reads, 30.0)
    }

    #[test]
    fn a_day_that_nobody_counted_is_unknown_and_not_empty() {
        let reads =
            [read("log", 100, "a", 2), read("log", 110, "a", 2), read("umami", 110, "a", 99)];
        let gap = BTreeMap::from([(100, "log"), (110, "log")]);
        let rows = fold_all(&gap, &reads);
        assert!((rows[0].numbers[0] / rows[0].numbers[1] - 2.0).abs() < 1e-9, "{rows:?}");
        let whole = (100..=110).map(|day| (day, "log")).collect();
        let rows = fold_all(&whole, &reads);
        assert!(rows[0].numbers[0] / rows[0].numbers[1] < 1.0, "{rows:?}");
        assert!(
            rows[1].numbers[1] > 8.0 && rows[1].numbers[1] < 9.0,
            "behind its launch: {rows:?}"
        );
    }

    proptest! {
        #[test]
        fn day_by_day_or_all_at_once_is_the_same(
            reads in prop::collection::btree_map((90_i32..130, 0_usize..2), 0_u32..50, 0..60),
            cut in 88_i32..132,
            holes in prop::collection::btree_set(90_i32..130, 0..10),
        ) {
            let names = ["a", "b"];
            let reads: Vec<Reads> =
                reads.iter().map(|((day, at), n)| read("log", *day, names[*at], *n)).collect();
            let days: BTreeMap<i32, &'static str> =
                (90..130).filter(|day| !holes.contains(day)).map(|day| (day, "log")).collect();
            let whole = fold_all(&days, &reads);
            let before = days.range(..cut).map(|(day, source)| (*day, *source)).collect();
            let kept = fold_all(&before, &reads);
            // The second post is new to the second half.
            let kept = kept.iter().take(1).map(|row| (row.post.clone(), tally_of(row))).collect();
            let posts = [(post("a"), 0), (post("b"), 95)];
            let ground = Ground { posts: &posts, days: &days, since: cut };
            let halves = folded(&ground, kept, &reads, 30.0);
            prop_assert_eq!(&halves[0], &whole[0]);
        }
    }
}
