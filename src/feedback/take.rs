//! Taking in what a tool says: pages become posts, and what is new is kept.
//!
//! It promises that saying the same again changes nothing, and that each line is counted with what
//! became of it.

use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
};

use super::{
    accesslog::Paths,
    imports::{Outcome, Readings, Tool},
};
use crate::{
    store::{
        self, Store,
        signals::{Addressed, ReadDay},
    },
    time::Timestamp,
};

/// What became of what a tool said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines by what became of them.
    pub lines: BTreeMap<Outcome, u64>,
    /// Days of which something is new.
    pub days: usize,
    /// Readers of posts on those days, as they are known now.
    pub readers: u64,
}

/// Into what readings are taken.
pub struct Ground<'a> {
    /// The store.
    pub store: &'a Store,
    /// The posts.
    pub posts: &'a [Addressed],
    /// Their paths, by their places among the posts.
    pub paths: &'a Paths,
    /// The last day that is over.
    pub over: i32,
    /// The present instant.
    pub now: Timestamp,
}

/// Readers and lines by post.
type Day = HashMap<u32, (u64, u64)>;

impl Ground<'_> {
    /// Takes in what `tool` says. Of `whole` days it has said everything: what it does not name
    /// there had no readers.
    pub async fn take(
        &self,
        tool: Tool,
        readings: &Readings,
        whole: Option<RangeInclusive<i32>>,
    ) -> Result<Taken, store::Error> {
        let mut taken = Taken { lines: readings.others.clone(), ..Taken::default() };
        let mut days = self.days(readings, &mut taken);
        for day in whole.into_iter().flatten() {
            days.entry(day).or_default();
        }
        let known = self.known(tool, &days).await?;
        let counted = self.store.counted_days(tool.as_str()).await?;
        let mut news = Vec::new();
        for (number, posts) in days {
            let mut day = ReadDay { day: number, ..ReadDay::default() };
            for (place, (readers, lines)) in posts {
                let Some(post) = self.posts.get(place as usize) else { continue };
                let readers = u32::try_from(readers).unwrap_or(u32::MAX);
                let is_same = known.get(&(number, post.post.as_str().to_owned())) == Some(&readers);
                let outcome = if is_same { Outcome::Same } else { Outcome::Counted };
                *taken.lines.entry(outcome).or_default() += lines;
                if !is_same {
                    taken.readers += u64::from(readers);
                    day.readers.push((post.post.clone(), readers));
                }
            }
            if !day.readers.is_empty() || !counted.contains(&number) {
                news.push(day);
            }
        }
        taken.days = news.len();
        if !news.is_empty() {
            self.store.import_days(tool.as_str(), &news, self.now).await?;
        }
        Ok(taken)
    }

    /// The readings of posts on days that are over.
    fn days(&self, readings: &Readings, taken: &mut Taken) -> BTreeMap<i32, Day> {
        let mut days: BTreeMap<i32, Day> = BTreeMap::new();
        for ((day, page), (readers, lines)) in &readings.pages {
            let outcome = match self.paths.post(page) {
                None => Outcome::NoPost,
                Some((_, true)) => Outcome::OwnMark,
                Some(_) if *day > self.over => Outcome::NotOver,
                Some((post, false)) => {
                    let known = days.entry(*day).or_default().entry(post).or_default();
                    known.0 += readers;
                    known.1 += lines;
                    continue;
                }
            };
            *taken.lines.entry(outcome).or_default() += lines;
        }
        days
    }

    /// What the tool said of these days before.
    async fn known(
        &self,
        tool: Tool,
        days: &BTreeMap<i32, Day>,
    ) -> Result<HashMap<(i32, String), u32>, store::Error> {
        let Some(first) = days.keys().next() else { return Ok(HashMap::new()) };
        let reads = self.store.reads_since(*first).await?.into_iter();
        let own = reads.filter(|read| read.source == tool.as_str());
        Ok(own.map(|read| ((read.day, read.post.as_str().to_owned()), read.readers)).collect())
    }
}
