//! Hearing: what became known of readers since the last pass is taken in.
//!
//! Days that are over are counted in the access logs, taken over from the pages that told of them,
//! and asked of the analytics tools; then they are folded. Each of these is a look at the ledger
//! where nothing is new. What cannot be counted now is told and tried again by the next pass: a
//! day is not counted before all logs can be read, and a tool that does not answer is asked again.
//!
//! Where no reader is counted anywhere, the comments of posts are noted in their place.

use std::{path::PathBuf, sync::Arc};

use super::{
    Error, Run,
    popularity::{Counting, LOG, Logs, fold, over},
    summary::Summary,
};
use crate::{
    config,
    domain::post::Post,
    feedback::{
        accesslog::{Fate, Rules},
        ask::{Answer, Desk},
        beacon::Beacon,
        fold,
        imports::{self, Readings},
    },
    store::signals::ReadDay,
    time::Timestamp,
};

/// The source that the pages themselves are.
const BEACON: &str = "beacon";

/// How many days back a tool is asked for that was not asked before.
const ASKED_BACK: i32 = 29;

impl Run {
    /// Takes in what became known of readers since the last time.
    pub(super) async fn hear(&self, now: Timestamp, summary: &mut Summary) -> Result<(), Error> {
        if !self.mails {
            return Ok(());
        }
        self.read_logs(now, summary).await?;
        self.watch_beacon(now, summary).await?;
        for tool in &self.site.config.popularity.tools {
            self.ask(tool, now, summary).await?;
        }
        fold(&self.site, &self.store).await
    }

    /// Lights the beacon, if pages are to tell of their readers.
    pub(super) async fn light(&mut self) -> Result<(), Error> {
        if self.site.config.popularity.beacon {
            let counting = Counting::of(&self.site, &self.store, self.clock.now()).await?;
            let counted = self.store.counted_days(BEACON).await?;
            self.beacon = Some(Arc::new(Beacon::new(counting.counter(counted)?)));
        }
        Ok(())
    }

    /// Takes over the days that are over from the beacon, and tells it of new posts.
    async fn watch_beacon(&self, now: Timestamp, summary: &mut Summary) -> Result<(), Error> {
        let Some(beacon) = &self.beacon else { return Ok(()) };
        let counting = Counting::of(&self.site, &self.store, now).await?;
        let days = beacon.finished(counting.over());
        let readers = days.iter().map(|day| day.lines.of(Fate::Counted)).sum::<u64>();
        let kept: Vec<ReadDay> = days.iter().map(|day| counting.day(day)).collect();
        if !kept.is_empty() {
            self.store.count_days(BEACON, &kept, None, now).await?;
        }
        beacon.renew(Rules { needs_dress: false, ..counting.rules });
        summary.signals.days += kept.len();
        summary.signals.readers += readers;
        Ok(())
    }

    /// Asks a tool for the days that it has not told yet. One that does not answer is asked again
    /// by the next pass.
    async fn ask(
        &self,
        asked: &config::Asked,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let over = over(&self.site, now);
        let told = self.store.counted_days(asked.tool.as_str()).await?;
        if told.contains(&over) {
            return Ok(());
        }
        let token = match std::fs::read_to_string(&asked.token_file) {
            Ok(token) => token.trim().to_owned(),
            Err(error) => {
                let (tool, file) = (asked.tool.as_str(), self.site.shown(&asked.token_file));
                summary.trouble(format!("cannot read the key of {tool} from {file}: {error}"));
                return Ok(());
            }
        };
        let first = told.last().map_or(i32::MIN, |last| last + 1).max(over - ASKED_BACK);
        let (site, url, zone) =
            (asked.site.clone(), asked.url.clone(), self.site.config.zone.clone());
        let desk = Desk { tool: asked.tool, url, site, token, zone };
        match desk.ask(first..=over).await {
            Ok(answers) => self.understand(&desk, (first, over), answers, (now, summary)).await,
            Err(error) => {
                summary.warnings.push(format!("{error}; it is asked again by the next run"));
                Ok(())
            }
        }
    }

    async fn understand(
        &self,
        desk: &Desk,
        (first, over): (i32, i32),
        answers: Vec<Answer>,
        (now, summary): (Timestamp, &mut Summary),
    ) -> Result<(), Error> {
        let counting = Counting::of(&self.site, &self.store, now).await?;
        let mut all = Readings::default();
        for answer in answers {
            let mut reader = imports::Reader::new(desk.zone.clone(), answer.day);
            match reader.read(desk.tool.as_str(), answer.text.as_bytes()) {
                Ok(Some((tool, readings))) if tool == desk.tool => all.extend(readings),
                Ok(_) => {}
                Err(error) => {
                    summary.warnings.push(format!("the answer of {error}"));
                    return Ok(());
                }
            }
        }
        let taken = counting.ground().take(desk.tool, &all, Some(first..=over)).await?;
        summary.signals.days += taken.days;
        summary.signals.readers += taken.readers;
        Ok(())
    }

    async fn read_logs(&self, now: Timestamp, summary: &mut Summary) -> Result<(), Error> {
        let patterns = &self.site.config.popularity.logs;
        let over = over(&self.site, now);
        if patterns.is_empty() || self.store.counted_days(LOG).await?.contains(&over) {
            return Ok(());
        }
        let counting = Counting::of(&self.site, &self.store, now).await?;
        match counting.read(Logs::of(&self.site), self.stop.clone()).await {
            Ok(report) if report.files == 0 => summary.trouble(format!(
                "popularity.logs names no file that is there: {}",
                shown(patterns)
            )),
            Ok(report) => {
                summary.signals.days += report.days;
                summary.signals.readers += report.kept;
                summary.warnings.extend(report.faults);
            }
            Err(Error::Log(error)) => summary.trouble(error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Notes the comments of posts where no readers are counted.
    pub(super) async fn hear_comments(&self, posts: &[Post], now: Timestamp) -> Result<(), Error> {
        let wanted = &self.site.config.popularity;
        let zone = &self.site.config.zone;
        let count = |post: &Post| post.comments.as_ref().and_then(|comments| comments.count);
        let discussed = posts.iter().filter_map(|post| {
            let count = count(post).filter(|count| *count > 0)?;
            Some((post.id.clone(), zone.day_at(post.published), count))
        });
        let discussed: Vec<_> = discussed.collect();
        if !self.mails || wanted.counts_readers() || discussed.is_empty() {
            return Ok(());
        }
        fold::discuss(&self.store, &discussed, zone.day_at(now), now).await?;
        fold(&self.site, &self.store).await
    }
}

fn shown(patterns: &[PathBuf]) -> String {
    let patterns = patterns.iter().map(|pattern| pattern.display().to_string());
    patterns.collect::<Vec<_>>().join(", ")
}
