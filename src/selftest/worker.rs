//! The child of a round: works as `postrider run` or `postrider worker` does, and ends itself
//! where it is told.
//!
//! It ends by `abort`: no destructor runs, nothing is flushed and nobody is told, as with
//! `kill -9`.

use std::{
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::Error;
use crate::{
    config::Ledger,
    outbox::watch::{Point, Watch},
    service::{Progress, Run, never_stops, site::Site, worker::once},
    time::Clock,
};

/// Where a child ends itself: at which point, at which passage of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The point.
    pub point: Point,
    /// Its passage, from 1.
    pub passage: u64,
}

/// The points and their names.
pub(super) const POINTS: [(&str, Point); 5] = [
    ("before-intent", Point::BeforeIntent),
    ("after-intent", Point::AfterIntent),
    ("after-dot", Point::AfterDot),
    ("after-reply", Point::AfterReply),
    ("after-result", Point::AfterResult),
];

impl FromStr for Kill {
    type Err = String;

    /// Reads `after-dot:17`.
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (name, passage) = text.split_once(':')?;
            let (_, point) = POINTS.into_iter().find(|(known, _)| *known == name)?;
            Some(Self { point, passage: passage.parse().ok()? })
        };
        read().ok_or_else(|| format!("\"{text}\" is not like after-dot:17"))
    }
}

/// Works for the site at `root` as if so much later: one run, or beside others on a server one
/// pass of a worker. Returns whether letters still wait.
pub async fn worker(root: &Path, kill: Option<Kill>, later: Duration) -> Result<bool, Error> {
    let site = Arc::new(Site::read(root)?);
    let clock = match later {
        Duration::ZERO => Clock::System,
        later => Clock::hand_set(Clock::System.now().plus(later)),
    };
    match &site.config.ledger {
        Ledger::File(_) => run(site, clock, kill.map(Kill::watch)).await,
        Ledger::Server(..) => Ok(once(site, clock, kill.map(Kill::watch)).await?),
    }
}

async fn run(site: Arc<Site>, clock: Clock, watch: Option<Watch>) -> Result<bool, Error> {
    let quiet: Progress = Arc::new(|_| {});
    let mut run = Run::begin(site.clone(), "selftest", clock, never_stops(), quiet).await?;
    if let Some(watch) = watch {
        run = run.watched(watch);
    }
    let summary = run.pass(site).await;
    run.end().await;
    Ok(summary?.letters.waiting > 0)
}

impl Kill {
    /// Ends this very process where it is told.
    fn watch(self) -> Watch {
        let passed = AtomicU64::new(0);
        Arc::new(move |point| {
            if point == self.point && passed.fetch_add(1, Ordering::SeqCst) + 1 == self.passage {
                std::process::abort();
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_read_by_the_name_of_its_point() {
        for (name, point) in POINTS {
            assert_eq!(format!("{name}:3").parse(), Ok(Kill { point, passage: 3 }));
        }
        for wrong in ["", "after-dot", "after-dot:", "after-dot:x", "dot:1"] {
            assert!(wrong.parse::<Kill>().is_err(), "{wrong}");
        }
    }
}
