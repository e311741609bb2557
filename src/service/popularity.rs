//! Popularity: what readers cared for, taken in once a day from where it can be seen.
//!
//! A pass of the service counts the days that are over in the access logs, asks the analytics
//! tools for them, takes over what the pages themselves told, and folds what is new into the
//! tallies. Where nothing is new that costs a look at the ledger. What cannot be counted now is
//! told and tried again by the next pass: a day is not counted before all logs can be read.
//!
//! Where no reader is counted anywhere, the comments of posts are noted in their place.

use std::{collections::BTreeSet, convert::Infallible, fs::File, path::PathBuf, sync::Arc};

use tokio::{runtime::Handle, sync::watch, task::JoinError};

use super::{Error, Run, site::Site, summary::Summary};
use crate::{
    config,
    domain::post::Post,
    feedback::{
        accesslog::{Counted, Counter, Fate, Paths, Rules},
        ask::{Answer, Desk},
        beacon::Beacon,
        fold,
        imports::{self, Readings},
        pass::{self, Batch, HELD, Plan, Report},
        take::Ground,
    },
    rank::popular,
    store::{
        self, Store,
        signals::{Addressed, ReadDay},
    },
    time::Timestamp,
};

/// The source that access logs are.
pub const LOG: &str = "log";

/// The source that the pages themselves are.
const BEACON: &str = "beacon";

/// How many days back a tool is asked for that was not asked before.
const ASKED_BACK: i32 = 29;

/// What counting works with.
#[derive(Clone)]
pub struct Counting {
    /// The posts, by which requests are understood.
    pub posts: Vec<Addressed>,
    rules: Rules,
    over: i32,
    now: Timestamp,
    store: Store,
}

impl Counting {
    /// Counts for a site as its configuration says.
    pub async fn of(site: &Site, store: &Store, now: Timestamp) -> Result<Self, Error> {
        let posts = store.post_addresses().await?;
        let wanted = &site.config.popularity;
        let addresses = posts.iter().map(|post| post.url.as_str());
        let rules = Rules {
            paths: Paths::new(addresses, site.config.url.path(), &wanted.letter_mark),
            zone: site.config.zone.clone(),
            robots: wanted.robots.clone(),
            needs_dress: wanted.needs_style,
            now,
        };
        Ok(Self { posts, rules, over: over(site, now), now, store: store.clone() })
    }

    /// The last day that is over.
    pub const fn over(&self) -> i32 {
        self.over
    }

    /// A counter by the rules, with a salt of its own.
    pub fn counter(&self, counted: BTreeSet<i32>) -> Result<Counter, Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| Error::Random(error.to_string()))?;
        Ok(Counter::new(self.rules.clone(), salt, counted))
    }

    /// Reads logs and keeps the days that are over.
    pub async fn read(self, logs: Logs, stop: watch::Receiver<bool>) -> Result<Report, Error> {
        let counted = self.store.counted_days(LOG).await?;
        let places = match &logs {
            Logs::OfSite(..) => self.store.log_places().await?,
            Logs::Files(_) => Vec::new(),
        };
        let counter = self.counter(counted)?;
        let here = Handle::current();
        let reading = tokio::task::spawn_blocking(move || {
            let (files, is_complete) = logs.open()?;
            let stop = || *stop.borrow();
            let plan =
                Plan { places: &places, over: self.over, held: HELD, is_complete, stop: &stop };
            let keep = |batch: Batch| here.block_on(self.keep(&batch, is_complete));
            pass::read(files, counter, plan, keep).map_err(|error| match error {
                pass::Error::File(error) => error.into(),
                pass::Error::Keep(error) => Error::from(error),
            })
        });
        done(reading.await)
    }

    /// Reads logs for a look; nothing is kept.
    pub async fn look(self, logs: Logs) -> Result<Report, Error> {
        let counter = self.counter(self.store.counted_days(LOG).await?)?;
        let places = self.store.log_places().await?;
        let reading = tokio::task::spawn_blocking(move || {
            let (files, _) = logs.open()?;
            let plan = Plan {
                places: &places,
                over: self.over,
                held: HELD,
                is_complete: false,
                stop: &|| false,
            };
            let looked = pass::read(files, counter, plan, |_| Ok::<_, Infallible>(()));
            looked.map_err(|error| match error {
                pass::Error::File(error) => Error::from(error),
                pass::Error::Keep(never) => match never {},
            })
        });
        done(reading.await)
    }

    /// What tools say is taken in here.
    pub fn ground(&self) -> Ground<'_> {
        let Self { posts, rules, over, now, store } = self;
        Ground { store, posts, paths: &rules.paths, over: *over, now: *now }
    }

    async fn keep(&self, batch: &Batch, is_complete: bool) -> Result<(), store::Error> {
        let days: Vec<ReadDay> = batch.days.iter().map(|day| self.day(day)).collect();
        let places = is_complete.then_some(batch.places.as_slice());
        self.store.count_days(LOG, &days, places, self.now).await
    }

    /// A day as the store keeps it.
    pub fn day(&self, counted: &Counted) -> ReadDay {
        let post = |number: u32| Some(self.posts.get(number as usize)?.post.clone());
        let readers = counted.readers.iter();
        let lines = Fate::ALL.iter().map(|fate| (fate.as_str(), counted.lines.of(*fate)));
        ReadDay {
            day: counted.day,
            readers: readers
                .filter_map(|&(number, readers)| Some((post(number)?, readers)))
                .collect(),
            lines: lines.filter(|(_, lines)| *lines > 0).collect(),
        }
    }
}

