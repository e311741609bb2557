//! `ledger new`: a beginning that only the operator can decide on.

use std::path::Path;

use super::{Refusal, out::say};
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
