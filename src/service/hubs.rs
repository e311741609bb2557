//! Hubs: what they are owed is told, at most once for each change of a feed.
//!
//! A hub that cannot be reached keeps nothing else waiting: its other pings stay due. What fails
//! is tried again in the next passes, at growing distances, for two days; then it is a trouble,
//! until the feed changes again.

use std::{collections::BTreeMap, time::Duration};

use tokio::task::JoinSet;

use super::{Error, Run, summary::Summary};
use crate::{
    publish::hub::{Answer, Teller},
    store::{
        Store,
        pings::{Ping, Pinged},
    },
    time::Clock,
};

/// Pings of one pass at most.
const MOST: u32 = 500;

/// How long the pings of one pass may take in all; what is left goes with the next one.
const PATIENCE: Duration = Duration::from_secs(30);

/// Minutes before each further try.
const WAITS: [u64; 7] = [1, 5, 30, 120, 360, 720, 1440];

impl Run {
    /// Tells hubs of the feeds that have changed.
    pub(super) async fn tell_hubs(&self, summary: &mut Summary) -> Result<(), Error> {
        let hubs = &self.site.config.feeds.hubs;
        if hubs.is_empty() {
            return Ok(());
        }
        let mut by_hub: BTreeMap<String, Vec<Ping>> = BTreeMap::new();
        for ping in self.store.due_pings(self.clock.now(), MOST).await? {
            if hubs.contains(&ping.hub) {
                by_hub.entry(ping.hub.clone()).or_default().push(ping);
            }
        }
        let teller = match Teller::new(self.site.config.url.as_str()) {
            Ok(teller) => teller,
            Err(why) => {
                summary.trouble(format!("hubs cannot be told of changes: {why}"));
                return Ok(());
            }
        };
        let mut telling = JoinSet::new();
        for pings in by_hub.into_values() {
            telling.spawn(tell(teller.clone(), self.store.clone(), self.clock.clone(), pings));
        }
        let told = tokio::time::timeout(PATIENCE, async {
            let mut told = Vec::new();
            while let Some(one) = telling.join_next().await {
                told.extend(one.ok());
            }
            told
        });
        for one in told.await.unwrap_or_default() {
            let one = one?;
            summary.hubs.told += one.told;
            one.troubles.into_iter().for_each(|trouble| summary.trouble(trouble));
        }
        summary.hubs.waiting = self.store.waiting_pings().await?;
        Ok(())
    }
}

#[derive(Default)]
struct Told {
    told: u64,
    troubles: Vec<String>,
}

/// Tells one hub, one feed after the other.
async fn tell(
    teller: Teller,
    store: Store,
    clock: Clock,
    pings: Vec<Ping>,
) -> Result<Told, crate::store::Error> {
    let mut done = Told::default();
    for ping in pings {
        let answer = teller.tell(&ping.hub, &ping.topic).await;
        let is_away = matches!(answer, Answer::Away(_));
        let now = clock.now();
        let wait = usize::try_from(ping.tries).ok().and_then(|tries| WAITS.get(tries));
        match (answer, wait) {
            (Answer::Took, _) => {
                done.told += 1;
                store.settle_ping(&ping, Pinged::Told, now).await?;
            }
            (Answer::Later(why) | Answer::Away(why), Some(minutes)) => {
                let wait = Duration::from_secs(minutes * 60);
                tracing::info!(hub = ping.hub, why, "the hub is told again later");
                store.settle_ping(&ping, Pinged::Later(wait, &why), now).await?;
            }
            (Answer::Later(why) | Answer::Away(why) | Answer::Never(why), _) => {
                let Ping { hub, topic, .. } = &ping;
                done.troubles.push(format!("the hub {hub} was not told of {topic}: {why}"));
                store.settle_ping(&ping, Pinged::Never(&why), now).await?;
            }
        }
        if is_away {
            break;
        }
    }
    Ok(done)
}
