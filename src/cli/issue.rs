//! `issue approve`, `hold`, `cancel`, `resolve` and the like: what only the operator can decide.

use std::path::Path;

use super::{
    IssueVerb, Outcome, Refusal,
    out::{counted, say},
    simulate,
};
use crate::{
    domain::{delivery::DeliveryState, issue::IssueName},
    service::site::Site,
    store::{Store, issues::Issue},
    time::Clock,
};

/// The ledger of the site; refused where there is none yet.
pub(super) async fn ledger(site: &Site) -> Result<Store, Refusal> {
    Store::look(site.location()?).await?.ok_or_else(|| {
        let path = site.ledger_shown();
        Refusal::needs_operator(format!(
            "there is no ledger at {path} yet, so nothing was opened or sent; the first postrider \
             run makes it"
        ))
    })
}

/// Does what a verb says about an issue.
pub(super) async fn issue(root: &Path, verb: IssueVerb) -> Result<u8, Refusal> {
    match verb {
        IssueVerb::Simulate { sent, json } => simulate::simulate(root, sent, json).await,
        IssueVerb::Release { issue } => release(root, &issue, "released").await,
        IssueVerb::Approve { issue } => release(root, &issue, "approved").await,
        IssueVerb::Hold { issue } => hold(root, &issue).await,
        IssueVerb::Cancel { issue } => cancel(root, &issue).await,
        IssueVerb::Resolve { issue, outcome } => resolve(root, &issue, outcome).await,
        IssueVerb::Retry { issue } => retry(root, &issue).await,
        IssueVerb::Missing { issue } => missing(root, &issue).await,
    }
}

/// The issues of that name: `weekly/2026-W48`, or `letters weekly/2026-W48` as status prints it,
/// which names the newsletter too. Empty where none was opened.
pub(super) async fn found(store: &Store, name: &str) -> Result<(String, Vec<Issue>), Refusal> {
    let (newsletter, name) = match name.trim().rsplit_once(' ') {
        Some((newsletter, name)) => (Some(newsletter.trim()), name),
        None => (None, name),
    };
    let name: IssueName = name.parse().map_err(Refusal::wrong_usage)?;
    let mut issues = store.issues_named(&name.to_string()).await?;
    issues.retain(|issue| newsletter.is_none_or(|wanted| issue.newsletter == wanted));
    Ok((name.to_string(), issues))
}

/// The same, at least one.
async fn named(store: &Store, name: &str) -> Result<(String, Vec<Issue>), Refusal> {
    let (name, issues) = found(store, name).await?;
    if issues.is_empty() {
        let text = format!("no issue {name} was opened; postrider status lists those that were");
        return Err(Refusal::needs_operator(text));
    }
    Ok((name, issues))
}

/// Lets a held issue go on.
async fn release(root: &Path, name: &str, done: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let (name, issues) = named(&store, name).await?;
    let mut states = Vec::new();
    let mut released = false;
    for issue in issues {
        released |= store.release_issue(issue.id).await?;
        states.push(issue.state);
    }
    if !released {
        let states = states.join(", ");
        let text = format!("{name} is not held but {states}, so it cannot be {done}");
        return Err(Refusal::needs_operator(text));
    }
    say!("{name} is {done}; the next run sends it.");
    Ok(0)
}

/// Stops an issue until it is released.
async fn hold(root: &Path, name: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let (name, issues) = named(&store, name).await?;
    let mut held = false;
    for issue in &issues {
        if matches!(issue.state.as_str(), "opening" | "sending") {
            store.hold_issue(issue.id, "stopped by the operator").await?;
            held = true;
        }
    }
    if !held {
        let states: Vec<&str> = issues.iter().map(|issue| issue.state.as_str()).collect();
        let text = format!("{name} is {}; there is nothing to stop", states.join(", "));
        return Err(Refusal::needs_operator(text));
    }
    say!("{name} is held; postrider issue release lets it go on.");
    Ok(0)
}

/// Calls an issue off.
async fn cancel(root: &Path, name: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let now = Clock::System.now();
    let (name, issues) = named(&store, name).await?;
    let mut letters = None;
    for issue in &issues {
        if let Some(cancelled) = store.cancel_issue(issue.id, now).await? {
            letters = Some(letters.unwrap_or(0) + cancelled);
        }
    }
    let Some(letters) = letters else {
        let states: Vec<&str> = issues.iter().map(|issue| issue.state.as_str()).collect();
        let text = format!("{name} is {}; there is nothing to call off", states.join(", "));
        return Err(Refusal::needs_operator(text));
    };
    let letters = counted(letters, "letter that waited is", "letters that waited are");
    say!("{name} is called off; {letters} not sent.");
    Ok(0)
}

/// Settles the uncertain letters of an issue.
async fn resolve(root: &Path, name: &str, outcome: Outcome) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let to = match outcome {
        Outcome::Sent => DeliveryState::Sent,
        Outcome::Failed => DeliveryState::Failed,
        Outcome::Resend => DeliveryState::Ready,
    };
    let now = Clock::System.now();
    let (name, issues) = named(&store, name).await?;
    let mut settled = 0;
    for issue in issues {
        settled += store.resolve(issue.id, to, now).await?;
    }
    if settled == 0 {
        let text = format!("{name} has no uncertain letter; there is nothing to resolve");
        return Err(Refusal::needs_operator(text));
    }
    store.release_opened(now).await?;
    let letters = counted(settled, "uncertain letter is", "uncertain letters are");
    say!("{letters} now {to}: {name}");
    Ok(0)
}

/// Sends the failed letters of an issue again.
async fn retry(root: &Path, name: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let now = Clock::System.now();
    let (mut ready, mut passed) = (0, 0);
    let (name, issues) = named(&store, name).await?;
    for issue in issues {
        let retried = store.retry(issue.id, now).await?;
        ready += retried.ready;
        passed += retried.passed;
    }
    store.release_opened(now).await?;
    let letters = counted(ready, "failed letter", "failed letters");
    say!("{letters} of {name} will be sent again by the next run.");
    if passed > 0 {
        let letters = counted(passed, "was left as it is", "were left as they are");
        say!("{letters}: the reader has left, or has had the posts since.");
    }
    Ok(0)
}

/// Lists each reader whose letter did not end in sent.
async fn missing(root: &Path, name: &str) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let mut missing = 0;
    let (name, issues) = named(&store, name).await?;
    for issue in issues {
        for account in store.accounts(issue.id, None).await? {
            if account.state != DeliveryState::Sent.as_str() {
                let reply = account.reply.as_deref().unwrap_or("not tried yet");
                say!("{}: {}, {reply}", account.address, account.state);
                missing += 1;
            }
        }
        for count in store.pruned(issue.id).await? {
            if count.state != DeliveryState::Sent {
                let letters = counted(count.count, "letter", "letters");
                say!("{letters}, pruned since: {}", count.state);
                missing += count.count;
            }
        }
    }
    if missing == 0 {
        say!("Every letter of {name} was sent.");
    }
    Ok(0)
}
