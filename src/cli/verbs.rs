//! The words of the command line: each verb with what it takes, as `--help` tells them.
//!
//! Nothing is done here. A verb without an example, or one that the README does not name, fails
//! the tests of [`super`].

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::domain::{address::Address, subscriber::Cadence};

/// A folder of posts becomes feeds that validate and letters that arrive.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:  postrider new my-blog\n          postrider --root my-blog run"
)]
pub(super) struct Cli {
    /// The folder that holds config/, posts/ and templates/.
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub(super) root: PathBuf,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Publish posts, open what is due, send what waits; then end.
    #[command(after_help = "Example:  postrider --root /srv/blog run --quiet\n\n\
                            So it stands in a crontab: it prints only what somebody must see to.")]
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
    /// Publish whatever is saved, a moment later, and mail nothing: for writing.
    #[command(after_help = "Example:  postrider --root my-blog watch")]
    Watch,
    /// Send what others open, beside them: any number of workers share a ledger on a server.
    #[command(after_help = "Example:  postrider --root /srv/blog worker")]
    Worker,
    /// Make a site of your own in a new folder.
    #[command(after_help = "Example:  postrider new my-blog")]
    New {
        /// The folder to make.
        dir: PathBuf,
    },
    /// Look at configuration, posts, templates, readers and schedules; change nothing.
    #[command(after_help = "Example:  postrider --root my-blog check")]
    Check {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the letter that a post or a digest would make.
    #[command(after_help = "Example:  postrider preview posts/hello.md --browser\n          \
                            postrider preview --digest weekly --to me@blog.example")]
    Preview {
        /// The post, drafts included: its file, slug, key or address.
        #[arg(required_unless_present = "digest")]
        post: Option<String>,
        /// The newest posts as a digest instead: daily, weekly or monthly.
        #[arg(long, value_name = "CADENCE", num_args = 0..=1, default_missing_value = "weekly",
              conflicts_with = "post")]
        digest: Option<Cadence>,
        /// What to print.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Show it in a browser instead: desktop, phone, dark and text side by side, anew
        /// whenever a post or template is saved.
        #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1,
              default_missing_value = "127.0.0.1:8026", conflicts_with_all = ["format", "to"])]
        browser: Option<SocketAddr>,
        /// Send it to this address instead, through the configured relay.
        #[arg(long, value_name = "ADDRESS", conflicts_with = "format")]
        to: Option<Address>,
    },
    /// Show which posts stand under a post, and why.
    #[command(after_help = "Example:  postrider related posts/hello.md --explain\n          \
                            postrider related --renew")]
    Related {
        /// The post: its file, slug, key or address.
        #[arg(required_unless_present_any = ["all", "renew"])]
        post: Option<String>,
        /// Tell the shared words, freshness and popularity of each, and why better-scored posts
        /// were passed over.
        #[arg(long, requires = "post")]
        explain: bool,
        /// For all posts, as JSON: what was related to each on the day it was published.
        #[arg(long, requires = "json", conflicts_with_all = ["post", "renew"])]
        all: bool,
        /// Print as JSON.
        #[arg(long, requires = "all")]
        json: bool,
        /// With --all: popularity by a JSON file of views by path.
        #[arg(long, value_name = "FILE", requires = "all")]
        views: Option<PathBuf>,
        /// With --all: how much popularity counts, instead of related.popularity.
        #[arg(long, value_name = "SHARE", requires = "all")]
        popularity: Option<f64>,
        /// Make all lists anew now instead of once a day.
        #[arg(long, conflicts_with = "post")]
        renew: bool,
    },
    /// Show the most popular posts and how they were read of late.
    #[command(after_help = "Example:  postrider popular --days 90")]
    Popular {
        /// How many days.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Show readers, issues and what became of their letters.
    #[command(after_help = "Example:  postrider status")]
    Status {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell what became of a reader's letter, and why.
    #[command(after_help = "Example:  postrider why ada@example.net weekly/2026-W48")]
    Why {
        /// The reader.
        address: String,
        /// The issue, as status names it.
        issue: String,
    },
    /// Decide about an issue that is held or has uncertain or failed letters.
    #[command(subcommand, after_help = "Example:  postrider issue release weekly/2026-W48")]
    Issue(IssueVerb),
    /// End or change what a reader asked for.
    #[command(subcommand, after_help = "Example:  postrider subscriber end ada@example.net")]
    Subscriber(SubscriberVerb),
    /// Look after the ledger: check its sums, thin it out, take over a copy, begin anew.
    #[command(subcommand, after_help = "Example:  postrider ledger verify")]
    Ledger(LedgerVerb),
    /// Count readers of posts, and see how they were counted.
    #[command(subcommand, after_help = "Example:  postrider popularity report")]
    Popularity(PopularityVerb),
    /// Check the promise about crashes on this machine.
    #[command(subcommand, after_help = "Example:  postrider selftest delivery")]
    Selftest(SelftestVerb),
}

#[derive(Subcommand)]
pub(super) enum LedgerVerb {
    /// Check that all adds up: each issue's letters, each reader's history, each lease.
    #[command(after_help = "Example:  postrider ledger verify")]
    Verify,
    /// Turn the letters of old issues into counts.
    #[command(after_help = "Example:  postrider ledger prune --older-than 365")]
    Prune {
        /// Issues sent more than so many days ago.
        #[arg(long, value_name = "DAYS")]
        older_than: u32,
    },
    /// Go on with a ledger that is held because it was copied, moved or restored.
    #[command(after_help = "Example:  postrider ledger adopt")]
    Adopt,
    /// Begin a new ledger where one was lost for good.
    #[command(
        after_help = "Example:  postrider ledger new\n\nA new ledger knows nobody who left: \
                            take them out of the list of subscribers first."
    )]
    New,
}

