//! The beginning of a ledger: never silent where there was one before.
//!
//! A new ledger knows nobody who left, so that whoever still stands in the list of subscribers
//! would be written to again. Where a ledger file is empty, or missing beside what earlier runs
//! left (the lock, letters, published files), no ledger is begun until the operator says so with
//! `postrider ledger new`; with PostgreSQL, whoever empties a database knows.

use std::path::Path;

use super::{
    Error,
    lock::{self, Lock},
    open_store,
    site::Site,
};
use crate::{config, publish::manifest, time::Timestamp};

/// What earlier runs left, seen before the lock is taken (which leaves a file too).
#[derive(Clone, Debug)]
pub(super) struct Traces(Option<String>);

impl Traces {
    /// Looks for them beside the ledger at `path`.
    pub(super) fn look(site: &Site, path: &Path) -> Self {
        let files = [lock::path(path), site.config.output.join(manifest::FILE)];
        let file = files.iter().find(|file| file.exists());
        let has_letters =
            |folder: &Path| folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        let letters = Some(&site.config.outbox).filter(|folder| has_letters(folder));
        Self(file.or(letters).map(|trace| site.shown(trace)))
    }

    /// Refuses a beginning that would be silent.
    pub(super) fn check(&self, site: &Site, path: &Path) -> Result<(), Error> {
        let lost = match (path.metadata(), &self.0) {
            (Ok(found), _) if found.len() == 0 => "it is empty".to_owned(),
            (Err(_), Some(trace)) => format!("it is missing, and {trace} is left of it"),
            _ => return Ok(()),
        };
        Err(Error::LostLedger(site.shown(path), lost))
    }
}

/// Begins a new ledger on the operator's word, where there is none or an empty file.
pub async fn begin_ledger(site: &Site, now: Timestamp) -> Result<(), Error> {
    let config::Ledger::File(path) = &site.config.ledger else { return begin(site, now).await };
    let _lock = Lock::take(path, "ledger new", now)?;
    if path.metadata().is_ok_and(|found| found.len() > 0) {
        return Err(Error::LedgerStands(site.shown(path)));
    }
    begin(site, now).await
}

/// What was published before is nobody's: the ledger that was lost may have sent it.
async fn begin(site: &Site, now: Timestamp) -> Result<(), Error> {
    let store = open_store(site, now).await?;
    store.note_adoption(now).await?;
    store.close().await;
    Ok(())
}