/// What came of a reading; one that the end of the process cut off came to nothing.
fn done(reading: Result<Result<Report, Error>, JoinError>) -> Result<Report, Error> {
    reading.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_cancelled) => Ok(Report { is_cut: true, ..Report::default() }),
    })
}

/// The last day that is over for long enough.
fn over(site: &Site, now: Timestamp) -> i32 {
    site.config.zone.day(now.minus(site.config.popularity.wait)) - 1
}

/// Which logs are read.
pub enum Logs {
    /// Those of the configuration, all of them: a day without a line is a day without readers.
    OfSite(PathBuf, Vec<PathBuf>),
    /// Some files: of other days they say nothing.
    Files(Vec<PathBuf>),
}

impl Logs {
    /// Those that the configuration names.
    pub fn of(site: &Site) -> Self {
        Self::OfSite(site.root.clone(), site.config.popularity.logs.clone())
    }

    fn open(self) -> Result<(Vec<(PathBuf, File)>, bool), Error> {
        Ok(match self {
            Self::OfSite(root, patterns) => (pass::open(|| pass::list(&root, &patterns))?, true),
            Self::Files(paths) => (pass::open(|| paths.clone())?, false),
        })
    }
}

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
        let days = beacon.finished(counting.over);
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
            Some((post.id.clone(), zone.day(post.published), count))
        });
        let discussed: Vec<_> = discussed.collect();
        let counts_readers = !wanted.logs.is_empty() || wanted.beacon || !wanted.tools.is_empty();
        if !self.mails || counts_readers || discussed.is_empty() {
            return Ok(());
        }
        fold::discuss(&self.store, &discussed, zone.day(now), now).await?;
        fold(&self.site, &self.store).await
    }
}

/// Folds what is new into the tallies.
pub async fn fold(site: &Site, store: &Store) -> Result<(), Error> {
    Ok(fold::fold(store, &site.config.zone, site.config.popularity.half_life).await?)
}

/// The readers a day that posts may expect, in their order; `None`: nobody counts them.
pub async fn rates(store: &Store, posts: &[Post]) -> Result<Option<Vec<f64>>, store::Error> {
    let tallies = fold::tallies(store, posts.iter().map(|post| &post.id)).await?;
    Ok(tallies.map(|tallies| popular::rates(&tallies)))
}

/// How popular posts are, from 0 to 1, in their order. Where nothing was ever counted, as in a site
/// that has no ledger yet, that is by how many comments they have.
pub async fn shares(store: Option<&Store>, posts: &[Post]) -> Result<Vec<f32>, store::Error> {
    let rates = match store {
        Some(store) => rates(store, posts).await?,
        None => None,
    };
    Ok(popular::shares(&rates.unwrap_or_else(|| popular::discussed(posts))))
}

fn shown(patterns: &[PathBuf]) -> String {
    let patterns = patterns.iter().map(|pattern| pattern.display().to_string());
    patterns.collect::<Vec<_>>().join(", ")
}