#[derive(Subcommand)]
pub(super) enum PopularityVerb {
    /// Take in files: access logs, and exports of GoatCounter, Plausible, Umami and Matomo.
    #[command(after_help = "Example:  postrider popularity import old/access.log.*.gz export.zip")]
    Import {
        /// Files, gzip or not; all logs of a day at once.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The day of exports that do not say it.
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<String>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell what became of the lines of access logs, and how this day stands so far.
    #[command(after_help = "Example:  postrider popularity report --days 7")]
    Report {
        /// How many days back.
        #[arg(long, default_value_t = 30, value_name = "N")]
        days: u32,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Rate posts by readers a day from a file, as the posts of a site are rated.
    #[command(
        after_help = "Example:  postrider popularity scores --daily d.csv --published p.json --json"
    )]
    Scores {
        /// CSV: date, path, readers, under a line of names.
        #[arg(long, value_name = "FILE")]
        daily: PathBuf,
        /// JSON: \"as_of\", a date, and \"published\", dates by path.
        #[arg(long, value_name = "FILE")]
        published: PathBuf,
        /// Days after which a reader counts half.
        #[arg(long, default_value_t = 30.0, value_name = "DAYS")]
        half_life: f64,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum SelftestVerb {
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
        /// A PostgreSQL server instead of a file: each round makes a schema of its own there,
        /// and removes it. A password stands in PGPASSWORD.
        #[arg(long, value_name = "URL")]
        ledger: Option<String>,
        /// Workers that share the ledger of a server; each round kills some of them.
        #[arg(long, default_value_t = 1, value_name = "N", requires = "ledger")]
        workers: usize,
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
        /// Milliseconds that a reply is on its way.
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
pub(super) enum SubscriberVerb {
    /// End a reader's subscriptions, as an unsubscribe link does.
    #[command(after_help = "Example:  postrider subscriber end ada@example.net letters")]
    End {
        /// The reader.
        address: String,
        /// The newsletter; left out, all of them.
        newsletter: Option<String>,
    },
    /// Change the cadence of a reader's subscription.
    #[command(after_help = "Example:  postrider subscriber change ada@example.net weekly letters")]
    Change {
        /// The reader.
        address: String,
        /// instant, daily, weekly or monthly.
        cadence: Cadence,
        /// The newsletter; left out, all of them.
        newsletter: Option<String>,
    },
    /// Change how a reader is called.
    #[command(after_help = "Example:  postrider subscriber rename ada@example.net Ada")]
    Rename {
        /// The reader.
        address: String,
        /// The name; may be empty.
        name: String,
    },
}

#[derive(Subcommand)]
pub(super) enum IssueVerb {
    /// Play every post as one issue, to see what stands beside it; record and send nothing.
    #[command(after_help = "Example:  postrider issue simulate --json")]
    Simulate {
        /// For how many issues a post that was sent is not suggested; 0: for ever.
        #[arg(long, default_value_t = 10, value_name = "N")]
        sent: usize,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a held issue go on.
    #[command(after_help = "Example:  postrider issue release weekly/2026-W48")]
    Release {
        /// The issue.
        issue: String,
    },
    /// Let an issue go that waits for your approval.
    #[command(after_help = "Example:  postrider issue approve weekly/2026-W48")]
    Approve {
        /// The issue.
        issue: String,
    },
    /// Stop an issue: nothing more of it is sent before it is released.
    #[command(after_help = "Example:  postrider issue hold weekly/2026-W48")]
    Hold {
        /// The issue.
        issue: String,
    },
    /// Call an issue off: its letters that wait are not sent. The posts of a digest join the next
    /// one; the post of an instant letter is not mailed.
    #[command(after_help = "Example:  postrider issue cancel weekly/2026-W48")]
    Cancel {
        /// The issue.
        issue: String,
    },
    /// Send the failed letters of an issue again.
    #[command(after_help = "Example:  postrider issue retry weekly/2026-W48")]
    Retry {
        /// The issue.
        issue: String,
    },
    /// List each reader whose letter did not end in sent, with its state and the reason.
    #[command(after_help = "Example:  postrider issue missing weekly/2026-W48")]
    Missing {
        /// The issue.
        issue: String,
    },
    /// Settle the uncertain letters of an issue.
    #[command(after_help = "Example:  postrider issue resolve weekly/2026-W48 --as sent")]
    Resolve {
        /// The issue.
        issue: String,
        /// sent: they arrived; resend: send them again; failed: give them up.
        #[arg(long = "as", value_enum)]
        outcome: Outcome,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Html,
    Text,
    Eml,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Outcome {
    Sent,
    Failed,
    #[value(alias = "ready")]
    Resend,
}
