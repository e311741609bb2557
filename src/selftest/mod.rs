//! The self-test: anybody can check on their own machine what the outbox promises about crashes.
//!
//! [`delivery`] sends the letters of a throw-away site into a [`sink`] with this very program as
//! a child, kills the child at a named point of a delivery or at a random instant, lets a second
//! child send the rest, and compares what the sink logged with what the ledger says. Every choice
//! is drawn from a seed; round `n` of seed `s` is round 0 of seed `s + n`.
//!
//! With a server for a ledger each round has a schema of its own, several children work on it at
//! once as `postrider worker` does, and some of them are killed while the others go on.
//!
//! It promises to touch nothing but a temporary folder, loopback and such schemas. It proves nothing about
//! power cuts, since the operating system outlives the child.

mod crew;
mod ground;
mod report;
mod rounds;
pub mod sink;
mod worker;

pub use report::{Doubt, Report};
pub use rounds::delivery;
pub use worker::{Kill, worker};

/// What is to be tested.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// How often children are killed.
    pub rounds: u64,
    /// What everything is drawn from.
    pub seed: u64,
    /// Letters in a round.
    pub letters: usize,
    /// Connections a child may open.
    pub connections: usize,
    /// Children that work at once; more than one needs a server.
    pub workers: usize,
    /// The server that the ledger is on, if it is on one.
    pub ledger: Option<String>,
}

/// A self-test that could not be carried out; it says nothing about the promise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, the sink or a child process.
    #[error("cannot {what}: {why}; the self-test needs a writable temporary folder and loopback")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        why: std::io::Error,
    },
    /// A run on the throw-away site.
    #[error("the throw-away site cannot be prepared: {0}")]
    Site(#[from] crate::service::site::Error),
    /// A run on the throw-away site.
    #[error(transparent)]
    Run(#[from] crate::service::Error),
    /// Its ledger.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The address of the server.
    #[error("the address of the ledger is none: {0}, without a password")]
    Address(#[from] crate::store::location::NoAddress),
    /// A child that was not killed ended badly.
    #[error("a child of seed {seed} ended with {status}: {said}")]
    Child {
        /// The seed of the round.
        seed: u64,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote.
        said: String,
    },
}

impl Plan {
    /// The command that repeats the round of that seed.
    fn replay(&self, seed: u64) -> String {
        let Self { letters, connections, workers, .. } = self;
        let ledger = self.ledger.iter().map(|url| format!(" --ledger {url} --workers {workers}"));
        format!(
            "postrider selftest delivery --rounds 1 --seed {seed} --letters {letters} \
             --connections {connections}{}",
            ledger.collect::<String>()
        )
    }
}

fn system(what: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |why| Error::System { what, why }
}
