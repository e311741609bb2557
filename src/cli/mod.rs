//! The command line: one verb, one function; what it prints and with which status it ends.
//!
//! Exit status: 0 done, nothing to do, waiting for a retry, or another run is at work; 1 the
//! operator is needed; 2 the command line or the configuration is wrong. Results go to standard
//! output, complaints to standard error.

mod check;
mod issue;
mod new;
mod preview;
mod run;
mod selftest;
mod status;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::service;

/// A folder of posts becomes feeds that validate and letters that arrive.
#[derive(Parser)]
#[command(
    version,
    after_help = "Start with: postrider new my-blog && postrider --root my-blog run"
)]
struct Cli {
    /// The folder that holds config/, posts/ and templates/.
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Publish posts, open what is due, send what waits; then end.
    #[command(after_help = "Example, for a crontab:  postrider --root /srv/blog run --quiet")]
    Run {
        /// Print only when the operator is needed.
        #[arg(long)]
        quiet: bool,
        /// Print the summary as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Do the same for ever, and answer unsubscribe links.
    #[command(after_help = "Example:  postrider --root /srv/blog serve --listen 127.0.0.1:8025")]
    Serve {
        /// Where to listen, instead of web.listen.
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
    },
    /// Make a site of your own in a new folder.
    #[command(after_help = "Example:  postrider new my-blog")]
    New {
        /// The folder to make.
        dir: PathBuf,
    },
    /// Look at configuration, posts, templates and schedules; change nothing.
    #[command(after_help = "Example:  postrider --root my-blog check")]
    Check,
    /// Show the letter that a post would make.
    #[command(after_help = "Example:  postrider preview posts/hello.md --format text")]
    Preview {
        /// The post: its file, slug, key or address.
        post: String,
        /// What to show.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show readers, issues and what became of their letters.
    #[command(after_help = "Example:  postrider status")]
    Status,
    /// Tell what became of a reader's letter, and why.
    #[command(after_help = "Example:  postrider why ada@example.net weekly/2026-W48")]
    Why {
        /// The reader.
        address: String,
        /// The issue, as status names it.
        issue: String,
    },
    /// Decide about an issue that is held or has uncertain letters.
    #[command(subcommand)]
    Issue(IssueVerb),
    /// Check the promise about crashes on this machine.
    #[command(subcommand)]
    Selftest(SelftestVerb),
}

#[derive(Subcommand)]
enum SelftestVerb {
    /// Kill runs while they send, and compare what a test server took with the ledger.
    #[command(after_help = "Example:  postrider selftest delivery --rounds 200")]
    Delivery {
        /// How many runs are killed.
        #[arg(long, default_value_t = 50, value_name = "N")]
        rounds: u64,
        /// What is drawn from; printed, so that a round can be replayed.
        #[arg(long, value_name = "S")]
        seed: Option<u64>,
        /// Letters in a round.
        #[arg(long, default_value_t = 200, value_name = "N")]
        letters: usize,
        /// Connections of a run.
        #[arg(long, default_value_t = 4, value_name = "N")]
        connections: usize,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take letters and keep none, to measure a sender.
    #[command(after_help = "Example:  postrider selftest sink --port 2525 --delay 20")]
    Sink {
        /// Port of loopback; 0: a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Milliseconds that each batch of replies waits.
        #[arg(long, default_value_t = 0, value_name = "MS")]
        delay: u64,
        /// Log Message-ID, recipient and time of each letter before it is acknowledged.
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
    },
    /// One run that ends itself where it is told: the child of `delivery`.
    #[command(hide = true)]
    Worker {
        #[arg(long)]
        kill: Option<crate::selftest::Kill>,
        #[arg(long, default_value_t = 0)]
        later: u64,
    },
}

#[derive(Subcommand)]
enum IssueVerb {
    /// Let a held issue go on.
    #[command(after_help = "Example:  postrider issue release weekly/2026-W48")]
    Release {
        /// The issue.
        issue: String,
    },
    /// Settle the uncertain letters of an issue.
    #[command(after_help = "Example:  postrider issue resolve weekly/2026-W48 --as sent")]
    Resolve {
        /// The issue.
        issue: String,
        /// sent: they arrived; ready: send them again; failed: give them up.
        #[arg(long = "as", value_enum)]
        outcome: Outcome,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Html,
    Text,
    Eml,
}

#[derive(Clone, Copy, ValueEnum)]
enum Outcome {
    Sent,
    Failed,
    Ready,
}

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
    log_to_stderr();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("postrider: cannot start: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(verb(cli)) {
        Ok(status) => ExitCode::from(status),
        Err(refusal) => {
            eprintln!("postrider: {}", refusal.text);
            ExitCode::from(refusal.status)
        }
    }
}

/// `RUST_LOG` chooses; otherwise our own lines from `info` up.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,postrider::service=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}

async fn verb(cli: Cli) -> Result<u8, Refusal> {
    let root = cli.root.as_path();
    match cli.verb {
        Verb::Run { quiet, json } => run::run(root, quiet, json).await,
        Verb::Serve { listen } => run::serve(root, listen).await,
        Verb::New { dir } => new::new(&dir),
        Verb::Check => check::check(root).await,
        Verb::Preview { post, format } => preview::preview(root, &post, format).await,
        Verb::Status => status::status(root).await,
        Verb::Why { address, issue } => status::why(root, &address, &issue).await,
        Verb::Issue(IssueVerb::Release { issue }) => issue::release(root, &issue).await,
        Verb::Issue(IssueVerb::Resolve { issue, outcome }) => {
            issue::resolve(root, &issue, outcome).await
        }
        Verb::Selftest(verb) => selftest::selftest(root, verb).await,
    }
}
