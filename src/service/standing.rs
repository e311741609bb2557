//! The standing: what is in the ledger after a pass, for the summary.

use super::{
    Run,
    site::Site,
    summary::{NextTry, Summary},
};
use crate::{
    domain::delivery::DeliveryState,
    store::{self, Store},
    time::Timestamp,
};

impl Run {
    /// What stands in the ledger after a pass.
    pub(super) async fn count(&self, summary: &mut Summary) -> Result<(), store::Error> {
        for count in self.store.counts().await? {
            match count.state {
                DeliveryState::Uncertain => summary.letters.uncertain += count.count,
                state if state.is_open() => summary.letters.waiting += count.count,
                _ => {}
            }
        }
        summary.letters.next_try = next_try(&self.store, &self.site, self.clock.now()).await?;
        self.count_readers(summary).await?;
        if summary.issues.opened.is_empty() {
            summary.issues.none_because = idle(&self.site, summary, self.clock.now());
        }
        let issues = self.store.latest_issues(1000).await?;
        for issue in issues.iter().filter(|issue| issue.state == "held") {
            let why = issue.note.as_deref().unwrap_or("by the operator");
            summary.trouble(format!(
                "{} is held: {why}. Mend the cause, then: postrider issue release {}",
                issue.name, issue.name
            ));
            summary.issues.held.push(issue.name.clone());
        }
        if summary.letters.uncertain > 0 {
            summary.trouble(format!(
                "{} letters are uncertain: a server may or may not have them. See postrider status",
                summary.letters.uncertain
            ));
        }
        Ok(())
    }

    async fn count_readers(&self, summary: &mut Summary) -> Result<(), store::Error> {
        let counts = self.store.audience_counts().await?;
        let confirmed = counts.iter().filter(|(_, _, state, _)| state == "confirmed");
        summary.readers.subscribed = confirmed.map(|(_, _, _, count)| count).sum();
        let file = self.site.config.subscribers.as_deref();
        summary.readers.file = file.map(|path| self.site.shown(path));
        Ok(())
    }
}

/// When letters that were put off are tried again, by the site's clocks.
pub async fn next_try(
    store: &Store,
    site: &Site,
    now: Timestamp,
) -> Result<Option<NextTry>, store::Error> {
    let next = store.next_letter().await?.filter(|next| next.at > now);
    Ok(next.and_then(|next| {
        Some(NextTry { at: next.at.rfc3339(), shown: site.time(next.at), why: next.why? })
    }))
}

/// Why a pass opened nothing; `None`: it said so already.
fn idle(site: &Site, summary: &Summary, now: Timestamp) -> Option<String> {
    if !summary.troubles.is_empty() {
        return None;
    }
    if site.config.newsletters.is_empty() {
        return Some("the configuration has no [[newsletters]]".to_owned());
    }
    if summary.readers.subscribed == 0 {
        return Some("there are no readers yet".to_owned());
    }
    let newsletters = site.config.newsletters.iter();
    let offered = newsletters.flat_map(|one| &one.cadences);
    let planned = offered.filter_map(|(cadence, schedule)| {
        let next = schedule.as_ref()?.after(now).next()?;
        Some((next, *cadence))
    });
    Some(match planned.min() {
        Some((next, cadence)) => {
            format!("no post is new to a reader; {cadence} is due {}", site.time(next))
        }
        None => "no post is new to a reader".to_owned(),
    })
}
