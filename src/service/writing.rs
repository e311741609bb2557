//! Writing: letters from frozen editions, each edition read from the ledger once a drain.
//!
//! It promises that a reader who came while a drain was at work is not written to where the
//! unsubscribe link of the letter would lead nowhere, and that the file of a letter has a name
//! that file systems take.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};

use super::{
    Step,
    sending::{Sending, unreachable_links},
    site::Site,
};
use crate::{
    config::Way,
    digest::{
        message::{Recipient, Sender},
        render::Letter,
    },
    domain::{address::Address, token::Key},
    outbox::{
        attempt::Envelope,
        transport::Outgoing,
        worker::{Letters, Unmade},
    },
    store::{Store, deliveries::Leased},
};

impl Sending {
    /// What makes the letters of a drain.
    pub(super) fn letters(&self, site: &Site) -> Letters {
        let desk = Arc::new(WritingDesk {
            store: self.store.clone(),
            key: self.key.clone(),
            senders: site.newsletters().into_iter().map(|one| (one.id, one.sender)).collect(),
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
    /// By the newsletter's id.
    senders: HashMap<String, Sender>,
    /// Where a newsletter stands that came into the configuration since.
    sites: watch::Receiver<Arc<Site>>,
    /// By number and revision.
    editions: Mutex<HashMap<(i64, i64), Arc<Letter>>>,
}

impl WritingDesk {
    async fn write(&self, leased: Leased) -> Result<Outgoing, Unmade> {
        let letter = self.letter((leased.edition, leased.revision)).await?;
        let sender = self.sender(&leased.newsletter)?;
        let address: Address = leased
            .address
            .parse()
            .map_err(|_| Unmade::Never("the address on record is not a mail address".to_owned()))?;
        self.check(&address)?;
        let to =
            Recipient { address, name: leased.name.clone(), subscription: leased.subscription };
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

    fn sender(&self, newsletter: &str) -> Result<Cow<'_, Sender>, Unmade> {
        if let Some(sender) = self.senders.get(newsletter) {
            return Ok(Cow::Borrowed(sender));
        }
        let now = self.sites.borrow().newsletters();
        let found = now.into_iter().find(|one| one.id == newsletter);
        found.map(|one| Cow::Owned(one.sender)).ok_or_else(|| {
            Unmade::Ours(format!("newsletter \"{newsletter}\" is no longer in the configuration"))
        })
    }

    async fn letter(&self, edition: (i64, i64)) -> Result<Arc<Letter>, Unmade> {
        let mut editions = self.editions.lock().await;
        if let Some(letter) = editions.get(&edition) {
            return Ok(letter.clone());
        }
        let text = self.store.letter(edition.0, edition.1).await;
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
