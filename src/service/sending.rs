//! Sending: the outbox worker as a run and the service use it.
//!
//! [`Sending::drain`] hands over what is due, once: a run does it after it has opened its issues.
//! [`Sending::for_ever`] does it whenever something is due, beside the passes of the service, so
//! that a long issue keeps nobody from publishing. Both work for the site of the latest pass.
//!
//! It promises that no letter leaves for the world while its unsubscribe link leads nowhere
//! ([`Sending::gate`]). A relay that is away is no trouble at first, since letters wait for it;
//! after [`PATIENCE`] it is one. A ledger that fails ends a drain.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};

use super::{Error, Progress, Step, report::Reporter, site::Site, summary::Summary};
use crate::{
    config::{self, Way},
    digest::{message::Recipient, render::Letter},
    domain::{address::Address, token::Key},
    outbox::{
        attempt::Envelope,
        open::Newsletter,
        transport::{Outgoing, Transport},
        watch::Watch,
        worker::{self, Desk, Letters, Tally, Unmade},
    },
    store::{Store, deliveries::Leased},
    time::Clock,
};

/// Files written at once: enough that the ledger's syncs are shared by many.
const FILES_AT_ONCE: usize = 16;

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
}

impl Sending {
    /// Sends what is due.
    pub(super) async fn drain(&self, summary: &mut Summary) -> Result<(), Error> {
        let site = self.sites.borrow().clone();
        let transport = match site.transport() {
            Ok(transport) => transport,
            Err(error) => {
                summary.trouble(error);
                return Ok(());
            }
        };
        if let Some(why) = self.gate(&site, &transport).await? {
            summary.trouble(why);
            return Ok(());
        }
        if !self.may_send(&site, summary).await? {
            return Ok(());
        }
        self.settle(&site).await?;
        if self.store.next_due().await?.is_none_or(|due| due > self.clock.now()) {
            return Ok(self.store.close_finished_issues(self.clock.now()).await?);
        }
        self.store.advance_epoch(&site.mark()).await?;
        self.hand_over(&site, transport, summary).await?;
        self.store.advance_epoch(&site.mark()).await?;
        self.settle(&site).await
    }

    async fn hand_over(
        &self,
        site: &Site,
        transport: Transport,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let is_file = matches!(transport, Transport::Eml(_));
        let desk = Desk {
            store: self.store.clone(),
            transport,
            clock: self.clock.clone(),
            connections: if is_file { FILES_AT_ONCE } else { site.config.connections() },
            letters: self.letters(site),
            stop: self.stop.clone(),
            watch: self.watch.clone(),
        };
        let tally = worker::drain(desk).await?;
        summary.letters.add(&tally);
        self.note_absence(&tally, is_file, summary).await?;
        self.store.close_finished_issues(self.clock.now()).await?;
        Ok(())
    }

    /// Why no letter may go yet, if so: its unsubscribe link would lead nowhere. A relay on this
    /// machine may well forward to the world, so there too only reserved domains are written to.
    async fn gate(&self, site: &Site, transport: &Transport) -> Result<Option<String>, Error> {
        if site.config.is_public || site.config.way != Way::Smtp {
            return Ok(None);
        }
        let waits = self.store.next_due().await?.is_some()
            && (!transport.is_local() || self.store.waits_for_the_world().await?);
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

    fn letters(&self, site: &Site) -> Letters {
        let desk = Arc::new(WritingDesk {
            store: self.store.clone(),
            key: self.key.clone(),
            newsletters: site.newsletters(),
            sites: self.sites.clone(),
            editions: Mutex::default(),
        });
        let progress = self.progress.clone();
        Arc::new(move |leased| {
            let (desk, progress) = (desk.clone(), progress.clone());
            Box::pin(async move {
                progress(Step::Done);
                desk.write(leased).await
            })
        })
    }
}

fn unreachable_links() -> String {
    format!(
        "letters wait: set web.public_url in {} to the address at which postrider serve is \
         reached, so that their unsubscribe links lead somewhere. Until then a relay gets only \
         letters to reserved domains (example.net, .test, ..)",
        config::FILE
    )
}

/// A name that file systems take: they end at 255 octets, an address at 254 and an ending.
fn file_name(name: &str) -> String {
    const LONGEST: usize = 200;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let hash = Sha256::digest(name);
    let hash: String = hash.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let kept: String = name.chars().take(LONGEST / 4).collect();
    format!("{kept}-{hash}")
}

/// Makes letters from frozen editions, each read from the ledger once.
struct WritingDesk {
    store: Store,
    key: Key,
    newsletters: Vec<Newsletter>,
    /// Where a newsletter stands that came into the configuration since.
    sites: watch::Receiver<Arc<Site>>,
    editions: Mutex<HashMap<i64, Arc<Letter>>>,
}

impl WritingDesk {
    async fn write(&self, leased: Leased) -> Result<Outgoing, Unmade> {
        let letter = self.letter(leased.edition).await?;
        let newsletter = self.newsletter(&leased.newsletter)?;
        let address: Address = leased
            .address
            .parse()
            .map_err(|_| Unmade::Never("the address on record is not a mail address".to_owned()))?;
        self.check(&address)?;
        let to =
            Recipient { address, name: leased.name.clone(), subscription: leased.subscription };
        let sender = &newsletter.sender;
        let message = sender.message(&letter, &to, &self.key).map_err(|error| {
            let unmade = if error.is_ours() { Unmade::Ours } else { Unmade::Never };
            unmade(error.to_string())
        })?;
        let issue = file_name(&leased.issue_name.replace('/', "-"));
        let name = format!("{}/{issue}/{}", leased.newsletter, file_name(to.address.as_str()));
        let id = format!("d{}", leased.id);
        let envelope = Envelope { from: sender.from.1.clone(), to: to.address, id };
        Ok(Outgoing { envelope, name, message })
    }

    /// A reader who came while a drain was at work has not been seen by its gate.
    fn check(&self, address: &Address) -> Result<(), Unmade> {
        let config = &self.sites.borrow().config;
        if config.is_public || config.way != Way::Smtp || address.is_reserved() {
            return Ok(());
        }
        Err(Unmade::Ours(unreachable_links()))
    }

    fn newsletter(&self, id: &str) -> Result<Newsletter, Unmade> {
        let ours = self.newsletters.iter().find(|one| one.id == id).cloned();
        let found =
            ours.or_else(|| self.sites.borrow().newsletters().into_iter().find(|one| one.id == id));
        found.ok_or_else(|| {
            Unmade::Ours(format!("newsletter \"{id}\" is no longer in the configuration"))
        })
    }

    async fn letter(&self, edition: i64) -> Result<Arc<Letter>, Unmade> {
        let mut editions = self.editions.lock().await;
        if let Some(letter) = editions.get(&edition) {
            return Ok(letter.clone());
        }
        let text = self.store.letter(edition).await;
        let text = text.map_err(|error| Unmade::Ours(error.to_string()))?;
        let letter: Letter = serde_json::from_str(&text)
            .map_err(|error| Unmade::Ours(format!("the edition on record is damaged: {error}")))?;
        let letter = Arc::new(letter);
        editions.insert(edition, letter.clone());
        Ok(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = |first: char| format!("{first}{}@example.net", "x".repeat(240));
        let (one, other) = (file_name(&long('a')), file_name(&long('b')));
        assert!(one.len() < 100 && one != other, "{one}");
        assert_eq!(file_name("ada@example.net"), "ada@example.net");
        assert!(file_name(&"ü".repeat(150)).len() <= 200);
    }
}
