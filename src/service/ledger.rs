//! How a run treats the ledger that it may share with others: joining it, making sure that it is
//! the one that ran last, and settling what the dead left behind.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Error, Run, open_store, sending::Sending, site::Site, summary::Summary};
use crate::{config::Uncertain, domain::delivery::DeliveryState, time::Clock};

/// How often a letter that became uncertain is sent by the policy to resend.
const RESENT: u32 = 3;

impl Run {
    /// Joins others who work on the same ledger, to send what they open.
    pub(super) async fn join(
        site: Arc<Site>,
        clock: Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let store = open_store(&site, clock.now()).await?;
        if !store.is_shared() {
            return Err(Error::NotShared(site.ledger_shown()));
        }
        let ledger = store.ledger().await?;
        Ok(Self::new(site, (store, ledger), clock, (stop, Arc::new(|_| {}))))
    }
}

impl Sending {
    /// Whether the ledger is the one that ran last; a trouble where it is not.
    pub(super) async fn may_send(&self, site: &Site, summary: &mut Summary) -> Result<bool, Error> {
        let held = self.store.check_instance(&site.mark()).await?;
        if let Some(why) = &held {
            summary.troubles.push(format!(
                "nothing is sent, the ledger is held: {why}. Make sure that no other copy of it \
                 sends, then: postrider ledger adopt"
            ));
        }
        Ok(held.is_none())
    }

    /// What the dead left behind, and what is uncertain, is settled as the operator wishes.
    pub(super) async fn settle(&self, site: &Site) -> Result<(), Error> {
        let now = self.clock.now();
        self.store.reap(now).await?;
        let settled = match site.config.uncertain {
            Uncertain::Hold => 0,
            Uncertain::Resend => {
                self.store.settle_doubts(DeliveryState::Ready, RESENT, now).await?
            }
            Uncertain::Drop => {
                self.store.settle_doubts(DeliveryState::Failed, u32::MAX, now).await?
            }
        };
        if settled > 0 {
            tracing::warn!(settled, "uncertain letters were settled by mail.uncertain");
        }
        Ok(())
    }
}
