//! `status` and `why`: what the ledger knows, in sentences.

use std::path::Path;

use super::{
    Refusal,
    issue::{ledger, named},
};
use crate::{
    domain::{address::Address, delivery::DeliveryState},
    service::site::Site,
    store::{Store, deliveries::Account, issues::Issue},
};

/// How many issues are listed.
const LISTED: usize = 20;

/// Readers, issues and what became of their letters.
pub(super) async fn status(root: &Path) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let held = store.held_because().await?;
    if let Some(why) = &held {
        println!("Held: {why}. Nothing is sent until: postrider ledger adopt");
    }
    println!("Readers");
    for (newsletter, cadence, state, count) in store.audience_counts().await? {
        println!("  {newsletter} {cadence}: {count} {state}");
    }
    println!("Issues");
    let issues = store.latest_issues(LISTED).await?;
    if issues.is_empty() {
        println!("  none yet");
    }
    let mut needed = held.is_some();
    let counts = store.counts().await?;
    for issue in &issues {
        let of = counts.iter().filter(|count| count.issue == issue.id);
        let states: Vec<String> = of.map(|c| format!("{} {}", c.count, c.state)).collect();
        println!("  {} {} ({}): {}", issue.newsletter, issue.name, issue.state, states.join(", "));
        if let Some(note) = &issue.note {
            println!("    {note}");
        }
        needed |= issue.state == "held";
        needed |= doubts(&store, issue).await? > 0;
    }
    Ok(u8::from(needed))
}

/// Names the uncertain letters of an issue.
async fn doubts(store: &Store, issue: &Issue) -> Result<usize, Refusal> {
    let uncertain = store.accounts(issue.id, Some(DeliveryState::Uncertain)).await?;
    for account in &uncertain {
        println!("    uncertain: {}", account.address);
    }
    if !uncertain.is_empty() {
        println!("    settle them: postrider issue resolve {} --as sent|resend|failed", issue.name);
    }
    Ok(uncertain.len())
}

/// What became of one reader's letter.
pub(super) async fn why(root: &Path, address: &str, name: &str) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let address: Address = address.parse().map_err(Refusal::wrong_usage)?;
    for issue in named(&store, name).await? {
        match store.account(issue.id, &address).await? {
            Some(account) => tell(&store, &issue, &account).await?,
            None => absent(&store, &issue, &address).await?,
        }
    }
    Ok(0)
}

async fn tell(store: &Store, issue: &Issue, account: &Account) -> Result<(), Refusal> {
    println!("{} of {} to {}: {}", issue.name, issue.newsletter, account.address, account.state);
    let posts = store.post_ids(&account.posts).await?;
    for post in posts {
        println!("  carries {post}");
    }
    if let Some(at) = account.first_intent {
        println!("  first handed over at {at}, {} attempts", account.attempts);
    }
    if let Some(at) = account.settled {
        println!("  {} since {at}", account.state);
    }
    if account.state == DeliveryState::Ready.as_str() {
        println!("  to be sent from {} on", account.not_before);
    }
    if let Some(reply) = &account.reply {
        println!("  {reply}");
    }
    Ok(())
}

async fn absent(store: &Store, issue: &Issue, address: &Address) -> Result<(), Refusal> {
    let pruned = store.pruned(issue.id).await?;
    if !pruned.is_empty() {
        let states: Vec<String> =
            pruned.iter().map(|c| format!("{} {}", c.count, c.state)).collect();
        println!("{} of {} was pruned: {}.", issue.name, issue.newsletter, states.join(", "));
        println!("  {address} may be among them; who they were is no longer on record");
        return Ok(());
    }
    println!("{} of {} has no letter for {address}:", issue.name, issue.newsletter);
    let subscriptions = store.subscriptions_of(address).await?;
    let ours: Vec<_> =
        subscriptions.iter().filter(|one| one.newsletter == issue.newsletter).collect();
    if ours.is_empty() {
        println!("  this address never subscribed to {}", issue.newsletter);
    }
    for one in ours {
        println!("  subscribed as {}, {}, from {}", one.cadence, one.source, one.eligible_from);
        match one.ended_at {
            Some(at) => println!("  the subscription ended at {at}"),
            None if !issue.name.starts_with(&one.cadence) => {
                println!("  this issue is for readers of another rhythm");
            }
            None => println!("  the posts of the issue were known before, or the reader has them"),
        }
    }
    Ok(())
}
