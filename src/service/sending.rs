//! Sending: the outbox worker as a run and the service use it.
//!
//! [`Sending::drain`] hands over what is due, once: a run does it after it has opened its issues.
//! [`Sending::for_ever`] does it whenever something is due, beside the passes of the service, so
//! that a long issue keeps nobody from publishing. Both work for the site of the latest pass.
//!
//! It promises that no letter leaves for the world while its unsubscribe link leads nowhere
//! ([`Sending::gate`]). A relay that is away is no trouble at first, since letters wait for it;
//! after [`PATIENCE`] it is one. A ledger that fails ends a drain.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    Error, Progress,
    report::Reporter,
    site::{self, Site},
    standing::next_try,
    summary::Summary,
};
use crate::{
    config::{self, Way},
    domain::token::Key,
    outbox::{
        policy::{
            canary::{self, Canary},
            route::Closed,
        },
        relays::Relays,
        watch::Watch,
        worker::{self, Desk, Tally},
    },
    store::Store,
    time::{Clock, Timestamp},
};

/// How long letters may wait for a relay that is away before the operator is needed.
const PATIENCE: Duration = Duration::from_secs(4 * 60 * 60);

/// How long it sleeps at most when nothing is due.
const PAUSE: Duration = Duration::from_secs(60);

/// What sending works with.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) store: Store,
    pub(super) key: Key,
    pub(super) clock: Clock,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) progress: Progress,
    pub(super) watch: Option<Watch>,
    /// The site of the latest pass.
    pub(super) sites: watch::Receiver<Arc<Site>>,
    /// The ways out, and what has been learned of them.
    pub(super) ways: Ways,
}

/// The ways out as last used: what was learned of them lasts until the configuration changes.
#[derive(Clone, Default)]
pub(super) struct Ways(Arc<Mutex<Option<Arc<Relays>>>>);

impl Ways {
    /// Those of a site.
    pub(super) fn of(&self, site: &Site) -> Result<Arc<Relays>, site::Error> {
        let outlets = site.outlets()?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_ref().filter(|known| known.outlets() == outlets) {
            Some(known) => Ok(known.clone()),
            None => Ok(known.insert(Arc::new(Relays::new(outlets))).clone()),
        }
    }
}

impl Sending {
    /// Sends what is due.
    pub(super) async fn drain(&self, summary: &mut Summary) -> Result<(), Error> {
        let site = self.sites.borrow().clone();
        let relays = match self.ways.of(&site) {
            Ok(relays) => relays,
            Err(error) => {
                summary.trouble(error);
                return Ok(());
            }
        };
        if let Some(why) = self.gate(&site, &relays).await? {
            summary.trouble(why);
            return Ok(());
        }
        if !self.may_send(&site, summary).await? {
            return Ok(());
        }
        self.settle(&site).await?;
        if self.store.next_due().await?.is_none_or(|due| due > self.clock.now()) {
            self.note_closed_folder(&site, &relays, summary).await?;
            return Ok(self.store.close_finished_issues(self.clock.now()).await?);
        }
        if let Some((until, why)) = worker::closed(&relays, self.clock.now()) {
            self.note_pause(&site, (until, why), summary);
            return Ok(());
        }
        self.store.advance_epoch(&site.mark()).await?;
        self.hand_over(&site, relays, summary).await?;
        self.store.advance_epoch(&site.mark()).await?;
        self.settle(&site).await
    }

    async fn hand_over(
        &self,
        site: &Site,
        relays: Arc<Relays>,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let connections = relays.outlets().iter().map(|outlet| outlet.pace.relay.connections);
        let desk = Desk {
            store: self.store.clone(),
            relays: relays.clone(),
            canary: site.config.canary,
            clock: self.clock.clone(),
            connections: usize::try_from(connections.sum::<u32>()).unwrap_or(1),
            letters: self.letters(site),
            stop: self.stop.clone(),
            watch: self.watch.clone(),
        };
        let tally = worker::drain(desk).await?;
        summary.letters.add(&tally);
        if let Some(until) = tally.spent_until {
            self.note_pause(site, (until, Closed::Spent), summary);
        }
        self.note_absence(&tally, relays.is_folder(), summary).await?;
        self.note_canaries(site, summary).await?;
        self.store.close_finished_issues(self.clock.now()).await?;
        Ok(())
    }

