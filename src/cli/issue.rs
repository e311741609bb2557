//! `issue release` and `issue resolve`: what only the operator can decide.

use std::path::Path;

use super::{Outcome, Refusal};
use crate::{
    domain::{delivery::DeliveryState, issue::IssueName},
    service::site::Site,
    store::{Store, issues::Issue},
    time::Clock,
};

/// The ledger of the site at `root`; refused where there is none yet.
pub(super) async fn ledger(site: &Site) -> Result<Store, Refusal> {
    Store::look(site.location()?).await?.ok_or_else(|| {
        let path = site.ledger_shown();
        Refusal::wrong_usage(format!("there is no ledger at {path} yet; postrider run makes it"))
    })
}

/// The issues of that name.
pub(super) async fn named(store: &Store, name: &str) -> Result<Vec<Issue>, Refusal> {
    let name: IssueName = name.parse().map_err(Refusal::wrong_usage)?;
    let issues = store.issues_named(&name.to_string()).await?;
    if issues.is_empty() {
        let text = format!("no issue {name} was opened; postrider status lists those that were");
        return Err(Refusal::wrong_usage(text));
    }
    Ok(issues)
}

/// Lets a held issue go on.
pub(super) async fn release(root: &Path, name: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let mut released = false;
    for issue in named(&store, name).await? {
        released |= store.release_issue(issue.id).await?;
    }
    if released {
        println!("{name} is released; the next run sends it.");
    } else {
        println!("{name} is not held; nothing was changed.");
    }
    Ok(0)
}

/// Settles the uncertain letters of an issue.
pub(super) async fn resolve(root: &Path, name: &str, outcome: Outcome) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let to = match outcome {
        Outcome::Sent => DeliveryState::Sent,
        Outcome::Failed => DeliveryState::Failed,
        Outcome::Ready => DeliveryState::Ready,
    };
    let now = Clock::System.now();
    let mut settled = 0;
    for issue in named(&store, name).await? {
        settled += store.resolve(issue.id, to, now).await?;
    }
    store.release_opened(now).await?;
    println!("{settled} uncertain letters of {name} are now {to}.");
    Ok(0)
}
