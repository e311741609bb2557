//! `ledger verify`, `ledger prune`, `ledger adopt` and `ledger new`: looking after the one memory.

use std::{path::Path, time::Duration};

use super::{
    Refusal,
    issue::ledger,
    out::{counted, say},
};
use crate::{
    service::{begin_ledger, site::Site},
    time::Clock,
};

/// Begins a new ledger where there is none, or an empty file.
pub(super) async fn new(root: &Path) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    begin_ledger(&site, Clock::System.now()).await?;
    say!("{} is a new ledger. The next run takes the posts that are there", site.ledger_shown());
    say!("for its baseline and subscribes whom the list of subscribers names.");
    Ok(0)
}

/// Checks that everything adds up; status 1 where something does not.
pub(super) async fn verify(root: &Path) -> Result<u8, Refusal> {
    let store = ledger(&Site::read(root)?).await?;
    let audit = store.verify(Clock::System.now()).await?;
    let sums = [
        counted(audit.issues, "issue", "issues"),
        counted(audit.deliveries, "letter", "letters"),
        counted(audit.subscriptions, "subscription", "subscriptions"),
        counted(audit.histories, "history", "histories"),
    ];
    say!("{}", sums.join(", "));
    for fault in &audit.faults {
        say!("  {fault}");
    }
    if audit.faults.is_empty() {
        say!("Everything adds up.");
    }
    Ok(u8::from(!audit.faults.is_empty()))
}

/// Turns the letters of old issues into counts.
pub(super) async fn prune(root: &Path, days: u32) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let age = Duration::from_secs(u64::from(days) * 86_400);
    if age <= site.config.eligible {
        let days = site.config.eligible.as_secs() / 86_400;
        let text = format!(
            "posts may be mailed for {days} days (mail.eligible_days), and letters that carry \
             them are still needed; prune what is older"
        );
        return Err(Refusal::wrong_usage(text));
    }
    let store = ledger(&site).await?;
    let pruned = store.prune(Clock::System.now().minus(age)).await?;
    let letters = counted(pruned.deliveries, "letter", "letters");
    let issues = counted(pruned.issues, "issue", "issues");
    say!("Pruned: of {letters} in {issues} only the counts are kept.");
    Ok(0)
}

/// Goes on with a ledger that is held.
pub(super) async fn adopt(root: &Path) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let Some(why) = store.held_because().await? else {
        say!("The ledger is not held; nothing was changed.");
        return Ok(0);
    };
    say!("The ledger was held: {why}.");
    let held = store.adopt(&site.mark(), Clock::System.now()).await?;
    let issues = counted(held, "unfinished issue is", "unfinished issues are");
    say!("It goes on from here. {issues} held: see postrider status,");
    say!("compare with the relay's log, then: postrider issue release ISSUE");
    Ok(0)
}
