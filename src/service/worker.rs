//! `worker`: sends what others open. Any number of them share a ledger on a server.
//!
//! Each pass leases blocks of due letters until none is left; between passes it waits for the
//! ledger's bell, for the next retry, or a minute. It plans, publishes and opens nothing. A
//! server that is away is waited for: it is told in the log, and nothing is handed over
//! meanwhile, since no intent can be recorded.
//!
//! SIGTERM and SIGINT finish what is in flight, give the rest back and end with status 0.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    Error as RunError, Run,
    daemon::{Error, notify},
    never_stops, signals,
    site::Site,
    summary::Summary,
};
use crate::{outbox::watch::Watch, store::bell::Bell, time::Clock};

/// How long it sleeps at most.
const PAUSE: Duration = Duration::from_secs(60);
/// How soon it comes back to a ledger that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Works for the site below `root` until a signal comes.
pub async fn work(root: &Path, clock: Clock) -> Result<(), Error> {
    let site = Arc::new(Site::read(root)?);
    let mut stop = signals::stop().map_err(Error::Signals)?;
    let mut run = Run::join(site, clock, stop.clone()).await?;
    let mut bell = run.store.bell().await.map_err(RunError::from)?;
    tracing::info!("working");
    notify(&[sd_notify::NotifyState::Ready]);
    while !*stop.borrow() {
        let pause = match pass(&mut run).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "this pass failed; the next one goes on");
                RETRY
            }
        };
        sleep(pause, &mut bell, &mut stop).await;
    }
    notify(&[sd_notify::NotifyState::Stopping]);
    run.end().await;
    Ok(())
}

/// One pass of a worker, looked on by `watch`; returns whether letters are left.
pub async fn once(site: Arc<Site>, clock: Clock, watch: Option<Watch>) -> Result<bool, RunError> {
    let mut run = Run::join(site, clock, never_stops()).await?;
    run.watch = watch;
    let passed = pass(&mut run).await;
    let left = run.waiting().await;
    run.end().await;
    passed?;
    Ok(left? > 0)
}

/// Sends what is due, and tells how long there is nothing to do. Configuration and templates are
/// read again first; what cannot be read stays as it was.
async fn pass(run: &mut Run) -> Result<Duration, RunError> {
    match Site::read(&run.site.root) {
        Ok(fresh) => drop(run.sites.send_replace(Arc::new(fresh))),
        Err(error) => tracing::error!(%error, "the last good configuration stays in use"),
    }
    let mut summary = Summary::default();
    run.sending().drain(&mut summary).await?;
    for trouble in summary.troubles.iter().chain(&summary.warnings) {
        tracing::error!("{trouble}");
    }
    let letters = &summary.letters;
    if letters.sent + letters.deferred + letters.failed > 0 {
        let (sent, deferred, failed) = (letters.sent, letters.deferred, letters.failed);
        tracing::info!(sent, deferred, failed, "pass done");
    }
    let due = run.store.next_due().await?;
    let until = due.map_or(PAUSE, |due| due.since(run.clock.now()));
    Ok(until.clamp(Duration::from_secs(1), PAUSE))
}

async fn sleep(pause: Duration, bell: &mut Bell, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = bell.rings() => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}
