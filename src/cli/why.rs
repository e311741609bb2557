//! `why`: what became of one reader's letter, in sentences; also why there is none.

use std::path::Path;

use super::{
    Refusal,
    issue::{found, ledger},
    out::say,
    subscriber::known,
};
use crate::{
    domain::{address::Address, delivery::DeliveryState, issue::IssueName, subscriber::Cadence},
    service::site::Site,
    store::{Store, deliveries::Account, issues::Issue},
    time::Clock,
};

/// Who asks, and where the answers are.
struct Desk {
    site: Site,
    store: Store,
}

/// What became of one reader's letter.
pub(super) async fn why(root: &Path, address: &str, name: &str) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let address = known(&store, address).await?;
    let (name, issues) = found(&store, name).await?;
    let desk = Desk { site, store };
    if issues.is_empty() {
        return desk.unopened(&name, &address).await;
    }
    for issue in issues {
        match desk.store.account(issue.id, &address).await? {
            Some(account) => desk.tell(&issue, &account).await?,
            None => desk.absent(&issue, &address).await?,
        }
    }
    Ok(0)
}

impl Desk {
    async fn tell(&self, issue: &Issue, account: &Account) -> Result<(), Refusal> {
        let Account { address, state, .. } = account;
        say!("{} of {} to {address}: {state}", issue.name, issue.newsletter);
        for title in self.store.titles(&account.posts).await? {
            say!("  carries \"{title}\"");
        }
        if let Some(at) = account.first_intent {
            let attempts = if account.attempts == 1 { "attempt" } else { "attempts" };
            let (at, count) = (self.site.time(at), account.attempts);
            say!("  first handed over {at}, {count} {attempts}");
        }
        if let Some(at) = account.settled {
            say!("  {state} since {}", self.site.time(at));
        }
        if *state == DeliveryState::Ready.as_str() {
            say!("  to be sent from {} on", self.site.time(account.not_before));
        }
        if issue.state == "held" {
            let why = issue.note.as_deref().unwrap_or("by the operator");
            say!("  the issue is held: {why}");
        }
        if let Some(reply) = &account.reply {
            say!("  {reply}");
        }
        Ok(())
    }

    async fn absent(&self, issue: &Issue, address: &Address) -> Result<(), Refusal> {
        let pruned = self.store.pruned(issue.id).await?;
        if !pruned.is_empty() {
            let states = pruned.iter().map(|of| format!("{} {}", of.count, of.state));
            let states = states.collect::<Vec<_>>().join(", ");
            say!("{} of {} was pruned: {states}.", issue.name, issue.newsletter);
            say!("  {address} may be among them; who they were is no longer on record");
            return Ok(());
        }
        say!("{} of {} has no letter for {address}:", issue.name, issue.newsletter);
        let subscriptions = self.store.subscriptions_of(address).await?;
        let ours: Vec<_> =
            subscriptions.iter().filter(|one| one.newsletter == issue.newsletter).collect();
        if ours.is_empty() {
            say!("  this address never subscribed to {}", issue.newsletter);
        }
        for one in ours {
            let from = self.site.time(one.eligible_from);
            say!("  subscribed as {}, {}, from {from}", one.cadence, one.source);
            match one.ended_at {
                Some(at) => say!("  the subscription ended {}", self.site.time(at)),
                None if !issue.name.starts_with(&format!("{}/", one.cadence)) => {
                    let cadence = issue.name.split('/').next().unwrap_or_default();
                    say!("  this issue is for readers who chose {cadence}");
                }
                None => say!("  its posts were there before this reader, or the reader has them"),
            }
        }
        Ok(())
    }

    /// Why an issue was never opened.
    async fn unopened(&self, name: &str, address: &Address) -> Result<u8, Refusal> {
        let name: IssueName = name.parse().map_err(Refusal::wrong_usage)?;
        if name.cadence() == Cadence::Instant {
            self.unmailed(&name).await?;
        } else {
            self.undue(&name);
        }
        self.chosen(&name, address).await?;
        Ok(0)
    }

    /// Which rhythms the reader chose, where it is not that of the issue.
    async fn chosen(&self, name: &IssueName, address: &Address) -> Result<(), Refusal> {
        let of_issue = name.cadence().as_str();
        for one in self.store.subscriptions_of(address).await? {
            if one.state != "ended" && one.cadence != of_issue {
                say!("  {address} chose {} of {}, not {of_issue}", one.cadence, one.newsletter);
            }
        }
        Ok(())
    }

    /// Why a digest was never opened.
    fn undue(&self, name: &IssueName) {
        say!(
            "{name} was never opened: its time has not come, or no post was new to a reader then."
        );
        let now = Clock::System.now();
        for newsletter in &self.site.config.newsletters {
            let offered = newsletter.cadences.iter().find(|(one, _)| *one == name.cadence());
            let next = offered.and_then(|(_, schedule)| schedule.as_ref()?.after(now).next());
            match next {
                Some(next) => say!("  {} is due next {}", newsletter.id, self.site.time(next)),
                None => say!("  {} does not offer {}", newsletter.id, name.cadence()),
            }
        }
        say!("  postrider status lists the issues that were opened");
    }

    /// Why a post was never mailed as it appeared.
    async fn unmailed(&self, name: &IssueName) -> Result<(), Refusal> {
        let Some(post) = self.store.told(name.period()).await? else {
            let text = format!(
                "no issue {name} was opened, and no post ever seen has the key \"{}\"; postrider \
                 status lists the issues that were opened",
                name.period()
            );
            return Err(Refusal::needs_operator(text));
        };
        say!("{name} was never opened:");
        let seen = self.site.time(post.first_seen);
        match post.baseline {
            Some(at) => {
                let at = self.site.time(at);
                say!("  \"{}\" was there when the ledger began, {at}", post.title);
                say!("  such posts are mailed to nobody, so that no reader gets an archive;");
                say!("  only mail.first_run = \"latest\" makes an exception, at a first run");
            }
            None => {
                say!("  \"{}\" was first seen {seen}", post.title);
                say!("  no reader with the cadence instant was subscribed before that");
            }
        }
        Ok(())
    }
}
