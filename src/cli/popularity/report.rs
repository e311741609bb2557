//! `popularity report`: what became of the lines of access logs, rule by rule, and this day so far.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{
    Refusal,
    issue::ledger,
    out::{self, counted, say},
};
use crate::{
    feedback::accesslog::Fate,
    service::{
        popularity::{Counting, LOG, Logs},
        site::Site,
    },
    store::Store,
    time::{Clock, day_text},
};

/// How many posts of this day are shown.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct Report {
    since: String,
    sources: Vec<Source>,
    /// Counted a moment ago and kept nowhere.
    today: Option<Today>,
}

/// One place where readers are counted.
#[derive(Serialize)]
struct Source {
    source: String,
    /// Days that were counted.
    days: usize,
    last: String,
    readers: u64,
    lines: u64,
    /// Lines by what became of them.
    fates: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct Today {
    lines: u64,
    readers: u64,
    fates: BTreeMap<String, u64>,
    /// Posts by their names, the most read first.
    posts: Vec<(String, u32)>,
    faults: Vec<String>,
}

/// Tells of the last `days` days.
pub(super) async fn report(site: &Site, days: u32, json: bool) -> Result<u8, Refusal> {
    let store = ledger(site).await?;
    let counting = Counting::of(site, &store, Clock::System.now()).await?;
    let back = i32::try_from(days).unwrap_or(i32::MAX).saturating_sub(1);
    let since = counting.over().saturating_sub(back);
    let sources = sources(&store, since).await?;
    let today = match site.config.popularity.logs.as_slice() {
        [] => None,
        _ => Some(today(counting, site).await?),
    };
    let report = Report { since: day_text(since), sources, today };
    if json {
        out::json(&report);
    } else {
        report.tell();
    }
    Ok(0)
}

async fn sources(store: &Store, since: i32) -> Result<Vec<Source>, Refusal> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    for (day, source) in
        store.all_counted_days().await?.into_iter().filter(|(day, _)| *day >= since)
    {
        let fresh = Source {
            source: source.clone(),
            days: 0,
            last: String::new(),
            readers: 0,
            lines: 0,
            fates: BTreeMap::new(),
        };
        let known = sources.entry(source).or_insert(fresh);
        known.days += 1;
        known.last = day_text(day);
    }
    for read in store.reads_since(since).await? {
        if let Some(known) = sources.get_mut(&read.source) {
            known.readers += u64::from(read.readers);
        }
    }
    for (source, fate, lines) in store.lines_since(since).await? {
        if let Some(known) = sources.get_mut(&source) {
            known.lines += lines;
            known.fates.insert(fate, lines);
        }
    }
    Ok(sources.into_values().collect())
}

async fn today(counting: Counting, site: &Site) -> Result<Today, Refusal> {
    let posts = counting.posts.clone();
    let report = counting.look(Logs::of(site)).await?;
    let mut today = Today {
        lines: 0,
        readers: 0,
        fates: BTreeMap::new(),
        posts: Vec::new(),
        faults: report.faults,
    };
    // The last of them, where more than one day is not over.
    let Some(open) = report.open.last() else { return Ok(today) };
    today.lines = open.lines.total();
    today.readers = open.lines.of(Fate::Counted);
    let fates = Fate::ALL.iter().map(|fate| (fate.as_str().to_owned(), open.lines.of(*fate)));
    today.fates = fates.filter(|(_, lines)| *lines > 0).collect();
    let name = |number: u32| posts.get(number as usize).map(|post| post.key.clone());
    let read = open.readers.iter().filter_map(|&(post, readers)| Some((name(post)?, readers)));
    today.posts = read.collect();
    today.posts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    today.posts.truncate(SHOWN);
    Ok(today)
}

impl Report {
    fn tell(&self) {
        if self.sources.is_empty() {
            say!("Since {} no reader was counted; docs/popularity.md tells how.", self.since);
        }
        for Source { source, days, last, readers, lines, fates } in &self.sources {
            let name = if source == LOG { "Access logs" } else { source };
            let (days, readers) =
                (counted(*days as u64, "day", "days"), counted(*readers, "reader", "readers"));
            say!("{name} since {}: {readers} of posts on {days}, the last {last}", self.since);
            if *lines > 0 {
                tell_lines(*lines, fates);
            }
        }
        let Some(today) = &self.today else { return };
        let readers = counted(today.readers, "reader", "readers");
        say!("Today so far: {readers} of posts (this is kept nowhere)");
        tell_lines(today.lines, &today.fates);
        today.posts.iter().for_each(|(post, readers)| say!("  {readers:>9} {post}"));
        today.faults.iter().for_each(|fault| say!("  {fault}"));
    }
}

/// The fates of lines in the order of the rules.
fn tell_lines(all: u64, fates: &BTreeMap<String, u64>) {
    say!("  {}", counted(all, "line", "lines"));
    for fate in Fate::ALL {
        if let Some(lines) = fates.get(fate.as_str()) {
            say!("  {lines:>9} {}", fate.meaning());
        }
    }
}
