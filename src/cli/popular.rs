//! `popular`: the most popular posts, and how they were read of late.

use std::{collections::HashMap, path::Path};

use super::{Refusal, issue::ledger, out::say};
use crate::{
    domain::post::PostId,
    feedback::fold::COMMENTS,
    rank::popular::{Day, discussed},
    service::{popularity::rates, site::Site, trial::Reading},
    time::Clock,
};

/// How many posts are listed.
const LISTED: usize = 20;

/// How many columns a sparkline has at most.
const WIDE: usize = 60;

/// The bars of a sparkline.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most popular posts, each with its readers in the last `days`.
pub(super) async fn popular(root: &Path, days: u32) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let reading = Reading::of(&site).await?;
    let now = Clock::System.now();
    let posts = reading.catalog(&site, now).posts;
    let rates = rates(&store, &posts).await?;
    let sources = store.all_counted_days().await?;
    let unit = match rates {
        Some(_) if sources.iter().any(|(_, source)| source != COMMENTS) => "readers a day",
        Some(_) => "comments a day",
        None => "comments",
    };
    let rates = rates.unwrap_or_else(|| discussed(&posts));
    let mut ranked: Vec<_> = rates.iter().zip(&posts).filter(|(rate, _)| **rate > 0.0).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(one.0).then(one.1.path.cmp(&other.1.path)));
    if ranked.is_empty() {
        say!("nobody knows yet: no readers were counted, and no post has comments");
        return Ok(0);
    }
    let last = site.config.zone.day_at(now);
    let span = i32::try_from(days).unwrap_or(i32::MAX).clamp(1, 3_650);
    let since = last.saturating_sub(span);
    let mut daily: HashMap<PostId, HashMap<Day, u32>> = HashMap::new();
    for read in store.reads_since(since).await? {
        let day = daily.entry(read.post).or_default().entry(read.day).or_default();
        *day = read.readers.max(*day);
    }
    say!("{unit} expected, and the last {span} days");
    for (rate, post) in ranked.into_iter().take(LISTED) {
        let counts = daily.get(&post.id);
        let on = |day: Day| counts.and_then(|days| days.get(&day)).copied().unwrap_or(0);
        let line = sparkline(&(since..last).map(on).collect::<Vec<_>>());
        say!("{rate:>8.1}  {line}  {}", post.title);
    }
    Ok(0)
}

/// A bar a day, or one for several days where there are many; the highest is full.
fn sparkline(days: &[u32]) -> String {
    let each = days.len().div_ceil(WIDE).max(1);
    let sums: Vec<u64> =
        days.rchunks(each).rev().map(|days| days.iter().map(|&n| u64::from(n)).sum()).collect();
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let bar = |sum: &u64| {
        let height = (sum * (BARS.len() as u64 - 1)).div_ceil(most);
        usize::try_from(height).ok().and_then(|height| BARS.get(height)).copied().unwrap_or('█')
    };
    sums.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_day_is_a_full_bar_and_a_day_with_a_reader_is_not_empty() {
        assert_eq!(sparkline(&[0, 1, 7, 3]), "▁▂█▄");
        assert_eq!(sparkline(&[0, 0]), "▁▁");
        assert_eq!(sparkline(&[1, 100]), "▂█");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn many_days_share_bars() {
        let line = sparkline(&vec![2; 365]);
        assert!(line.chars().count() <= WIDE, "{line}");
        assert!(line.ends_with('█'), "{line}");
    }
}
