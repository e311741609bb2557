//! The command line: one verb, one function; what it prints and with which status it ends.
//!
//! Exit status: 0 done, nothing to do, waiting for a retry, or another run is at work; 1 the
//! operator is needed; 2 the command line or the configuration is wrong. Results go to standard
//! output, complaints to standard error ([`out`]).

mod check;
mod issue;
mod ledger;
mod new;
mod out;
mod popular;
mod popularity;
mod preview;
mod related;
mod run;
mod selftest;
mod simulate;
mod status;
mod subscriber;
mod verbs;
mod why;

use std::{path::Path, process::ExitCode};

use clap::Parser as _;
use verbs::{
    Cli, Format, IssueVerb, LedgerVerb, Outcome, PopularityVerb, SelftestVerb, SubscriberVerb, Verb,
};

use crate::service;

/// Why a verb ended without doing its work, with the exit status.
#[derive(Debug)]
struct Refusal {
    status: u8,
    text: String,
}

impl Refusal {
    fn needs_operator(text: impl std::fmt::Display) -> Self {
        Self { status: 1, text: text.to_string() }
    }

    fn wrong_usage(text: impl std::fmt::Display) -> Self {
        Self { status: 2, text: text.to_string() }
    }
}

impl From<service::site::Error> for Refusal {
    fn from(error: service::site::Error) -> Self {
        Self::wrong_usage(error)
    }
}

impl From<service::Error> for Refusal {
    fn from(error: service::Error) -> Self {
        Self::needs_operator(error)
    }
}

impl From<crate::store::Error> for Refusal {
    fn from(error: crate::store::Error) -> Self {
        Self::needs_operator(error)
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    log_to_stderr(&cli.verb);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::complain(format_args!("cannot start: {error}"));
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(verb(cli)) {
        Ok(status) => ExitCode::from(status),
        Err(refusal) => {
            out::complain(format_args!("{}", refusal.text));
            ExitCode::from(refusal.status)
        }
    }
}

/// What the service logs. A slow statement, which sqlx would warn of, is nothing for an operator.
const SERVICE_LOG: &str = "warn,sqlx=error,postrider::service=info";

/// `RUST_LOG` chooses. Otherwise the service logs its own lines from `info` up; every other verb
/// tells what happened in its result, so that the log has only what nothing else would say.
fn log_to_stderr(verb: &Verb) {
    let level = match verb {
        Verb::Serve { .. } | Verb::Worker => SERVICE_LOG,
        _ => "error",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .log_internal_errors(false)
        .init();
}

async fn verb(cli: Cli) -> Result<u8, Refusal> {
    let root = cli.root.as_path();
    match cli.verb {
        Verb::Run { quiet, json } => run::run(root, quiet, json).await,
        Verb::Serve { listen } => run::serve(root, listen).await,
        Verb::Watch => run::watch(root).await,
        Verb::Worker => run::worker(root).await,
        Verb::New { dir } if root == Path::new(".") => new::new(&dir),
        Verb::New { dir } => new::new(&root.join(dir)),
        Verb::Check { json } => check::check(root, json).await,
        Verb::Preview { post, digest, format, browser, to } => {
            let show = match (browser, to) {
                (Some(listen), _) => preview::Show::Browser(listen),
                (_, Some(address)) => preview::Show::To(address),
                _ => preview::Show::Print(format),
            };
            preview::preview(root, (post, digest), show).await
        }
        Verb::Related { renew: true, .. } => related::renew(root).await,
        Verb::Related { post: Some(post), explain, .. } => {
            related::related(root, &post, explain).await
        }
        Verb::Related { views, popularity, .. } => {
            let instead = related::Instead { views: views.as_deref(), popularity };
            related::all(root, &instead).await
        }
        Verb::Popular { days } => popular::popular(root, days).await,
        Verb::Status { json } => status::status(root, json).await,
        Verb::Why { address, issue } => why::why(root, &address, &issue).await,
        Verb::Issue(verb) => issue::issue(root, verb).await,
        Verb::Subscriber(verb) => subscriber::subscriber(root, verb).await,
        Verb::Ledger(LedgerVerb::Verify) => ledger::verify(root).await,
        Verb::Ledger(LedgerVerb::Prune { older_than }) => ledger::prune(root, older_than).await,
        Verb::Ledger(LedgerVerb::Adopt) => ledger::adopt(root).await,
        Verb::Ledger(LedgerVerb::New) => ledger::new(root).await,
        Verb::Popularity(verb) => popularity::popularity(root, verb).await,
        Verb::Selftest(verb) => selftest::selftest(root, verb).await,
    }
}

#[cfg(test)]
mod tests;
