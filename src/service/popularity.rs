//! Popularity: what readers cared for, counted from access logs and folded into numbers.
//!
//! [`Counting`] holds what a count needs: the posts, the rules of the site, the last day that is
//! over. It reads logs for keeps, for a look, or some files that are named. A pass of the service
//! uses it once a day ([`super::hearing`]), the commands when they are asked.

use std::{collections::BTreeSet, convert::Infallible, fs::File, path::PathBuf};

use tokio::{runtime::Handle, sync::watch, task::JoinError};

use super::{Error, site::Site};
use crate::{
    domain::post::Post,
    feedback::{
        accesslog::{Counted, Counter, Fate, Paths, Rules},
        fold,
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

/// What counting works with.
#[derive(Clone)]
pub struct Counting {
    /// The posts, by which requests are understood.
    pub posts: Vec<Addressed>,
    pub(super) rules: Rules,
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
pub(super) fn over(site: &Site, now: Timestamp) -> i32 {
    site.config.zone.day_at(now.minus(site.config.popularity.wait)) - 1
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
