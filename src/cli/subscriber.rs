//! `subscriber end`, `change` and `rename`: what a reader asked for by mail or in person.

use std::path::Path;

use super::{Refusal, SubscriberVerb, issue::ledger, out::say};
use crate::{
    config::Newsletter,
    domain::{address::Address, subscriber::Cadence},
    service::{nearest, site::Site},
    store::{Store, audience::Subscription},
    time::Clock,
};

/// Does what a verb says about a reader.
pub(super) async fn subscriber(root: &Path, verb: SubscriberVerb) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    match verb {
        SubscriberVerb::End { address, newsletter } => {
            end(&store, &address, newsletter.as_deref()).await
        }
        SubscriberVerb::Change { address, cadence, newsletter } => {
            let offered = &site.config.newsletters;
            change(&store, &address, (cadence, offered), newsletter.as_deref()).await
        }
        SubscriberVerb::Rename { address, name } => {
            let address = known(&store, &address).await?;
            store.rename_subscriber(&address, &name).await?;
            say!("{address} is called \"{name}\" from the next letter on.");
            Ok(0)
        }
    }
}

/// The address, where anybody ever asked with it; else the nearest one is named.
pub(super) async fn known(store: &Store, address: &str) -> Result<Address, Refusal> {
    let address: Address = address.parse().map_err(Refusal::wrong_usage)?;
    let all = store.addresses().await?;
    if all.iter().any(|one| one.to_lowercase() == address.key()) {
        return Ok(address);
    }
    let near = nearest(address.as_str(), all.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    Err(Refusal::needs_operator(format!("nobody ever subscribed as {address}{near}")))
}

/// The confirmed subscriptions of an address, to one newsletter or all.
async fn subscriptions(
    store: &Store,
    address: &Address,
    newsletter: Option<&str>,
) -> Result<Vec<Subscription>, Refusal> {
    let mut found = store.subscriptions_of(address).await?;
    found.retain(|one| newsletter.is_none_or(|wanted| one.newsletter == wanted));
    let ended = found.iter().all(|one| one.state == "ended");
    if ended {
        let what = newsletter.map_or(String::new(), |name| format!(" to {name}"));
        let text = format!("{address} has no subscription{what} that has not ended");
        return Err(Refusal::needs_operator(text));
    }
    found.retain(|one| one.state != "ended");
    Ok(found)
}

async fn end(store: &Store, address: &str, newsletter: Option<&str>) -> Result<u8, Refusal> {
    let address = known(store, address).await?;
    for one in subscriptions(store, &address, newsletter).await? {
        store.end_subscription(one.id, Clock::System.now()).await?;
        say!("{address} gets no more of {}.", one.newsletter);
    }
    Ok(0)
}

async fn change(
    store: &Store,
    address: &str,
    (cadence, offered): (Cadence, &[Newsletter]),
    newsletter: Option<&str>,
) -> Result<u8, Refusal> {
    let address = known(store, address).await?;
    let offers = |id: &str| {
        let found = offered.iter().find(|one| one.id == id);
        found.is_some_and(|one| one.cadences.iter().any(|(offered, _)| *offered == cadence))
    };
    let found = subscriptions(store, &address, newsletter).await?;
    if let Some(one) = found.iter().find(|one| !offers(&one.newsletter)) {
        let text = format!("newsletter \"{}\" does not offer {cadence}", one.newsletter);
        return Err(Refusal::wrong_usage(text));
    }
    for one in found {
        store.change_cadence(one.id, cadence).await?;
        say!("{address} gets {} {cadence} from now on.", one.newsletter);
    }
    Ok(0)
}
