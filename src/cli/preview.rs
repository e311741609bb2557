//! `preview POST` and `preview --digest`: a letter as it would be made, to standard output, to a
//! browser (`--browser`) or to one address (`--to`).

use std::{net::SocketAddr, path::Path};

use super::{Format, Refusal, out, out::say};
use crate::{
    digest::message::Part,
    domain::{address::Address, subscriber::Cadence},
    service::{
        proofs, signals,
        site::Site,
        trial::{self, Trial, Which},
    },
};

impl From<trial::Error> for Refusal {
    fn from(error: trial::Error) -> Self {
        match error {
            trial::Error::Unknown(_) | trial::Error::Site(_) => Self::wrong_usage(error),
            trial::Error::Unmade(_) | trial::Error::Ledger(_) => Self::needs_operator(error),
        }
    }
}

/// Where a letter is to be shown.
pub(super) enum Show {
    /// On standard output.
    Print(Format),
    /// In a browser, at that address of this machine.
    Browser(SocketAddr),
    /// In somebody's mailbox.
    To(Address),
}

/// Shows the letter of a post, or a digest of the newest posts.
pub(super) async fn preview(
    root: &Path,
    (post, digest): (Option<String>, Option<Cadence>),
    show: Show,
) -> Result<u8, Refusal> {
    let which = match post {
        Some(post) => Which::Post(post),
        None => Which::Digest(digest.unwrap_or(Cadence::Weekly)),
    };
    match show {
        Show::Browser(listen) => browser(root, which, listen).await,
        Show::Print(format) => print(&made(&Site::read(root)?, &which).await?, format),
        Show::To(address) => {
            let site = Site::read(root)?;
            made(&site, &which).await?.send(&site, &address).await?;
            say!("One letter for {address} is on its way");
            Ok(0)
        }
    }
}

async fn made(site: &Site, which: &Which) -> Result<Trial, Refusal> {
    let trial = Trial::make(site, which).await?;
    trial.note.iter().for_each(|note| out::note(note));
    Ok(trial)
}

fn print(trial: &Trial, format: Format) -> Result<u8, Refusal> {
    let octets = match format {
        Format::Eml => trial.message(None)?,
        Format::Text => trial.part(Part::Text).into_bytes(),
        Format::Html => trial.part(Part::Html).into_bytes(),
    };
    out::octets(&octets);
    Ok(0)
}

async fn browser(root: &Path, which: Which, listen: SocketAddr) -> Result<u8, Refusal> {
    // What is wrong from the beginning is said here rather than in a browser.
    made(&Site::read(root)?, &which).await?;
    let stop = signals::stop()
        .map_err(|error| Refusal::needs_operator(format!("cannot wait for signals: {error}")))?;
    let ready = |address| say!("Open http://{address}/ in a browser (Ctrl-C stops)");
    let shown = proofs::show(root.to_owned(), which, listen, stop, ready).await;
    shown
        .map_err(|error| Refusal::needs_operator(format!("cannot listen on {listen}: {error}")))?;
    Ok(0)
}
