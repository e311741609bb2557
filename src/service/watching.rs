//! `watch`: for writing. Whatever is saved is published a moment later, and nothing is mailed.
//!
//! It looks at the folders a few times a second rather than asking the system for news: that
//! works on network folders, in containers and with every editor, and a look costs milliseconds. A
//! change counts once two looks agree, since editors and generators save in several steps.
//!
//! What it publishes, it records; a new post is mailed by the next `run` or `serve`, as it stands
//! then. A configuration or template that cannot be read is told, and the last good ones stay.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{Error, Progress, Run, look::Look, site::Site, summary::Summary};
use crate::time::Clock;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Between two passes at most: posts become due without a change.
const PAUSE: Duration = Duration::from_secs(60);

/// What is told in between.
#[derive(Debug)]
pub enum Told {
    /// A pass that changed something or found a trouble.
    Pass(Box<Summary>),
    /// Why this pass could not be made.
    Trouble(String),
}

/// Watches the site below `root` until `stop` comes.
pub async fn watch(
    root: &Path,
    clock: Clock,
    stop: watch::Receiver<bool>,
    tell: impl Fn(Told),
) -> Result<(), Error> {
    let quiet: Progress = Arc::new(|_| {});
    let mut site = Arc::new(Site::read(root)?);
    let run = Run::begin(site.clone(), "watch", clock, stop.clone(), quiet).await?;
    let mut run = Run { mails: false, ..run };
    let mut seen = None;
    while !*stop.borrow() {
        let mark = settled(&site, &run.clock).await;
        if mark != seen {
            match Site::read(root) {
                Ok(fresh) => site = Arc::new(fresh),
                Err(error) => tell(Told::Trouble(error.to_string())),
            }
        }
        match run.plan(site.clone()).await {
            Ok(summary) if summary.feeds.written + summary.pages.written > 0 || mark != seen => {
                tell(Told::Pass(Box::new(summary)));
            }
            Ok(_) => {}
            Err(error) => tell(Told::Trouble(error.to_string())),
        }
        seen = mark;
        change(&site, &run.clock, &seen, stop.clone()).await;
    }
    run.end().await;
    Ok(())
}

/// Comes with the next change, with the stop, or after a pause.
async fn change(
    site: &Arc<Site>,
    clock: &Clock,
    seen: &Option<String>,
    mut stop: watch::Receiver<bool>,
) {
    let changed = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if look(site, clock).await != *seen {
                break;
            }
        }
    };
    tokio::select! {
        () = changed => {}
        () = tokio::time::sleep(PAUSE) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// What is there once two looks agree.
async fn settled(site: &Arc<Site>, clock: &Clock) -> Option<String> {
    let mut before = look(site, clock).await;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = look(site, clock).await;
        if now == before {
            return now;
        }
        before = now;
    }
}

async fn look(site: &Arc<Site>, clock: &Clock) -> Option<String> {
    let (site, now) = (site.clone(), clock.now());
    let looked = tokio::task::spawn_blocking(move || Look::at(&site, now)).await;
    looked.ok().flatten().map(|look| look.mark(""))
}