    /// Says that letters wait for a folder that could not be written.
    async fn note_closed_folder(
        &self,
        site: &Site,
        relays: &Relays,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let next = next_try(&self.store, site, self.clock.now()).await?;
        if let Some(next) = next.filter(|_| relays.is_folder()) {
            summary.trouble(format!("{}; it is tried again {}", next.why, next.shown));
        }
        Ok(())
    }

    /// Says why no letter goes before an instant.
    fn note_pause(&self, site: &Site, (until, why): (Timestamp, Closed), summary: &mut Summary) {
        let until = site.time(until);
        summary.warnings.push(match why {
            Closed::Spent => format!(
                "the relays take no more letters at present ([mail.limits], or their own quota); the \
                 rest goes from {until} on"
            ),
            Closed::Lost => format!(
                "connections to the relays were lost time after time; they are left alone until \
                 {until}"
            ),
        });
    }

    /// Says which issues wait for their first letters.
    async fn note_canaries(&self, site: &Site, summary: &mut Summary) -> Result<(), Error> {
        let settings = &site.config.canary;
        for (issue, counts) in self.store.on_canary().await? {
            let waits = match canary::canary(settings, &counts, self.clock.now()) {
                Canary::Wait(Some(until)) => format!("until {}", site.time(until)),
                Canary::Wait(None) | Canary::Lease(_) => "for them".to_owned(),
                Canary::Go | Canary::Hold(_) => continue,
            };
            let name = self.store.issue_name(issue).await?;
            summary.warnings.push(format!(
                "{name}: its first letters are out, {} of {} taken; the rest waits {waits} \
                 (mail.canary)",
                counts.sent, settings.letters
            ));
        }
        Ok(())
    }

    /// Why no letter may go yet, if so: its unsubscribe link would lead nowhere. A relay on this
    /// machine may well forward to the world, so there too only reserved domains are written to.
    async fn gate(&self, site: &Site, relays: &Relays) -> Result<Option<String>, Error> {
        if site.config.is_public || site.config.way != Way::Smtp {
            return Ok(None);
        }
        let waits = self.store.next_due().await?.is_some()
            && (!relays.is_local() || self.store.waits_for_the_world().await?);
        Ok(waits.then(unreachable_links))
    }

    /// Says that the way out is closed: at once where it is a folder, after a while where it is
    /// a relay.
    async fn note_absence(
        &self,
        tally: &Tally,
        is_file: bool,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let Some(why) = &tally.unreachable else { return Ok(()) };
        if is_file {
            summary.trouble(format!("the outbox folder could not be used, letters wait: {why}"));
            return Ok(());
        }
        let Some(since) = self.store.waiting_since().await? else { return Ok(()) };
        let waited = self.clock.now().since(since);
        if waited >= PATIENCE {
            let hours = waited.as_secs() / 3600;
            summary.trouble(format!(
                "letters have waited for {hours} hours since the relay cannot be used: {why}"
            ));
        }
        Ok(())
    }

    /// Sends whatever is due until the stop comes.
    pub(super) async fn for_ever(mut self) {
        let mut reporter = Reporter::default();
        while !*self.stop.borrow() {
            self.sites.mark_unchanged();
            let mut summary = Summary::default();
            if let Err(error) = self.drain(&mut summary).await {
                summary.trouble(error);
            }
            reporter.report(&summary);
            self.alarm(&summary).await;
            let pause = self.pause().await;
            let stop = &mut self.stop;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // The end of the passes ends this too: the stop has come.
                _ = self.sites.changed() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Until the next letter is due. One that is due and was not sent just now is asked for
    /// again after the next pass.
    async fn pause(&self) -> Duration {
        let now = self.clock.now();
        let due = self.store.next_due().await.ok().flatten();
        due.filter(|due| *due > now).map_or(PAUSE, |due| due.since(now).min(PAUSE))
    }
}

/// Why no letter may leave while its unsubscribe link would lead nowhere.
pub fn unreachable_links() -> String {
    format!(
        "letters wait: set web.public_url in {} to the address at which postrider serve is \
         reached, so that their unsubscribe links lead somewhere. Until then a relay gets only \
         letters to reserved domains (example.net, .test, ..)",
        config::FILE
    )
}
