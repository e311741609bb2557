//! `status`: readers, issues and what became of their letters.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    Refusal,
    issue::ledger,
    out::{self, say},
};
use crate::{
    domain::delivery::DeliveryState,
    service::{next_try, site::Site, summary::NextTry},
    store::{Store, issues::Issue},
    time::Clock,
};

/// How many issues are listed.
const LISTED: usize = 20;

#[derive(Serialize)]
struct Status {
    /// Why the whole ledger is held.
    held: Option<String>,
    readers: Vec<Readers>,
    issues: Vec<Listed>,
    /// Letters still to be sent.
    waiting: u64,
    next_try: Option<NextTry>,
}

#[derive(Serialize)]
struct Readers {
    newsletter: String,
    cadence: String,
    state: String,
    count: u64,
}

#[derive(Serialize)]
struct Listed {
    newsletter: String,
    name: String,
    state: String,
    note: Option<String>,
    letters: BTreeMap<&'static str, u64>,
    /// Addresses.
    uncertain: Vec<String>,
}

/// Readers, issues and what became of their letters.
pub(super) async fn status(root: &Path, json: bool) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let status = Status::read(&site, &store).await?;
    if json {
        out::json(&status);
    } else {
        status.tell();
    }
    let is_needed = |issue: &Listed| issue.state == "held" || !issue.uncertain.is_empty();
    Ok(u8::from(status.held.is_some() || status.issues.iter().any(is_needed)))
}

impl Status {
    async fn read(site: &Site, store: &Store) -> Result<Self, Refusal> {
        let counts = store.counts().await?;
        let mut issues = Vec::new();
        for issue in store.latest_issues(LISTED).await? {
            let of = counts.iter().filter(|count| count.issue == issue.id);
            let letters = of.map(|count| (count.state.as_str(), count.count)).collect();
            issues.push(Listed::of(store, issue, letters).await?);
        }
        let open = counts.iter().filter(|count| count.state.is_open());
        let readers = store.audience_counts().await?.into_iter();
        let readers = readers.map(|(newsletter, cadence, state, count)| Readers {
            newsletter,
            cadence,
            state,
            count,
        });
        Ok(Self {
            held: store.held_because().await?,
            readers: readers.collect(),
            issues,
            waiting: open.map(|count| count.count).sum(),
            next_try: next_try(store, site, Clock::System.now()).await?,
        })
    }

    fn tell(&self) {
        if let Some(why) = &self.held {
            say!("Held: {why}. Nothing is sent until: postrider ledger adopt");
        }
        say!("Readers");
        if self.readers.is_empty() {
            say!("  none yet");
        }
        for Readers { newsletter, cadence, state, count } in &self.readers {
            say!("  {newsletter} {cadence}: {count} {state}");
        }
        say!("Issues");
        if self.issues.is_empty() {
            say!("  none yet");
        }
        self.issues.iter().for_each(Listed::tell);
        match &self.next_try {
            Some(next) => {
                say!("Letters");
                say!("  {} waiting, next try {}: {}", self.waiting, next.shown, next.why);
            }
            None if self.waiting > 0 => say!("Letters\n  {} waiting", self.waiting),
            None => {}
        }
    }
}

impl Listed {
    async fn of(
        store: &Store,
        issue: Issue,
        letters: BTreeMap<&'static str, u64>,
    ) -> Result<Self, Refusal> {
        let uncertain = store.accounts(issue.id, Some(DeliveryState::Uncertain)).await?;
        Ok(Self {
            newsletter: issue.newsletter,
            name: issue.name,
            state: issue.state,
            note: issue.note,
            letters,
            uncertain: uncertain.into_iter().map(|account| account.address).collect(),
        })
    }

    fn tell(&self) {
        let Self { newsletter, name, state, note, letters, uncertain } = self;
        let letters: Vec<String> =
            letters.iter().map(|(of, count)| format!("{count} {of}")).collect();
        say!("  {newsletter} {name} ({state}): {}", letters.join(", "));
        if let Some(note) = note {
            say!("    {note}");
        }
        for address in uncertain {
            say!("    uncertain: {address}");
        }
        if !uncertain.is_empty() {
            say!("    settle them: postrider issue resolve {name} --as sent|ready|failed");
        }
    }
}
